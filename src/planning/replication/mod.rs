//! Judgements on replication: what an execution has come to, why it failed, whether a peer is there. Never the status alone.

mod causes;

use crate::model::clock::Stamp;
use crate::model::fault::FaultKind;
use crate::model::registry::Claim;
use crate::model::replication::{
    Execution, ExecutionStatus, PeerVerdict, Queue, ReplicationTask, Settled, StuckCause, TaskStatus, Worker, WorkerPool,
};

pub use causes::{cause_of, read_log};

/// After a failure a task is run again within 16 to 118 s, three runs in all: until then Failed is not final.
pub const RETRY_WINDOW_MS: u64 = 180_000;
/// An execution lists projects and artifacts before it has tasks; longer than this and its core has gone away.
const PREPARING_MS: u64 = 300_000;
/// The status follows the counts every 30 s.
const REFRESH_MS: u64 = 120_000;
/// Pending for longer than this wants a cause.
const PENDING_MS: u64 = 60_000;
/// Pending for longer than this is stuck whether a cause is visible or not.
const PENDING_LONG_MS: u64 = 600_000;
/// The jobservice itself gives a job up after a day.
const RUNNING_LONG_MS: u64 = 86_400_000;
/// Workers report every few seconds.
const HEARTBEAT_MS: u64 = 120_000;

/// What else is known when an execution is judged. Everything but the time may be unknown.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// By that Harbor's own clock: ours plus its skew.
    pub now: Stamp,
    pub tasks: Option<&'a [ReplicationTask]>,
    /// The `REPLICATION` queue.
    pub queue: Option<&'a Queue>,
    pub pools: Option<&'a [WorkerPool]>,
    pub workers: Option<&'a [Worker]>,
    pub read_only: Option<bool>,
}

impl Around<'_> {
    /// Only the time.
    #[must_use]
    pub fn at(now: Stamp) -> Self {
        Self { now, tasks: None, queue: None, pools: None, workers: None, read_only: None }
    }
}

/// What an execution has come to. Counts are live and the status follows them late, so the counts decide where they can.
#[must_use]
pub fn settle(execution: &Execution, around: &Around<'_>) -> Settled {
    let e = execution;
    let young = around.now.since(e.ended.or(e.started).unwrap_or(Stamp(0))) < RETRY_WINDOW_MS;
    let all_succeeded = e.total > 0 && e.succeed >= e.total;
    match &e.status {
        // The status is late; a stop that came too late changes the word and nothing else.
        ExecutionStatus::Failed | ExecutionStatus::Stopped if all_succeeded => Settled::Succeeded,
        ExecutionStatus::Failed if e.total == 0 => {
            // Single-active policies say so in words only.
            if e.status_text.contains("Execution skipped") { Settled::Skipped } else { Settled::Lost(cause_of(&e.status_text)) }
        }
        ExecutionStatus::Failed if e.in_progress > 0 || young => Settled::Retrying,
        ExecutionStatus::Failed if e.succeed > 0 => Settled::Partial,
        ExecutionStatus::Failed => Settled::Failed,
        ExecutionStatus::Succeed if e.total == 0 => {
            if e.status_text.contains("no resources need to be replicated") {
                Settled::NothingToDo
            } else if e.status_text.is_empty() {
                Settled::FalseSuccess
            } else {
                Settled::Unknown(e.status_text.clone())
            }
        }
        ExecutionStatus::Succeed if e.in_progress > 0 => Settled::Running,
        ExecutionStatus::Succeed if e.failed > 0 && young => Settled::Retrying,
        ExecutionStatus::Succeed if e.failed > 0 => Settled::Partial,
        ExecutionStatus::Succeed => Settled::Succeeded,
        ExecutionStatus::Stopped => Settled::Stopped,
        ExecutionStatus::InProgress => in_progress(e, around),
        ExecutionStatus::Other(word) => Settled::Unknown(word.clone()),
    }
}

