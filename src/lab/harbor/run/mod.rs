//! Replication: executions and their tasks, what sets them off, and what is seen of them.

mod copy;
mod flow;
mod past;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::lab::exchange::digest;
use crate::model::clock::Stamp;

use super::Harbor;
use super::patterns::matches;
use super::state::{Kind, Policy, Repository};

pub use past::{Outcome, Past};

/// Final runs that are kept of each policy.
const KEPT: usize = 50;

/// What may set off an event-based policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Pushed,
    TagRemoved,
    Removed,
}

/// One run of a policy. Times are the world's.
#[derive(Clone, Debug)]
pub struct Execution {
    pub id: i64,
    pub policy: i64,
    pub trigger: &'static str,
    pub start: Stamp,
    /// What was last refreshed; the counts of tasks are always fresh.
    pub status: Status,
    pub text: String,
    pub end: Option<Stamp>,
    pub tasks: Vec<Task>,
    /// The policy as it was at the start: a run under way goes by it whatever becomes of the policy.
    pub(super) plan: Arc<Policy>,
    /// Its policy was removed, and it with it; only what its jobs still do is left.
    pub(super) orphan: bool,
    pub(super) scope: Scope,
    pub(super) stage: Stage,
    pub(super) refresh: Option<Stamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Pending,
    InProgress,
    Succeed,
    Failed,
    Stopped,
}

/// What a run is about.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    All,
    Event { what: What, repository: String, reference: String },
}

/// How far the flow before the tasks has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Adapters(Stamp),
    Fetching(Stamp),
    Preparing(Stamp),
    /// Its tasks are made.
    Tasks,
    /// The core was restarted inside the flow: it stays as it is.
    Abandoned,
    /// It ended before it had tasks.
    Ended,
}

#[derive(Clone, Debug)]
pub struct Task {
    pub id: i64,
    pub job: String,
    pub operation: &'static str,
    /// Full names at the two ends.
    pub source: String,
    pub target: String,
    pub references: Vec<String>,
    pub status: Status,
    pub start: Option<Stamp>,
    pub end: Option<Stamp>,
    pub log: String,
    pub(super) runs: u32,
    pub(super) step: Step,
}

/// Where a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Queued(Stamp),
    /// The first item is done at that time. `errors` tells whether one before it failed.
    Copying {
        todo: VecDeque<Move>,
        due: Stamp,
        lines: String,
        errors: bool,
    },
    /// The storage of the other end is gone; tried again and again until then.
    Failing {
        due: Stamp,
        lines: String,
    },
    Waiting(Stamp),
    Done,
}

/// One thing that a run does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// Looks at both ends.
    Begin(String),
    /// Copies blobs and the manifest.
    Finish(String),
    Remove(String),
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending => "Pending",
            Status::InProgress => "InProgress",
            Status::Succeed => "Succeed",
            Status::Failed => "Failed",
            Status::Stopped => "Stopped",
        }
    }

    pub fn is_final(self) -> bool {
        !matches!(self, Status::Pending | Status::InProgress)
    }
}

impl Execution {
    pub fn is_final(&self) -> bool {
        self.status.is_final()
    }

    fn count(&self, wanted: impl Fn(Status) -> bool) -> usize {
        self.tasks.iter().filter(|task| wanted(task.status)).count()
    }

    /// What the tasks come to.
    fn of_tasks(&self) -> Status {
        let any = |status| self.tasks.iter().any(|task| task.status == status);
        if self.tasks.iter().any(|task| !task.status.is_final()) {
            Status::InProgress
        } else if any(Status::Failed) {
            Status::Failed
        } else if any(Status::Stopped) {
            Status::Stopped
        } else {
            Status::Succeed
        }
    }

    /// Nothing will happen to it any more.
    fn is_settled(&self) -> bool {
        match self.stage {
            Stage::Ended | Stage::Abandoned => true,
            Stage::Tasks => self.refresh.is_none() && self.tasks.iter().all(|task| task.step == Step::Done),
            _ => false,
        }
    }

