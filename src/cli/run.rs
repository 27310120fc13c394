//! `wharf run`: carries an operation out, or goes on with a run whose console is gone, and tells how it goes.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use super::Exit;
use super::arguments::{PlanFormat, RunArguments, RunWhat};
use super::out::Out;
use super::plan::{JOURNAL_WITHIN, document, draw, make, named};
use super::print::pretty;
use crate::engine::{Answer, Busy, Command, Engine};
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::plan::{Ending, Plan, RunId};
use crate::model::run::{Run, RunState};
use crate::model::text::{Lang, Text, clean};
use crate::operations::{AnyOperation, Limits};

/// How long a run may stand abandoned before nobody waits for it: a runner takes one over within a moment.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(20);

/// Plans, asks where that is due, begins, and waits for the end unless told not to.
pub async fn run(engine: &Engine, ask: &RunArguments, limits: &Limits, out: &mut Out<'_>) -> Exit {
    if let RunWhat::Cancel { run } = &ask.what {
        return cancel(engine, ask, run, out).await;
    }
    let begun = match &ask.what {
        RunWhat::Operation(operation) => begin(engine, ask, operation, limits, out).await,
        RunWhat::Resume { run, .. } => resume(engine, run.as_deref(), out).await,
        RunWhat::Cancel { .. } => return Exit::Usage,
    };
    let run = match begun {
        Ok(Begun::Run(run)) => run,
        Ok(Begun::Ended(exit)) => return exit,
        Err(fault) => {
            out.complain(&fault);
            return Exit::of(&fault);
        }
    };
    seen_to_its_end(engine, ask, &run, out).await.map_or(Exit::Ok, |task| exit_of(&task))
}

/// Follows a run and prints it as it ended; only its id, and `None`, where nobody wants to wait.
async fn seen_to_its_end(engine: &Engine, ask: &RunArguments, run: &RunId, out: &mut Out<'_>) -> Option<Arc<Run>> {
    if ask.detach {
        out.document(&format!("{run}\n"));
        return None;
    }
    let task = follow(engine, run, out).await;
    print(&task, ask.output, out);
    Some(task)
}

fn print(task: &Run, format: PlanFormat, out: &mut Out<'_>) {
    match format {
        PlanFormat::Table => out.document(&format!("{}\n", task.id)),
        PlanFormat::Json => out.document(&pretty(&told(task, out.lang))),
    }
}

/// Ends a run that anybody carries out, and waits for the steps under way: 0 when none of its steps failed.
async fn cancel(engine: &Engine, ask: &RunArguments, word: &str, out: &mut Out<'_>) -> Exit {
    let asked = async {
        let task = named(engine, word).await?;
        answered(engine.ask(Command::Cancel { run: task.id.clone() })).await?;
        Ok(task.id.clone())
    };
    let run: RunId = match asked.await {
        Ok(run) => run,
        Err(fault) => {
            out.complain(&fault);
            return Exit::of(&fault);
        }
    };
    match seen_to_its_end(engine, ask, &run, out).await {
        Some(task) if task.ended.is_none() || task.failed() > 0 => Exit::Partial,
        _ => Exit::Ok,
    }
}

enum Begun {
    Run(RunId),
    /// Nothing was begun, and that is the end.
    Ended(Exit),
}

async fn begin(engine: &Engine, ask: &RunArguments, operation: &AnyOperation, limits: &Limits, out: &mut Out<'_>) -> Result<Begun, Fault> {
    let plan = make(engine, operation, ask.patience.deadline, limits, out).await?;
    if plan.steps.is_empty() {
        match ask.output {
            PlanFormat::Table => out.document(&draw(&plan, out.lang)),
            PlanFormat::Json => out.document(&pretty(&document(&plan, out.lang))),
        }
        // Nothing was taken back: a script must not think that it was.
        let falls_short = !plan.undecided.is_empty() || plan.undoes.is_some();
        return Ok(Begun::Ended(if falls_short { Exit::Partial } else { Exit::Ok }));
    }
    if !ask.yes {
        let shown = draw(&plan, out.lang);
        out.line(shown.trim_end());
        if !std::io::stdin().is_terminal() {
            return Err(not_asked());
        }
        if !is_confirmed(&plan, out).await {
            out.say("wharf: nothing was done", "wharf: 什么都没有做");
            return Ok(Begun::Ended(Exit::Refused));
        }
    }
    let revision = plan.revision;
    let reason = ask.reason.as_deref().map(Arc::from);
    match answered(engine.ask(Command::Run { plan: Box::new(plan), revision, reason })).await? {
        Answer::Begun(run) => Ok(Begun::Run(run)),
        Answer::Taken => Ok(Begun::Ended(Exit::Ok)),
    }
}

