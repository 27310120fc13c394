//! Folds what a registry said into what is known of it.

use std::sync::Arc;

use super::Applied;
use crate::model::artifact::{PackedArtifacts, Repository};
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fault::Fault;
use crate::model::project::Project;
use crate::model::registry::{
    Holdings, JudgedExecution, ProjectHoldings, ProjectPart, Question, Registry, RegistryFact, RepositoryHoldings,
};

/// It answered at `at`. True when it had been failing or never had answered.
pub(super) fn freshen(freshness: &mut Freshness, at: Stamp) -> bool {
    let was_failing = freshness.fault.take().is_some();
    freshness.fault_since = None;
    let is_first = freshness.good_at.is_none();
    // What an earlier run knew is as old as it was until its changes were followed up.
    if !freshness.cached {
        freshness.good_at = Some(at);
    }
    is_first || was_failing
}

/// It failed at `at`. True when this is another fault than before.
pub(super) fn fail(freshness: &mut Freshness, at: Stamp, fault: Fault) -> bool {
    let same = freshness.fault.as_ref().is_some_and(|old| old.kind == fault.kind);
    if freshness.fault.is_none() {
        freshness.fault_since = Some(at);
    }
    freshness.fault = Some(Arc::new(fault));
    !same
}

/// Takes what an earlier run knew, where this one was told nothing yet.
pub(super) fn remember(registry: &mut Registry, known: Holdings, good_at: Option<Stamp>, index: usize) -> Applied {
    let freshness = &mut registry.freshness;
    if freshness.good_at.is_some() {
        return Applied::Nothing;
    }
    (freshness.good_at, freshness.cached) = (good_at, true);
    registry.holdings = Arc::new(known);
    Applied::Registry(index)
}

/// True where this says that what an earlier run knew has been followed up.
pub(super) fn confirms(fact: &RegistryFact) -> bool {
    matches!(fact, RegistryFact::Complete(Question::Projects))
}

/// True when something that anybody shows is another than before.
pub(super) fn apply(holdings: &mut Holdings, fact: RegistryFact) -> bool {
    use RegistryFact as F;
    match fact {
        F::Ping { took_ms } => {
            // A figure that trembles is no news; one that doubles is.
            let changed = holdings.ping_ms.is_none_or(|old| took_ms > old.saturating_mul(2) + 20 || old > took_ms.saturating_mul(2) + 20);
            if changed {
                holdings.ping_ms = Some(took_ms);
            }
            changed
        }
        F::Identity(identity) => put(&mut holdings.denied, Question::Identity, &mut holdings.identity, identity),
        F::System(system) => put(&mut holdings.denied, Question::System, &mut holdings.system, system),
        F::Health(health) => put(&mut holdings.denied, Question::Health, &mut holdings.health, health),
        F::Quotas(quotas) => put(&mut holdings.denied, Question::Quotas, &mut holdings.quotas, quotas),
        F::Users(users) => put(&mut holdings.denied, Question::Users, &mut holdings.users, users),
        F::Groups(groups) => put(&mut holdings.denied, Question::Groups, &mut holdings.groups, groups),
        F::Robots(robots) => put(&mut holdings.denied, Question::Robots, &mut holdings.robots, robots),
        F::Peers(peers) => put(&mut holdings.denied, Question::Peers, &mut holdings.peers, peers),
        F::Policies(policies) => put(&mut holdings.denied, Question::Policies, &mut holdings.policies, policies),
        F::Runs(mut runs) => {
            keep_tasks(holdings.runs.as_deref().unwrap_or_default(), &mut runs);
            put(&mut holdings.denied, Question::Executions, &mut holdings.runs, runs)
        }
        F::Tasks { execution, tasks } => {
            holdings.denied.remove(&Question::Tasks);
            let run = holdings.runs.iter_mut().flatten().find(|run| run.execution.id == execution);
            let Some(run) = run.filter(|run| run.tasks.as_ref() != Some(&tasks)) else { return false };
            Arc::make_mut(run).tasks = Some(tasks);
            true
        }
        F::Queues(queues) => put(&mut holdings.denied, Question::Queues, &mut holdings.queues, queues),
        F::Schedules(schedules) => put(&mut holdings.denied, Question::Schedules, &mut holdings.schedules, schedules),
        F::Audit(audit) => put(&mut holdings.denied, Question::Audit, &mut holdings.audit, audit),
        F::Preheat(preheat) => put(&mut holdings.denied, Question::Preheat, &mut holdings.preheat, preheat),
        F::Workers { pools, workers } => {
            let changed = put(&mut holdings.denied, Question::Workers, &mut holdings.pools, pools);
            put(&mut holdings.denied, Question::Workers, &mut holdings.workers, workers) || changed
        }
        F::Projects(projects) => {
            let undenied = holdings.denied.remove(&Question::Projects).is_some();
            apply_projects(&mut holdings.projects, projects) || undenied
        }
        F::Project { name, part } => apply_parts(holdings, &name, vec![part]),
        F::Parts { name, parts } => apply_parts(holdings, &name, parts),
        F::Repositories(list) => {
            let undenied = holdings.denied.remove(&Question::Repositories).is_some();
            apply_repositories(&mut holdings.repositories, list) || undenied
        }
        F::Artifacts { repository, artifacts } => {
            holdings.denied.remove(&Question::Artifacts);
            apply_artifacts(&mut holdings.repositories, &repository, artifacts)
        }
        F::Denied(question, fault) => deny(&mut holdings.denied, question, fault),
        F::Complete(question) => holdings.complete.insert(question),
        F::Cursor(cursor) => {
            // Nobody is shown it; the cache keeps it.
            holdings.cursor = Some(cursor);
            false
        }
        F::Follows(follows) => holdings.follows.replace(follows) != Some(follows),
        // Taken by `remember`, which knows how fresh the registry is.
        F::Cached(..) => false,
    }
}

