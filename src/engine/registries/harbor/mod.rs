//! The talk with one Harbor: who we are first, then what a person watches beside what is swept in the background.

mod execution_memory;
mod fast_loop;
mod reading;
mod runs;
mod sweep;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::RegistryPoller;
use crate::clients::Pace;
use crate::clients::gate::Client;
use crate::clients::harbor::Harbor;
use crate::engine::setup::PollMode;
use crate::model::artifact::Kinds;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::project::Project;
use crate::model::registry::{Holdings, Question, RegistryFact, SweepCursor, SystemFacts};
use fast_loop::FastLoop;
use sweep::Sweep;

/// Projects or repositories asked about at once; the same database serves pulls.
const AT_ONCE: usize = 8;
/// Requests a second for what nobody waits for, and as many at once after a rest. A Harbor's core does some hundreds of
/// such requests a second on two cores, and each push and pull is a handful of them: most of it stays theirs.
const BACKGROUND: u32 = 100;

/// Before the slow pass begins: what a person wants to see comes first.
const SETTLING: Duration = Duration::from_secs(30);

/// How much of a Harbor is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Extent {
    /// Not everything was read yet.
    #[default]
    Parts,
    /// All of it, by an earlier run; what changed since was not followed up yet.
    Remembered,
    /// Everything was read, and since then changes are followed.
    Whole,
}

/// What is remembered of a Harbor from one talk to the next.
#[derive(Debug, Default)]
pub(super) struct Known {
    cursor: SweepCursor,
    kinds: Kinds,
    /// When each repository had changed last when its artifacts were read.
    read: BTreeMap<Arc<str>, Option<Stamp>>,
    projects: Vec<Project>,
    extent: Extent,
    /// The next project of the slow pass.
    turn: usize,
    quotas_refused: bool,
    has_preheat: bool,
}

impl Known {
    /// As an earlier run left it.
    pub(super) fn of(holdings: &Holdings) -> Self {
        let mut known = Self { has_preheat: holdings.preheat.as_ref().is_some_and(|all| !all.is_empty()), ..Self::default() };
        let Some(projects) = &holdings.projects else { return known };
        known.projects = projects.iter().map(|p| p.project.clone()).collect();
        let repositories = projects.iter().filter_map(|p| p.repositories.as_ref()).flatten();
        known.read = repositories.filter(|r| r.artifacts.is_some()).map(|r| (Arc::clone(&r.repository.name), r.as_of)).collect();
        if let Some(cursor) = &holdings.cursor {
            known.cursor = SweepCursor::clone(cursor);
            known.extent = Extent::Remembered;
        }
        known.turn = fastrand::usize(..=known.projects.len());
        known
    }

    /// It is another Harbor than we knew.
    fn forget(&mut self) {
        *self = Self { cursor: self.cursor.clone(), ..Self::default() };
    }
}

/// Talks until something concerns the whole registry; that is returned.
pub(super) async fn poll_registry(poller: &RegistryPoller, known: &mut Known) -> Fault {
    match talk(poller, known).await {
        Ok(never) => match never {},
        Err(fault) => fault,
    }
}

async fn talk(poller: &RegistryPoller, known: &mut Known) -> Result<Infallible, Fault> {
    let endpoint = poller.endpoint(Client::Harbor).await?;
    let harbor = Harbor::new(&poller.wire, endpoint)?;
    // A wrong password answers 200 as anonymous everywhere else: nothing is believed before this.
    let identity = harbor.fetch_identity().await?;
    poller.say(RegistryFact::Identity(identity)).await;
    poller.complete(&[Question::Identity]).await;
    let mut system = None;
    if poller.questions_wanted.needs(Question::System) {
        let answer = harbor.fetch_system().await;
        system = answer.as_ref().ok().cloned();
        poller.report_answer(Question::System, answer, |system| RegistryFact::System(Arc::new(system))).await?;
    }
    // A script waits for its answer; what a console sweeps in the background leaves room for others.
    let pace = (poller.interest == PollMode::Console).then(|| Arc::new(Pace::new(BACKGROUND)));
    let times = system.as_ref().and_then(SystemFacts::release).is_none_or(|release| release >= (2, 16));
    let nudge = Notify::new();
    let mut fast_loop = FastLoop::new(poller, harbor.clone(), system.as_ref(), &nudge);
    let mut sweep = Sweep { poller, harbor: harbor.paced(pace), known, times, nudge: &nudge, next: Instant::now() + SETTLING };
    tokio::try_join!(fast_loop.run(), sweep.run()).map(|(never, _)| never)
}
