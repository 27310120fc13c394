//! THE WIRE. One protocol each, all behind the one gate; returns nouns of the model or a Fault.

pub mod ansible;
mod cause;
mod connection_budget;
pub mod docker;
pub mod dragonfly;
pub mod gate;
pub mod harbor;
pub mod http;
mod limits;
pub mod oci;
mod pace;
pub mod program;
mod proxy;
mod ssh;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use gate::{Gate, Mode};
pub use limits::Limits;
pub use pace::Pace;
pub use proxy::Proxies;
pub use tls::{TlsFiles, Verify};

use crate::model::clock::Clock;
use crate::model::fault::Fault;
use crate::model::text::Text;

/// What all clients share.
#[derive(Clone, Debug)]
pub struct WireOptions {
    pub mode: Mode,
    pub clock: Clock,
    /// A directory of our own (0700) for sockets, with a short path.
    pub runtime_dir: PathBuf,
    /// Of one question and its whole answer.
    pub request_timeout: Duration,
    /// Of a connection: name, TCP, TLS.
    pub connect_timeout: Duration,
    /// Bytes of one answer at most, where a call does not say otherwise.
    pub max_body: usize,
    /// Another file than `~/.ssh/config` for ssh.
    pub ssh_config: Option<PathBuf>,
    /// For engines over TCP.
    pub proxies: Proxies,
}

impl WireOptions {
    /// The usual bounds: 10 s a question, 5 s a connection, 64 MiB an answer.
    #[must_use]
    pub fn new(mode: Mode, clock: Clock, runtime_dir: PathBuf) -> Self {
        Self {
            mode,
            clock,
            runtime_dir,
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            max_body: 64 << 20,
            ssh_config: None,
            proxies: Proxies::environment(),
        }
    }
}

/// The gate, the trust, the connections and the limits that all clients of this process share. Clones are one.
#[derive(Clone, Debug)]
pub struct Wire(Arc<Shared>);

#[derive(Debug)]
pub(in crate::clients) struct Shared {
    pub(in crate::clients) options: WireOptions,
    pub(in crate::clients) gate: Gate,
    pub(in crate::clients) trust: tls::Trust,
    pub(in crate::clients) http: http::Clients,
    pub(in crate::clients) ssh: ssh::Masters,
    pub(in crate::clients) words: docker::Words,
    limits: Limits,
    pub(in crate::clients) budget: Arc<connection_budget::ConnectionBudget>,
}

impl Wire {
    /// Raises the limit of open files, sweeps the sockets of dead consoles and sets up what the clients share. No network.
    ///
    /// # Errors
    /// None by itself: what cannot be used (a runtime directory with a long path) is a Fault of whoever needs it.
    pub fn new(options: WireOptions) -> Result<Self, Fault> {
        let gate = Gate::new(options.mode);
        let limits = limits::raise_open_files();
        let ssh = ssh::Masters::new(&options.runtime_dir);
        Ok(Self(Arc::new(Shared {
            options,
            gate,
            trust: tls::Trust::default(),
            http: http::Clients::default(),
            ssh,
            words: docker::Words::default(),
            limits,
            budget: Arc::new(connection_budget::ConnectionBudget::new(limits.open_files_soft)),
        })))
    }

    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.gate.mode()
    }

    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    #[must_use]
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// A word about this machine's own CA roots, where there is one to say. Known after the first use of them.
    #[must_use]
    pub fn trust_note(&self) -> Option<Text> {
        self.0.trust.note()
    }

    /// Ends the ssh masters; no new one starts. What is asked of engines behind them afterwards fails.
    pub async fn close(&self) {
        self.0.ssh.close().await;
    }

    pub(in crate::clients) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

/// Where sockets lie: their paths must be short.
#[must_use]
pub fn runtime_dir() -> PathBuf {
    let uid = rustix::process::getuid().as_raw();
    match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|d| d.is_dir() && d.as_os_str().len() < 32) {
        Some(dir) => dir.join("wharf"),
        None => std::env::temp_dir().join(format!("wharf-{uid}")),
    }
}
