//! Hosts of an Ansible inventory: by `ansible-inventory` where it is installed, by our own reading of ini and YAML elsewhere.

mod files;
mod ini;
mod listed;
mod literal;
mod pattern;
mod reach;
mod reading;
#[cfg(test)]
mod tests;
mod tree;
mod yaml_form;

use std::path::Path;
use std::sync::Arc;

use super::program::InventoryProgram;
use super::{Found, InventoryDraft, Known};
use crate::config::draft::{Belongs, HostDraft, Listed, Name};
use crate::config::nouns;
use crate::config::problem::{Place, Problem, Said, Sheet};
use crate::model::cluster::Labels;
use crate::model::endpoint::Address;
use crate::model::nearest::nearest;
use crate::model::text::{Text, clean};
use reach::{HostVars, other_connection};
use reading::Reading;
use tree::Inventory;

/// The hosts of the inventory. `wharf_idc`, `wharf_cluster`, `wharf_pool`, `wharf_class`, `wharf_address` and
/// `wharf_label_*` say what a host is; a group named as an IDC, a class, a cluster or `cluster_pool` says it too
/// (`-` in our names may be `_` there). Without an address a host is reached by ssh, as Ansible does. What is wrong in
/// files of Ansible's is a note: it stops nothing.
pub(super) fn hosts(draft: &InventoryDraft, known: &Known, program: &InventoryProgram) -> Found {
    let reading = Reading::default();
    let inventory = inventory(&reading, &draft.path, program);
    let mut hosts = Vec::with_capacity(inventory.hosts.len());
    for (at, host) in inventory.hosts.iter().enumerate() {
        let sheet = Sheet::new(&host.place.file, "");
        let said = Said { value: host.name.as_str(), place: host.place.clone() };
        if nouns::check_name(&sheet, &said) {
            let groups = inventory.group_names_of(at);
            let vars = HostVars { name: &host.name, vars: inventory.vars_of(at) };
            let one = OneHost { reading: &reading, vars: &vars, groups: &groups, known };
            hosts.extend(one.draft(nouns::owned(said), draft));
        }
        sheet.findings().0.into_iter().for_each(|problem| reading.add(problem));
    }
    let (notes, files) = reading.findings(&draft.path);
    Found { hosts, notes, files }
}

/// Ansible's own word where it has one, and ours.
fn inventory(reading: &Reading, path: &Path, program: &InventoryProgram) -> Inventory {
    let ours = files::read(reading, path);
    let whole = Place { file: path.into(), line: 0, column: 0 };
    let failed = match program.list(path) {
        None => return ours,
        Some(Ok(printed)) => match listed::read(&printed, &ours, &whole) {
            Some(theirs) => {
                reading.forget_notes();
                return theirs;
            }
            None => Text::new("ansible-inventory printed no list", "ansible-inventory 没有输出清单"),
        },
        Some(Err(fault)) => fault.cause,
    };
    let shown = path.display().to_string();
    let shown = clean(&shown);
    reading.add(Problem::of_file(
        path,
        Text::made(format!("read without Ansible's help: {}", failed.en), format!("未经 Ansible 读取：{}", failed.zh)),
        Text::made(
            format!("run by hand: ansible-inventory -i '{shown}' --list"),
            format!("请手工执行：ansible-inventory -i '{shown}' --list"),
        ),
    ));
    ours
}

struct OneHost<'a> {
    reading: &'a Reading,
    vars: &'a HostVars<'a>,
    /// Whose word counts most first.
    groups: &'a [&'a str],
    known: &'a Known,
}

