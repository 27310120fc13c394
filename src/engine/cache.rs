//! The last known hosts, kept in the journal for an instant start.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::tasks::log_fault;
use crate::journal::Journal;
use crate::model::fleet::Fleet;
use crate::model::report::Report;

/// Between two savings at least, and after the start.
const SAVE_EVERY: Duration = Duration::from_mins(1);

/// Loads at the start, saves now and then and at the end.
#[derive(Clone, Debug)]
pub(super) struct HostCacheWriter {
    journal: Journal,
    fleet: watch::Receiver<Arc<Fleet>>,
}

impl HostCacheWriter {
    pub(super) fn new(journal: Journal, fleet: watch::Receiver<Arc<Fleet>>) -> Self {
        Self { journal, fleet }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(self, reports: mpsc::Sender<Report>) {
        match self.journal.load_hosts().await {
            Ok(hosts) if hosts.is_empty() => {}
            Ok(hosts) => drop(reports.send(Report::Cached(hosts)).await),
            Err(fault) => log_fault("loading the cache", &fault),
        }
        drop(reports);
        let mut saved = 0;
        loop {
            tokio::time::sleep(SAVE_EVERY).await;
            let revision = self.fleet.borrow().revision;
            if revision != saved {
                self.save_now().await;
                saved = revision;
            }
        }
    }

    /// Saves the hosts that have answered in this life; a Fleet that has heard nothing must not wipe what was known.
    pub(super) async fn save_now(&self) {
        let fleet = Arc::clone(&self.fleet.borrow());
        if !fleet.hosts.iter().any(|h| h.freshness.good_at.is_some() && !h.freshness.cached) {
            return;
        }
        if let Err(fault) = self.journal.save_hosts(&fleet.hosts).await {
            log_fault("saving the cache", &fault);
        }
    }
}
