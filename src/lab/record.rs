//! What an endpoint of the lab was asked: a bounded list that tests read, to prove what left the console and what did not.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::clock::Stamp;

use super::trouble::lock;

/// Requests kept for each endpoint; older ones are only counted.
pub const KEPT: usize = 2_000;

/// One request as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its place among all requests of the lab.
    pub order: u64,
    pub at: Stamp,
    pub method: String,
    pub path: String,
    /// Without the question mark, empty where there was none.
    pub query: String,
}

/// The requests of one endpoint.
#[derive(Debug, Default)]
pub struct Record {
    kept: Mutex<VecDeque<Asked>>,
    seen: AtomicU64,
}

impl Record {
    pub fn note(&self, asked: Asked) {
        self.seen.fetch_add(1, Ordering::Relaxed);
        let mut kept = lock(&self.kept);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(asked);
    }

    /// The newest requests, oldest first.
    pub fn requests(&self) -> Vec<Asked> {
        lock(&self.kept).iter().cloned().collect()
    }

    /// All requests ever, those no longer kept too.
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// Forgets what was kept and counted.
    pub fn forget(&self) {
        lock(&self.kept).clear();
        self.seen.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_the_count_is_not() {
        let record = Record::default();
        for order in 0..=KEPT as u64 {
            record.note(Asked { order, at: Stamp(0), method: "GET".into(), path: "/_ping".into(), query: String::new() });
        }
        assert_eq!(record.requests().len(), KEPT);
        assert_eq!(record.requests()[0].order, 1);
        assert_eq!(record.seen(), KEPT as u64 + 1);
    }
}
