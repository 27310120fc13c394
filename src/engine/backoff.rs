//! How long to wait before asking an endpoint again that failed: capped, with jitter, never giving up.

use std::time::Duration;

use crate::model::fault::{Fault, Retry};

const FIRST: Duration = Duration::from_secs(1);

/// The waits of one endpoint.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    cap: Duration,
    next: Duration,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    For(Duration),
    /// Until the config changes or a person asks: trying again by itself does harm or is of no use.
    UntilAsked,
}

impl Backoff {
    /// `cap` is the longest wait, before jitter.
    pub(super) fn new(cap: Duration) -> Self {
        Self { cap: cap.max(FIRST), next: FIRST }
    }

    /// It answered: the next failure begins anew.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// The wait after `fault`: doubled each time up to the cap, times 0.75 to 1.25, at least what the other side asked for.
    pub(super) fn after(&mut self, fault: &Fault) -> Wait {
        if fault.kind.retry() == Retry::Never {
            return Wait::UntilAsked;
        }
        let base = self.next.min(self.cap);
        self.next = (base * 2).min(self.cap);
        let wait = base.mul_f64(0.75 + fastrand::f64() / 2.0);
        Wait::For(wait.max(Duration::from_millis(fault.retry_after_ms.unwrap_or(0).min(600_000))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fault::FaultKind;
    use crate::model::text::Text;

    fn fault(kind: FaultKind) -> Fault {
        Fault::new("h", kind, Text::raw("x"), Text::raw("y"))
    }

    #[test]
    fn waits_grow_to_the_cap_and_never_beyond() {
        let mut backoff = Backoff::new(Duration::from_secs(10));
        let mut last = Duration::ZERO;
        for _ in 0..40 {
            let Wait::For(wait) = backoff.after(&fault(FaultKind::Timeout)) else { panic!("retried") };
            assert!(wait >= Duration::from_millis(750) && wait <= Duration::from_millis(12_500), "{wait:?}");
            last = wait;
        }
        assert!(last > Duration::from_secs(7));
        backoff.reset();
        let Wait::For(first) = backoff.after(&fault(FaultKind::Timeout)) else { panic!("retried") };
        assert!(first < Duration::from_millis(1_300));
    }

    #[test]
    fn a_refused_credential_waits_for_a_person_and_retry_after_is_honoured() {
        let mut backoff = Backoff::new(Duration::from_secs(10));
        assert_eq!(backoff.after(&fault(FaultKind::Unauthorized)), Wait::UntilAsked);
        let throttled = fault(FaultKind::Throttled).retry_after(Some(90_000));
        let Wait::For(wait) = backoff.after(&throttled) else { panic!("retried") };
        assert_eq!(wait, Duration::from_secs(90));
    }
}
