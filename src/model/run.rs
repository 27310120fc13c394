//! Something running that a person may watch and cancel, and the lines it leaves behind.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::call::{Observed, Outputs};
use super::clock::Stamp;
use super::fault::{Fault, FaultKind};
use super::plan::{Ending, Plan, RunId, Step};
use super::text::{Text, clean};

/// Who carries a run out: `user@machine`, the process, and when it started (pids come again).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    pub who: Arc<str>,
    pub machine: Arc<str>,
    pub pid: u32,
    pub started: Stamp,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Its owner's heart beats.
    Running,
    /// The same, and it waits for a person or for something to come true.
    Waiting,
    /// Its owner is gone and steps are open: go on or leave it.
    Abandoned,
    Done,
    /// Some steps failed.
    Partial,
    Failed,
    Cancelled,
}

impl RunState {
    /// Somebody carries it out.
    #[must_use]
    pub fn is_alive(self) -> bool {
        matches!(self, Self::Running | Self::Waiting)
    }

    /// It has come to its end.
    #[must_use]
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Running | Self::Waiting | Self::Abandoned)
    }
}

/// One step of a run: what was decided, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStep {
    /// Its place in the run, from 0. Steps are only ever added at the end.
    pub number: u32,
    #[serde(flatten)]
    pub step: Step,
    /// How often it was begun.
    pub attempts: u32,
    /// Its last attempt is begun and has no ending.
    pub under_way: bool,
    /// `None` while it is open.
    pub ending: Option<Ending>,
    /// One ending a target, where its call has several targets; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Ending>,
    /// What its targets were like before its last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// What it made, for later steps and for people.
    #[serde(default, skip_serializing_if = "Outputs::is_empty")]
    pub outputs: Outputs,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    pub began: Option<Stamp>,
    pub ended: Option<Stamp>,
}

/// How far a step is, in its own unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub done: u64,
    /// `None`: nobody knows how much there is.
    pub of: Option<u64>,
    /// `bytes`, `artifacts`, `hosts`.
    pub unit: Arc<str>,
    /// What it is at.
    pub words: Text,
}

impl RunStep {
    /// A step that was never begun.
    #[must_use]
    pub fn open(number: u32, step: Step) -> Self {
        Self {
            number,
            step,
            attempts: 0,
            under_way: false,
            ending: None,
            parts: Vec::new(),
            observed: None,
            outputs: Outputs::new(),
            progress: None,
            began: None,
            ended: None,
        }
    }

    /// What became of one part.
    #[must_use]
    pub fn part(&self, part: usize) -> Option<&Ending> {
        self.parts.get(part).or(self.ending.as_ref())
    }

    /// How many parts it has; a step without a call counts as one.
    #[must_use]
    pub fn part_count(&self) -> usize {
        if self.parts.is_empty() { self.step.targets().len().max(1) } else { self.parts.len() }
    }
}

/// How many parts of a run's steps there are and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub all: usize,
    pub under_way: usize,
    /// Came to something, well or not.
    pub ended: usize,
    pub failed: usize,
    pub cancelled: usize,
    /// Found not to have taken effect: they can be gone on with.
    pub found_not_done: usize,
    /// Under way, and waiting for a person or for something to come true.
    pub waiting: usize,
}

impl Counts {
    fn of(step: &RunStep) -> Self {
        let all = step.part_count();
        let mut counts = Self { all, ..Self::default() };
        if step.under_way {
            counts.under_way = all;
            counts.waiting = if step.step.is_waiting() { all } else { 0 };
        }
        if step.ending.is_none() {
            return counts;
        }
        for ending in (0..all).filter_map(|part| step.part(part)) {
            counts.ended += usize::from(*ending != Ending::Cancelled);
            counts.failed += usize::from(ending.is_bad());
            counts.cancelled += usize::from(*ending == Ending::Cancelled);
            counts.found_not_done += usize::from(*ending == Ending::FoundNotDone);
        }
        counts
    }

