//! Live figures: the rows on the screen every two seconds, all others in a slow round, never more than a host can bear.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::endpoints::DockerClients;
use crate::clients::docker::RawStats;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::host::{ContainerId, ContainerState, Host};
use crate::model::live::{HostLive, Live, Place, Sample, Usage};

/// Between two rounds over the rows on the screen.
const VISIBLE_EVERY: Duration = Duration::from_secs(2);
/// Between two steps of the slow round.
const STEP: Duration = Duration::from_millis(500);
/// Containers asked in one step over all hosts: 50 a second.
const STEP_ASKS: usize = 25;
/// The same until nine of ten running containers have figures: a person who has just come wants to see something.
const STEP_ASKS_AT_FIRST: usize = 100;
/// Of these at one host: a one-shot costs an engine about 4 ms.
const STEP_ASKS_A_HOST: usize = 4;
/// Asked at once over all hosts.
const AT_ONCE: usize = 128;
/// A host whose stats fail is left alone for this many steps.
const REST_STEPS: u32 = 20;

/// Which containers a face shows now.
pub(super) type Visible = Arc<Vec<(Arc<str>, ContainerId)>>;

type Asked = (Arc<str>, ContainerId, Result<RawStats, Fault>);

/// What was measured of one container.
#[derive(Clone, Copy, Debug)]
struct Measured {
    raw: RawStats,
    sample: Sample,
}

/// The measurements of all hosts and the place of the slow round.
#[derive(Debug)]
pub(super) struct Figures {
    lines: DockerClients,
    fleet: watch::Receiver<Arc<Fleet>>,
    visible: watch::Receiver<Visible>,
    live: watch::Sender<Arc<Live>>,
    measured: HashMap<Arc<str>, HashMap<ContainerId, Measured>>,
    changed: HashSet<Arc<str>>,
    resting: HashMap<Arc<str>, u32>,
    /// The slow round's next host, and inside each host the next container.
    next_host: usize,
    next_in: HashMap<Arc<str>, ContainerId>,
    under_way: HashSet<(Arc<str>, ContainerId)>,
}

