//! From a generated world to twins: machines, images and containers as they stand when the lab starts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::lab::world::{CellSeed, EndsKind, Engine, HostSeed, ServiceSpec, Voice, World};
use crate::model::clock::Clock;

use super::agenda::{Agenda, Due, What};
use super::events::Events;
use super::lifecycle::{LONGEST_WAIT, is_out};
use super::shell::Sight;
use super::sim_container::{Check, Habits, Health, MILLI, Nanos, Phase, Policy, SECOND, SimContainer, Spec, Then, Work, hex};
use super::{State, Twin};

/// Published ports of a host begin here.
const FIRST_PORT: u16 = 20_000;
/// Host ports of one service on a host.
const PORTS_EACH: u16 = 100;

/// What an engine runs on.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) name: Arc<str>,
    pub(super) engine: Engine,
    pub(super) cgroup: u8,
    pub(super) cores: u32,
    /// Bytes.
    pub(super) memory: u64,
    pub(super) booted: Nanos,
    /// As the engine's own `--label`s.
    pub(super) labels: Vec<String>,
}

impl Machine {
    pub(super) fn kernel(&self) -> &'static str {
        match self.engine {
            Engine::Classic => "5.10.0-21-amd64",
            Engine::Newer => "6.1.0-37-amd64",
        }
    }

    pub(super) fn system(&self) -> &'static str {
        match self.engine {
            Engine::Classic => "Debian GNU/Linux 11 (bullseye)",
            Engine::Newer => "Debian GNU/Linux 12 (bookworm)",
        }
    }

    /// What a process in one of its containers sees.
    pub(super) fn shell(&self, container: &SimContainer) -> Sight {
        let hostname = match (&container.spec.hostname, container.spec.network.as_str()) {
            (Some(name), _) => name.clone(),
            (None, "host") => self.name.to_string(),
            (None, _) => container.hex()[..12].to_owned(),
        };
        let env = container.spec.env.iter().filter_map(|line| line.split_once('=')).map(|(key, value)| (key.to_owned(), value.to_owned()));
        Sight {
            hostname,
            env: env.collect(),
            first: container.spec.command.join(" "),
            now: 0,
            booted: self.booted,
            memory: self.memory,
            kernel: self.kernel().to_owned(),
        }
    }
}

/// An image in an engine's store.
#[derive(Debug)]
pub(super) struct Image {
    /// With its tag.
    pub(super) name: Arc<str>,
    pub(super) id: Arc<str>,
    pub(super) created: Nanos,
    /// Bytes.
    pub(super) size: u64,
}

impl Image {
    pub(super) fn named(name: &str, created: Nanos) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        let size = 40_000_000 + u64::from(u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])) % 700_000_000;
        Self { name: name.into(), id: format!("sha256:{}", hex(&digest)).into(), created, size }
    }
}

/// Every image of the world with what a container of it does.
pub(super) type Catalogue = Vec<(Arc<Spec>, Arc<Image>)>;

/// Makes twins out of seeds; replicas of one service share what they were created from.
#[derive(Debug)]
pub(in crate::lab) struct Mint {
    /// By service and tag.
    specs: Vec<Catalogue>,
    catalogue: Arc<Catalogue>,
    clock: Clock,
    now: Nanos,
    seed: u64,
    probes: bool,
}

impl Mint {
    pub(in crate::lab) fn new(world: &World, clock: Clock) -> Self {
        let now = clock.now().0 * MILLI;
        let image = |(nth, service): (u16, &ServiceSpec), tag: &String| {
            let age = 2 + Nanos::from(service.image.bytes().map(u32::from).sum::<u32>() % 60);
            let image = Arc::new(Image::named(&format!("{}:{tag}", service.image), now - age * 86_400 * SECOND));
            (Arc::new(spec(service, nth, &image)), image)
        };
        let services = (0u16..).zip(&world.file.service);
        let specs: Vec<Catalogue> =
            services.map(|(nth, service)| service.tags.iter().map(|tag| image((nth, service), tag)).collect()).collect();
        let catalogue = Arc::new(specs.iter().flatten().cloned().collect());
        Self { specs, catalogue, clock, now, seed: world.file.seed, probes: world.file.life.probes }
    }

