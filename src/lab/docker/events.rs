//! What an engine says has happened: a short memory and those who listen.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::lab::world::Engine;

use super::query::Filters;
use super::sim_container::{Nanos, SECOND, SimContainer, Spec, hex};

/// As many as a real engine remembers for `since`.
const REMEMBERED: usize = 256;

/// One event.
#[derive(Debug)]
pub(super) struct Event {
    /// Its place in the engine's history.
    pub(super) order: u64,
    pub(super) nano: Nanos,
    kind: &'static str,
    action: Box<str>,
    actor: Box<str>,
    /// Where it is of a container: its name and what it was created from.
    of: Option<(Box<str>, Arc<Spec>)>,
    more: Vec<(&'static str, String)>,
}

/// The memory of events.
#[derive(Debug, Default)]
pub(super) struct Events {
    ring: VecDeque<Arc<Event>>,
    next: u64,
    last: Nanos,
}

impl Events {
    /// A stamp for something that happens now: later than every one before it.
    pub(super) fn tick(&mut self, now: Nanos) -> Nanos {
        // Things that happen in one millisecond of the clock still have an order and a distance.
        let step = 37_211 + Nanos::try_from(self.next % 97).unwrap_or(0) * 1_013;
        self.last = if now > self.last { now + step } else { self.last + step };
        self.last
    }

    pub(super) fn of_cell(&mut self, now: Nanos, container: &SimContainer, action: impl Into<Box<str>>, more: Vec<(&'static str, String)>) {
        let of = Some((container.name.clone(), Arc::clone(&container.spec)));
        let actor = container.hex().into();
        let nano = self.tick(now);
        self.push(Event { order: 0, nano, kind: "container", action: action.into(), actor, of, more });
    }

    /// `connect` and `disconnect` of the container's network.
    pub(super) fn of_network(&mut self, now: Nanos, container: &SimContainer, action: &str) {
        let network = &container.spec.network;
        let driver = if network == "none" { "null" } else { network.as_str() };
        let more = vec![("container", container.hex()), ("name", network.clone()), ("type", driver.to_owned())];
        let nano = self.tick(now);
        let actor = network_id(network).into();
        self.push(Event { order: 0, nano, kind: "network", action: action.into(), actor, of: None, more });
    }

    /// An event that is of no single object.
    pub(super) fn of_kind(&mut self, now: Nanos, kind: &'static str, action: &str, more: Vec<(&'static str, String)>) {
        let nano = self.tick(now);
        self.push(Event { order: 0, nano, kind, action: action.into(), actor: "".into(), of: None, more });
    }

    /// Where a listener who wants only what is new begins.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// What is remembered from that place on.
    pub(super) fn from(&self, order: u64) -> impl Iterator<Item = &Arc<Event>> {
        self.ring.iter().skip_while(move |event| event.order < order)
    }

    fn push(&mut self, mut event: Event) {
        event.order = self.next;
        self.next += 1;
        if self.ring.len() == REMEMBERED {
            self.ring.pop_front();
        }
        self.ring.push_back(Arc::new(event));
    }
}

impl Event {
    /// As one line of `/events`.
    pub(super) fn json(&self, engine: Engine) -> Value {
        let attributes: BTreeMap<&str, &str> = self.attributes().collect();
        let mut line = json!({
            "Type": self.kind,
            "Action": self.action,
            "Actor": { "ID": self.actor, "Attributes": attributes },
            "scope": "local",
            "time": self.nano / SECOND,
            "timeNano": self.nano,
        });
        // The fields of before API 1.22 are still there on older engines.
        if engine == Engine::Classic {
            if self.kind == "container" || !self.actor.is_empty() && self.kind == "image" {
                line["status"] = json!(self.action);
                if !self.actor.is_empty() {
                    line["id"] = json!(self.actor);
                }
            }
            if let Some((_, spec)) = &self.of {
                line["from"] = json!(spec.image);
            }
        }
        line
    }

    /// Filters of different keys must all match, of one key any.
    pub(super) fn matches(&self, filters: &Filters) -> bool {
        filters.all("type", |want| want == self.kind)
            && filters.all("event", |want| self.is_action(want))
            && filters.all("container", |want| match &self.of {
                Some((name, _)) => self.actor.starts_with(want) || **name == *want,
                None => self.more.iter().any(|(key, value)| *key == "container" && value.starts_with(want)),
            })
            && filters.all("image", |want| self.of.as_ref().is_some_and(|(_, spec)| *spec.image == *want))
            && filters.every("label", |want| {
                let (key, value) = want.split_once('=').map_or((want, None), |(key, value)| (key, Some(value)));
                let labels = self.of.as_ref().map(|(_, spec)| &spec.labels);
                labels.and_then(|labels| labels.get(key)).is_some_and(|have| value.is_none_or(|value| value == have))
            })
    }

    /// `exec_create: sh` is met by `exec_create` too, other actions only by themselves.
    fn is_action(&self, want: &str) -> bool {
        *self.action == *want || matches!(want, "health_status" | "exec_create" | "exec_start") && self.action.starts_with(want)
    }

    fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let of = self.of.iter().flat_map(|(name, spec)| {
            let labels = spec.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            labels.chain([("image", &*spec.image), ("name", &**name)])
        });
        of.chain(self.more.iter().map(|(key, value)| (*key, value.as_str())))
    }
}

/// An id that an engine gave to a predefined network.
pub(super) fn network_id(name: &str) -> String {
    let mut random = fastrand::Rng::with_seed(name.bytes().fold(11, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))));
    let mut id = [0u8; 32];
    random.fill(&mut id);
    hex(&id)
}
