//! `POST /containers/create` and what brings images: a container or an image out of what a request asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{Query, Refusal, read_json};
use super::seed::Image;
use super::sim_container::{Check, Nanos, Phase, Policy, SECOND, SimContainer, Spec, Then, Work, hex};
use super::{State, Twin};

/// A list, or one word, as the engine takes both.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Wanted {
    image: String,
    cmd: Option<Words>,
    entrypoint: Option<Words>,
    env: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
    tty: bool,
    open_stdin: bool,
    hostname: Option<String>,
    user: String,
    working_dir: String,
    healthcheck: Option<WantedCheck>,
    host_config: Option<WantedHost>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct WantedCheck {
    test: Vec<String>,
    interval: Nanos,
    timeout: Nanos,
    retries: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct WantedHost {
    network_mode: String,
    memory: u64,
    nano_cpus: u64,
    auto_remove: bool,
    restart_policy: Option<WantedPolicy>,
    port_bindings: Option<BTreeMap<String, Option<Vec<WantedPort>>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct WantedPolicy {
    name: String,
    maximum_retry_count: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct WantedPort {
    host_port: String,
}

impl Twin {
    pub(super) fn create(&self, query: &Query, headers: &HeaderMap, body: &Bytes) -> Result<Value, Refusal> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.split(';').next() != Some("application/json") {
            return Err(Refusal::bad(format!("Content-Type specified ({kind}) must be 'application/json'")));
        }
        let wanted: Wanted = read_json(body)?;
        let name = query.text("name").map(|name| name.trim_start_matches('/').to_owned());
        self.with(|state, now| self.made(state, now, name, wanted))
    }

    /// Puts an image into the store: a pull of what the world knows, or an import.
    pub(super) fn bring_image(&self, query: &Query) -> Result<Vec<Value>, Refusal> {
        let tag = query.text("tag").filter(|tag| !tag.is_empty()).unwrap_or("latest");
        if query.text("fromSrc").is_some() {
            let name = format!("{}:{tag}", query.text("repo").unwrap_or("imported"));
            let image = self.store(&name, "import");
            return Ok(vec![json!({ "status": image.id })]);
        }
        let from = query.text("fromImage").unwrap_or_default();
        let (repository, tag) = match from.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => (from, tag),
        };
        // Docker Hub's own name is not part of an image's.
        let repository = repository.strip_prefix("docker.io/").map_or(repository, |rest| rest.strip_prefix("library/").unwrap_or(rest));
        // The name of a registry before it does not matter: every registry of the world has every image.
        let is_known = |image: &Arc<Image>| {
            let known = image.name.split(':').next().unwrap_or_default();
            repository == known || repository.ends_with(&format!("/{known}"))
        };
        if !self.catalogue.iter().any(|(_, image)| is_known(image)) {
            return Err(Refusal::missing(format!(
                "pull access denied for {repository}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
            )));
        }
        let name = format!("{repository}:{tag}");
        let known = self.read(|state, _| state.images.iter().any(|image| *image.name == *name));
        let image = self.store(&name, "pull");
        let said = if known { "Image is up to date for" } else { "Downloaded newer image for" };
        Ok(vec![
            json!({ "status": format!("Pulling from {repository}"), "id": tag }),
            json!({ "status": format!("Digest: {}", image.id) }),
            json!({ "status": format!("Status: {said} {name}") }),
        ])
    }

    fn store(&self, name: &str, how: &str) -> Arc<Image> {
        self.with(|state, now| {
            if let Some(have) = state.images.iter().find(|image| *image.name == *name) {
                return Arc::clone(have);
            }
            let image = Arc::new(Image::named(name, now));
            state.images.push(Arc::clone(&image));
            state.events.of_kind(now, "image", how, vec![("name", name.to_owned())]);
            image
        })
    }

    fn made(&self, state: &mut State, now: Nanos, name: Option<String>, wanted: Wanted) -> Result<Value, Refusal> {
        let image = state.find_image(&wanted.image).ok_or_else(|| Refusal::missing(format!("No such image: {}", wanted.image)))?;
        let id = state.take_id();
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| given_name(&id));
        state.check_name(&name)?;
        let spec = self.spec(&image, wanted)?;
        let place = u16::try_from(state.containers.len()).unwrap_or(u16::MAX);
        let created = state.events.tick(now);
        let container = SimContainer {
            id,
            name: name.into(),
            place: if spec.ports.is_empty() { place } else { 0 },
            spec: Arc::new(spec),
            phase: Phase::Created,
            health: None,
            then: Then::Policy,
            ends: None,
            flaps: false,
            oom: false,
            streak: 0,
            code: 0,
            seed: state.random.u32(..),
            pid: 0,
            restarts: 0,
            quick: 0,
            run: 0,
            created,
            started: 0,
            finished: 0,
            probed: 0,
            extra: None,
        };
        state.events.of_cell(now, &container, "create", Vec::new());
        state.containers.push(container);
        Ok(json!({ "Id": hex(&id), "Warnings": [] }))
    }

    fn spec(&self, image: &Image, wanted: Wanted) -> Result<Spec, Refusal> {
        let host = wanted.host_config.unwrap_or_default();
        let mut command = words(wanted.entrypoint);
        let entrypoint = command.len();
        command.extend(words(wanted.cmd));
        let repository = image.name.split(':').next().unwrap_or_default();
        let known = self.catalogue.iter().find(|(_, known)| {
            let known = known.name.split(':').next().unwrap_or_default();
            repository == known || repository.ends_with(&format!("/{known}"))
        });
        // An image of the world does what its service does, unless it is told to do something else.
        let work = match known {
            Some((spec, _)) if command.is_empty() || command == spec.command => {
                command.clone_from(&spec.command);
                spec.work.clone()
            }
            _ => Work::Script,
        };
        if command.is_empty() {
            return Err(Refusal::bad("No command specified"));
        }
        let ports = host.port_bindings.unwrap_or_default().into_iter().filter_map(|(inside, outside)| {
            let outside = outside?.first()?.host_port.parse().ok()?;
            Some((inside.split('/').next()?.parse().ok()?, outside))
        });
        let policy = host.restart_policy.unwrap_or_default();
        Ok(Spec {
            image: Arc::clone(&image.name),
            image_id: Arc::clone(&image.id),
            command,
            entrypoint,
            env: wanted.env.unwrap_or_default(),
            labels: wanted.labels.unwrap_or_default(),
            network: if matches!(host.network_mode.as_str(), "" | "default") { "bridge".to_owned() } else { host.network_mode },
            ports: ports.collect(),
            memory: host.memory,
            nano_cpus: host.nano_cpus,
            policy: Policy { name: policy.name, most: policy.maximum_retry_count },
            check: wanted.healthcheck.filter(|check| check.test.first().is_some_and(|kind| kind != "NONE")).map(|check| Check {
                test: check.test,
                interval: if check.interval == 0 { 30 * SECOND } else { check.interval },
                timeout: if check.timeout == 0 { 30 * SECOND } else { check.timeout },
                retries: check.retries,
            }),
            tty: wanted.tty,
            open_stdin: wanted.open_stdin,
            auto_remove: host.auto_remove,
            hostname: wanted.hostname.filter(|name| !name.is_empty()),
            working_dir: wanted.working_dir,
            user: wanted.user,
            work,
        })
    }
}

