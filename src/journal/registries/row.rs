//! A registry's rows of the cache: its lists and people as JSON, repositories with their artifacts as tight bytes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::artifact::{Kinds, PackedArtifacts, Repository};
use crate::model::clock::Stamp;
use crate::model::compact::{Reader, Writer};
use crate::model::member::{Group, Members, User};
use crate::model::preheat::{PreheatExecution, PreheatInstance, PreheatPolicy};
use crate::model::project::{Project, ProjectSummary};
use crate::model::quota::Quota;
use crate::model::registry::{Follows, Holdings, Peer, ProjectHoldings, RepositoryHoldings, SystemFacts};
use crate::model::replication::Policy;
use crate::model::robot::Robot;

/// The form of the rows. Rows of another form are not read.
const FORM: u8 = 1;

/// What is kept of a registry beside its projects. Who we are there is asked anew in every life.
#[derive(Serialize, Deserialize)]
struct RegistryRow {
    form: u8,
    follows: Option<Follows>,
    system: Option<Arc<SystemFacts>>,
    quotas: Option<Arc<Vec<Quota>>>,
    users: Option<Arc<Vec<User>>>,
    groups: Option<Arc<Vec<Group>>>,
    robots: Option<Arc<Vec<Robot>>>,
    peers: Option<Vec<Peer>>,
    policies: Option<Vec<Arc<Policy>>>,
    preheat: Option<Arc<Vec<PreheatInstance>>>,
    /// Whether its projects were read at all; they have rows of their own.
    has_projects: bool,
}

#[derive(Serialize, Deserialize)]
struct ProjectRow {
    form: u8,
    project: Project,
    summary: Option<ProjectSummary>,
    members: Option<Arc<Members>>,
    robots: Option<Arc<Vec<Robot>>>,
    preheat: Option<Arc<Vec<PreheatPolicy>>>,
    preheat_executions: Option<Arc<Vec<PreheatExecution>>>,
    has_repositories: bool,
}

/// What moves by itself without anything having changed is left out: ages and the time of day.
pub(super) fn write_registry(holdings: &Holdings) -> Option<Vec<u8>> {
    let system = holdings.system.as_ref().map(|system| Arc::new(SystemFacts { current_time: None, ..SystemFacts::clone(system) }));
    let row = RegistryRow {
        form: FORM,
        follows: holdings.follows,
        system,
        quotas: holdings.quotas.clone(),
        users: holdings.users.clone(),
        groups: holdings.groups.clone(),
        robots: holdings.robots.clone(),
        peers: holdings.peers.clone(),
        policies: holdings.policies.clone(),
        preheat: holdings.preheat.clone(),
        has_projects: holdings.projects.is_some(),
    };
    serde_json::to_vec(&row).ok()
}

pub(super) fn read_registry(body: &[u8]) -> Option<Holdings> {
    let row: RegistryRow = serde_json::from_slice(body).ok().filter(|row: &RegistryRow| row.form == FORM)?;
    Some(Holdings {
        follows: row.follows,
        system: row.system,
        quotas: row.quotas,
        users: row.users,
        groups: row.groups,
        robots: row.robots,
        peers: row.peers,
        policies: row.policies,
        preheat: row.preheat,
        projects: row.has_projects.then(Vec::new),
        ..Holdings::default()
    })
}

pub(super) fn write_project(project: &ProjectHoldings) -> Option<Vec<u8>> {
    let row = ProjectRow {
        form: FORM,
        project: project.project.clone(),
        summary: project.summary.clone(),
        members: project.members.clone(),
        robots: project.robots.clone(),
        preheat: project.preheat.clone(),
        preheat_executions: project.preheat_executions.clone(),
        has_repositories: project.repositories.is_some(),
    };
    serde_json::to_vec(&row).ok()
}

pub(super) fn read_project(body: &[u8]) -> Option<ProjectHoldings> {
    let row: ProjectRow = serde_json::from_slice(body).ok().filter(|row: &ProjectRow| row.form == FORM)?;
    Some(ProjectHoldings {
        summary: row.summary,
        members: row.members,
        robots: row.robots,
        preheat: row.preheat,
        preheat_executions: row.preheat_executions,
        repositories: row.has_repositories.then(Vec::new),
        ..ProjectHoldings::named(row.project)
    })
}

/// True where both would be the same row: pulls are counted up all day, and nobody is sent to read anything by them.
pub(super) fn is_same(a: &RepositoryHoldings, b: &RepositoryHoldings) -> bool {
    let pulls = b.repository.pulls;
    let artifacts = match (&a.artifacts, &b.artifacts) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    };
    artifacts && a.as_of == b.as_of && Repository { pulls, ..a.repository.clone() } == b.repository
}

pub(super) fn write_repository(holdings: &RepositoryHoldings) -> Vec<u8> {
    let Repository { id, project_id, name: _, description, artifacts, pulls, created, updated } = &holdings.repository;
    let mut to = Writer::default();
    to.number(u64::from(FORM));
    to.signed(*id);
    to.signed(*project_id);
    to.number(u64::from(description.is_some()));
    to.words(description.as_deref().unwrap_or_default());
    to.maybe(*artifacts);
    to.maybe(*pulls);
    for at in [created, updated, &holdings.as_of] {
        to.maybe_signed(at.map(|at| at.0));
    }
    to.number(u64::from(holdings.artifacts.is_some()));
    if let Some(artifacts) = &holdings.artifacts {
        artifacts.write(&mut to);
    }
    to.finish()
}

pub(super) fn read_repository(name: &str, body: &[u8], kinds: &mut Kinds) -> Option<RepositoryHoldings> {
    let mut from = Reader::new(body);
    if from.number()? != u64::from(FORM) {
        return None;
    }
    let name: Arc<str> = name.into();
    let (id, project_id) = (from.signed()?, from.signed()?);
    let described = from.number()? == 1;
    let description = Some(from.words()?).filter(|_| described).map(Into::into);
    let (artifacts, pulls) = (from.maybe()?, from.maybe()?);
    let mut moment = || Some(from.maybe_signed()?.map(Stamp));
    let (created, updated, as_of) = (moment()?, moment()?, moment()?);
    let packed = match from.number()? {
        0 => None,
        _ => Some(Arc::new(PackedArtifacts::read(&name, &mut from, kinds)?)),
    };
    let repository = Repository { id, project_id, name, description, artifacts, pulls, created, updated };
    from.is_at_end().then_some(RepositoryHoldings { repository, artifacts: packed, as_of })
}
