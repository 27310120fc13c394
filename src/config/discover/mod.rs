//! What this machine already knows of engines and registries: docker contexts, `DOCKER_HOST`, `~/.docker/config.json`.

mod starter;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::draft::TlsFiles;

pub use starter::starter;

/// Larger files of docker's are not read (bytes).
const FILE_MAX: u64 = 1 << 20;

/// The socket of a local engine.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// One engine that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The context's name, `DOCKER_HOST`, or `default`.
    pub name: String,
    /// As docker writes it: `unix://`, `tcp://`, `ssh://`.
    pub host: String,
    pub tls: Option<TlsFiles>,
}

/// One registry that docker has logged in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRegistry {
    /// As docker writes it: `harbor.example`, `https://index.docker.io/v1/`.
    pub address: String,
    /// The credential helper that has its password; `None` where it stands in the file itself.
    pub helper: Option<String>,
}

/// All that was found. Holds no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovered {
    pub engines: Vec<Found>,
    pub registries: Vec<FoundRegistry>,
}

/// The environment that docker's own client looks at.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `DOCKER_CONFIG`, or `~/.docker`.
    pub folder: Option<PathBuf>,
    pub docker_host: Option<String>,
    pub tls_verify: bool,
    pub cert_path: Option<PathBuf>,
    pub socket: PathBuf,
}

impl Surroundings {
    /// This process's.
    #[must_use]
    pub fn here() -> Self {
        let text = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
        Self {
            folder: docker_folder(),
            docker_host: text("DOCKER_HOST"),
            tls_verify: text("DOCKER_TLS_VERIFY").is_some(),
            cert_path: text("DOCKER_CERT_PATH").map(PathBuf::from),
            socket: PathBuf::from(DEFAULT_SOCKET),
        }
    }
}

/// What is found in these surroundings. What cannot be read is left out: this is an offer, not a check.
#[must_use]
pub fn discover(around: &Surroundings) -> Discovered {
    let mut engines = Vec::new();
    if let Some(host) = &around.docker_host {
        let folder = around.cert_path.clone().or_else(|| around.folder.clone());
        let tls = folder.filter(|_| around.tls_verify).and_then(|folder| tls_in(&folder));
        engines.push(Found { name: "docker-host".to_owned(), host: host.clone(), tls });
    }
    if let Some(folder) = &around.folder {
        engines.extend(contexts(folder));
    }
    if around.socket.exists() {
        let host = format!("unix://{}", around.socket.display());
        engines.push(Found { name: "default".to_owned(), host, tls: None });
    }
    let mut seen = BTreeSet::new();
    engines.retain(|engine| seen.insert(engine.host.clone()));
    let registries = around.folder.as_deref().map(registries).unwrap_or_default();
    Discovered { engines, registries }
}

/// The contexts in docker's folder, by name. A context is `contexts/meta/<sha256 of its name>/meta.json`, its
/// certificates are in `contexts/tls/<the same>/docker/` (docker/cli, `cli/context/store`).
pub(super) fn contexts(folder: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder.join("contexts/meta")) else { return found };
    for entry in entries.flatten() {
        let Some(meta) = read_json::<ContextMeta>(&entry.path().join("meta.json")) else { continue };
        let Some(host) = meta.endpoints.get("docker").and_then(|e| e.host.clone()).filter(|h| !h.is_empty()) else { continue };
        let tls = tls_in(&folder.join("contexts/tls").join(entry.file_name()).join("docker"));
        found.push(Found { name: meta.name, host, tls });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Docker's own folder: `DOCKER_CONFIG`, or `~/.docker`.
pub(super) fn docker_folder() -> Option<PathBuf> {
    let named = std::env::var_os("DOCKER_CONFIG").filter(|v| !v.is_empty()).map(PathBuf::from);
    named.or_else(|| directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".docker")))
}

fn registries(folder: &Path) -> Vec<FoundRegistry> {
    let Some(file) = read_json::<DockerConfig>(&folder.join("config.json")) else { return Vec::new() };
    let addresses: BTreeSet<&String> = file.auths.0.iter().chain(file.cred_helpers.keys()).collect();
    addresses
        .into_iter()
        .map(|address| FoundRegistry {
            address: address.clone(),
            helper: file.cred_helpers.get(address).or(file.creds_store.as_ref()).cloned(),
        })
        .collect()
}

fn tls_in(folder: &Path) -> Option<TlsFiles> {
    let files = TlsFiles { ca: folder.join("ca.pem"), cert: folder.join("cert.pem"), key: folder.join("key.pem") };
    (files.ca.exists() && files.cert.exists() && files.key.exists()).then_some(files)
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<T> {
    if std::fs::metadata(path).ok()?.len() > FILE_MAX {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextMeta {
    name: String,
    #[serde(default)]
    endpoints: BTreeMap<String, ContextEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextEndpoint {
    host: Option<String>,
}

/// Of `auths` only the addresses are kept: the values may hold passwords.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    #[serde(default)]
    auths: Addresses,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

/// The keys of a map; its values are skipped while reading.
#[derive(Default)]
struct Addresses(BTreeSet<String>);

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> serde::de::Visitor<'de> for Keys {
            type Value = Addresses;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table of addresses")
            }
            fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<Addresses, M::Error> {
                let mut keys = BTreeSet::new();
                while let Some((key, serde::de::IgnoredAny)) = map.next_entry()? {
                    keys.insert(key);
                }
                Ok(Addresses(keys))
            }
        }
        from.deserialize_map(Keys)
    }
}
