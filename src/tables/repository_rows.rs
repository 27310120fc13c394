//! Where repositories, artifacts and tags stand: rows over all registries by name, and each registry's own by name again.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::holders;
use super::noun::RowId;
use super::scope::Scope;
use crate::model::artifact::{Digest, PackedArtifact, PackedArtifacts};
use crate::model::fleet::Fleet;
use crate::model::registry::{ProjectHoldings, Question, RegistryKind, RepositoryHoldings};
use crate::model::union::{Presence, lists_all};

/// In place of a project's index: a plain registry has none.
const NO_PROJECT: u32 = u32::MAX;

/// Where a row was found first. `kind` of the row is the registry's index, `a` the project's there, `b` the repository's in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct RepositoryRow<'f> {
    pub(super) registry: usize,
    pub(super) project: Option<&'f Arc<ProjectHoldings>>,
    pub(super) repository: &'f Arc<RepositoryHoldings>,
}

impl<'f> RepositoryRow<'f> {
    pub(super) fn at(fleet: &'f Fleet, row: RowId) -> Option<Self> {
        let registry = usize::from(row.kind);
        let holdings = &fleet.registries.get(registry)?.holdings;
        if row.a == NO_PROJECT {
            let repository = holdings.repositories.as_ref()?.get(row.b as usize)?;
            return Some(Self { registry, project: None, repository });
        }
        let project = holdings.projects.as_ref()?.get(row.a as usize)?;
        Some(Self { registry, project: Some(project), repository: project.repositories.as_ref()?.get(row.b as usize)? })
    }

    pub(super) fn name(&self) -> &'f Arc<str> {
        &self.repository.repository.name
    }

    /// The registries that have the repository.
    pub(super) fn holders(&self, fleet: &Fleet) -> Vec<usize> {
        (0..fleet.registries.len()).filter(|at| find(fleet, *at, self.name()).here().is_some()).collect()
    }

    pub(super) fn project_name(&self) -> Option<&'f str> {
        self.project.map(|project| &*project.project.name)
    }

    /// The artifact of a row of artifacts.
    pub(super) fn artifact(&self, row: RowId) -> Option<PackedArtifact<'f>> {
        self.repository.artifacts.as_deref()?.get(row.c as usize)
    }
}

/// Repositories by name, with every place in the scope, Harbors first.
pub(super) fn repositories<'f>(fleet: &'f Fleet, scope: &Scope) -> BTreeMap<&'f str, Vec<RowId>> {
    let mut all: BTreeMap<&'f str, Vec<RowId>> = BTreeMap::new();
    let mut put = |repositories: &'f [Arc<RepositoryHoldings>], kind: u8, a: u32| {
        for (repository, b) in repositories.iter().zip(0u32..) {
            let name = &*repository.repository.name;
            if scope.repository.as_ref().is_none_or(|wanted| **wanted == *name) {
                all.entry(name).or_default().push(RowId { kind, a, b, ..RowId::default() });
            }
        }
    };
    // A row names its registry in one byte.
    let registries = || fleet.registries.iter().zip(0..=u8::MAX).filter(|(_, at)| holders::is_in(fleet, usize::from(*at), scope));
    for (registry, kind) in registries() {
        for (project, a) in registry.holdings.projects.iter().flatten().zip(0u32..) {
            if scope.project.as_ref().is_none_or(|name| *name == project.project.name) {
                put(project.repositories.as_deref().unwrap_or_default(), kind, a);
            }
        }
    }
    for (registry, kind) in registries().filter(|_| scope.project.is_none()) {
        put(registry.holdings.repositories.as_deref().unwrap_or_default(), kind, NO_PROJECT);
    }
    all
}

/// One row a digest of each repository, the newest first. `c` is the artifact's index.
pub(super) fn artifacts(fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
    let mut rows = Vec::new();
    for places in repositories(fleet, scope).into_values() {
        let mut seen: HashSet<&Digest> = HashSet::new();
        let mut own = Vec::new();
        for row in places {
            let packed = RepositoryRow::at(fleet, row).and_then(|row_of_repository| row_of_repository.repository.artifacts.as_deref());
            for (artifact, c) in packed.iter().flat_map(|packed| packed.iter()).zip(0u32..) {
                if seen.insert(artifact.digest()) {
                    own.push((std::cmp::Reverse(artifact.pushed()), artifact.digest(), RowId { c, ..row }));
                }
            }
        }
        own.sort_unstable();
        rows.extend(own.into_iter().map(|(.., row)| row));
    }
    rows
}

