//! Lists containers: only the fields that a row needs, read without copying, with shared words.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;

use super::engine::Engine;
use super::status::{read, state};
use super::words::Store;
use crate::clients::http::segment;
use crate::model::clock::Stamp;
use crate::model::cluster::Labels;
use crate::model::fault::Fault;
use crate::model::host::{Container, ContainerId, Health, Port, SERVICE_LABELS};
use crate::model::text::clean;

/// Ids in one question: the filter goes into the address, and proxies refuse more than 8 KB there.
const IDS_AT_ONCE: usize = 80;

/// A string of the wire, borrowed where it has no escapes (serde borrows it inside an Option only so).
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row<'a> {
    #[serde(borrow)]
    id: Option<Word<'a>>,
    names: Option<Vec<Word<'a>>>,
    image: Option<Word<'a>>,
    created: Option<i64>,
    ports: Option<Vec<WirePort<'a>>>,
    labels: Option<BTreeMap<Word<'a>, Option<Word<'a>>>>,
    state: Option<Word<'a>>,
    status: Option<Word<'a>>,
    health: Option<WireHealth<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireHealth<'a> {
    #[serde(borrow)]
    status: Option<Word<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WirePort<'a> {
    #[serde(borrow, rename = "IP")]
    ip: Option<Word<'a>>,
    private_port: Option<u16>,
    public_port: Option<u16>,
    #[serde(rename = "Type")]
    kind: Option<Word<'a>>,
}

impl Engine {
    /// All containers, stopped ones too, or those of `only` that still exist; sorted by id.
    pub(super) async fn list(self: &Arc<Self>, only: &[ContainerId]) -> Result<Vec<Container>, Fault> {
        let mut all = Vec::new();
        if only.is_empty() {
            let reply = self.ask(&self.question("/containers/json", "/containers/json").query("?all=1")).await?;
            self.good(&reply)?;
            self.read_rows(&reply.body, &mut all)?;
        }
        for ids in only.chunks(IDS_AT_ONCE) {
            let mut filter = String::from("{\"id\":[");
            for (at, id) in ids.iter().enumerate() {
                let comma = if at == 0 { "" } else { "," };
                let _ = write!(filter, "{comma}\"{id}\"");
            }
            filter.push_str("]}");
            let query = format!("?all=1&filters={}", segment(&filter));
            let reply = self.ask(&self.question("/containers/json", "/containers/json").query(query)).await?;
            self.good(&reply)?;
            self.read_rows(&reply.body, &mut all)?;
        }
        all.sort_unstable_by_key(|c| c.id);
        Ok(all)
    }

    fn read_rows(&self, body: &[u8], all: &mut Vec<Container>) -> Result<(), Fault> {
        let rows: Option<Vec<Row<'_>>> = serde_json::from_slice(body).map_err(|why| self.place().garbage(body, &why.to_string()))?;
        let now = self.shared.options.clock.now();
        let mut words = self.shared.words.lock();
        for row in rows.unwrap_or_default() {
            if let Some(container) = container(row, &mut words, now) {
                all.push(container);
            } else {
                tracing::warn!(endpoint = &*self.endpoint.name, "a container without a readable id was left out of the list");
            }
        }
        Ok(())
    }
}

fn container(row: Row<'_>, words: &mut Store, now: Stamp) -> Option<Container> {
    let id = ContainerId::parse(&row.id?.0)?;
    let told = row.status.as_ref().map(|s| read(&s.0)).unwrap_or_default();
    let word = match (&row.state, &row.status) {
        (Some(word), _) => word.0.to_ascii_lowercase(),
        // Engines before API 1.23 have only the sentence.
        (None, Some(sentence)) if sentence.0.contains("(Paused)") => "paused".to_owned(),
        (None, Some(sentence)) if sentence.0.starts_with("Up") => "running".to_owned(),
        (None, Some(sentence)) => sentence.0.split(' ').next().unwrap_or_default().to_ascii_lowercase(),
        (None, None) => "unknown".to_owned(),
    };
    let state = state(&word, told.exit_code);
    let health = match row.health.and_then(|h| h.status) {
        Some(word) => match &*word.0 {
            "healthy" => Some(Health::Healthy),
            "unhealthy" => Some(Health::Unhealthy),
            "starting" => Some(Health::Starting),
            _ => None,
        },
        None => told.health,
    };
    let labels: Labels = row
        .labels
        .unwrap_or_default()
        .into_iter()
        .map(|(key, value)| (words.word(&key.0), words.word(value.as_ref().map_or("", |v| &v.0))))
        .collect();
    let service = SERVICE_LABELS.iter().find_map(|key| labels.get(*key)).filter(|name| !name.is_empty()).cloned();
    let names = row.names.unwrap_or_default();
    // A linked container has `/other/alias` beside its own name.
    let name = names.iter().map(|n| n.0.trim_start_matches('/')).min_by_key(|n| n.matches('/').count()).unwrap_or_default();
    let ports = row
        .ports
        .unwrap_or_default()
        .into_iter()
        .filter_map(|p| {
            Some(Port {
                private: p.private_port?,
                public: p.public_port.filter(|port| *port != 0),
                ip: p.ip.filter(|ip| !ip.0.is_empty()).map(|ip| words.word(&ip.0)),
                protocol: words.word(p.kind.as_ref().map_or("tcp", |k| &k.0)),
            })
        })
        .collect();
    Some(Container {
        id,
        name: clean(name).into(),
        image: words.word(row.image.as_ref().map_or("", |i| &i.0)),
        // A container that is not up has no health, whatever its last check said.
        health: health.filter(|_| state.is_up()),
        state,
        created: Stamp(row.created.unwrap_or(0).saturating_mul(1000)),
        since: told.for_ms.map(|ms| now.plus_millis(-ms)),
        service,
        labels: words.labels(labels),
        ports: words.ports(ports),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::host::ContainerState;

    fn parse(json: &str) -> Option<Container> {
        container(serde_json::from_str(json).expect("row"), &mut Store::default(), Stamp(1_000_000))
    }

    #[test]
    fn every_field_but_the_id_may_be_missing_or_null() {
        let id = "ab".repeat(32);
        let bare = parse(&format!("{{\"Id\":\"{id}\"}}")).expect("container");
        assert_eq!((&*bare.name, &bare.state), ("", &ContainerState::Other("unknown".into())));
        let nulls = format!(
            "{{\"Id\":\"{id}\",\"Names\":null,\"Image\":null,\"Created\":null,\"Ports\":null,\"Labels\":null,\"State\":null,\"Status\":null,\"Health\":null}}"
        );
        assert_eq!(parse(&nulls).expect("container"), bare);
        assert!(parse("{\"Id\":\"short\"}").is_none());
    }

    #[test]
    fn hostile_names_are_washed_and_escapes_are_read() {
        let id = "ab".repeat(32);
        let row = format!(
            "{{\"Id\":\"{id}\",\"Names\":[\"/db/alias\",\"/web\\u001b[2J\"],\"State\":\"exited\",\"Status\":\"Exited (3) 2 minutes ago\",\
             \"Labels\":{{\"com.docker.compose.service\":\"w\\u0065b\",\"x\":null}},\"Health\":{{\"Status\":\"unhealthy\"}}}}"
        );
        let row = parse(&row).expect("container");
        assert_eq!(&*row.name, "web\u{FFFD}[2J");
        assert_eq!(row.service.as_deref(), Some("web"));
        assert_eq!(row.state, ContainerState::Exited(Some(3)));
        assert_eq!((row.health, row.since), (None, Some(Stamp(1_000_000 - 120_000))));
    }
}
