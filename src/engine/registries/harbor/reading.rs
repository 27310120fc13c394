//! Reads projects many at once: the people of each, its repositories, and the artifacts of those that changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;

use super::sweep::Sweep;
use super::{AT_ONCE, Known};
use crate::clients::harbor::{Harbor, Which};
use crate::engine::registries::{QuestionSet, concerns_all};
use crate::engine::setup::PollMode;
use crate::model::artifact::{Artifact, Kinds, PackedArtifacts, Repository};
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::project::Project;
use crate::model::registry::{ProjectPart, Question, RegistryFact};

/// Preheat executions read of each policy.
const PREHEAT_RUNS: usize = 10;
/// Projects after which what was read is remembered: a talk that breaks has to read no more than these again.
const PIECE: usize = 100;
/// Artifacts on one page.
const PAGE: u64 = 100;

/// What was read of one project's repositories.
struct Found {
    project: Arc<str>,
    rows: Result<Vec<Repository>, Fault>,
    artifacts: Vec<OfRepository>,
}

/// A repository that had changed, when it did, and its artifacts.
type OfRepository = (Arc<str>, Option<Stamp>, Result<Vec<Artifact>, Fault>);

impl Sweep<'_> {
    /// Asks each project what was asked for, many at once.
    pub(super) async fn people(&self, projects: Vec<Project>, what: &[Question]) -> Result<(), Fault> {
        let asked: Vec<Question> = what.iter().copied().filter(|question| self.is_asked(*question)).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let (harbor, asked) = (&self.harbor, &asked);
        let mut found = stream::iter(projects)
            .map(|project| async move { (people_of(harbor, &project, asked).await, project.name) })
            .buffer_unordered(AT_ONCE);
        while let Some((parts, name)) = found.next().await {
            self.poller.say(RegistryFact::Parts { name, parts: parts? }).await;
        }
        Ok(())
    }

    /// What costs a request a project is asked only where one list does not tell it.
    fn is_asked(&self, question: Question) -> bool {
        let questions_wanted: &QuestionSet = &self.poller.questions_wanted;
        let is_named = !questions_wanted.is_all() || self.poller.interest == PollMode::Probe;
        match question {
            Question::Summary => questions_wanted.has(question) && (is_named || self.known.quotas_refused),
            Question::PreheatRuns => questions_wanted.has(question) && (is_named || self.known.has_preheat),
            other => questions_wanted.has(other),
        }
    }

    /// The repositories of these projects, and the artifacts of those that changed since they were read. `listed` are all
    /// repositories where they are known already.
    pub(super) async fn repositories(&mut self, projects: Vec<Arc<str>>, listed: Option<Vec<Repository>>) -> Result<(), Fault> {
        if projects.is_empty() || !self.poller.questions_wanted.needs(Question::Repositories) {
            return Ok(());
        }
        let mut listed = listed.map(by_project);
        let projects = projects.into_iter().map(|name| {
            let rows = listed.as_mut().map(|all| all.remove(&name).unwrap_or_default());
            (name, rows)
        });
        let mut projects: Vec<(Arc<str>, Option<Vec<Repository>>)> = projects.collect();
        while !projects.is_empty() {
            let piece = projects.split_off(projects.len().saturating_sub(PIECE));
            let (mut kinds, mut read) = (std::mem::take(&mut self.known.kinds), Vec::new());
            let done = self.read_all(piece, &mut kinds, &mut read).await;
            self.known.kinds = kinds;
            self.known.read.extend(read);
            done?;
        }
        Ok(())
    }

    async fn read_all(
        &self,
        projects: Vec<(Arc<str>, Option<Vec<Repository>>)>,
        kinds: &mut Kinds,
        read: &mut Vec<(Arc<str>, Option<Stamp>)>,
    ) -> Result<(), Fault> {
        let (harbor, known) = (&self.harbor, &*self.known);
        let with_artifacts = self.poller.questions_wanted.has(Question::Artifacts);
        let found = stream::iter(projects).map(|(project, rows)| async move {
            let known = with_artifacts.then_some(known);
            repositories_of(harbor, known, project, rows).await
        });
        let mut found = found.buffer_unordered(AT_ONCE);
        while let Some(Found { project, rows, artifacts }) = found.next().await {
            let mut parts = Vec::with_capacity(1 + artifacts.len());
            match rows {
                Ok(rows) => parts.push(ProjectPart::Repositories(rows)),
                Err(fault) if concerns_all(&fault) => return Err(fault),
                Err(fault) => parts.push(ProjectPart::Denied(Question::Repositories, Arc::new(fault))),
            }
            for (repository, updated, answer) in artifacts {
                match answer {
                    Ok(list) => {
                        let artifacts = Arc::new(PackedArtifacts::pack(&repository, list, kinds));
                        read.push((Arc::clone(&repository), updated));
                        parts.push(ProjectPart::Artifacts { repository, artifacts });
                    }
                    Err(fault) if concerns_all(&fault) => return Err(fault),
                    Err(fault) => parts.push(ProjectPart::Denied(Question::Artifacts, Arc::new(fault))),
                }
            }
            self.poller.say(RegistryFact::Parts { name: project, parts }).await;
        }
        Ok(())
    }
}

