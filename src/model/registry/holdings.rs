//! What a registry holds, as far as it was read: projects with their members and repositories, replication, jobs, the audit log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::facts::{HealthClaim, Identity, SystemFacts};
use super::peer::RegistryEndpoint;
use super::question::Question;
use super::sweep::{Follows, SweepCursor};
use crate::model::artifact::{PackedArtifacts, Repository};
use crate::model::audit::AuditEntry;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::member::{Group, Members, User};
use crate::model::preheat::{PreheatExecution, PreheatInstance, PreheatPolicy};
use crate::model::project::{Project, ProjectSummary};
use crate::model::quota::{Quota, Usage};
use crate::model::replication::{Cause, Execution, PeerVerdict, Policy, Queue, ReplicationTask, Schedule, Settled, Worker, WorkerPool};
use crate::model::robot::Robot;

/// A peer of a Harbor, with what a ping of our own said. `None`: not pinged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    pub endpoint: Arc<RegistryEndpoint>,
    pub verdict: PeerVerdict,
}

/// An execution with what it has settled to, and its tasks where they were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedExecution {
    pub execution: Execution,
    pub settled: Settled,
    /// Why a task of it failed, by its log, where that was read.
    pub cause: Option<Cause>,
    pub tasks: Option<Arc<Vec<ReplicationTask>>>,
}

/// A repository and its artifacts where they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryHoldings {
    pub repository: Repository,
    pub artifacts: Option<Arc<PackedArtifacts>>,
    /// The repository's own time of change when these artifacts were read; another one now means that they are of before.
    pub as_of: Option<Stamp>,
}

impl RepositoryHoldings {
    /// Its artifacts where all of them were read: only these can be counted.
    #[must_use]
    pub fn whole(&self) -> Option<&PackedArtifacts> {
        self.artifacts.as_deref().filter(|artifacts| artifacts.is_whole())
    }
}

/// A project and what is in it. Each part is `None` until it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectHoldings {
    pub project: Project,
    pub summary: Option<ProjectSummary>,
    pub members: Option<Arc<Members>>,
    pub robots: Option<Arc<Vec<Robot>>>,
    /// Sorted by name.
    pub repositories: Option<Vec<Arc<RepositoryHoldings>>>,
    pub preheat: Option<Arc<Vec<PreheatPolicy>>>,
    pub preheat_executions: Option<Arc<Vec<PreheatExecution>>>,
    /// What this project's own questions were refused with.
    pub denied: BTreeMap<Question, Arc<Fault>>,
}

impl ProjectHoldings {
    /// A project of which nothing but its own row was read.
    #[must_use]
    pub fn named(project: Project) -> Self {
        Self {
            project,
            summary: None,
            members: None,
            robots: None,
            repositories: None,
            preheat: None,
            preheat_executions: None,
            denied: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn repository(&self, name: &str) -> Option<&Arc<RepositoryHoldings>> {
        let all = self.repositories.as_ref()?;
        all.binary_search_by(|r| (*r.repository.name).cmp(name)).ok().map(|at| &all[at])
    }
}

/// Everything read of one registry. Each part is `None` until it was read.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    pub identity: Option<Identity>,
    pub system: Option<Arc<SystemFacts>>,
    pub health: Option<Arc<HealthClaim>>,
    /// How long our own ping took, in milliseconds.
    pub ping_ms: Option<u32>,
    /// Sorted by name.
    pub projects: Option<Vec<Arc<ProjectHoldings>>>,
    /// Of a plain registry, which has no projects. Sorted by name.
    pub repositories: Option<Vec<Arc<RepositoryHoldings>>>,
    /// Every project's quota, sorted by the project's name.
    pub quotas: Option<Arc<Vec<Quota>>>,
    pub users: Option<Arc<Vec<User>>>,
    pub groups: Option<Arc<Vec<Group>>>,
    /// System robots.
    pub robots: Option<Arc<Vec<Robot>>>,
    pub peers: Option<Vec<Peer>>,
    /// Sorted by id.
    pub policies: Option<Vec<Arc<Policy>>>,
    /// Newest first.
    pub runs: Option<Vec<Arc<JudgedExecution>>>,
    pub queues: Option<Arc<Vec<Queue>>>,
    pub pools: Option<Arc<Vec<WorkerPool>>>,
    pub workers: Option<Arc<Vec<Worker>>>,
    pub schedules: Option<Arc<Vec<Schedule>>>,
    /// Newest first, bounded.
    pub audit: Option<Arc<Vec<AuditEntry>>>,
    pub preheat: Option<Arc<Vec<PreheatInstance>>>,
    /// What the registry refused to answer, with why.
    pub denied: BTreeMap<Question, Arc<Fault>>,
    /// Questions that were told to their end in this life, refused ones too. What is not in it may still be under way,
    /// or be known from an earlier run only.
    pub complete: BTreeSet<Question>,
    /// How far its changes were followed: everything above is at least as new.
    pub cursor: Option<Arc<SweepCursor>>,
    /// By what its changes are found.
    pub follows: Option<Follows>,
}

impl Holdings {
    /// Now, by the clock of that registry: what ends there ends by it.
    #[must_use]
    pub fn there(&self, now: Stamp) -> Stamp {
        now.plus_millis(self.system.as_ref().map_or(0, |system| system.ahead_ms()))
    }

