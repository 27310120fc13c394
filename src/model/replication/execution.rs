//! A run of a policy and its tasks, as Harbor tells them. What they mean is judged in planning.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::TriggerKind;
use crate::model::clock::Stamp;
use crate::model::words::open_words;

open_words! {
    /// What Harbor says of an execution. Refreshed every 30 s while the counts are live: trust the counts.
    ExecutionStatus { InProgress = "InProgress", Succeed = "Succeed", Failed = "Failed", Stopped = "Stopped" }
}

open_words! {
    /// What Harbor says of a task.
    TaskStatus { Pending = "Pending", InProgress = "InProgress", Succeed = "Succeed", Failed = "Failed", Stopped = "Stopped" }
}

open_words! {
    /// What a task does at the target.
    Operation { Copy = "copy", Deletion = "deletion", TagDeletion = "tag deletion" }
}

/// One run of a policy. The counts are of tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    pub id: i64,
    pub policy_id: i64,
    pub status: ExecutionStatus,
    /// Why it failed or had nothing to do; empty for most.
    pub status_text: Arc<str>,
    pub trigger: TriggerKind,
    pub started: Option<Stamp>,
    pub ended: Option<Stamp>,
    pub total: u32,
    pub succeed: u32,
    pub failed: u32,
    pub in_progress: u32,
    pub stopped: u32,
}

impl Execution {
    /// Tasks that have ended, well or not; a failed one may still be run again.
    #[must_use]
    pub fn finished(&self) -> u32 {
        self.succeed.saturating_add(self.failed).saturating_add(self.stopped)
    }
}

/// One task of an execution: a repository, or one event. Its tags and the cause of a failure are only in its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicationTask {
    pub id: i64,
    pub execution_id: i64,
    pub status: TaskStatus,
    pub job_id: Arc<str>,
    pub operation: Operation,
    /// `artifact`, `image`.
    pub resource_type: Arc<str>,
    /// As Harbor writes it: `payment/web [4 item(s) in total]`, `payment/web:[v1,v2]`.
    pub source: Arc<str>,
    pub target: Arc<str>,
    pub started: Option<Stamp>,
    pub ended: Option<Stamp>,
}

impl ReplicationTask {
    /// The repository at the source.
    #[must_use]
    pub fn source_repository(&self) -> &str {
        split_items(&self.source).0
    }

    /// The repository at the target.
    #[must_use]
    pub fn target_repository(&self) -> &str {
        split_items(&self.target).0
    }

    /// How many artifacts the task carries, where it says so.
    #[must_use]
    pub fn items(&self) -> Option<u32> {
        split_items(&self.source).1
    }
}

/// `payment/web [4 item(s) in total]` into the name and the count.
fn split_items(text: &str) -> (&str, Option<u32>) {
    if let Some((name, rest)) = text.rsplit_once(" [")
        && let Some((count, _)) = rest.split_once(" item")
        && let Ok(count) = count.parse()
    {
        return (name, Some(count));
    }
    match text.split_once(":[") {
        Some((name, tags)) => (name, u32::try_from(tags.trim_end_matches(']').split(',').filter(|t| !t.is_empty()).count()).ok()),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::split_items;

    #[test]
    fn resources_are_split_into_name_and_count() {
        assert_eq!(split_items("payment/core/api [1 item(s) in total]"), ("payment/core/api", Some(1)));
        assert_eq!(split_items("payment/web:[v1,v2]"), ("payment/web", Some(2)));
        assert_eq!(split_items("payment/web"), ("payment/web", None));
        assert_eq!(split_items("a [many items]"), ("a [many items]", None));
    }
}
