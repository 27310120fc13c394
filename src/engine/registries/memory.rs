//! What registries held in an earlier life, read when a talk begins and written while nobody waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};

use crate::engine::tasks::log_fault;
use crate::journal::{Journal, Remembered, Saved};
use crate::model::fleet::Fleet;
use crate::model::registry::RegistrySpec;

/// Between two savings.
const SAVE_EVERY: Duration = Duration::from_mins(1);

/// The registries' part of the cache. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Memory {
    journal: Journal,
    fleet: watch::Receiver<Arc<Fleet>>,
    saved: Arc<Mutex<SavedByName>>,
}

/// By name: the address it is of, and what is known to be in the file.
type SavedByName = BTreeMap<Arc<str>, (Arc<str>, Saved)>;

impl Memory {
    pub(in crate::engine) fn new(journal: Journal, fleet: watch::Receiver<Arc<Fleet>>) -> Self {
        Self { journal, fleet, saved: Arc::default() }
    }

    /// What is kept of this registry at this address.
    pub(super) async fn load(&self, spec: &RegistrySpec) -> Option<Remembered> {
        let found = match self.journal.load_registry(&spec.name, &spec.url).await {
            Ok(found) => found?,
            Err(fault) => {
                log_fault("loading what a registry held", &fault);
                return None;
            }
        };
        let saved = Saved::loaded(Arc::new(found.holdings.clone()));
        self.saved.lock().await.insert(Arc::clone(&spec.name), (Arc::clone(&spec.url), saved));
        Some(found)
    }

    /// Saves now and then until it is dropped.
    pub(in crate::engine) async fn run(self) {
        loop {
            tokio::time::sleep(SAVE_EVERY).await;
            self.save_now().await;
        }
    }

    /// Saves what changed of those registries that have answered in this life.
    pub(in crate::engine) async fn save_now(&self) {
        let fleet = Arc::clone(&self.fleet.borrow());
        let mut all = self.saved.lock().await;
        for registry in &fleet.registries {
            let (spec, freshness) = (&registry.spec, &registry.freshness);
            if freshness.good_at.is_none() || freshness.cached {
                continue;
            }
            let entry = all.entry(Arc::clone(&spec.name)).or_insert_with(|| (Arc::clone(&spec.url), Saved::default()));
            if entry.0 != spec.url {
                *entry = (Arc::clone(&spec.url), Saved::default());
            }
            let now = (&registry.holdings, freshness.good_at);
            if let Err(fault) = self.journal.save_registry(&spec.name, &spec.url, now, &mut entry.1).await {
                log_fault("saving what a registry holds", &fault);
                entry.1 = Saved::default();
            }
        }
    }
}
