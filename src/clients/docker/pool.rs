//! At most eight connections to one engine, streams and idle ones included.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::Idle;
use crate::clients::connection_budget::{ConnectionBudget, ConnectionPermit, IdlePool};

/// Connections to one engine at most.
pub const CONNECTIONS: usize = 8;
/// Of these, streams (events, logs) may hold so many.
const STREAMS: usize = 4;
/// And acts (which may wait for a container to stop) so many. What is left over always answers questions.
const ACTS: usize = 3;
/// An idle connection older than this is not used again: proxies close theirs after a minute.
const IDLE: Duration = Duration::from_secs(55);

/// What a connection is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Question,
    /// Always over a new connection: a write is never lost on one that the other side has just closed.
    Act,
    Stream,
    /// The stream of what happens, which every host has.
    Events,
}

#[derive(Debug)]
pub(super) struct Pool {
    places: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    acts: Arc<Semaphore>,
    idle: Arc<Idlers>,
    open: Arc<AtomicUsize>,
    budget: Arc<ConnectionBudget>,
}

/// What is idle, where others can close it to make room.
#[derive(Debug)]
struct Idlers {
    idle: Mutex<Vec<Idle>>,
    streams: Arc<Semaphore>,
}

impl Idlers {
    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IdlePool for Idlers {
    fn close_one(&self) -> bool {
        let mut idle = self.lock();
        if idle.is_empty() {
            return false;
        }
        drop(idle.remove(0));
        true
    }

    fn is_followed(&self) -> bool {
        self.streams.available_permits() < STREAMS
    }
}

/// The right to hold one connection.
#[derive(Debug)]
pub(super) struct Place {
    _place: OwnedSemaphorePermit,
    _kind: Option<OwnedSemaphorePermit>,
}

impl Pool {
    pub(super) fn new(budget: &Arc<ConnectionBudget>) -> Self {
        let streams = Arc::new(Semaphore::new(STREAMS));
        let idle = Arc::new(Idlers { idle: Mutex::default(), streams: Arc::clone(&streams) });
        let weak = Arc::downgrade(&idle);
        budget.add(weak);
        Self {
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            streams,
            acts: Arc::new(Semaphore::new(ACTS)),
            idle,
            open: Arc::default(),
            budget: Arc::clone(budget),
        }
    }

    /// Room for one more open connection of this process; `None` where it has no room for another host's events.
    pub(super) async fn room(&self, wanted: Use) -> Option<ConnectionPermit> {
        if wanted == Use::Events { self.budget.follower().await } else { self.budget.place().await }
    }

    /// Connections that are open now.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) fn counter(&self) -> &Arc<AtomicUsize> {
        &self.open
    }

    /// Waits for a place. `None` never comes: the semaphores are not closed.
    pub(super) async fn place(&self, wanted: Use) -> Option<Place> {
        let kind = match wanted {
            Use::Question => None,
            Use::Act => Some(Arc::clone(&self.acts).acquire_owned().await.ok()?),
            Use::Stream | Use::Events => Some(Arc::clone(&self.streams).acquire_owned().await.ok()?),
        };
        Some(Place { _place: Arc::clone(&self.places).acquire_owned().await.ok()?, _kind: kind })
    }

    /// An idle connection that still lives, for a holder of a place.
    pub(super) fn take(&self, _place: &Place) -> Option<Idle> {
        let mut idle = self.idle.lock();
        while let Some(mut one) = idle.pop() {
            if one.age() < IDLE && one.is_alive() {
                return Some(one);
            }
        }
        None
    }

    /// Makes room for a new connection of a holder of a place.
    pub(super) fn make_room(&self, _place: &Place) {
        let mut idle = self.idle.lock();
        let held = CONNECTIONS - self.places.available_permits();
        while !idle.is_empty() && idle.len() + held > CONNECTIONS {
            idle.remove(0);
        }
    }

    /// Gives a connection back for the next one.
    pub(super) fn put(&self, one: Idle, place: Place) {
        // Others wait for the room that it takes.
        if self.budget.is_full() {
            drop(one);
        } else {
            self.idle.lock().push(one);
            self.budget.shelve();
        }
        drop(place);
    }

    /// Closes what is idle: after a fault the next question starts anew.
    pub(super) fn clear(&self) {
        self.idle.lock().clear();
    }
}
