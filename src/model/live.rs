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
    /// What all running containers of the host use together; `None` until each has been measured once.
    pub usage: Option<Usage>,
}

/// Use of a place by its containers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Bytes.
    pub memory: u64,
    /// Cores and bytes of the hosts that were measured: what the use is a part of.
    pub cores: u64,
    pub memory_all: u64,
    /// Hosts measured, and hosts that run and are not measured yet.
    pub measured: u32,
    pub unmeasured: u32,
}

impl Usage {
    pub fn add(&mut self, other: &Usage) {
        self.cpu_milli += other.cpu_milli;
        self.memory += other.memory;
        self.cores += other.cores;
        self.memory_all += other.memory_all;
        self.measured += other.measured;
        self.unmeasured += other.unmeasured;
    }

    /// Percent of the measured cores in use, `None` where nothing was measured.
    #[must_use]
    pub fn cpu_percent(&self) -> Option<u64> {
        (self.cores > 0).then(|| self.cpu_milli / (self.cores * 10))
    }

    /// Percent of the measured memory in use.
    #[must_use]
    pub fn memory_percent(&self) -> Option<u64> {
        (self.memory_all > 0).then(|| self.memory.saturating_mul(100) / self.memory_all)
    }
}

/// IDC, cluster and pool of some hosts.
pub type Place = (Arc<str>, Option<Arc<str>>, Option<Arc<str>>);

impl HostLive {
    #[must_use]
    pub fn sample(&self, id: &ContainerId) -> Option<&Sample> {
        self.samples.binary_search_by(|(have, _)| have.cmp(id)).ok().map(|at| &self.samples[at].1)
    }
}

/// The samples of all hosts that have any, sorted by host name.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Use by pool, one row a place that has hosts; sum over them for clusters and IDCs.
    pub places: Arc<Vec<(Place, Usage)>>,
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
