//! What was known before, brought under a new config.

use std::sync::Arc;

use crate::model::endpoint::Freshness;
use crate::model::host::{Host, HostSpec};
use crate::model::registry::{Registry, RegistrySpec};

/// The declared hosts, sorted; one that was there before at the same address keeps its facts.
pub(super) fn hosts(old: &[Arc<Host>], specs: Vec<Arc<HostSpec>>) -> Vec<Arc<Host>> {
    let mut hosts: Vec<Arc<Host>> = specs
        .into_iter()
        .map(|spec| match old.binary_search_by(|h| h.name().cmp(&spec.name)) {
            Ok(i) if old[i].spec == spec => Arc::clone(&old[i]),
            Ok(i) if old[i].spec.address == spec.address => Arc::new(Host { spec, ..Host::clone(&old[i]) }),
            _ => Arc::new(Host::declared(spec)),
        })
        .collect();
    hosts.sort_unstable_by(|a, b| a.name().cmp(b.name()));
    hosts
}

pub(super) fn registries(old: &[Arc<Registry>], specs: Vec<Arc<RegistrySpec>>) -> Vec<Arc<Registry>> {
    let mut all: Vec<Arc<Registry>> = specs
        .into_iter()
        .map(|spec| match old.iter().find(|r| r.spec.name == spec.name) {
            Some(r) if r.spec == spec => Arc::clone(r),
            Some(r) if r.spec.url == spec.url => Arc::new(Registry { spec, ..Registry::clone(r) }),
            _ => Arc::new(Registry { spec, freshness: Freshness::default(), holdings: Arc::default() }),
        })
        .collect();
    all.sort_unstable_by(|a, b| a.spec.name.cmp(&b.spec.name));
    all
}
