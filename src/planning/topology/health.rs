//! How an edge does: from our own ping of the other side and from what its runs have settled to. Never from a claim alone.

use std::sync::Arc;

use crate::model::clock::Stamp;
use crate::model::registry::JudgedExecution;
use crate::model::replication::{EdgeHealth, EdgeState, PeerVerdict, Policy, Settled, TriggerKind};

/// A Harbor tells its newest executions only, over all policies; where it told fewer than this it told all.
const WINDOW: usize = 50;

/// Judges one policy. `runs` are its Harbor's, newest first; `None` where they were not read.
pub(super) fn health(policy: &Policy, verdict: PeerVerdict, runs: Option<&[Arc<JudgedExecution>]>) -> EdgeHealth {
    let own: Vec<&JudgedExecution> =
        runs.unwrap_or_default().iter().map(|run| &**run).filter(|run| run.execution.policy_id == policy.id).collect();
    let mut health = EdgeHealth {
        state: EdgeState::Unread,
        last_success: own.iter().find(|run| run.settled == Settled::Succeeded).and_then(|run| end_of(run)),
        last_run: own.first().and_then(|run| run.execution.started),
        since: None,
        lost: 0,
        failed: 0,
        retrying: 0,
        running: 0,
        stuck: 0,
        skipped: 0,
        cause: None,
    };
    count(policy, &own, &mut health);
    let newest = own.iter().find(|run| !matches!(run.settled, Settled::Skipped | Settled::Stopped | Settled::Running));
    let stuck = own.iter().find_map(|run| if let Settled::Stuck(cause) = &run.settled { Some(*cause) } else { None });
    let is_window_full = runs.is_none_or(|runs| runs.len() >= WINDOW);
    health.state = match (newest.map(|run| &run.settled), verdict.trouble()) {
        _ if !policy.enabled => EdgeState::Disabled,
        _ if policy.never_fires() => EdgeState::NeverFires,
        (_, Some(kind)) => EdgeState::PeerDown(kind),
        // What fails now goes before what has stood still for long.
        (Some(settled), None) if is_failure(settled) => EdgeState::Failing,
        _ if stuck.is_some() => stuck.map_or(EdgeState::Unread, EdgeState::Stuck),
        (Some(Settled::Retrying), None) => EdgeState::Retrying,
        _ if health.lost + health.failed > 0 => EdgeState::Owing,
        _ if health.running > 0 => EdgeState::Running,
        (Some(Settled::Unknown(_)), None) => EdgeState::Unread,
        (Some(_), None) => EdgeState::Flowing,
        // What was skipped or stopped ran, and carried nothing.
        (None, None) if !own.is_empty() || is_window_full => EdgeState::Unread,
        (None, None) => EdgeState::NeverRan,
    };
    if !matches!(health.state, EdgeState::Disabled | EdgeState::Flowing | EdgeState::Running | EdgeState::NeverRan | EdgeState::Unread) {
        health.since = match health.state {
            EdgeState::Stuck(_) => own.iter().find(|run| matches!(run.settled, Settled::Stuck(_))).and_then(|run| run.execution.started),
            _ => trouble_since(&own),
        };
    }
    health
}

/// Counts back to the last run that carried everything: an event that was lost is made good only by a run by hand or by the clock.
fn count(policy: &Policy, own: &[&JudgedExecution], health: &mut EdgeHealth) {
    let by_event = policy.trigger.kind == TriggerKind::Event;
    for run in own {
        match &run.settled {
            Settled::Lost(cause) => {
                health.lost += 1;
                health.cause.get_or_insert_with(|| cause.clone());
            }
            Settled::Failed | Settled::Partial | Settled::FalseSuccess => {
                health.failed += 1;
                if health.cause.is_none() {
                    health.cause.clone_from(&run.cause);
                }
            }
            Settled::Retrying => {
                health.retrying += 1;
                if health.cause.is_none() {
                    health.cause.clone_from(&run.cause);
                }
            }
            Settled::Running => health.running += 1,
            Settled::Stuck(_) => health.stuck += 1,
            Settled::Skipped => health.skipped += 1,
            Settled::Succeeded if !by_event || run.execution.trigger != TriggerKind::Event => return,
            _ => {}
        }
    }
}

/// The oldest of the failures that nothing has made good since.
fn trouble_since(own: &[&JudgedExecution]) -> Option<Stamp> {
    let is_trouble = |run: &&&JudgedExecution| is_failure(&run.settled) || matches!(run.settled, Settled::Retrying | Settled::Stuck(_));
    let unbroken = own.iter().take_while(|run| !matches!(run.settled, Settled::Succeeded | Settled::NothingToDo));
    let last = unbroken.filter(is_trouble).last().or_else(|| own.iter().find(is_trouble));
    last.and_then(|run| run.execution.started)
}

fn is_failure(settled: &Settled) -> bool {
    matches!(settled, Settled::Failed | Settled::Partial | Settled::Lost(_) | Settled::FalseSuccess)
}

fn end_of(run: &JudgedExecution) -> Option<Stamp> {
    run.execution.ended.or(run.execution.started)
}
