//! Inventories in ini form.

use super::literal::{value, words};
use super::pattern::expand;
use super::reading::Reading;
use super::tree::{Inventory, UNGROUPED};
use crate::config::problem::{Place, Said, Sheet};
use crate::model::text::{Text, clean};

/// What the lines of a section are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hosts,
    Vars,
    Children,
    /// Nothing that is known: its lines are passed over.
    Unknown,
}

/// A group that is named before it is declared, or never.
struct Pending {
    parent: String,
    child: String,
    place: Place,
}

/// Adds what a file says. A line that cannot be read is said and passed over.
pub(super) fn read(reading: &Reading, sheet: &Sheet, text: &str, inventory: &mut Inventory) {
    let mut section = (UNGROUPED.to_owned(), Kind::Hosts);
    let mut pending = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = sheet.line(number + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some((group, kind)) = header(line) {
            if kind == Kind::Unknown {
                unknown_section(reading, &place, line);
            } else {
                inventory.group(&group);
            }
            section = (group, kind);
            continue;
        }
        let (group, kind) = (&section.0, section.1);
        match kind {
            Kind::Hosts => hosts(reading, inventory, group, line, &place),
            Kind::Vars => match line.split_once('=') {
                Some((key, said)) => {
                    let group = inventory.group(group);
                    inventory.set_of_group(group, key.trim(), Said { value: value(said.trim()), place });
                }
                None => not_a_variable(reading, &place, line),
            },
            Kind::Children => {
                let child = line.split_once('#').map_or(line, |(name, _)| name).trim().to_owned();
                pending.push(Pending { parent: group.clone(), child, place });
            }
            Kind::Unknown => {}
        }
    }
    for Pending { parent, child, place } in pending {
        if !inventory.has_group(&child) {
            let shown = clean(&child);
            reading.note(
                &place,
                Text::made(format!("no group '{shown}' is declared"), format!("没有声明组 {shown}")),
                Text::made(format!("add a section [{shown}]"), format!("补上 [{shown}] 段")),
            );
            continue;
        }
        let (parent, child) = (inventory.group(&parent), inventory.group(&child));
        if !inventory.add_child(parent, child) {
            reading.circle(&place, &inventory.groups[child].name);
        }
    }
}

/// `[group]`, `[group:vars]`, `[group:children]`, with a comment behind it.
fn header(line: &str) -> Option<(String, Kind)> {
    let (inside, after) = line.strip_prefix('[')?.split_once(']')?;
    let after = after.trim_start();
    // `[2001:db8::1]:22` is a host, `[1:3].example` a range.
    if !(after.is_empty() || after.starts_with('#')) {
        return None;
    }
    let (group, kind) = match inside.split_once(':') {
        None => (inside, Kind::Hosts),
        Some((group, "hosts")) => (group, Kind::Hosts),
        Some((group, "vars")) => (group, Kind::Vars),
        Some((group, "children")) => (group, Kind::Children),
        Some((group, _)) => (group, Kind::Unknown),
    };
    let kind = if group.is_empty() || group.contains(char::is_whitespace) { Kind::Unknown } else { kind };
    Some((group.to_owned(), kind))
}

fn hosts(reading: &Reading, inventory: &mut Inventory, group: &str, line: &str, place: &Place) {
    let words = match words(line) {
        Ok(words) => words,
        Err(why) => return cannot_read(reading, place, why),
    };
    let Some((pattern, vars)) = words.split_first() else { return };
    let (names, port) = match expand(pattern) {
        Ok(found) => found,
        Err(why) => return bad_range(reading, place, pattern, why),
    };
    let group = inventory.group(group);
    for name in names {
        let host = inventory.host(&name, group, port, place);
        for word in vars {
            match word.split_once('=') {
                Some((key, said)) => inventory.set_of_host(host, key, Said { value: value(said), place: place.clone() }),
                None => not_a_variable(reading, place, word),
            }
        }
    }
}

pub(super) fn bad_range(reading: &Reading, place: &Place, pattern: &str, why: &str) {
    let shown = clean(pattern);
    reading.note(
        place,
        Text::made(format!("no hosts are read from '{shown}': {why}"), format!("{shown} 读不出主机：{why}")),
        Text::new("write web[01:50] or db-[a:f]", "应写 web[01:50] 或 db-[a:f]"),
    );
}

fn unknown_section(reading: &Reading, place: &Place, line: &str) {
    let shown = clean(line);
    reading.note(
        place,
        Text::made(format!("unknown section {shown}; its lines are passed over"), format!("未知的段 {shown}，其内容被跳过")),
        Text::new("write [group], [group:vars] or [group:children]", "应写 [group]、[group:vars] 或 [group:children]"),
    );
}

fn not_a_variable(reading: &Reading, place: &Place, said: &str) {
    // It may be half of a secret: only what stands before a blank is shown.
    let shown = clean(said.split_whitespace().next().unwrap_or_default());
    reading.note(
        place,
        Text::made(format!("'{shown}' is not key=value"), format!("{shown} 不是 key=value")),
        Text::new("quote values that have blanks in them", "含空格的值应加引号"),
    );
}

fn cannot_read(reading: &Reading, place: &Place, why: &'static str) {
    reading.note(
        place,
        Text::made(format!("this line cannot be read: {why}"), format!("此行无法读取：{why}")),
        Text::new("close the quote, or quote the backslash", "请补上引号，或为反斜杠加引号"),
    );
}
