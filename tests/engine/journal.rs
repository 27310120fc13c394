//! The journal under several processes: made at once, written at once, killed in the middle, taken over by one.
//!
//! The other processes are this runner, started again for `child` alone with a role in its environment.

mod ending;
mod files;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use wharf::journal::{HEART_GONE_MS, Journal, TakeOver, owner_here};
use wharf::model::call::container::{ContainerCall, ContainerObserved, ContainerVerb};
use wharf::model::clock::{Clock, Stamp};
use wharf::model::fault::{Fault, FaultKind};
use wharf::model::host::ContainerId;
use wharf::model::plan::{Ending, Intent, Outcome, Plan, RunId, Step};
use wharf::model::run::{Owner, RunState};
use wharf::model::text::Text;

use crate::own_process::own_process;

fn plan(steps: u32) -> Plan {
    let call = |n: u32| ContainerCall {
        host: "yf-1".into(),
        id: ContainerId([7; 32]),
        name: format!("web-{n}").into(),
        verb: ContainerVerb::Start,
    };
    let mut plan = Plan::empty("start-containers", Text::new("start containers", "启动容器"));
    plan.arguments = serde_json::json!({ "containers": ["yf-1/web-0"] });
    plan.steps = (0..steps).map(|n| Step::new(call(n), 0)).collect();
    plan
}

fn intent(run: &RunId, step: u32) -> Intent {
    Intent {
        run: run.clone(),
        step,
        at: Stamp(1),
        call: plan(step + 1).steps[step as usize].call().expect("a call").clone(),
        observed: ContainerObserved::default().into(),
    }
}

fn outcome(run: &RunId, step: u32, ending: Ending) -> Outcome {
    Outcome { run: run.clone(), step, at: Stamp(2), ending }
}

fn fault() -> Fault {
    Fault::new("yf-1", FaultKind::Timeout, Text::new("no answer", "没有应答"), Text::new("wait", "等待"))
}

/// An owner of another machine, of which nothing is certain but its heartbeat.
fn elsewhere(pid: u32) -> Owner {
    Owner { who: "ops".into(), machine: "jump9".into(), pid, started: Stamp(1) }
}

