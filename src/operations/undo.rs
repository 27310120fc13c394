//! Takes back what a run did, row by row, where the world is still as that run left it.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::completion::Completes;
use super::danger::{Limits, Reversibility, weigh};
use super::operation::{Example, Operation};
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::host::{Container, ContainerId, ContainerState, HostState};
use crate::model::plan::{Before, Call, ContainerVerb, Ending, Plan, RunId, Skipped, Step};
use crate::model::run::{Run, RunState, run_named};
use crate::model::text::{Text, clean};

/// Docker's own wait before it kills (seconds).
const STOP_S: u32 = 10;

/// Which run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct Undo {
    /// The run's id, or the beginning of its last eight digits
    #[arg(value_name = "ID", add = Completes::Run)]
    pub run: String,
}

/// The row that a call acts on.
type Row<'c> = (&'c str, &'c ContainerId);

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

    fn reads_run(&self) -> Option<&str> {
        Some(&self.run)
    }

    fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
        let task = run_named(&fleet.runs, &self.run)?;
        closed(task)?;
        let undone = undone(fleet, &task.id)?;
        let last_group = task.plan.steps.iter().map(|step| step.group).max().unwrap_or(0);
        let (mut steps, mut skipped, mut undecided) = (Vec::new(), Vec::new(), Vec::new());
        // What was done last is taken back first.
        for (at, step) in task.plan.steps.iter().enumerate().rev() {
            let Call::Container { host, id, name, .. } = &step.call;
            match inverse(task, at, fleet, now, &undone) {
                Ok((verb, only_if)) => steps.push(Step {
                    seconds: if verb == ContainerVerb::Start { 2 } else { STOP_S },
                    call: Call::Container { host: Arc::clone(host), id: *id, name: Arc::clone(name), verb },
                    group: last_group - step.group,
                    only_if: Some(only_if),
                }),
                Err(Left::Skipped(why)) => skipped.push(Skipped { target: step.call.target(), why }),
                Err(Left::Undecided(why)) => undecided.push(Skipped { target: step.call.target(), why }),
            }
        }
        Ok(Plan {
            operation: Self::NAME.to_owned(),
            // The whole id: a beginning may come to mean several.
            arguments: serde_json::json!({ "run": task.id }),
            title: title(task),
            revision: fleet.revision,
            danger: weigh(fleet, &steps, Reversibility::Reversible, &Limits::default()),
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
    if task.state == RunState::Running {
        let owner = clean(&format!("{}@{}", task.owner.who, task.owner.machine)).into_owned();
        let cause = Text::made(format!("{owner} is carrying it out"), format!("{owner} 正在执行它"));
        let hint = Text::made(format!("cancel it first: wharf run cancel {id}"), format!("请先取消：wharf run cancel {id}"));
        return Err(Fault::new(format!("run {id}"), FaultKind::Conflict, cause, hint));
    }
    if !task.under_way.is_empty() {
        let count = task.under_way.len();
        let cause =
            Text::made(format!("what became of {count} of its calls is not known yet"), format!("其中 {count} 个调用的结果尚不清楚"));
        let hint = Text::new("wait until their hosts have answered", "请等相关主机应答之后再试");
        return Err(Fault::new(format!("run {id}"), FaultKind::Conflict, cause, hint));
    }
    Ok(())
}

/// Rows that earlier runs have taken back, with the run that did. One that is open has to end first.
fn undone<'f>(fleet: &'f Fleet, run: &RunId) -> Result<BTreeMap<Row<'f>, &'f RunId>, Fault> {
    let mut rows = BTreeMap::new();
    for other in fleet.runs.iter().filter(|task| task.plan.undoes.as_ref() == Some(run)) {
        let by = &other.id;
        if matches!(other.state, RunState::Running | RunState::Abandoned) {
            let cause = Text::made(format!("run {by} is taking it back"), format!("任务 {by} 正在撤销它"));
            let hint = Text::made(
                format!("let it end; where its console is gone: wharf run resume {by}"),
                format!("请等它结束；若其控制台已不在：wharf run resume {by}"),
            );
            return Err(Fault::new(format!("run {run}"), FaultKind::Conflict, cause, hint));
        }
        for (step, ending) in other.plan.steps.iter().zip(&other.endings) {
            let Call::Container { host, id, .. } = &step.call;
            if matches!(ending, Some(Ending::Done | Ending::Already | Ending::FoundDone)) {
                rows.insert((&**host, id), by);
            }
        }
    }
    Ok(rows)
}

