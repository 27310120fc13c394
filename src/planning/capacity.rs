//! Sums by place: IDC > cluster > pool > host with class mix, size, containers and hourly cost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::clock::Stamp;
use crate::model::derived::{ClusterRollup, IdcRollup, PoolRollup, Rollup};
use crate::model::fleet::Fleet;
use crate::model::host::{Host, HostState};

/// The most that one host is believed to have, so that no engine's answer can overflow a sum.
const CORES_MOST: u32 = 1 << 14;
const MEMORY_MOST: u64 = 1 << 48;

/// What one host adds to the sums above it, apart from its class and its price: those change only with the config.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    up: u32,
    lost: u32,
    unlisted: u32,
    unsized_hosts: u32,
    cores: u32,
    memory: u64,
    containers: u32,
    running: u32,
}

/// Where a host stands in the tree: indices of its IDC, of the cluster there, of the pool there.
#[derive(Clone, Copy, Debug)]
struct Seat {
    idc: usize,
    cluster: usize,
    pool: usize,
}

/// The sums of one Fleet, kept true host by host. [`Sums::of`] and any run of changes end at the same sums.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    pub total: Rollup,
    pub idcs: Vec<IdcRollup>,
    /// Hosts that do not answer now and are not lost yet: only these change as time passes.
    waning: BTreeSet<usize>,
    parts: Vec<Part>,
    seats: Vec<Seat>,
}

impl Sums {
    /// Sums a whole Fleet up.
    #[must_use]
    pub fn of(fleet: &Fleet, now: Stamp) -> Self {
        let (mut idcs, seats) = places(fleet);
        let mut sums =
            Self { total: Rollup::default(), parts: Vec::with_capacity(fleet.hosts.len()), waning: BTreeSet::new(), ..Self::default() };
        for (index, (host, seat)) in fleet.hosts.iter().zip(&seats).enumerate() {
            let part = part_of(fleet, host, now);
            if host.state(now) == HostState::Stale {
                sums.waning.insert(index);
            }
            let pool = &mut idcs[seat.idc].clusters[seat.cluster].pools[seat.pool];
            pool.hosts.push(u32::try_from(index).unwrap_or(u32::MAX));
            pool.sum.hosts += 1;
            pool.sum.cost.add(fleet.hourly_of(host));
            if let Some(class) = &host.spec.class {
                count_class(&mut pool.sum.classes, class, 1);
            }
            put(&mut pool.sum, part);
            sums.parts.push(part);
        }
        for idc in &mut idcs {
            for cluster in &mut idc.clusters {
                for pool in &cluster.pools {
                    add(&mut cluster.sum, &pool.sum);
                }
                add(&mut idc.sum, &cluster.sum);
            }
            add(&mut sums.total, &idc.sum);
        }
        Self { idcs, seats, ..sums }
    }

    /// Takes up what changed on one host since the last time. True when a sum changed.
    /// The host's place, class and price must be as they were: these come with a new config, which wants [`Sums::of`].
    pub fn change(&mut self, fleet: &Fleet, index: usize, now: Stamp) -> bool {
        let (Some(host), Some(seat)) = (fleet.hosts.get(index), self.seats.get(index).copied()) else { return false };
        if host.state(now) == HostState::Stale {
            self.waning.insert(index);
        } else {
            self.waning.remove(&index);
        }
        let part = part_of(fleet, host, now);
        let before = std::mem::replace(&mut self.parts[index], part);
        if before == part {
            return false;
        }
        let idc = &mut self.idcs[seat.idc];
        let cluster = &mut idc.clusters[seat.cluster];
        let pool = &mut cluster.pools[seat.pool];
        for sum in [&mut pool.sum, &mut cluster.sum, &mut idc.sum, &mut self.total] {
            take(sum, before);
            put(sum, part);
        }
        true
    }

    /// Hosts whose state may change by the passing of time alone.
    #[must_use]
    pub fn waning(&self) -> Vec<usize> {
        self.waning.iter().copied().collect()
    }
}

/// Adds one sum to another.
pub fn add(to: &mut Rollup, other: &Rollup) {
    to.hosts += other.hosts;
    to.up += other.up;
    to.lost += other.lost;
    to.unlisted += other.unlisted;
    to.cores += other.cores;
    to.memory += other.memory;
    to.unsized_hosts += other.unsized_hosts;
    to.containers += other.containers;
    to.running += other.running;
    to.cost.add_sum(&other.cost);
    for (class, count) in &other.classes {
        count_class(&mut to.classes, class, *count);
    }
}

