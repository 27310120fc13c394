//! `/containers/json`: the rows of `docker ps`.

use std::sync::Arc;

use regex::Regex;
use serde_json::{Value, json};

use crate::lab::world::Engine;

use super::events::network_id;
use super::query::{Filters, Query, Refusal};
use super::seed::Image;
use super::sim_container::{Health, Nanos, Phase, SECOND, SimContainer, human};
use super::{State, Twin};

const KNOWN: [&str; 16] = [
    "ancestor",
    "before",
    "exited",
    "expose",
    "health",
    "id",
    "is-task",
    "isolation",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
    "removing",
];
const STATES: [&str; 7] = ["created", "dead", "exited", "paused", "removing", "restarting", "running"];

/// Whether a row says how large the container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sizes {
    Counted,
    Left,
}

impl Twin {
    /// The list that a query asks for, newest first.
    pub(super) fn list(&self, query: &Query) -> Result<Value, Refusal> {
        let filters = query.filters()?;
        if let Some(odd) = filters.stranger(&KNOWN) {
            return Err(Refusal::bad(match self.machine.engine {
                Engine::Classic => format!("Invalid filter '{odd}'"),
                Engine::Newer => format!("invalid filter '{odd}'"),
            }));
        }
        if let Some(odd) = filters.values("status").iter().find(|state| !STATES.contains(&state.as_str())) {
            return Err(Refusal::bad(match self.machine.engine {
                Engine::Classic => format!("Invalid filter 'status={odd}'"),
                Engine::Newer => format!("invalid filter 'status={odd}'"),
            }));
        }
        let limit = query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
        let all = query.flag("all") || limit.is_some() || !filters.values("status").is_empty() || !filters.values("exited").is_empty();
        let names = patterns(filters.values("name"));
        let sizes = if query.flag("size") { Sizes::Counted } else { Sizes::Left };
        self.read(|state, now| {
            let mut chosen: Vec<&SimContainer> = state
                .containers
                .iter()
                .filter(|container| all || container.phase.is_up() || container.phase == Phase::Restarting)
                .collect();
            chosen.retain(|container| fits(container, &filters, &names, state));
            chosen.sort_by_key(|container| std::cmp::Reverse(container.created));
            chosen.truncate(limit.unwrap_or(usize::MAX));
            Ok(chosen.into_iter().map(|container| self.row(container, state, now, sizes)).collect())
        })
    }

    fn row(&self, container: &SimContainer, state: &State, now: Nanos, sizes: Sizes) -> Value {
        let newer = self.is(Engine::Newer);
        let spec = &container.spec;
        let mut row = json!({
            "Id": container.hex(),
            "Names": [format!("/{}", container.name)],
            "Image": spec.image,
            "ImageID": spec.image_id,
            "Command": command(&spec.command),
            "Created": container.created / SECOND,
            "Ports": row_ports(container),
            "Labels": spec.labels,
            "State": container.phase.word(),
            "Status": status(container, now),
            "HostConfig": { "NetworkMode": spec.network },
            "NetworkSettings": { "Networks": self.networks(container) },
            "Mounts": [],
        });
        if newer {
            row["ImageManifestDescriptor"] = descriptor(&spec.image_id);
            if let Some(health) = container.health {
                row["Health"] = json!({ "Status": health.word(), "FailingStreak": container.streak });
            }
        }
        if sizes == Sizes::Counted {
            row["SizeRootFs"] = json!(state.images.iter().find(|image| image.id == spec.image_id).map_or(0, |image| image.size));
            if newer {
                row["SizeRw"] = json!(4096);
            }
        }
        row
    }

