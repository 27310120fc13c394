//! The runs of this console: begun, cancelled, resumed, left, and handed over to a runner when the console goes.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::command::{Answer, Command};
use super::executor::Executor;
use super::setup::RunnerCommand;
use super::tasks::{Tasks, log_fault};
use crate::clients::Wire;
use crate::journal::{Stopping, TakeOver};
use crate::model::fault::{Fault, FaultKind};
use crate::model::plan::{Plan, RunId};
use crate::model::run::RunState;
use crate::model::text::Text;

/// What takes longer than this is carried out by a runner, so that closing the console does not stop it.
const RUNNER_FROM_S: u32 = 60;
/// How long a closing console waits for calls under way.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(1);

/// One run of ours.
#[derive(Debug)]
struct Ours {
    /// No more steps are begun.
    cancel: CancellationToken,
    /// The console goes: no more steps are begun, and those left stay open.
    leave: CancellationToken,
}

#[derive(Debug)]
pub(super) struct Runs {
    executor: Executor,
    tasks: Tasks,
    wire: Wire,
    runner: Option<RunnerCommand>,
    ours: BTreeMap<RunId, Ours>,
}

impl Runs {
    pub(super) fn new(executor: Executor, tasks: Tasks, wire: Wire, runner: Option<RunnerCommand>) -> Self {
        Self { executor, tasks, wire, runner, ours: BTreeMap::new() }
    }

    pub(super) async fn take(&mut self, command: Command) -> Result<Answer, Fault> {
        match command {
            Command::Run { plan, revision: _, reason } => self.run(&plan, reason.as_deref()).await,
            Command::Resume { run } => self.resume(run).await,
            Command::Abandon { run } => self.abandon(run).await,
            Command::Cancel { run } => self.cancel(run).await,
            Command::Refresh { .. } | Command::Visible { .. } | Command::ReadTasks { .. } => Ok(Answer::Taken),
        }
    }

    async fn run(&mut self, shown: &Plan, reason: Option<&str>) -> Result<Answer, Fault> {
        let plan = self.executor.confirm(shown)?;
        if let Some(undone) = &plan.undoes {
            self.close_undone(undone).await?;
        }
        let run = self.executor.begin(&plan, reason).await?;
        if plan.seconds() > RUNNER_FROM_S && self.runner.is_some() {
            self.give_to_runner(&run).await?;
        } else {
            self.start(&run);
        }
        Ok(Answer::Begun(run))
    }

    async fn resume(&mut self, run: RunId) -> Result<Answer, Fault> {
        match self.executor.journal.take_over(&run, &self.executor.owner).await? {
            TakeOver::Taken => {
                self.start(&run);
                Ok(Answer::Begun(run))
            }
            TakeOver::StillOwned(owner) => Err(still_owned(&run, &format!("{}@{}", owner.who, owner.machine))),
        }
    }

    async fn abandon(&mut self, run: RunId) -> Result<Answer, Fault> {
        if let TakeOver::StillOwned(owner) = self.executor.journal.take_over(&run, &self.executor.owner).await? {
            return Err(still_owned(&run, &format!("{}@{}", owner.who, owner.machine)));
        }
        let task = self.executor.journal.run(&run).await?;
        self.executor.cancel_rest(&task).await?;
        if task.counts.under_way == 0 {
            self.executor.journal.finish(&run, RunState::Cancelled).await?;
        } else {
            // What became of the calls under way is still to be found out.
            self.executor.journal.hand_over(&run, &self.executor.owner).await?;
        }
        self.executor.show(&run).await;
        Ok(Answer::Taken)
    }

    /// From the moment that this is written no step is begun any more, whoever carries the run out. Calls under way
    /// are left to their answers.
    async fn cancel(&mut self, run: RunId) -> Result<Answer, Fault> {
        if let Some(ours) = self.ours.get(&run) {
            ours.cancel.cancel();
        }
        match self.executor.journal.ask_to_stop(&run, &self.executor.owner).await? {
            Stopping::Asked => {
                self.executor.show(&run).await;
                Ok(Answer::Taken)
            }
            Stopping::OwnerGone => self.abandon(run).await,
        }
    }

    /// A run that is taken back goes on no more: what was left open of it is left for good.
    async fn close_undone(&mut self, run: &RunId) -> Result<(), Fault> {
        let task = self.executor.journal.run(run).await?;
        if task.state == RunState::Abandoned && task.counts.under_way == 0 {
            self.abandon(run.clone()).await?;
        }
        Ok(())
    }

    fn start(&mut self, run: &RunId) {
        let ours = Ours { cancel: CancellationToken::new(), leave: CancellationToken::new() };
        let executor = self.executor.clone();
        let (cancel, leave, id) = (ours.cancel.clone(), ours.leave.clone(), run.clone());
        self.ours.insert(run.clone(), ours);
        self.tasks.start_to_finish("run", &run.0, async move { executor.carry_out(id, cancel, leave).await });
    }

    /// The console closes: nothing new is begun, calls under way get a moment, and what is left goes to a runner.
    pub(super) async fn hand_over(&mut self) {
        for ours in self.ours.values() {
            ours.leave.cancel();
        }
        let open = async {
            loop {
                let fleet = self.executor.fleet.borrow().clone();
                let ours = fleet.runs.iter().filter(|t| self.ours.contains_key(&t.id));
                let open: Vec<RunId> = ours.filter(|t| t.ended.is_none()).map(|t| t.id.clone()).collect();
                let at_work = fleet.runs.iter().any(|t| open.contains(&t.id) && t.counts.under_way > 0);
                if open.is_empty() || !at_work {
                    return open;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let open = match tokio::time::timeout(HAND_OVER_WITHIN, open).await {
            Ok(open) => open,
            Err(_) => self.ours.keys().cloned().collect(),
        };
        for run in open {
            let ended = self.executor.journal.run(&run).await.map(|t| t.ended.is_some());
            if ended == Ok(false)
                && let Err(fault) = self.give_to_runner(&run).await
            {
                log_fault("handing a run over", &fault);
            }
        }
    }

    async fn give_to_runner(&self, run: &RunId) -> Result<(), Fault> {
        self.executor.journal.hand_over(run, &self.executor.owner).await?;
        let Some(runner) = &self.runner else { return Ok(()) };
        let mut arguments: Vec<std::ffi::OsString> = runner.arguments.iter().map(Into::into).collect();
        arguments.extend(["run", "resume", "--as-runner", &run.0].map(Into::into));
        self.wire.start_detached("wharf", "wharf run resume", &runner.binary, &arguments)
    }
}

fn still_owned(run: &RunId, owner: &str) -> Fault {
    Fault::new(
        run.to_string(),
        FaultKind::Conflict,
        Text::made(format!("{owner} is carrying this run out"), format!("{owner} 正在执行该任务")),
        Text::new("wait until it has ended, or stop that console first", "请等它结束，或先停掉那个控制台"),
    )
}
