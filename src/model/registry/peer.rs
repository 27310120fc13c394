//! A registry as another registry knows it: the endpoints that a Harbor replicates with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::facts::Claim;
use crate::model::clock::Stamp;
use crate::model::words::open_words;

open_words! {
    /// Which adapter a Harbor uses for an endpoint.
    AdapterKind { Harbor = "harbor", Distribution = "docker-registry", DockerHub = "docker-hub" }
}

/// One of a Harbor's own registry endpoints. `claim` keeps its last value when the peer is unreachable: ask it yourself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryEndpoint {
    /// 0 is the Harbor itself ("Local").
    pub id: i64,
    pub name: Arc<str>,
    pub kind: AdapterKind,
    pub url: Arc<str>,
    pub insecure: bool,
    /// True where it carries a CA of its own (2.15 and newer say so).
    pub own_ca: bool,
    pub description: Option<Arc<str>>,
    /// The account that its writes appear under at the peer. The secret never leaves Harbor.
    pub account: Option<Arc<str>>,
    pub claim: Claim,
    pub created: Option<Stamp>,
    pub updated: Option<Stamp>,
}

/// What can be replicated with an endpoint: `GET /registries/{id}/info`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointPowers {
    pub kind: AdapterKind,
    /// `name`, `tag`, `label`, `resource`.
    pub filters: Vec<Arc<str>>,
    /// `manual`, `scheduled`; `event_based` on the local side only.
    pub triggers: Vec<Arc<str>>,
    pub copy_by_chunk: bool,
}
