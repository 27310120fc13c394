//! What happens to executions as time goes by: the flow before the tasks, workers, retries, refreshed states.

use std::sync::Arc;

use crate::lab::harbor::caller::Caller;
use crate::lab::harbor::state::{Kind, Policy, Registry, Visibility};
use crate::lab::harbor::{Harbors, Outside, Peers, Reach};
use crate::model::clock::Stamp;

use super::{Execution, Scope, Stage, Status, Step, Task, What, names};

/// From the start until both ends were asked for their version.
pub(super) const ADAPTERS: i64 = 4;
const FETCHED: i64 = 101;
const PREPARED: i64 = 295;
/// From the queue to a worker.
pub(super) const PICKUP: i64 = 1_500;
/// Between two workers' beginnings; the newest task is taken first.
const STAGGER: i64 = 150;
/// What one look may find due before it is stopped, so that no pair of policies can hold the caller.
const TURNS: usize = 100_000;
const RUNS: u32 = 3;

/// Whether somebody would take a task from the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Workers {
    Free,
    Busy,
}

impl Harbors {
    /// Lets happen what is due until `now`, in its order.
    pub fn advance(&mut self, now: Stamp) {
        for at in 0..self.all.len() {
            let mut harbor = std::mem::take(&mut self.all[at]);
            harbor.look_at_endpoints(Peers { all: &self.all, outside: &self.outside }, now);
            harbor.count_pulls(harbor.own(now));
            self.all[at] = harbor;
        }
        for _ in 0..TURNS {
            let next = (0..self.all.len()).filter_map(|at| self.next_of(at).map(|(due, id)| (due, at, id))).min();
            match next {
                Some((due, at, id)) if due <= now => self.turn(at, id, due),
                _ => return,
            }
        }
    }

    /// The core of a Harbor goes away; flows that were under way are never taken up again.
    pub fn stop_core(&mut self, at: usize) {
        let Some(harbor) = self.all.get_mut(at) else { return };
        harbor.knobs.core_down = true;
        for execution in &mut harbor.executions {
            if matches!(execution.stage, Stage::Adapters(_) | Stage::Fetching(_) | Stage::Preparing(_)) {
                execution.stage = Stage::Abandoned;
            }
        }
    }

    pub fn start_core(&mut self, at: usize, now: Stamp) {
        if let Some(harbor) = self.all.get_mut(at) {
            harbor.knobs.core_down = false;
            harbor.requeue(now);
        }
    }

    /// The storage of a Harbor dies: what is being copied to it begins to fail.
    pub fn stop_storage(&mut self, at: usize, now: Stamp) {
        self.advance(now);
        let Some(dead) = self.all.get_mut(at) else { return };
        dead.knobs.storage_down = true;
        let url = dead.url.clone();
        for place in 0..self.all.len() {
            for id in self.all[place].live.clone() {
                let Some((policy, _)) = self.plan(place, id) else { continue };
                if self.url_of(place, policy.target) == url {
                    self.break_off(place, id, now);
                }
            }
        }
    }

    pub fn start_storage(&mut self, at: usize) {
        if let Some(harbor) = self.all.get_mut(at) {
            harbor.knobs.storage_down = false;
        }
    }

    /// What comes next of one Harbor: when, and to which execution.
    fn next_of(&self, at: usize) -> Option<(Stamp, i64)> {
        let harbor = &self.all[at];
        // In read-only mode the reports of jobs are refused too, so nothing moves.
        if harbor.knobs.core_down || harbor.is_read_only() || harbor.live.is_empty() {
            return None;
        }
        let free = harbor.busy().len() < harbor.knobs.workers;
        let workers = if free && !harbor.paused.contains("REPLICATION") { Workers::Free } else { Workers::Busy };
        let live = harbor.live.iter().filter_map(|id| harbor.execution(*id));
        live.filter_map(|execution| execution.due(workers).map(|due| (due, execution.id))).min()
    }

