//! Carries a Plan out step by step: each step's intent is in the journal before its call, its outcome after it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::endpoints::Clients;
use super::steps::{self, PerformContext, Seen, Verdict, may_have_arrived};
use crate::journal::{Heard, Intended, Journal};
use crate::model::call::{Call, Observed};
use crate::model::clock::Clock;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::plan::{Ending, Intent, Outcome, Plan, RunId, Step};
use crate::model::report::Report;
use crate::model::run::{Owner, Run, RunState};
use crate::model::text::Text;
use crate::operations;

/// Steps of one group at once over all hosts; a host's own limit is its client's.
const AT_ONCE: usize = 32;
/// How often a run shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long the truth about a cut call is looked for, beyond the time that the call itself may take.
const TRUTH_WITHIN: Duration = Duration::from_secs(10);

/// What running needs. One executor an engine; a read-only engine has none.
#[derive(Clone, Debug)]
pub(super) struct Executor {
    pub(super) journal: Journal,
    pub(super) clients: Clients,
    pub(super) fleet: watch::Receiver<Arc<Fleet>>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) clock: Clock,
    pub(super) owner: Arc<Owner>,
}

impl Executor {
    /// Plans again against the newest Fleet; the plan shown is carried out only if this one does the same.
    pub(super) fn confirm(&self, shown: &Plan) -> Result<Plan, Fault> {
        let fleet = Arc::clone(&self.fleet.borrow());
        let again = operations::plan_again(&shown.operation, &shown.arguments, &fleet, self.clock.now())?;
        if again.same_effects(shown) {
            return Ok(again);
        }
        let cause = Text::made(
            format!("the world has changed since the plan was shown: {} steps then, {} now", shown.steps.len(), again.steps.len()),
            format!("计划展示之后情况有变：当时 {} 步，现在 {} 步", shown.steps.len(), again.steps.len()),
        );
        Err(Fault::new(
            &*shown.operation,
            FaultKind::PlanChanged,
            cause,
            Text::new("look at the new plan and decide again", "请查看新计划再决定"),
        ))
    }

    /// Writes the run into the journal and shows it. Nothing has been called yet.
    pub(super) async fn begin(&self, plan: &Plan, reason: Option<&str>) -> Result<RunId, Fault> {
        let run = self.journal.begin(plan, &self.owner, reason).await?;
        self.show(&run).await;
        Ok(run)
    }

    /// Carries out what is open of a run that is ours. Both end it after the calls under way: `cancel` for good,
    /// `leave` with the rest left open for whoever takes it over.
    pub(super) async fn carry_out(&self, run: RunId, cancel: CancellationToken, leave: CancellationToken) {
        let stop = CancellationToken::new();
        let beating = self.beat(&run, &stop, &cancel);
        let work = async {
            let carried = async {
                self.settle_open(&run).await?;
                self.steps(&run, &cancel, &leave).await
            };
            let state = match carried.await {
                Ok(state) => state,
                Err(fault) => {
                    // The journal itself failed: the run stays open and is found as abandoned.
                    tracing::error!(%run, %fault, "the run cannot be journalled");
                    self.notice_fault(&run, &fault).await;
                    stop.cancel();
                    return;
                }
            };
            if state != RunState::Abandoned
                && let Err(fault) = self.journal.finish(&run, state).await
            {
                self.notice_fault(&run, &fault).await;
            }
            stop.cancel();
        };
        tokio::join!(work, beating);
        self.show(&run).await;
    }

    /// Calls that a former owner left without an outcome: what became of them is found out before anything is done again.
    /// Those whose target does not answer in time stay open, and no step of theirs is begun.
    async fn settle_open(&self, run: &RunId) -> Result<(), Fault> {
        for intent in self.journal.open_intents(run).await? {
            let elapsed = Duration::from_millis(self.clock.now().since(intent.at));
            let left = intent.call.settles_within().saturating_sub(elapsed);
            let Some(ending) = self.find_out(&intent.call, &intent.observed, left).await else { continue };
            self.journal.conclude(&Outcome { run: run.clone(), step: intent.step, at: self.clock.now(), ending }).await?;
            self.show(run).await;
        }
        Ok(())
    }

