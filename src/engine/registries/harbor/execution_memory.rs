//! What is remembered of a registry's executions from one round to the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::replication::{Cause, Execution, ReplicationTask};

/// What is remembered from one round to the next.
#[derive(Debug, Default)]
pub(super) struct ExecutionMemory {
    /// What the log of a failed execution told, by the execution's id: it does not change once the execution is over.
    pub(super) causes: BTreeMap<i64, (Option<Cause>, Arc<Vec<ReplicationTask>>)>,
    /// Policies that are on, by their ids.
    pub(super) policies: Vec<i64>,
    /// The last executions of policies that ran too long ago to be among the newest of all: they change only by running again.
    pub(super) older: BTreeMap<i64, Vec<Execution>>,
}
