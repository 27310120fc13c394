//! Conditions as people write them, rightly and wrongly, and how they stand in a small world.

use super::*;
use crate::model::fixture::{NOW, failed, fleet, online};
use crate::model::plan::{Ending, Plan, RunId, Step};
use crate::model::report::Report;
use crate::model::run::{Owner, Run, RunState};

fn verdict(words: &str, fleet: &Fleet) -> Verdict {
    Condition::parse(words).expect(words).judge(fleet)
}

fn waits(words: &str, fleet: &Fleet) -> String {
    match verdict(words, fleet) {
        Verdict::Waiting(text) => text.en.into_owned(),
        other => panic!("{words}: {other:?}"),
    }
}

/// A run of so many steps in this state.
fn run(id: &str, state: RunState) -> Report {
    let mut plan = Plan::empty("stop-containers", Text::new("stop", "停止"));
    plan.steps = vec![Step::gate(Text::raw("?"), 0), Step::gate(Text::raw("?"), 0)];
    let owner = Owner { who: "ops".into(), machine: "jump1".into(), pid: 1, started: NOW };
    let mut run = Run { state, ..Run::of(&plan, RunId(id.into()), owner, NOW) };
    run.change(0, |step| step.ending = Some(Ending::Done));
    Report::Run(Box::new(run.whole()))
}

#[test]
fn every_form_is_read_and_names_are_held_against_what_is_declared() {
    let world = fleet();
    for (form, _) in forms() {
        let words =
            form.replace("HOST/NAME", "yf-web-01/web-1").replace("NAME", "yf-web-01").replace("IDC", "yongfeng").replace("ID", "7f3c");
        let read = Condition::parse(&words).unwrap_or_else(|fault| panic!("{words}: {fault}"));
        assert_eq!(read.words(), words);
        if !words.starts_with("registr") {
            assert_eq!(read.check(&world), Ok(()), "{words}");
        }
    }
    for (wrong, near) in [
        ("host yf-web-1 up", "did you mean 'yf-web-01'"),
        ("hosts up in yongfen", "did you mean 'yongfeng'"),
        ("registry x up", "wharf get"),
    ] {
        let fault = Condition::parse(wrong).and_then(|c| c.check(&world)).expect_err(wrong);
        assert_eq!((fault.kind, fault.hint.en.contains(near)), (FaultKind::Usage, true), "{fault}");
    }
}

#[test]
fn what_may_stand_where_something_else_stands_is_said() {
    for (wrong, part) in [
        ("", "a condition begins with run, hosts, host, registries, registry, container, no"),
        ("host", "after 'host' may stand NAME"),
        ("host yf-web-01 pu", "after 'host yf-web-01' may stand up, not 'pu' (did you mean 'up'?)"),
        ("hosts up now", "after 'hosts up' may stand and, in, not 'now'"),
        ("hosts up and", "after 'hosts up and' may stand run,"),
        ("container web-1 running", "after 'container' may stand HOST/NAME, not 'web-1'"),
        ("container h/c runing", "running, healthy, stopped, gone, not 'runing' (did you mean 'running'?)"),
        ("no fault", "did you mean 'faults'?"),
        ("rollout web done", "carries out no rollouts"),
        ("hosts up and rollout web done", "carries out no rollouts"),
    ] {
        let fault = Condition::parse(wrong).expect_err(wrong);
        assert_eq!((fault.kind, fault.to_string().contains(part)), (FaultKind::Usage, true), "{wrong}: {fault}");
    }
}