/// What takes a step back, and what must still be so when it is done.
fn inverse(
    task: &Run,
    at: usize,
    fleet: &Fleet,
    now: Stamp,
    undone: &BTreeMap<Row<'_>, &RunId>,
) -> Result<(ContainerVerb, Before), Left> {
    let Call::Container { host, id, verb, .. } = &task.plan.steps[at].call;
    had_effect(task.endings.get(at).and_then(Option::as_ref))?;
    if let Some(by) = undone.get(&(&**host, id)) {
        return Err(skip(format!("taken back already by run {by}"), format!("已由任务 {by} 撤销")));
    }
    let inverse = match verb {
        ContainerVerb::Start => ContainerVerb::Stop { timeout_s: None },
        ContainerVerb::Stop { .. } | ContainerVerb::Kill { .. } => ContainerVerb::Start,
        ContainerVerb::Restart { .. } => return Err(skip("a restart cannot be taken back", "重启无法撤销")),
        ContainerVerb::Remove { .. } => return Err(skip("a removal cannot be taken back", "删除无法撤销")),
    };
    let Some(before) = task.before.get(at).and_then(Option::as_ref) else {
        return Err(skip("what it was like before is not in the journal", "日志库中没有它之前的状态"));
    };
    if let (ContainerVerb::Start, Some(state)) = (&inverse, before.state.as_deref().filter(|state| *state != "running")) {
        let state = clean(state).into_owned();
        return Err(skip(format!("it was {state} before, which a start does not bring back"), format!("之前为 {state}，启动无法恢复该状态")));
    }
    let container = now_there(fleet, now, host, id)?;
    let as_left = match &inverse {
        ContainerVerb::Start => matches!(container.state, ContainerState::Exited(_)),
        _ => container.state == ContainerState::Running,
    };
    if !as_left {
        let word = clean(container.state.word()).into_owned();
        return Err(skip(format!("not as the run left it: {word} now"), format!("现状与任务结果不符：现为 {word}")));
    }
    Ok((inverse, unchanged_since(verb, before)))
}

/// The engine's own stamps tell whether anybody touched it since: one that was stopped has not been started again,
/// one that was started has not ended again.
fn unchanged_since(verb: &ContainerVerb, before: &Before) -> Before {
    match verb {
        ContainerVerb::Start => Before { finished_at: before.finished_at.clone(), ..Before::default() },
        _ => Before { started_at: before.started_at.clone(), ..Before::default() },
    }
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

/// The container as its host says now.
fn now_there<'f>(fleet: &'f Fleet, now: Stamp, host: &str, id: &ContainerId) -> Result<&'f Arc<Container>, Left> {
    let Some(found) = fleet.host(host) else {
        return Err(skip("its host is not declared any more", "其主机已不在配置中"));
    };
    if found.state(now) != HostState::Online || found.containers.is_none() {
        let host = clean(host).into_owned();
        return Err(Left::Undecided(Text::made(format!("{host} does not answer"), format!("{host} 没有应答"))));
    }
    found.container(id).ok_or_else(|| skip("it is gone", "该容器已不存在"))
}

fn skip(en: impl Into<String>, zh: impl Into<String>) -> Left {
    Left::Skipped(Text::made(en, zh))
}

fn title(task: &Run) -> Text {
    let short = task.id.short();
    Text::made(format!("undo {short} ({})", task.title.en), format!("撤销 {short}（{}）", task.title.zh))
}
