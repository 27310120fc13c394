//! What an endpoint said, at a generation; and the other facts that change the Fleet.

use std::sync::Arc;

use super::clock::Stamp;
use super::cluster::{Class, Cluster};
use super::endpoint::EndpointId;
use super::fault::Fault;
use super::host::{Container, ContainerId, Host, HostFacts, HostSpec};
use super::idc::Idc;
use super::registry::{RegistryFact, RegistrySpec};
use super::run::{Notice, RunChange};

/// All that is declared: the nouns of the config, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    pub idcs: Vec<Arc<Idc>>,
    pub classes: Vec<Arc<Class>>,
    pub clusters: Vec<Arc<Cluster>>,
    pub hosts: Vec<Arc<HostSpec>>,
    pub registries: Vec<Arc<RegistrySpec>>,
}

/// One thing an endpoint said.
#[derive(Clone, Debug)]
pub enum Fact {
    /// It answered, and nothing else is new.
    Answered,
    /// It failed. The old values stay, marked stale.
    Failed(Fault),
    /// Engine and machine.
    Host(HostFacts),
    /// The whole list of containers.
    Containers(Vec<Container>),
    /// Some containers as they are now, and some that are gone.
    Changed { now: Vec<Container>, gone: Vec<ContainerId> },
    /// A registry said something.
    Registry(Box<RegistryFact>),
}

/// A change of the Fleet. [`super::fleet::Fleet::apply`] folds it in.
#[derive(Clone, Debug)]
pub enum Report {
    /// From an endpoint. Refused when the generation is not the endpoint's newest.
    Endpoint {
        endpoint: EndpointId,
        generation: u64,
        at: Stamp,
        fact: Fact,
    },
    /// The config was loaded: what is no longer declared goes, what is new comes, the rest keeps its facts.
    Site(Box<Site>),
    /// A broken edit of the config (the old one stays), or `None` when it is mended.
    ConfigFault(Option<Arc<Fault>>),
    /// The last known hosts of an earlier run. Only hosts that are declared and have no facts yet take them.
    Cached(Vec<Host>),
    /// What changed in a run.
    Run(Box<RunChange>),
    Notice(Notice),
}