    fn fold(&mut self, other: Self, with: fn(usize, usize) -> usize) {
        self.all = with(self.all, other.all);
        self.under_way = with(self.under_way, other.under_way);
        self.ended = with(self.ended, other.ended);
        self.failed = with(self.failed, other.failed);
        self.cancelled = with(self.cancelled, other.cancelled);
        self.found_not_done = with(self.found_not_done, other.found_not_done);
        self.waiting = with(self.waiting, other.waiting);
    }
}

/// One run as every console sees it: what was decided, its owner, and how far it is. A run of 10,000 steps is cheap to
/// clone and to change in one place: the steps are shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    /// `restart-containers`.
    pub operation: String,
    pub title: Text,
    pub owner: Owner,
    pub state: RunState,
    pub started: Stamp,
    pub ended: Option<Stamp>,
    pub reason: Option<Arc<str>>,
    /// Who asked for its end: no step is begun any more.
    #[serde(default)]
    pub stopped_by: Option<Arc<str>>,
    /// The run whose effects it takes back.
    #[serde(default)]
    pub undoes: Option<RunId>,
    /// By parts of steps.
    pub counts: Counts,
    /// In their order; `steps[n].number == n`.
    pub steps: Arc<Vec<Arc<RunStep>>>,
}

/// What changed in a run: the run without its steps, and the steps that are new or other than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunChange {
    /// Its `steps` are empty.
    pub head: Run,
    /// By number, ascending. All of them, where nobody has seen the run before.
    pub steps: Vec<Arc<RunStep>>,
}

impl Run {
    /// A plan of which nothing has been carried out.
    #[must_use]
    pub fn of(plan: &Plan, id: RunId, owner: Owner, started: Stamp) -> Self {
        let mut run = Self {
            id,
            operation: plan.operation.clone(),
            title: plan.title.clone(),
            owner,
            state: RunState::Running,
            started,
            ended: None,
            reason: None,
            stopped_by: None,
            undoes: plan.undoes.clone(),
            counts: Counts::default(),
            steps: Arc::default(),
        };
        run.put_all((0u32..).zip(&plan.steps).map(|(number, step)| Arc::new(RunStep::open(number, step.clone()))));
        run
    }

    /// Puts a step in its place: a new one at the end, or another state of one that is there. One that would leave a
    /// gap is not taken.
    pub fn put(&mut self, step: Arc<RunStep>) {
        self.put_all(std::iter::once(step));
    }

    /// The same for many: what is shared with others is copied once.
    pub fn put_all(&mut self, steps: impl IntoIterator<Item = Arc<RunStep>>) {
        let all = Arc::make_mut(&mut self.steps);
        for step in steps {
            let at = step.number as usize;
            if at > all.len() {
                continue;
            }
            self.counts.fold(Counts::of(&step), usize::wrapping_add);
            match all.get_mut(at) {
                Some(there) => {
                    self.counts.fold(Counts::of(there), usize::wrapping_sub);
                    *there = step;
                }
                None => all.push(step),
            }
        }
    }

    /// Changes one step in place.
    pub fn change(&mut self, number: u32, change: impl FnOnce(&mut RunStep)) {
        if let Some(step) = self.steps.get(number as usize) {
            let mut changed = RunStep::clone(step);
            change(&mut changed);
            self.put(Arc::new(changed));
        }
    }

    /// Without its steps.
    #[must_use]
    pub fn head(&self) -> Self {
        Self { steps: Arc::default(), ..self.clone() }
    }

    /// The whole of it, for somebody who has not seen it.
    #[must_use]
    pub fn whole(&self) -> RunChange {
        RunChange { head: self.head(), steps: self.steps.to_vec() }
    }