/// What one host comes to, by itself.
#[must_use]
pub fn of_host(fleet: &Fleet, host: &Host, now: Stamp) -> Rollup {
    let mut sum = Rollup { hosts: 1, ..Rollup::default() };
    sum.cost.add(fleet.hourly_of(host));
    if let Some(class) = &host.spec.class {
        count_class(&mut sum.classes, class, 1);
    }
    put(&mut sum, part_of(fleet, host, now));
    sum
}

/// Where a cluster or pool comes among its siblings: its place in the config, then its name.
type Order = (usize, Option<Arc<str>>);

/// The pools of a cluster in one IDC, and the place that each gets.
type Pools = BTreeMap<Order, usize>;

/// The empty tree in the order of the config, places of no name last, and the seat of each host in it.
fn places(fleet: &Fleet) -> (Vec<IdcRollup>, Vec<Seat>) {
    let mut idc_order: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for idc in &fleet.idcs {
        let next = idc_order.len();
        idc_order.entry(Arc::clone(&idc.name)).or_insert(next);
    }
    let mut cluster_order: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let mut pool_order: BTreeMap<(Arc<str>, Arc<str>), (usize, bool)> = BTreeMap::new();
    for (at, cluster) in fleet.clusters.iter().enumerate() {
        cluster_order.entry(Arc::clone(&cluster.name)).or_insert(at);
        for (at, pool) in cluster.pools.iter().enumerate() {
            pool_order.entry((Arc::clone(&cluster.name), Arc::clone(&pool.name))).or_insert((at, pool.shared));
        }
    }
    // Which clusters and pools each IDC has, keyed so that the map's order is the order of the tree:
    // declared ones as declared, undeclared ones by name, none last.
    let rank = |declared: Option<usize>, name: &Option<Arc<str>>| match (declared, name) {
        (Some(at), _) => at,
        (None, Some(_)) => usize::MAX - 1,
        (None, None) => usize::MAX,
    };
    let mut found: Vec<BTreeMap<Order, Pools>> = vec![BTreeMap::new(); idc_order.len()];
    let mut keys = Vec::with_capacity(fleet.hosts.len());
    for host in &fleet.hosts {
        let spec = &host.spec;
        let next = idc_order.len();
        let idc = *idc_order.entry(Arc::clone(&spec.idc)).or_insert(next);
        if idc == found.len() {
            found.push(BTreeMap::new());
        }
        let cluster_key = (rank(spec.cluster.as_ref().and_then(|c| cluster_order.get(c)).copied(), &spec.cluster), spec.cluster.clone());
        let declared = spec.cluster.clone().zip(spec.pool.clone()).and_then(|key| pool_order.get(&key)).map(|(at, _)| *at);
        let pool_key = (rank(declared, &spec.pool), spec.pool.clone());
        found[idc].entry(cluster_key.clone()).or_default().insert(pool_key.clone(), 0);
        keys.push((idc, cluster_key, pool_key));
    }
    let mut names: Vec<Arc<str>> = vec![Arc::from(""); idc_order.len()];
    for (name, at) in idc_order {
        names[at] = name;
    }
    let mut idcs = Vec::with_capacity(found.len());
    for (name, clusters) in names.into_iter().zip(&mut found) {
        let mut rolled = Vec::with_capacity(clusters.len());
        for ((_, cluster), pools) in clusters.iter_mut() {
            let mut members = Vec::with_capacity(pools.len());
            for (at, ((_, pool), place)) in pools.iter_mut().enumerate() {
                *place = at;
                let shared = cluster.clone().zip(pool.clone()).and_then(|key| pool_order.get(&key)).is_some_and(|(_, shared)| *shared);
                members.push(PoolRollup { name: pool.clone(), shared, ..PoolRollup::default() });
            }
            rolled.push(ClusterRollup { name: cluster.clone(), pools: members, ..ClusterRollup::default() });
        }
        idcs.push(IdcRollup { name, clusters: rolled, ..IdcRollup::default() });
    }
    let cluster_places: Vec<BTreeMap<&Order, usize>> =
        found.iter().map(|clusters| clusters.keys().enumerate().map(|(at, key)| (key, at)).collect()).collect();
    let seats = keys
        .iter()
        .map(|(idc, cluster, pool)| Seat {
            idc: *idc,
            cluster: cluster_places[*idc].get(cluster).copied().unwrap_or(0),
            pool: found[*idc].get(cluster).and_then(|pools| pools.get(pool)).copied().unwrap_or(0),
        })
        .collect();
    (idcs, seats)
}

