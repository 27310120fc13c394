//! Clusters, their service pools, and the classes of machines in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cost::{Money, Per};

/// How a pool's containers are scheduled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoolEngine {
    #[default]
    Direct,
    Swarm,
}

/// What initialises the hosts of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoolInit {
    Ansible,
    Puppet,
}

/// What a pool may hold at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    pub cores: Option<u32>,
    /// Bytes.
    pub memory: Option<u64>,
    pub hosts: Option<u32>,
}

/// A service pool of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    pub name: Arc<str>,
    pub engine: PoolEngine,
    pub quota: Quota,
    /// The shared pool: spare machines of everyone.
    pub shared: bool,
    pub init: Option<PoolInit>,
    pub budget: Option<(Money, Per)>,
}

/// A cluster: usually one line of business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    pub name: Arc<str>,
    pub pools: Vec<Pool>,
}

/// A type of machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    pub name: Arc<str>,
    pub cores: u32,
    /// Bytes.
    pub memory: u64,
    /// What it is for: `minor`, `core`, ..
    pub tier: Option<Arc<str>>,
    /// Price of one machine an hour; `None` is "no price", never 0.
    pub hourly: Option<Money>,
}

/// Labels of hosts and containers, shared where they are equal.
pub type Labels = BTreeMap<Arc<str>, Arc<str>>;
