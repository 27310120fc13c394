//! Reads an Ansible inventory in ini form: groups, children, variables, ranges.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{InventoryDraft, Known};
use crate::config::draft::{Belongs, HostDraft, Name};
use crate::config::nouns;
use crate::config::problem::{Place, Said, Sheet};
use crate::model::cluster::Labels;
use crate::model::endpoint::Address;
use crate::model::text::{Text, clean};

/// A range may name at most this many hosts.
const RANGE_MAX: usize = 65_536;

type Vars = BTreeMap<String, Said<String>>;

#[derive(Debug, Default)]
struct Group {
    vars: Vars,
    children: Vec<String>,
    hosts: BTreeSet<usize>,
}

#[derive(Debug, Default)]
struct Inventory {
    /// In the order of the file.
    hosts: Vec<(String, Vars, Place)>,
    index: HashMap<String, usize>,
    groups: BTreeMap<String, Group>,
}

enum Part {
    Hosts(String),
    Vars(String),
    Children(String),
}

/// The hosts of the inventory. `wharf_idc`, `wharf_cluster`, `wharf_pool`, `wharf_class`, `wharf_address` and
/// `wharf_label_*` say what a host is; a group named as an IDC, a class, a cluster or `cluster_pool` says it too
/// (`-` in our names may be `_` there). Without an address a host is reached by ssh, as Ansible does.
pub(super) fn hosts(sheet: &Sheet, text: &str, draft: &InventoryDraft, known: &Known) -> Vec<HostDraft> {
    let inventory = read(sheet, text);
    let above = inventory.parents();
    let mut hosts = Vec::with_capacity(inventory.hosts.len());
    for (at, (name, own, place)) in inventory.hosts.iter().enumerate() {
        let groups = inventory.groups_of(at, &above);
        let vars = inventory.vars_of(own, &groups);
        let said = Said { value: name.as_str(), place: place.clone() };
        if nouns::check_name(sheet, &said) {
            hosts.extend(host(sheet, nouns::owned(said), &vars, &groups, draft, known));
        }
    }
    hosts
}

fn host(sheet: &Sheet, name: Name, vars: &Vars, groups: &[String], draft: &InventoryDraft, known: &Known) -> Option<HostDraft> {
    let said = |key: &str| vars.get(key).filter(|v| !v.value.is_empty());
    let named = |key: &str| said(key).map(|v| v.clone().map(Arc::from));
    let grouped = |find: &dyn Fn(&str) -> Option<Arc<str>>| {
        groups.iter().find_map(|g| find(g)).map(|value| Said { value, place: name.place.clone() })
    };
    let by_name = |list: &[Arc<str>]| grouped(&|group| list.iter().find(|n| same(n, group)).cloned());
    let pooled = groups.iter().find_map(|group| {
        known.clusters.iter().find_map(|(cluster, pools)| {
            pools.iter().find(|pool| same(&format!("{cluster}_{pool}"), group)).map(|pool| (Arc::clone(cluster), Arc::clone(pool)))
        })
    });
    let place = |value| Said { value, place: name.place.clone() };
    let clusters: Vec<Arc<str>> = known.clusters.iter().map(|(cluster, _)| Arc::clone(cluster)).collect();
    let belongs = Belongs {
        idc: named("wharf_idc").or_else(|| by_name(&known.idcs)).or_else(|| draft.belongs.idc.clone()),
        cluster: named("wharf_cluster")
            .or_else(|| pooled.as_ref().map(|(cluster, _)| place(Arc::clone(cluster))))
            .or_else(|| by_name(&clusters))
            .or_else(|| draft.belongs.cluster.clone()),
        pool: named("wharf_pool")
            .or_else(|| pooled.as_ref().map(|(_, pool)| place(Arc::clone(pool))))
            .or_else(|| draft.belongs.pool.clone()),
        class: named("wharf_class").or_else(|| by_name(&known.classes)).or_else(|| draft.belongs.class.clone()),
    };
    let reach = said("ansible_host").map_or_else(|| name.value.to_string(), |v| v.value.clone());
    let bracketed = if reach.contains(':') { format!("[{reach}]") } else { reach };
    let user = said("ansible_user").map(|u| format!("{}@", u.value)).unwrap_or_default();
    let port = said("ansible_port").map(|p| format!(":{}", p.value)).unwrap_or_default();
    let login = format!("ssh://{user}{bracketed}{port}");
    let address = match (said("wharf_address"), &draft.address) {
        (Some(own), _) => own.clone().map(Arc::from),
        (None, Some(form)) => place(form.value.replace("{host}", &bracketed).into()),
        (None, None) => place(login.as_str().into()),
    };
    let local = said("ansible_connection").is_some_and(|c| c.value == "local");
    let login = if local { None } else { Address::parse(&login).ok() };
    let address = nouns::read_address(sheet, &Said { value: &address.value, place: address.place.clone() })?;
    let tls = draft.tls.clone().filter(|_| matches!(address, Address::Tcp { .. }));
    let mut labels = Labels::clone(&draft.labels);
    for (key, value) in vars {
        if let Some(label) = key.strip_prefix("wharf_label_") {
            labels.insert(label.into(), clean(&value.value).into());
        }
    }
    Some(HostDraft { name, belongs, address, login, tls, labels: Arc::new(labels) })
}

/// Names are the same where only `-` and `_` differ: Ansible does not like `-` in groups.
fn same(ours: &str, group: &str) -> bool {
    ours.len() == group.len() && ours.bytes().zip(group.bytes()).all(|(a, b)| a == b || (b == b'_' && a == b'-'))
}

impl Inventory {
    fn host(&mut self, name: String, place: &Place) -> usize {
        let next = self.hosts.len();
        let at = *self.index.entry(name.clone()).or_insert(next);
        if at == next {
            self.hosts.push((name, Vars::new(), place.clone()));
        }
        at
    }

