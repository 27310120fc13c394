//! From what is declared to hosts and containers: the same seed always makes the same world.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::lab::trouble::Rule;

use super::file::{EndsKind, Engine, GroupSpec, ServiceSpec, WorldFile};

/// Hosts behind one third byte of the address.
const PER_BLOCK: usize = 250;
/// The most hosts that fit under 127.77.
const MOST: usize = PER_BLOCK * 255;

/// A host as generated; its containers are moved into its twin.
#[derive(Clone, Debug)]
pub struct HostSeed {
    pub name: Arc<str>,
    pub idc: Arc<str>,
    pub cluster: Arc<str>,
    pub pool: Arc<str>,
    pub class: Option<Arc<str>>,
    pub address: Ipv4Addr,
    pub engine: Engine,
    pub cgroup: u8,
    pub cores: u32,
    /// Bytes.
    pub memory: u64,
    pub latency_ms: u64,
    pub faults: Vec<Rule>,
    pub labels: BTreeMap<String, String>,
    pub cells: Vec<CellSeed>,
}

/// A container as generated; times are seconds before the start of the lab.
#[derive(Clone, Debug)]
pub struct CellSeed {
    pub name: Box<str>,
    /// Index into the file's services.
    pub service: usize,
    /// Index into the service's tags.
    pub tag: usize,
    pub seed: u32,
    pub created_s: u32,
    pub started_s: u32,
    /// Seconds since it ended and with what code; `None` runs.
    pub ended: Option<(u32, i32)>,
    /// How it will end by itself.
    pub ends: Option<EndsKind>,
    pub flaps: bool,
}

/// Makes the hosts. The error names what the file refers to and does not declare.
pub(super) fn hosts(file: &WorldFile) -> Result<Vec<HostSeed>, String> {
    let services: BTreeMap<&str, usize> = file.service.iter().enumerate().map(|(at, s)| (s.name.as_str(), at)).collect();
    let mut random = fastrand::Rng::with_seed(file.seed);
    let mut replicas = vec![0u32; file.service.len()];
    let mut hosts = Vec::new();
    for group in &file.group {
        check(file, group)?;
        let share: Vec<(usize, u32)> = group
            .runs
            .iter()
            .map(|(name, count)| {
                let at = services.get(name.as_str()).ok_or_else(|| format!("group {}: service '{name}' is not declared", group.prefix))?;
                Ok((*at, *count))
            })
            .collect::<Result<_, String>>()?;
        for number in 1..=group.count {
            if hosts.len() == MOST {
                return Err(format!("more than {MOST} hosts do not fit into 127.77.0.0/16"));
            }
            let mut host = host(file, group, number, hosts.len());
            for (service, count) in &share {
                for _ in 0..*count {
                    replicas[*service] += 1;
                    host.cells.push(cell(&file.service[*service], *service, replicas[*service], &mut random));
                }
            }
            hosts.push(host);
        }
    }
    for twist in &file.host {
        if !hosts.iter().any(|host| *host.name == *twist.name) {
            return Err(format!("host '{}' is in no group", twist.name));
        }
    }
    Ok(hosts)
}

fn check(file: &WorldFile, group: &GroupSpec) -> Result<(), String> {
    let lacks = |what: &str, name: &str| Err(format!("group {}: {what} '{name}' is not declared", group.prefix));
    if !file.idc.iter().any(|idc| idc.name == group.idc) {
        return lacks("idc", &group.idc);
    }
    let Some(cluster) = file.cluster.iter().find(|cluster| cluster.name == group.cluster) else {
        return lacks("cluster", &group.cluster);
    };
    if !cluster.pool.iter().any(|pool| pool.name == group.pool) {
        return lacks("pool", &group.pool);
    }
    match &group.class {
        Some(class) if !file.class.iter().any(|known| known.name == *class) => lacks("class", class),
        _ => Ok(()),
    }
}