    pub(super) fn draw(&self, skew: i64) -> Value {
        let own = |at: Option<Stamp>| super::state::time(at.map(|at| at.plus_millis(skew)));
        let seconds = |at: Option<Stamp>| super::state::time_of_seconds(at.map(|at| at.plus_millis(skew)));
        let end = if self.tasks.is_empty() { own(self.end) } else { seconds(self.end) };
        json!({"id": self.id, "policy_id": self.policy, "trigger": self.trigger, "status": self.status.word(), "status_text": self.text,
            "start_time": own(Some(self.start)), "end_time": end, "total": self.tasks.len(),
            "failed": self.count(|status| status == Status::Failed), "succeed": self.count(|status| status == Status::Succeed),
            "stopped": self.count(|status| status == Status::Stopped), "in_progress": self.count(|status| !status.is_final())})
    }
}

impl Task {
    pub(super) fn draw(&self, execution: i64, skew: i64) -> Value {
        let seconds = |at: Option<Stamp>| super::state::time_of_seconds(at.map(|at| at.plus_millis(skew)));
        let amount = self.references.len();
        json!({"id": self.id, "execution_id": execution, "job_id": self.job, "operation": self.operation, "resource_type": "artifact",
            "src_resource": format!("{} [{amount} item(s) in total]", self.source),
            "dst_resource": format!("{} [{amount} item(s) in total]", self.target),
            "status": self.status.word(), "start_time": seconds(self.start), "end_time": seconds(self.end)})
    }
}

impl Harbor {
    /// Starts a policy; whether it is enabled is the caller's affair.
    pub(super) fn start(&mut self, policy: i64, trigger: &'static str, scope: Scope, world: Stamp) -> i64 {
        let Some(plan) = self.policies.iter().find(|own| own.id == policy).cloned().map(Arc::new) else { return 0 };
        let id = self.sequences.next(Kind::Execution);
        self.sweep(policy);
        self.executions.push(Execution {
            id,
            policy,
            plan,
            orphan: false,
            trigger,
            start: world,
            status: Status::InProgress,
            text: String::new(),
            end: None,
            tasks: Vec::new(),
            scope,
            stage: Stage::Adapters(world.plus_millis(flow::ADAPTERS)),
            refresh: None,
        });
        self.live.insert(id);
        id
    }

    /// Of a policy's runs only the newest are kept.
    fn sweep(&mut self, policy: i64) {
        let own = self.executions.iter().filter(|execution| execution.policy == policy && execution.is_final()).count();
        let mut surplus = own.saturating_sub(KEPT);
        self.executions.retain(|execution| {
            let goes = surplus > 0 && execution.policy == policy && execution.is_final();
            surplus -= usize::from(goes);
            !goes
        });
    }

    /// Something happened to what this Harbor holds: the event-based policies that it concerns are started.
    pub(super) fn happened(&mut self, what: What, repository: &str, reference: &str, now: Stamp) {
        let world = now.plus_millis(-self.knobs.skew_millis);
        let fired: Vec<i64> = self
            .policies
            .iter()
            .filter(|policy| policy.enabled && policy.source == 0 && policy.trigger["type"] == "event_based")
            .filter(|policy| what == What::Pushed || policy.deletion)
            .filter(|policy| self.concerns(policy, repository, reference))
            .map(|policy| policy.id)
            .collect();
        for id in fired {
            let scope = Scope::Event { what, repository: repository.into(), reference: reference.into() };
            self.start(id, "event_based", scope, world);
        }
    }

    fn concerns(&self, policy: &Policy, repository: &str, reference: &str) -> bool {
        if !names(policy, repository) {
            return false;
        }
        let tag = if reference.starts_with("sha256:") { "" } else { reference };
        if !tag_passes(policy, tag) {
            return false;
        }
        let held = || self.labels_of(repository, reference);
        labels_pass(policy, held)
    }

