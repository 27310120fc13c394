//! What a face asks of the engine. Plain data, so that the engine can one day live in another process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::endpoint::EndpointId;
use crate::model::host::ContainerId;
use crate::model::plan::{Plan, RunId};

/// One thing asked. A face sends it with `try_send`; full means busy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Ask these endpoints now, also those whose credential was refused: a person asks. Empty: all.
    Refresh { endpoints: Vec<EndpointId> },
    /// The containers on the screen: their figures come first.
    Visible { rows: Vec<(Arc<str>, ContainerId)> },
    /// Read the tasks of an execution of replication: a person wants to see them.
    ReadTasks { registry: Arc<str>, execution: i64 },
    /// Carry this plan out, if planning it again gives the same effects.
    Run { plan: Box<Plan>, revision: u64, reason: Option<Arc<str>> },
    /// Carry out what is open of an abandoned run.
    Resume { run: RunId },
    /// Leave what is open of an abandoned run.
    Abandon { run: RunId },
    /// Stop a running run after the steps that are under way.
    Cancel { run: RunId },
}

/// What became of a command, for a face that waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Taken,
    /// The run has begun, or has been given to a runner; its steps are followed in the Fleet's tasks.
    Begun(RunId),
}

/// A command on its way, with a way back where somebody waits.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) command: Command,
    pub(super) answer: Option<tokio::sync::oneshot::Sender<Result<Answer, crate::model::fault::Fault>>>,
}