    /// The networks of a container, as lists and inspect show them.
    pub(super) fn networks(&self, container: &SimContainer) -> Value {
        let name = &container.spec.network;
        let up = container.phase.is_up();
        let bridged = up && name == "bridge";
        let address = container.address();
        let mut place = json!({
            "IPAMConfig": null,
            "Links": null,
            "Aliases": null,
            "NetworkID": if container.started == 0 { String::new() } else { network_id(name) },
            "EndpointID": if up { network_id(&format!("{}{}", container.hex(), container.run)) } else { String::new() },
            "Gateway": if bridged { "172.17.0.1" } else { "" },
            "IPAddress": if bridged { address.as_str() } else { "" },
            "IPPrefixLen": if bridged { 16 } else { 0 },
            "IPv6Gateway": "",
            "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0,
            "MacAddress": if bridged { mac(container) } else { String::new() },
            "DriverOpts": null,
        });
        if self.is(Engine::Newer) {
            place["GwPriority"] = json!(0);
            place["DNSNames"] = Value::Null;
        }
        json!({ name.as_str(): place })
    }
}

fn row_ports(container: &SimContainer) -> Value {
    let published = container.ports().filter(|_| container.phase.is_up()).flat_map(|(inside, outside)| {
        ["0.0.0.0", "::"].map(|ip| json!({ "IP": ip, "PrivatePort": inside, "PublicPort": outside, "Type": "tcp" }))
    });
    published.collect()
}

/// The manifest that a container of the containerd image store runs from.
pub(super) fn descriptor(image_id: &str) -> Value {
    json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": image_id,
        "size": 405,
        "platform": { "architecture": "amd64", "os": "linux" },
    })
}

pub(super) fn mac(container: &SimContainer) -> String {
    let place = u32::from(container.place) + 2;
    format!("02:42:ac:11:{:02x}:{:02x}", place / 250, place % 250)
}

/// `Up 2 hours (healthy)`.
pub(super) fn status(container: &SimContainer, now: Nanos) -> String {
    let since = |then: Nanos| human((now - then).max(0));
    match (container.phase, container.health) {
        (Phase::Created, _) => "Created".to_owned(),
        (Phase::Paused, _) => format!("Up {} (Paused)", since(container.started)),
        (Phase::Running, None) => format!("Up {}", since(container.started)),
        (Phase::Running, Some(Health::Starting)) => format!("Up {} (health: starting)", since(container.started)),
        (Phase::Running, Some(health)) => format!("Up {} ({})", since(container.started), health.word()),
        (Phase::Restarting, _) => format!("Restarting ({}) {} ago", container.code, since(container.finished)),
        (Phase::Exited, _) => format!("Exited ({}) {} ago", container.code, since(container.finished)),
    }
}

/// The command on one line, words with spaces in quotes.
fn command(words: &[String]) -> String {
    let quoted = |(at, word): (usize, &String)| if at > 0 && word.contains(' ') { format!("'{word}'") } else { word.clone() };
    words.iter().enumerate().map(quoted).collect::<Vec<_>>().join(" ")
}

fn fits(container: &SimContainer, filters: &Filters, names: &[Regex], state: &State) -> bool {
    let image = |want: &str| {
        let known: Option<&Arc<Image>> = state.images.iter().find(|image| *image.name == *want || image.id.contains(want));
        *container.spec.image == *want
            || container.spec.image.split_once(':').is_some_and(|(name, tag)| name == want && tag == "latest")
            || known.is_some_and(|image| image.id == container.spec.image_id)
    };
    let health = container.health.filter(|_| container.phase.is_up()).map_or("none", Health::word);
    filters.all("id", |want| container.hex().starts_with(want))
        && (names.is_empty() || names.iter().any(|name| name.is_match(&container.name) || name.is_match(&format!("/{}", container.name))))
        && filters.all("status", |want| want == container.phase.word())
        && filters.all("health", |want| want == health)
        && filters.all("exited", |want| container.phase == Phase::Exited && want.parse() == Ok(container.code))
        && filters.all("network", |want| want == container.spec.network)
        && filters.all("ancestor", image)
        && filters.every("label", |want| {
            let (key, value) = want.split_once('=').map_or((want, None), |(key, value)| (key, Some(value)));
            container.spec.labels.get(key).is_some_and(|have| value.is_none_or(|value| value == have))
        })
}

/// Names are matched as expressions, where they are some, otherwise as they stand.
fn patterns(names: &[String]) -> Vec<Regex> {
    names.iter().filter_map(|name| Regex::new(name).or_else(|_| Regex::new(&regex::escape(name))).ok()).collect()
}
