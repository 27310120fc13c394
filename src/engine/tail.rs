//! Long output as a bounded tail that a face watches; dropping it cancels the task behind it.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::host::ContainerId;
use crate::model::plan::RunId;

/// Lines kept of one tail; older ones fall off and are counted.
pub const TAIL_LINES: usize = 10_000;

/// What to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TailAsk {
    /// The logs of some containers, merged by time where they have one. `since` and `follow` as `docker logs`.
    Logs { containers: Vec<(Arc<str>, ContainerId)>, since: Option<Stamp>, last: u32, follow: bool },
    /// The engine's own inspection of one container as pretty JSON, environment values masked.
    Inspect { host: Arc<str>, id: ContainerId },
    /// The log of a task of replication, whole, as its Harbor has it.
    ReplicationTask { registry: Arc<str>, execution: i64, task: i64 },
    /// A run: each step, its request, its ending.
    Run { run: RunId },
}

/// One line of output, washed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TailLine {
    pub at: Option<Stamp>,
    /// `host/container`, shared by its lines; empty where there is one source only.
    pub source: Arc<str>,
    pub is_error: bool,
    pub text: Box<str>,
}

/// The newest lines and what is missing before them.
#[derive(Clone, Debug, Default)]
pub struct TailText {
    /// Chunks of lines in order; a publication shares all but the newest.
    pub chunks: VecDeque<Arc<Vec<TailLine>>>,
    pub lines: usize,
    /// Lines that fell off or were skipped because they came too fast or were too long.
    pub dropped: u64,
    /// Sources that failed, each with its fault.
    pub faults: Vec<Arc<Fault>>,
    /// Everything asked for has been shown; nothing more comes.
    pub ended: bool,
}

/// A tail as a face holds it. Dropping it cancels what feeds it.
#[derive(Debug)]
pub struct Tail {
    pub text: watch::Receiver<Arc<TailText>>,
    _cancel: DropGuard,
}

impl Tail {
    pub(super) fn new(text: watch::Receiver<Arc<TailText>>, cancel: CancellationToken) -> Self {
        Self { text, _cancel: cancel.drop_guard() }
    }
}