    fn turn(&mut self, at: usize, id: i64, due: Stamp) {
        let Some((policy, execution)) = self.plan(at, id) else {
            self.all[at].live.remove(&id);
            return;
        };
        match execution.stage {
            Stage::Adapters(_) => self.adapters(at, &execution, &policy, due),
            Stage::Fetching(_) => self.fetch(at, &execution, &policy, due),
            Stage::Preparing(_) => self.prepare(at, &execution, &policy, due),
            Stage::Tasks if execution.refresh == Some(due) => self.refresh(at, id),
            Stage::Tasks => self.work(at, id, &policy, due),
            Stage::Abandoned | Stage::Ended => {}
        }
        if self.all[at].execution(id).is_none_or(Execution::is_settled) {
            self.all[at].live.remove(&id);
        }
    }

    pub(super) fn plan(&self, at: usize, id: i64) -> Option<(Arc<Policy>, Execution)> {
        let execution = self.all.get(at)?.execution(id)?.clone();
        Some((Arc::clone(&execution.plan), execution))
    }

    fn adapters(&mut self, at: usize, execution: &Execution, policy: &Policy, due: Stamp) {
        if policy.single
            && self.all[at].executions.iter().any(|other| other.policy == policy.id && other.id < execution.id && !other.is_final())
        {
            return self.give_up(at, execution.id, "Execution skipped: active replication still in progress.".into(), due);
        }
        for (end, word) in [(policy.source, "source"), (policy.target, "destination")] {
            let Some(registry) = self.registry(at, end) else { continue };
            if self.reach(&registry, due) == Reach::Down {
                let host = registry.url.split_once("://").map_or(registry.url.as_str(), |(_, host)| host);
                let url = &registry.url;
                let text = format!(
                    "failed to create adapter for {word} registry {url}: Get \"{url}/api/version\": dial tcp {host}: connect: connection refused"
                );
                return self.give_up(at, execution.id, text, due);
            }
        }
        self.all[at].stage(execution.id, Stage::Fetching(due.plus_millis(FETCHED)));
    }

    fn fetch(&mut self, at: usize, execution: &Execution, policy: &Policy, due: Stamp) {
        if self.resources(at, execution, policy).is_empty() {
            if let Some(execution) = self.all[at].execution_mut(execution.id) {
                execution.status = Status::Succeed;
                execution.text = "no resources need to be replicated".into();
                execution.end = Some(due);
                execution.stage = Stage::Ended;
            }
            return;
        }
        self.all[at].stage(execution.id, Stage::Preparing(due.plus_millis(PREPARED)));
    }

    /// Makes the projects that the other end lacks, then the tasks.
    fn prepare(&mut self, at: usize, execution: &Execution, policy: &Policy, due: Stamp) {
        let resources = self.resources(at, execution, policy);
        let mut targets = Vec::new();
        for (repository, _) in &resources {
            match renamed(policy, repository) {
                Ok(name) => targets.push(name),
                Err(why) => return self.give_up(at, execution.id, why, due),
            }
        }
        let deletes = matches!(execution.scope, Scope::Event { what: What::TagRemoved | What::Removed, .. });
        if !deletes {
            for ((repository, _), target) in resources.iter().zip(&targets) {
                if let Err(why) = self.make_room(at, policy, repository, target, due) {
                    let text = format!("failed to do the prepare work for pushing/uploading resources: {why}");
                    return self.give_up(at, execution.id, text, due);
                }
            }
        }
        let operation = match execution.scope {
            Scope::Event { what: What::TagRemoved, .. } => "tag deletion",
            Scope::Event { what: What::Removed, .. } => "deletion",
            _ => "copy",
        };
        let amount = resources.len();
        let harbor = &mut self.all[at];
        let mut tasks = Vec::new();
        for (place, ((source, references), target)) in resources.into_iter().zip(targets).enumerate() {
            let id = harbor.sequences.next(Kind::Task);
            let rank = i64::try_from(amount - 1 - place).unwrap_or(0);
            let step = Step::Queued(due.plus_millis(PICKUP + rank * STAGGER));
            let job = harbor.job_id(id);
            let status = Status::Pending;
            tasks.push(Task {
                id,
                job,
                operation,
                source,
                target,
                references,
                status,
                start: None,
                end: None,
                log: String::new(),
                runs: 0,
                step,
            });
        }
        if let Some(execution) = harbor.execution_mut(execution.id) {
            execution.tasks = tasks;
            execution.stage = Stage::Tasks;
        }
    }

