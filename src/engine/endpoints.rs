//! The connections that the engine's tasks share: one Docker client a host, with its generation and its wake-up.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::clients::docker::Docker;

/// One host's way in.
#[derive(Clone, Debug)]
pub(super) struct HostClient {
    pub(super) docker: Docker,
    /// A person asks, or the config changed: do not wait any longer.
    pub(super) wake: Arc<Notify>,
}

/// All hosts' lines by name, replaced whole when the config changes.
pub(super) type HostClients = Arc<BTreeMap<Arc<str>, HostClient>>;

/// What tasks hold to find a line.
#[derive(Clone, Debug)]
pub(super) struct DockerClients(watch::Receiver<HostClients>);

impl DockerClients {
    pub(super) fn new(lines: watch::Receiver<HostClients>) -> Self {
        Self(lines)
    }

    pub(super) fn line(&self, host: &str) -> Option<HostClient> {
        self.0.borrow().get(host).cloned()
    }

    pub(super) fn all(&self) -> HostClients {
        self.0.borrow().clone()
    }
}
