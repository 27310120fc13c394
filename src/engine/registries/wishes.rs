//! What a person wants to see of a registry beyond its rounds: a few executions whose tasks are to be read now.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// Executions that may wait; older wishes fall off.
const MOST: usize = 16;

/// A short line of wishes; the newest are kept.
#[derive(Debug, Default)]
pub(in crate::engine) struct Wishes {
    executions: Mutex<VecDeque<i64>>,
    bell: Notify,
}

impl Wishes {
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
        let wishes = Wishes::default();
        for id in [1, 2, 1] {
            wishes.add(id);
        }
        assert_eq!((wishes.next().await, wishes.next().await), (1, 2));
        for id in 0..40 {
            wishes.add(id);
        }
        assert_eq!(wishes.next().await, 24);
    }
}