    /// Repositories with what is to be copied of them, the newest repository first.
    fn resources(&self, at: usize, execution: &Execution, policy: &Policy) -> Vec<(String, Vec<String>)> {
        if let Scope::Event { repository, reference, .. } = &execution.scope {
            return vec![(repository.clone(), vec![reference.clone()])];
        }
        let Some(source) = self.place_of(at, policy.source) else { return Vec::new() };
        let harbor = &self.all[source];
        let all = harbor.projects.iter().flat_map(|project| project.repositories.iter().map(move |repository| (project, repository)));
        let mut found: Vec<_> =
            all.filter(|(project, repository)| names(policy, &format!("{}/{}", project.name, repository.name))).collect();
        found.sort_by_key(|(_, repository)| std::cmp::Reverse((repository.created, repository.id)));
        let named = found.into_iter().map(|(project, repository)| {
            (format!("{}/{}", project.name, repository.name), harbor.references(policy, &project.name, repository))
        });
        named.filter(|(_, references)| !references.is_empty()).collect()
    }

    fn make_room(&mut self, at: usize, policy: &Policy, source: &str, target: &str, due: Stamp) -> Result<(), String> {
        let public = self.place_of(at, policy.source).is_some_and(|place| {
            source.split_once('/').and_then(|(name, _)| self.all[place].project(name)).is_some_and(super::super::Project::is_public)
        });
        let seen = if public { Visibility::Public } else { Visibility::Private };
        let (key, secret) =
            self.registry(at, policy.target).map_or_else(|| ("admin".into(), String::new()), |own| (own.access_key, own.access_secret));
        let Some(place) = self.place_of(at, policy.target) else { return Ok(()) };
        let name = target.split('/').next().unwrap_or_default();
        let harbor = &mut self.all[place];
        if harbor.project(name).is_some() {
            return Ok(());
        }
        let by = if policy.target == 0 { Caller::User(1) } else { harbor.identify_by(&key, &secret, due) };
        let everyone = harbor.setting("project_creation_restriction") == "everyone";
        if harbor.is_read_only() {
            return Err("http status code: 403, body: {\"errors\":[{\"code\":\"DENIED\",\"message\":\"The system is in read only mode. Any modification is prohibited.\"}]}".into());
        }
        if by == Caller::Anonymous {
            return Err("http status code: 401, body: {\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"unauthorized\"}]}".into());
        }
        if !everyone && !harbor.is_admin(&by) {
            return Err(
                "http status code: 403, body: {\"errors\":[{\"code\":\"FORBIDDEN\",\"message\":\"Only system admin can create project\"}]}"
                    .into(),
            );
        }
        let now = harbor.own(due);
        harbor.make_project(&by, name, seen, -1, now);
        Ok(())
    }

    pub(super) fn registry(&self, at: usize, id: i64) -> Option<Registry> {
        self.all[at].registries.iter().find(|registry| registry.id == id).cloned()
    }

    /// Which Harbor of the world an end of a policy is.
    pub(super) fn place_of(&self, at: usize, end: i64) -> Option<usize> {
        let url = self.url_of(at, end);
        self.all.iter().position(|harbor| harbor.url == url)
    }

    pub(super) fn url_of(&self, at: usize, end: i64) -> String {
        self.registry(at, end).map_or_else(|| self.all[at].url.clone(), |registry| registry.url.trim_end_matches('/').to_owned())
    }

    fn reach(&self, registry: &Registry, now: Stamp) -> Reach {
        let known = self.all.iter().any(|harbor| harbor.url == registry.url)
            || self.outside.iter().any(|place| matches!(place, Outside::Registry { url, .. } if *url == registry.url));
        if known {
            Peers { all: &self.all, outside: &self.outside }.reach(&registry.url, &registry.access_key, &registry.access_secret, now)
        } else {
            Reach::Down
        }
    }