fn part_of(fleet: &Fleet, host: &Host, now: Stamp) -> Part {
    let state = host.state(now);
    let (cores, memory) = fleet.size_of(host);
    Part {
        up: u32::from(state == HostState::Online),
        lost: u32::from(state == HostState::Lost),
        unlisted: u32::from(host.containers.is_none()),
        unsized_hosts: u32::from(cores.is_none() || memory.is_none()),
        cores: cores.unwrap_or(0).min(CORES_MOST),
        memory: memory.unwrap_or(0).min(MEMORY_MOST),
        containers: u32::try_from(host.known_containers().len()).unwrap_or(u32::MAX),
        running: host.running().unwrap_or(0),
    }
}

fn put(sum: &mut Rollup, part: Part) {
    sum.up += part.up;
    sum.lost += part.lost;
    sum.unlisted += part.unlisted;
    sum.unsized_hosts += part.unsized_hosts;
    sum.cores += part.cores;
    sum.memory += part.memory;
    sum.containers += part.containers;
    sum.running += part.running;
}

fn take(sum: &mut Rollup, part: Part) {
    sum.up -= part.up;
    sum.lost -= part.lost;
    sum.unlisted -= part.unlisted;
    sum.unsized_hosts -= part.unsized_hosts;
    sum.cores -= part.cores;
    sum.memory -= part.memory;
    sum.containers -= part.containers;
    sum.running -= part.running;
}

fn count_class(classes: &mut Vec<(Arc<str>, u32)>, name: &Arc<str>, count: u32) {
    match classes.binary_search_by(|(have, _)| have.cmp(name)) {
        Ok(at) => classes[at].1 += count,
        Err(at) => classes.insert(at, (Arc::clone(name), count)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{NOW, fleet};

    #[test]
    fn sums_are_rolled_up_at_every_level_and_say_what_is_missing() {
        let fleet = fleet();
        let sums = Sums::of(&fleet, NOW);
        let names: Vec<&str> = sums.idcs.iter().map(|i| &*i.name).collect();
        assert_eq!(names, ["yongfeng", "tucheng", "aws-bj"]);
        let yongfeng = &sums.idcs[0];
        assert_eq!((yongfeng.sum.hosts, yongfeng.sum.up, yongfeng.sum.containers, yongfeng.sum.running), (3, 3, 6, 4));
        assert_eq!((yongfeng.sum.cores, yongfeng.sum.memory), (56, 64 << 30));
        assert_eq!(yongfeng.sum.classes, [("12c16g".into(), 2), ("32c32g".into(), 1)]);
        assert_eq!(yongfeng.sum.cost.single().map(|m| m.amount.to_string()), Some("1.94".to_owned()));
        let pools: Vec<Option<&str>> = yongfeng.clusters[0].pools.iter().map(|p| p.name.as_deref()).collect();
        assert_eq!(pools, [Some("frontend"), Some("core")]);
        let tucheng = &sums.idcs[1];
        assert_eq!((tucheng.sum.lost, tucheng.sum.cost.unpriced, tucheng.sum.unsized_hosts), (1, 2, 1));
        assert_eq!(tucheng.clusters.last().map(|c| c.name.clone()), Some(None));
        let aws = &sums.idcs[2];
        assert_eq!((aws.sum.unlisted, aws.sum.up, aws.sum.lost), (1, 0, 0));
        assert!(aws.clusters[0].pools[0].shared);
        assert_eq!(sums.total.cost.single().map(|m| m.amount.to_string()), Some("2.36".to_owned()));
        assert_eq!(sums.total.hosts, 6);
    }

    #[test]
    fn one_host_by_itself_comes_to_its_part_of_the_sum() {
        let fleet = fleet();
        let mut total = Rollup::default();
        for host in &fleet.hosts {
            add(&mut total, &of_host(&fleet, host, NOW));
        }
        assert_eq!(total, Sums::of(&fleet, NOW).total);
    }
}
