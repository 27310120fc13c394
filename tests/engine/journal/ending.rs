//! A run that somebody else wants ended, and a run that is taken back: what the journal allows to whom.

use wharf::journal::{Heard, Intended, Journal, Stopping, TakeOver, owner_here};
use wharf::model::clock::Clock;
use wharf::model::fault::FaultKind;
use wharf::model::plan::{Ending, Plan};
use wharf::model::run::RunState;

use super::{elsewhere, intent, outcome, plan};

#[tokio::test]
async fn no_step_is_begun_once_somebody_wants_the_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let clock = Clock::system();
    let owner = owner_here(&clock);
    let ours = Journal::open(dir.path(), &clock).await.expect("open");
    let other = Journal::open(dir.path(), &clock).await.expect("open");
    let run = ours.begin(&plan(3), &owner, None).await.expect("begin");
    assert_eq!(ours.intend(&intent(&run, 0)).await, Ok(Intended::Written));
    assert_eq!(ours.beat(&run, &owner).await, Ok(Heard::GoOn));
    assert_eq!(other.ask_to_stop(&run, &elsewhere(7)).await, Ok(Stopping::Asked));
    assert_eq!(ours.intend(&intent(&run, 1)).await, Ok(Intended::Stopped));
    assert_eq!(ours.beat(&run, &owner).await, Ok(Heard::Stop));
    // The call under way still has its outcome, and the mark stays with whoever owns the run.
    ours.conclude(&outcome(&run, 0, Ending::Done)).await.expect("its outcome");
    let task = other.run(&run).await.expect("read");
    assert_eq!((task.stopped_by.as_deref().is_some_and(|who| who.contains('@')), task.under_way().len()), (true, 0));
    ours.hand_over(&run, &owner).await.expect("handed over");
    assert_eq!(other.ask_to_stop(&run, &owner).await, Ok(Stopping::OwnerGone));
    assert_eq!(other.take_over(&run, &elsewhere(8)).await, Ok(TakeOver::Taken));
    assert_eq!(other.intend(&intent(&run, 1)).await, Ok(Intended::Stopped));
    for step in [1, 2] {
        other.conclude(&outcome(&run, step, Ending::Cancelled)).await.expect("its outcome");
    }
    other.finish(&run, RunState::Cancelled).await.expect("ended");
    assert_eq!(ours.ask_to_stop(&run, &owner).await.expect_err("ended").kind, FaultKind::Conflict);
}

#[tokio::test]
async fn a_run_is_taken_back_by_one_at_a_time_and_only_when_it_has_ended() {
    let dir = tempfile::tempdir().expect("a folder");
    let clock = Clock::system();
    let owner = owner_here(&clock);
    let journal = Journal::open(dir.path(), &clock).await.expect("open");
    let run = journal.begin(&plan(1), &owner, None).await.expect("begin");
    let undo = Plan { operation: "undo".to_owned(), undoes: Some(run.clone()), ..plan(1) };
    let refused = journal.begin(&undo, &owner, None).await.expect_err("it goes on");
    assert!(refused.kind == FaultKind::Conflict && refused.cause.en.contains("has not ended"), "{refused}");
    journal.intend(&intent(&run, 0)).await.expect("intend");
    journal.conclude(&outcome(&run, 0, Ending::Done)).await.expect("its outcome");
    journal.finish(&run, RunState::Done).await.expect("ended");
    assert!(journal.run(&run).await.expect("read").steps[0].observed.is_some());
    // Many at once: one of them gets it.
    let mut askers = Vec::new();
    for pid in 20..26 {
        askers.push((Journal::open(dir.path(), &clock).await.expect("open"), elsewhere(pid)));
    }
    let begun = futures_util::future::join_all(askers.iter().map(|(journal, who)| journal.begin(&undo, who, None))).await;
    assert_eq!(begun.iter().filter(|b| b.is_ok()).count(), 1, "{begun:?}");
    assert!(
        begun.iter().flatten().count() == 1 && begun.iter().filter_map(|b| b.as_ref().err()).all(|f| f.cause.en.contains("taking it back"))
    );
    let (at, first) = begun.iter().enumerate().find_map(|(at, b)| Some((at, b.as_ref().ok()?))).expect("one");
    askers[at].0.finish(first, RunState::Failed).await.expect("ended");
    journal.begin(&undo, &owner, None).await.expect("what failed may be tried once more");
}
