//! Docker Engines, old and new, over our own pooled transport: unix, TCP, mutual TLS, ssh.

mod chunks;
mod connection;
mod engine;
mod events;
mod flow;
mod host;
mod inspect;
mod lines;
mod list;
mod logs;
mod pool;
#[cfg(test)]
mod recorded;
mod refusal;
mod route;
mod stats;
mod status;
mod verbs;
mod version;
mod words;

use std::sync::{Arc, Mutex};

use hyper::StatusCode;

pub use events::{DockerEvent, DockerEvents};
pub use inspect::Inspected;
pub use logs::{LogAsk, LogLine, LogSource, LogStream, MOST_LINE};
pub use pool::CONNECTIONS;
pub use stats::RawStats;
pub use verbs::CarriedOut;
pub use version::{ApiVersion, NEWEST, OLDEST};

pub(in crate::clients) use connection::Opened;
pub(in crate::clients) use words::Words;

use super::Wire;
use super::proxy::Speech;
use super::ssh::Tunnel;
use super::tls::TlsFiles;
use crate::model::call::container::ContainerVerb;
use crate::model::clock::Stamp;
use crate::model::endpoint::Address;
use crate::model::fault::{Fault, FaultKind};
use crate::model::host::{Container, ContainerId, HostFacts};
use crate::model::text::Text;
use engine::Engine;
use route::Route;

/// An engine, as the config declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerEndpoint {
    /// The host's name in the config.
    pub name: Arc<str>,
    pub address: Address,
    /// For `tcp://`.
    pub tls: Option<TlsFiles>,
    /// For `ssh://`: further arguments, as an inventory gives them.
    pub ssh_arguments: Arc<[Arc<str>]>,
}

/// A client of one engine. Clones share its connections. Dropping the last one closes them.
#[derive(Clone, Debug)]
pub struct Docker(Arc<Engine>);

impl Docker {
    /// No I/O.
    ///
    /// # Errors
    /// Config, for an address that goes with no TLS files and has some, or has a path that is none.
    pub fn new(wire: &Wire, endpoint: DockerEndpoint) -> Result<Self, Fault> {
        let (route, prefix) = match &endpoint.address {
            Address::Unix(path) => (Route::Unix(path.to_string().into()), "".into()),
            Address::Tcp { host, port, path } => {
                let speech = if endpoint.tls.is_some() { Speech::Tls } else { Speech::Plain };
                let proxy = wire.shared().options.proxies.of(host, *port, speech);
                (Route::Tcp { host: Arc::clone(host), port: *port, tls: endpoint.tls.clone(), proxy }, Arc::clone(path))
            }
            Address::Ssh { .. } => {
                (Route::Ssh(Tunnel::new(&endpoint.name, &endpoint.address, Arc::clone(&endpoint.ssh_arguments))), "".into())
            }
        };
        if endpoint.tls.is_some() && !matches!(route, Route::Tcp { .. }) {
            return Err(Fault::new(
                &*endpoint.name,
                FaultKind::Config,
                Text::made(format!("{} takes no tls files", endpoint.address), format!("{} 不使用 tls 文件", endpoint.address)),
                Text::new("take tls out, or write a tcp:// address", "请去掉 tls,或改用 tcp:// 地址"),
            ));
        }
        Ok(Self(Arc::new(Engine {
            shared: Arc::clone(wire.shared()),
            address: endpoint.address.to_string(),
            endpoint,
            prefix,
            route,
            pool: pool::Pool::new(&wire.shared().budget),
            version: Mutex::default(),
            agreeing: tokio::sync::Mutex::default(),
        })))
    }

    #[must_use]
    pub fn endpoint(&self) -> &DockerEndpoint {
        &self.0.endpoint
    }

    /// Open connections to this engine, at most [`CONNECTIONS`].
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.pool.open()
    }

    /// The version agreed on, once it is.
    #[must_use]
    pub fn version(&self) -> Option<ApiVersion> {
        self.0.known_version()
    }

    /// Whether it lives.
    pub async fn ping(&self) -> Result<(), Fault> {
        let reply = self.0.ask(&self.0.unversioned("/_ping")).await?;
        if reply.status == StatusCode::OK && !reply.is_html() { Ok(()) } else { self.0.good(&reply) }
    }

    /// Agrees on the API version and asks for the engine's and its machine's facts.
    pub async fn fetch_host(&self) -> Result<HostFacts, Fault> {
        self.0.host().await
    }

    /// All containers, stopped ones too, sorted by id; or, where `only` names some, those of them that still exist.
    pub async fn list_containers(&self, only: &[ContainerId]) -> Result<Vec<Container>, Fault> {
        self.0.list(only).await
    }

    /// Follows what happens to containers. With `since` (the engine's clock), what happened from then on comes first.
    pub async fn watch_events(&self, since: Option<Stamp>) -> Result<DockerEvents, Fault> {
        self.0.events(since).await
    }

    /// One measurement. Conflict for a container that does not run.
    pub async fn fetch_stats(&self, id: &ContainerId) -> Result<RawStats, Fault> {
        self.0.stats(id).await
    }

    /// What a container wrote and writes. At most four streams to one engine at once: Limit beyond that.
    pub async fn follow_logs(&self, id: &ContainerId, ask: LogAsk) -> Result<LogStream, Fault> {
        self.0.logs(id, &ask).await
    }

    /// One container in full.
    pub async fn inspect_container(&self, id: &ContainerId) -> Result<Inspected, Fault> {
        self.0.inspect(id).await
    }

    /// One act, sent exactly once. Timeout, Unreachable: nobody knows yet whether it took effect.
    pub async fn carry_out(&self, id: &ContainerId, verb: &ContainerVerb) -> Result<CarriedOut, Fault> {
        self.0.act(id, verb).await
    }
}