    fn parents(&self) -> HashMap<&str, Vec<&str>> {
        let mut above: HashMap<&str, Vec<&str>> = HashMap::new();
        for (name, group) in &self.groups {
            for child in &group.children {
                above.entry(child).or_default().push(name);
            }
        }
        above
    }

    /// The groups a host is in, nearest first; a circle of groups ends where it closes.
    fn groups_of(&self, host: usize, above: &HashMap<&str, Vec<&str>>) -> Vec<String> {
        let mut found: Vec<String> = self.groups.iter().filter(|(_, g)| g.hosts.contains(&host)).map(|(name, _)| name.clone()).collect();
        let mut next = 0;
        while next < found.len() {
            for parent in above.get(found[next].as_str()).into_iter().flatten() {
                if !found.iter().any(|f| f == parent) {
                    found.push((*parent).to_owned());
                }
            }
            next += 1;
        }
        found
    }

    /// The host's own variables over those of its groups, the nearest group over the farther ones, `all` last.
    fn vars_of(&self, own: &Vars, groups: &[String]) -> Vars {
        let mut vars = own.clone();
        for group in groups.iter().map(String::as_str).filter(|g| *g != "all").chain(["all"]) {
            for (key, value) in self.groups.get(group).iter().flat_map(|g| &g.vars) {
                vars.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        vars
    }
}

fn read(sheet: &Sheet, text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let mut part = Part::Hosts("ungrouped".to_owned());
    for (number, line) in text.lines().enumerate() {
        let place = sheet.line(number + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split_once(']').map_or(header, |(name, _)| name).trim();
            part = match header.split_once(':') {
                None => Part::Hosts(header.to_owned()),
                Some((group, "vars")) => Part::Vars(group.to_owned()),
                Some((group, "children")) => Part::Children(group.to_owned()),
                Some((_, other)) => {
                    let other = clean(other);
                    sheet.wrong(
                        &place,
                        Text::made(format!("unknown section [..:{other}]"), format!("未知的段 [..:{other}]")),
                        Text::new("write [group], [group:vars] or [group:children]", "应写 [group]、[group:vars] 或 [group:children]"),
                    );
                    Part::Vars("\u{0}".to_owned())
                }
            };
            if let Part::Hosts(group) | Part::Children(group) = &part {
                inventory.groups.entry(group.clone()).or_default();
            }
            continue;
        }
        read_line(sheet, &mut inventory, &part, line, &place);
    }
    inventory
}

fn read_line(sheet: &Sheet, inventory: &mut Inventory, part: &Part, line: &str, place: &Place) {
    match part {
        Part::Children(group) => {
            let child = line.split_whitespace().next().unwrap_or(line).to_owned();
            inventory.groups.entry(group.clone()).or_default().children.push(child);
        }
        Part::Vars(group) => {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            let value = Said { value: unquote(value.trim()).to_owned(), place: place.clone() };
            inventory.groups.entry(group.clone()).or_default().vars.insert(key.trim().to_owned(), value);
        }
        Part::Hosts(group) => {
            let mut words = words(line).into_iter();
            let Some(pattern) = words.next() else { return };
            let Some(names) = expand(&pattern) else {
                let shown = clean(&pattern);
                sheet.wrong(
                    place,
                    Text::made(format!("bad range '{shown}'"), format!("范围有误：{shown}")),
                    Text::new("write web[01:50] or db-[a:f]", "应写 web[01:50] 或 db-[a:f]"),
                );
                return;
            };
            let vars: Vars = words
                .filter_map(|w| w.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())))
                .map(|(k, v)| (k, Said { value: unquote(&v).to_owned(), place: place.clone() }))
                .collect();
            for name in names {
                let at = inventory.host(name, place);
                inventory.hosts[at].1.extend(vars.clone());
                inventory.groups.entry(group.clone()).or_default().hosts.insert(at);
            }
        }
    }
}

/// Words at blanks, quotes kept together; a `#` that begins a word ends the line.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => {
                quote = None;
                word.push(c);
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                word.push(c);
            }
            (None, '#') if word.is_empty() => break,
            (None, c) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (_, c) => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn unquote(value: &str) -> &str {
    ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q)).unwrap_or(value)
}

/// `web[01:50]`, `db[1:9:2]-[a:c]`: every name the pattern stands for. `None` where a range cannot be read.
fn expand(pattern: &str) -> Option<Vec<String>> {
    let Some((before, rest)) = pattern.split_once('[') else { return Some(vec![pattern.to_owned()]) };
    let (range, after) = rest.split_once(']')?;
    let mut parts = range.split(':');
    let (from, to) = (parts.next()?, parts.next()?);
    let step: usize = parts.next().map_or(Some(1), |s| s.parse().ok()).filter(|s| *s > 0)?;
    let middles: Vec<String> = if let (Ok(first), Ok(last)) = (from.parse::<usize>(), to.parse::<usize>()) {
        let width = if from.starts_with('0') && from.len() > 1 { from.len() } else { 0 };
        if last < first || (last - first) / step >= RANGE_MAX {
            return None;
        }
        (first..=last).step_by(step).map(|n| format!("{n:0width$}")).collect()
    } else {
        let letter = |text: &str| text.chars().next().filter(|c| text.len() == 1 && c.is_ascii_alphabetic());
        let (first, last) = (letter(from)?, letter(to)?);
        (first..=last).step_by(step).map(String::from).collect()
    };
    let tails = expand(after)?;
    if middles.is_empty() || middles.len().saturating_mul(tails.len()) > RANGE_MAX {
        return None;
    }
    Some(middles.iter().flat_map(|m| tails.iter().map(move |t| format!("{before}{m}{t}"))).collect())
}
