//! Small worlds with a run in them, for the tests of operations and of the faces that show them.

use super::AnyOperation;
use crate::model::call::container::ContainerObserved;
use crate::model::fixture::{NOW, ago, fleet};
use crate::model::fleet::Fleet;
use crate::model::plan::{Ending, RunId};
use crate::model::report::Report;
use crate::model::run::{Owner, Run, RunState};

/// The small world after a run that is called 7f3c.
pub(crate) fn with_a_run() -> Fleet {
    after("stop-containers yf-web-01/web-1", RunState::Done, &[Some(Ending::Done)], &was("running"))
}

/// A fleet in which such a run has ended so, each target having been as `before` says.
pub(crate) fn after(words: &str, state: RunState, endings: &[Option<Ending>], before: &ContainerObserved) -> Fleet {
    let mut fleet = fleet();
    let operation = AnyOperation::from_words(words.split_whitespace()).expect(words);
    let plan = operation.plan(&fleet, NOW).expect(words);
    let owner = Owner { who: "ops".into(), machine: "jump1".into(), pid: 1, started: ago(60) };
    let mut run = Run { state, ..Run::of(&plan, RunId("019ab0007f3c0001".into()), owner, ago(60)) };
    for (number, ending) in (0u32..).zip(endings) {
        run.change(number, |step| (step.ending, step.observed) = (ending.clone(), Some(before.clone().into())));
    }
    fleet.apply(Report::Run(Box::new(run.whole())));
    fleet
}

pub(crate) fn was(state: &str) -> ContainerObserved {
    ContainerObserved { state: Some(state.into()), started_at: Some("s".into()), finished_at: Some("f".into()), restarts: Some(0) }
}