impl Figures {
    pub(super) fn new(
        lines: DockerClients,
        fleet: watch::Receiver<Arc<Fleet>>,
        visible: watch::Receiver<Visible>,
        live: watch::Sender<Arc<Live>>,
    ) -> Self {
        Self {
            lines,
            fleet,
            visible,
            live,
            measured: HashMap::new(),
            changed: HashSet::new(),
            resting: HashMap::new(),
            next_host: 0,
            next_in: HashMap::new(),
            under_way: HashSet::new(),
        }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(mut self) {
        let mut asks = FuturesUnordered::new();
        let mut step = interval(STEP);
        let mut visible_tick = interval(VISIBLE_EVERY);
        for ticks in [&mut step, &mut visible_tick] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut visible = self.visible.clone();
        loop {
            let wanted = tokio::select! {
                Some(answer) = asks.next(), if !asks.is_empty() => {
                    self.take(answer);
                    continue;
                }
                _ = visible_tick.tick() => self.visible_rows(),
                Ok(()) = visible.changed() => {
                    visible.borrow_and_update();
                    self.unmeasured_visible()
                }
                _ = step.tick() => {
                    self.publish();
                    self.slow_round()
                }
            };
            for (host, id) in wanted {
                if asks.len() >= AT_ONCE || !self.under_way.insert((Arc::clone(&host), id)) {
                    continue;
                }
                if let Some(line) = self.lines.line(&host) {
                    asks.push(async move {
                        let answer = line.docker.fetch_stats(&id).await;
                        (host, id, answer)
                    });
                } else {
                    self.under_way.remove(&(host, id));
                }
            }
        }
    }

    fn visible_rows(&self) -> Vec<(Arc<str>, ContainerId)> {
        let fleet = self.fleet.borrow();
        self.visible.borrow().iter().filter(|(host, id)| is_measurable(&fleet, host, id)).cloned().collect()
    }

    /// Rows that have just come on the screen and have no figures yet: do not let a person wait for the next round.
    fn unmeasured_visible(&self) -> Vec<(Arc<str>, ContainerId)> {
        let mut rows = self.visible_rows();
        rows.retain(|(host, id)| !self.measured.get(host).is_some_and(|m| m.contains_key(id)));
        rows
    }

    fn slow_round(&mut self) -> Vec<(Arc<str>, ContainerId)> {
        let fleet = Arc::clone(&self.fleet.borrow());
        let hosts = fleet.hosts.len();
        let mut wanted = Vec::new();
        let rated = self.measured.values().flat_map(HashMap::values).filter(|m| m.sample.cpu_milli.is_some()).count();
        let running = fleet.derived.total.running as usize;
        let asks = if rated * 10 < running * 9 { STEP_ASKS_AT_FIRST } else { STEP_ASKS };
        self.resting.retain(|_, steps| {
            *steps -= 1;
            *steps > 0
        });
        for _ in 0..hosts.min(STEP_ASKS * 8) {
            if wanted.len() >= asks {
                break;
            }
            self.next_host = (self.next_host + 1) % hosts;
            let host = &fleet.hosts[self.next_host];
            if host.freshness.is_stale() || self.resting.contains_key(host.name()) {
                continue;
            }
            self.next_of(host, STEP_ASKS_A_HOST.min(asks - wanted.len()), &mut wanted);
        }
        wanted
    }

    /// The next `most` running containers of one host after the one asked last.
    fn next_of(&mut self, host: &Host, most: usize, wanted: &mut Vec<(Arc<str>, ContainerId)>) {
        let all = host.known_containers();
        let from = self.next_in.get(host.name()).map_or(0, |last| all.partition_point(|c| c.id <= *last));
        for c in all[from..].iter().chain(&all[..from]).filter(|c| c.state == ContainerState::Running).take(most) {
            wanted.push((Arc::clone(host.name()), c.id));
            self.next_in.insert(Arc::clone(host.name()), c.id);
        }
    }

    fn take(&mut self, (host, id, answer): Asked) {
        self.under_way.remove(&(Arc::clone(&host), id));
        match answer {
            Ok(raw) => {
                let of_host = self.measured.entry(Arc::clone(&host)).or_default();
                let sample = sample_of(of_host.get(&id).map(|m| &m.raw), &raw);
                of_host.insert(id, Measured { raw, sample });
                self.changed.insert(host);
            }
            Err(fault) => {
                tracing::debug!(%host, container = %id.short(), %fault, "no stats");
                if fault.kind.is_absence() {
                    self.resting.insert(host, REST_STEPS);
                }
            }
        }
    }

    fn publish(&mut self) {
        let fleet = Arc::clone(&self.fleet.borrow());
        let gone: Vec<Arc<str>> = self.measured.keys().filter(|name| fleet.host(name).is_none()).cloned().collect();
        if self.changed.is_empty() && gone.is_empty() {
            return;
        }
        let mut live = Live::clone(&self.live.borrow());
        for name in gone {
            self.measured.remove(&name);
            live.remove(&name);
        }
        for name in self.changed.drain() {
            if let (Some(host), Some(of_host)) = (fleet.host(&name), self.measured.get_mut(&name)) {
                of_host.retain(|id, _| host.container(id).is_some_and(|c| c.state.is_up()));
                live.put(&name, Arc::new(host_live(&fleet, host, of_host)));
            }
        }
        live.places = Arc::new(places(&fleet, &live));
        self.live.send_replace(Arc::new(live));
    }
}

fn is_measurable(fleet: &Fleet, host: &str, id: &ContainerId) -> bool {
    let found = crate::model::fleet::find_container(fleet, host, id);
    found.is_some_and(|(host, c)| c.state == ContainerState::Running && host.freshness.fault.is_none())
}

/// Rates over the time between two measurements by the engine's own clocks; `None` where a counter went back.
fn sample_of(before: Option<&RawStats>, now: &RawStats) -> Sample {
    let mut sample = Sample { at: now.at, cpu_milli: None, memory: now.memory, memory_limit: now.memory_limit, rx: None, tx: None };
    let Some(before) = before else { return sample };
    let millis = now.at.since(before.at);
    if millis == 0 {
        return sample;
    }
    // As `docker stats`: container time over machine time, times the cores. Machine time is 0 under some cgroup drivers.
    let cpu = now.cpu_total_ns.checked_sub(before.cpu_total_ns);
    let machine = now.system_ns.zip(before.system_ns).and_then(|(n, b)| n.checked_sub(b)).filter(|d| *d > 0);
    sample.cpu_milli = cpu.map(|cpu| {
        let milli = match machine {
            Some(machine) => u128::from(cpu) * 1000 * u128::from(now.online_cpus.max(1)) / u128::from(machine),
            None => u128::from(cpu) / (u128::from(millis) * 1000),
        };
        u32::try_from(milli).unwrap_or(u32::MAX)
    });
    let rate = |now: Option<u64>, before: Option<u64>| {
        now.zip(before).and_then(|(n, b)| n.checked_sub(b)).map(|bytes| bytes.saturating_mul(1000) / millis)
    };
    sample.rx = rate(now.rx_bytes, before.rx_bytes);
    sample.tx = rate(now.tx_bytes, before.tx_bytes);
    sample
}

fn host_live(fleet: &Fleet, host: &Host, measured: &HashMap<ContainerId, Measured>) -> HostLive {
    let mut samples: Vec<(ContainerId, Sample)> = measured.iter().map(|(id, m)| (*id, m.sample)).collect();
    samples.sort_unstable_by_key(|(id, _)| *id);
    let (cores, memory_all) = fleet.size_of(host);
    let mut usage = Usage { measured: 1, cores: cores.unwrap_or(0).into(), memory_all: memory_all.unwrap_or(0), ..Usage::default() };
    let mut whole = true;
    for c in host.known_containers().iter().filter(|c| c.state == ContainerState::Running) {
        match measured.get(&c.id).and_then(|m| m.sample.cpu_milli.map(|cpu| (cpu, m.sample.memory))) {
            Some((cpu, memory)) => {
                usage.cpu_milli += u64::from(cpu);
                usage.memory += memory;
            }
            None => whole = false,
        }
    }
    HostLive { samples, usage: whole.then_some(usage) }
}

/// Use by pool, over all hosts that answer.
fn places(fleet: &Fleet, live: &Live) -> Vec<(Place, Usage)> {
    let mut places: BTreeMap<Place, Usage> = BTreeMap::new();
    for host in &fleet.hosts {
        if host.freshness.is_stale() {
            continue;
        }
        let spec = &host.spec;
        let sum = places.entry((Arc::clone(&spec.idc), spec.cluster.clone(), spec.pool.clone())).or_default();
        match live.host(host.name()).and_then(|l| l.usage.as_ref()) {
            Some(usage) => sum.add(usage),
            None if host.running() == Some(0) => {
                let (cores, memory_all) = fleet.size_of(host);
                sum.add(&Usage { measured: 1, cores: cores.unwrap_or(0).into(), memory_all: memory_all.unwrap_or(0), ..Usage::default() });
            }
            None => sum.unmeasured += 1,
        }
    }
    places.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::Stamp;

    fn raw(at: i64, cpu_total_ns: u64, system_ns: Option<u64>, rx: u64) -> RawStats {
        RawStats {
            at: Stamp(at),
            cpu_total_ns,
            system_ns,
            online_cpus: 4,
            memory: 10,
            memory_limit: 100,
            rx_bytes: Some(rx),
            tx_bytes: None,
        }
    }

    #[test]
    fn rates_are_of_the_time_between_and_the_first_measurement_has_none() {
        let first = raw(0, 0, Some(0), 0);
        assert_eq!(sample_of(None, &first).cpu_milli, None);
        // Half a core of four for two seconds: machine time runs four times as fast.
        let second = raw(2_000, 1_000_000_000, Some(8_000_000_000), 4_096);
        let sample = sample_of(Some(&first), &second);
        assert_eq!((sample.cpu_milli, sample.rx, sample.tx), (Some(500), Some(2_048), None));
        let without_machine_time = sample_of(Some(&raw(0, 0, None, 0)), &raw(2_000, 1_000_000_000, None, 0));
        assert_eq!(without_machine_time.cpu_milli, Some(500));
    }

    #[test]
    fn a_restarted_container_has_no_rate_rather_than_a_wrong_one() {
        let sample = sample_of(Some(&raw(0, 9_000, Some(0), 500)), &raw(1_000, 10, Some(4_000_000_000), 100));
        assert_eq!((sample.cpu_milli, sample.rx), (None, None));
    }
}
