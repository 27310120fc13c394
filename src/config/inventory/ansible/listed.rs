//! What `ansible-inventory --list` prints, as hosts with their groups and variables.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::tree::{ALL, Inventory};
use crate::config::problem::{Place, Said};

#[derive(Debug, Deserialize)]
struct Printed {
    #[serde(rename = "_meta", default)]
    meta: Meta,
    #[serde(flatten)]
    groups: BTreeMap<String, PrintedGroup>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    hostvars: BTreeMap<String, Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PrintedGroup {
    hosts: Vec<String>,
    children: Vec<String>,
}

/// The same inventory by Ansible's own word. Lines come from `ours` where it knows them; `None` where it is no such list.
pub(super) fn read(json: &[u8], ours: &Inventory, unknown: &Place) -> Option<Inventory> {
    let printed: Printed = serde_json::from_slice(json).ok()?;
    let mut inventory = Inventory::new();
    inventory.take_priorities(ours);
    for (name, group) in &printed.groups {
        let parent = inventory.group(name);
        for child in &group.children {
            let child = inventory.group(child);
            // It has printed a tree: there are no circles.
            let _ = inventory.add_child(parent, child);
        }
    }
    let place = |name: &str| ours.find(name).map_or_else(|| unknown.clone(), |host| host.place.clone());
    let add = |inventory: &mut Inventory, name: &str, groups: &[usize]| {
        let at = place(name);
        for group in groups {
            inventory.host(name, *group, None, &at);
        }
        let Some(vars) = printed.meta.hostvars.get(name) else { return };
        let host = inventory.host(name, groups[0], None, &at);
        let ours = ours.vars_named(name);
        for (key, value) in vars {
            let said = ours.get(key.as_str()).map_or(&at, |said| &said.place);
            inventory.set_of_host(host, key, Said { value: bare(value), place: said.clone() });
        }
    };
    let mut groups_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (name, group) in &printed.groups {
        let at = inventory.group(name);
        for host in &group.hosts {
            groups_of.entry(host).or_default().push(at);
        }
    }
    // In the order of the files where they are known.
    let mut done = BTreeSet::new();
    let known = ours.hosts.iter().map(|host| host.name.as_str());
    let all = inventory.group(ALL);
    for name in known.chain(printed.groups.values().flat_map(|group| group.hosts.iter().map(String::as_str))) {
        if let Some(groups) = groups_of.get(name)
            && done.insert(name)
        {
            add(&mut inventory, name, if groups.is_empty() { std::slice::from_ref(&all) } else { groups });
        }
    }
    inventory.finish();
    Some(inventory)
}

/// Without the wrapping of text that must not be templated, and without what is in vaults.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(map) if map.contains_key("__ansible_vault") => serde_json::json!({ "__ansible_vault": null }),
        Value::Object(map) => match map.get("__ansible_unsafe") {
            Some(text) => text.clone(),
            None => Value::Object(map.iter().map(|(key, value)| (key.clone(), bare(value))).collect()),
        },
        Value::Array(list) => Value::Array(list.iter().map(bare).collect()),
        other => other.clone(),
    }
}
