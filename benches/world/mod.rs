//! A fleet of any size, made only from reports, as the keeper makes it.
#![allow(dead_code, reason = "each bench uses its part")]

use std::sync::Arc;

use wharf::model::clock::Stamp;
use wharf::model::cluster::{Class, Cluster, Labels, Pool, PoolEngine, Quota};
use wharf::model::cost::{Currency, Money};
use wharf::model::endpoint::{Address, EndpointId};
use wharf::model::fleet::Fleet;
use wharf::model::host::{Container, ContainerId, ContainerState, HostFacts, HostSpec};
use wharf::model::idc::Idc;
use wharf::model::report::{Fact, Report, Site};

/// 2026-11-23 04:00:00 UTC.
pub(crate) const NOW: Stamp = Stamp(1_795_406_400_000);
/// The target of PRODUCT: 10,000 hosts with 20 containers each.
pub(crate) const HOSTS: usize = 10_000;
pub(crate) const EACH: usize = 20;

const SERVICES: [&str; 8] = ["web", "api", "cache", "queue", "search", "billing", "auth", "feed"];

/// So many hosts in six IDCs, each online with so many containers, one in fifty of which has failed.
pub(crate) fn fleet(hosts: usize, each: usize) -> Fleet {
    let mut fleet = Fleet::default();
    fleet.apply(Report::Site(Box::new(site(hosts))));
    let labels = SERVICES.map(|service| Arc::new(Labels::from([("wharf.service".into(), service.into())])));
    for host in 0..hosts {
        let facts = HostFacts {
            engine: Some("29.0.1".into()),
            api: Some("1.52".into()),
            cores: Some(12),
            memory: Some(16 << 30),
            ..HostFacts::default()
        };
        said(&mut fleet, host, Fact::Host(facts));
        let list = (0..each).map(|n| container(host, n, &labels[(host + n) % SERVICES.len()])).collect();
        said(&mut fleet, host, Fact::Containers(list));
    }
    fleet
}

pub(crate) fn name(host: usize) -> Arc<str> {
    format!("h-{host:05}").into()
}

/// How many hosts the changes are spread over; each container that fails runs again a round later.
const BUSY: usize = 500;

/// The host that the change of this turn is on.
pub(crate) fn busy(fleet: &Fleet, turn: usize) -> usize {
    (turn % BUSY) * (fleet.hosts.len() / BUSY)
}

/// A container that has just failed or that runs again, as an event tells it.
pub(crate) fn change(fleet: &Fleet, turn: usize) -> Report {
    let host = busy(fleet, turn);
    let known = &fleet.hosts[host].known_containers()[(turn / BUSY / 2) % EACH];
    let state = if known.state.is_up() { ContainerState::Exited(Some(1)) } else { ContainerState::Running };
    let now = Container { state, since: Some(NOW.plus_millis(i64::try_from(turn).unwrap_or(0))), ..Container::clone(known) };
    report(host, Fact::Changed { now: vec![now], gone: Vec::new() })
}

pub(crate) fn report(host: usize, fact: Fact) -> Report {
    Report::Endpoint { endpoint: EndpointId::docker(name(host)), generation: 1, at: NOW, fact }
}

fn said(fleet: &mut Fleet, host: usize, fact: Fact) {
    fleet.apply(report(host, fact));
}

fn container(host: usize, n: usize, labels: &Arc<Labels>) -> Container {
    let service = SERVICES[(host + n) % SERVICES.len()];
    let mut id = [0_u8; 32];
    let number = (host * 1000 + n) as u64;
    id[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    id[24..].copy_from_slice(&number.to_be_bytes());
    let state = if (host + n).is_multiple_of(50) { ContainerState::Exited(Some(137)) } else { ContainerState::Running };
    Container {
        id: ContainerId(id),
        name: format!("{service}-{host}-{n}").into(),
        image: format!("payment/{service}:v41").into(),
        state,
        health: None,
        created: NOW.plus_millis(-260_000_000),
        since: Some(NOW.plus_millis(-86_400_000)),
        service: Some(service.into()),
        labels: Arc::clone(labels),
        ports: Arc::new([]),
    }
}

fn site(hosts: usize) -> Site {
    let idcs = ["yongfeng", "tucheng", "aws-bj", "aws-sh", "os-gz", "ali-hz"];
    let money = Money { amount: "0.42".parse().expect("a decimal"), currency: Currency::parse("CNY").expect("a currency") };
    let class = |name: &str, cores, gib: u64| Class { name: name.into(), cores, memory: gib << 30, tier: None, hourly: Some(money) };
    let pool = |name: &str| Pool {
        name: name.into(),
        engine: PoolEngine::Direct,
        quota: Quota::default(),
        shared: false,
        init: None,
        budget: None,
    };
    let cluster = |name: &str| Cluster { name: name.into(), pools: vec![pool("frontend"), pool("core")] };
    let spec = |n: usize| HostSpec {
        name: name(n),
        idc: idcs[n % idcs.len()].into(),
        cluster: Some(if n.is_multiple_of(3) { "web" } else { "data" }.into()),
        pool: Some(if n.is_multiple_of(2) { "frontend" } else { "core" }.into()),
        class: Some(if n.is_multiple_of(5) { "32c32g" } else { "12c16g" }.into()),
        address: Address::Tcp { host: "10.1.1.11".into(), port: 2376, path: "".into() },
        login: None,
        labels: Arc::default(),
    };
    let idc = |name: &&str| Arc::new(Idc { name: (*name).into(), title: (*name).into(), environment: "prod".into(), parent: None });
    Site {
        idcs: idcs.iter().map(idc).collect(),
        classes: vec![Arc::new(class("12c16g", 12, 16)), Arc::new(class("32c32g", 32, 32))],
        clusters: vec![Arc::new(cluster("web")), Arc::new(cluster("data"))],
        hosts: (0..hosts).map(|n| Arc::new(spec(n))).collect(),
        registries: Vec::new(),
    }
}
