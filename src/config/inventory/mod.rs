//! More hosts from where they are already listed: an Ansible inventory, docker contexts.

mod ansible;
mod program;
mod yaml;

use std::path::PathBuf;
use std::sync::Arc;

use super::discover;
use super::draft::{Belongs, HostDraft, Listed, Name, TlsFiles};
use super::nouns;
use super::problem::{Place, Problem, Said};
use super::reader::Table;
use crate::model::cluster::Labels;
use crate::model::endpoint::Address;
use crate::model::text::{Text, clean};

pub use program::InventoryProgram;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ansible,
    DockerContext,
}

/// An `[[inventory]]`: where it is, and what its hosts belong to when they do not say so themselves.
#[derive(Clone, Debug)]
pub(super) struct InventoryDraft {
    kind: Kind,
    path: PathBuf,
    place: Place,
    belongs: Belongs,
    /// A form in which `{host}` stands for the host's address: `tcp://{host}:2376`.
    address: Option<Said<Arc<str>>>,
    tls: Option<TlsFiles>,
    labels: Arc<Labels>,
}

/// What an inventory lists.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) hosts: Vec<HostDraft>,
    /// What is wrong with files that others keep: it stops nothing.
    pub(super) notes: Vec<Problem>,
    /// The files and folders that change when its hosts do.
    pub(super) files: Vec<PathBuf>,
}

/// The names that groups of an inventory can mean.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) idcs: Vec<Arc<str>>,
    /// Cluster and its pools.
    pub(super) clusters: Vec<(Arc<str>, Vec<Arc<str>>)>,
    pub(super) classes: Vec<Arc<str>>,
}

pub(super) fn read_inventory(table: &Table<'_>) -> Option<InventoryDraft> {
    if !table.has("kind") {
        table.missing("kind", "\"ansible\"");
    }
    let kind = table.word("kind", &[("ansible", Kind::Ansible), ("docker-context", Kind::DockerContext)]);
    let belongs = nouns::read_belongs(table);
    let address = table.text("address").filter(|a| !a.value.is_empty());
    if let Some(said) = &address {
        if said.value.contains("{host}") {
            nouns::read_address(table.sheet, &Said { value: &said.value.replace("{host}", "host"), place: said.place.clone() })?;
        } else {
            table.sheet.wrong(
                &said.place,
                Text::new("'address' of an inventory has no {host} in it", "清单的 address 中没有 {host}"),
                Text::new("write a form such as \"tcp://{host}:2376\"", "应写 \"tcp://{host}:2376\" 这样的形式"),
            );
        }
    }
    let tls = nouns::read_tls(table);
    let labels = nouns::read_labels(table);
    let kind = kind?;
    let path = match (table.text("path").filter(|p| !p.value.is_empty()), kind) {
        (Some(said), _) => nouns::existing(table.sheet, &said),
        (None, Kind::DockerContext) => discover::docker_folder()?,
        (None, Kind::Ansible) => {
            table.missing("path", "\"inventory.ini\"");
            return None;
        }
    };
    Some(InventoryDraft { kind, path, place: table.place(), belongs, address: address.map(nouns::owned), tls, labels })
}

/// The hosts of an inventory.
pub(super) fn hosts(draft: &InventoryDraft, known: &Known, program: &InventoryProgram) -> Found {
    match draft.kind {
        Kind::Ansible => ansible::hosts(draft, known, program),
        Kind::DockerContext => contexts(draft),
    }
}

fn contexts(draft: &InventoryDraft) -> Found {
    let mut found = Found { files: vec![draft.path.join("contexts/meta")], ..Found::default() };
    for context in discover::contexts(&draft.path) {
        let address = match Address::parse(&context.host) {
            Ok(address) => address,
            Err(why) => {
                let name = clean(&context.name).into_owned();
                let what =
                    Text::made(format!("docker context '{name}': bad address {why}"), format!("docker context {name} 地址有误：{why}"));
                let fix = Text::made(
                    format!("docker context update {name}, or docker context rm {name}"),
                    format!("docker context update {name}，或 docker context rm {name}"),
                );
                found.notes.push(draft.place.problem(what, fix));
                continue;
            }
        };
        let name: Name = Said { value: clean(&context.name).replace([' ', '/'], "-").into(), place: draft.place.clone() };
        let labels = Arc::clone(&draft.labels);
        let tls = context.tls.or_else(|| draft.tls.clone()).filter(|_| matches!(address, Address::Tcp { .. }));
        let belongs = draft.belongs.clone();
        found.hosts.push(HostDraft { name, belongs, address, login: None, tls, ssh: None, labels, listed: Listed::Elsewhere });
    }
    found
}
