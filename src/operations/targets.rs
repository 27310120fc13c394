//! Which containers an operation is for, as people and scripts name them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::completion::Completes;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::host::{Container, ContainerId, Host, HostState};
use crate::model::nearest::nearest;
use crate::model::plan::Skipped;
use crate::model::text::{Text, clean};

/// Candidates that a message names before it only counts.
const NAMED: usize = 5;

/// Containers by name, by service or by host; what is named twice is taken once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Targets {
    /// host/name or host/id (any unambiguous beginning); a name alone where only one host has it
    #[arg(value_name = "HOST/CONTAINER", add = Completes::Container)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
    /// All containers of a service
    #[arg(long, value_name = "SERVICE", add = Completes::Service)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<String>,
    /// Only on this host
    #[arg(long, value_name = "HOST", add = Completes::Host)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host: Vec<String>,
    /// Only in this IDC
    #[arg(long, value_name = "IDC", add = Completes::Idc)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub idc: Vec<String>,
    /// All containers on a host
    #[arg(long, value_name = "HOST", add = Completes::Host)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all_on: Vec<String>,
}

/// What the targets come to on one Fleet.
#[derive(Debug, Default)]
pub(super) struct Found<'f> {
    /// By host and name; each host answers now.
    pub(super) containers: Vec<(&'f Arc<Host>, &'f Arc<Container>)>,
    /// Named by its full id and gone since.
    pub(super) gone: Vec<Skipped>,
    /// On hosts that do not answer: what is known may be out of date.
    pub(super) undecided: Vec<Skipped>,
}

type Place<'f> = (&'f Arc<Host>, &'f Arc<Container>);

impl Targets {
    /// The containers with these `host/id`s, as a selection of rows names them.
    pub fn rows(rows: impl IntoIterator<Item = (Arc<str>, ContainerId)>) -> Self {
        Self { containers: rows.into_iter().map(|(host, id)| format!("{host}/{id}")).collect(), ..Self::default() }
    }

    /// The hosts named, where every target names its own.
    pub(super) fn hosts_named(&self) -> Option<BTreeSet<Arc<str>>> {
        if !self.host.is_empty() {
            return Some(self.host.iter().chain(&self.all_on).map(|name| Arc::from(name.as_str())).collect())
                .filter(|_| self.containers.iter().all(|c| !c.contains('/')));
        }
        let mut hosts: BTreeSet<Arc<str>> = self.all_on.iter().map(|name| Arc::from(name.as_str())).collect();
        for target in &self.containers {
            hosts.insert(target.split_once('/')?.0.into());
        }
        self.service.is_empty().then_some(hosts)
    }

    /// Looks the targets up.
    pub(super) fn find<'f>(&self, fleet: &'f Fleet, now: Stamp) -> Result<Found<'f>, Fault> {
        if self.containers.is_empty() && self.service.is_empty() && self.all_on.is_empty() {
            let cause = Text::new("no container is named", "没有指定容器");
            let hint =
                Text::new("write host/container, --service NAME or --all-on HOST", "请写 主机/容器、--service 服务 或 --all-on 主机");
            return Err(Fault::new("containers", FaultKind::Usage, cause, hint));
        }
        for name in self.host.iter().chain(&self.all_on) {
            host_named(fleet, name)?;
        }
        if let Some(name) = self.idc.iter().find(|name| fleet.idc(name).is_none()) {
            return Err(unknown("--idc", name, fleet.idcs.iter().map(|idc| &*idc.name)));
        }
        let mut places: BTreeMap<(Arc<str>, ContainerId), Place<'f>> = BTreeMap::new();
        let mut found = Found::default();
        let mut put = |(host, container): Place<'f>| {
            places.insert((Arc::clone(host.name()), container.id), (host, container));
        };
        for target in &self.containers {
            self.find_one(fleet, target, now, &mut found)?.into_iter().for_each(&mut put);
        }
        for service in &self.service {
            let of_service = |(_, c): &Place<'f>| c.service.as_deref() == Some(service);
            let all: Vec<Place<'f>> = self.hosts(fleet).flat_map(containers_of).filter(of_service).collect();
            if all.is_empty() {
                let known = fleet.hosts.iter().flat_map(|h| h.known_containers()).filter_map(|c| c.service.as_deref());
                return Err(unknown("--service", service, known));
            }
            all.into_iter().for_each(&mut put);
        }
        for name in &self.all_on {
            let host = host_named(fleet, name)?;
            if host.containers.is_none() {
                found.undecided.push(Skipped { target: format!("{name}/*"), why: why_undecided(host, now) });
            }
            containers_of(host).for_each(&mut put);
        }
        let mut all: Vec<Place<'f>> = places.into_values().collect();
        all.sort_by(|(a, c), (b, d)| a.name().cmp(b.name()).then_with(|| c.name.cmp(&d.name)));
        for (host, container) in all {
            if host.state(now) == HostState::Online {
                found.containers.push((host, container));
            } else {
                let target = format!("{}/{}", host.name(), container.name);
                found.undecided.push(Skipped { target, why: why_undecided(host, now) });
            }
        }
        Ok(found)
    }

    /// Hosts that `--host` and `--idc` leave.
    fn hosts<'f>(&self, fleet: &'f Fleet) -> impl Iterator<Item = &'f Arc<Host>> {
        let is_in = |names: &[String], name: &str| names.is_empty() || names.iter().any(|n| n == name);
        fleet.hosts.iter().filter(move |h| is_in(&self.host, h.name()) && is_in(&self.idc, &h.spec.idc))
    }

    /// One named container; `None` where it is gone or nobody can say.
    fn find_one<'f>(&self, fleet: &'f Fleet, target: &str, now: Stamp, found: &mut Found<'_>) -> Result<Option<Place<'f>>, Fault> {
        let Some((host, wanted)) = target.split_once('/') else {
            let all: Vec<Place<'f>> = self.hosts(fleet).flat_map(|host| named_on(host, target)).collect();
            return match &all[..] {
                [one] => Ok(Some(*one)),
                [] => {
                    let known = self.hosts(fleet).flat_map(|h| h.known_containers()).map(|c| &*c.name);
                    Err(unknown("container", target, known))
                }
                several => Err(ambiguous(target, several)),
            };
        };
        let host = host_named(fleet, host)?;
        let all = named_on(host, wanted);
        match &all[..] {
            [one] => Ok(Some(*one)),
            [] if host.containers.is_none() || host.state(now) != HostState::Online => {
                found.undecided.push(Skipped { target: target.to_owned(), why: why_undecided(host, now) });
                Ok(None)
            }
            [] if ContainerId::parse(wanted).is_some() => {
                let short = wanted.get(..12).unwrap_or(wanted);
                let why = Text::new("is no longer there", "已经不在了");
                found.gone.push(Skipped { target: format!("{}/{short}", host.name()), why });
                Ok(None)
            }
            [] => Err(unknown(&format!("container on {}", host.name()), wanted, host.known_containers().iter().map(|c| &*c.name))),
            several => Err(ambiguous(target, several)),
        }
    }
}