    async fn steps(&self, run: &RunId, cancel: &CancellationToken, leave: &CancellationToken) -> Result<RunState, Fault> {
        let task = self.journal.run(run).await?;
        let open: Vec<(u32, Step)> = task
            .steps
            .iter()
            .filter(|step| match &step.ending {
                None => !step.under_way,
                Some(ending) => *ending == Ending::FoundNotDone,
            })
            .map(|step| (step.number, step.step.clone()))
            .collect();
        let mut groups: Vec<u32> = open.iter().map(|(_, step)| step.group).collect();
        groups.dedup();
        for group in groups {
            let steps: Vec<(u32, Step)> = open.iter().filter(|(_, step)| step.group == group).cloned().collect();
            let begun = stream::iter(steps).take_while(|_| std::future::ready(!leave.is_cancelled()));
            let mut running =
                begun.map(|(number, step)| async move { self.step(run, number, &step, cancel).await }).buffer_unordered(AT_ONCE);
            while let Some(done) = running.next().await {
                done?;
                self.show(run).await;
            }
        }
        Ok(ended_state(&self.journal.run(run).await?))
    }

    async fn step(&self, run: &RunId, number: u32, step: &Step, cancel: &CancellationToken) -> Result<(), Fault> {
        let ending = if cancel.is_cancelled() { Ending::Cancelled } else { self.act(run, number, step, cancel).await? };
        let at = self.clock.now();
        self.journal.conclude(&Outcome { run: run.clone(), step: number, at, ending }).await
    }

    /// Says of every step that was never begun that it will not be.
    pub(super) async fn cancel_rest(&self, task: &Run) -> Result<(), Fault> {
        for step in task.steps.iter().filter(|step| step.ending.is_none() && !step.under_way) {
            let at = self.clock.now();
            self.journal.conclude(&Outcome { run: task.id.clone(), step: step.number, at, ending: Ending::Cancelled }).await?;
        }
        Ok(())
    }

    /// The call itself. An error is the journal's; what the world answers is an ending.
    async fn act(&self, run: &RunId, number: u32, step: &Step, cancel: &CancellationToken) -> Result<Ending, Fault> {
        let Some(call) = step.call() else { return Ok(Ending::Failed(not_a_call(step))) };
        let before = match steps::observe(call, &self.clients).await {
            Ok(Seen::As(before)) => before,
            Ok(Seen::Already) => return Ok(Ending::Already),
            Err(fault) => return Ok(Ending::Failed(fault)),
        };
        if step.only_if.as_ref().is_some_and(|only_if| !only_if.still_holds(&before)) {
            return Ok(Ending::Failed(touched_since(call)));
        }
        let intent = Intent { run: run.clone(), step: number, at: self.clock.now(), call: call.clone(), observed: before.clone() };
        if self.journal.intend(&intent).await? == Intended::Stopped {
            cancel.cancel();
            return Ok(Ending::Cancelled);
        }
        self.show(run).await;
        let cx = PerformContext { clients: &self.clients, cancel: cancel.clone(), journal: &self.journal, run };
        let ending = match steps::perform(call, &before, &cx).await {
            Ok(performed) => ending_of(&performed.parts),
            // The request may have arrived: only the target can say.
            Err(fault) if may_have_arrived(&fault) => match self.find_out(call, &before, call.settles_within()).await {
                Some(Ending::FoundNotDone) => Ending::Failed(fault),
                Some(found) => found,
                None => Ending::Unknown(fault),
            },
            // Stopped between the intent and the request: nothing was sent.
            Err(fault) if fault.kind == FaultKind::Cancelled => Ending::Cancelled,
            Err(fault) => Ending::Failed(fault),
        };
        for endpoint in call.endpoints() {
            self.clients.wake(&endpoint);
        }
        Ok(ending)
    }

