//! The one source of time. Everything that asks for the time holds a [`Clock`] made in `main`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC. Eight bytes, ordered, cheap to keep by the hundred thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(pub i64);

impl Stamp {
    /// Milliseconds from `earlier` to this one, never negative.
    #[must_use]
    pub fn since(self, earlier: Stamp) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Stamp {
        Stamp(self.0.saturating_add(millis))
    }

    /// Seconds since 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// RFC 3339 in UTC with milliseconds; what `-o json` prints.
    #[must_use]
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| self.0.to_string(), |t| format!("{t:.3}"))
    }

    /// Reads RFC 3339 as Docker and Harbor write it. Their zero time (year 1) is `None`.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Stamp> {
        if text.starts_with("0001-") {
            return None;
        }
        text.parse::<jiff::Timestamp>().ok().map(|t| Stamp(t.as_millisecond()))
    }
}

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

/// A handle on the time: the system's, or one that a test moves by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `start` until [`Clock::advance`].
    #[must_use]
    pub fn manual(start: Stamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.0))))
    }

    #[must_use]
    pub fn now(&self) -> Stamp {
        match &self.0 {
            #[allow(clippy::disallowed_methods, reason = "this is the one clock")]
            Source::System => Stamp(jiff::Timestamp::now().as_millisecond()),
            Source::Manual(at) => Stamp(at.load(Ordering::Relaxed)),
        }
    }

    /// Moves a manual clock; the system's clock cannot be moved and this does nothing to it.
    pub fn advance(&self, millis: i64) {
        if let Source::Manual(at) = &self.0 {
            at.fetch_add(millis, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_docker_and_harbor_are_read() {
        assert_eq!(Stamp::parse_rfc3339("2026-11-23T04:20:03.123456789Z"), Some(Stamp(1_795_407_603_123)));
        assert_eq!(Stamp::parse_rfc3339("2026-11-23T12:20:03+08:00"), Some(Stamp(1_795_407_603_000)));
        assert_eq!(Stamp::parse_rfc3339("0001-01-01T00:00:00Z"), None);
        assert_eq!(Stamp(1_795_407_603_123).rfc3339(), "2026-11-23T04:20:03.123Z");
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(Stamp(5));
        clock.advance(10);
        assert_eq!(clock.now().since(Stamp(5)), 10);
        assert_eq!(Stamp(1).since(Stamp(5)), 0);
    }
}
