//! Finds out afterwards whether a call took effect, by asking the target and comparing with what it was before.

use std::time::Duration;

use crate::clients::docker::{Docker, Inspected};
use crate::model::fault::{Fault, FaultKind};
use crate::model::host::ContainerId;
use crate::model::plan::{Before, ContainerVerb};

/// What the target says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    TookEffect,
    DidNot,
}

/// How long an engine may still be at work on a call whose answer we never had. Before this is over, "it did not" is
/// no truth yet, and doing it again could do it twice.
pub(super) fn settles_within(verb: &ContainerVerb) -> Duration {
    // Docker's own wait before it kills is 10 s where neither the call nor the container says otherwise.
    let wait = match verb {
        ContainerVerb::Stop { timeout_s } | ContainerVerb::Restart { timeout_s } => timeout_s.unwrap_or(10),
        ContainerVerb::Start | ContainerVerb::Kill { .. } => 0,
        ContainerVerb::Remove { .. } => 10,
    };
    Duration::from_secs(u64::from(wait) + 5)
}

/// Asks the engine. An error: it does not answer, so nobody knows.
pub(super) async fn ask(docker: &Docker, id: &ContainerId, verb: &ContainerVerb, before: &Before) -> Result<Truth, Fault> {
    match docker.inspect_container(id).await {
        Ok(now) => Ok(judge(verb, before, &now)),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(gone(verb)),
        Err(fault) => Err(fault),
    }
}

/// Compares the engine's own stamps, so that no two clocks are compared. What another person did in between counts
/// as the effect: the target is as it was wanted, and doing it again would be doing it twice.
fn judge(verb: &ContainerVerb, before: &Before, now: &Inspected) -> Truth {
    let started_anew = now.before.started_at != before.started_at;
    let ended_anew = now.before.finished_at != before.finished_at;
    let effect = match verb {
        ContainerVerb::Start => now.running || started_anew,
        ContainerVerb::Stop { .. } => !now.running || ended_anew,
        ContainerVerb::Kill { signal } => ended_anew || (!now.running && is_deadly(signal)),
        ContainerVerb::Restart { .. } => started_anew,
        ContainerVerb::Remove { .. } => false,
    };
    if effect { Truth::TookEffect } else { Truth::DidNot }
}

/// A container that is gone: wanted by a removal, and past all help for anything else.
fn gone(verb: &ContainerVerb) -> Truth {
    match verb {
        ContainerVerb::Remove { .. } | ContainerVerb::Stop { .. } | ContainerVerb::Kill { .. } => Truth::TookEffect,
        ContainerVerb::Start | ContainerVerb::Restart { .. } => Truth::DidNot,
    }
}

fn is_deadly(signal: &str) -> bool {
    matches!(signal.trim_start_matches("SIG"), "KILL" | "TERM" | "9" | "15")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspected(state: &str, started: &str, finished: &str) -> Inspected {
        let running = state == "running";
        let before =
            Before { state: Some(state.into()), started_at: Some(started.into()), finished_at: Some(finished.into()), restarts: None };
        Inspected { json: serde_json::Value::Null, before, running, exit_code: None, stop_timeout_s: None, tty: false }
    }

    #[test]
    fn the_engines_own_stamps_tell_whether_a_call_took_effect() {
        let before = inspected("running", "t1", "t0").before;
        let restart = ContainerVerb::Restart { timeout_s: None };
        assert_eq!(judge(&restart, &before, &inspected("running", "t1", "t0")), Truth::DidNot);
        assert_eq!(judge(&restart, &before, &inspected("running", "t2", "t2")), Truth::TookEffect);
        let stop = ContainerVerb::Stop { timeout_s: None };
        assert_eq!(judge(&stop, &before, &inspected("running", "t1", "t0")), Truth::DidNot);
        assert_eq!(judge(&stop, &before, &inspected("exited", "t1", "t2")), Truth::TookEffect);
        let hup = ContainerVerb::Kill { signal: "SIGHUP".into() };
        assert_eq!(judge(&hup, &before, &inspected("running", "t1", "t0")), Truth::DidNot);
        assert_eq!(gone(&ContainerVerb::Start), Truth::DidNot);
    }
}
