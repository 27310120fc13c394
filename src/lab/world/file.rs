//! The shape of a world file: what is declared, before any host or container is made of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::lab::registries::spec::RegistrySpec;
use crate::lab::trouble::Rule;

/// A whole world file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldFile {
    pub name: String,
    /// One line for people who choose between worlds.
    pub about: String,
    /// Everything generated follows from it.
    pub seed: u64,
    #[serde(default)]
    pub life: LifeSpec,
    pub idc: Vec<IdcSpec>,
    #[serde(default)]
    pub class: Vec<ClassSpec>,
    #[serde(default)]
    pub cluster: Vec<ClusterSpec>,
    #[serde(default)]
    pub service: Vec<ServiceSpec>,
    #[serde(default)]
    pub group: Vec<GroupSpec>,
    /// Single hosts that differ from their group.
    #[serde(default)]
    pub host: Vec<HostTwist>,
    /// Registries, read by their own twins.
    #[serde(default)]
    pub registry: Vec<RegistrySpec>,
}

/// How lively the world is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LifeSpec {
    /// Containers that die or start by themselves a second, over the whole world.
    pub changes_per_second: f64,
    /// Health probes run (and show in the events) as on a real engine.
    pub probes: bool,
}

impl Default for LifeSpec {
    fn default() -> Self {
        Self { changes_per_second: 0.0, probes: true }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdcSpec {
    pub name: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub environment: String,
    #[serde(default)]
    pub parent: String,
    /// There and back.
    #[serde(default)]
    pub latency_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassSpec {
    pub name: String,
    pub cores: u32,
    /// As it stands in the config: `16GiB`.
    pub memory: Size,
    #[serde(default)]
    pub tier: Option<String>,
    #[serde(default)]
    pub price: Option<PriceSpec>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PriceSpec {
    pub amount: String,
    pub currency: String,
    pub per: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterSpec {
    pub name: String,
    #[serde(default)]
    pub pool: Vec<PoolSpec>,
}

/// A pool; what is not for the lab goes to the config as it stands.
#[derive(Clone, Debug, Deserialize)]
pub struct PoolSpec {
    pub name: String,
    #[serde(flatten)]
    pub rest: toml::Table,
}

/// What the containers of a service are and how they behave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSpec {
    pub name: String,
    /// Without its tag.
    pub image: String,
    /// The last one is being rolled out: a quarter of the containers have it.
    pub tags: Vec<String>,
    pub command: Vec<String>,
    #[serde(default)]
    pub env: Vec<String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Thousandths of a core, in the middle of the day's tide.
    #[serde(default = "default_cpu")]
    pub cpu: u32,
    pub memory: Size,
    /// None is no limit.
    #[serde(default)]
    pub limit: Option<Size>,
    /// Cores it may use at most; 0 is no limit.
    #[serde(default)]
    pub cpus: f64,
    /// Received a second; about twice as much is sent.
    #[serde(default)]
    pub net: Size,
    /// How much the time of day matters, 0 to 0.6.
    #[serde(default = "default_tide")]
    pub tide: f32,
    /// Listens on it; published on the host.
    #[serde(default)]
    pub port: Option<u16>,
    /// `bridge` or `host`.
    #[serde(default = "default_network")]
    pub network: String,
    /// The health check's command for a shell.
    #[serde(default)]
    pub health: Option<String>,
    #[serde(default = "default_policy")]
    pub policy: String,
    /// How it logs.
    #[serde(default)]
    pub voice: Voice,
    #[serde(default)]
    pub ends: Option<EndsSpec>,
    /// This share of its containers goes unhealthy now and then.
    #[serde(default)]
    pub unhealthy: f32,
}

/// The manner of a container's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    #[default]
    Web,
    Json,
    Java,
    Database,
    Worker,
    Agent,
}

/// How containers of a service come to an end by themselves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndsSpec {
    /// `exit`: ends after `seconds` with `code`; `oom`: leaks until the limit is reached after `seconds`;
    /// `job`: ends after `seconds` with `code` and is started again `every` so many seconds;
    /// `down`: ended long ago with `code`, stays so.
    pub kind: EndsKind,
    #[serde(default)]
    pub seconds: u32,
    #[serde(default)]
    pub code: i32,
    #[serde(default)]
    pub every: u32,
    /// The share of the service's containers that does so.
    #[serde(default = "whole")]
    pub share: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndsKind {
    Exit,
    Oom,
    Job,
    Down,
}

/// Hosts of one kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// Followed by a number of at least two digits.
    pub prefix: String,
    pub count: u32,
    pub idc: String,
    pub cluster: String,
    pub pool: String,
    #[serde(default)]
    pub class: Option<String>,
    #[serde(default)]
    pub engine: Engine,
    /// 1 or 2.
    #[serde(default = "default_cgroup")]
    pub cgroup: u8,
    /// Hosts in one rack, for the label `rack`.
    #[serde(default = "default_rack")]
    pub per_rack: u32,
    /// Service name to containers on each host.
    pub runs: BTreeMap<String, u32>,
}

/// Which Docker Engine a twin speaks as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Engine {
    /// Debian's 20.10.24: API 1.41, minimum 1.12.
    #[default]
    #[serde(rename = "20.10")]
    Classic,
    /// 29.9: API 1.56, minimum 1.40, containerd's image store.
    #[serde(rename = "29.9")]
    Newer,
}

/// What is different about one host.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostTwist {
    pub name: String,
    /// An empty name takes the class away.
    #[serde(default)]
    pub class: Option<String>,
    #[serde(default)]
    pub engine: Option<Engine>,
    /// On top of the IDC's.
    #[serde(default)]
    pub latency_ms: u64,
    #[serde(default)]
    pub faults: Vec<Rule>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// Bytes, written `512MiB`, `16GiB` or `4096`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size(pub u64);

impl Size {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let factor = match text[digits.len()..].trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        digits.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            bytes if bytes > 0 && bytes % (1 << 30) == 0 => write!(f, "{}GiB", bytes >> 30),
            bytes if bytes > 0 && bytes % (1 << 20) == 0 => write!(f, "{}MiB", bytes >> 20),
            bytes => write!(f, "{bytes}"),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("'{text}' is not a size such as 512MiB")))
    }
}

fn default_cpu() -> u32 {
    50
}

fn default_tide() -> f32 {
    0.4
}

fn default_network() -> String {
    "bridge".to_owned()
}

fn default_policy() -> String {
    "always".to_owned()
}

fn default_cgroup() -> u8 {
    1
}

fn default_rack() -> u32 {
    4
}

fn whole() -> f32 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written_back() {
        for text in ["16GiB", "512MiB", "1000"] {
            assert_eq!(Size::parse(text).map(|size| size.to_string()), Some(text.to_owned()));
        }
        assert_eq!(Size::parse("1GB"), None);
        assert_eq!(Size::parse("GiB"), None);
    }
}
