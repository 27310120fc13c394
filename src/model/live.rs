//! Live figures of containers: CPU, memory, network. Not in the Fleet; published on a watch of their own.

use std::sync::Arc;

use super::clock::Stamp;
use super::host::ContainerId;

/// One measurement of one container, rates over the time since the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: Stamp,
    /// Thousandths of one core: 1000 is one core busy. `None` until two measurements make a rate.
    pub cpu_milli: Option<u32>,
    /// Bytes in use without the page cache, as `docker stats` counts.
    pub memory: u64,
    /// Bytes it may use; the host's memory where it has no limit.
    pub memory_limit: u64,
    /// Bytes a second received and sent.
    pub rx: Option<u64>,
    pub tx: Option<u64>,
}

/// The samples of one host, sorted by container id.
#[derive(Clone, Debug, Default)]
pub struct HostLive {
    pub samples: Vec<(ContainerId, Sample)>,
}

impl HostLive {
    #[must_use]
    pub fn sample(&self, id: &ContainerId) -> Option<&Sample> {
        self.samples.binary_search_by(|(have, _)| have.cmp(id)).ok().map(|at| &self.samples[at].1)
    }
}

/// The samples of all hosts that have any, sorted by host name.
#[derive(Clone, Debug, Default)]
pub struct Live {
    hosts: Vec<(Arc<str>, Arc<HostLive>)>,
}

impl Live {
    #[must_use]
    pub fn host(&self, name: &str) -> Option<&Arc<HostLive>> {
        self.hosts.binary_search_by(|(have, _)| (**have).cmp(name)).ok().map(|at| &self.hosts[at].1)
    }

    /// Puts a host's samples in the place of its former ones.
    pub fn put(&mut self, name: &Arc<str>, live: Arc<HostLive>) {
        match self.hosts.binary_search_by(|(have, _)| (**have).cmp(name)) {
            Ok(at) => self.hosts[at].1 = live,
            Err(at) => self.hosts.insert(at, (Arc::clone(name), live)),
        }
    }

    /// Forgets a host that is gone.
    pub fn remove(&mut self, name: &str) {
        if let Ok(at) = self.hosts.binary_search_by(|(have, _)| (**have).cmp(name)) {
            self.hosts.remove(at);
        }
    }
}
