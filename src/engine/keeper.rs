//! The keeper: the only owner of the Fleet. Folds reports in and publishes what changed, at most 20 times a second.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::model::clock::{Clock, Stamp};
use crate::model::fleet::{Applied, Fleet};
use crate::model::report::Report;
use crate::planning::Deriver;

/// Between two publications at least: 20 a second.
const PUBLISH_EVERY: Duration = Duration::from_millis(50);
/// How often time alone is looked at: hosts that wane from stale to lost.
const TICK: Duration = Duration::from_secs(1);
/// Reports folded in before a publication is considered again.
const AT_ONCE: usize = 512;

/// The Fleet and what is derived from it, step by step. Public for benches; faces see only what it publishes.
#[derive(Debug, Default)]
pub struct Keeper {
    fleet: Fleet,
    deriver: Deriver,
}

impl Keeper {
    #[must_use]
    pub fn new(fleet: Fleet, now: Stamp) -> Self {
        let mut deriver = Deriver::new();
        deriver.apply(&fleet, &Applied::Everything, now);
        Self { fleet, deriver }
    }

    /// Folds one report in; true when there is something to publish.
    pub fn fold(&mut self, report: Report, now: Stamp) -> bool {
        let applied = self.fleet.apply(report);
        self.deriver.apply(&self.fleet, &applied, now);
        applied != Applied::Nothing
    }

    /// What the passing of time changed; true when there is something to publish.
    pub fn pass(&mut self, now: Stamp) -> bool {
        self.deriver.tick(&self.fleet, now);
        let derived = self.deriver.derived(&self.fleet, now);
        let changed = !Arc::ptr_eq(&derived, &self.fleet.derived);
        if changed {
            self.fleet.derived = derived;
            self.fleet.revision += 1;
        }
        changed
    }

    /// The Fleet as it is to be shown.
    pub fn publish(&mut self, now: Stamp) -> Arc<Fleet> {
        self.fleet.derived = self.deriver.derived(&self.fleet, now);
        Arc::new(self.fleet.clone())
    }
}

/// Runs until the senders are gone.
pub(super) async fn keep(mut keeper: Keeper, mut reports: mpsc::Receiver<Report>, fleet: watch::Sender<Arc<Fleet>>, clock: Clock) {
    let mut dirty = false;
    let mut next_publish = Instant::now();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut batch = Vec::with_capacity(AT_ONCE);
    loop {
        tokio::select! {
            biased;
            () = sleep_until(next_publish), if dirty => {
                fleet.send_replace(keeper.publish(clock.now()));
                dirty = false;
                next_publish = Instant::now() + PUBLISH_EVERY;
            }
            came = reports.recv_many(&mut batch, AT_ONCE) => {
                if came == 0 {
                    return;
                }
                let now = clock.now();
                for report in batch.drain(..) {
                    dirty |= keeper.fold(report, now);
                }
            }
            _ = tick.tick() => dirty |= keeper.pass(clock.now()),
        }
    }
}