    /// The twin of a host; what its containers will do by themselves goes on the agenda.
    pub(in crate::lab) fn twin(&self, host: &mut HostSeed, index: usize, agenda: &Arc<Agenda>) -> Arc<Twin> {
        let mut random = fastrand::Rng::with_seed(self.seed ^ (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let machine = Machine {
            name: Arc::clone(&host.name),
            engine: host.engine,
            cgroup: host.cgroup,
            cores: host.cores,
            memory: host.memory,
            booted: self.now - (41 * 86_400 + Nanos::from(random.u32(..90 * 86_400))) * SECOND,
            labels: host.labels.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        };
        let mut images: BTreeMap<Arc<str>, Arc<Image>> = BTreeMap::new();
        let mut places: BTreeMap<usize, u16> = BTreeMap::new();
        let mut pid = 1_200;
        let mut containers = Vec::with_capacity(host.cells.len());
        for (seed, place) in std::mem::take(&mut host.cells).into_iter().zip(0u16..) {
            let (spec, image) = &self.specs[seed.service][seed.tag];
            images.entry(Arc::clone(&image.name)).or_insert_with(|| Arc::clone(image));
            // Published ports count per service, addresses over the whole host.
            let nth = places.entry(seed.service).or_default();
            pid += random.u32(40..900);
            containers.push(self.container(seed, Arc::clone(spec), if spec.ports.is_empty() { place } else { *nth }, pid, &mut random));
            *nth += 1;
        }
        containers.shrink_to_fit();
        let state = State {
            containers,
            images: images.into_values().collect(),
            events: Events::default(),
            execs: Vec::new(),
            random,
            next_pid: pid,
            listeners: 0,
        };
        let twin = Twin {
            machine,
            state: Mutex::new(state),
            changed: Notify::new(),
            clock: self.clock.clone(),
            agenda: Arc::clone(agenda),
            catalogue: Arc::clone(&self.catalogue),
            index,
            probes: self.probes,
        };
        twin.with(|state, _| {
            for container in &state.containers {
                twin.foresee(container, self.now);
            }
        });
        Arc::new(twin)
    }

    fn container(&self, seed: CellSeed, spec: Arc<Spec>, place: u16, pid: u32, random: &mut fastrand::Rng) -> SimContainer {
        let mut id = [0u8; 32];
        random.fill(&mut id);
        let jitter = Nanos::from(random.u32(..1_000_000_000));
        let ago = |seconds: u32| self.now - Nanos::from(seconds) * SECOND - jitter;
        let runs = seed.ended.is_none();
        let (finished, code) = seed.ended.map_or((0, 0), |(since, code)| (ago(since), code));
        // Killed for want of memory and not started again.
        let oom = code == 137 && seed.ends == Some(EndsKind::Down);
        let out = seed.flaps && is_out(seed.seed, self.now);
        let health = match (&spec.check, runs) {
            (Some(_), true) if out => Some(Health::Unhealthy),
            (None, _) => None,
            (Some(_), false) => Some(Health::Unhealthy),
            (Some(check), true) if Nanos::from(seed.started_s) * SECOND < check.interval => Some(Health::Starting),
            (Some(_), true) => Some(Health::Healthy),
        };
        // A crash loop has been at it for as long as the container is there.
        let restarts = match seed.ends {
            Some(EndsKind::Exit | EndsKind::Oom) => seed.created_s / 420,
            _ => u32::from(seed.started_s + 1 < seed.created_s) * (seed.seed % 3),
        };
        let loops = seed.ends == Some(EndsKind::Exit);
        SimContainer {
            id,
            name: seed.name,
            spec,
            phase: match (runs, loops) {
                (true, _) => Phase::Running,
                (false, true) => Phase::Restarting,
                (false, false) => Phase::Exited,
            },
            health,
            then: Then::Policy,
            ends: seed.ends,
            flaps: seed.flaps,
            oom,
            streak: if out { 4 } else { 0 },
            place,
            code,
            seed: seed.seed,
            pid: if runs { pid } else { 0 },
            restarts,
            quick: if loops { 12 } else { 0 },
            run: 1,
            created: ago(seed.created_s),
            started: ago(seed.started_s),
            finished,
            probed: if runs { self.now - Nanos::from(seed.seed % 29) * SECOND } else { finished },
            extra: None,
        }
    }
}

impl Twin {
    /// Puts on the agenda what a seeded container does by itself.
    fn foresee(&self, container: &SimContainer, now: Nanos) {
        match (container.phase, container.ends) {
            (Phase::Running, _) => self.plan_run(container, now),
            (_, Some(EndsKind::Job | EndsKind::Exit)) => {
                let every = match container.phase {
                    Phase::Restarting => LONGEST_WAIT,
                    _ => container.habits().map_or(0, |habits| Nanos::from(habits.every_s) * SECOND),
                };
                let at = (container.finished + every).max(now + SECOND);
                self.agenda.add(Due { at, twin: self.index, id: container.id, run: container.run, what: What::Start });
            }
            _ => {}
        }
    }
}

/// `nth`: its place among the services, which gives it host ports of its own.
fn spec(service: &ServiceSpec, nth: u16, image: &Image) -> Spec {
    let mut labels = service.labels.clone();
    match service.voice {
        // What belongs to the platform is run by compose, the rest by Wharf.
        Voice::Agent => {
            labels.insert("com.docker.compose.project".to_owned(), "infra".to_owned());
            labels.insert("com.docker.compose.service".to_owned(), service.name.clone());
        }
        _ => drop(labels.insert("wharf.service".to_owned(), service.name.clone())),
    }
    let mut env = service.env.clone();
    env.push("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
    let port = service.port.filter(|_| service.network != "host");
    let ends = service.ends.as_ref();
    Spec {
        image: Arc::clone(&image.name),
        image_id: Arc::clone(&image.id),
        command: service.command.clone(),
        entrypoint: 0,
        env,
        labels,
        network: service.network.clone(),
        ports: port.map(|port| (port, FIRST_PORT + nth % 400 * PORTS_EACH)).into_iter().collect(),
        memory: service.limit.map_or(0, |limit| limit.0),
        nano_cpus: billionths(service.cpus),
        policy: policy(&service.policy),
        check: service.health.as_ref().map(|command| Check {
            test: vec!["CMD-SHELL".to_owned(), command.clone()],
            interval: 30 * SECOND,
            timeout: 3 * SECOND,
            retries: 3,
        }),
        tty: false,
        open_stdin: false,
        auto_remove: false,
        hostname: None,
        working_dir: "/app".to_owned(),
        user: String::new(),
        work: Work::Service(Habits {
            cpu: f64::from(service.cpu),
            memory: bytes(service.memory.0),
            net: bytes(service.net.0),
            tide: f64::from(service.tide),
            voice: service.voice,
            end_s: ends.map_or(0, |ends| ends.seconds),
            code: ends.map_or(0, |ends| ends.code),
            every_s: ends.map_or(0, |ends| ends.every),
        }),
    }
}

/// `always`, or `on-failure:5` with the most restarts.
fn policy(text: &str) -> Policy {
    let (name, most) = text.split_once(':').unwrap_or((text, "0"));
    Policy { name: name.to_owned(), most: most.parse().unwrap_or(0) }
}

#[allow(clippy::cast_precision_loss, reason = "byte counts below 2^53")]
fn bytes(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn billionths(cores: f64) -> u64 {
    (cores.clamp(0.0, 4096.0) * 1e9) as u64
}
