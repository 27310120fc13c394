//! Takes back what a run did, row by row, where the world is still as that run left it.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::completion::Completes;
use super::danger::{Limits, weigh};
use super::families::{self, NotSeen};
use super::operation::{Example, Needs, Operation};
use crate::model::call::{Inverse, Target};
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::plan::{Ending, Plan, RunId, Skipped, Step};
use crate::model::run::{Run, RunStep, run_named};
use crate::model::text::{Text, clean};

/// Which run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct Undo {
    /// The run's id, or the beginning of its last eight digits
    #[arg(value_name = "ID", add = Completes::Run)]
    pub run: String,
}

/// A target: the noun in whose table it is, and its row's key there.
type Row = (&'static str, Arc<str>);

/// Why a row gets no step.
enum Left {
    /// There is nothing to take back, or it cannot be.
    Skipped(Text),
    /// Its host does not answer: nobody can say.
    Undecided(Text),
}

impl Operation for Undo {
    const NAME: &'static str = "undo";
    const HELP: Text = Text::new("Take back what a run did, where the world is still as it left it", "撤销某次任务的结果（仅限现状仍与其结果一致的部分）");
    const DETAILS: &'static str = "Each container is put back as it was before the run, last step first, but only where it is still as the run left it: what somebody has touched since is left out, with the reason. Restarts and removals cannot be undone. The undo is a run of its own; the run that it takes back is named by its id, see `wharf get runs`.";
    const EXAMPLES: &'static [Example] = &[
        Example { line: "undo 7f3c", does: "a run by the beginning of the last eight digits of its id" },
    ];
    const SYNONYMS: &'static [&'static str] = &["revert"];

    fn needs(&self) -> Needs {
        Needs::run(&self.run)
    }

    fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
        let task = run_named(&fleet.runs, &self.run)?;
        closed(task)?;
        let undone = undone(fleet, &task.id)?;
        let last_group = task.steps.iter().map(|step| step.step.group).max().unwrap_or(0);
        let (mut steps, mut skipped, mut undecided) = (Vec::new(), Vec::new(), Vec::new());
        // What was done last is taken back first.
        for step in task.steps.iter().rev() {
            for (part, target) in step.step.targets().into_iter().enumerate().rev() {
                match inverse(step, part, &target, &Scene { fleet, now, undone: &undone }) {
                    Ok(inverse) => steps.push(Step::new(inverse.call, last_group - step.step.group).only_if(inverse.only_if)),
                    Err(Left::Skipped(why)) => skipped.push(Skipped { target: target.label, why }),
                    Err(Left::Undecided(why)) => undecided.push(Skipped { target: target.label, why }),
                }
            }
        }
        Ok(Plan {
            operation: Self::NAME.to_owned(),
            // The whole id: a beginning may come to mean several.
            arguments: serde_json::json!({ "run": task.id }),
            title: title(task),
            revision: fleet.revision,
            danger: weigh(fleet, &steps, &Limits::default()),
            steps,
            skipped,
            undecided,
            cost_delta: Vec::new(),
            undoes: Some(task.id.clone()),
        })
    }
}

/// The run has come to rest, and what became of each of its calls is known.
fn closed(task: &Run) -> Result<(), Fault> {
    let id = &task.id;
    if task.state.is_alive() {
        let owner = clean(&format!("{}@{}", task.owner.who, task.owner.machine)).into_owned();
        let cause = Text::made(format!("{owner} is carrying it out"), format!("{owner} 正在执行它"));
        let hint = Text::made(format!("cancel it first: wharf run cancel {id}"), format!("请先取消：wharf run cancel {id}"));
        return Err(Fault::new(format!("run {id}"), FaultKind::Conflict, cause, hint));
    }
    if task.counts.under_way > 0 {
        let count = task.counts.under_way;
        let cause =
            Text::made(format!("what became of {count} of its calls is not known yet"), format!("其中 {count} 个调用的结果尚不清楚"));
        let hint = Text::new("wait until their hosts have answered", "请等相关主机应答之后再试");
        return Err(Fault::new(format!("run {id}"), FaultKind::Conflict, cause, hint));
    }
    Ok(())
}

/// Rows that earlier runs have taken back, with the run that did. One that is open has to end first.
fn undone<'f>(fleet: &'f Fleet, run: &RunId) -> Result<BTreeMap<Row, &'f RunId>, Fault> {
    let mut rows = BTreeMap::new();
    for other in fleet.runs.iter().filter(|task| task.undoes.as_ref() == Some(run)) {
        let by = &other.id;
        if !other.state.is_over() {
            let cause = Text::made(format!("run {by} is taking it back"), format!("任务 {by} 正在撤销它"));
            let hint = Text::made(
                format!("let it end; where its console is gone: wharf run resume {by}"),
                format!("请等它结束；若其控制台已不在：wharf run resume {by}"),
            );
            return Err(Fault::new(format!("run {run}"), FaultKind::Conflict, cause, hint));
        }
        for step in other.steps.iter() {
            for (part, target) in step.step.targets().into_iter().enumerate() {
                if step.part(part).is_some_and(Ending::is_good) {
                    rows.insert((target.noun, target.key), by);
                }
            }
        }
    }
    Ok(rows)
}

/// What decides whether a row can be taken back, beside the run itself.
struct Scene<'s> {
    fleet: &'s Fleet,
    now: Stamp,
    undone: &'s BTreeMap<Row, &'s RunId>,
}

/// What takes one part of a step back, and what must still be so when it is done.
fn inverse(step: &RunStep, part: usize, target: &Target, scene: &Scene<'_>) -> Result<Inverse, Left> {
    had_effect(step.part(part))?;
    if let Some(by) = scene.undone.get(&(target.noun, Arc::clone(&target.key))) {
        return Err(skip(format!("taken back already by run {by}"), format!("已由任务 {by} 撤销")));
    }
    let (Some(call), Some(before)) = (step.step.call(), &step.observed) else {
        return Err(skip("what it was like before is not in the journal", "日志库中没有它之前的状态"));
    };
    let inverse = call.inverse(part, before).map_err(Left::Skipped)?;
    let now = families::now(call, part, scene.fleet, scene.now).map_err(|why| match why {
        NotSeen::Gone(why) => Left::Skipped(why),
        NotSeen::Unknown(why) => Left::Undecided(why),
    })?;
    call.is_as_left(part, &now).map_err(Left::Skipped)?;
    Ok(inverse)
}

fn had_effect(ending: Option<&Ending>) -> Result<(), Left> {
    Err(match ending {
        Some(Ending::Done | Ending::FoundDone) => return Ok(()),
        Some(Ending::Already) => skip("it was so before the run", "任务之前即已如此"),
        Some(Ending::Failed(_)) => skip("it failed: there is nothing to take back", "当时已失败：没有可撤销的"),
        Some(Ending::Unknown(_)) => skip("nobody can say whether it took effect", "无法判定当时是否生效"),
        Some(Ending::FoundNotDone | Ending::Cancelled) | None => skip("it was never done", "当时并未执行"),
    })
}

fn skip(en: impl Into<String>, zh: impl Into<String>) -> Left {
    Left::Skipped(Text::made(en, zh))
}

fn title(task: &Run) -> Text {
    let short = task.id.short();
    Text::made(format!("undo {short} ({})", task.title.en), format!("撤销 {short}（{}）", task.title.zh))
}