fn in_progress(e: &Execution, around: &Around<'_>) -> Settled {
    let age = around.now.since(e.started.unwrap_or(around.now));
    if e.total == 0 {
        return if age < PREPARING_MS { Settled::Running } else { Settled::Stuck(StuckCause::NoTasks) };
    }
    if e.in_progress == 0 && e.finished() >= e.total {
        let last_end = around.tasks.and_then(|tasks| tasks.iter().filter_map(|task| task.ended).max());
        let waiting = last_end.map_or(age, |end| around.now.since(end));
        return match (waiting < REFRESH_MS, e.failed, around.read_only) {
            (true, 0, _) => Settled::Running,
            (true, _, _) => Settled::Retrying,
            (false, _, Some(true)) => Settled::Stuck(StuckCause::ReadOnly),
            (false, _, _) => Settled::Stuck(StuckCause::NotRefreshed),
        };
    }
    if let Some(cause) = stuck(e, around, age) {
        return Settled::Stuck(cause);
    }
    if e.failed > 0 { Settled::Retrying } else { Settled::Running }
}

/// Why nothing moves, where nothing does.
fn stuck(e: &Execution, around: &Around<'_>, age: u64) -> Option<StuckCause> {
    let running = around.tasks.map(|tasks| tasks.iter().filter(|task| task.status == TaskStatus::InProgress).collect::<Vec<_>>());
    if let Some(running) = running.filter(|running| !running.is_empty()) {
        let oldest = running.iter().filter_map(|task| task.started).min();
        let long = oldest.is_some_and(|started| around.now.since(started) > RUNNING_LONG_MS);
        // In read-only mode the Harbor refuses its jobs' reports: what runs may long have ended.
        let unheard = around.read_only == Some(true) && age > PENDING_LONG_MS;
        return if unheard { Some(StuckCause::ReadOnly) } else { long.then_some(StuckCause::Unknown) };
    }
    // Counts alone do not tell pending from running: without tasks only a whole backlog of them is taken for pending.
    let all_pending = around.tasks.is_some() || e.finished() == 0;
    if all_pending && around.queue.is_some_and(|queue| queue.paused) {
        return Some(StuckCause::QueuePaused);
    }
    if age < PENDING_MS || around.tasks.is_none() {
        return None;
    }
    let alive = |pool: &WorkerPool| pool.heartbeat.is_some_and(|beat| around.now.since(beat) < HEARTBEAT_MS);
    if around.pools.is_some_and(|pools| !pools.iter().any(alive)) {
        return Some(StuckCause::NoWorkers);
    }
    if around.read_only == Some(true) {
        return Some(StuckCause::ReadOnly);
    }
    if around.workers.is_some_and(|workers| !workers.is_empty() && workers.iter().all(|worker| worker.job_name.is_some())) {
        return Some(StuckCause::WorkersBusy);
    }
    (age > PENDING_LONG_MS).then_some(StuckCause::Unknown)
}

