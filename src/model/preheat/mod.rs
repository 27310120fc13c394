//! P2P preheat: what a Harbor tells its peer network to fetch ahead, and the network itself.

mod dragonfly;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use dragonfly::{
    AccessToken, Distribution, DragonflyAudit, DragonflyJob, DragonflyState, DragonflyUser, Peer, PeerLayers, PeerTask, Scheduler,
    SchedulerCluster, SeedPeerCluster, WarmCluster,
};

use super::clock::Stamp;
use super::replication::Trigger;
use super::words::open_words;

open_words! {
    /// The jobservice's words, which are not replication's.
    JobStatus {
        Pending = "Pending",
        Scheduled = "Scheduled",
        Running = "Running",
        Success = "Success",
        Error = "Error",
        Stopped = "Stopped",
    }
}

/// A kind of peer network that a Harbor can drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreheatProvider {
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub version: Option<Arc<str>>,
}

/// A peer network that a Harbor is connected to. Harbor's own status is always "Unknown" here: ping it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreheatInstance {
    pub id: i64,
    pub name: Arc<str>,
    pub description: Option<Arc<str>>,
    pub vendor: Arc<str>,
    pub endpoint: Arc<str>,
    /// `NONE`, `BASIC`, `OAUTH`, `CUSTOM`. The credential itself is not told.
    pub auth_mode: Arc<str>,
    pub enabled: bool,
    pub default: bool,
    pub insecure: bool,
    pub claim: Arc<str>,
    pub set_up: Option<Stamp>,
}

/// A filter of a preheat policy: `repository`, `tag`, `label`, `signature`, `vulnerability`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreheatFilter {
    pub kind: Arc<str>,
    pub value: Arc<str>,
}

/// What a project wants fetched ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreheatPolicy {
    pub id: i64,
    pub name: Arc<str>,
    pub description: Option<Arc<str>>,
    pub project_id: i64,
    pub provider_id: i64,
    pub provider_name: Option<Arc<str>>,
    pub filters: Vec<PreheatFilter>,
    pub trigger: Trigger,
    pub enabled: bool,
    /// `single_seed_peer`, `all_seed_peers`, `all_peers`.
    pub scope: Option<Arc<str>>,
    pub clusters: Vec<i64>,
    pub created: Option<Stamp>,
    pub updated: Option<Stamp>,
}

/// Tasks of an execution by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobCounts {
    pub total: u32,
    pub success: u32,
    pub error: u32,
    pub pending: u32,
    pub running: u32,
    pub scheduled: u32,
    pub stopped: u32,
}

/// A run of a preheat policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreheatExecution {
    pub id: i64,
    pub policy_id: i64,
    pub status: JobStatus,
    pub message: Option<Arc<str>>,
    pub trigger: Arc<str>,
    pub counts: JobCounts,
    pub started: Option<Stamp>,
    pub ended: Option<Stamp>,
}

/// One artifact of a preheat run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreheatTask {
    pub id: i64,
    pub execution_id: i64,
    pub status: JobStatus,
    pub message: Option<Arc<str>>,
    pub runs: u32,
    /// `payment/web:v1`.
    pub artifact: Option<Arc<str>>,
    /// What the tag was when the run was made; it may have moved since.
    pub digest: Option<Arc<str>>,
    pub started: Option<Stamp>,
    pub ended: Option<Stamp>,
}
