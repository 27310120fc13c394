//! Engines behind ssh, by the user's own ssh: one master per user, host and port, which dies with us even by kill -9.

mod complaint;
mod dir;
mod faults;
mod master;
mod masters;
mod quiet;
mod settings;
mod tunnel;

use std::sync::Arc;

pub(in crate::clients) use masters::Masters;
pub(in crate::clients) use tunnel::{After, Tunnel, Way};

/// Whom a master belongs to. Hosts that share all of it share the master.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Login {
    user: Option<Arc<str>>,
    host: Arc<str>,
    port: Option<u16>,
    /// Further arguments of ssh: a key file, a jump host. They never undo what a master must be.
    arguments: Arc<[Arc<str>]>,
}

impl Login {
    /// What ssh is given: never begins with a dash, which the address forbids.
    fn destination(&self) -> String {
        self.user.as_ref().map_or_else(|| self.host.to_string(), |user| format!("{user}@{}", self.host))
    }
}

impl std::fmt::Display for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.destination())?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}
