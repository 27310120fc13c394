//! A machine that runs containers, as declared and as its engine says it is.

mod container;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use container::{Container, ContainerId, ContainerState, Health, Port, SERVICE_LABELS};

use super::clock::Stamp;
use super::cluster::Labels;
use super::endpoint::{Address, Freshness};

/// A host that has been away this long is lost, not merely stale (milliseconds).
pub const LOST_AFTER_MS: u64 = 60_000;

/// A host as the config, an inventory or a cloud declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSpec {
    pub name: Arc<str>,
    pub idc: Arc<str>,
    pub cluster: Option<Arc<str>>,
    pub pool: Option<Arc<str>>,
    pub class: Option<Arc<str>>,
    pub address: Address,
    /// For init, batch releases and a shell: `ssh://user@host`.
    pub login: Option<Address>,
    pub labels: Arc<Labels>,
}

/// What `/version` and `/info` of the engine say. Every field is optional on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// `20.10.24`.
    pub engine: Option<Arc<str>>,
    /// The version negotiated for every request: `1.41`.
    pub api: Option<Arc<str>>,
    pub os: Option<Arc<str>>,
    pub kernel: Option<Arc<str>>,
    pub hostname: Option<Arc<str>>,
    pub cores: Option<u32>,
    /// Bytes.
    pub memory: Option<u64>,
    pub images: Option<u32>,
    /// `inactive`, `active`, `pending`, `locked`, `error`.
    pub swarm: Option<Arc<str>>,
    /// Warnings of the engine itself.
    pub warnings: Vec<Arc<str>>,
}

/// What to say of a host in one word. Never guessed: a host that was never reached is `Unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostState {
    /// Away for longer than [`LOST_AFTER_MS`], or never reached and failing.
    Lost,
    /// Not asked or not answered yet.
    Unknown,
    /// Was online and does not answer just now.
    Stale,
    Online,
}

/// A host: what was declared, what its engine says, and how fresh that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    pub spec: Arc<HostSpec>,
    pub facts: Arc<HostFacts>,
    /// Sorted by id. `None` until the engine has listed them once: unknown, not none.
    pub containers: Option<Vec<Arc<Container>>>,
    pub freshness: Freshness,
}

impl Host {
    /// A declared host that nobody has asked yet.
    #[must_use]
    pub fn declared(spec: Arc<HostSpec>) -> Self {
        Self { spec, facts: Arc::default(), containers: None, freshness: Freshness::default() }
    }

    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.spec.name
    }

    #[must_use]
    pub fn state(&self, now: Stamp) -> HostState {
        match (&self.freshness.fault, self.freshness.good_at, self.freshness.fault_since) {
            (None, None, _) => HostState::Unknown,
            (None, Some(_), _) if self.freshness.cached => HostState::Stale,
            (None, Some(_), _) => HostState::Online,
            (Some(_), Some(_), Some(since)) if now.since(since) < LOST_AFTER_MS => HostState::Stale,
            (Some(_), _, _) => HostState::Lost,
        }
    }

    /// Containers known, an empty slice where unknown: ask `containers.is_none()` before counting.
    #[must_use]
    pub fn known_containers(&self) -> &[Arc<Container>] {
        self.containers.as_deref().unwrap_or(&[])
    }

    #[must_use]
    pub fn container(&self, id: &ContainerId) -> Option<&Arc<Container>> {
        let all = self.known_containers();
        all.binary_search_by(|c| c.id.cmp(id)).ok().map(|at| &all[at])
    }

    /// Running containers, `None` where unknown.
    #[must_use]
    pub fn running(&self) -> Option<u32> {
        let all = self.containers.as_ref()?;
        u32::try_from(all.iter().filter(|c| c.state.is_up()).count()).ok()
    }
}
