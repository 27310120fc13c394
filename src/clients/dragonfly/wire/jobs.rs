//! Jobs of the manager, and where an image is warm. Credentials in a job's arguments are not read.

use serde::Deserialize;

use super::{FromWire, WireSeedPeerCluster, Word, bare, nouns};
use crate::model::preheat::{Distribution, DragonflyJob, DragonflyState, PeerLayers, PeerTask};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireJob {
    id: i64,
    #[serde(rename = "type")]
    kind: Word,
    state: Word,
    args: Option<WireArguments>,
    result: Option<WireResult>,
    created_at: Word,
    updated_at: Word,
    scheduler_clusters: Option<Vec<WireSeedPeerCluster>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireArguments {
    url: Word,
    scope: Word,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireResult {
    job_states: Option<Vec<WireState>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireState {
    error: Word,
    results: Option<Vec<WireTasks>>,
}

/// Results of other kinds of jobs have other fields, which are not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireTasks {
    success_tasks: Option<Vec<WireTask>>,
    failure_tasks: Option<Vec<WireTask>>,
    scheduler_cluster_id: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireTask {
    url: Word,
    hostname: Word,
    ip: Word,
    description: Word,
}

impl WireTask {
    fn noun(self, failed: Option<&'static str>, cluster: i64) -> PeerTask {
        let failure = failed.map(|word| self.description.some().unwrap_or_else(|| word.into()));
        PeerTask {
            url: bare(self.url).unwrap_or_default(),
            host: self.hostname.text(),
            ip: self.ip.text(),
            failure,
            scheduler_cluster: cluster,
        }
    }
}

impl FromWire for WireJob {
    type Noun = DragonflyJob;

    fn noun(self) -> DragonflyJob {
        let arguments = self.args.unwrap_or_default();
        let (mut tasks, mut errors) = (Vec::new(), Vec::new());
        for state in self.result.and_then(|result| result.job_states).unwrap_or_default() {
            errors.extend(state.error.some());
            for told in state.results.unwrap_or_default() {
                let cluster = told.scheduler_cluster_id;
                tasks.extend(told.success_tasks.unwrap_or_default().into_iter().map(|task| task.noun(None, cluster)));
                tasks.extend(told.failure_tasks.unwrap_or_default().into_iter().map(|task| task.noun(Some("failed"), cluster)));
            }
        }
        DragonflyJob {
            id: self.id,
            kind: self.kind.text(),
            state: DragonflyState::parse(&self.state.text()),
            url: bare(arguments.url),
            scope: arguments.scope.some(),
            tasks,
            errors,
            created: self.created_at.moment(),
            updated: self.updated_at.moment(),
            scheduler_clusters: self.scheduler_clusters.unwrap_or_default().into_iter().map(|cluster| cluster.id).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireDistribution {
    image: Option<WireImage>,
    peers: Option<Vec<WirePeerLayers>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireImage {
    layers: Option<Vec<WireLayer>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireLayer {
    url: Word,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WirePeerLayers {
    ip: Word,
    hostname: Word,
    cached_layers: Option<Vec<WireLayer>>,
    scheduler_cluster_id: i64,
}

impl FromWire for WirePeerLayers {
    type Noun = PeerLayers;

    fn noun(self) -> PeerLayers {
        PeerLayers {
            host: self.hostname.text(),
            ip: self.ip.text(),
            layers: self.cached_layers.unwrap_or_default().into_iter().filter_map(|layer| bare(layer.url)).collect(),
            scheduler_cluster: self.scheduler_cluster_id,
        }
    }
}

impl FromWire for WireDistribution {
    type Noun = Distribution;

    fn noun(self) -> Distribution {
        let layers = self.image.and_then(|image| image.layers).unwrap_or_default();
        Distribution { layers: layers.into_iter().filter_map(|layer| bare(layer.url)).collect(), peers: nouns(self.peers) }
    }
}
