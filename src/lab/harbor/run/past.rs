//! Executions of long ago, for Harbors that are not young: told as they came out, without having been run.

use crate::lab::harbor::Harbor;
use crate::lab::harbor::state::Kind;
use crate::model::clock::Stamp;

use super::{Execution, Scope, Stage, Status, Step, Task};

/// How a run of long ago came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// No repository passed the filters.
    NothingToDo,
    /// The other end could not be reached: no task, no second try.
    Lost(String),
    /// Another run of the policy was still under way.
    Skipped,
    /// All its tasks failed with this as the last words of their logs.
    Failed(String),
    /// The core was restarted inside the flow: in progress for ever, without tasks.
    Stuck,
}

/// A run of long ago.
#[derive(Clone, Debug)]
pub struct Past {
    pub policy: i64,
    pub trigger: &'static str,
    pub start: Stamp,
    pub outcome: Outcome,
    /// Repositories and what of them was copied.
    pub copied: Vec<(String, Vec<String>)>,
    /// From the start to the end of the last task.
    pub seconds: i64,
}

impl Harbor {
    /// Adds a run of long ago. Runs must be told in the order of their starts.
    pub fn remember(&mut self, past: &Past) {
        let Some(plan) = self.policies.iter().find(|policy| policy.id == past.policy).cloned() else { return };
        let id = self.sequences.next(Kind::Execution);
        let end = past.start.plus_millis(past.seconds * 1000);
        let (status, text, ended) = match &past.outcome {
            Outcome::Succeeded => (Status::Succeed, String::new(), Some(end)),
            Outcome::NothingToDo => (Status::Succeed, "no resources need to be replicated".to_owned(), Some(past.start.plus_millis(105))),
            Outcome::Lost(text) => (Status::Failed, text.clone(), Some(past.start.plus_millis(4))),
            Outcome::Skipped => {
                (Status::Failed, "Execution skipped: active replication still in progress.".to_owned(), Some(past.start.plus_millis(4)))
            }
            Outcome::Failed(_) => (Status::Failed, String::new(), Some(end)),
            Outcome::Stuck => (Status::InProgress, String::new(), None),
        };
        let has_tasks = matches!(past.outcome, Outcome::Succeeded | Outcome::Failed(_));
        let copied = if has_tasks { past.copied.as_slice() } else { &[] };
        let mut tasks = Vec::new();
        for (source, references) in copied {
            let id = self.sequences.next(Kind::Task);
            let status = if past.outcome == Outcome::Succeeded { Status::Succeed } else { Status::Failed };
            tasks.push(Task {
                id,
                job: self.job_id(id),
                operation: "copy",
                source: source.clone(),
                target: source.clone(),
                references: references.clone(),
                status,
                start: Some(past.start.plus_millis(2_000)),
                end: Some(end),
                log: told(source, references, &past.outcome, end),
                runs: 1,
                step: Step::Done,
            });
        }
        let stage = match past.outcome {
            Outcome::Stuck => Stage::Abandoned,
            _ if has_tasks => Stage::Tasks,
            _ => Stage::Ended,
        };
        self.executions.push(Execution {
            id,
            policy: past.policy,
            plan: plan.into(),
            orphan: false,
            trigger: past.trigger,
            start: past.start,
            status,
            text,
            end: ended,
            tasks,
            scope: Scope::All,
            stage,
            refresh: None,
        });
    }
}

fn told(name: &str, references: &[String], outcome: &Outcome, end: Stamp) -> String {
    let at = Stamp(end.seconds() * 1000).rfc3339().replace(".000Z", "Z");
    let all = references.join(",");
    let line = |level: &str, line: u32, text: &str| {
        format!("{at} [{level}] [src/controller/replication/transfer/image/transfer.go:{line}]: {text}\n")
    };
    let begin = line("INFO", 183, &format!("copying {name}:[{all}](source registry) to {name}:[{all}](destination registry)..."));
    let rest = match outcome {
        Outcome::Failed(why) => {
            line("ERROR", 195, why) + &line("ERROR", 201, "got error during the whole transfer period, mark the job failure")
        }
        _ => line("INFO", 205, &format!("copy {name}:[{all}](source registry) to {name}:[{all}](destination registry) completed")),
    };
    begin + &rest
}
