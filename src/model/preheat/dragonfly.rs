//! A Dragonfly network as its manager tells it: clusters, schedulers, peers, and what its jobs have warmed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::clock::Stamp;
use crate::model::words::open_words;

open_words! {
    /// The state of a job. SUCCESS is reported up to 5 minutes late, and also of a file that does not exist.
    DragonflyState { Pending = "PENDING", Started = "STARTED", Success = "SUCCESS", Failure = "FAILURE" }
}

/// A cluster: a scheduler cluster with its seed peers, and which IDC it is meant for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmCluster {
    pub id: i64,
    pub name: Arc<str>,
    /// The manager's own mapping to IDCs, `a|b`; often empty.
    pub idc: Option<Arc<str>>,
    pub location: Option<Arc<str>>,
    pub cidrs: Vec<Arc<str>>,
    pub scheduler_cluster: i64,
    pub seed_peer_cluster: i64,
    pub default: bool,
}

/// A scheduler cluster alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulerCluster {
    pub id: i64,
    pub name: Arc<str>,
    pub default: bool,
    pub seed_peer_clusters: Vec<i64>,
}

/// A seed peer cluster alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedPeerCluster {
    pub id: i64,
    pub name: Arc<str>,
}

/// A scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduler {
    pub id: i64,
    pub host: Arc<str>,
    pub ip: Arc<str>,
    pub port: u16,
    pub idc: Option<Arc<str>>,
    pub location: Option<Arc<str>>,
    /// `active` or `inactive`.
    pub state: Arc<str>,
    pub features: Vec<Arc<str>>,
    pub kept_alive: Option<Stamp>,
    pub scheduler_cluster: i64,
}

/// A peer or a seed peer. The list is filled by `sync_peers` jobs and may be old.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    pub id: i64,
    pub host: Arc<str>,
    /// `normal`, or `super`, `strong`, `weak` for seeds.
    pub kind: Arc<str>,
    pub ip: Arc<str>,
    pub port: u16,
    pub idc: Option<Arc<str>>,
    pub location: Option<Arc<str>>,
    pub state: Arc<str>,
    pub version: Option<Arc<str>>,
    /// Of the scheduler for peers, of the seed peers for seeds.
    pub cluster: i64,
    pub updated: Option<Stamp>,
}

/// One blob at one peer, as a job reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerTask {
    pub url: Arc<str>,
    pub host: Arc<str>,
    pub ip: Arc<str>,
    /// Why it failed; `None` where it succeeded.
    pub failure: Option<Arc<str>>,
    pub scheduler_cluster: i64,
}

/// A job of the manager. Its arguments hold credentials, which are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DragonflyJob {
    pub id: i64,
    /// `preheat`, `sync_peers`, `get_task`, `delete_task`, ..
    pub kind: Arc<str>,
    pub state: DragonflyState,
    /// What it fetches; without a query, which may be signed.
    pub url: Option<Arc<str>>,
    pub scope: Option<Arc<str>>,
    pub tasks: Vec<PeerTask>,
    pub errors: Vec<Arc<str>>,
    pub created: Option<Stamp>,
    pub updated: Option<Stamp>,
    pub scheduler_clusters: Vec<i64>,
}

impl DragonflyJob {
    /// Says success and no peer holds anything: nothing was warmed.
    #[must_use]
    pub fn is_hollow(&self) -> bool {
        self.state == DragonflyState::Success && &*self.kind == "preheat" && !self.tasks.iter().any(|t| t.failure.is_none())
    }
}

/// Which layers of an image a peer holds. Seed peers are never listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerLayers {
    pub host: Arc<str>,
    pub ip: Arc<str>,
    pub layers: Vec<Arc<str>>,
    pub scheduler_cluster: i64,
}

/// Where an image is warm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    pub layers: Vec<Arc<str>>,
    pub peers: Vec<PeerLayers>,
}

/// A user of the manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DragonflyUser {
    pub id: i64,
    pub name: Arc<str>,
    pub state: Arc<str>,
}

/// A personal access token, without the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    pub id: i64,
    pub name: Arc<str>,
    pub scopes: Vec<Arc<str>>,
    pub state: Arc<str>,
    pub expires: Option<Stamp>,
}

/// A row of the manager's audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DragonflyAudit {
    pub id: i64,
    pub at: Option<Stamp>,
    pub actor: Arc<str>,
    pub operation: Arc<str>,
    pub path: Arc<str>,
    pub status: u16,
}
