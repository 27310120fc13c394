//! Small worlds with a run in them, for the tests of operations and of the faces that show them.

use std::sync::Arc;

use super::AnyOperation;
use crate::model::fixture::{NOW, ago, fleet};
use crate::model::fleet::Fleet;
use crate::model::plan::{Before, Ending, RunId};
use crate::model::report::Report;
use crate::model::run::{Owner, Run, RunState};

/// The small world after a run that is called 7f3c.
pub(crate) fn with_a_run() -> Fleet {
    after("stop-containers yf-web-01/web-1", RunState::Done, &[Some(Ending::Done)], &was("running"))
}

/// A fleet in which such a run has ended so, each target having been as `before` says.
pub(crate) fn after(words: &str, state: RunState, endings: &[Option<Ending>], before: &Before) -> Fleet {
    let mut fleet = fleet();
    let operation = AnyOperation::from_words(words.split_whitespace()).expect(words);
    let plan = operation.plan(&fleet, NOW).expect(words);
    let task = Run {
        id: RunId("019ab0007f3c0001".into()),
        title: plan.title.clone(),
        owner: Owner { who: "ops".into(), machine: "jump1".into(), pid: 1, started: ago(60) },
        state,
        started: ago(60),
        ended: None,
        reason: None,
        endings: endings.to_vec(),
        under_way: Vec::new(),
        stopped_by: None,
        before: plan.steps.iter().map(|_| Some(before.clone())).collect(),
        plan: Arc::new(plan),
    };
    fleet.apply(Report::Run(Box::new(task)));
    fleet
}

pub(crate) fn was(state: &str) -> Before {
    Before { state: Some(state.into()), started_at: Some("s".into()), finished_at: Some("f".into()), restarts: Some(0) }
}
