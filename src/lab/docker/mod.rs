//! The Docker Engine twin: speaks the engine's API over a host of simulated containers.

mod acts;
mod agenda;
mod attach;
mod control;
mod create;
mod curves;
mod events;
mod exec;
mod facts;
mod inspect;
mod lifecycle;
mod list;
mod log_lines;
mod logs;
mod query;
mod route;
mod seed;
mod session;
mod shell;
mod sim_container;
mod stats;

use std::sync::{Arc, Mutex};

use http::Request;
use hyper::body::Incoming;
use tokio::sync::Notify;

use crate::model::clock::Clock;

use super::server::{Answering, Service, Tasks};
use super::trouble::lock;
use super::world::Engine;

pub(super) use agenda::Agenda;
use events::Events;
use exec::Exec;
use query::Refusal;
pub(super) use seed::Mint;
use seed::{Catalogue, Image, Machine};
use sim_container::{Id, MILLI, Nanos, SimContainer};

/// One simulated engine with its host.
#[derive(Debug)]
pub struct Twin {
    machine: Machine,
    state: Mutex<State>,
    /// Rung after every change.
    changed: Notify,
    clock: Clock,
    agenda: Arc<Agenda>,
    /// What the world's images are and do.
    catalogue: Arc<Catalogue>,
    /// Its place in the lab.
    index: usize,
    /// Health probes run one by one and show in the events.
    probes: bool,
}

#[derive(Debug)]
struct State {
    containers: Vec<SimContainer>,
    images: Vec<Arc<Image>>,
    events: Events,
    execs: Vec<Exec>,
    random: fastrand::Rng,
    next_pid: u32,
    /// Open `/events` requests, for `/info`.
    listeners: u32,
}

impl State {
    fn take_pid(&mut self) -> u32 {
        self.next_pid = if self.next_pid > 4_000_000 { 1_200 } else { self.next_pid + self.random.u32(3..90) };
        self.next_pid
    }

    fn take_id(&mut self) -> Id {
        let mut id = [0u8; 32];
        self.random.fill(&mut id);
        id
    }

    /// The container is gone.
    fn destroy(&mut self, at: usize, now: Nanos) {
        let container = self.containers.remove(at);
        self.events.of_cell(now, &container, "destroy", Vec::new());
        self.execs.retain(|exec| exec.container != container.id);
    }

    /// By full id, name, or a prefix of the id that is of one container only.
    fn find(&self, what: &str) -> Result<usize, Refusal> {
        let name = what.strip_prefix('/').unwrap_or(what);
        if let Some(at) = self.containers.iter().position(|container| *container.name == *name) {
            return Ok(at);
        }
        let is_hex = !what.is_empty() && what.len() <= 64 && what.bytes().all(|b| b.is_ascii_hexdigit());
        let mut found = self.containers.iter().enumerate().filter(|(_, container)| is_hex && begins(&container.id, what));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Ok(at),
            (Some(_), Some(_)) => Err(Refusal::bad(format!("Multiple IDs found with provided prefix: {what}"))),
            (None, _) => Err(Refusal::missing(format!("No such container: {what}"))),
        }
    }
}

impl Twin {
    fn now(&self) -> Nanos {
        self.clock.now().0 * MILLI
    }

    /// Changes the state under its lock and tells everyone who waits.
    fn with<T>(&self, change: impl FnOnce(&mut State, Nanos) -> T) -> T {
        let now = self.now();
        let result = change(&mut lock(&self.state), now);
        self.changed.notify_waiters();
        result
    }

    /// Reads the state under its lock.
    fn read<T>(&self, read: impl FnOnce(&State, Nanos) -> T) -> T {
        read(&lock(&self.state), self.now())
    }

    /// Waits until the state shows what is waited for.
    async fn until<T>(&self, mut seen: impl FnMut(&State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(result) = seen(&lock(&self.state)) {
                return result;
            }
            changed.await;
        }
    }

    fn is(&self, engine: Engine) -> bool {
        self.machine.engine == engine
    }
}

impl Service for Twin {
    fn answer(self: Arc<Self>, asked: Request<Incoming>, tasks: Tasks) -> Answering {
        Box::pin(route::answer(self, asked, tasks))
    }
}

/// True where an id's hexadecimal digits begin so.
fn begins(id: &Id, prefix: &str) -> bool {
    let digit = |at: usize| if at.is_multiple_of(2) { id[at / 2] >> 4 } else { id[at / 2] & 15 };
    prefix.chars().enumerate().all(|(at, c)| c.to_digit(16) == Some(u32::from(digit(at))))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::lab::world::World;
    use crate::model::clock::Stamp;

    /// The first host of the small world, on a clock that stands still.
    pub(super) fn small_twin() -> (Arc<Twin>, Clock) {
        let clock = Clock::manual(Stamp(1_795_408_912_000));
        let mut world = World::load("small").expect("embedded");
        let mint = Mint::new(&world, clock.clone());
        (mint.twin(&mut world.hosts[0], 0, &Arc::default()), clock)
    }

    #[test]
    fn containers_are_found_by_name_id_and_prefix() {
        let (twin, _) = small_twin();
        twin.read(|state, _| {
            let id = state.containers[1].hex();
            for what in [&*state.containers[1].name, &id, &id[..12], &format!("/{}", state.containers[1].name)] {
                assert_eq!(state.find(what), Ok(1));
            }
            assert_eq!(state.find("nope"), Err(Refusal::missing("No such container: nope")));
            assert_eq!(state.find(""), Err(Refusal::missing("No such container: ")));
        });
    }
}
