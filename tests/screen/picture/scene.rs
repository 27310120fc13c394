//! The lab's default world as it looks a moment after the start, always the same.

use std::sync::Arc;

use wharf::engine::Mode;
use wharf::lab::World;
use wharf::lab::world::{CellSeed, EndsKind, HostSeed, ServiceSpec};
use wharf::model::clock::Stamp;
use wharf::model::cluster::{Class, Cluster, Labels, Pool, PoolEngine, Quota};
use wharf::model::cost::{Currency, Money};
use wharf::model::derived::Derived;
use wharf::model::endpoint::{Address, EndpointId};
use wharf::model::fault::{Fault, FaultKind};
use wharf::model::fleet::Fleet;
use wharf::model::host::{Container, ContainerId, ContainerState, Health, HostFacts, HostSpec};
use wharf::model::idc::Idc;
use wharf::model::live::{HostLive, Live, Sample, Usage};
use wharf::model::report::{Fact, Report, Site};
use wharf::model::run::Owner;
use wharf::model::text::{Lang, Text};
use wharf::planning::derive;
use wharf::tui::{Ability, Place, Scene, Settings};

/// 2026-11-23 14:02 in Shanghai.
const NOW: Stamp = Stamp(1_795_413_720_000);

pub(crate) fn settings() -> Settings {
    let ability = Ability::from_environment(|name| match name {
        "TERM" => Some("xterm-256color".to_owned()),
        "COLORTERM" => Some("truecolor".to_owned()),
        "LANG" => Some("en_US.UTF-8".to_owned()),
        _ => None,
    });
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone");
    Settings { zone, theme: "dark".to_owned(), place: Place::Lab, ..Settings::new(Lang::En, ability) }
}

pub(crate) fn scene() -> Scene {
    let world = World::load("default").expect("the default world");
    let (mut fleet, mut live) = (Fleet::default(), Live::default());
    fleet.apply(Report::Site(Box::new(site(&world))));
    let mut places = Vec::new();
    for (host, number) in world.hosts.iter().zip(1_u64..) {
        say(&mut fleet, host, NOW.plus_millis(-240_000), Fact::Host(facts(host)));
        let list =
            host.cells.iter().zip(0..).map(|(cell, n)| container(&world.file.service[cell.service], cell, number * 1000 + n)).collect();
        say(&mut fleet, host, NOW.plus_millis(-240_000), Fact::Containers(list));
        if host.faults.is_empty() {
            say(&mut fleet, host, NOW.plus_millis(-1000), Fact::Answered);
            places.push((
                (Arc::clone(&host.idc), Some(Arc::clone(&host.cluster)), Some(Arc::clone(&host.pool))),
                figures(&world, host, number, &mut live),
            ));
        } else {
            let fault = Fault::new(
                &*host.name,
                FaultKind::Timeout,
                Text::new("dial timeout", "连接超时"),
                Text::new("look at the network", "请检查网络"),
            );
            say(&mut fleet, host, NOW.plus_millis(-235_000), Fact::Failed(fault));
        }
    }
    places.sort_by(|a, b| a.0.cmp(&b.0));
    places.dedup_by(|next, kept| {
        next.0 == kept.0 && {
            kept.1.add(&next.1);
            true
        }
    });
    live.places = Arc::new(places);
    fleet.derived = Arc::new(derive(&fleet, NOW, &Derived::default()));
    let owner = Owner { who: "ops".into(), machine: "jump1".into(), pid: 7, started: NOW };
    Scene { mode: Mode::Writing, owner: Arc::new(owner), fleet: Arc::new(fleet), live: Arc::new(live), at: NOW }
}

fn say(fleet: &mut Fleet, host: &HostSeed, at: Stamp, fact: Fact) {
    fleet.apply(Report::Endpoint { endpoint: EndpointId::docker(Arc::clone(&host.name)), generation: 1, at, fact });
}

fn facts(host: &HostSeed) -> HostFacts {
    let engine = Some("20.10.24".into());
    HostFacts { engine, api: Some("1.41".into()), cores: Some(host.cores), memory: Some(host.memory), ..HostFacts::default() }
}