impl OneHost<'_> {
    fn draft(&self, name: Name, draft: &InventoryDraft) -> Option<HostDraft> {
        let own = self.vars.text_or_note(self.reading, &["wharf_address"]);
        let connection = self.vars.text_or_note(self.reading, &["ansible_connection"]);
        let other = connection.as_ref().and_then(|said| other_connection(&said.value));
        if let (Some(other), None) = (other, &own) {
            self.not_by_ssh(&connection.as_ref().map_or_else(|| name.place.clone(), |said| said.place.clone()), other);
            return None;
        }
        let (bracketed, login) = if other.is_none() { self.login(own.as_ref())? } else { (name.value.to_string(), None) };
        let given = match (&own, &draft.address, &login) {
            (Some(own), _, _) => own.clone(),
            (None, Some(form), _) => Said { value: form.value.replace("{host}", &bracketed), place: name.place.clone() },
            (None, None, Some(login)) => Said { value: login.clone(), place: name.place.clone() },
            (None, None, None) => return None,
        };
        let sheet = Sheet::new(&given.place.file, "");
        let address = nouns::read_address(&sheet, &Said { value: &given.value, place: given.place.clone() });
        sheet.findings().0.into_iter().for_each(|problem| self.reading.add(problem));
        let address = address?;
        let ssh = matches!(address, Address::Ssh { .. }).then(|| self.vars.ssh_arguments(self.reading)).filter(|a| !a.is_empty());
        let tls = draft.tls.clone().filter(|_| matches!(address, Address::Tcp { .. }));
        let mut labels = Labels::clone(&draft.labels);
        for key in self.vars.vars.keys() {
            if let Some(label) = key.strip_prefix("wharf_label_")
                && let Some(said) = self.vars.text_or_note(self.reading, &[key])
            {
                labels.insert(label.into(), clean(&said.value).into());
            }
        }
        let belongs = self.belongs(&name, draft);
        let login = login.and_then(|login| Address::parse(&login).ok());
        Some(HostDraft { name, belongs, address, login, tls, ssh, labels: Arc::new(labels), listed: Listed::Elsewhere })
    }

    /// Where ssh goes: the host's address in brackets where it needs them, and `ssh://user@host:port`. `None`, said, where
    /// the address cannot be decided and nothing else says how the engine is reached.
    fn login(&self, own: Option<&Said<String>>) -> Option<(String, Option<String>)> {
        let reach = match self.vars.text(&["ansible_host", "ansible_ssh_host"]) {
            Ok(said) => said.map_or_else(|| self.vars.name.to_owned(), |said| said.value),
            Err(undecided) => {
                // Another address than the one that is meant is worse than none.
                self.vars.note(self.reading, &undecided);
                return own.map(|_| (self.vars.name.to_owned(), None));
            }
        };
        let bracketed = if reach.contains(':') && !reach.starts_with('[') { format!("[{reach}]") } else { reach };
        let text = |keys: &[&'static str]| self.vars.text_or_note(self.reading, keys).map(|said| said.value);
        let user = text(&["ansible_user", "ansible_ssh_user"]).map(|user| format!("{user}@")).unwrap_or_default();
        let port = text(&["ansible_port", "ansible_ssh_port"]).map(|port| format!(":{port}")).unwrap_or_default();
        let login = format!("ssh://{user}{bracketed}{port}");
        Some((bracketed, Some(login)))
    }

    fn belongs(&self, name: &Name, draft: &InventoryDraft) -> Belongs {
        let place = |value: &Arc<str>| Said { value: Arc::clone(value), place: name.place.clone() };
        let by_name = |list: &[Arc<str>]| self.groups.iter().find_map(|group| list.iter().find(|n| same(n, group))).map(place);
        let pooled = self.groups.iter().find_map(|group| {
            self.known.clusters.iter().find_map(|(cluster, pools)| {
                pools.iter().find(|pool| same(&format!("{cluster}_{pool}"), group)).map(|pool| (cluster, pool))
            })
        });
        let clusters: Vec<Arc<str>> = self.known.clusters.iter().map(|(cluster, _)| Arc::clone(cluster)).collect();
        let cluster = self
            .declared("wharf_cluster", "cluster", &clusters)
            .or_else(|| pooled.map(|(cluster, _)| place(cluster)))
            .or_else(|| by_name(&clusters))
            .or_else(|| draft.belongs.cluster.clone());
        let pools = cluster.as_ref().and_then(|name| self.known.clusters.iter().find(|(cluster, _)| *cluster == name.value));
        let pools = pools.map_or(&[][..], |(_, pools)| pools);
        Belongs {
            idc: self
                .declared("wharf_idc", "idc", &self.known.idcs)
                .or_else(|| by_name(&self.known.idcs))
                .or_else(|| draft.belongs.idc.clone()),
            pool: self
                .declared("wharf_pool", "pool", pools)
                .or_else(|| pooled.map(|(_, pool)| place(pool)))
                .or_else(|| draft.belongs.pool.clone()),
            class: self
                .declared("wharf_class", "class", &self.known.classes)
                .or_else(|| by_name(&self.known.classes))
                .or_else(|| draft.belongs.class.clone()),
            cluster,
        }
    }

    /// What a variable names, where the config declares it; otherwise it is said and passed over.
    fn declared(&self, key: &'static str, noun: &str, known: &[Arc<str>]) -> Option<Name> {
        let said = self.vars.text_or_note(self.reading, &[key])?;
        if let Some(found) = known.iter().find(|name| ***name == *said.value) {
            return Some(Said { value: Arc::clone(found), place: said.place });
        }
        let shown = clean(&said.value);
        let instead = match nearest(&said.value, known.iter().map(|name| &**name)) {
            Some(near) => Text::made(format!("did you mean '{near}'?"), format!("是否想写 {near}？")),
            None => Text::made(format!("declare it in the config, or take {key} out"), format!("请在配置中声明，或删去 {key}")),
        };
        self.reading.note(
            &said.place,
            Text::made(format!("no {noun} '{shown}' is declared: {key} is passed over"), format!("没有声明 {noun} {shown}：{key} 被跳过")),
            instead,
        );
        None
    }

    fn not_by_ssh(&self, place: &Place, connection: &str) {
        let (name, connection) = (clean(self.vars.name), clean(connection));
        self.reading.note(
            place,
            Text::made(
                format!("'{name}' is left out: its connection is {connection}, not ssh"),
                format!("{name} 未列入：其连接方式为 {connection}，不是 ssh"),
            ),
            Text::new("where an engine runs there, write wharf_address=", "若那里运行着引擎，请写 wharf_address="),
        );
    }
}

/// Names are the same where only `-` and `_` differ: Ansible does not like `-` in groups.
fn same(ours: &str, group: &str) -> bool {
    ours.len() == group.len() && ours.bytes().zip(group.bytes()).all(|(a, b)| a == b || (b == b'_' && a == b'-'))
}