/// The word that a dangerous plan wants, else yes.
async fn is_confirmed(plan: &Plan, out: &mut Out<'_>) -> bool {
    let wanted = plan.danger.typed.clone().unwrap_or_else(|| "yes".to_owned());
    let word = clean(&wanted).into_owned();
    let question = if out.lang == Lang::Zh { format!("输入 {word} 以执行：") } else { format!("type {word} to go on: ") };
    let _ = write!(out.err, "{question}").and_then(|()| out.err.flush());
    // A person may think as long as they like; the engine goes on meanwhile.
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    matches!(read.await, Ok(Ok(line)) if line.trim() == wanted)
}

async fn resume(engine: &Engine, named: Option<&str>, out: &mut Out<'_>) -> Result<Begun, Fault> {
    let mut fleet = engine.fleet();
    let told = timeout(JOURNAL_WITHIN, fleet.wait_for(|fleet| candidates(fleet, named).next().is_some())).await;
    let open: Vec<Arc<Run>> = match told {
        Ok(Ok(fleet)) => candidates(&fleet, named).cloned().collect(),
        _ => Vec::new(),
    };
    let task = match open.as_slice() {
        [one] => Arc::clone(one),
        [] => return Err(none_open(named)),
        several => {
            for task in several {
                let (done, all) = task.progress();
                out.line(&format!("{}  {}  {done}/{all}", task.id, clean(task.title.get(out.lang))));
            }
            return Err(several_open(several.len()));
        }
    };
    match answered(engine.ask(Command::Resume { run: task.id.clone() })).await? {
        Answer::Begun(run) => Ok(Begun::Run(run)),
        Answer::Taken => Ok(Begun::Run(task.id.clone())),
    }
}

/// Abandoned runs, those whose id or the last eight digits of it begin so.
fn candidates<'f>(fleet: &'f Fleet, named: Option<&'f str>) -> impl Iterator<Item = &'f Arc<Run>> {
    let is_named = move |task: &&Arc<Run>| named.is_none_or(|word| task.id.is_called(word));
    fleet.runs.iter().filter(|task| task.state == RunState::Abandoned).filter(is_named)
}

/// Follows a run to its end; each step that ends is a line.
async fn follow(engine: &Engine, run: &RunId, out: &mut Out<'_>) -> Arc<Run> {
    let mut fleet = engine.fleet();
    let mut told: Vec<bool> = Vec::new();
    let mut abandoned: Option<Instant> = None;
    let mut interrupted = false;
    loop {
        let task = fleet.borrow_and_update().runs.iter().find(|task| task.id == *run).cloned();
        if let Some(task) = task {
            told.resize(task.steps.len(), false);
            for (step, told) in task.steps.iter().zip(&mut told) {
                if let Some(ending) = step.ending.as_ref().filter(|_| !std::mem::replace(told, step.ending.is_some())) {
                    out.line(&format!("{}  {}", clean(&step.step.target()), ending.words().get(out.lang)));
                }
            }
            if task.ended.is_some() {
                return task;
            }
            let since = abandoned.filter(|_| task.state == RunState::Abandoned);
            abandoned = (task.state == RunState::Abandoned).then(|| since.unwrap_or_else(Instant::now));
            if abandoned.is_some_and(|since| since.elapsed() >= TAKEN_UP_WITHIN) {
                out.say("wharf: nobody carries it out now: wharf run resume", "wharf: 现在无人执行该任务：wharf run resume");
                return task;
            }
        }
        let given_up = abandoned.map_or_else(|| Instant::now() + TAKEN_UP_WITHIN, |since| since + TAKEN_UP_WITHIN);
        tokio::select! {
            changed = fleet.changed() => if changed.is_err() {
                // The engine is gone, and with it whoever would tell more.
                return Arc::new(gone(run, engine));
            },
            () = sleep_until(given_up) => {}
            Ok(()) = tokio::signal::ctrl_c() => {
                // Once stops the run, twice stops looking at it.
                let leaves = std::mem::replace(&mut interrupted, true);
                if leaves || interrupt(engine, run, out).await == Followed::NoLonger {
                    let task = fleet.borrow().runs.iter().find(|task| task.id == *run).cloned();
                    return task.unwrap_or_else(|| Arc::new(gone(run, engine)));
                }
            }
        }
    }
}

