//! Reads whole files into drafts and lays one over the other: the company's under the user's.

use std::collections::HashMap;
use std::sync::Arc;

use toml::de::DeTable;

use super::JournalPlace;
use super::clouds::{CloudDraft, DragonflyDraft, GrantDraft, read_cloud, read_dragonfly, read_grant};
use super::console::{Console, read_console};
use super::draft::{ClassDraft, ClusterDraft, HostDraft, IdcDraft, Name, PoolDraft, RegistryDraft};
use super::inventory::{InventoryDraft, read_inventory};
use super::nouns;
use super::problem::{Place, Problem, Sheet};
use super::reader::Table;
use super::schema;
use super::services::{ServiceDraft, read_service};
use crate::model::text::{Text, clean};

/// What one or more files say, before references are checked.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) idcs: Vec<IdcDraft>,
    pub(super) classes: Vec<ClassDraft>,
    pub(super) clusters: Vec<ClusterDraft>,
    pub(super) registries: Vec<RegistryDraft>,
    pub(super) hosts: Vec<HostDraft>,
    pub(super) inventories: Vec<InventoryDraft>,
    pub(super) clouds: Vec<CloudDraft>,
    pub(super) dragonflies: Vec<DragonflyDraft>,
    pub(super) grants: Vec<GrantDraft>,
    pub(super) services: Vec<ServiceDraft>,
    pub(super) journal: Option<JournalPlace>,
    pub(super) read_only: bool,
}

/// A noun that has a name of its own.
pub(super) trait Named {
    /// As people write it in the config.
    const NOUN: &'static str;
    fn name(&self) -> &Name;
}

macro_rules! named {
    ($($draft:ident $noun:literal;)+) => {
        $(impl Named for $draft {
            const NOUN: &'static str = $noun;
            fn name(&self) -> &Name {
                &self.name
            }
        })+
    };
}

named! {
    IdcDraft "idc";
    ClassDraft "class";
    ClusterDraft "cluster";
    PoolDraft "pool";
    RegistryDraft "registry";
    HostDraft "host";
    CloudDraft "cloud";
    DragonflyDraft "dragonfly";
    ServiceDraft "service";
}

/// Reads one file. Its `[console]` goes over what `console` already says.
pub(super) fn read(sheet: &Sheet, map: &DeTable<'_>, console: &mut Console) -> Draft {
    let root = Table::root(sheet, &schema::FILE, map);
    read_console(&root, console);
    let idcs = root.tables("idc", &schema::IDC).iter().filter_map(nouns::read_idc).collect();
    let classes = root.tables("class", &schema::CLASS).iter().filter_map(nouns::read_class).collect();
    let clusters: Vec<ClusterDraft> = root
        .tables("cluster", &schema::CLUSTER)
        .iter()
        .filter_map(nouns::read_cluster)
        .map(|cluster| ClusterDraft { pools: unique(sheet, cluster.pools), ..cluster })
        .collect();
    let registries = root.tables("registry", &schema::REGISTRY).iter().filter_map(nouns::read_registry).collect();
    let hosts = root.tables("host", &schema::HOST).iter().filter_map(nouns::read_host).collect();
    let inventories = root.tables("inventory", &schema::INVENTORY).iter().filter_map(read_inventory).collect();
    let clouds = root.tables("cloud", &schema::CLOUD).iter().filter_map(read_cloud).collect();
    let dragonflies = root.tables("dragonfly", &schema::DRAGONFLY).iter().filter_map(read_dragonfly).collect();
    let grants = root.tables("grant", &schema::GRANT).iter().filter_map(read_grant).collect();
    let services = root.tables("service", &schema::SERVICE).iter().filter_map(read_service).collect();
    Draft {
        idcs: unique(sheet, idcs),
        classes: unique(sheet, classes),
        clusters: unique(sheet, clusters),
        registries: unique(sheet, registries),
        hosts: unique(sheet, hosts),
        inventories,
        clouds: unique(sheet, clouds),
        dragonflies: unique(sheet, dragonflies),
        grants,
        services: unique(sheet, services),
        journal: read_journal(&root),
        read_only: root.flag("read_only").unwrap_or(false),
    }
}

