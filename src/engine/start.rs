//! Starts the engine: the keeper, a poller a host, the figures, the follower of the journal, and the supervisor for commands.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::cache;
use super::endpoints::{Clients, DockerClients};
use super::executor::Executor;
use super::figures::{Figures, Visible};
use super::keeper::Keeper;
use super::reconcile::{self, Role};
use super::registries::{Memory, QuestionSet};
use super::setup::{PollMode, Setup};
use super::supervisor::{Supervisor, SupervisorParts};
use super::tasks::Tasks;
use super::{Engine, Mode, keeper};
use crate::clients::Wire;
use crate::model::fleet::Fleet;
use crate::model::live::Live;
use crate::model::report::Report;

/// Commands that may wait.
const COMMANDS: usize = 64;
/// Reports that may wait.
const REPORTS: usize = 256;
/// How long closing waits for what registries held to be saved.
const SAVE_WITHIN: Duration = Duration::from_millis(500);
/// How long closing waits for what has to be finished.
const CLOSE_WITHIN: Duration = Duration::from_millis(1_500);

/// A started engine. Closing it ends all that it started.
#[derive(Debug)]
pub struct Running {
    pub engine: Engine,
    tasks: Tasks,
    closing: tokio_util::sync::CancellationToken,
    wire: Wire,
    cache: Option<cache::HostCacheWriter>,
    memory: Option<Memory>,
}

impl Running {
    /// What this process may hold open.
    #[must_use]
    pub fn limits(&self) -> crate::clients::Limits {
        self.wire.limits()
    }

    /// Ends everything within two seconds: what runs is handed over, the cache is written, ssh masters end.
    pub async fn close(self) {
        self.closing.cancel();
        let ending = async {
            if let Some(cache) = &self.cache {
                cache.save_now().await;
            }
            if let Some(memory) = &self.memory {
                // What is not saved by then is read again: nothing is lost by leaving.
                let _ = tokio::time::timeout(SAVE_WITHIN, memory.save_now()).await;
            }
            self.tasks.close().await;
        };
        if tokio::time::timeout(CLOSE_WITHIN, ending).await.is_err() {
            tracing::warn!("some tasks did not end in time");
        }
        let _ = tokio::time::timeout(Duration::from_millis(300), self.wire.close()).await;
    }
}

/// Starts everything. Nothing has been asked yet when it returns.
///
/// # Errors
/// A host whose address or certificates cannot be used at all does not stop the others: it is a Fault of its own row.
#[must_use]
pub fn start(setup: Setup) -> Running {
    let Setup { config, places, wire, journal, clock, owner, runner, interest, kinds, questions } = setup;
    let tasks = Tasks::new();
    let closing = tokio_util::sync::CancellationToken::new();
    let mode = if wire.mode() == Mode::Writing && !config.read_only { Mode::Writing } else { Mode::ReadOnly };
    let owner = Arc::new(owner);
    let (report, reports) = mpsc::channel::<Report>(REPORTS);
    // What is declared is there from the first moment: no face ever sees a world without its hosts.
    let mut declared = Fleet::default();
    declared.apply(Report::Site(Box::new(config.site.clone())));
    let mut keeper = Keeper::new(declared, clock.now());
    let (fleet_in, fleet) = watch::channel(keeper.publish(clock.now()));
    let (live_in, live) = watch::channel(Arc::new(Live::default()));
    let (command, commands) = mpsc::channel(COMMANDS);
    let (tail, tails) = mpsc::channel(COMMANDS);
    let (visible_in, visible) = watch::channel::<Visible>(Arc::default());
    let (lines_in, lines) = watch::channel(Arc::default());
    let lines = DockerClients::new(lines);
    let (registries_in, registries) = watch::channel(Arc::default());

    tasks.start("keeper", "engine", keeper::keep(keeper, reports, fleet_in, clock.clone()));
    if interest != PollMode::Once {
        let figures = Figures::new(lines.clone(), fleet.clone(), visible, live_in);
        tasks.start("figures", "engine", figures.run());
    }
    let executor = journal.clone().map(|journal| Executor {
        journal,
        clients: Clients::new(lines.clone(), registries, wire.clone()),
        fleet: fleet.clone(),
        reports: report.clone(),
        clock: clock.clone(),
        owner: Arc::clone(&owner),
    });
    let (mut cache, mut memory) = (None, None);
    if let (PollMode::Console, Some(journal)) = (interest, journal) {
        // Who asks a few questions only must not leave a cursor behind that says that everything was read.
        if questions.is_empty() {
            let of_registries = Memory::new(journal.clone(), fleet.clone());
            tasks.start("memory", "engine", of_registries.clone().run());
            memory = Some(of_registries);
        }
        let keeper = cache::HostCacheWriter::new(journal, fleet.clone());
        tasks.start("cache", "engine", keeper.clone().run(report.clone()));
        cache = Some(keeper);
    }
    if let (PollMode::Console, Some(executor)) = (interest, executor.clone()) {
        let role = if mode == Mode::Writing { Role::Mend } else { Role::Look };
        tasks.start("journal", "engine", reconcile::follow(executor, role));
    }
    let parts = SupervisorParts {
        tasks: tasks.clone(),
        closing: closing.clone(),
        wire: wire.clone(),
        lines_in,
        lines,
        registries_in,
        visible: visible_in,
        fleet: fleet.clone(),
        reports: report,
        clock,
        executor: executor.filter(|_| mode == Mode::Writing),
        runner,
        interest,
        kinds,
        questions_wanted: QuestionSet::new(&questions),
        memory: memory.clone(),
    };
    let supervisor = Supervisor::new(parts, config);
    tasks.start("supervisor", "engine", supervisor.run(commands, tails, places));
    let engine = Engine { commands: command, tails: tail, fleet, live, mode, owner };
    Running { engine, tasks, closing, wire, cache, memory }
}
