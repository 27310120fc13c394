//! Something running that a person may watch and cancel, and the lines it leaves behind.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock::Stamp;
use super::fault::{Fault, FaultKind};
use super::plan::{Before, Ending, Plan, RunId};
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
    /// Its owner is gone and steps are open: go on or leave it.
    Abandoned,
    Done,
    /// Some steps failed.
    Partial,
    Failed,
    Cancelled,
}

/// One run as every console sees it: the plan, its owner, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub title: Text,
    pub owner: Owner,
    pub state: RunState,
    pub started: Stamp,
    pub ended: Option<Stamp>,
    pub plan: Arc<Plan>,
    pub reason: Option<Arc<str>>,
    /// One ending a step, in the plan's order; `None` while it is open.
    pub endings: Vec<Option<Ending>>,
    /// Steps whose intent is written and whose outcome is not.
    pub under_way: Vec<u32>,
    /// Who asked for its end: no step is begun any more.
    #[serde(default)]
    pub stopped_by: Option<Arc<str>>,
    /// What each step's target was like before its call, where there was one; empty while the run goes on.
    #[serde(default)]
    pub before: Vec<Option<Before>>,
}

impl Run {
    /// Steps that came to something, well or not, and all steps. One that was never begun came to nothing.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.endings.iter().flatten().filter(|ending| **ending != Ending::Cancelled).count(), self.endings.len())
    }

    #[must_use]
    pub fn failed(&self) -> usize {
        self.endings.iter().flatten().filter(|e| matches!(e, Ending::Failed(_) | Ending::Unknown(_) | Ending::FoundNotDone)).count()
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
