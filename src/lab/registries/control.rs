//! Hands on the registries of a running lab: their faults, what they were asked, what happens to them behind the console's back.

use std::sync::Arc;

use crate::lab::harbor::{Harbors, Push, Twin};
use crate::lab::oci;
use crate::lab::record::Asked;
use crate::lab::server::Endpoint;
use crate::lab::trouble::Rule;
use crate::model::clock::Clock;

use super::seed;

/// A hand on one registry: its faults, what it was asked, and what someone does to it behind the console's back.
#[derive(Clone, Debug)]
pub struct RegistryHand {
    pub name: Arc<str>,
    /// Where it is spoken to.
    pub url: String,
    pub user: String,
    pub password: String,
    pub(super) twin: Arc<Twin>,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) clock: Clock,
}

impl RegistryHand {
    /// From now on, beside the faults already there.
    pub fn fault(&self, rule: Rule) {
        self.endpoint.faults.add(rule);
    }

    /// No faults any more.
    pub fn heal(&self) {
        self.endpoint.faults.heal();
    }

    /// The newest requests, oldest first.
    pub fn requests(&self) -> Vec<Asked> {
        self.endpoint.record.requests()
    }

    /// All requests ever.
    pub fn requests_seen(&self) -> u64 {
        self.endpoint.record.seen()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.endpoint.record.forget();
    }

    /// Reads or changes all Harbors of the world; the number is this one's place.
    pub fn with<T>(&self, look: impl FnOnce(&mut Harbors, usize) -> T) -> T {
        self.twin.with(look)
    }

    /// Pushes an image made for its name as somebody would, and returns its digest.
    ///
    /// # Errors
    /// What the Harbor refuses it with.
    pub fn push(&self, name: &str, tag: &str, by: &str) -> Result<String, String> {
        let (project, repository) = name.split_once('/').ok_or("a name is project/repository")?;
        let now = self.clock.now();
        let mut random = fastrand::Rng::with_seed(now.0.unsigned_abs());
        let image = seed::image(&format!("{name}:{tag} {}", now.0), "amd64", &("sha256:ba5e".into(), 1 << 24), &mut random);
        let image = Arc::new(image);
        let digest = image.digest.to_string();
        let push = Push { project, repository, tag: Some(tag), image, by };
        let pushed = self.with(|harbors, at| harbors.harbor_mut(at).map(|harbor| harbor.push(&push, harbor.by_its_clock(now))));
        match pushed {
            Some(Ok(())) => Ok(digest),
            Some(Err(refusal)) => Err(format!("{refusal:?}")),
            None => Err("there is no such Harbor".into()),
        }
    }

    /// Its core goes away: nobody answers, and what was under way inside it is lost.
    pub fn stop_core(&self) {
        self.with(Harbors::stop_core);
    }

    pub fn start_core(&self) {
        let now = self.clock.now();
        self.with(|harbors, at| harbors.start_core(at, now));
    }

    /// Its storage dies: what is being copied to it begins to fail.
    pub fn stop_storage(&self) {
        let now = self.clock.now();
        self.with(|harbors, at| harbors.stop_storage(at, now));
    }

    pub fn start_storage(&self) {
        self.with(Harbors::start_storage);
    }
}

/// A hand on one plain registry.
#[derive(Clone, Debug)]
pub struct PlainHand {
    pub name: Arc<str>,
    /// Where it is spoken to.
    pub url: String,
    pub user: String,
    pub password: String,
    pub(super) twin: Arc<oci::Twin>,
    pub(super) endpoint: Arc<Endpoint>,
}

impl PlainHand {
    /// From now on, beside the faults already there.
    pub fn fault(&self, rule: Rule) {
        self.endpoint.faults.add(rule);
    }

    /// No faults any more.
    pub fn heal(&self) {
        self.endpoint.faults.heal();
    }

    /// The newest requests, oldest first.
    pub fn requests(&self) -> Vec<Asked> {
        self.endpoint.record.requests()
    }

    /// Reads or changes its content.
    pub fn with<T>(&self, look: impl FnOnce(&mut oci::Registry) -> T) -> T {
        self.twin.with(look)
    }
}
