//! Small worlds for the tests of every floor, built only by reports, as the keeper builds them.

pub(crate) mod registries;

use std::sync::Arc;

use super::clock::Stamp;
use super::cluster::{Class, Cluster, Labels, Pool, PoolEngine, Quota};
use super::cost::{Currency, Money};
use super::endpoint::{Address, EndpointId};
use super::fault::{Fault, FaultKind};
use super::fleet::{Applied, Fleet};
use super::host::{Container, ContainerId, ContainerState, HostFacts, HostSpec};
use super::idc::Idc;
use super::report::{Fact, Report, Site};
use super::text::Text;

/// 2026-11-23 04:00:00 UTC.
pub(crate) const NOW: Stamp = Stamp(1_795_406_400_000);

/// A stamp so many seconds before [`NOW`].
pub(crate) fn ago(seconds: i64) -> Stamp {
    NOW.plus_millis(-1000 * seconds)
}

pub(crate) fn id(number: u64) -> ContainerId {
    let mut bytes = [0u8; 32];
    // Spread, so that ids of different numbers share no prefix by accident.
    bytes[..8].copy_from_slice(&(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).to_be_bytes());
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    ContainerId(bytes)
}

pub(crate) fn container(number: u64, name: &str, service: Option<&str>, state: ContainerState) -> Container {
    Container {
        id: id(number),
        name: name.into(),
        image: "payment/web:v41".into(),
        state,
        health: None,
        created: ago(3 * 86_400),
        since: Some(ago(2 * 86_400)),
        service: service.map(Into::into),
        labels: Arc::default(),
        ports: Arc::new([]),
    }
}

pub(crate) fn spec(name: &str, idc: &str, place: Option<(&str, &str)>, class: Option<&str>) -> Arc<HostSpec> {
    Arc::new(HostSpec {
        name: name.into(),
        idc: idc.into(),
        cluster: place.map(|(cluster, _)| cluster.into()),
        pool: place.map(|(_, pool)| pool.into()),
        class: class.map(Into::into),
        address: Address::Tcp { host: "10.1.1.11".into(), port: 2376, path: "".into() },
        login: None,
        labels: Arc::new(Labels::from([("rack".into(), "r1".into())])),
    })
}

fn idc(name: &str, title: &str, environment: &str) -> Arc<Idc> {
    Arc::new(Idc { name: name.into(), title: title.into(), environment: environment.into(), parent: None })
}

fn class(name: &str, cores: u32, gib: u64, price: Option<&str>) -> Arc<Class> {
    let hourly =
        price.map(|amount| Money { amount: amount.parse().expect("a decimal"), currency: Currency::parse("CNY").expect("a currency") });
    Arc::new(Class { name: name.into(), cores, memory: gib << 30, tier: None, hourly })
}

fn pool(name: &str) -> Pool {
    let shared = name == "shared";
    Pool { name: name.into(), engine: PoolEngine::Direct, quota: Quota::default(), shared, init: None, budget: None }
}

/// Three IDCs (yongfeng and tucheng are prod, aws-bj is staging), three classes (`odd` has no price), two clusters.
pub(crate) fn site(hosts: Vec<Arc<HostSpec>>) -> Site {
    Site {
        idcs: vec![idc("yongfeng", "永丰", "prod"), idc("tucheng", "土城", "prod"), idc("aws-bj", "aws-bj", "staging")],
        classes: vec![class("12c16g", 12, 16, Some("0.42")), class("32c32g", 32, 32, Some("1.10")), class("odd", 8, 8, None)],
        clusters: vec![
            Arc::new(Cluster { name: "web".into(), pools: vec![pool("frontend"), pool("core")] }),
            Arc::new(Cluster { name: "spare".into(), pools: vec![pool("shared")] }),
        ],
        hosts,
        registries: Vec::new(),
    }
}

pub(crate) fn report(fleet: &mut Fleet, host: &str, at: Stamp, fact: Fact) -> Applied {
    fleet.apply(Report::Endpoint { endpoint: EndpointId::docker(host), generation: 1, at, fact })
}

/// Makes a host answer with these containers.
pub(crate) fn online(fleet: &mut Fleet, host: &str, at: Stamp, containers: Vec<Container>) -> Applied {
    let facts = HostFacts { engine: Some("20.10.24".into()), api: Some("1.41".into()), ..HostFacts::default() };
    let first = report(fleet, host, at, Fact::Host(facts));
    let second = report(fleet, host, at, Fact::Containers(containers));
    // The same list again after a fault: that it answers is what changed.
    if second == Applied::Nothing { first } else { second }
}

/// Makes a host fail since then.
pub(crate) fn failed(fleet: &mut Fleet, host: &str, at: Stamp, kind: FaultKind) -> Applied {
    let cause = match kind {
        FaultKind::Timeout => Text::new("dial timeout", "连接超时"),
        _ => kind.word(),
    };
    report(fleet, host, at, Fact::Failed(Fault::new(host, kind, cause, Text::new("look at the network", "请检查网络"))))
}

/// Six hosts and eleven containers: one host lost since 5 minutes, one never asked, one without class, one without price.
pub(crate) fn fleet() -> Fleet {
    let mut fleet = Fleet::default();
    fleet.apply(Report::Site(Box::new(site(vec![
        spec("yf-web-01", "yongfeng", Some(("web", "frontend")), Some("12c16g")),
        spec("yf-web-02", "yongfeng", Some(("web", "frontend")), Some("12c16g")),
        spec("yf-core-01", "yongfeng", Some(("web", "core")), Some("32c32g")),
        spec("tc-web-01", "tucheng", Some(("web", "frontend")), Some("odd")),
        spec("tc-db-01", "tucheng", None, None),
        spec("aws-1", "aws-bj", Some(("spare", "shared")), Some("12c16g")),
    ]))));
    let running = ContainerState::Running;
    let web = |n: u64| container(n, &format!("web-{n}"), Some("web"), running.clone());
    online(&mut fleet, "yf-web-01", ago(2), vec![web(1), web(2), container(3, "cache-1", None, ContainerState::Exited(Some(0)))]);
    let mut killed = container(5, "web-5", Some("web"), ContainerState::Exited(Some(137)));
    killed.since = Some(ago(180));
    online(&mut fleet, "yf-web-02", ago(2), vec![web(4), killed]);
    online(&mut fleet, "yf-core-01", ago(2), vec![container(6, "db-1", Some("db"), running.clone())]);
    online(&mut fleet, "tc-web-01", ago(2), vec![web(7), web(8), container(9, "job", None, ContainerState::Created)]);
    online(&mut fleet, "tc-db-01", ago(600), vec![container(10, "db-2", Some("db"), running.clone()), web(11)]);
    failed(&mut fleet, "tc-db-01", ago(300), FaultKind::Timeout);
    fleet
}