/// Whether a peer is there. `ours` is what a ping that we asked for just now came to, `Err` with the kind of trouble;
/// Harbor's own claim keeps its last value when the peer goes away.
#[must_use]
pub fn judge_peer(claim: &Claim, ours: Option<Result<(), FaultKind>>) -> PeerVerdict {
    match (claim, ours) {
        (Claim::Unhealthy, Some(Ok(()))) => PeerVerdict::ClaimedDownIsUp,
        (_, Some(Ok(()))) => PeerVerdict::Up,
        (Claim::Healthy, Some(Err(kind))) => PeerVerdict::ClaimedUpIsDown(kind),
        (_, Some(Err(kind))) => PeerVerdict::Down(kind),
        (Claim::Healthy, None) => PeerVerdict::OnlyClaimedUp,
        (Claim::Unhealthy, None) => PeerVerdict::OnlyClaimedDown,
        (Claim::Other(_), None) => PeerVerdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::replication::Cause;

    const START: Stamp = Stamp(1_000_000);

    fn execution(status: ExecutionStatus, total: u32, counts: [u32; 3], text: &str) -> Execution {
        let ended = (status != ExecutionStatus::InProgress).then_some(START);
        let [succeed, failed, in_progress] = counts;
        Execution {
            status,
            status_text: text.into(),
            started: Some(START),
            ended,
            total,
            succeed,
            failed,
            in_progress,
            ..Execution::default()
        }
    }

    fn judged(e: &Execution, after_ms: i64) -> Settled {
        settle(e, &Around::at(START.plus_millis(after_ms)))
    }

    #[test]
    fn a_total_of_nothing_is_told_apart_by_its_words() {
        use ExecutionStatus::{Failed, Succeed};
        assert_eq!(judged(&execution(Succeed, 0, [0; 3], "no resources need to be replicated"), 0), Settled::NothingToDo);
        assert_eq!(judged(&execution(Succeed, 0, [0; 3], ""), 0), Settled::FalseSuccess);
        let skipped = "Execution skipped: active replication still in progress.";
        assert_eq!(judged(&execution(Failed, 0, [0; 3], skipped), 0), Settled::Skipped);
        let lost = "failed to create adapter for destination registry x: dial tcp: connect: connection refused";
        assert_eq!(judged(&execution(Failed, 0, [0; 3], lost), 0), Settled::Lost(Cause::Refused));
    }

    #[test]
    fn failed_is_final_only_after_the_last_retry() {
        let failed = execution(ExecutionStatus::Failed, 2, [0, 2, 0], "");
        assert_eq!(judged(&failed, 179_000), Settled::Retrying);
        assert_eq!(judged(&failed, 181_000), Settled::Failed);
        assert_eq!(judged(&execution(ExecutionStatus::Failed, 2, [1, 1, 0], ""), 181_000), Settled::Partial);
        // Failed with nothing failed: a task runs again.
        assert_eq!(judged(&execution(ExecutionStatus::Failed, 1, [0, 0, 1], ""), 900_000), Settled::Retrying);
        assert_eq!(judged(&execution(ExecutionStatus::Failed, 1, [1, 0, 0], ""), 10), Settled::Succeeded);
    }

    #[test]
    fn standing_still_has_a_cause() {
        let mut around = Around::at(START.plus_millis(400_000));
        let empty = execution(ExecutionStatus::InProgress, 0, [0; 3], "");
        assert_eq!(settle(&empty, &around), Settled::Stuck(StuckCause::NoTasks));
        assert_eq!(judged(&empty, 1_000), Settled::Running);
        let done = execution(ExecutionStatus::InProgress, 1, [1, 0, 0], "");
        assert_eq!(judged(&done, 5_000), Settled::Running);
        assert_eq!(settle(&done, &around), Settled::Stuck(StuckCause::NotRefreshed));
        around.read_only = Some(true);
        assert_eq!(settle(&done, &around), Settled::Stuck(StuckCause::ReadOnly));

        let waiting = execution(ExecutionStatus::InProgress, 1, [0, 0, 1], "");
        let task = ReplicationTask {
            id: 1,
            execution_id: 1,
            status: TaskStatus::Pending,
            job_id: "".into(),
            operation: crate::model::replication::Operation::Copy,
            resource_type: "artifact".into(),
            source: "".into(),
            target: "".into(),
            started: None,
            ended: None,
        };
        let tasks = [task];
        let mut around = Around { tasks: Some(&tasks), ..Around::at(START.plus_millis(400_000)) };
        assert_eq!(settle(&waiting, &around), Settled::Running);
        let busy = [Worker {
            id: "w".into(),
            pool_id: "p".into(),
            job_name: Some("IMAGE_SCAN".into()),
            job_id: None,
            started: None,
            check_in: None,
        }];
        around.workers = Some(&busy);
        assert_eq!(settle(&waiting, &around), Settled::Stuck(StuckCause::WorkersBusy));
        let dead = [WorkerPool { id: "p".into(), pid: None, host: None, started: None, heartbeat: Some(START), concurrency: 5 }];
        around.pools = Some(&dead);
        assert_eq!(settle(&waiting, &around), Settled::Stuck(StuckCause::NoWorkers));
        let paused = Queue { job_type: "REPLICATION".into(), count: 1, latency_s: 4, paused: true };
        around.queue = Some(&paused);
        assert_eq!(settle(&waiting, &around), Settled::Stuck(StuckCause::QueuePaused));
    }

    #[test]
    fn our_own_ping_goes_before_a_claim() {
        assert_eq!(judge_peer(&Claim::Healthy, Some(Err(FaultKind::Refused))), PeerVerdict::ClaimedUpIsDown(FaultKind::Refused));
        assert_eq!(judge_peer(&Claim::Unhealthy, Some(Ok(()))), PeerVerdict::ClaimedDownIsUp);
        assert_eq!(judge_peer(&Claim::Healthy, None), PeerVerdict::OnlyClaimedUp);
        assert_eq!(judge_peer(&Claim::parse("Unknown"), None), PeerVerdict::Unknown);
    }
}