/// An execution that has not changed keeps the tasks that were once read.
fn keep_tasks(was: &[Arc<JudgedExecution>], runs: &mut [Arc<JudgedExecution>]) {
    for run in runs.iter_mut().filter(|run| run.tasks.is_none()) {
        let Some(old) = was.iter().find(|old| old.execution == run.execution) else { continue };
        if let Some(tasks) = &old.tasks {
            Arc::make_mut(run).tasks = Some(Arc::clone(tasks));
        }
    }
}

type Denied = std::collections::BTreeMap<Question, Arc<Fault>>;

fn put<T: PartialEq>(denied: &mut Denied, question: Question, place: &mut Option<T>, new: T) -> bool {
    let undenied = denied.remove(&question).is_some();
    if place.as_ref() == Some(&new) {
        return undenied;
    }
    *place = Some(new);
    true
}

fn deny(denied: &mut Denied, question: Question, fault: Arc<Fault>) -> bool {
    denied.insert(question, fault).is_none()
}

fn apply_projects(known: &mut Option<Vec<Arc<ProjectHoldings>>>, mut projects: Vec<Project>) -> bool {
    projects.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    projects.dedup_by(|a, b| a.name == b.name);
    let old = known.take();
    let was = old.as_deref().unwrap_or_default();
    let mut changed = old.is_none() || was.len() != projects.len();
    let merged = projects
        .into_iter()
        .map(|project| match was.binary_search_by(|p| p.project.name.cmp(&project.name)) {
            Ok(at) if was[at].project == project => Arc::clone(&was[at]),
            found => {
                changed = true;
                match found {
                    // Another id under the same name is another project: its parts are not known.
                    Ok(at) if was[at].project.id == project.id => Arc::new(ProjectHoldings { project, ..ProjectHoldings::clone(&was[at]) }),
                    _ => Arc::new(ProjectHoldings::named(project)),
                }
            }
        })
        .collect();
    *known = Some(merged);
    changed
}

fn apply_parts(holdings: &mut Holdings, name: &str, parts: Vec<ProjectPart>) -> bool {
    let Some(all) = &mut holdings.projects else { return false };
    let Ok(at) = all.binary_search_by(|p| (*p.project.name).cmp(name)) else { return false };
    let project = Arc::make_mut(&mut all[at]);
    let mut changed = false;
    for part in parts {
        changed |= apply_part(project, part);
    }
    changed
}

fn apply_part(project: &mut ProjectHoldings, part: ProjectPart) -> bool {
    match part {
        ProjectPart::Summary(summary) => put(&mut project.denied, Question::Summary, &mut project.summary, *summary),
        ProjectPart::Members(members) => put(&mut project.denied, Question::Members, &mut project.members, members),
        ProjectPart::Robots(robots) => put(&mut project.denied, Question::Robots, &mut project.robots, robots),
        ProjectPart::Repositories(list) => {
            let undenied = project.denied.remove(&Question::Repositories).is_some();
            apply_repositories(&mut project.repositories, list) || undenied
        }
        ProjectPart::Artifacts { repository, artifacts } => {
            project.denied.remove(&Question::Artifacts);
            apply_artifacts(&mut project.repositories, &repository, artifacts)
        }
        ProjectPart::Preheat { policies, executions } => {
            let changed = put(&mut project.denied, Question::PreheatRuns, &mut project.preheat, policies);
            put(&mut project.denied, Question::PreheatRuns, &mut project.preheat_executions, executions) || changed
        }
        ProjectPart::Denied(question, fault) => deny(&mut project.denied, question, fault),
    }
}

fn apply_repositories(known: &mut Option<Vec<Arc<RepositoryHoldings>>>, mut list: Vec<Repository>) -> bool {
    list.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    list.dedup_by(|a, b| a.name == b.name);
    let old = known.take();
    let was = old.as_deref().unwrap_or_default();
    let mut changed = old.is_none() || was.len() != list.len();
    let merged = list
        .into_iter()
        .map(|repository| match was.binary_search_by(|r| r.repository.name.cmp(&repository.name)) {
            Ok(at) if was[at].repository == repository => Arc::clone(&was[at]),
            found => {
                changed = true;
                // The artifacts stay as last known until they are read again; the sweep does that next.
                let known = found.ok().map(|at| &was[at]).filter(|known| known.repository.id == repository.id);
                let (artifacts, as_of) = known.map(|known| (known.artifacts.clone(), known.as_of)).unwrap_or_default();
                Arc::new(RepositoryHoldings { repository, artifacts, as_of })
            }
        })
        .collect();
    *known = Some(merged);
    changed
}

fn apply_artifacts(known: &mut Option<Vec<Arc<RepositoryHoldings>>>, repository: &str, artifacts: Arc<PackedArtifacts>) -> bool {
    let Some(all) = known else { return false };
    let Ok(at) = all.binary_search_by(|r| (*r.repository.name).cmp(repository)) else { return false };
    let as_of = all[at].repository.updated;
    if all[at].artifacts.as_ref() == Some(&artifacts) && all[at].as_of == as_of {
        return false;
    }
    let known = Arc::make_mut(&mut all[at]);
    known.as_of = as_of;
    let changed = known.artifacts.as_ref() != Some(&artifacts);
    known.artifacts = Some(artifacts);
    changed
}
