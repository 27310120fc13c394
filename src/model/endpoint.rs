//! A place on the network we talk to: its identity, its address, and how fresh what it said is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock::Stamp;
use super::fault::Fault;

/// Which protocol an endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    Docker,
    Harbor,
    Oci,
    Dragonfly,
    Cloud,
    /// Our own record: answers to gates, what was acknowledged.
    Journal,
}

/// An endpoint's identity: its protocol and its name in the config (of a host or a registry).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EndpointId {
    pub kind: EndpointKind,
    pub name: Arc<str>,
}

impl EndpointId {
    pub fn docker(name: impl Into<Arc<str>>) -> Self {
        Self { kind: EndpointKind::Docker, name: name.into() }
    }
}

/// Where a Docker Engine listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// A socket file on this machine.
    Unix(Arc<str>),
    /// `host:port`, with TLS where the host has certificates; `path` is a reverse proxy's prefix, empty or `/x`.
    Tcp { host: Arc<str>, port: u16, path: Arc<str> },
    /// `ssh://[user@]host[:port][/path/of/docker.sock]`.
    Ssh { user: Option<Arc<str>>, host: Arc<str>, port: Option<u16>, socket: Option<Arc<str>> },
}

impl Address {
    /// Reads `unix://`, `tcp://` and `ssh://`. The error is a sentence about what is wrong with it.
    ///
    /// # Errors
    /// The part that cannot be read, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix://") {
            if !path.starts_with('/') {
                return Err(format!("'{text}': a unix socket needs an absolute path, as in unix:///var/run/docker.sock"));
            }
            return Ok(Self::Unix(path.into()));
        }
        if let Some(rest) = text.strip_prefix("tcp://") {
            let (authority, path) = split_path(rest);
            let (host, port) = split_port(authority).map_err(|why| format!("'{text}': {why}"))?;
            let path = path.trim_end_matches('/');
            return Ok(Self::Tcp { host: host.into(), port: port.unwrap_or(2375), path: path.into() });
        }
        if let Some(rest) = text.strip_prefix("ssh://") {
            let (authority, path) = split_path(rest);
            let (user, place) = match authority.rsplit_once('@') {
                Some((user, place)) if !user.is_empty() => (Some(user.into()), place),
                Some(_) => return Err(format!("'{text}': the user before @ is empty")),
                None => (None, authority),
            };
            if user.as_deref().is_some_and(|u: &str| u.contains(':')) {
                return Err(format!("'{text}': no password in an address; ssh uses keys or an agent"));
            }
            let (host, port) = split_port(place).map_err(|why| format!("'{text}': {why}"))?;
            if host.starts_with('-') {
                return Err(format!("'{text}': a host name cannot begin with '-'"));
            }
            let socket = (!path.is_empty() && path != "/").then(|| path.into());
            return Ok(Self::Ssh { user, host: host.into(), port, socket });
        }
        Err(format!("'{text}': write unix:///path, tcp://host:port or ssh://user@host"))
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{path}"),
            Self::Tcp { host, port, path } if host.contains(':') => write!(f, "tcp://[{host}]:{port}{path}"),
            Self::Tcp { host, port, path } => write!(f, "tcp://{host}:{port}{path}"),
            Self::Ssh { user, host, port, socket } => {
                f.write_str("ssh://")?;
                if let Some(user) = user {
                    write!(f, "{user}@")?;
                }
                f.write_str(host)?;
                if let Some(port) = port {
                    write!(f, ":{port}")?;
                }
                f.write_str(socket.as_deref().unwrap_or(""))
            }
        }
    }
}

/// How fresh what an endpoint told us is. Kept beside the values, which stay as they were last known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// The generation of the connection that these facts came by.
    pub generation: u64,
    /// When it last answered well; `None`: never in this console's memory.
    pub good_at: Option<Stamp>,
    /// Why it does not answer now, and since when.
    pub fault: Option<Arc<Fault>>,
    pub fault_since: Option<Stamp>,
    /// Shown from the cache of an earlier run and not confirmed yet.
    pub cached: bool,
}

impl Freshness {
    /// True when the values beside it may be out of date.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.fault.is_some() || self.good_at.is_none() || self.cached
    }

    /// Seconds since the last good answer, `None` when there was none.
    #[must_use]
    pub fn age_s(&self, now: Stamp) -> Option<u64> {
        self.good_at.map(|at| now.since(at) / 1000)
    }
}

fn split_path(rest: &str) -> (&str, &str) {
    rest.find('/').map_or((rest, ""), |at| rest.split_at(at))
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    if authority.is_empty() {
        return Err("the host name is missing".to_owned());
    }
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or("the ']' of the IPv6 address is missing")?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(parse_port(port)?))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(format!("'{after}' after the IPv6 address")),
        };
    }
    match authority.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Err("write an IPv6 address in brackets, as in [fd00::1]:2376".to_owned()),
        Some(("", _)) => Err("the host name is missing".to_owned()),
        Some((host, port)) => Ok((host, Some(parse_port(port)?))),
        None => Ok((authority, None)),
    }
}

fn parse_port(port: &str) -> Result<u16, String> {
    port.parse().ok().filter(|p| *p != 0).ok_or_else(|| format!("'{port}' is not a port (1 to 65535)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_back() {
        for text in [
            "unix:///var/run/docker.sock",
            "tcp://10.1.1.11:2376",
            "tcp://[fd00::1]:2376",
            "tcp://proxy:443/engines/a",
            "ssh://ops@jump:2222",
            "ssh://h",
            "ssh://ops@h/run/user/1000/docker.sock",
        ] {
            assert_eq!(Address::parse(text).map(|a| a.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn bad_addresses_say_what_is_wrong() {
        for (text, part) in [
            ("unix://docker.sock", "absolute path"),
            ("tcp://host:99999", "not a port"),
            ("tcp://:2375", "host name is missing"),
            ("tcp://fd00::1:2375", "in brackets"),
            ("ssh://ops:secret@h", "no password"),
            ("ssh://-oProxyCommand=x", "cannot begin with"),
            ("10.0.0.1:2375", "tcp://host:port"),
        ] {
            let why = Address::parse(text).expect_err(text);
            assert!(why.contains(part), "{why}");
        }
    }
}
