//! Hosts, groups and their variables as Ansible keeps them: which group counts before which, and what a host has in the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::config::problem::{Place, Said};

pub(super) type Vars = BTreeMap<String, Said<Value>>;

/// The group that every host is in.
pub(super) const ALL: &str = "all";
pub(super) const UNGROUPED: &str = "ungrouped";
const PRIORITY: &str = "ansible_group_priority";

#[derive(Debug)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) place: Place,
    /// Said where the host is.
    vars: Vars,
    /// Of `host_vars`.
    files: Vars,
    /// The groups that name it.
    groups: BTreeSet<usize>,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    vars: Vars,
    /// Of `group_vars`.
    files: Vars,
    parents: BTreeSet<usize>,
    priority: i64,
    /// The longest way down from `all`.
    depth: usize,
}

#[derive(Debug)]
pub(super) struct Inventory {
    pub(super) hosts: Vec<Host>,
    pub(super) groups: Vec<Group>,
    host_index: HashMap<String, usize>,
    group_index: HashMap<String, usize>,
}

impl Inventory {
    pub(super) fn new() -> Self {
        let mut inventory = Self { hosts: Vec::new(), groups: Vec::new(), host_index: HashMap::new(), group_index: HashMap::new() };
        inventory.group(ALL);
        inventory.group(UNGROUPED);
        inventory
    }

    /// The group of this name, made where there is none.
    pub(super) fn group(&mut self, name: &str) -> usize {
        if let Some(at) = self.group_index.get(name) {
            return *at;
        }
        let at = self.groups.len();
        self.group_index.insert(name.to_owned(), at);
        self.groups.push(Group {
            name: name.to_owned(),
            vars: Vars::new(),
            files: Vars::new(),
            parents: BTreeSet::new(),
            priority: 1,
            depth: 0,
        });
        at
    }

    pub(super) fn has_group(&self, name: &str) -> bool {
        self.group_index.contains_key(name)
    }

    /// The host of this name, made where there is none; a port counts only then.
    pub(super) fn host(&mut self, name: &str, group: usize, port: Option<u32>, place: &Place) -> usize {
        let at = *self.host_index.entry(name.to_owned()).or_insert_with(|| {
            let port = port.map(|port| ("ansible_port".to_owned(), Said { value: Value::from(port), place: place.clone() }));
            self.hosts.push(Host {
                name: name.to_owned(),
                place: place.clone(),
                vars: port.into_iter().collect(),
                files: Vars::new(),
                groups: BTreeSet::new(),
            });
            self.hosts.len() - 1
        });
        self.hosts[at].groups.insert(group);
        at
    }

    pub(super) fn set_of_host(&mut self, host: usize, key: &str, value: Said<Value>) {
        self.hosts[host].vars.insert(key.to_owned(), value);
    }

    pub(super) fn set_of_group(&mut self, group: usize, key: &str, value: Said<Value>) {
        let group = &mut self.groups[group];
        if key != PRIORITY {
            group.vars.insert(key.to_owned(), value);
            return;
        }
        let number = match &value.value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_i64(),
        };
        group.priority = number.unwrap_or(group.priority);
    }

    /// False where that would be a circle.
    pub(super) fn add_child(&mut self, parent: usize, child: usize) -> bool {
        if parent == child || self.above([parent]).contains(&child) {
            return false;
        }
        self.groups[child].parents.insert(parent);
        true
    }

    /// What `group_vars` and `host_vars` say: `read` is given the folder and the name.
    pub(super) fn add_files(&mut self, mut read: impl FnMut(&'static str, &str) -> Vars) {
        for group in &mut self.groups {
            group.files.extend(read("group_vars", &group.name));
        }
        for host in &mut self.hosts {
            host.files.extend(read("host_vars", &host.name));
        }
    }

    /// Hangs groups without a parent under `all`, and leaves `ungrouped` those that are in no other group.
    pub(super) fn finish(&mut self) {
        for at in 1..self.groups.len() {
            if self.groups[at].parents.is_empty() {
                self.groups[at].parents.insert(0);
            }
        }
        for host in &mut self.hosts {
            let elsewhere = host.groups.iter().any(|group| *group > 1);
            if elsewhere {
                host.groups.remove(&1);
            } else {
                host.groups.insert(1);
            }
        }
        // Each round goes one step further down; circles there are none.
        for _ in 0..self.groups.len() {
            let mut moved = false;
            for at in 1..self.groups.len() {
                let depth = self.groups[at].parents.iter().map(|parent| self.groups[*parent].depth + 1).max().unwrap_or(1);
                moved |= depth != self.groups[at].depth;
                self.groups[at].depth = depth;
            }
            if !moved {
                break;
            }
        }
    }

    /// These groups and all above them.
    fn above(&self, of: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open: Vec<usize> = of.into_iter().collect();
        while let Some(group) = open.pop() {
            if found.insert(group) {
                open.extend(self.groups[group].parents.iter().copied());
            }
        }
        found
    }

    /// The groups of a host without `all`; whose word counts most comes last: deeper, of higher priority, later by name.
    fn groups_of(&self, host: usize) -> Vec<&Group> {
        let above = self.above(self.hosts[host].groups.iter().copied());
        let mut groups: Vec<&Group> = above.into_iter().filter(|at| *at != 0).map(|at| &self.groups[at]).collect();
        groups.sort_by(|a, b| (a.depth, a.priority, &a.name).cmp(&(b.depth, b.priority, &b.name)));
        groups
    }

    /// Their names, whose word counts most first.
    pub(super) fn group_names_of(&self, host: usize) -> Vec<&str> {
        self.groups_of(host).into_iter().rev().map(|group| group.name.as_str()).collect()
    }

    /// What a host has in the end (ansible/vars/manager.py, in the usual order of precedence).
    pub(super) fn vars_of(&self, host: usize) -> BTreeMap<&str, &Said<Value>> {
        let (all, groups, own) = (&self.groups[0], self.groups_of(host), &self.hosts[host]);
        let of_files = groups.iter().map(|group| &group.files);
        let layers = std::iter::once(&all.vars)
            .chain(groups.iter().map(|group| &group.vars))
            .chain(std::iter::once(&all.files))
            .chain(of_files)
            .chain([&own.vars, &own.files]);
        layers.flatten().map(|(key, value)| (key.as_str(), value)).collect()
    }

    pub(super) fn find(&self, name: &str) -> Option<&Host> {
        self.host_index.get(name).map(|at| &self.hosts[*at])
    }

    /// What the host of this name has in the end; nothing where there is none.
    pub(super) fn vars_named(&self, host: &str) -> BTreeMap<&str, &Said<Value>> {
        self.host_index.get(host).map(|at| self.vars_of(*at)).unwrap_or_default()
    }

    /// Priorities of groups are printed nowhere.
    pub(super) fn take_priorities(&mut self, from: &Self) {
        for group in from.groups.iter().filter(|group| group.priority != 1) {
            let at = self.group(&group.name);
            self.groups[at].priority = group.priority;
        }
    }
}