    fn labels_of(&self, repository: &str, reference: &str) -> BTreeSet<String> {
        let artifact = repository.split_once('/').and_then(|(project, name)| self.project(project)?.repository(name)?.artifact(reference));
        let ids = artifact.map(|artifact| artifact.labels.clone()).unwrap_or_default();
        ids.into_iter().filter_map(|id| self.label(id)).map(|label| label.name.clone()).collect()
    }

    /// What of a repository a policy copies: tags, accessories and what is untagged by digest.
    fn references(&self, policy: &Policy, project: &str, repository: &Repository) -> Vec<String> {
        let mut artifacts: Vec<_> = repository.artifacts.iter().filter(|artifact| artifact.is_listed(&repository.artifacts)).collect();
        artifacts.sort_by_key(|artifact| std::cmp::Reverse((artifact.pushed, artifact.id)));
        let mut found = Vec::new();
        for artifact in artifacts {
            let held = || self.labels_of(&format!("{project}/{}", repository.name), &artifact.digest);
            if !labels_pass(policy, held) {
                continue;
            }
            let before = found.len();
            found.extend(artifact.tags.iter().filter(|tag| tag_passes(policy, &tag.name)).map(|tag| tag.name.clone()));
            if artifact.tags.is_empty() && tag_passes(policy, "") {
                found.push(artifact.digest.to_string());
            }
            if found.len() > before {
                found.extend(artifact.accessories.iter().map(|accessory| accessory.digest.to_string()));
            }
        }
        found
    }

    pub(super) fn execution(&self, id: i64) -> Option<&Execution> {
        self.executions.iter().rev().find(|execution| execution.id == id)
    }

    fn execution_mut(&mut self, id: i64) -> Option<&mut Execution> {
        self.executions.iter_mut().rev().find(|execution| execution.id == id)
    }

    /// Tasks that wait for a worker, and since when the first of them does.
    pub(super) fn backlog(&self) -> (usize, Option<Stamp>) {
        let queued = self.live.iter().filter_map(|id| self.execution(*id)).flat_map(|execution| &execution.tasks);
        let since: Vec<Stamp> = queued
            .filter_map(|task| match task.step {
                Step::Queued(due) => Some(due.plus_millis(-flow::PICKUP)),
                _ => None,
            })
            .collect();
        (since.len(), since.into_iter().min())
    }

    /// Tasks that a worker is busy with.
    pub(super) fn busy(&self) -> Vec<&Task> {
        let tasks = self.live.iter().filter_map(|id| self.execution(*id)).flat_map(|execution| &execution.tasks);
        tasks.filter(|task| matches!(task.step, Step::Copying { .. } | Step::Failing { .. })).collect()
    }

    fn job_id(&self, task: i64) -> String {
        digest(format!("{} task {task}", self.url).as_bytes())[7..31].to_owned()
    }
}

fn filters<'a>(policy: &'a Policy, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    policy.filters.as_array().into_iter().flatten().filter(move |filter| filter["type"] == kind)
}

/// The name filter takes the repository with its project.
fn names(policy: &Policy, repository: &str) -> bool {
    filters(policy, "name").all(|filter| matches(filter["value"].as_str().unwrap_or_default(), repository))
}

/// An untagged artifact passes where the pattern is empty or takes everything.
fn tag_passes(policy: &Policy, tag: &str) -> bool {
    filters(policy, "tag").all(|filter| {
        let pattern = filter["value"].as_str().unwrap_or_default();
        let found = if tag.is_empty() { pattern.is_empty() || pattern == "**" } else { matches(pattern, tag) };
        found != (filter["decoration"] == "excludes")
    })
}

fn labels_pass(policy: &Policy, held: impl Fn() -> BTreeSet<String>) -> bool {
    filters(policy, "label").all(|filter| {
        let held = held();
        let wanted = filter["value"].as_array().into_iter().flatten();
        let found = wanted.filter_map(Value::as_str).all(|label| held.contains(label));
        found != (filter["decoration"] == "excludes")
    })
}
