//! THE FAR END. A simulated fleet on loopback that speaks the real wire formats, written from the vendors' own documents.

pub mod answer;
mod config;
pub mod docker;
pub mod exchange;
pub mod harbor;
mod host_control;
mod life;
pub mod oci;
pub mod record;
pub mod registries;
pub mod server;
pub mod trouble;
mod wire;
pub mod world;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::clock::Clock;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

use docker::{Agenda, Mint, Twin};
pub use host_control::{Glance, HostControl};
use life::Rate;
use registries::Registries;
pub use registries::{PlainHand, RegistryHand};
use server::{Endpoint, Place, Server};
pub use world::World;

/// How a lab is started.
#[derive(Clone, Debug)]
pub struct LabOptions {
    pub clock: Clock,
    /// Where every twin listens; 0 takes a free port.
    pub port: u16,
}

impl Default for LabOptions {
    fn default() -> Self {
        Self { clock: Clock::system(), port: 0 }
    }
}

/// A running world. Dropped, everything of it stops.
#[derive(Debug)]
pub struct Lab {
    server: Server,
    world: World,
    /// In the order of the world's hosts.
    twins: Vec<(Arc<Twin>, Arc<Endpoint>)>,
    by_name: HashMap<Arc<str>, usize>,
    registries: Registries,
    rate: Arc<Rate>,
}

impl Lab {
    /// Makes the world's twins and opens them on loopback. Runs on tasks of the runtime it is started in.
    ///
    /// # Errors
    /// The port is taken, or this process may not listen.
    pub async fn start(world: World, options: LabOptions) -> Result<Self, Fault> {
        let server = Server::start(options.port, options.clock.clone())?;
        let clock = options.clock.clone();
        let made = tokio::task::spawn_blocking(move || mint(world, clock)).await;
        let (mut world, minted, agenda) = made.map_err(|why| {
            Fault::new(
                "lab",
                FaultKind::Limit,
                Text::made(format!("the world could not be made: {why}"), format!("无法生成模拟世界: {why}")),
                Text::new("try the default world", "请换用 default 世界"),
            )
        })?;
        let mut twins = Vec::with_capacity(minted.len());
        for (twin, host) in minted.into_iter().zip(&mut world.hosts) {
            let place = Place {
                name: Arc::clone(&host.name),
                address: host.address,
                latency: Duration::from_millis(host.latency_ms),
                rules: host.faults.clone(),
            };
            let service: Arc<Twin> = Arc::clone(&twin);
            twins.push((twin, server.open(place, service)));
        }
        let by_name = world.hosts.iter().enumerate().map(|(at, host)| (Arc::clone(&host.name), at)).collect();
        let rate = Arc::new(Rate::default());
        rate.set(world.file.life.changes_per_second);
        let lively: Vec<Arc<Twin>> = twins.iter().map(|(twin, _)| Arc::clone(twin)).collect();
        server.tasks().start(life::pass(lively, agenda, Arc::clone(&rate), options.clock.clone(), world.file.seed));
        let registries = registries::open(&world.file, &server, &options.clock)?;
        Ok(Self { server, world, twins, by_name, registries, rate })
    }

    /// The world as it was generated; its containers have moved into the twins.
    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The listener, for endpoints that are no hosts.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// A hand on a host: its faults, what it was asked, and acts by hand.
    pub fn twin(&self, host: &str) -> Option<HostControl> {
        let (twin, endpoint) = &self.twins[*self.by_name.get(host)?];
        Some(HostControl::new(Arc::clone(twin), Arc::clone(endpoint)))
    }

    /// Hands on all hosts of an IDC.
    pub fn idc(&self, idc: &str) -> Vec<HostControl> {
        let here = self.world.hosts.iter().zip(&self.twins).filter(|(host, _)| *host.idc == *idc);
        here.map(|(_, (twin, endpoint))| HostControl::new(Arc::clone(twin), Arc::clone(endpoint))).collect()
    }

    /// A hand on a registry: its faults, what it was asked, and what its peers and its people do.
    pub fn registry(&self, name: &str) -> Option<&RegistryHand> {
        self.registries.hands.iter().find(|hand| *hand.name == *name)
    }

    /// A hand on a plain registry.
    pub fn plain_registry(&self, name: &str) -> Option<&PlainHand> {
        self.registries.plain.iter().find(|hand| *hand.name == *name)
    }

    /// The registries that are Harbors, in the order of the world file.
    pub fn registries(&self) -> &[RegistryHand] {
        &self.registries.hands
    }

    /// The names of all hosts, in the order of their addresses.
    pub fn hosts(&self) -> impl Iterator<Item = &Arc<str>> {
        self.world.hosts.iter().map(|host| &host.name)
    }

    /// How much happens by itself from now on.
    pub fn set_changes_per_second(&self, changes: f64) {
        self.rate.set(changes);
    }

    /// A complete `wharf.toml` over this lab.
    pub fn config_toml(&self) -> String {
        config::toml(&self.world, self.server.port())
    }
}

fn mint(mut world: World, clock: Clock) -> (World, Vec<Arc<Twin>>, Arc<Agenda>) {
    let agenda = Arc::new(Agenda::default());
    let mint = Mint::new(&world, clock);
    let twins = world.hosts.iter_mut().enumerate().map(|(index, host)| mint.twin(host, index, &agenda)).collect();
    (world, twins, agenda)
}

/// The fault of a world whose own config cannot be read.
#[must_use]
pub fn broken_config() -> Fault {
    Fault::new(
        "lab",
        FaultKind::Config,
        Text::new("the lab's own config is not a good config", "模拟环境自带的配置有误"),
        Text::new("try another world: wharf lab --world default", "请换一个世界：wharf lab --world default"),
    )
}