fn host(file: &WorldFile, group: &GroupSpec, number: u32, index: usize) -> HostSeed {
    let name: Arc<str> = format!("{}{number:02}", group.prefix).into();
    let twist = file.host.iter().find(|twist| *twist.name == *name);
    let class = match twist.and_then(|twist| twist.class.as_deref()) {
        Some("") => None,
        Some(class) => Some(class.into()),
        None => group.class.as_deref().map(Into::into),
    };
    let machine = file.class.iter().find(|known| Some(known.name.as_str()) == class.as_deref().or(group.class.as_deref()));
    let mut labels = BTreeMap::from([("rack".to_owned(), format!("r{}", (number - 1) / group.per_rack.max(1) + 1))]);
    labels.extend(twist.iter().flat_map(|twist| twist.labels.clone()));
    let far = file.idc.iter().find(|idc| idc.name == group.idc).map_or(0, |idc| idc.latency_ms);
    HostSeed {
        name,
        idc: group.idc.as_str().into(),
        cluster: group.cluster.as_str().into(),
        pool: group.pool.as_str().into(),
        class,
        address: address(index),
        engine: twist.and_then(|twist| twist.engine).unwrap_or(group.engine),
        cgroup: group.cgroup,
        cores: machine.map_or(8, |class| class.cores),
        memory: machine.map_or(16 << 30, |class| class.memory.0),
        latency_ms: far + twist.map_or(0, |twist| twist.latency_ms),
        faults: twist.map(|twist| twist.faults.clone()).unwrap_or_default(),
        labels,
        cells: Vec::new(),
    }
}

fn address(index: usize) -> Ipv4Addr {
    let block = u8::try_from(index / PER_BLOCK).unwrap_or(u8::MAX);
    let place = u8::try_from(index % PER_BLOCK + 1).unwrap_or(u8::MAX);
    Ipv4Addr::new(127, 77, block, place)
}

fn cell(service: &ServiceSpec, index: usize, replica: u32, random: &mut fastrand::Rng) -> CellSeed {
    const DAY: u32 = 86_400;
    let newest = service.tags.len() > 1 && random.u8(..4) == 0;
    let tag = if newest { service.tags.len() - 1 } else { service.tags.len().saturating_sub(2) };
    // What is being rolled out is hours old, what runs since long is days or weeks old.
    let created_s = if newest { random.u32(600..6 * 3600) } else { random.u32(DAY..40 * DAY) };
    let restarted = random.u8(..5) == 0;
    let mut started_s = if restarted { random.u32(60..created_s) } else { created_s - 1 };
    let ends = service.ends.as_ref().filter(|ends| random.f32() < ends.share);
    let mut ended = None;
    match ends.map(|ends| (ends.kind, ends)) {
        Some((EndsKind::Down, ends)) => {
            let since = random.u32(120..5 * 3600).min(created_s - 1);
            ended = Some((since, ends.code));
            started_s = started_s.max(since + ends.seconds.max(1));
        }
        // A crash loop waits most of the time: an engine's waits grow to a minute.
        Some((EndsKind::Exit, ends)) => {
            let since = random.u32(1..58);
            ended = Some((since, ends.code));
            started_s = since + ends.seconds.max(1);
        }
        Some((EndsKind::Job, ends)) => {
            let since = random.u32(1..=ends.every.max(2));
            ended = Some((since, ends.code));
            started_s = since + ends.seconds.max(1);
        }
        // Not all at the same point of their way to the limit.
        Some((_, ends)) => started_s = random.u32(0..=ends.seconds.max(2) * 3 / 4),
        None => {}
    }
    CellSeed {
        name: format!("{}-{replica}", service.name).into(),
        service: index,
        tag,
        seed: random.u32(..),
        created_s: created_s.max(started_s + 1),
        started_s,
        ended,
        ends: ends.map(|ends| ends.kind),
        flaps: random.f32() < service.unhealthy,
    }
}
