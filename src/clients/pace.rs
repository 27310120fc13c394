//! A budget of requests: so many a second for what nobody waits for, and a burst after a rest.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Hands out moments at which a request may go. One for each endpoint; those who wait are served in turn.
#[derive(Debug)]
pub struct Pace {
    between: Duration,
    /// How far behind it may lie, so that a rest is made up for.
    burst: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// So many a second in the long run, and as many as in one second at once.
    #[must_use]
    pub fn new(a_second: u32) -> Self {
        let burst = Duration::from_secs(1);
        Self { between: burst / a_second.max(1), burst, next: Mutex::new(Instant::now()) }
    }

    pub(super) async fn wait(&self) {
        let now = Instant::now();
        let at = self.due(now);
        if at > now {
            sleep_until(at).await;
        }
    }

    /// When the next request may go; the one after it is due later.
    fn due(&self, now: Instant) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = (*next).max(now.checked_sub(self.burst).unwrap_or(now));
        *next = at + self.between;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_in_its_time() {
        let pace = Pace::new(50);
        let now = Instant::now() + Duration::from_mins(1);
        let due: Vec<Instant> = (0..151).map(|_| pace.due(now)).collect();
        assert_eq!(due.iter().filter(|at| **at <= now).count(), 51, "a second's worth, whatever the rest was");
        assert_eq!(due[150] - now, Duration::from_secs(2));
        let rested = now + Duration::from_secs(3);
        assert!(pace.due(rested) <= rested);
    }
}
