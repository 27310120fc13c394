//! A registry: a Harbor or a plain distribution registry, as the config declares it.

mod facts;
mod holdings;
mod peer;
mod question;
mod refusals;
mod sweep;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use facts::{
    AuthMode, Claim, CurrentUser, HealthClaim, Identity, PartHealth, Permission, PermissionCatalogue, Setting, Statistics, SystemFacts,
    Volume,
};
pub use holdings::{Holdings, JudgedExecution, Peer, ProjectHoldings, ProjectPart, RegistryFact, RepositoryHoldings};
pub use peer::{AdapterKind, EndpointPowers, RegistryEndpoint};
pub use question::{Level, Question};
pub use sweep::{ChangedList, Changes, Follows, SweepCursor, WholeBecause};

use super::endpoint::Freshness;

/// Which API a registry has beside `/v2/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistryKind {
    Harbor,
    Oci,
}

/// A registry as declared. Credentials are not here: the Fleet holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrySpec {
    pub name: Arc<str>,
    pub idc: Arc<str>,
    pub kind: RegistryKind,
    /// Where Wharf speaks to it, without a trailing slash.
    pub url: Arc<str>,
    /// The name that hosts pull by: `host[:port]`.
    pub pull: Arc<str>,
    /// Other addresses under which its peers know it.
    pub aliases: Vec<Arc<str>>,
    /// What to look at where the registry has no catalogue.
    pub repositories: Vec<Arc<str>>,
    /// Registries of one group should be equal.
    pub group: Option<Arc<str>>,
}

/// A registry: what was declared, what it holds, and how fresh that is.
#[derive(Clone, Debug)]
pub struct Registry {
    pub spec: Arc<RegistrySpec>,
    pub freshness: Freshness,
    pub holdings: Arc<Holdings>,
}