    /// What became of a call that may be at work for `left` longer; `None` where the target does not say.
    async fn find_out(&self, call: &Call, before: &Observed, left: Duration) -> Option<Ending> {
        let settled = Instant::now() + left;
        let give_up = settled + TRUTH_WITHIN;
        while Instant::now() < give_up {
            if let Ok(verdicts) = steps::judge(call, before, &self.clients).await
                && let Some(ending) = found(&verdicts, settled.saturating_duration_since(Instant::now()))
            {
                return Some(ending);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        None
    }

    /// Shows that the run lives, until `stop`, and hears when somebody asks for its end.
    async fn beat(&self, run: &RunId, stop: &CancellationToken, cancel: &CancellationToken) {
        let mut ticks = interval(HEARTBEAT);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {
                    match self.journal.beat(run, &self.owner).await {
                        Ok(Heard::GoOn) => {}
                        Ok(Heard::Stop) => cancel.cancel(),
                        Err(fault) => tracing::warn!(%run, %fault, "no heartbeat"),
                    }
                }
            }
        }
    }

    /// Brings the run as the journal has it to every face of this console.
    pub(super) async fn show(&self, run: &RunId) {
        match self.journal.run(run).await {
            Ok(task) => drop(self.reports.send(Report::Run(Box::new(task.whole()))).await),
            Err(fault) => tracing::warn!(%run, %fault, "cannot show the run"),
        }
    }

    async fn notice_fault(&self, run: &RunId, fault: &Fault) {
        let text = Text::made(format!("run {run}: {}", fault.cause.en), format!("任务 {run}：{}", fault.cause.zh));
        let notice = crate::model::run::Notice {
            at: self.clock.now(),
            severity: crate::model::run::Severity::Bad,
            subject: run.0.clone(),
            text,
            who: None,
        };
        let _ = self.reports.send(Report::Notice(notice)).await;
    }
}

/// How a run whose steps have all ended is summed up. An ending that nobody knows leaves the run for a person.
pub(super) fn ended_state(task: &Run) -> RunState {
    let all = task.counts.all;
    let never_begun = task.steps.iter().filter(|step| step.ending.is_none()).count();
    // What was found not done can be gone on with, like what was never begun.
    let open = never_begun + task.counts.found_not_done;
    // Where somebody asked for the end it is gone on with no more.
    let is_over = task.stopped_by.is_some() && never_begun == 0;
    let cancelled = open > 0 || task.counts.cancelled > 0;
    match task.failed() {
        _ if open > 0 && !is_over => RunState::Abandoned,
        // Each row says for itself what failed; the run was cut short.
        _ if cancelled => RunState::Cancelled,
        0 => RunState::Done,
        failed if failed == all => RunState::Failed,
        _ => RunState::Partial,
    }
}

/// What verdicts come to; `None` while one of them is none yet. What did not take effect may still do so while
/// time is `left`.
pub(super) fn found(verdicts: &[Verdict], left: Duration) -> Option<Ending> {
    let mut all = Ending::FoundDone;
    for verdict in verdicts {
        match verdict {
            Verdict::TookEffect => {}
            Verdict::NotYet => return None,
            Verdict::DidNot if !left.is_zero() => return None,
            Verdict::DidNot | Verdict::SafeToRepeat => all = Ending::FoundNotDone,
        }
    }
    Some(all)
}

/// What a step came to by its parts: the first that went wrong, else the first that was done, else the first.
fn ending_of(parts: &[Ending]) -> Ending {
    let first = |is: fn(&Ending) -> bool| parts.iter().find(|part| is(part)).cloned();
    first(Ending::is_bad).or_else(|| first(Ending::took_effect)).or_else(|| parts.first().cloned()).unwrap_or(Ending::Already)
}

/// The target is not as the plan wants it: whoever changed it had a reason.
fn touched_since(call: &Call) -> Fault {
    let cause = Text::new("somebody has started or stopped it since: left as it is", "此后有人启动或停止过它：保持现状");
    Fault::new(call.target(), FaultKind::Conflict, cause, Text::new("look at it, then act on it by itself", "请查看后再单独操作"))
}

fn not_a_call(step: &Step) -> Fault {
    let cause = Text::new("this version does not carry out such a step", "此版本不执行这类步骤");
    Fault::new(step.target(), FaultKind::Version, cause, Text::new("use the version that planned it", "请使用做出该计划的版本"))
}
