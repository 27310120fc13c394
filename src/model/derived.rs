//! What is computed from the Fleet beside the keeper and published with it: sums by place, and what needs a person.

use std::sync::Arc;

use serde::Serialize;

use super::clock::Stamp;
use super::cost::CostSum;
use super::plan::RunId;
use super::replication::Topology;
use super::run::Severity;
use super::text::Text;
use super::union::{Person, ProjectUnion};

/// Sums over some hosts. What is unknown is counted apart and never added as 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rollup {
    pub hosts: u32,
    /// Hosts that answer now.
    pub up: u32,
    pub lost: u32,
    /// Hosts whose containers were never listed: the counts below leave them out.
    pub unlisted: u32,
    /// Machines a class, in the order of the class names; hosts without a class are not in it.
    pub classes: Vec<(Arc<str>, u32)>,
    /// Cores and bytes, by what the engine says, else by the class.
    pub cores: u32,
    pub memory: u64,
    /// Hosts with neither: the sums above leave them out.
    pub unsized_hosts: u32,
    pub containers: u32,
    pub running: u32,
    /// Hourly.
    pub cost: CostSum,
}

/// A pool in one IDC; `name` is `None` for hosts that belong to no pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolRollup {
    pub name: Option<Arc<str>>,
    pub shared: bool,
    pub sum: Rollup,
    /// Indices into the same Fleet's `hosts`, ascending.
    pub hosts: Vec<u32>,
}

/// A cluster's part in one IDC; `name` is `None` for hosts that belong to no cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClusterRollup {
    pub name: Option<Arc<str>>,
    pub sum: Rollup,
    pub pools: Vec<PoolRollup>,
}

/// One IDC of the tree IDC > cluster > pool > host, in the order of the config.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IdcRollup {
    pub name: Arc<str>,
    pub sum: Rollup,
    pub clusters: Vec<ClusterRollup>,
}

/// Where a person goes to mend something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttentionTarget {
    /// Hosts of one IDC, by name.
    Hosts {
        idc: Arc<str>,
        names: Vec<Arc<str>>,
    },
    /// Containers, by `host/name`.
    Containers {
        names: Vec<Arc<str>>,
    },
    Registry {
        name: Arc<str>,
        matter: RegistryIssue,
    },
    /// Edges of replication: the registry that has the policy, and the policy's id.
    Edges {
        of: Vec<(Arc<str>, i64)>,
    },
    /// The queue that a registry's replication waits in.
    Queue {
        registry: Arc<str>,
    },
    /// Robots that have come, or soon come, to their end.
    Robots {
        end: Arc<str>,
    },
    /// Projects over several registries, by name.
    Projects {
        names: Vec<Arc<str>>,
    },
    Run {
        id: RunId,
    },
    Config,
    Nothing,
}

/// What about a registry needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistryIssue {
    /// It does not answer, or refuses us.
    Away,
    ReadOnly,
    Clock,
    /// It refuses a question.
    Denied,
}

impl RegistryIssue {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::ReadOnly => "read_only",
            Self::Clock => "clock",
            Self::Denied => "denied",
        }
    }
}

/// One row of "needs attention": many of one cause are one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attention {
    pub severity: Severity,
    /// The IDC it is in, where it is in one.
    pub idc: Option<Arc<str>>,
    pub text: Text,
    pub since: Option<Stamp>,
    pub about: AttentionTarget,
}

/// Everything derived from one Fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Derived {
    pub total: Rollup,
    pub idcs: Vec<IdcRollup>,
    /// By severity, then age.
    pub attention: Vec<Attention>,
    /// Endpoints that are failing now.
    pub faults: u32,
    /// Who replicates to whom, and how that goes.
    pub topology: Arc<Topology>,
    /// When the attention list was last not empty.
    pub last_trouble: Option<Stamp>,
    /// Projects over all registries, sorted by name.
    #[serde(skip)]
    pub projects: Arc<Vec<Arc<ProjectUnion>>>,
    /// People over all registries, sorted by name.
    #[serde(skip)]
    pub people: Arc<Vec<Person>>,
}
