//! Executions: read, judged, and where they failed asked for why, before Harbor forgets it.

use std::sync::Arc;

use super::fast_loop::FastLoop;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::registry::{JudgedExecution, Question, RegistryFact};
use crate::model::replication::{Execution, Queue, ReplicationTask, Settled, TaskStatus};
use crate::planning::replication::{Around, read_log, settle};

/// Executions kept; each costs Harbor a query of its own.
const EXECUTIONS: usize = 50;
/// Executions whose tasks are read in one round: those that are not over.
const TASKS_OF: usize = 10;
/// Logs that are read in one round: those of executions that failed and were not asked about yet.
const LOGS: usize = 5;

/// Executions read of a policy that is in none of the newest ones, and such policies read in one round.
const OLDER: usize = 5;
const QUIET: usize = 10;

impl FastLoop<'_> {
    pub(super) async fn runs(&mut self, queue: Option<&Queue>) -> Result<(), Fault> {
        let poller = self.poller;
        let mut executions = match self.harbor.list_executions(None, EXECUTIONS).await {
            Ok(listing) => listing.rows,
            Err(fault) => {
                poller.report_answer(Question::Executions, Err(fault), RegistryFact::Runs).await?;
                poller.complete(&[Question::Tasks]).await;
                return Ok(());
            }
        };
        if executions.len() >= EXECUTIONS {
            self.add_older(&mut executions).await;
        }
        self.memory.causes.retain(|id, _| executions.iter().any(|execution| execution.id == *id));
        let (mut runs, mut read, mut logs) = (Vec::with_capacity(executions.len()), 0, 0);
        for execution in executions {
            let mut settled = settle(&execution, &self.around(queue, None));
            let mut tasks = None;
            if !settled.is_final() && read < TASKS_OF {
                read += 1;
                tasks = self.harbor.list_tasks(execution.id).await.ok().map(|listing| Arc::new(listing.rows));
                settled = settle(&execution, &self.around(queue, tasks.as_deref().map(Vec::as_slice)));
            }
            let mut cause = None;
            if matches!(settled, Settled::Failed | Settled::Partial | Settled::Retrying) {
                if !self.memory.causes.contains_key(&execution.id) && logs < LOGS {
                    logs += 1;
                    self.ask_why(&execution, &settled, tasks.clone()).await;
                }
                if let Some((known, of)) = self.memory.causes.get(&execution.id) {
                    cause.clone_from(known);
                    tasks = tasks.or_else(|| Some(Arc::clone(of)));
                }
            }
            // A retry may fail of something else.
            if !settled.is_final() {
                self.memory.causes.remove(&execution.id);
            }
            let (execution, tasks) = (on_our_clock(execution, self.ahead_ms), tasks.map(|tasks| tasks_on_our_clock(tasks, self.ahead_ms)));
            runs.push(Arc::new(JudgedExecution { execution, settled, cause, tasks }));
        }
        poller.report_answer(Question::Executions, Ok(runs), RegistryFact::Runs).await?;
        poller.complete(&[Question::Tasks]).await;
        Ok(())
    }

    /// A busy policy pushes the runs of the others out of the newest ones: theirs are asked for by themselves, once.
    async fn add_older(&mut self, executions: &mut Vec<Execution>) {
        let is_among = |policy: i64, executions: &[Execution]| executions.iter().any(|execution| execution.policy_id == policy);
        let quiet: Vec<i64> = self.memory.policies.iter().copied().filter(|policy| !is_among(*policy, executions)).collect();
        // A run that is not over yet is looked at again, however old.
        let is_over = |runs: &[Execution]| runs.iter().all(|run| settle(run, &self.around(None, None)).is_final());
        let open: Vec<i64> = self.memory.older.iter().filter(|(_, runs)| !is_over(runs)).map(|(policy, _)| *policy).collect();
        self.memory.older.retain(|policy, _| quiet.contains(policy) && !open.contains(policy));
        let unread: Vec<i64> = quiet.into_iter().filter(|policy| !self.memory.older.contains_key(policy)).take(QUIET).collect();
        for policy in unread {
            if let Ok(listing) = self.harbor.list_executions(Some(policy), OLDER).await {
                self.memory.older.insert(policy, listing.rows);
            }
        }
        executions.extend(self.memory.older.values().flatten().cloned());
        executions.sort_unstable_by_key(|execution| std::cmp::Reverse(execution.id));
    }

    /// Reads the tasks of one execution, because somebody wants to see them.
    pub(super) async fn tasks_of(&self, execution: i64) -> Result<(), Fault> {
        let answer = self.harbor.list_tasks(execution).await;
        let ours = |tasks| tasks_on_our_clock(Arc::new(tasks), self.ahead_ms);
        self.poller.told_in_part(Question::Tasks, answer, |listing| RegistryFact::Tasks { execution, tasks: ours(listing.rows) }).await
    }

    /// The log of the first task that failed says why; a log that is gone says nothing, for good.
    async fn ask_why(&mut self, execution: &Execution, settled: &Settled, tasks: Option<Arc<Vec<ReplicationTask>>>) {
        let tasks = match tasks {
            Some(tasks) => tasks,
            None => match self.harbor.list_tasks(execution.id).await {
                Ok(listing) => Arc::new(listing.rows),
                Err(_) => return,
            },
        };
        let failed = tasks.iter().find(|task| task.status == TaskStatus::Failed);
        let cause = match failed {
            Some(task) => match self.harbor.fetch_task_log(execution.id, task.id).await {
                Ok(log) => read_log(&log.lines).cause,
                Err(fault) if fault.kind.is_absence() => return,
                Err(_) => None,
            },
            None if settled.is_final() => None,
            None => return,
        };
        self.memory.causes.insert(execution.id, (cause, tasks));
    }

    /// What else is known: ages are judged by that Harbor's own clock.
    fn around<'a>(&'a self, queue: Option<&'a Queue>, tasks: Option<&'a [ReplicationTask]>) -> Around<'a> {
        let now = self.poller.clock.now().plus_millis(self.ahead_ms);
        Around { tasks, queue, pools: Some(&self.pools), workers: Some(&self.workers), read_only: self.read_only, ..Around::at(now) }
    }
}

/// Moments by our clock: what is shown stands beside what others stamped.
fn on_our_clock(execution: Execution, ahead_ms: i64) -> Execution {
    let ours = |theirs: Option<Stamp>| theirs.map(|at| at.plus_millis(-ahead_ms));
    Execution { started: ours(execution.started), ended: ours(execution.ended), ..execution }
}

fn tasks_on_our_clock(mut tasks: Arc<Vec<ReplicationTask>>, ahead_ms: i64) -> Arc<Vec<ReplicationTask>> {
    if ahead_ms != 0 {
        for task in Arc::make_mut(&mut tasks) {
            task.started = task.started.map(|at| at.plus_millis(-ahead_ms));
            task.ended = task.ended.map(|at| at.plus_millis(-ahead_ms));
        }
    }
    tasks
}