impl State {
    /// By name, with or without its tag, or by id.
    pub(super) fn find_image(&self, name: &str) -> Option<Arc<Image>> {
        let tagged =
            if name.rsplit('/').next().is_some_and(|last| last.contains(':')) { name.to_owned() } else { format!("{name}:latest") };
        let by_id = name.strip_prefix("sha256:").unwrap_or(name);
        let found = self.images.iter().find(|image| {
            *image.name == *tagged || by_id.len() >= 12 && image.id.strip_prefix("sha256:").is_some_and(|id| id.starts_with(by_id))
        });
        found.cloned()
    }

    /// A name that is well formed and free.
    pub(super) fn check_name(&self, name: &str) -> Result<(), Refusal> {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if name.len() < 2 || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(good) {
            return Err(Refusal::bad(format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")));
        }
        match self.containers.iter().find(|container| *container.name == *name) {
            Some(owner) => Err(Refusal::conflict(format!(
                "Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove (or rename) that container to be able to reuse that name.",
                owner.hex()
            ))),
            None => Ok(()),
        }
    }
}

fn words(words: Option<Words>) -> Vec<String> {
    match words {
        None => Vec::new(),
        Some(Words::One(line)) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line],
        Some(Words::Many(words)) => words,
    }
}

/// A name for what was given none.
fn given_name(id: &[u8; 32]) -> String {
    const FIRST: [&str; 8] = ["quiet", "brave", "amber", "nimble", "steady", "lucid", "eager", "gentle"];
    const LAST: [&str; 8] = ["harbor", "crane", "anchor", "beacon", "pier", "tide", "buoy", "ferry"];
    format!("{}_{}{}", FIRST[usize::from(id[0] % 8)], LAST[usize::from(id[1] % 8)], u16::from(id[2]) * 10 + u16::from(id[3] % 10))
}