    /// Parts of steps that came to something, well or not, and all of them. One that was never begun came to nothing.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.counts.ended, self.counts.all)
    }

    #[must_use]
    pub fn failed(&self) -> usize {
        self.counts.failed
    }

    /// One ending a step, in their order; `None` while it is open.
    #[must_use]
    pub fn endings(&self) -> Vec<Option<Ending>> {
        self.steps.iter().map(|step| step.ending.clone()).collect()
    }

    /// Steps that are begun and have no ending.
    #[must_use]
    pub fn under_way(&self) -> Vec<u32> {
        self.steps.iter().filter(|step| step.under_way).map(|step| step.number).collect()
    }

    /// Running or waiting, by what is under way.
    #[must_use]
    pub fn alive_state(&self) -> RunState {
        if self.counts.waiting > 0 && self.counts.waiting == self.counts.under_way { RunState::Waiting } else { RunState::Running }
    }
}

impl RunChange {
    /// The run as it is now, given what was known of it. `None` where steps are missing: it has to be read whole.
    #[must_use]
    pub fn fold(self, known: Option<&Run>) -> Option<Run> {
        let Self { mut head, steps } = self;
        let all = head.counts.all;
        head.steps = known.map(|run| Arc::clone(&run.steps)).unwrap_or_default();
        head.counts = known.map(|run| run.counts).unwrap_or_default();
        head.put_all(steps);
        (head.counts.all == all).then_some(head)
    }
}

impl RunId {
    /// The last eight digits, by which people call it.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(8..).unwrap_or(&self.0)
    }
}

impl Ending {
    /// What became of a step, with the next thing to do where it went wrong.
    #[must_use]
    pub fn words(&self) -> Text {
        let with = |en: &str, zh: &str, fault: &Fault| {
            Text::made(
                clean(&format!("{en}: {}; {}", fault.cause.en, fault.hint.en)),
                clean(&format!("{zh}：{}；{}", fault.cause.zh, fault.hint.zh)),
            )
        };
        match self {
            Self::Done => Text::new("done", "完成"),
            Self::Already => Text::new("already so", "本来如此"),
            Self::FoundDone => Text::new("found done", "查明已完成"),
            Self::FoundNotDone => Text::new("found not done", "查明未执行"),
            Self::Cancelled => Text::new("cancelled", "已取消"),
            Self::Failed(fault) => with("failed", "失败", fault),
            Self::Unknown(fault) => with("unknown", "不明", fault),
        }
    }
}

/// The one run that people call so: by the beginning of its id, or of the last eight digits of it.
///
/// # Errors
/// `NotFound` where there is none, `Usage` where there are several.
pub fn run_named<'t>(tasks: &'t [Arc<Run>], word: &str) -> Result<&'t Arc<Run>, Fault> {
    let mut called = tasks.iter().filter(|task| task.id.is_called(word));
    let (first, second) = (called.next(), called.next());
    match (first, second) {
        (Some(task), None) => Ok(task),
        (None, _) => {
            let cause = Text::made(format!("no run begins with {}", clean(word)), format!("没有以 {} 开头的任务", clean(word)));
            Err(Fault::new("run", FaultKind::NotFound, cause, Text::new("see them all: wharf get tasks", "查看全部：wharf get tasks")))
        }
        (Some(_), Some(_)) => {
            let cause = Text::made(format!("several runs begin with {}", clean(word)), format!("有多个以 {} 开头的任务", clean(word)));
            Err(Fault::new("run", FaultKind::Usage, cause, Text::new("write more digits: wharf get tasks", "请多写几位：wharf get tasks")))
        }
    }
}

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Good,
    Changing,
    Unknown,
    Warn,
    Bad,
}

/// A line to the user: what changed, what somebody did, what went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub at: Stamp,
    pub severity: Severity,
    /// What it is about: `host/container`, an endpoint, a run.
    pub subject: Arc<str>,
    pub text: Text,
    /// Who did it, where a person did.
    pub who: Option<Arc<str>>,
}