/// Whether a run is still looked at after an interrupt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Followed {
    ToTheEnd,
    NoLonger,
}

/// An interrupt begins no more steps, also of a run that a runner carries out; those under way are waited for, so
/// that their endings are known.
async fn interrupt(engine: &Engine, run: &RunId, out: &mut Out<'_>) -> Followed {
    match answered(engine.ask(Command::Cancel { run: run.clone() })).await {
        Ok(_) => {
            out.say("wharf: no more steps are begun; waiting for those under way", "wharf: 不再开始新的步骤，正在等待进行中的步骤");
            Followed::ToTheEnd
        }
        Err(fault) => {
            out.complain(&fault);
            out.say(
                "wharf: the run goes on by itself; see how far it is: wharf get tasks",
                "wharf: 任务会继续执行；用 wharf get tasks 查看进度",
            );
            Followed::NoLonger
        }
    }
}

fn told(task: &Run, lang: Lang) -> serde_json::Value {
    let steps: Vec<serde_json::Value> = task
        .steps
        .iter()
        .map(|step| {
            serde_json::json!({
                "target": step.step.target(),
                "request": step.step.shown(),
                "ending": step.ending,
                "words": step.ending.as_ref().map(|ending| ending.words().get(lang).to_owned()),
            })
        })
        .collect();
    serde_json::json!({ "id": task.id, "operation": task.operation, "state": task.state, "steps": steps })
}

fn exit_of(task: &Run) -> Exit {
    match task.state {
        RunState::Done => Exit::Ok,
        RunState::Partial | RunState::Cancelled | RunState::Abandoned | RunState::Running | RunState::Waiting => Exit::Partial,
        RunState::Failed => {
            let refused = |ending: &Ending| matches!(ending, Ending::Failed(fault) if Exit::of(fault) == Exit::Refused);
            let all_refused = task.endings().iter().flatten().all(refused);
            if all_refused { Exit::Refused } else { Exit::Failed }
        }
    }
}

async fn answered(asked: Result<oneshot::Receiver<Result<Answer, Fault>>, Busy>) -> Result<Answer, Fault> {
    match asked {
        Ok(answer) => answer.await.unwrap_or_else(|_| Err(busy())),
        Err(Busy) => Err(busy()),
    }
}

fn gone(run: &RunId, engine: &Engine) -> Run {
    let owner = crate::model::run::Owner::clone(engine.owner());
    Run::of(&Plan::empty("", Text::raw("")), run.clone(), owner, crate::model::clock::Stamp::default())
}

fn busy() -> Fault {
    let cause = Text::new("the engine has stopped", "引擎已停止");
    Fault::new("run", FaultKind::Cancelled, cause, Text::new("see how far it came: wharf get tasks", "用 wharf get tasks 查看进度"))
}

fn not_asked() -> Fault {
    let cause = Text::new("there is no terminal to ask on", "没有终端可供确认");
    Fault::new("run", FaultKind::Usage, cause, Text::new("look at it with wharf plan, then add --yes", "先用 wharf plan 查看，再加 --yes"))
}

fn none_open(named: Option<&str>) -> Fault {
    let cause = match named {
        Some(word) => Text::made(format!("no abandoned run begins with {}", clean(word)), format!("没有以 {} 开头的中断任务", clean(word))),
        None => Text::new("no run was left open", "没有中断的任务"),
    };
    Fault::new("run resume", FaultKind::NotFound, cause, Text::new("see them all: wharf get tasks", "查看全部：wharf get tasks"))
}

fn several_open(count: usize) -> Fault {
    let cause = Text::made(format!("{count} runs are open"), format!("有 {count} 个中断的任务"));
    Fault::new("run resume", FaultKind::Usage, cause, Text::new("name one: wharf run resume ID", "请指明一个：wharf run resume ID"))
}