    /// A moment of its clock by ours, to stand beside what others stamped.
    #[must_use]
    pub fn here(&self, theirs: Stamp) -> Stamp {
        theirs.plus_millis(-self.system.as_ref().map_or(0, |system| system.ahead_ms()))
    }

    #[must_use]
    pub fn project(&self, name: &str) -> Option<&Arc<ProjectHoldings>> {
        let all = self.projects.as_ref()?;
        all.binary_search_by(|p| (*p.project.name).cmp(name)).ok().map(|at| &all[at])
    }

    /// What a project uses and may use: by the list of quotas, else by its own summary.
    #[must_use]
    pub fn usage(&self, project: &ProjectHoldings) -> Option<Usage> {
        let name = &project.project.name;
        let listed = self.quotas.as_ref().and_then(|all| all.binary_search_by(|q| q.project.cmp(name)).ok().map(|at| all[at].usage));
        listed.or_else(|| project.summary.as_ref().and_then(|summary| summary.usage))
    }

    /// Whether our credential sees every project: others are shown only their own and the public ones.
    #[must_use]
    pub fn sees_all(&self) -> bool {
        match &self.identity {
            Some(Identity::User(user)) => user.sysadmin || user.admin_by_auth,
            // A project's robot has the project before the plus.
            Some(Identity::Robot(name)) => !name.contains('+'),
            Some(Identity::Anonymous) | None => false,
        }
    }

    #[must_use]
    pub fn policy(&self, id: i64) -> Option<&Arc<Policy>> {
        self.policies.as_ref()?.iter().find(|p| p.id == id)
    }
}

/// One part of a project, as it was read.
#[derive(Clone, Debug)]
pub enum ProjectPart {
    Summary(Box<ProjectSummary>),
    Members(Arc<Members>),
    Robots(Arc<Vec<Robot>>),
    /// All of them: one that is not in it is gone.
    Repositories(Vec<Repository>),
    Artifacts {
        repository: Arc<str>,
        artifacts: Arc<PackedArtifacts>,
    },
    Preheat {
        policies: Arc<Vec<PreheatPolicy>>,
        executions: Arc<Vec<PreheatExecution>>,
    },
    Denied(Question, Arc<Fault>),
}

/// One thing that a registry said.
#[derive(Clone, Debug)]
pub enum RegistryFact {
    Ping {
        took_ms: u32,
    },
    Identity(Identity),
    System(Arc<SystemFacts>),
    Health(Arc<HealthClaim>),
    /// All projects: one that is not in it is gone, the others keep their parts.
    Projects(Vec<Project>),
    Project {
        name: Arc<str>,
        part: ProjectPart,
    },
    /// Several parts of one project at once.
    Parts {
        name: Arc<str>,
        parts: Vec<ProjectPart>,
    },
    /// All repositories of a plain registry.
    Repositories(Vec<Repository>),
    Artifacts {
        repository: Arc<str>,
        artifacts: Arc<PackedArtifacts>,
    },
    /// Sorted by the project's name.
    Quotas(Arc<Vec<Quota>>),
    Users(Arc<Vec<User>>),
    Groups(Arc<Vec<Group>>),
    Robots(Arc<Vec<Robot>>),
    Peers(Vec<Peer>),
    Policies(Vec<Arc<Policy>>),
    /// The newest ones; older ones are forgotten.
    Runs(Vec<Arc<JudgedExecution>>),
    /// The tasks of one of them, read because somebody wanted to see them.
    Tasks {
        execution: i64,
        tasks: Arc<Vec<ReplicationTask>>,
    },
    Queues(Arc<Vec<Queue>>),
    Workers {
        pools: Arc<Vec<WorkerPool>>,
        workers: Arc<Vec<Worker>>,
    },
    Schedules(Arc<Vec<Schedule>>),
    Audit(Arc<Vec<AuditEntry>>),
    Preheat(Arc<Vec<PreheatInstance>>),
    Denied(Question, Arc<Fault>),
    /// A question was told to its end, of every project where it is one of projects; refusals count as told.
    Complete(Question),
    /// All changes up to here have been told.
    Cursor(Arc<SweepCursor>),
    Follows(Follows),
    /// What an earlier run knew, last confirmed at that time. Taken only where nothing was said in this one.
    Cached(Box<Holdings>, Option<Stamp>),
}
