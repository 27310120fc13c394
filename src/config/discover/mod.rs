//! What this machine already knows of engines and registries: docker contexts, `DOCKER_HOST`, `~/.docker/config.json`.

mod starter;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::draft::TlsFiles;

pub use starter::starter;

/// Larger files of docker's are not read (bytes).
const FILE_MAX: u64 = 1 << 20;

/// As docker names the files of TLS.
const CA: &str = "ca.pem";
const CERT: &str = "cert.pem";
const KEY: &str = "key.pem";

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
    /// `DOCKER_TLS_VERIFY`: TLS, and the engine's certificate is checked.
    pub tls_verify: bool,
    /// `DOCKER_TLS`: TLS with whoever answers.
    pub tls: bool,
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
            tls: text("DOCKER_TLS").is_some(),
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
        // As docker does: what is asked for is never dropped, also where a file is missing.
        let wanted = (around.tls_verify || around.tls) && host.starts_with("tcp://");
        let tls = wanted.then(|| TlsFiles { verify: around.tls_verify, ..folder.map(|folder| tls_in(&folder)).unwrap_or_default() });
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
/// certificates are in `contexts/tls/<the same>/docker/` (docker/cli, `cli/context/store`). Any of them, or
/// `SkipTLSVerify`, means TLS (`cli/context/docker/load.go`).
pub(super) fn contexts(folder: &Path) -> Vec<Found> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder.join("contexts/meta")) else { return found };
    for entry in entries.flatten() {
        let Some(meta) = read_json(&entry.path().join("meta.json")) else { continue };
        let text = |pointer: &str| meta.pointer(pointer).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let (Some(name), Some(host)) = (text("/Name"), text("/Endpoints/docker/Host")) else { continue };
        let skips = meta.pointer("/Endpoints/docker/SkipTLSVerify").is_some_and(is_on);
        let certificates = folder.join("contexts/tls").join(entry.file_name()).join("docker");
        // One file is enough, also half of a pair: docker then speaks TLS without a certificate of its own.
        let asked = skips || [CA, CERT, KEY].iter().any(|name| certificates.join(name).exists());
        let tls = asked.then(|| TlsFiles { verify: !skips, ..tls_in(&certificates) });
        found.push(Found { name, host, tls });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// A switch, also one that somebody wrote as text or a number.
fn is_on(value: &Value) -> bool {
    match value {
        Value::Bool(on) => *on,
        Value::String(text) => text.eq_ignore_ascii_case("true") || text == "1",
        Value::Number(number) => number.as_f64().is_some_and(|n| n != 0.0),
        _ => false,
    }
}

/// Docker's own folder: `DOCKER_CONFIG`, or `~/.docker`.
pub(super) fn docker_folder() -> Option<PathBuf> {
    let named = std::env::var_os("DOCKER_CONFIG").filter(|v| !v.is_empty()).map(PathBuf::from);
    named.or_else(|| directories::BaseDirs::new().map(|dirs| dirs.home_dir().join(".docker")))
}

/// The registries of `config.json`. Of `auths` only the addresses are looked at: the values may hold passwords. An odd
/// entry costs only itself.
fn registries(folder: &Path) -> Vec<FoundRegistry> {
    let Some(file) = read_json(&folder.join("config.json")) else { return Vec::new() };
    let keys = |table: &str| file.get(table).and_then(Value::as_object).into_iter().flat_map(|table| table.keys());
    let word = |value: Option<&Value>| value.and_then(Value::as_str).filter(|word| !word.is_empty()).map(str::to_owned);
    let store = word(file.get("credsStore"));
    let addresses: BTreeSet<&String> = keys("auths").chain(keys("credHelpers")).filter(|key| is_address(key)).collect();
    // Docker keeps tokens of the Hub beside its password, and `host` may stand beside `https://host`.
    let mut seen = BTreeSet::new();
    addresses
        .into_iter()
        .filter(|address| seen.insert(host_of(address)))
        .map(|address| {
            // An empty helper means the store for all, as in docker/cli `getConfiguredCredentialStore`.
            let own = word(file.get("credHelpers").and_then(|table| table.get(host_of(address)).or_else(|| table.get(address))));
            FoundRegistry { address: address.clone(), helper: own.or_else(|| store.clone()) }
        })
        .collect()
}

/// `host[:port]` of an address as docker writes it.
fn host_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// Can be a host: something else under `auths` is no registry.
fn is_address(key: &str) -> bool {
    let host = host_of(key);
    !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]_".contains(c))
}

/// What lies in a folder of certificates, named as docker names them. A certificate without its key is none.
fn tls_in(folder: &Path) -> TlsFiles {
    let file = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
    TlsFiles { ca: file(CA), identity: file(CERT).zip(file(KEY)), verify: true }
}

fn read_json(path: &Path) -> Option<Value> {
    if std::fs::metadata(path).ok()?.len() > FILE_MAX {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
