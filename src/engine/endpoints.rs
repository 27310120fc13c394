//! The clients that the engine's tasks share, by the names in the config; they follow the config when it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::registries;
use crate::clients::Wire;
use crate::clients::docker::Docker;
use crate::clients::gate::Client;
use crate::clients::harbor::Harbor;
use crate::clients::oci::Oci;
use crate::config::RegistryEntry;
use crate::model::endpoint::{EndpointId, EndpointKind};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// One host's way in.
#[derive(Clone, Debug)]
pub(super) struct HostClient {
    pub(super) docker: Docker,
    /// A person asks, or the config changed: do not wait any longer.
    pub(super) wake: Arc<Notify>,
}

/// All hosts' clients by name, replaced whole when the config changes.
pub(super) type HostClients = Arc<BTreeMap<Arc<str>, HostClient>>;

/// What tasks hold to find a host's client.
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

/// One registry's way in.
#[derive(Clone, Debug)]
pub(super) struct RegistryAccess {
    pub(super) entry: RegistryEntry,
    /// A person asks, or one of its objects was changed by us: do not wait any longer.
    pub(super) wake: Arc<Notify>,
}

/// All registries by name, replaced whole when the config changes.
pub(super) type RegistryAccesses = Arc<BTreeMap<Arc<str>, RegistryAccess>>;

/// Every client that the engine has, for the steps of runs.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    docker: DockerClients,
    registries: watch::Receiver<RegistryAccesses>,
    wire: Wire,
}

impl Clients {
    pub(super) fn new(docker: DockerClients, registries: watch::Receiver<RegistryAccesses>, wire: Wire) -> Self {
        Self { docker, registries, wire }
    }

    /// The Docker engine of a host.
    ///
    /// # Errors
    /// The host is not declared (any more).
    pub(super) fn docker(&self, host: &str) -> Result<Docker, Fault> {
        self.docker.line(host).map(|line| line.docker).ok_or_else(|| undeclared(host, &Text::new("this host", "该主机")))
    }

    /// A Harbor, with its credential read now.
    ///
    /// # Errors
    /// The registry is not declared (any more), or its credential cannot be read.
    #[allow(dead_code, reason = "for the family of grants")]
    pub(super) async fn harbor(&self, registry: &str) -> Result<Harbor, Fault> {
        let entry = self.entry(registry)?;
        Harbor::new(&self.wire, registries::endpoint(&entry, &self.wire, Client::Harbor).await?)
    }

    /// A registry by the distribution protocol, with its credential read now.
    ///
    /// # Errors
    /// The registry is not declared (any more), or its credential cannot be read.
    #[allow(dead_code, reason = "for the families to come: images are copied by this")]
    pub(super) async fn oci(&self, registry: &str) -> Result<Oci, Fault> {
        let entry = self.entry(registry)?;
        let endpoint = registries::endpoint(&entry, &self.wire, Client::Oci).await?;
        Oci::new(&self.wire, endpoint, entry.spec.repositories.clone())
    }

    /// The wire itself: programs are started through it, past the gate.
    #[allow(dead_code, reason = "for the families to come: programs and Dragonfly")]
    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Has the endpoint asked now: something there was changed by us.
    pub(super) fn wake(&self, endpoint: &EndpointId) {
        match endpoint.kind {
            EndpointKind::Docker => {
                if let Some(line) = self.docker.line(&endpoint.name) {
                    line.wake.notify_one();
                }
            }
            EndpointKind::Harbor | EndpointKind::Oci => {
                if let Some(access) = self.registries.borrow().get(&endpoint.name) {
                    access.wake.notify_one();
                }
            }
            EndpointKind::Dragonfly | EndpointKind::Cloud | EndpointKind::Journal => {}
        }
    }

    fn entry(&self, registry: &str) -> Result<RegistryEntry, Fault> {
        let found = self.registries.borrow().get(registry).map(|access| access.entry.clone());
        found.ok_or_else(|| undeclared(registry, &Text::new("this registry", "该仓库")))
    }
}

fn undeclared(name: &str, what: &Text) -> Fault {
    let cause = Text::made(format!("{} is not declared any more", what.en), format!("{}已不在配置中", what.zh));
    let hint = Text::new("it has left the config since the plan was made; plan again", "做计划之后它已从配置中移除，请重新计划");
    Fault::new(name, FaultKind::NotFound, cause, hint)
}
