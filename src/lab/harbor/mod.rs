//! The Harbor twin: Harbors as state machines over plain requests, held to a real Harbor's recorded answers.
//!
//! [`Harbors`] is the pure part: all Harbors of a world, which replicate to each other, and a clock that the caller
//! moves. Nothing in it opens a socket.

mod artifacts;
mod audit;
#[cfg(test)]
mod behaviour;
mod caller;
mod configuration;
mod executions;
mod image;
mod immutables;
mod jobservice;
mod labels;
mod listing;
mod members;
mod patterns;
mod policies;
mod preheat;
mod projects;
mod quotas;
mod refusal;
mod registries;
mod repositories;
mod robots;
mod roles;
mod route;
mod run;
mod state;
mod storage;
mod system;
mod tags;
mod twin;
mod users;
mod v2;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::clock::Stamp;

use super::exchange::{Answer, Request};

pub use image::{Child, Image};
pub use refusal::Refusal;
pub use route::{Route, routes};
pub use run::{Execution, Outcome, Past};
pub use state::{Kind, Member, Policy, Project, Registry, Robot, Sequences, User, Visibility};
pub use storage::Push;
pub use twin::Twin;
pub(in crate::lab) use twin::{read, respond};

use caller::Caller;
use preheat::Preheats;
use state::{AuditEntry, Group, Label, Schedule};

/// All Harbors of a world, and what else their endpoints lead to.
#[derive(Debug, Default)]
pub struct Harbors {
    all: Vec<Harbor>,
    outside: Vec<Outside>,
}

/// What is no Harbor and yet is asked by one.
#[derive(Clone, Debug)]
pub enum Outside {
    /// A plain registry and the credential that it takes.
    Registry { url: String, user: String, password: String },
    /// Dragonfly's door: the number of its next job and the line that it reports.
    Dragonfly { url: String, next_job: u64, report: String },
}

/// How a Harbor of the lab is set up and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Knobs {
    /// Major and minor; fields and paths that came later are not there.
    pub version: (u32, u32),
    /// Its clock is so far ahead of ours.
    pub skew_millis: i64,
    /// How often the status of executions is refreshed from their tasks.
    pub refresh_millis: i64,
    /// Replication tasks at the same time.
    pub workers: usize,
    /// Nobody answers.
    pub core_down: bool,
    /// Blobs and manifests can be neither read nor written.
    pub storage_down: bool,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { version: (2, 16), skew_millis: 0, refresh_millis: 30_000, workers: 10, core_down: false, storage_down: false }
    }
}

/// One Harbor.
#[derive(Debug, Default)]
pub struct Harbor {
    /// Its own address, without a trailing slash.
    pub url: String,
    pub knobs: Knobs,
    pub sequences: Sequences,
    pub users: Vec<User>,
    pub projects: Vec<Project>,
    pub robots: Vec<Robot>,
    pub registries: Vec<Registry>,
    pub policies: Vec<Policy>,
    groups: Vec<Group>,
    labels: Vec<Label>,
    schedules: Vec<Schedule>,
    executions: Vec<Execution>,
    live: BTreeSet<i64>,
    preheats: Preheats,
    deeds: Vec<AuditEntry>,
    settings: BTreeMap<String, Value>,
    paused: BTreeSet<String>,
    uploads: BTreeMap<String, Vec<u8>>,
    contents: BTreeMap<String, Vec<u8>>,
    pulls: Vec<storage::Pull>,
    looked: Stamp,
    started: Stamp,
}

impl Harbor {
    /// An empty Harbor as its installer leaves it: `admin` with that password and the public project `library`.
    #[must_use]
    pub fn new(url: &str, password: &str, now: Stamp) -> Self {
        let mut harbor = Self { url: url.trim_end_matches('/').into(), started: now, looked: now, ..Self::default() };
        harbor.found(password, now);
        harbor
    }

    /// The time by this Harbor's own clock.
    pub fn by_its_clock(&self, now: Stamp) -> Stamp {
        self.own(now)
    }

    fn own(&self, now: Stamp) -> Stamp {
        now.plus_millis(self.knobs.skew_millis)
    }

    pub fn is_read_only(&self) -> bool {
        self.settings.get("read_only").is_some_and(|value| value == &Value::Bool(true))
    }

    pub fn project(&self, name: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.name == name)
    }

    pub fn project_mut(&mut self, name: &str) -> Option<&mut Project> {
        self.projects.iter_mut().find(|project| project.name == name)
    }

    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// Changes a setting as `PUT /configurations` does.
    pub fn set(&mut self, key: &str, value: Value) {
        self.settings.insert(key.to_owned(), value);
    }
}

/// The other Harbors while one of them answers.
#[derive(Clone, Copy, Debug)]
struct Peers<'a> {
    all: &'a [Harbor],
    outside: &'a [Outside],
}

/// What a look at an endpoint found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Well,
    /// It answers and does not take the credential.
    Refused,
    /// Nobody answers.
    Down,
}

impl Peers<'_> {
    fn reach(&self, url: &str, user: &str, secret: &str, now: Stamp) -> Reach {
        let url = url.trim_end_matches('/');
        if let Some(peer) = self.all.iter().find(|peer| peer.url == url) {
            return match peer.identify_by(user, secret, now) {
                _ if peer.knobs.core_down => Reach::Down,
                Caller::Anonymous => Reach::Refused,
                _ => Reach::Well,
            };
        }
        let found = self.outside.iter().find_map(|place| match place {
            Outside::Registry { url: own, user: name, password } if own == url => Some(name == user && password == secret),
            _ => None,
        });
        match found {
            Some(true) => Reach::Well,
            Some(false) => Reach::Refused,
            None => Reach::Down,
        }
    }

    fn dragonfly(&self, url: &str) -> bool {
        self.outside.iter().any(|place| matches!(place, Outside::Dragonfly { url: own, .. } if own == url))
    }
}

/// One question with all that its answer may depend on.
#[derive(Debug)]
struct Ask<'a> {
    request: &'a Request,
    caller: Caller,
    /// By the clock of the Harbor that is asked.
    now: Stamp,
    /// By the world's clock.
    world: Stamp,
    peers: Peers<'a>,
    /// What stood in the place of the template's braces, decoded once.
    parts: Vec<String>,
}

impl Harbors {
    /// Adds a Harbor; its place in the order is how it is spoken of.
    pub fn add(&mut self, harbor: Harbor) -> usize {
        self.all.push(harbor);
        self.all.len() - 1
    }

    pub fn add_outside(&mut self, place: Outside) {
        self.outside.push(place);
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn harbor(&self, at: usize) -> Option<&Harbor> {
        self.all.get(at)
    }

    pub fn harbor_mut(&mut self, at: usize) -> Option<&mut Harbor> {
        self.all.get_mut(at)
    }

    /// Answers one request to the Harbor at that place, after all that was due until `now` has happened.
    pub fn answer(&mut self, at: usize, request: &Request, now: Stamp) -> Answer {
        self.advance(now);
        let Some(slot) = self.all.get_mut(at) else { return Answer::empty(502) };
        // The one that answers is taken out, so that it can look at the others.
        let mut harbor = std::mem::take(slot);
        let answer = harbor.answer(request, now, Peers { all: &self.all, outside: &self.outside });
        self.all[at] = harbor;
        answer
    }
}
