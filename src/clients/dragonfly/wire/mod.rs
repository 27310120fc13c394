//! The manager's JSON as it comes, and the nouns it becomes. Credentials in a job's arguments are not read.

mod jobs;

use std::sync::Arc;

use serde::{Deserialize, Deserializer};

pub(super) use jobs::{WireDistribution, WireJob};

use crate::model::clock::Stamp;
use crate::model::preheat::{AccessToken, DragonflyAudit, DragonflyUser, Peer, Scheduler, SchedulerCluster, SeedPeerCluster, WarmCluster};
use crate::model::text::clean;

/// JSON of one shape and the noun it tells.
pub(super) trait FromWire: serde::de::DeserializeOwned {
    type Noun;

    fn noun(self) -> Self::Noun;
}

/// A word from outside, washed; null is none.
#[derive(Debug, Default)]
struct Word(Option<Arc<str>>);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <Option<std::borrow::Cow<'de, str>>>::deserialize(from)?;
        Ok(Self(text.map(|text| clean(&text).into())))
    }
}

impl Word {
    fn text(self) -> Arc<str> {
        self.0.unwrap_or_default()
    }

    fn some(self) -> Option<Arc<str>> {
        self.0.filter(|text| !text.is_empty())
    }

    fn moment(self) -> Option<Stamp> {
        self.0.and_then(|text| Stamp::parse_rfc3339(&text))
    }
}

fn texts(list: Option<Vec<Word>>) -> Vec<Arc<str>> {
    list.unwrap_or_default().into_iter().filter_map(Word::some).collect()
}

fn nouns<T: FromWire>(list: Option<Vec<T>>) -> Vec<T::Noun> {
    list.unwrap_or_default().into_iter().map(FromWire::noun).collect()
}

/// An address without its query, which may carry a signature.
fn bare(url: Word) -> Option<Arc<str>> {
    url.some().map(|url| url.split(['?', '#']).next().unwrap_or_default().into())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireCluster {
    id: i64,
    name: Word,
    scopes: Option<WireScopes>,
    scheduler_cluster_id: i64,
    seed_peer_cluster_id: i64,
    is_default: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireScopes {
    idc: Word,
    location: Word,
    cidrs: Option<Vec<Word>>,
}

impl FromWire for WireCluster {
    type Noun = WarmCluster;

    fn noun(self) -> WarmCluster {
        let scopes = self.scopes.unwrap_or_default();
        WarmCluster {
            id: self.id,
            name: self.name.text(),
            idc: scopes.idc.some(),
            location: scopes.location.some(),
            cidrs: texts(scopes.cidrs),
            scheduler_cluster: self.scheduler_cluster_id,
            seed_peer_cluster: self.seed_peer_cluster_id,
            default: self.is_default,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireSchedulerCluster {
    id: i64,
    name: Word,
    is_default: bool,
    seed_peer_clusters: Option<Vec<WireSeedPeerCluster>>,
}

impl FromWire for WireSchedulerCluster {
    type Noun = SchedulerCluster;

    fn noun(self) -> SchedulerCluster {
        let seeds = self.seed_peer_clusters.unwrap_or_default();
        SchedulerCluster {
            id: self.id,
            name: self.name.text(),
            default: self.is_default,
            seed_peer_clusters: seeds.into_iter().map(|cluster| cluster.id).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireSeedPeerCluster {
    id: i64,
    name: Word,
}

impl FromWire for WireSeedPeerCluster {
    type Noun = SeedPeerCluster;

    fn noun(self) -> SeedPeerCluster {
        SeedPeerCluster { id: self.id, name: self.name.text() }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireScheduler {
    id: i64,
    host_name: Word,
    ip: Word,
    port: u16,
    idc: Word,
    location: Word,
    state: Word,
    features: Option<Vec<Word>>,
    last_keep_alive_at: Word,
    scheduler_cluster_id: i64,
}

impl FromWire for WireScheduler {
    type Noun = Scheduler;

    fn noun(self) -> Scheduler {
        Scheduler {
            id: self.id,
            host: self.host_name.text(),
            ip: self.ip.text(),
            port: self.port,
            idc: self.idc.some(),
            location: self.location.some(),
            state: self.state.text(),
            features: texts(self.features),
            kept_alive: self.last_keep_alive_at.moment(),
            scheduler_cluster: self.scheduler_cluster_id,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WirePeer {
    id: i64,
    host_name: Word,
    #[serde(rename = "type")]
    kind: Word,
    ip: Word,
    port: u16,
    idc: Word,
    location: Word,
    state: Word,
    git_version: Word,
    updated_at: Word,
    scheduler_cluster_id: Option<i64>,
    seed_peer_cluster_id: Option<i64>,
}

impl FromWire for WirePeer {
    type Noun = Peer;

    fn noun(self) -> Peer {
        Peer {
            id: self.id,
            host: self.host_name.text(),
            kind: self.kind.text(),
            ip: self.ip.text(),
            port: self.port,
            idc: self.idc.some(),
            location: self.location.some(),
            state: self.state.text(),
            version: self.git_version.some(),
            cluster: self.scheduler_cluster_id.or(self.seed_peer_cluster_id).unwrap_or_default(),
            updated: self.updated_at.moment(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireUser {
    id: i64,
    name: Word,
    state: Word,
}

impl FromWire for WireUser {
    type Noun = DragonflyUser;

    fn noun(self) -> DragonflyUser {
        DragonflyUser { id: self.id, name: self.name.text(), state: self.state.text() }
    }
}

/// The token itself is in the answer and is not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireAccessToken {
    id: i64,
    name: Word,
    scopes: Option<Vec<Word>>,
    state: Word,
    expired_at: Word,
}

impl FromWire for WireAccessToken {
    type Noun = AccessToken;

    fn noun(self) -> AccessToken {
        AccessToken {
            id: self.id,
            name: self.name.text(),
            scopes: texts(self.scopes),
            state: self.state.text(),
            expires: self.expired_at.moment(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireAudit {
    id: i64,
    operated_at: Word,
    actor_name: Word,
    operation: Word,
    path: Word,
    status_code: u16,
}

impl FromWire for WireAudit {
    type Noun = DragonflyAudit;

    fn noun(self) -> DragonflyAudit {
        DragonflyAudit {
            id: self.id,
            at: self.operated_at.moment(),
            actor: self.actor_name.text(),
            operation: self.operation.text(),
            path: self.path.text(),
            status: self.status_code,
        }
    }
}

/// No `Debug`: it holds a token.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WireSignIn {
    token: Option<String>,
    expire: Word,
}

impl WireSignIn {
    pub(super) fn parts(self) -> (Option<secrecy::SecretString>, Option<Stamp>) {
        (self.token.filter(|token| !token.is_empty()).map(Into::into), self.expire.moment())
    }
}
