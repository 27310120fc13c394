//! Which rows of a noun are wanted: what one went into, and what is closed.

use std::sync::Arc;

use super::noun::RowKey;
use crate::model::host::HostSpec;

/// Which rows are wanted: nothing narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub idc: Option<Arc<str>>,
    pub cluster: Option<Arc<str>>,
    pub pool: Option<Arc<str>>,
    pub host: Option<Arc<str>>,
    pub registry: Option<Arc<str>>,
    /// A replication policy of that registry, by its id there.
    pub policy: Option<i64>,
    /// An execution of that registry, by its id there.
    pub execution: Option<i64>,
    pub project: Option<Arc<str>>,
    /// In full: `payment/core/api`.
    pub repository: Option<Arc<str>>,
    /// A person or a group, by name.
    pub member: Option<Arc<str>>,
    /// Keys of tree rows that are closed.
    pub closed: std::collections::BTreeSet<RowKey>,
}

impl Scope {
    /// True where it narrows to something that registries have and hosts have not.
    #[must_use]
    pub fn is_of_registries(&self) -> bool {
        self.registry.is_some() || self.project.is_some() || self.repository.is_some() || self.member.is_some()
    }

    /// Whether a host lies in it. An empty name of a cluster or pool means: of none.
    #[must_use]
    pub fn holds(&self, spec: &HostSpec) -> bool {
        let is = |wanted: &Option<Arc<str>>, have: Option<&str>| wanted.as_deref().is_none_or(|w| w == have.unwrap_or(""));
        is(&self.idc, Some(&spec.idc))
            && is(&self.cluster, spec.cluster.as_deref())
            && is(&self.pool, spec.pool.as_deref())
            && is(&self.host, Some(&spec.name))
    }
}