fn container(service: &ServiceSpec, cell: &CellSeed, number: u64) -> Container {
    let mut id = [0_u8; 32];
    id[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    let before = |seconds: u32| NOW.plus_millis(-1000 * i64::from(seconds));
    let (state, since) = match (cell.ended, cell.ends) {
        (Some((since, code)), _) => (ContainerState::Exited(Some(code)), since),
        // Those that fail again and again are caught at the moment between.
        (None, Some(EndsKind::Exit)) => (ContainerState::Restarting(Some(1)), 40),
        (None, Some(EndsKind::Oom)) => (ContainerState::Exited(Some(137)), 190),
        (None, _) => (ContainerState::Running, cell.started_s),
    };
    let health = (cell.flaps && state == ContainerState::Running).then_some(Health::Unhealthy);
    Container {
        id: ContainerId(id),
        name: cell.name.clone(),
        image: format!("{}:{}", service.image, service.tags[cell.tag]).into(),
        state,
        health,
        created: before(cell.created_s),
        since: Some(before(since)),
        service: Some(service.name.as_str().into()),
        labels: Arc::default(),
        ports: Arc::new([]),
    }
}

/// Live figures of a host's containers, spread by their seeds.
fn figures(world: &World, host: &HostSeed, number: u64, live: &mut Live) -> Usage {
    let mut samples = Vec::new();
    let mut usage = Usage { cores: u64::from(host.cores), memory_all: host.memory, measured: 1, ..Usage::default() };
    for (cell, n) in host.cells.iter().zip(0..).filter(|(cell, _)| cell.ended.is_none()) {
        let service = &world.file.service[cell.service];
        let spread = |figure: u64| figure * (70 + u64::from(cell.seed % 60)) / 100;
        let (cpu, memory) = (spread(u64::from(service.cpu)), spread(service.memory.0));
        let rate = Some(spread(service.net.0));
        let cpu_milli = u32::try_from(cpu).ok();
        let sample = Sample { at: NOW, cpu_milli, memory, memory_limit: host.memory, rx: rate, tx: rate };
        samples.push((container(service, cell, number * 1000 + n).id, sample));
        usage.cpu_milli += cpu;
        usage.memory += memory;
    }
    samples.sort_by_key(|(id, _)| *id);
    live.put(&host.name, Arc::new(HostLive { samples, usage: Some(usage) }));
    usage
}

fn site(world: &World) -> Site {
    let idc = |i: &wharf::lab::world::IdcSpec| Idc {
        name: i.name.as_str().into(),
        title: i.title.as_str().into(),
        environment: i.environment.as_str().into(),
        parent: (!i.parent.is_empty()).then(|| i.parent.as_str().into()),
    };
    let class = |c: &wharf::lab::world::ClassSpec| Class {
        name: c.name.as_str().into(),
        cores: c.cores,
        memory: c.memory.0,
        tier: None,
        hourly: c
            .price
            .as_ref()
            .map(|p| Money { amount: p.amount.parse().expect("a decimal"), currency: Currency::parse(&p.currency).expect("a currency") }),
    };
    let pool = |p: &wharf::lab::world::PoolSpec| Pool {
        name: p.name.as_str().into(),
        engine: PoolEngine::Direct,
        quota: Quota::default(),
        shared: p.rest.get("shared").and_then(toml::Value::as_bool).unwrap_or(false),
        init: None,
        budget: None,
    };
    let spec = |h: &HostSeed| HostSpec {
        name: Arc::clone(&h.name),
        idc: Arc::clone(&h.idc),
        cluster: Some(Arc::clone(&h.cluster)),
        pool: Some(Arc::clone(&h.pool)),
        class: h.class.clone(),
        address: Address::Tcp { host: h.address.to_string().into(), port: 2375, path: "".into() },
        login: None,
        labels: Arc::new(h.labels.iter().map(|(k, v)| (k.as_str().into(), v.as_str().into())).collect::<Labels>()),
    };
    let file = &world.file;
    Site {
        idcs: file.idc.iter().map(|i| Arc::new(idc(i))).collect(),
        classes: file.class.iter().map(|c| Arc::new(class(c))).collect(),
        clusters: file
            .cluster
            .iter()
            .map(|c| Arc::new(Cluster { name: c.name.as_str().into(), pools: c.pool.iter().map(pool).collect() }))
            .collect(),
        hosts: world.hosts.iter().map(|h| Arc::new(spec(h))).collect(),
        ..Site::default()
    }
}