fn containers_of(host: &Arc<Host>) -> impl Iterator<Item = Place<'_>> {
    host.known_containers().iter().map(move |c| (host, c))
}

/// The container of this name on a host; else those whose id begins so.
fn named_on<'f>(host: &'f Arc<Host>, wanted: &str) -> Vec<Place<'f>> {
    if let Some(id) = ContainerId::parse(wanted) {
        return host.container(&id).map(|c| (host, c)).into_iter().collect();
    }
    let by_name: Vec<Place<'f>> = containers_of(host).filter(|(_, c)| *c.name == *wanted).collect();
    let is_hex = !wanted.is_empty() && wanted.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !by_name.is_empty() || !is_hex {
        return by_name;
    }
    containers_of(host).filter(|(_, c)| c.id.to_string().starts_with(wanted)).collect()
}

fn host_named<'f>(fleet: &'f Fleet, name: &str) -> Result<&'f Arc<Host>, Fault> {
    fleet.host(name).ok_or_else(|| unknown("host", name, fleet.hosts.iter().map(|h| &**h.name())))
}

fn unknown<'w>(what: &str, name: &str, known: impl Iterator<Item = &'w str>) -> Fault {
    let name = clean(name);
    let hint = match nearest(&name, known) {
        Some(nearest) => Text::made(format!("the nearest is '{}'", clean(nearest)), format!("最接近的是“{}”", clean(nearest))),
        None => Text::new("look at `wharf get hosts` or `wharf get containers`", "请看 wharf get hosts 或 wharf get containers"),
    };
    Fault::new(what, FaultKind::Usage, Text::made(format!("there is no '{name}'"), format!("没有“{name}”")), hint)
}

fn ambiguous(target: &str, several: &[Place<'_>]) -> Fault {
    let target = clean(target);
    let names: Vec<String> =
        several.iter().take(NAMED).map(|(h, c)| clean(&format!("{}/{} ({})", h.name(), c.name, c.id.short())).into_owned()).collect();
    let more = several.len().saturating_sub(NAMED);
    let (more_en, more_zh) =
        if more > 0 { (format!(" and {more} more"), format!(" 等 {} 个", several.len())) } else { (String::new(), String::new()) };
    let cause =
        Text::made(format!("'{target}' could be {}{more_en}", names.join(", ")), format!("“{target}”可能是 {}{more_zh}", names.join("、")));
    Fault::new("container", FaultKind::Usage, cause, Text::new("write host/name or more of the id", "请写 主机/名称，或多写几位 ID"))
}

fn why_undecided(host: &Host, now: Stamp) -> Text {
    let name = host.name();
    match (&host.freshness.fault, host.state(now)) {
        (Some(fault), HostState::Lost) => {
            Text::made(format!("{name} is lost: {}", fault.cause.en), format!("{name} 失联：{}", fault.cause.zh))
        }
        (Some(fault), _) => {
            Text::made(format!("{name} does not answer: {}", fault.cause.en), format!("{name} 没有应答：{}", fault.cause.zh))
        }
        (None, _) => Text::made(format!("{name} has not answered yet"), format!("{name} 尚未应答")),
    }
}
