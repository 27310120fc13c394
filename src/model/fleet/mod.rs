//! The world as this console knows it, and the pure fold that changes it.

mod facts;
mod merge;
mod registries;

use std::collections::VecDeque;
use std::sync::Arc;

use super::clock::Stamp;
use super::cluster::{Class, Cluster};
use super::derived::Derived;
use super::endpoint::{EndpointId, EndpointKind, Freshness};
use super::fault::Fault;
use super::host::{Container, ContainerId, Host};
use super::idc::Idc;
use super::registry::{Registry, RegistryFact};
use super::report::{Fact, Report, Site};
use super::run::{Notice, Run, Severity};
use super::text::Text;

/// Lines kept in the timeline; older ones fall off.
pub const NOTICES_KEPT: usize = 5_000;

/// Everything known. Cloning copies pointers; a publication shares all that did not change.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// Raised by each report that changed something.
    pub revision: u64,
    /// When the last report came.
    pub at: Stamp,
    /// What is declared has been folded in; until then an empty Fleet is one that nobody has told anything.
    pub is_declared: bool,
    /// In the order of the config.
    pub idcs: Vec<Arc<Idc>>,
    pub classes: Vec<Arc<Class>>,
    pub clusters: Vec<Arc<Cluster>>,
    /// Sorted by name.
    pub hosts: Vec<Arc<Host>>,
    /// Sorted by name.
    pub registries: Vec<Arc<Registry>>,
    /// Sorted by id, oldest first.
    pub runs: Vec<Arc<Run>>,
    /// Oldest first.
    pub notices: Arc<VecDeque<Arc<Notice>>>,
    pub config_fault: Option<Arc<Fault>>,
    pub derived: Arc<Derived>,
}

/// What a report changed, so that derived sums need only look there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nothing that anybody shows: a late answer, an unknown endpoint, or an answer with nothing new in it.
    Nothing,
    /// The host at this index.
    Host(usize),
    /// The registry at this index.
    Registry(usize),
    /// Hosts or places came or went: derive everything anew.
    Everything,
    /// A run or the state of the config: only the attention list depends on it.
    Attention,
    /// Something that no sum depends on.
    Aside,
}

impl Fleet {
    /// Folds one report in. Pure: equal fleets and equal reports give equal fleets.
    pub fn apply(&mut self, report: Report) -> Applied {
        let applied = match report {
            Report::Endpoint { endpoint, generation, at, fact } => {
                self.at = self.at.max(at);
                self.apply_endpoint(&endpoint, generation, at, fact)
            }
            Report::Site(site) => self.apply_site(*site),
            Report::ConfigFault(fault) => {
                self.config_fault = fault;
                Applied::Attention
            }
            Report::Cached(hosts) => self.apply_cached(hosts),
            Report::Run(change) => {
                let known = self.runs.binary_search_by(|run| run.id.cmp(&change.head.id)).ok();
                match change.fold(known.map(|at| &*self.runs[at])) {
                    Some(run) => {
                        put_sorted(&mut self.runs, Arc::new(run), |run| run.id.clone());
                        Applied::Attention
                    }
                    None => Applied::Nothing,
                }
            }
            Report::Notice(notice) => {
                self.note(notice);
                Applied::Aside
            }
        };
        if applied != Applied::Nothing {
            self.revision += 1;
        }
        applied
    }

    #[must_use]
    pub fn host_index(&self, name: &str) -> Option<usize> {
        self.hosts.binary_search_by(|h| (**h.name()).cmp(name)).ok()
    }

    #[must_use]
    pub fn host(&self, name: &str) -> Option<&Arc<Host>> {
        self.host_index(name).map(|at| &self.hosts[at])
    }

    #[must_use]
    pub fn idc(&self, name: &str) -> Option<&Arc<Idc>> {
        self.idcs.iter().find(|i| &*i.name == name)
    }

    /// The IDC that an endpoint is declared in.
    #[must_use]
    pub fn idc_of(&self, endpoint: &EndpointId) -> Option<&Arc<Idc>> {
        let name = match endpoint.kind {
            EndpointKind::Docker => &self.host(&endpoint.name)?.spec.idc,
            EndpointKind::Harbor | EndpointKind::Oci => &self.registry(&endpoint.name)?.spec.idc,
            EndpointKind::Dragonfly | EndpointKind::Cloud | EndpointKind::Journal => return None,
        };
        self.idc(name)
    }

    #[must_use]
    pub fn class(&self, name: &str) -> Option<&Arc<Class>> {
        self.classes.iter().find(|c| &*c.name == name)
    }

    #[must_use]
    pub fn registry(&self, name: &str) -> Option<&Arc<Registry>> {
        self.registries.binary_search_by(|r| (*r.spec.name).cmp(name)).ok().map(|at| &self.registries[at])
    }

    /// Cores and bytes of memory of a host: what its engine says, else what its class says.
    #[must_use]
    pub fn size_of(&self, host: &Host) -> (Option<u32>, Option<u64>) {
        let class = host.spec.class.as_deref().and_then(|name| self.class(name));
        (host.facts.cores.or_else(|| class.map(|c| c.cores)), host.facts.memory.or_else(|| class.map(|c| c.memory)))
    }

