//! The family `container`: one request to one Docker engine, judged by the engine's own stamps.

use super::{PerformContext, Performed, Seen, Steps, Verdict};
use crate::clients::docker::{CarriedOut, Inspected};
use crate::engine::endpoints::Clients;
use crate::model::call::container::{ContainerCall, ContainerObserved, ContainerVerb};
use crate::model::fault::{Fault, FaultKind};
use crate::model::plan::Ending;

impl Steps for ContainerCall {
    async fn observe(&self, clients: &Clients) -> Result<Seen<ContainerObserved>, Fault> {
        match clients.docker(&self.host)?.inspect_container(&self.id).await {
            Ok(found) => Ok(Seen::As(found.observed)),
            Err(fault) if fault.kind == FaultKind::NotFound && matches!(self.verb, ContainerVerb::Remove { .. }) => Ok(Seen::Already),
            Err(fault) => Err(fault),
        }
    }

    async fn perform(&self, _before: &ContainerObserved, cx: &PerformContext<'_>) -> Result<Performed, Fault> {
        let docker = cx.clients.docker(&self.host)?;
        cx.may_send().await?;
        Ok(Performed::one(match docker.carry_out(&self.id, &self.verb).await? {
            CarriedOut::Done => Ending::Done,
            CarriedOut::Already => Ending::Already,
        }))
    }

    async fn judge(&self, before: &ContainerObserved, clients: &Clients) -> Result<Vec<Verdict>, Fault> {
        let verdict = match clients.docker(&self.host)?.inspect_container(&self.id).await {
            Ok(now) => compare(&self.verb, before, &now),
            Err(fault) if fault.kind == FaultKind::NotFound => gone(&self.verb),
            Err(fault) => return Err(fault),
        };
        Ok(vec![verdict])
    }
}

/// Compares the engine's own stamps, so that no two clocks are compared. What another person did in between counts
/// as the effect: the target is as it was wanted, and doing it again would be doing it twice.
fn compare(verb: &ContainerVerb, before: &ContainerObserved, now: &Inspected) -> Verdict {
    let started_again = now.observed.started_at != before.started_at;
    let ended_again = now.observed.finished_at != before.finished_at;
    let effect = match verb {
        ContainerVerb::Start => now.running || started_again,
        ContainerVerb::Stop { .. } => !now.running || ended_again,
        ContainerVerb::Kill { signal } => ended_again || (!now.running && is_deadly(signal)),
        ContainerVerb::Restart { .. } => started_again,
        ContainerVerb::Remove { .. } => false,
    };
    if effect { Verdict::TookEffect } else { Verdict::DidNot }
}

/// A container that is gone: wanted by a removal, and past all help for anything else.
fn gone(verb: &ContainerVerb) -> Verdict {
    match verb {
        ContainerVerb::Remove { .. } | ContainerVerb::Stop { .. } | ContainerVerb::Kill { .. } => Verdict::TookEffect,
        ContainerVerb::Start | ContainerVerb::Restart { .. } => Verdict::DidNot,
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
        let observed = ContainerObserved {
            state: Some(state.into()),
            started_at: Some(started.into()),
            finished_at: Some(finished.into()),
            restarts: None,
        };
        Inspected { json: serde_json::Value::Null, observed, running, exit_code: None, stop_timeout_s: None, tty: false }
    }

    #[test]
    fn the_engines_own_stamps_tell_whether_a_call_took_effect() {
        let before = inspected("running", "t1", "t0").observed;
        let restart = ContainerVerb::Restart { timeout_s: None };
        assert_eq!(compare(&restart, &before, &inspected("running", "t1", "t0")), Verdict::DidNot);
        assert_eq!(compare(&restart, &before, &inspected("running", "t2", "t2")), Verdict::TookEffect);
        let stop = ContainerVerb::Stop { timeout_s: None };
        assert_eq!(compare(&stop, &before, &inspected("running", "t1", "t0")), Verdict::DidNot);
        assert_eq!(compare(&stop, &before, &inspected("exited", "t1", "t2")), Verdict::TookEffect);
        let hup = ContainerVerb::Kill { signal: "SIGHUP".into() };
        assert_eq!(compare(&hup, &before, &inspected("running", "t1", "t0")), Verdict::DidNot);
        assert_eq!(gone(&ContainerVerb::Start), Verdict::DidNot);
    }
}
