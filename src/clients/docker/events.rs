//! Follows what happens to containers: the source of change; lists are only the check.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use serde::Deserialize;

use super::engine::Engine;
use super::flow::Flow;
use super::lines::Lines;
use super::logs::seconds;
use super::pool::Use;
use crate::clients::http::segment;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::host::ContainerId;
use crate::model::text::clean;

/// Bytes of one event at most: an event carries all labels of its container.
const MOST_LINE: usize = 1 << 20;

/// What changes a row. Health checks make three `exec_*` events each time, which would drown these.
const ACTIONS: [&str; 14] = [
    "create",
    "start",
    "restart",
    "stop",
    "die",
    "kill",
    "oom",
    "destroy",
    "pause",
    "unpause",
    "rename",
    "update",
    "resize",
    "health_status",
];

/// Something that happened to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerEvent {
    /// `None` where the event could not be read (over 1 MiB): the list must be asked for again.
    pub id: Option<ContainerId>,
    /// The engine's word: `start`, `die`, `health_status: healthy`, ..
    pub action: Box<str>,
    /// Of a `die`.
    pub exit_code: Option<i32>,
    /// By the engine's clock.
    pub at: Stamp,
    /// The same in nanoseconds: where to go on after a cut.
    pub time_nano: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(rename = "Type")]
    kind: Option<String>,
    #[serde(rename = "Action")]
    action: Option<String>,
    #[serde(rename = "Actor")]
    actor: Option<Actor>,
    /// Until API 1.22 the only names for id and action; gone again since 1.52.
    id: Option<String>,
    status: Option<String>,
    time: Option<i64>,
    #[serde(rename = "timeNano")]
    time_nano: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Actor {
    #[serde(rename = "ID")]
    id: Option<String>,
    #[serde(rename = "Attributes")]
    attributes: Option<BTreeMap<String, Option<String>>>,
}

/// Events as they come. Dropping it closes its connection.
#[derive(Debug)]
pub struct DockerEvents {
    flow: Flow,
    lines: Lines,
    pending: Bytes,
    ended: bool,
}

impl Engine {
    /// With `since`, what happened from then on comes first.
    pub(super) async fn events(self: &Arc<Self>, since: Option<Stamp>) -> Result<DockerEvents, Fault> {
        let filters = serde_json::json!({ "type": ["container"], "event": ACTIONS }).to_string();
        let mut query = format!("?filters={}", segment(&filters));
        if let Some(at) = since {
            query.push_str(&seconds("since", at));
        }
        let mut question = self.question("/events", "/events").query(query);
        question.wanted = Use::Events;
        let flow = self.open(&question).await?;
        Ok(DockerEvents { flow, lines: Lines::new(MOST_LINE), pending: Bytes::new(), ended: false })
    }
}

impl DockerEvents {
    /// The next event; `None` when the engine ended the stream. After an error it is over. Safe to cancel.
    pub async fn next(&mut self) -> Option<Result<DockerEvent, Fault>> {
        loop {
            while !self.pending.is_empty() {
                let (cut, left) = self.lines.push(&self.pending);
                let used = self.pending.len() - left.len();
                self.pending.advance(used);
                let Some(cut) = cut else { continue };
                if cut.truncated {
                    return Some(Ok(self.unread()));
                }
                if cut.bytes.trim_ascii().is_empty() {
                    continue;
                }
                match serde_json::from_slice::<Wire>(&cut.bytes) {
                    Ok(wire) => {
                        if let Some(event) = event(wire) {
                            return Some(Ok(event));
                        }
                    }
                    Err(why) => {
                        self.ended = true;
                        self.pending = Bytes::new();
                        return Some(Err(self.flow.engine.place().garbage(&cut.bytes, &why.to_string())));
                    }
                }
            }
            if self.ended {
                return None;
            }
            match self.flow.chunk().await {
                Some(Ok(bytes)) => self.pending = bytes,
                Some(Err(fault)) => {
                    self.ended = true;
                    return Some(Err(fault));
                }
                None => self.ended = true,
            }
        }
    }

    fn unread(&self) -> DockerEvent {
        let at = self.flow.engine.shared.options.clock.now();
        DockerEvent { id: None, action: "unread".into(), exit_code: None, at, time_nano: at.0.saturating_mul(1_000_000) }
    }
}

/// `None` for what is not about a container, or does not change its row.
fn event(wire: Wire) -> Option<DockerEvent> {
    if wire.kind.as_deref().is_some_and(|kind| kind != "container") {
        return None;
    }
    let action = wire.action.or(wire.status)?;
    // Engines and proxies that do not know the filter send everything.
    let verb = action.split(':').next().unwrap_or_default();
    if !ACTIONS.contains(&verb) {
        return None;
    }
    let actor = wire.actor.unwrap_or_default();
    let id = actor.id.or(wire.id).and_then(|id| ContainerId::parse(&id));
    let code = actor.attributes.as_ref().and_then(|a| a.get("exitCode")).and_then(|c| c.as_deref()).and_then(|c| c.parse().ok());
    let time_nano = wire.time_nano.or_else(|| wire.time.map(|s| s.saturating_mul(1_000_000_000))).unwrap_or(0);
    Some(DockerEvent { id, action: clean(&action).into(), exit_code: code, at: Stamp(time_nano.div_euclid(1_000_000)), time_nano })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<DockerEvent> {
        event(serde_json::from_str(json).expect("json"))
    }

    #[test]
    fn old_and_new_shapes_are_read() {
        let id = "ab".repeat(32);
        let new = format!(
            r#"{{"Type":"container","Action":"die","Actor":{{"ID":"{id}","Attributes":{{"exitCode":"137"}}}},"time":5,"timeNano":5000000001}}"#
        );
        let new = read(&new).expect("event");
        assert_eq!((new.id, new.exit_code, new.at, new.time_nano), (ContainerId::parse(&id), Some(137), Stamp(5000), 5_000_000_001));
        let old = read(&format!(r#"{{"status":"start","id":"{id}","time":5}}"#)).expect("event");
        assert_eq!((&*old.action, old.id, old.at), ("start", ContainerId::parse(&id), Stamp(5000)));
    }

    #[test]
    fn noise_is_dropped() {
        for json in [
            r#"{"Type":"network","Action":"connect"}"#,
            r#"{"Type":"container","Action":"exec_create: /bin/true"}"#,
            r#"{"Type":"container","Action":"top"}"#,
            r#"{"Type":"container"}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
        assert!(read(r#"{"Type":"container","Action":"health_status: healthy","Actor":null}"#).is_some_and(|e| e.id.is_none()));
    }
}
