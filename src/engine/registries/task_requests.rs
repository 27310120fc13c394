//! What a person wants to see of a registry beyond its rounds: a few executions whose tasks are to be read now.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Executions that may wait; older requests fall off.
const MOST: usize = 16;

/// A short line of requests; the newest are kept.
#[derive(Debug, Default)]
pub(in crate::engine) struct TaskRequests {
    executions: Mutex<VecDeque<i64>>,
    bell: Notify,
}

impl TaskRequests {
    pub(in crate::engine) fn add(&self, execution: i64) {
        let mut line = self.executions.lock().unwrap_or_else(PoisonError::into_inner);
        if !line.contains(&execution) {
            line.push_back(execution);
        }
        while line.len() > MOST {
            line.pop_front();
        }
        self.bell.notify_one();
    }

    /// The next wish, as soon as there is one.
    pub(super) async fn next(&self) -> i64 {
        loop {
            let bell = self.bell.notified();
            if let Some(first) = self.executions.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
                return first;
            }
            bell.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wishes_come_in_order_once_and_are_bounded() {
        let task_requests = TaskRequests::default();
        for id in [1, 2, 1] {
            task_requests.add(id);
        }
        assert_eq!((task_requests.next().await, task_requests.next().await), (1, 2));
        for id in 0..40 {
            task_requests.add(id);
        }
        assert_eq!(task_requests.next().await, 24);
    }
}
