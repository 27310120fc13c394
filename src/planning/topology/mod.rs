//! The topology of replication: edges from the policies of all Harbors, dual masters, rings, and how each edge does.

mod addresses;
mod health;
mod shape;

use std::sync::Arc;

use crate::model::registry::{Holdings, JudgedExecution, Peer, Registry};
use crate::model::replication::{Direction, Edge, PeerVerdict, Place, Policy, Topology};

use addresses::Addresses;

/// The topology kept beside the keeper: a registry whose policies, peers and runs are the same ones as before costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Edges {
    /// In the order of the Fleet's registries.
    sources: Vec<Source>,
    topology: Arc<Topology>,
}

/// What the edges of one registry were made from.
#[derive(Clone, Debug, Default)]
struct Source {
    name: Arc<str>,
    policies: Vec<Arc<Policy>>,
    peers: Vec<Peer>,
    runs: Option<Vec<Arc<JudgedExecution>>>,
    /// What it says it is called.
    addresses: [Option<Arc<str>>; 2],
    edges: Vec<Edge>,
}

impl Source {
    fn of(registry: &Registry) -> Self {
        let holdings = &registry.holdings;
        Self {
            name: Arc::clone(&registry.spec.name),
            policies: holdings.policies.clone().unwrap_or_default(),
            peers: holdings.peers.clone().unwrap_or_default(),
            runs: holdings.runs.clone(),
            addresses: told_addresses(holdings),
            edges: Vec::new(),
        }
    }

    fn is_same(&self, holdings: &Holdings) -> bool {
        let policies = holdings.policies.as_deref().unwrap_or_default();
        is_shared(&self.policies, policies)
            && self.peers == holdings.peers.as_deref().unwrap_or_default()
            && match (&self.runs, &holdings.runs) {
                (Some(was), Some(is)) => is_shared(was, is),
                (was, is) => was.is_none() && is.is_none(),
            }
    }
}

impl Edges {
    #[must_use]
    pub fn of(registries: &[Arc<Registry>]) -> Self {
        let mut edges = Self { sources: registries.iter().map(|r| Source::of(r)).collect(), topology: Arc::default() };
        let addresses = Addresses::of(registries);
        for source in &mut edges.sources {
            source.edges = edges_of(source, &addresses);
        }
        edges.assemble();
        edges
    }

    /// Takes up what changed of one registry. True when the topology is another one now.
    pub fn change(&mut self, registries: &[Arc<Registry>], index: usize) -> bool {
        let Some(registry) = registries.get(index) else { return false };
        match self.sources.get_mut(index) {
            Some(source) if source.name == registry.spec.name && source.addresses == told_addresses(&registry.holdings) => {
                if source.is_same(&registry.holdings) {
                    return false;
                }
                *source = Source::of(registry);
                source.edges = edges_of(source, &Addresses::of(registries));
            }
            // Another list of registries, or one calls itself otherwise: any edge may lead elsewhere now.
            _ => {
                let old = std::mem::replace(self, Self::of(registries));
                return old.topology != self.topology;
            }
        }
        let old = Arc::clone(&self.topology);
        self.assemble();
        if *old == *self.topology {
            self.topology = old;
            return false;
        }
        true
    }

    #[must_use]
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    fn assemble(&mut self) {
        let edges: Vec<Edge> = self.sources.iter().flat_map(|source| source.edges.iter().cloned()).collect();
        let (pairs, rings) = shape::of(&edges);
        self.topology = Arc::new(Topology { edges, pairs, rings });
    }
}

fn told_addresses(holdings: &Holdings) -> [Option<Arc<str>>; 2] {
    holdings.system.as_ref().map_or([None, None], |system| [system.external_url.clone(), system.registry_url.clone()])
}

/// Whether two lists share their rows.
fn is_shared<T: PartialEq>(was: &[Arc<T>], is: &[Arc<T>]) -> bool {
    was.len() == is.len() && was.iter().zip(is).all(|(a, b)| Arc::ptr_eq(a, b) || a == b)
}

fn edges_of(source: &Source, addresses: &Addresses) -> Vec<Edge> {
    source.policies.iter().map(|policy| edge_of(source, policy, addresses)).collect()
}

fn edge_of(source: &Source, policy: &Arc<Policy>, addresses: &Addresses) -> Edge {
    let here = Place::Registry(Arc::clone(&source.name));
    let there = match &policy.peer {
        None => here.clone(),
        Some(endpoint) => match addresses.registry(&endpoint.url) {
            Some(name) => Place::Registry(Arc::clone(name)),
            None => Place::Outside(Arc::clone(&endpoint.url)),
        },
    };
    let known = policy.peer.as_ref().and_then(|endpoint| source.peers.iter().find(|peer| peer.endpoint.id == endpoint.id));
    let verdict = known.map_or(PeerVerdict::Unknown, |peer| peer.verdict);
    let (from, to) = if policy.direction == Direction::Push { (here, there) } else { (there, here) };
    let health = health::health(policy, verdict, source.runs.as_deref());
    Edge { registry: Arc::clone(&source.name), policy: Arc::clone(policy), from, to, verdict, health }
}

#[cfg(test)]
mod tests;