impl Draft {
    /// Lays the next file over this one. Registries, grants and read-only of the earlier file stand;
    /// of everything else the later file's word counts.
    pub(super) fn overlay(&mut self, over: Draft, notes: &mut Vec<Problem>) {
        replace(&mut self.idcs, over.idcs);
        replace(&mut self.classes, over.classes);
        replace(&mut self.hosts, over.hosts);
        replace(&mut self.clouds, over.clouds);
        replace(&mut self.dragonflies, over.dragonflies);
        replace(&mut self.services, over.services);
        for cluster in over.clusters {
            match self.clusters.iter_mut().find(|c| c.name.value == cluster.name.value) {
                Some(old) => replace(&mut old.pools, cluster.pools),
                None => self.clusters.push(cluster),
            }
        }
        for registry in over.registries {
            match self.registries.iter().find(|r| r.name.value == registry.name.value) {
                Some(old) => notes.push(company_wins(&registry.name, &old.name)),
                None => self.registries.push(registry),
            }
        }
        if self.grants.is_empty() {
            self.grants = over.grants;
        } else if let Some(grant) = over.grants.first() {
            notes.push(grant.place.problem(
                Text::new("these grants do not count: the company's config has grants", "这些授权不生效：公司的配置已有授权"),
                Text::new("remove them here, or add them there", "删去，或加到公司的配置里"),
            ));
        }
        self.inventories.extend(over.inventories);
        self.journal = over.journal.or(self.journal.take());
        self.read_only |= over.read_only;
    }
}

fn company_wins(here: &Name, there: &Name) -> Problem {
    let name = clean(&here.value);
    let beside = there.place.beside(&here.place);
    here.place.problem(
        Text::made(
            format!("registry '{name}' is the company's ({}); this one does not count", beside.en),
            format!("仓库 {name} 已由公司的配置声明（{}），此处不生效", beside.zh),
        ),
        Text::new("remove it here", "删去此处"),
    )
}

fn replace<T: Named>(list: &mut Vec<T>, over: Vec<T>) {
    let index: HashMap<Arc<str>, usize> = list.iter().enumerate().map(|(at, one)| (Arc::clone(&one.name().value), at)).collect();
    for one in over {
        match index.get(&one.name().value) {
            Some(at) => list[*at] = one,
            None => list.push(one),
        }
    }
}

/// Says which names stand twice, with both lines, and keeps the first of each.
fn unique<T: Named>(sheet: &Sheet, list: Vec<T>) -> Vec<T> {
    let mut seen: HashMap<Arc<str>, Place> = HashMap::with_capacity(list.len());
    let mut kept = Vec::with_capacity(list.len());
    for one in list {
        let name = one.name();
        if let Some(first) = seen.get(&name.value) {
            let (noun, shown, line) = (T::NOUN, clean(&name.value), first.line);
            sheet.wrong(
                &name.place,
                Text::made(format!("{noun} '{shown}' is already declared in line {line}"), format!("{noun} {shown} 已在第 {line} 行声明")),
                Text::new("give one of them another name", "给其中一个改名"),
            );
            continue;
        }
        seen.insert(Arc::clone(&name.value), name.place.clone());
        kept.push(one);
    }
    kept
}

/// `"sqlite"`, or a reference to the address of a PostgreSQL, which holds a password.
fn read_journal(root: &Table<'_>) -> Option<JournalPlace> {
    let said = root.text("journal").filter(|j| !j.value.is_empty())?;
    if said.value == "sqlite" {
        return Some(JournalPlace::Sqlite);
    }
    nouns::secret_of(root.sheet, "journal", &said).map(JournalPlace::Postgres)
}
