//! Follows the journal: shows runs of other consoles, and finds out what became of calls whose console is gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::executor::{Executor, ended_state, found};
use super::steps;
use crate::journal::TakeOver;
use crate::model::fault::Fault;
use crate::model::plan::{Ending, Intent, Outcome, RunId};
use crate::model::report::Report;
use crate::model::run::{Notice, Run, RunState, Severity};
use crate::model::text::Text;

/// Between two looks at the journal.
const LOOK: Duration = Duration::from_secs(1);
/// Runs shown from the journal at the start.
const KEPT: u32 = 200;

/// What a console may do about runs that nobody owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Show them only.
    Look,
    /// Find out what became of them and write it down.
    Mend,
}

/// Runs until it is dropped.
pub(super) async fn follow(executor: Executor, role: Role) {
    let mut mark = 0;
    let mut abandoned: Vec<RunId> = Vec::new();
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    match executor.journal.runs(KEPT).await {
        Ok(tasks) => {
            for task in tasks {
                look_at(&executor, task, &mut abandoned).await;
            }
        }
        Err(fault) => tracing::warn!(%fault, "cannot read the journal"),
    }
    let mut alive: Vec<RunId> = Vec::new();
    loop {
        ticks.tick().await;
        let mut changed = match executor.journal.changed_since(mark).await {
            Ok((new_mark, changed)) => {
                mark = new_mark;
                changed
            }
            Err(fault) => {
                tracing::warn!(%fault, "cannot read the journal");
                continue;
            }
        };
        // A heart that stops writes nothing: runs that were alive are looked at again.
        changed.append(&mut alive);
        changed.sort();
        changed.dedup();
        for run in changed {
            if let Ok(task) = executor.journal.run(&run).await {
                if task.state.is_alive() {
                    alive.push(run);
                }
                look_at(&executor, task, &mut abandoned).await;
            }
        }
        if role == Role::Mend {
            mend(&executor, &mut abandoned).await;
        }
    }
}

async fn look_at(executor: &Executor, task: Run, abandoned: &mut Vec<RunId>) {
    let is_new = task.state == RunState::Abandoned && !abandoned.contains(&task.id);
    // Where somebody asked for its end, the steps never begun are for no person to decide on.
    if is_new && (task.counts.under_way > 0 || task.stopped_by.is_some()) {
        abandoned.push(task.id.clone());
    }
    if is_new && task.counts.under_way > 0 {
        let notice = Notice {
            at: executor.clock.now(),
            severity: Severity::Warn,
            subject: Arc::clone(&task.id.0),
            text: Text::made(
                format!(
                    "{}: {} calls were under way when {}@{} went away",
                    task.title.en, task.counts.under_way, task.owner.who, task.owner.machine
                ),
                format!("{}：{}@{} 中断时有 {} 个调用正在进行", task.title.zh, task.owner.who, task.owner.machine, task.counts.under_way),
            ),
            who: Some(Arc::clone(&task.owner.who)),
        };
        let _ = executor.reports.send(Report::Notice(notice)).await;
    }
    let _ = executor.reports.send(Report::Run(Box::new(task.whole()))).await;
}

/// Each abandoned run whose targets answer is taken over, its open calls are told, and what is left is left to a person.
async fn mend(executor: &Executor, abandoned: &mut Vec<RunId>) {
    let mut left = Vec::new();
    for run in std::mem::take(abandoned) {
        match mend_one(executor, &run).await {
            Ok(Mended::Settled) => executor.show(&run).await,
            Ok(Mended::Owned) => {}
            Ok(Mended::NobodyKnows) => left.push(run),
            Err(fault) => {
                tracing::warn!(%run, %fault, "cannot find out what became of the run");
                left.push(run);
            }
        }
    }
    *abandoned = left;
}

enum Mended {
    Settled,
    Owned,
    NobodyKnows,
}

async fn mend_one(executor: &Executor, run: &RunId) -> Result<Mended, Fault> {
    let intents = executor.journal.open_intents(run).await?;
    let mut told = Vec::new();
    for intent in &intents {
        if let Some(ending) = tell(executor, intent).await {
            told.push((intent.step, ending));
        }
    }
    if told.len() < intents.len() && told.is_empty() {
        return Ok(Mended::NobodyKnows);
    }
    if let TakeOver::StillOwned(_) = executor.journal.take_over(run, &executor.owner).await? {
        return Ok(Mended::Owned);
    }
    for (step, ending) in told {
        executor.journal.conclude(&Outcome { run: run.clone(), step, at: executor.clock.now(), ending }).await?;
    }
    let mut task = executor.journal.run(run).await?;
    if task.stopped_by.is_some() {
        executor.cancel_rest(&task).await?;
        task = executor.journal.run(run).await?;
    }
    match ended_state(&task) {
        // Steps that were never begun are for a person to go on with or to leave.
        RunState::Abandoned => executor.journal.hand_over(run, &executor.owner).await?,
        ended => executor.journal.finish(run, ended).await?,
    }
    Ok(if task.counts.under_way == 0 { Mended::Settled } else { Mended::NobodyKnows })
}

async fn tell(executor: &Executor, intent: &Intent) -> Option<Ending> {
    let verdicts = steps::judge(&intent.call, &intent.observed, &executor.clients).await.ok()?;
    let elapsed = Duration::from_millis(executor.clock.now().since(intent.at));
    found(&verdicts, intent.call.settles_within().saturating_sub(elapsed))
}
