//! Inventories in YAML form.

use super::ini::bad_range;
use super::pattern::expand;
use super::reading::Reading;
use super::tree::Inventory;
use crate::config::inventory::yaml::{Kind, Yaml};
use crate::config::problem::{Said, Sheet};
use crate::model::text::{Text, clean};

/// Adds what a file says (ansible/plugins/inventory/yaml.py). What is no group is said and passed over.
pub(super) fn read(reading: &Reading, sheet: &Sheet, root: &Yaml, inventory: &mut Inventory) {
    let Kind::Map(groups) = &root.kind else {
        reading.note(
            &sheet.line(root.line),
            Text::new("no groups are in it", "其中没有组"),
            Text::new("write all:, and hosts: below it", "应写 all:，其下写 hosts:"),
        );
        return;
    };
    let form = Form { reading, sheet };
    for (name, node) in groups {
        form.group(inventory, name, node);
    }
}

struct Form<'a> {
    reading: &'a Reading,
    sheet: &'a Sheet,
}

impl Form<'_> {
    fn group(&self, inventory: &mut Inventory, name: &str, node: &Yaml) -> Option<usize> {
        let parts: &[(String, Yaml)] = match &node.kind {
            Kind::Map(parts) => parts,
            _ if node.is_null() => &[],
            _ => {
                self.odd(node, name);
                return None;
            }
        };
        let group = inventory.group(name);
        for (part, node) in parts {
            match part.as_str() {
                "vars" => {
                    for (key, node) in self.pairs(node, part) {
                        inventory.set_of_group(group, &key, self.said(&node));
                    }
                }
                "children" => {
                    for (child, node) in self.pairs(node, part) {
                        let Some(at) = self.group(inventory, &child, &node) else { continue };
                        if !inventory.add_child(group, at) {
                            self.reading.circle(&self.sheet.line(node.line), &child);
                        }
                    }
                }
                "hosts" => {
                    for (pattern, node) in self.pairs(node, part) {
                        self.hosts(inventory, group, &pattern, &node);
                    }
                }
                other => self.odd(node, other),
            }
        }
        Some(group)
    }

    fn hosts(&self, inventory: &mut Inventory, group: usize, pattern: &str, node: &Yaml) {
        let place = self.sheet.line(node.line);
        let (names, port) = match expand(pattern) {
            Ok(found) => found,
            Err(why) => return bad_range(self.reading, &place, pattern, why),
        };
        let vars = self.pairs(node, pattern);
        for name in names {
            let host = inventory.host(&name, group, port, &place);
            for (key, node) in &vars {
                inventory.set_of_host(host, key, self.said(node));
            }
        }
    }

    /// The pairs of a map; a single word stands for itself with nothing behind it, null for none.
    fn pairs(&self, node: &Yaml, of: &str) -> Vec<(String, Yaml)> {
        match &node.kind {
            Kind::Map(pairs) => pairs.clone(),
            Kind::Scalar(serde_json::Value::String(word)) => {
                let nothing = Yaml { line: node.line, kind: Kind::Scalar(serde_json::Value::Null) };
                vec![(word.clone(), nothing)]
            }
            _ if node.is_null() => Vec::new(),
            _ => {
                self.odd(node, of);
                Vec::new()
            }
        }
    }

    fn said(&self, node: &Yaml) -> Said<serde_json::Value> {
        Said { value: node.value(), place: self.sheet.line(node.line) }
    }

    fn odd(&self, node: &Yaml, name: &str) {
        let shown = clean(name);
        self.reading.note(
            &self.sheet.line(node.line),
            Text::made(format!("'{shown}' is passed over: it is no part of a group"), format!("{shown} 被跳过：它不是组的一部分")),
            Text::new(
                "a group has hosts:, children: and vars:, each with names and a colon",
                "组由 hosts:、children: 与 vars: 组成，其下为带冒号的名字",
            ),
        );
    }
}
