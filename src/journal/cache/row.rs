//! One host as a row of the cache: words said once, containers as lists, about a third of plain JSON.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::clock::Stamp;
use crate::model::cluster::Labels;
use crate::model::endpoint::Freshness;
use crate::model::host::{Container, ContainerId, ContainerState, Health, Host, HostFacts, HostSpec, Port};

/// The form of a row. Rows of another form are not read, and are written anew.
const FORM: u8 = 1;

#[derive(Serialize, Deserialize)]
struct HostRow {
    form: u8,
    spec: Arc<HostSpec>,
    facts: Arc<HostFacts>,
    words: Vec<Arc<str>>,
    /// Sets of labels as pairs of words.
    labels: Vec<Vec<(u32, u32)>>,
    containers: Option<Vec<ContainerRow>>,
}

/// Id, name, image, state, health, created, since, service, labels, ports.
#[derive(Serialize, Deserialize)]
struct ContainerRow(
    ContainerId,
    Box<str>,
    u32,
    ContainerState,
    Option<Health>,
    Stamp,
    Option<Stamp>,
    Option<u32>,
    u32,
    Vec<(u16, Option<u16>, Option<u32>, u32)>,
);

/// Numbers for words, in the order in which they were first said.
#[derive(Default)]
struct Words {
    list: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Words {
    fn number(&mut self, word: &Arc<str>) -> u32 {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(Arc::clone(word)).or_insert_with(|| {
            self.list.push(Arc::clone(word));
            next
        })
    }
}

/// What is the same on many hosts, kept once in memory while a cache is read.
#[derive(Debug, Default)]
pub(super) struct Shared {
    words: HashSet<Arc<str>>,
    labels: HashSet<Arc<Labels>>,
    ports: HashSet<Arc<[Port]>>,
}

/// The row of a host: all but how fresh it is, so that a host that only answered again is the same row.
pub(super) fn write(host: &Host) -> Result<Vec<u8>, serde_json::Error> {
    let mut words = Words::default();
    let mut sets: Vec<Vec<(u32, u32)>> = Vec::new();
    let mut set_numbers: BTreeMap<Arc<Labels>, u32> = BTreeMap::new();
    let containers = host.containers.as_ref().map(|all| {
        all.iter()
            .map(|c| {
                let labels = *set_numbers.entry(Arc::clone(&c.labels)).or_insert_with(|| {
                    sets.push(c.labels.iter().map(|(key, value)| (words.number(key), words.number(value))).collect());
                    u32::try_from(sets.len() - 1).unwrap_or(u32::MAX)
                });
                let ports =
                    c.ports.iter().map(|p| (p.private, p.public, p.ip.as_ref().map(|ip| words.number(ip)), words.number(&p.protocol)));
                let ports = ports.collect();
                let (image, service) = (words.number(&c.image), c.service.as_ref().map(|s| words.number(s)));
                ContainerRow(c.id, c.name.clone(), image, c.state.clone(), c.health, c.created, c.since, service, labels, ports)
            })
            .collect()
    });
    let row =
        HostRow { form: FORM, spec: Arc::clone(&host.spec), facts: Arc::clone(&host.facts), words: words.list, labels: sets, containers };
    serde_json::to_vec(&row)
}

/// The host of a row, as it was last known; `None` where the row is of another form or not whole.
pub(super) fn read(body: &[u8], good_at: Option<Stamp>, shared: &mut Shared) -> Option<Host> {
    let row: HostRow = serde_json::from_slice(body).ok()?;
    if row.form != FORM {
        return None;
    }
    let words: Vec<Arc<str>> = row.words.into_iter().map(|word| keep(&mut shared.words, word)).collect();
    let word = |number: u32| words.get(usize::try_from(number).ok()?).cloned();
    let mut sets: Vec<Arc<Labels>> = Vec::with_capacity(row.labels.len());
    for pairs in row.labels {
        let labels: Labels = pairs.into_iter().map(|(k, v)| Some((word(k)?, word(v)?))).collect::<Option<_>>()?;
        sets.push(keep(&mut shared.labels, Arc::new(labels)));
    }
    let containers = match row.containers {
        None => None,
        Some(rows) => {
            let mut list = Vec::with_capacity(rows.len());
            for ContainerRow(id, name, image, state, health, created, since, service, labels, ports) in rows {
                let ports = ports
                    .into_iter()
                    .map(|(private, public, ip, protocol)| {
                        let ip = match ip {
                            Some(number) => Some(word(number)?),
                            None => None,
                        };
                        Some(Port { private, public, ip, protocol: word(protocol)? })
                    })
                    .collect::<Option<Arc<[Port]>>>()?;
                let service = match service {
                    Some(number) => Some(word(number)?),
                    None => None,
                };
                list.push(Arc::new(Container {
                    id,
                    name,
                    image: word(image)?,
                    state,
                    health,
                    created,
                    since,
                    service,
                    labels: sets.get(usize::try_from(labels).ok()?).cloned()?,
                    ports: keep(&mut shared.ports, ports),
                }));
            }
            Some(list)
        }
    };
    let freshness = Freshness { good_at, cached: true, ..Freshness::default() };
    Some(Host { spec: row.spec, facts: row.facts, containers, freshness })
}

fn keep<T: ?Sized + Eq + std::hash::Hash>(kept: &mut HashSet<Arc<T>>, one: Arc<T>) -> Arc<T> {
    if let Some(there) = kept.get(&one) {
        return Arc::clone(there);
    }
    kept.insert(Arc::clone(&one));
    one
}