/// One row a tag of each repository, the newest first. `c` is the tag's index.
pub(super) fn tags(fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
    let mut rows = Vec::new();
    for places in repositories(fleet, scope).into_values() {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut own = Vec::new();
        for row in places {
            let packed = RepositoryRow::at(fleet, row).and_then(|row_of_repository| row_of_repository.repository.artifacts.as_deref());
            for (tag, c) in packed.iter().flat_map(|packed| packed.tags()).zip(0u32..) {
                if seen.insert(tag.name()) {
                    own.push((std::cmp::Reverse(tag.pushed()), tag.name(), RowId { c, ..row }));
                }
            }
        }
        own.sort_unstable();
        rows.extend(own.into_iter().map(|(.., row)| row));
    }
    rows
}

/// A repository in one registry. In a Harbor its project is what stands before the first slash.
pub(super) fn find<'f>(fleet: &'f Fleet, registry: usize, name: &str) -> Presence<&'f Arc<RepositoryHoldings>> {
    let Some(registry) = fleet.registries.get(registry) else { return Presence::Unknown };
    let among = |all: &'f [Arc<RepositoryHoldings>]| all.binary_search_by(|r| (*r.repository.name).cmp(name)).ok().map(|at| &all[at]);
    if registry.spec.kind == RegistryKind::Oci {
        let Some(all) = &registry.holdings.repositories else { return Presence::Unknown };
        // Where only some are looked at, what is not among them may be there.
        let absent = if registry.spec.repositories.is_empty() { Presence::Absent } else { Presence::Unknown };
        return among(all).map_or(absent, Presence::Here);
    }
    let project = name.split_once('/').map_or("", |(project, _)| project);
    match registry.holdings.project(project) {
        Some(project) => match &project.repositories {
            Some(all) => among(all).map_or(Presence::Absent, Presence::Here),
            None => Presence::Unknown,
        },
        None if lists_all(registry) => Presence::Absent,
        None => Presence::Unknown,
    }
}

/// What was read of a repository in one registry.
pub(super) fn packed<'f>(fleet: &'f Fleet, registry: usize, name: &str) -> Presence<&'f PackedArtifacts> {
    find(fleet, registry, name).known(|repository| repository.artifacts.as_deref())
}

/// Something of a repository in one registry. What was read in part does not tell that something is not there.
pub(super) fn look<'f, T>(
    fleet: &'f Fleet,
    registry: usize,
    name: &str,
    for_it: impl FnOnce(&'f PackedArtifacts) -> Option<T>,
) -> Presence<T> {
    packed(fleet, registry, name).and_then(|packed| {
        let absent = if packed.is_whole() { Presence::Absent } else { Presence::Unknown };
        for_it(packed).map_or(absent, Presence::Here)
    })
}

/// The digest that a tag has in one registry.
pub(super) fn digest<'f>(fleet: &'f Fleet, registry: usize, repository: &str, tag: &str) -> Presence<&'f Digest> {
    look(fleet, registry, repository, |packed| Some(packed.tag(tag)?.artifact().digest()))
}

/// Whether registries that should be equal to the row's own are: what each of them has, those of no group left out.
pub(super) fn group_of(fleet: &Fleet, registry: usize) -> impl Iterator<Item = usize> {
    let group = fleet.registries.get(registry).and_then(|r| r.spec.group.as_deref());
    let all = fleet.registries.iter().enumerate();
    all.filter(move |(_, r)| group.is_some() && r.spec.group.as_deref() == group).map(|(at, _)| at)
}

/// The questions that rows of repositories need, and of what is in them.
pub(super) const QUESTIONS: &[Question] = &[Question::Projects, Question::Repositories, Question::Artifacts, Question::System];
