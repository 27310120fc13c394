//! A hand on one host of the lab: its faults, what it was asked, and what someone does to its containers behind the console's back.

use std::sync::Arc;

use super::docker::Twin;
use super::record::Asked;
use super::server::Endpoint;
use super::trouble::Rule;

/// A container at a glance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// 64 hexadecimal digits.
    pub id: String,
    pub name: String,
    pub image: String,
    /// The engine's word.
    pub state: &'static str,
    pub exit_code: i32,
    /// Starts since it was created or seeded.
    pub restarts: u32,
}

/// What a test or a demonstration can do to a host.
#[derive(Clone, Debug)]
pub struct HostControl {
    twin: Arc<Twin>,
    endpoint: Arc<Endpoint>,
}

impl HostControl {
    pub(super) fn new(twin: Arc<Twin>, endpoint: Arc<Endpoint>) -> Self {
        Self { twin, endpoint }
    }

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

    pub fn containers(&self) -> Vec<Glance> {
        self.twin.glances()
    }

    /// The container of this name or id.
    pub fn container(&self, what: &str) -> Option<Glance> {
        self.containers().into_iter().find(|glance| glance.name == what || glance.id == what)
    }

    /// `docker run -d --name NAME IMAGE`, as a colleague would type it. Returns the id.
    ///
    /// # Errors
    /// The engine's own message.
    pub fn run_by_hand(&self, name: &str, image: &str, command: &[&str]) -> Result<String, String> {
        self.twin.run_by_hand(name, image, command)
    }

    /// `docker start`, `stop`, `restart`, `kill`, `pause`, `unpause` or `rm -f`.
    ///
    /// # Errors
    /// The engine's own message.
    pub async fn act_by_hand(&self, act: &str, what: &str) -> Result<(), String> {
        self.twin.act_by_hand(act, what).await
    }

    /// Ends a container's process as if it had crashed; its restart policy decides what follows.
    ///
    /// # Errors
    /// There is no such container.
    pub fn crash(&self, what: &str, exit_code: i32) -> Result<(), String> {
        self.twin.crash(what, exit_code)
    }
}
