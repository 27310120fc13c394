//! What is to happen to containers by itself: one queue for the whole lab.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::lab::trouble::lock;

use super::sim_container::{Id, Nanos};

/// What happens to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum What {
    Start,
    End(Ending),
    /// The patience of `stop` is at its end.
    Kill,
    Probe,
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Ending {
    pub(super) code: i32,
    /// For want of memory.
    pub(super) oom: bool,
}

/// Something that is due.
#[derive(Clone, Copy, Debug)]
pub(in crate::lab) struct Due {
    pub(in crate::lab) at: Nanos,
    /// The twin's place in the lab.
    pub(in crate::lab) twin: usize,
    pub(super) id: Id,
    /// Void when the container has been started since.
    pub(super) run: u32,
    pub(super) what: What,
}

/// Everything that is due, earliest first.
#[derive(Debug, Default)]
pub(in crate::lab) struct Agenda {
    heap: Mutex<BinaryHeap<Reverse<ByTime>>>,
    /// Rung when something has been added.
    pub(in crate::lab) bell: Notify,
}

impl Agenda {
    pub(super) fn add(&self, due: Due) {
        lock(&self.heap).push(Reverse(ByTime(due)));
        self.bell.notify_one();
    }

    /// The next thing whose time has come.
    pub(in crate::lab) fn take(&self, now: Nanos) -> Option<Due> {
        let mut heap = lock(&self.heap);
        let ripe = heap.peek().is_some_and(|Reverse(first)| first.0.at <= now);
        if ripe { heap.pop().map(|Reverse(first)| first.0) } else { None }
    }

    /// When the next thing is due.
    pub(in crate::lab) fn next(&self) -> Option<Nanos> {
        lock(&self.heap).peek().map(|Reverse(first)| first.0.at)
    }
}

#[derive(Debug)]
struct ByTime(Due);

impl Ord for ByTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.at.cmp(&other.0.at)
    }
}

impl PartialOrd for ByTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByTime {
    fn eq(&self, other: &Self) -> bool {
        self.0.at == other.0.at
    }
}

impl Eq for ByTime {}
