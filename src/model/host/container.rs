//! One container on one host.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::clock::Stamp;
use crate::model::cluster::Labels;

/// Labels that name the service a container belongs to, in order of preference:
/// ours, Swarm's, Compose's.
pub const SERVICE_LABELS: [&str; 3] = ["wharf.service", "com.docker.swarm.service.name", "com.docker.compose.service"];

/// The engine's 64 hexadecimal digits, as 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId(pub [u8; 32]);

impl ContainerId {
    /// `None` where it is not 64 hexadecimal digits.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        let hex = hex.as_bytes();
        if hex.len() != 64 {
            return None;
        }
        let mut id = [0u8; 32];
        for (byte, pair) in id.iter_mut().zip(hex.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self(id))
    }

    /// The first 12 digits, as `docker ps` shows them.
    #[must_use]
    pub fn short(&self) -> String {
        let mut full = self.to_string();
        full.truncate(12);
        full
    }
}

impl std::fmt::Display for ContainerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for ContainerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.short())
    }
}

impl Serialize for ContainerId {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContainerId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let hex = std::borrow::Cow::<'_, str>::deserialize(from)?;
        Self::parse(&hex).ok_or_else(|| serde::de::Error::custom("a container id has 64 hexadecimal digits"))
    }
}

/// The engine's words for a container's state; a word we do not know is kept as it came.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    Dead,
    /// With the exit code where the engine told it.
    Exited(Option<i32>),
    Restarting(Option<i32>),
    Removing,
    Paused,
    Created,
    Running,
    Other(Box<str>),
}

impl ContainerState {
    /// True while the container's process runs (paused ones too: they hold their memory).
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// The engine's own word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Dead => "dead",
            Self::Exited(_) => "exited",
            Self::Restarting(_) => "restarting",
            Self::Removing => "removing",
            Self::Paused => "paused",
            Self::Created => "created",
            Self::Running => "running",
            Self::Other(word) => word,
        }
    }

    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Self::Exited(code) | Self::Restarting(code) => *code,
            _ => None,
        }
    }
}

/// What the image's own health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Unhealthy,
    Starting,
    Healthy,
}

/// A published or exposed port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Port {
    pub private: u16,
    pub public: Option<u16>,
    pub ip: Option<Arc<str>>,
    /// `tcp`, `udp`, `sctp`.
    pub protocol: Arc<str>,
}

/// One row of `docker ps -a`, without what changes by itself. About 150 bytes; the words are shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    pub id: ContainerId,
    /// Without the leading slash.
    pub name: Box<str>,
    pub image: Arc<str>,
    pub state: ContainerState,
    pub health: Option<Health>,
    pub created: Stamp,
    /// Since when it is in this state, as near as the engine told (events exactly, lists roughly).
    pub since: Option<Stamp>,
    /// From [`SERVICE_LABELS`].
    pub service: Option<Arc<str>>,
    pub labels: Arc<Labels>,
    pub ports: Arc<[Port]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_whole_or_not_at_all() {
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(ContainerId::parse(&hex).map(|id| id.to_string()), Some(hex.clone()));
        assert_eq!(ContainerId::parse(&hex).map(|id| id.short()), Some("0123456789ab".to_owned()));
        assert_eq!(ContainerId::parse(&hex[1..]), None);
        assert_eq!(ContainerId::parse(&hex.replace('f', "g")), None);
        assert_eq!(ContainerId::parse(&"é".repeat(32)), None);
    }
}
