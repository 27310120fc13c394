//! Time passes: what is due happens, and now and then something happens for no reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::clock::Clock;

use super::docker::{Agenda, Twin};

/// The longest sleep: a clock moved by hand rings no bell.
const TICK: Duration = Duration::from_millis(50);
/// What is due in one go before others get their turn.
const BURST: usize = 200;

/// Changes a second that no world file asks for by name, settable while the lab runs.
#[derive(Debug, Default)]
pub(super) struct Rate(AtomicU64);

impl Rate {
    pub(super) fn set(&self, changes_per_second: f64) {
        self.0.store(changes_per_second.max(0.0).to_bits(), Ordering::Relaxed);
    }

    fn read(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// Runs for as long as the lab does.
pub(super) async fn pass(twins: Vec<Arc<Twin>>, agenda: Arc<Agenda>, rate: Arc<Rate>, clock: Clock, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut last = clock.now();
    let mut owed = 0.0;
    loop {
        let now = clock.now();
        let mut done = 0;
        while done < BURST
            && let Some(due) = agenda.take(now.0 * 1_000_000)
        {
            if let Some(twin) = twins.get(due.twin) {
                twin.come(&due);
            }
            done += 1;
        }
        owed += rate.read() * f64::from(u32::try_from(now.since(last)).unwrap_or(0)) / 1000.0;
        last = now;
        // Some that are picked cannot be upset; they are not picked for ever.
        let mut patience = 4 * BURST;
        while owed >= 2.0 && patience > 0 && !twins.is_empty() {
            owed -= f64::from(twins[random.usize(..twins.len())].upset(&mut random));
            patience -= 1;
        }
        if done == BURST {
            tokio::task::yield_now().await;
            continue;
        }
        let wait = agenda.next().map_or(TICK, |at| Duration::from_nanos(u64::try_from(at - now.0 * 1_000_000).unwrap_or(0)));
        tokio::select! {
            () = tokio::time::sleep(wait.clamp(Duration::from_millis(1), TICK)) => {}
            () = agenda.bell.notified() => {}
        }
    }
}
