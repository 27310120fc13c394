//! One simulated container: what it was created from, what it is doing, and how it will go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lab::world::{EndsKind, Voice};

use super::shell::Script;

/// Nanoseconds since 1970 UTC, as in `timeNano`.
pub(super) type Nanos = i64;
pub(super) const SECOND: Nanos = 1_000_000_000;
pub(super) const MILLI: Nanos = 1_000_000;

pub(super) type Id = [u8; 32];

/// What `docker create` was given: shared by all replicas of a service.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) image: Arc<str>,
    pub(super) image_id: Arc<str>,
    /// The program and its arguments.
    pub(super) command: Vec<String>,
    /// Leading words of `command` that came as the entrypoint.
    pub(super) entrypoint: usize,
    pub(super) env: Vec<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) network: String,
    /// Container port and the host port of the first replica on a host.
    pub(super) ports: Vec<(u16, u16)>,
    /// Bytes; 0 is no limit.
    pub(super) memory: u64,
    /// Billionths of a core; 0 is no limit.
    pub(super) nano_cpus: u64,
    pub(super) policy: Policy,
    pub(super) check: Option<Check>,
    pub(super) tty: bool,
    pub(super) open_stdin: bool,
    pub(super) auto_remove: bool,
    pub(super) hostname: Option<String>,
    pub(super) working_dir: String,
    pub(super) user: String,
    pub(super) work: Work,
}

/// When the engine starts a container again by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// Empty, `no`, `always`, `unless-stopped`, `on-failure`.
    pub(super) name: String,
    pub(super) most: u32,
}

/// A health check.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) test: Vec<String>,
    pub(super) interval: Nanos,
    pub(super) timeout: Nanos,
    pub(super) retries: u32,
}

/// What a container's process does.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// A service of the world: figures and words come from formulas.
    Service(Habits),
    /// Something created over the API: its command is carried out by the tiny shell.
    Script,
}

/// The formulas' constants of a service.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    /// Thousandths of a core.
    pub(super) cpu: f64,
    /// Bytes.
    pub(super) memory: f64,
    /// Bytes received a second.
    pub(super) net: f64,
    pub(super) tide: f64,
    pub(super) voice: Voice,
    /// `seconds`, `code`, `every` of those that end by themselves.
    pub(super) end_s: u32,
    pub(super) code: i32,
    pub(super) every_s: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Created,
    Running,
    Paused,
    Restarting,
    Exited,
}

impl Phase {
    /// The engine's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Exited => "exited",
        }
    }

    pub(super) fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Starting,
    Healthy,
    Unhealthy,
}

impl Health {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// What the engine does when the process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// What the restart policy says.
    Policy,
    /// Killed by hand: stays where it is.
    Rest,
    /// Stopped by hand: says so.
    Stop,
    Restart,
    Remove,
}

/// An earlier run, kept for its last words.
#[derive(Clone, Copy, Debug)]
pub(super) struct PastRun {
    pub(super) started: Nanos,
    pub(super) finished: Nanos,
    pub(super) code: i32,
    pub(super) oom: bool,
}

/// A container. About 200 bytes; 200,000 of them are a world.
#[derive(Debug)]
pub(super) struct SimContainer {
    pub(super) id: Id,
    /// Without the slash.
    pub(super) name: Box<str>,
    pub(super) spec: Arc<Spec>,
    pub(super) phase: Phase,
    pub(super) health: Option<Health>,
    pub(super) then: Then,
    pub(super) ends: Option<EndsKind>,
    /// Goes unhealthy now and then.
    pub(super) flaps: bool,
    pub(super) oom: bool,
    /// Failed probes in a row.
    pub(super) streak: u16,
    /// Its place among replicas on the host: shifts published ports and addresses.
    pub(super) place: u16,
    pub(super) code: i32,
    pub(super) seed: u32,
    pub(super) pid: u32,
    pub(super) restarts: u32,
    /// Quick ends in a row: doubles the wait before the next start.
    pub(super) quick: u8,
    /// Counts starts; what is due for an earlier run is void.
    pub(super) run: u32,
    pub(super) created: Nanos,
    /// 0 before the first start.
    pub(super) started: Nanos,
    /// 0 before the first end.
    pub(super) finished: Nanos,
    pub(super) probed: Nanos,
    pub(super) extra: Option<Box<Extra>>,
}

/// What few containers have.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// Newest last, at most [`RUNS_KEPT`].
    pub(super) runs: Vec<PastRun>,
    /// The command's course where it is a script: output and end by time since the start.
    pub(super) script: Option<Arc<Script>>,
    /// Why it could not be started.
    pub(super) error: String,
}

pub(super) const RUNS_KEPT: usize = 6;

impl SimContainer {
    /// 64 hexadecimal digits.
    pub(super) fn hex(&self) -> String {
        hex(&self.id)
    }

    pub(super) fn habits(&self) -> Option<&Habits> {
        match &self.spec.work {
            Work::Service(habits) => Some(habits),
            Work::Script => None,
        }
    }

    pub(super) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    pub(super) fn runs(&self) -> &[PastRun] {
        self.extra.as_ref().map_or(&[], |extra| &extra.runs)
    }

    /// Published ports: container port, host port.
    pub(super) fn ports(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.spec.ports.iter().map(|(inside, outside)| (*inside, outside.saturating_add(self.place)))
    }

    /// Its address on the default bridge.
    pub(super) fn address(&self) -> String {
        let place = u32::from(self.place) + 2;
        format!("172.17.{}.{}", place / 250, place % 250)
    }

    /// True where its process ends when it is asked politely. A shell or `sleep` as process 1 does not.
    pub(super) fn heeds_term(&self) -> bool {
        matches!(self.spec.work, Work::Service(_))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).map(char::from).collect()
}

/// RFC 3339 with nanoseconds as Go prints them; 0 is Go's zero time.
pub(super) fn rfc3339(nanos: Nanos) -> String {
    match nanos {
        0 => "0001-01-01T00:00:00Z".to_owned(),
        _ => jiff::Timestamp::from_nanosecond(i128::from(nanos)).map_or_else(|_| nanos.to_string(), |stamp| stamp.to_string()),
    }
}

/// How long, as `docker ps` says it.
pub(super) fn human(nanos: Nanos) -> String {
    let seconds = nanos / SECOND;
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match () {
        () if seconds < 1 => "Less than a second".to_owned(),
        () if seconds == 1 => "1 second".to_owned(),
        () if seconds < 60 => format!("{seconds} seconds"),
        () if minutes == 1 => "About a minute".to_owned(),
        () if minutes < 60 => format!("{minutes} minutes"),
        () if hours == 1 => "About an hour".to_owned(),
        () if hours < 48 => format!("{hours} hours"),
        () if hours < 24 * 14 => format!("{} days", hours / 24),
        () if hours < 24 * 60 => format!("{} weeks", hours / 24 / 7),
        () if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        () => format!("{} years", hours / 24 / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_in_docker_ps() {
        for (seconds, words) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (3599, "59 minutes"),
            (3600, "About an hour"),
            (2 * 3600, "2 hours"),
            (47 * 3600, "47 hours"),
            (5 * 86_400, "5 days"),
            (20 * 86_400, "2 weeks"),
            (90 * 86_400, "3 months"),
        ] {
            assert_eq!(human(seconds * SECOND), words);
        }
    }

    #[test]
    fn times_are_written_as_go_writes_them() {
        assert_eq!(rfc3339(0), "0001-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_408_912_636_926_430), "2026-11-23T04:41:52.63692643Z");
    }
}