#[test]
fn what_is_stale_or_unknown_is_not_taken_for_true() {
    let mut world = fleet();
    assert_eq!(verdict("host yf-web-01 up", &world), Verdict::Met);
    assert_eq!(waits("host tc-db-01 up", &world), "tc-db-01: dial timeout");
    assert_eq!(waits("host aws-1 up", &world), "aws-1 has not answered yet");
    assert_eq!(waits("hosts up", &world), "4 of 6 hosts up, not aws-1, tc-db-01");
    assert_eq!(verdict("hosts up in yongfeng", &world), Verdict::Met);
    assert_eq!(waits("no faults", &world), "4 of 6 answer, not aws-1, tc-db-01");
    // It ran when its host was last heard of.
    assert_eq!(waits("container tc-db-01/db-2 running", &world), "tc-db-01: dial timeout");
    assert_eq!(waits("container tc-db-01/nothing gone", &world), "tc-db-01: dial timeout");
    online(&mut world, "aws-1", NOW, Vec::new());
    online(&mut world, "tc-db-01", NOW, Vec::new());
    assert_eq!(verdict("hosts up and no faults", &world), Verdict::Met);
    failed(&mut world, "aws-1", NOW, FaultKind::Refused);
    assert_eq!(waits("hosts up in yongfeng and no faults", &world), "5 of 6 answer, not aws-1");
}

#[test]
fn containers_are_what_their_engine_says() {
    let world = fleet();
    for (words, met) in [
        ("container yf-web-01/web-1 running", true),
        ("container yf-web-01/web-1 stopped", false),
        ("container yf-web-01/cache-1 stopped", true),
        ("container tc-web-01/job stopped", true),
        ("container yf-web-01/web-99 gone", true),
        ("container yf-web-01/web-1 gone", false),
    ] {
        assert_eq!(verdict(words, &world) == Verdict::Met, met, "{words}");
    }
    assert_eq!(waits("container yf-web-01/new running", &world), "there is no yf-web-01/new yet");
    assert_eq!(waits("container yf-web-02/web-5 running", &world), "yf-web-02/web-5 is exited");
    assert!(matches!(verdict("container yf-web-01/web-1 healthy", &world), Verdict::Stuck(Short::Partly, _)));
}

#[test]
fn a_run_ends_as_wished_or_otherwise() {
    let mut world = fleet();
    let words = "run 0a1b2c3d done";
    assert!(matches!(verdict(words, &world), Verdict::Stuck(Short::Wholly, _)), "no such run");
    assert!(!Condition::parse(words).expect("good").is_answered(&world));
    let expected = [
        (RunState::Running, Verdict::Waiting(Text::raw(""))),
        (RunState::Abandoned, Verdict::Stuck(Short::Partly, Text::raw(""))),
        (RunState::Partial, Verdict::Over(Short::Partly, Text::raw(""))),
        (RunState::Cancelled, Verdict::Over(Short::Partly, Text::raw(""))),
        (RunState::Failed, Verdict::Over(Short::Wholly, Text::raw(""))),
        (RunState::Done, Verdict::Met),
    ];
    for (state, wanted) in expected {
        world.apply(run("019a00000a1b2c3d", state));
        let got = verdict(words, &world);
        assert_eq!(weight_of(&got), weight_of(&wanted), "{state:?}: {got:?}");
    }
    world.apply(run("019a11110a1b2c3d", RunState::Done));
    assert!(matches!(verdict(words, &world), Verdict::Stuck(Short::Wholly, why) if why.en.contains("several")), "two runs end so");
    assert_eq!(waits("hosts up and run 019a1 done", &world), "4 of 6 hosts up, not aws-1, tc-db-01");
}

fn weight_of(verdict: &Verdict) -> (u8, Option<Short>) {
    match verdict {
        Verdict::Met => (0, None),
        Verdict::Waiting(_) => (1, None),
        Verdict::Stuck(short, _) => (2, Some(*short)),
        Verdict::Over(short, _) => (3, Some(*short)),
    }
}

#[test]
fn only_what_matters_is_asked_and_an_empty_world_is_not_a_well_one() {
    use crate::model::endpoint::EndpointKind::{Docker, Harbor, Oci};
    let kinds = |words: &str| Condition::parse(words).expect(words).kinds();
    assert_eq!(kinds("run 7f3c done"), []);
    assert_eq!(kinds("host a up and hosts up"), [Docker]);
    assert_eq!(kinds("registry a up"), [Harbor, Oci]);
    assert_eq!(kinds("no faults"), [Docker, Harbor, Oci]);
    for words in ["hosts up", "registries up", "no faults"] {
        assert!(matches!(verdict(words, &Fleet::default()), Verdict::Over(Short::Wholly, _)), "{words}");
    }
}