fn start(role: &str, dir: &Path) -> Child {
    own_process(module_path!(), "child")
        .env("WHARF_JOURNAL_ROLE", role)
        .env("WHARF_JOURNAL_DIR", dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("child")
}

/// What the other processes do. Without a role it is the test's own check that roles are told apart.
#[tokio::test]
async fn child() {
    let Ok(role) = std::env::var("WHARF_JOURNAL_ROLE") else { return };
    let dir = std::env::var("WHARF_JOURNAL_DIR").expect("a directory");
    let clock = Clock::system();
    let journal = Journal::open(Path::new(&dir), &clock).await.expect("open");
    let owner = owner_here(&clock);
    match role.as_str() {
        "one run" => {
            let run = journal.begin(&plan(1), &owner, None).await.expect("begin");
            journal.intend(&intent(&run, 0)).await.expect("intend");
            journal.conclude(&outcome(&run, 0, Ending::Done)).await.expect("conclude");
            journal.finish(&run, RunState::Done).await.expect("finish");
        }
        "runs for ever" => loop {
            let run = journal.begin(&plan(3), &owner, None).await.expect("begin");
            println!("began {run}");
            for step in 0..3 {
                journal.intend(&intent(&run, step)).await.expect("intend");
                println!("intended {run} {step}");
                journal.conclude(&outcome(&run, step, Ending::Done)).await.expect("conclude");
                println!("concluded {run} {step}");
                journal.beat(&run, &owner).await.expect("beat");
            }
            journal.finish(&run, RunState::Done).await.expect("finish");
        },
        "begin and leave open" => {
            let run = journal.begin(&plan(2), &owner, None).await.expect("begin");
            journal.intend(&intent(&run, 0)).await.expect("intend");
            println!("began {run}");
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        "idle" => {
            let (mut mark, _) = journal.changed_since(0).await.expect("mark");
            let (bytes, files) = (written(), times(Path::new(&dir)));
            for _ in 0..40 {
                let (now, runs) = journal.changed_since(mark).await.expect("changes");
                assert!(runs.is_empty());
                assert!(journal.runs(10).await.expect("tasks").len() == 1);
                mark = now;
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            assert_eq!((written(), times(Path::new(&dir))), (bytes, files.clone()), "looking writes nothing");
            let run = journal.begin(&plan(1), &owner, None).await.expect("begin");
            assert_ne!(times(Path::new(&dir)), files, "and a write is seen here: {run}");
            println!("nothing written");
        }
        other => panic!("no role '{other}'"),
    }
}

/// Bytes this process has caused to be written to a disk.
fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").expect("io");
    io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).and_then(|n| n.parse().ok()).expect("write_bytes")
}

/// The sizes and times of the files in a directory, without the memory that SQLite's processes share.
fn times(dir: &Path) -> Vec<(String, u64, i64)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .expect("dir")
        .map(|entry| {
            let about = entry.as_ref().expect("entry").metadata().expect("meta");
            (entry.expect("entry").file_name().to_string_lossy().into_owned(), about.len(), about.mtime_nsec())
        })
        .filter(|(name, ..)| !name.ends_with("-shm"))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_run_is_kept_as_it_was_and_is() {
    let dir = tempfile::tempdir().expect("dir");
    let clock = Clock::manual(Stamp(1_795_407_603_000));
    let journal = Journal::open(dir.path(), &clock).await.expect("open");
    let owner = owner_here(&clock);
    let run = journal.begin(&plan(3), &owner, Some("slow")).await.expect("begin");
    assert_eq!(run.0.len(), 16);
    journal.intend(&intent(&run, 0)).await.expect("intend");
    journal.conclude(&outcome(&run, 0, Ending::Failed(fault()))).await.expect("conclude");
    journal.conclude(&outcome(&run, 1, Ending::Already)).await.expect("nothing was sent");
    journal.intend(&intent(&run, 2)).await.expect("intend");

    let task = journal.run(&run).await.expect("task");
    assert_eq!((task.state, &task.owner, &task.operation, &task.title), (RunState::Running, &owner, &plan(3).operation, &plan(3).title));
    assert_eq!(task.steps.iter().map(|step| step.step.clone()).collect::<Vec<_>>(), plan(3).steps);
    assert_eq!(task.endings(), [Some(Ending::Failed(fault())), Some(Ending::Already), None]);
    assert_eq!((task.under_way().as_slice(), task.reason.as_deref(), task.started), (&[2][..], Some("slow"), clock.now()));
    assert_eq!(journal.open_intents(&run).await.expect("open"), [intent(&run, 2)]);

    // A step is intended once; an ending that is certain stays, one that is not gives way.
    assert_eq!(journal.intend(&intent(&run, 2)).await.expect_err("twice").kind, FaultKind::Conflict);
    journal.conclude(&outcome(&run, 2, Ending::Unknown(fault()))).await.expect("conclude");
    journal.conclude(&outcome(&run, 2, Ending::FoundNotDone)).await.expect("found out");
    journal.intend(&intent(&run, 2)).await.expect("once more");
    assert_eq!(journal.open_intents(&run).await.expect("open"), [intent(&run, 2)]);
    assert_eq!(journal.intend(&intent(&run, 2)).await.expect_err("twice").kind, FaultKind::Conflict);
    journal.conclude(&outcome(&run, 2, Ending::FoundNotDone)).await.expect("found out");
    journal.conclude(&outcome(&run, 2, Ending::Done)).await.expect("a late word");
    journal.conclude(&outcome(&run, 2, Ending::Failed(fault()))).await.expect("too late");
    journal.finish(&run, RunState::Partial).await.expect("finish");
    let task = journal.run(&run).await.expect("task");
    assert_eq!((task.state, task.endings()[2].clone(), task.ended), (RunState::Partial, Some(Ending::Done), Some(clock.now())));
    assert_eq!(journal.intend(&intent(&run, 1)).await.expect_err("ended").kind, FaultKind::Conflict);
    journal.close().await;

    let journal = Journal::open(dir.path(), &clock).await.expect("open again");
    assert_eq!(journal.runs(10).await.expect("tasks"), [task]);
    assert_eq!(journal.check().await, Ok(()));
}

#[tokio::test]
async fn runs_are_found_by_what_people_say_of_them() {
    let dir = tempfile::tempdir().expect("dir");
    let clock = Clock::manual(Stamp(1_795_407_603_000));
    let journal = Journal::open(dir.path(), &clock).await.expect("open");
    let mut runs = Vec::new();
    for _ in 0..20 {
        runs.push(journal.begin(&plan(1), &elsewhere(1), None).await.expect("begin"));
        clock.advance(1000);
    }
    assert!(runs.is_sorted(), "in the order of time");
    assert_eq!(runs.iter().collect::<BTreeSet<_>>().len(), 20);
    let run = &runs[3];
    assert_eq!(journal.find_run(&run.0).await.as_ref(), Ok(run));
    assert_eq!(journal.find_run(&run.0[8..]).await.as_ref(), Ok(run));
    assert_eq!(journal.find_run(&run.0[8..].to_uppercase()).await.as_ref(), Ok(run));
    assert_eq!(journal.find_run(&run.0[..2]).await.expect_err("many").kind, FaultKind::Usage);
    assert_eq!(journal.find_run("zz*").await.expect_err("no digits").kind, FaultKind::Usage);
    assert_eq!(journal.find_run("ffffffffffffffff").await.expect_err("none").kind, FaultKind::NotFound);

    let (mark, all) = journal.changed_since(0).await.expect("changes");
    assert_eq!(all, runs);
    assert_eq!(journal.changed_since(mark).await, Ok((mark, Vec::new())));
    journal.beat(run, &elsewhere(1)).await.expect("beat");
    assert_eq!(journal.changed_since(mark).await, Ok((mark, Vec::new())), "a heartbeat is no change");
    journal.conclude(&outcome(run, 0, Ending::Cancelled)).await.expect("conclude");
    assert_eq!(journal.changed_since(mark).await.map(|(_, runs)| runs), Ok(vec![run.clone()]));
}

#[tokio::test]
async fn a_run_is_taken_over_only_when_its_owner_is_gone_and_only_once() {
    let dir = tempfile::tempdir().expect("dir");
    let clock = Clock::manual(Stamp(1_795_407_603_000));
    let first = Journal::open(dir.path(), &clock).await.expect("open");
    let run = first.begin(&plan(2), &elsewhere(1), None).await.expect("begin");
    first.intend(&intent(&run, 0)).await.expect("intend");

    let second = Journal::open(dir.path(), &clock).await.expect("open");
    assert_eq!(second.intend(&intent(&run, 1)).await.expect_err("not ours").kind, FaultKind::Conflict);
    assert_eq!(second.take_over(&run, &elsewhere(2)).await, Ok(TakeOver::StillOwned(elsewhere(1))));
    clock.advance(i64::try_from(HEART_GONE_MS).expect("small"));
    first.beat(&run, &elsewhere(1)).await.expect("it lives");
    clock.advance(i64::try_from(HEART_GONE_MS).expect("small"));
    assert_eq!(second.take_over(&run, &elsewhere(2)).await, Ok(TakeOver::StillOwned(elsewhere(1))));
    assert_eq!(second.run(&run).await.map(|t| t.state), Ok(RunState::Running));
    clock.advance(1);
    assert_eq!(second.run(&run).await.map(|t| t.state), Ok(RunState::Abandoned));

    let mut askers = Vec::new();
    for pid in 10..18 {
        askers.push((Journal::open(dir.path(), &clock).await.expect("open"), elsewhere(pid)));
    }
    let asked = futures_util::future::join_all(askers.iter().map(|(journal, owner)| journal.take_over(&run, owner))).await;
    let taken: Vec<usize> = asked.iter().enumerate().filter(|(_, got)| **got == Ok(TakeOver::Taken)).map(|(at, _)| at).collect();
    assert_eq!(taken.len(), 1, "{asked:?}");
    let (winner, owner) = &askers[taken[0]];
    assert!(asked.iter().enumerate().all(|(at, got)| at == taken[0] || *got == Ok(TakeOver::StillOwned(owner.clone()))), "{asked:?}");

    // The former owner wakes up: it can neither go on nor end the run. What it knows of its own call still counts.
    let intended = first.intend(&intent(&run, 1)).await.map(drop);
    let beaten = first.beat(&run, &elsewhere(1)).await.map(drop);
    for refused in [intended, beaten, first.finish(&run, RunState::Done).await] {
        let fault = refused.expect_err("taken over");
        assert!(fault.kind == FaultKind::Conflict && fault.cause.en.contains("taken over"), "{fault}");
    }
    first.conclude(&outcome(&run, 0, Ending::Done)).await.expect("its own call");
    winner.intend(&intent(&run, 1)).await.expect("the new owner goes on");
    winner.hand_over(&run, owner).await.expect("it lets go");
    assert_eq!(winner.run(&run).await.map(|t| t.state), Ok(RunState::Abandoned));
    assert!(winner.finish(&run, RunState::Done).await.is_err(), "what was let go is no longer ours");
    assert_eq!(winner.take_over(&run, owner).await, Ok(TakeOver::Taken));
    winner.finish(&run, RunState::Done).await.expect("and ends it");
    assert_eq!(winner.take_over(&run, owner).await.expect_err("ended").kind, FaultKind::Conflict);
}

#[tokio::test]
async fn many_consoles_make_the_journal_at_once() {
    for round in 0..12 {
        let dir = tempfile::tempdir().expect("dir");
        let state = dir.path().join("state");
        let children: Vec<Child> = (0..6).map(|_| start("one run", &state)).collect();
        for child in children {
            let done = child.wait_with_output().expect("child");
            assert!(
                done.status.success(),
                "round {round}: {}{}",
                String::from_utf8_lossy(&done.stdout),
                String::from_utf8_lossy(&done.stderr)
            );
        }
        let journal = Journal::open(&state, &Clock::system()).await.expect("open");
        let tasks = journal.runs(100).await.expect("tasks");
        assert_eq!(tasks.len(), 6);
        assert!(tasks.iter().all(|t| t.state == RunState::Done && t.endings() == [Some(Ending::Done)]));
        assert_eq!(journal.check().await, Ok(()));
    }
}

#[tokio::test]
async fn a_writer_killed_at_any_moment_loses_nothing_it_was_told_is_kept() {
    for round in 0..8u64 {
        let dir = tempfile::tempdir().expect("dir");
        let clock = Clock::system();
        let journal = Journal::open(dir.path(), &clock).await.expect("open");
        let us = owner_here(&clock);
        let mut child = start("runs for ever", dir.path());
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let mut told: Vec<String> = Vec::new();
        while told.len() < 4 {
            told.extend(lines.next().expect("it writes").ok().filter(|l| l.split(' ').count() > 1 && !l.contains("test")));
        }
        // We write too while it does, and it is killed at another moment each round.
        let until = Instant::now() + Duration::from_millis(20 + round * 7);
        while Instant::now() < until {
            let run = journal.begin(&plan(1), &us, None).await.expect("the other process does us no harm");
            journal.intend(&intent(&run, 0)).await.expect("intend");
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("reaped");
        told.extend(lines.map_while(Result::ok).filter(|l| l.ends_with(|c: char| c.is_ascii_hexdigit())));

        assert_eq!(journal.check().await, Ok(()), "round {round}");
        let mut open = BTreeSet::new();
        for line in &told {
            let words: Vec<&str> = line.split(' ').collect();
            let Some(run) = words.get(1).filter(|id| id.len() == 16).map(|id| RunId((*id).into())) else { continue };
            let task = journal.run(&run).await.unwrap_or_else(|fault| panic!("{line}: {fault}"));
            let step = words.get(2).and_then(|s| s.parse::<usize>().ok());
            match (words[0], step) {
                ("intended", Some(step)) => {
                    assert!(task.endings()[step].is_some() || task.under_way().iter().any(|s| *s as usize == step), "{line}");
                }
                ("concluded", Some(step)) => assert_eq!(task.endings()[step], Some(Ending::Done), "{line}"),
                _ => {}
            }
            if task.state == RunState::Abandoned {
                open.insert(run);
            }
        }
        assert!(open.len() <= 1, "it had one run at a time");
        for run in open {
            assert_eq!(journal.take_over(&run, &us).await, Ok(TakeOver::Taken), "its process is gone, whatever its heartbeat says");
        }
    }
}

#[tokio::test]
async fn a_run_under_way_in_another_console_is_not_offered_until_that_console_dies() {
    let dir = tempfile::tempdir().expect("dir");
    let clock = Clock::system();
    let mut child = start("begin and leave open", dir.path());
    let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
    let run = loop {
        let line = lines.next().expect("a line").expect("text");
        if let Some((_, id)) = line.split_once("began ") {
            break RunId(id.into());
        }
    };
    let journal = Journal::open(dir.path(), &clock).await.expect("open");
    let us = owner_here(&clock);
    assert_eq!(journal.run(&run).await.map(|t| t.state), Ok(RunState::Running));
    assert!(matches!(journal.take_over(&run, &us).await, Ok(TakeOver::StillOwned(owner)) if owner.pid == child.id()));
    child.kill().expect("SIGKILL");
    child.wait().expect("reaped");
    assert_eq!(journal.run(&run).await.map(|t| t.state), Ok(RunState::Abandoned));
    assert_eq!(journal.open_intents(&run).await.map(|open| open.len()), Ok(1));
    assert_eq!(journal.take_over(&run, &us).await, Ok(TakeOver::Taken));
}

#[tokio::test]
async fn an_idle_console_writes_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let journal = Journal::open(dir.path(), &Clock::system()).await.expect("open");
    journal.begin(&plan(1), &elsewhere(1), None).await.expect("begin");
    let done = start("idle", dir.path()).wait_with_output().expect("child");
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
    assert!(text.contains("nothing written"), "{text}");
}