fn by_project(all: Vec<Repository>) -> BTreeMap<Arc<str>, Vec<Repository>> {
    let mut by_project: BTreeMap<Arc<str>, Vec<Repository>> = BTreeMap::new();
    for repository in all {
        let project = repository.split().0;
        match by_project.get_mut(project) {
            Some(rows) => rows.push(repository),
            None => {
                by_project.insert(project.into(), vec![repository]);
            }
        }
    }
    by_project
}

/// What is asked of one project but its repositories; only what concerns the whole registry is an error.
async fn people_of(harbor: &Harbor, project: &Project, asked: &[Question]) -> Result<Vec<ProjectPart>, Fault> {
    let name = &project.name;
    let mut parts = Vec::with_capacity(asked.len());
    for question in asked {
        let answer = match question {
            Question::Summary => harbor.fetch_summary(name).await.map(|summary| ProjectPart::Summary(Box::new(summary))),
            Question::Members => harbor.list_members(name).await.map(|members| ProjectPart::Members(Arc::new(members))),
            Question::Robots => harbor.list_robots_of(project.id).await.map(|listing| ProjectPart::Robots(Arc::new(listing.rows))),
            Question::PreheatRuns => preheat_of(harbor, name).await,
            _ => continue,
        };
        parts.push(match answer {
            Ok(part) => part,
            Err(fault) if concerns_all(&fault) => return Err(fault),
            Err(fault) => ProjectPart::Denied(*question, Arc::new(fault)),
        });
    }
    Ok(parts)
}

async fn preheat_of(harbor: &Harbor, project: &str) -> Result<ProjectPart, Fault> {
    let policies = harbor.list_preheat_policies(project).await?.rows;
    let mut executions = Vec::new();
    for policy in &policies {
        executions.extend(harbor.list_preheat_executions(project, &policy.name, PREHEAT_RUNS).await?.rows);
    }
    Ok(ProjectPart::Preheat { policies: Arc::new(policies), executions: Arc::new(executions) })
}

/// `known`: what was read before, where artifacts are wanted at all.
async fn repositories_of(harbor: &Harbor, known: Option<&Known>, project: Arc<str>, rows: Option<Vec<Repository>>) -> Found {
    let rows = match rows {
        Some(rows) => Ok(rows),
        None => harbor.list_repositories_of(&project).await.map(|listing| listing.rows),
    };
    let mut artifacts = Vec::new();
    if let (Ok(rows), Some(known)) = (&rows, known) {
        let changed = rows.iter().filter(|r| known.read.get(&r.name) != Some(&r.updated));
        let changed: Vec<(Arc<str>, Option<Stamp>)> = changed.map(|r| (Arc::clone(&r.name), r.updated)).collect();
        let pages = 1 + rows.iter().map(|r| r.artifacts.unwrap_or(0)).sum::<u64>() / PAGE;
        let whole = if changed.len() as u64 > pages { of_project(harbor, &project, &changed).await } else { None };
        artifacts = match whole {
            Some(artifacts) => artifacts,
            None => of_each(harbor, changed).await,
        };
    }
    Found { project, rows, artifacts }
}

/// All artifacts of a project at once, sorted to the repositories that had changed. `None` where this Harbor has no such
/// list: older versions list the artifacts of one repository only.
async fn of_project(harbor: &Harbor, project: &str, changed: &[(Arc<str>, Option<Stamp>)]) -> Option<Vec<OfRepository>> {
    let listing = match harbor.list_artifacts_of(project).await {
        Ok(listing) => listing,
        Err(fault) if matches!(fault.kind, FaultKind::NotFound | FaultKind::Version) => return None,
        Err(fault) => {
            return Some(changed.iter().take(1).map(|(name, updated)| (Arc::clone(name), *updated, Err(fault.clone()))).collect());
        }
    };
    let mut sorted: BTreeMap<Arc<str>, Vec<Artifact>> = BTreeMap::new();
    for artifact in listing.rows {
        sorted.entry(Arc::clone(&artifact.repository)).or_default().push(artifact);
    }
    let of = changed.iter().map(|(name, updated)| (Arc::clone(name), *updated, Ok(sorted.remove(name).unwrap_or_default())));
    Some(of.collect())
}

/// The artifacts of each repository that had changed, a request each.
async fn of_each(harbor: &Harbor, changed: Vec<(Arc<str>, Option<Stamp>)>) -> Vec<OfRepository> {
    let each = stream::iter(changed).map(|(name, updated)| async move {
        let answer = harbor.list_artifacts(&name, &Which::Usual).await.map(|listing| listing.rows);
        (name, updated, answer)
    });
    each.buffer_unordered(AT_ONCE).collect().await
}