    /// What a host costs an hour; `None` is "no price".
    #[must_use]
    pub fn hourly_of(&self, host: &Host) -> Option<super::cost::Money> {
        host.spec.class.as_deref().and_then(|name| self.class(name)).and_then(|c| c.hourly)
    }

    fn apply_endpoint(&mut self, endpoint: &EndpointId, generation: u64, at: Stamp, fact: Fact) -> Applied {
        match endpoint.kind {
            EndpointKind::Docker => {}
            EndpointKind::Harbor | EndpointKind::Oci => return self.apply_registry(&endpoint.name, generation, at, fact),
            EndpointKind::Dragonfly | EndpointKind::Cloud | EndpointKind::Journal => return Applied::Nothing,
        }
        let Some(index) = self.host_index(&endpoint.name) else { return Applied::Nothing };
        if generation < self.hosts[index].freshness.generation {
            return Applied::Nothing;
        }
        let mut notices = Vec::new();
        let host = Arc::make_mut(&mut self.hosts[index]);
        host.freshness.generation = generation;
        if facts::apply(host, at, fact, &mut notices) == facts::Change::OnlyFresher {
            return Applied::Nothing;
        }
        for notice in notices {
            self.note(notice);
        }
        Applied::Host(index)
    }

    fn apply_registry(&mut self, name: &str, generation: u64, at: Stamp, fact: Fact) -> Applied {
        let Ok(index) = self.registries.binary_search_by(|r| (*r.spec.name).cmp(name)) else { return Applied::Nothing };
        if generation < self.registries[index].freshness.generation {
            return Applied::Nothing;
        }
        let registry = Arc::make_mut(&mut self.registries[index]);
        registry.freshness.generation = generation;
        let subject = Arc::clone(&registry.spec.name);
        let notice = |severity, text| Notice { at, severity, subject, text, who: None };
        if let Fact::Failed(fault) = fact {
            let text = Text::made(format!("does not answer: {}", fault.cause.en), format!("没有应答：{}", fault.cause.zh));
            if registries::fail(&mut registry.freshness, at, fault) {
                self.note(notice(Severity::Bad, text));
            }
            return Applied::Registry(index);
        }
        let fact = match fact {
            Fact::Registry(said) => match *said {
                RegistryFact::Cached(known, good_at) => return registries::remember(registry, *known, good_at, index),
                other => Some(other),
            },
            _ => None,
        };
        let was_failing = registry.freshness.fault.is_some();
        let fresher = registries::freshen(&mut registry.freshness, at);
        let confirmed = registry.freshness.cached && fact.as_ref().is_some_and(registries::confirms);
        if confirmed {
            (registry.freshness.cached, registry.freshness.good_at) = (false, Some(at));
        }
        let changed = fact.is_some_and(|fact| registries::apply(Arc::make_mut(&mut registry.holdings), fact)) || confirmed;
        if was_failing {
            self.note(notice(Severity::Good, Text::new("answers again", "恢复应答")));
        }
        if fresher || changed { Applied::Registry(index) } else { Applied::Nothing }
    }

    fn apply_site(&mut self, site: Site) -> Applied {
        self.is_declared = true;
        self.idcs = site.idcs;
        self.classes = site.classes;
        self.clusters = site.clusters;
        let old = std::mem::take(&mut self.hosts);
        self.hosts = merge::hosts(&old, site.hosts);
        let old = std::mem::take(&mut self.registries);
        self.registries = merge::registries(&old, site.registries);
        Applied::Everything
    }

    fn apply_cached(&mut self, cached: Vec<Host>) -> Applied {
        for known in cached {
            if let Some(index) = self.host_index(known.name()) {
                let host = &self.hosts[index];
                if host.freshness.good_at.is_none() && host.freshness.fault.is_none() && host.spec.address == known.spec.address {
                    let freshness = Freshness { generation: host.freshness.generation, cached: true, ..known.freshness };
                    let spec = Arc::clone(&host.spec);
                    self.hosts[index] = Arc::new(Host { spec, freshness, ..known });
                }
            }
        }
        Applied::Everything
    }

    fn note(&mut self, notice: Notice) {
        let notices = Arc::make_mut(&mut self.notices);
        if notices.len() >= NOTICES_KEPT {
            notices.pop_front();
        }
        notices.push_back(Arc::new(notice));
    }
}

fn put_sorted<T, K: Ord>(list: &mut Vec<Arc<T>>, new: Arc<T>, key: impl Fn(&T) -> K) {
    let wanted = key(&new);
    match list.binary_search_by(|have| key(have).cmp(&wanted)) {
        Ok(at) => list[at] = new,
        Err(at) => list.insert(at, new),
    }
}

/// Where a container is: its host's place in `hosts`, and its own place there.
#[must_use]
pub fn find_container<'f>(fleet: &'f Fleet, host: &str, id: &ContainerId) -> Option<(&'f Arc<Host>, &'f Arc<Container>)> {
    let host = fleet.host(host)?;
    host.container(id).map(|c| (host, c))
}
