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
    /// Carry this plan out, if planning it again gives the same effects.
    Run { plan: Box<Plan>, revision: u64, reason: Option<Arc<str>> },
    /// Carry out what is open of an abandoned run.
    Resume { run: RunId },
    /// Leave what is open of an abandoned run.
    Abandon { run: RunId },
    /// Stop a running run after the steps that are under way.
    Cancel { run: RunId },
}