    fn give_up(&mut self, at: usize, id: i64, text: String, due: Stamp) {
        if let Some(execution) = self.all[at].execution_mut(id) {
            execution.status = Status::Failed;
            execution.text = text;
            execution.end = Some(due);
            execution.stage = Stage::Ended;
        }
    }

    fn refresh(&mut self, at: usize, id: i64) {
        let Some(execution) = self.all[at].execution_mut(id) else { return };
        execution.refresh = None;
        execution.status = execution.of_tasks();
        execution.end = execution.status.is_final().then(|| execution.tasks.iter().filter_map(|task| task.end).max()).flatten();
    }
}

impl super::Harbor {
    fn stage(&mut self, id: i64, stage: Stage) {
        if let Some(execution) = self.execution_mut(id) {
            execution.stage = stage;
        }
    }

    /// Those that wait in the queue are picked up from now on.
    pub(in crate::lab::harbor) fn requeue(&mut self, now: Stamp) {
        let mut rank = 0;
        for id in self.live.clone().into_iter().rev() {
            let Some(execution) = self.execution_mut(id) else { continue };
            for task in execution.tasks.iter_mut().rev() {
                if let Step::Queued(due) = &mut task.step {
                    *due = (*due).max(now.plus_millis(PICKUP + rank * STAGGER));
                    rank += 1;
                }
            }
        }
    }

    /// A task changed: the execution's status follows at the next refresh.
    pub(in crate::lab::harbor) fn changed(&mut self, id: i64, due: Stamp) {
        let every = self.knobs.refresh_millis.max(1);
        if let Some(execution) = self.execution_mut(id) {
            let next = Stamp((due.0.div_euclid(every) + 1) * every);
            execution.refresh = Some(execution.refresh.map_or(next, |planned| planned.min(next)));
        }
    }

    /// Ends a task's run. A failed one is tried again a while later, until it has had its three.
    pub(super) fn end_run(&mut self, id: i64, task: i64, status: Status, due: Stamp) {
        let Some(execution) = self.execution_mut(id) else { return };
        let Some(task) = execution.tasks.iter_mut().find(|own| own.id == task) else { return };
        task.status = status;
        task.end = Some(due);
        task.step =
            if status == Status::Failed && task.runs < RUNS { Step::Waiting(due.plus_millis(backoff(task.runs))) } else { Step::Done };
        self.changed(id, due);
    }
}

impl Execution {
    fn due(&self, workers: Workers) -> Option<Stamp> {
        match self.stage {
            Stage::Adapters(due) | Stage::Fetching(due) | Stage::Preparing(due) => Some(due),
            Stage::Tasks => self.tasks.iter().filter_map(|task| task.due(workers)).chain(self.refresh).min(),
            Stage::Abandoned | Stage::Ended => None,
        }
    }
}

impl Task {
    pub(super) fn due(&self, workers: Workers) -> Option<Stamp> {
        match &self.step {
            Step::Queued(_) | Step::Waiting(_) if workers == Workers::Busy => None,
            Step::Queued(due) | Step::Waiting(due) | Step::Copying { due, .. } | Step::Failing { due, .. } => Some(*due),
            Step::Done => None,
        }
    }
}

/// Jobservice's wait before the next run: the fourth power of the failures, a quarter of a minute, and some chance,
/// of which the twin takes none.
fn backoff(failures: u32) -> i64 {
    let failures = i64::from(failures);
    1000 * (failures.pow(4) + 15 + 3 * (failures + 1))
}

/// The name at the other end: -1 leaves only the last part, n replaces the first n parts.
fn renamed(policy: &Policy, repository: &str) -> Result<String, String> {
    if policy.namespace.is_empty() {
        return Ok(repository.to_owned());
    }
    let parts: Vec<&str> = repository.split('/').collect();
    let depth = parts.len() - 1;
    let replaced = usize::try_from(policy.replace).unwrap_or(depth);
    if replaced > depth {
        return Err(format!("the length of the namespace is {depth}, less than the replaced count {replaced}"));
    }
    Ok(std::iter::once(policy.namespace.as_str()).chain(parts[replaced..].iter().copied()).collect::<Vec<_>>().join("/"))
}
