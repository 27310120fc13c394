//! Replication as one Harbor keeps it: policies, their executions and tasks, and the jobs that carry them.

mod execution;
mod jobs;
mod settled;
mod topology;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use execution::{Execution, ExecutionStatus, Operation, ReplicationTask, TaskStatus};
pub use jobs::{Queue, Schedule, Worker, WorkerPool};
pub use settled::{Cause, LogSummary, PeerVerdict, Settled, StuckCause};
pub use topology::{Edge, EdgeHealth, EdgeState, Place, Topology};

use super::clock::Stamp;
use super::registry::RegistryEndpoint;
use super::words::open_words;

open_words! {
    /// What starts a policy; also what started an execution.
    TriggerKind { Manual = "manual", Scheduled = "scheduled", Event = "event_based" }
}

/// When a policy runs by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    pub kind: TriggerKind,
    /// Six fields, seconds first, in UTC.
    pub cron: Option<Arc<str>>,
}

open_words! {
    /// What a filter looks at.
    FilterKind { Name = "name", Tag = "tag", Label = "label", Resource = "resource" }
}

/// Which of what it matches a filter keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decoration {
    #[default]
    Matches,
    Excludes,
}

/// One filter of a policy: doublestar patterns, or the names of labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    pub kind: FilterKind,
    pub decoration: Decoration,
    /// One pattern, or several label names. Empty means everything.
    pub values: Vec<Arc<str>>,
}

/// Which way a policy carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the Harbor that has the policy to the endpoint.
    Push,
    Pull,
}

/// A replication policy. Fields that came with later versions are `None` where an older Harbor leaves them out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub id: i64,
    pub name: Arc<str>,
    pub description: Option<Arc<str>>,
    pub direction: Direction,
    /// The other side; `None` where Harbor names none (both sides itself).
    pub peer: Option<Arc<RegistryEndpoint>>,
    pub namespace: Option<Arc<str>>,
    /// -1: flatten all (also when left out), 0: prefix, n: replace the first n components. Since 2.3.
    pub replace_count: Option<i8>,
    pub trigger: Trigger,
    pub filters: Vec<Filter>,
    /// Deletions are carried over too (event policies only).
    pub deletes: bool,
    /// An equal name with another digest at the target is overwritten; otherwise skipped, and called success.
    pub overrides: bool,
    pub enabled: bool,
    /// Kbps a task; `None` is unlimited (0 or -1 on the wire). Since 2.4.
    pub speed_kbps: Option<u32>,
    pub copy_by_chunk: Option<bool>,
    pub single_active: Option<bool>,
    pub created: Option<Stamp>,
    pub updated: Option<Stamp>,
}

impl Policy {
    /// Event policies fire on the local side only: one that pulls is accepted and never runs.
    #[must_use]
    pub fn never_fires(&self) -> bool {
        self.direction == Direction::Pull && self.trigger.kind == TriggerKind::Event
    }
}
