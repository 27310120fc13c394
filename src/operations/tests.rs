//! What the container verbs plan against a small world.

use proptest::prelude::*;
use serde_json::json;

use super::fixture::{after, was};
use super::*;
use crate::model::call::container::{ContainerObserved, ContainerVerb};
use crate::model::fault::FaultKind;
use crate::model::fixture::{NOW, ago, container, failed, fleet, id, online};
use crate::model::host::ContainerState;
use crate::model::plan::{Ending, RunId};
use crate::model::report::Report;
use crate::model::run::{Owner, Run, RunState};

fn plan(words: &str) -> Plan {
    planned(&fleet(), words).unwrap_or_else(|fault| panic!("{words}: {fault}"))
}

fn planned(fleet: &Fleet, words: &str) -> Result<Plan, Fault> {
    AnyOperation::from_words(words.split_whitespace())?.plan(fleet, NOW)
}

fn refused(words: &str) -> String {
    let fault = planned(&fleet(), words).expect_err(words);
    assert_eq!(fault.kind, FaultKind::Usage, "{words}");
    fault.to_string()
}

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .map(|step| format!("{} {} {}", step.group, step.target(), step.shown().split('/').next_back().unwrap_or("")))
        .collect()
}

fn left_out(list: &[crate::model::plan::Skipped]) -> Vec<String> {
    list.iter().map(|s| format!("{}: {}", s.target, s.why.en)).collect()
}

#[test]
fn a_restart_goes_host_after_host_and_says_what_it_leaves_out() {
    let plan = plan("restart-containers --service web --stop-timeout 5");
    assert_eq!(
        steps(&plan),
        [
            "0 tc-web-01/web-7 restart?t=5",
            "0 tc-web-01/web-8 restart?t=5",
            "1 yf-web-01/web-1 restart?t=5",
            "1 yf-web-01/web-2 restart?t=5",
            "2 yf-web-02/web-4 restart?t=5"
        ]
    );
    assert_eq!(left_out(&plan.skipped), ["yf-web-02/web-5: exited; start it? (start-containers)"]);
    assert_eq!(left_out(&plan.undecided), ["tc-db-01/web-11: tc-db-01 is lost: dial timeout"]);
    assert_eq!((plan.title.en.as_ref(), plan.title.zh.as_ref()), ("restart 5 containers on 3 hosts", "在 3 台主机上重启 5 个容器"));
    assert_eq!(plan.danger.typed.as_deref(), Some("web"));
    assert_eq!(plan.danger.environments, ["prod".into()]);
    assert_eq!(plan.seconds(), 21);
}

#[test]
fn containers_are_named_in_several_ways() {
    let short = id(1).short();
    for words in [
        "stop-containers yf-web-01/web-1".to_owned(),
        "stop-containers web-1".to_owned(),
        format!("stop-containers yf-web-01/{short}"),
        format!("stop-containers yf-web-01/{}", id(1)),
        format!("stop-containers web-1 yf-web-01/web-1 {short}"),
    ] {
        assert_eq!(steps(&plan(&words)), ["0 yf-web-01/web-1 stop"], "{words}");
    }
    assert_eq!(steps(&plan("stop-containers --service web --host yf-web-02")), ["0 yf-web-02/web-4 stop"]);
    assert_eq!(steps(&plan("stop-containers --service web --idc tucheng")).len(), 2);
    assert_eq!(
        steps(&plan("remove-containers --all-on yf-web-01")),
        ["0 yf-web-01/cache-1 cache-1"].map(|_| "0 yf-web-01/cache-1 ".to_owned() + &id(3).short() + "?force=false&v=false")
    );
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_nearest() {
    assert_eq!(refused("stop-containers"), "containers: no container is named (write host/container, --service NAME or --all-on HOST)");
    assert_eq!(refused("stop-containers yf-wbe-01/web-1"), "host: there is no 'yf-wbe-01' (the nearest is 'yf-web-01')");
    assert_eq!(refused("stop-containers yf-web-01/wbe-1"), "container on yf-web-01: there is no 'wbe-1' (the nearest is 'web-1')");
    assert_eq!(refused("stop-containers --service wbe"), "--service: there is no 'wbe' (the nearest is 'web')");
    assert_eq!(refused("stop-containers --idc tuchng web-1"), "--idc: there is no 'tuchng' (the nearest is 'tucheng')");
    assert!(refused("stop-container web-1").contains("unrecognized subcommand"), "{}", refused("stop-container web-1"));
    assert!(refused("kill-containers web-1 --signal KI/LL").contains("is no signal"));
    let mut fleet = fleet();
    online(&mut fleet, "aws-1", ago(1), vec![container(30, "web-1", None, ContainerState::Running)]);
    let fault = planned(&fleet, "stop-containers web-1").expect_err("two of this name");
    let (first, second) = (id(30).short(), id(1).short());
    assert_eq!(fault.cause.en, format!("'web-1' could be aws-1/web-1 ({first}), yf-web-01/web-1 ({second})"));
}

#[test]
fn each_verb_leaves_out_what_makes_no_sense() {
    assert_eq!(left_out(&plan("start-containers web-1 tc-web-01/job yf-web-02/web-5").skipped), ["yf-web-01/web-1: already running"]);
    assert_eq!(left_out(&plan("stop-containers yf-web-02/web-5").skipped), ["yf-web-02/web-5: exited"]);
    assert_eq!(left_out(&plan("kill-containers tc-web-01/job").skipped), ["tc-web-01/job: created"]);
    assert_eq!(left_out(&plan("remove-containers web-1").skipped), ["yf-web-01/web-1: running; --force removes it too"]);
    assert_eq!(
        plan("remove-containers web-1 --force --volumes").steps[0].shown(),
        format!("DELETE /containers/{}?force=true&v=true", id(1).short())
    );
    let nothing = plan("stop-containers yf-web-02/web-5");
    assert_eq!((nothing.title.en.as_ref(), nothing.danger.typed), ("stop nothing", None));
}

#[test]
fn a_host_that_never_answered_is_undecided_and_a_full_id_that_is_gone_is_skipped() {
    assert_eq!(left_out(&plan("stop-containers aws-1/web-1").undecided), ["aws-1/web-1: aws-1 has not answered yet"]);
    assert_eq!(left_out(&plan("stop-containers --all-on aws-1").undecided), ["aws-1/*: aws-1 has not answered yet"]);
    let gone = plan(&format!("stop-containers yf-web-01/{}", id(99)));
    assert_eq!(left_out(&gone.skipped), [format!("yf-web-01/{}: is no longer there", id(99).short())]);
    let mut fleet = fleet();
    failed(&mut fleet, "yf-web-01", ago(5), FaultKind::Timeout);
    let plan = planned(&fleet, "stop-containers web-1").expect("a plan");
    assert_eq!(
        (plan.steps.len(), left_out(&plan.undecided)),
        (0, vec!["yf-web-01/web-1: yf-web-01 does not answer: dial timeout".to_owned()])
    );
}

#[test]
fn production_and_many_want_typing() {
    assert_eq!(plan("stop-containers web-1").danger.typed, None);
    assert_eq!(plan("kill-containers web-1").danger.typed.as_deref(), Some("web-1"));
    assert!(plan("kill-containers web-1").danger.destructive);
    assert_eq!(plan("stop-containers yf-core-01/db-1 web-1").danger.typed.as_deref(), Some("2"));
    let mut fleet = fleet();
    let many = (100..121).map(|n| container(n, &format!("c-{n}"), Some("batch"), ContainerState::Running)).collect();
    online(&mut fleet, "aws-1", ago(1), many);
    let twenty_one = planned(&fleet, "stop-containers --all-on aws-1").expect("a plan");
    assert_eq!((twenty_one.danger.typed.as_deref(), &twenty_one.danger.environments[..]), (Some("batch"), &["staging".into()][..]));
    let mut relaxed = twenty_one.clone();
    danger::reweigh(&mut relaxed, &fleet, &Limits { elsewhere: 50, ..Limits::default() });
    assert_eq!(relaxed.danger.typed, None);
}

#[test]
fn every_operation_is_known_by_its_name_everywhere() {
    let fleet = after("stop-containers yf-web-01/web-1", RunState::Done, &[Some(Ending::Done)], &was("running"));
    for (name, help) in AnyOperation::ALL {
        let of_run = AnyOperation::from_words([*name, "7f3c"]).expect(name).needs().run.is_some();
        let operation = AnyOperation::from_words([*name, if of_run { "7f3c" } else { "web-1" }]).expect(name);
        assert_eq!(operation.name(), *name);
        assert!(!help.zh.is_empty());
        let plan = operation.plan(&fleet, NOW).expect(name);
        assert_eq!(plan.operation, *name);
        assert!(plan_again(&plan.operation, &plan.arguments, &fleet, NOW).is_ok_and(|again| again == plan), "{name}");
    }
    assert!(AnyOperation::read("format-disks", &Value::Null).is_err());
    assert!(AnyOperation::read("stop-containers", &json!({ "containers": 7 })).is_err());
}

fn some_targets() -> impl Strategy<Value = Targets> {
    let words = || prop::collection::vec("[a-z0-9/\\- \u{4e00}-\u{4e10}]{0,12}", 0..3);
    (words(), words(), words(), words(), words()).prop_map(|(containers, service, host, idc, all_on)| Targets {
        containers,
        service,
        host,
        idc,
        all_on,
    })
}

proptest! {
    #[test]
    fn arguments_come_back_as_they_were(targets in some_targets(), stop_timeout in any::<Option<u32>>(), signal in "[A-Z]{2,6}", flags in any::<[bool; 2]>()) {
        for operation in [
            AnyOperation::StartContainers(StartContainers { targets: targets.clone() }),
            AnyOperation::StopContainers(StopContainers { targets: targets.clone(), stop_timeout }),
            AnyOperation::RestartContainers(RestartContainers { targets: targets.clone(), stop_timeout }),
            AnyOperation::KillContainers(KillContainers { targets: targets.clone(), signal: signal.clone() }),
            AnyOperation::RemoveContainers(RemoveContainers { targets: targets.clone(), force: flags[0], volumes: flags[1] }),
        ] {
            let value = serde_json::to_value(&operation).expect("serializes");
            let back = AnyOperation::read(operation.name(), &value["arguments"]);
            prop_assert_eq!(back, Ok(operation));
        }
    }
}

proptest! {
    // The parser's tree is built for each.
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn words_come_back_as_they_were(targets in some_targets(), stop_timeout in any::<Option<u32>>(), signal in "[A-Z-]{0,6}", flags in any::<[bool; 2]>()) {
        for operation in [
            AnyOperation::RestartContainers(RestartContainers { targets: targets.clone(), stop_timeout }),
            AnyOperation::KillContainers(KillContainers { targets: targets.clone(), signal: signal.clone() }),
            AnyOperation::RemoveContainers(RemoveContainers { targets: targets.clone(), force: flags[0], volumes: flags[1] }),
        ] {
            let words = operation.words();
            prop_assert_eq!(AnyOperation::from_words(words.iter().map(String::as_str)), Ok(operation), "{:?}", words);
        }
    }
}

#[test]
fn every_example_is_read_and_comes_back_as_it_was() {
    for (name, _) in AnyOperation::ALL {
        let examples = AnyOperation::examples_of(name);
        assert!(!examples.is_empty(), "{name} has no example");
        for example in examples {
            let words = shell::split(example.line);
            let operation =
                AnyOperation::from_words(words.iter().map(String::as_str)).unwrap_or_else(|fault| panic!("{}: {fault}", example.line));
            assert_eq!(operation.name(), *name, "{}", example.line);
            assert!(!example.does.is_empty(), "{}", example.line);
            let again = operation.words();
            assert_eq!(AnyOperation::from_words(again.iter().map(String::as_str)), Ok(operation), "{again:?}");
        }
        let help =
            AnyOperation::command().find_subcommand_mut(name).map(|command| command.render_long_help().to_string()).unwrap_or_default();
        assert!(help.contains(&format!("wharf plan {}", examples[0].line)), "{help}");
    }
}

#[test]
fn every_argument_says_what_completes_it() {
    for command in AnyOperation::command().get_subcommands() {
        for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
            let is_choice = !arg.get_possible_values().is_empty();
            assert!(is_choice || completion::Completes::of(arg).is_some(), "{} {}: add = Completes::..", command.get_name(), arg.get_id());
        }
    }
}

#[test]
fn runs_of_older_journals_are_read() {
    let read = AnyOperation::read("stop-containers", &json!({ "containers": ["h/c"], "timeout_s": 7 })).expect("read");
    assert_eq!(read.words(), ["stop-containers", "h/c", "--stop-timeout", "7"]);
}

#[test]
fn the_verb_carries_its_arguments() {
    let plan = plan("stop-containers web-1 --stop-timeout 3");
    let Some(crate::model::call::Call::Container(call)) = plan.steps[0].call() else { panic!("a container's call") };
    assert_eq!(call.verb, ContainerVerb::Stop { timeout_s: Some(3) });
}

#[test]
fn what_was_stopped_is_started_where_it_is_still_as_it_was_left() {
    let endings = [Some(Ending::Done), Some(Ending::FoundDone), Some(Ending::Already), None];
    let words = "stop-containers yf-web-01/web-1 yf-web-01/web-2 yf-core-01/db-1 tc-web-01/web-7";
    let mut fleet = after(words, RunState::Cancelled, &endings, &was("running"));
    let running = |n, name| container(n, name, None, ContainerState::Running);
    let stopped = |n, name| container(n, name, None, ContainerState::Exited(Some(143)));
    // Steps are sorted by host: tc-web-01, yf-core-01, then two on yf-web-01.
    let done = |fleet: &Fleet| {
        let plan = planned(fleet, "undo 7f3c").expect("a plan");
        (steps(&plan), left_out(&plan.skipped), left_out(&plan.undecided))
    };
    online(&mut fleet, "tc-web-01", NOW, vec![stopped(7, "web-7")]);
    online(&mut fleet, "yf-core-01", NOW, vec![running(6, "db-1")]);
    online(&mut fleet, "yf-web-01", NOW, vec![running(1, "web-1"), stopped(2, "web-2")]);
    let (todo, skipped, undecided) = done(&fleet);
    assert_eq!(todo, ["0 tc-web-01/web-7 start"]);
    assert_eq!(
        skipped,
        [
            "yf-web-01/web-2: it was never done",
            "yf-web-01/web-1: it was so before the run",
            "yf-core-01/db-1: not as the run left it: running now"
        ]
    );
    assert!(undecided.is_empty());
    let plan = planned(&fleet, "undo 7f3c").expect("a plan");
    assert_eq!(plan.arguments, json!({ "run": "019ab0007f3c0001" }), "the whole id is journalled");
    assert_eq!(plan.undoes.as_ref().map(ToString::to_string).as_deref(), Some("019ab0007f3c0001"));
    assert_eq!(plan.steps[0].only_if, Some(ContainerObserved { started_at: Some("s".into()), ..ContainerObserved::default() }.into()));
    assert!(plan.same_effects(&plan_again(&plan.operation, &plan.arguments, &fleet, NOW).expect("again")));
    failed(&mut fleet, "tc-web-01", NOW, FaultKind::Timeout);
    online(&mut fleet, "yf-core-01", NOW, Vec::new());
    let (todo, skipped, undecided) = done(&fleet);
    assert!(todo.is_empty() && skipped.contains(&"yf-core-01/db-1: it is gone".to_owned()), "{skipped:?}");
    assert_eq!(undecided, ["tc-web-01/web-7: tc-web-01 does not answer"]);
}

#[test]
fn what_cannot_be_taken_back_is_said() {
    let reasons = |words: &str, before: &ContainerObserved| {
        let fleet = after(words, RunState::Done, &[Some(Ending::Done)], before);
        let plan = planned(&fleet, "undo 019ab").expect("a plan");
        assert!(plan.steps.is_empty() || plan.steps[0].shown().ends_with("/stop"), "{words}");
        left_out(&plan.skipped)
    };
    assert_eq!(reasons("restart-containers yf-web-01/web-1", &was("running")), ["yf-web-01/web-1: a restart cannot be taken back"]);
    assert_eq!(reasons("remove-containers yf-web-01/cache-1", &was("exited")), ["yf-web-01/cache-1: a removal cannot be taken back"]);
    assert_eq!(
        reasons("stop-containers yf-web-01/web-1", &was("paused")),
        ["yf-web-01/web-1: it was paused before, which a start does not bring back"]
    );
    assert_eq!(
        reasons("kill-containers yf-web-01/web-1 --signal HUP", &was("running")),
        ["yf-web-01/web-1: not as the run left it: running now"]
    );
    assert_eq!(reasons("start-containers yf-web-01/cache-1", &was("exited")), ["yf-web-01/cache-1: not as the run left it: exited now"]);
}

#[test]
fn a_run_is_taken_back_when_it_rests_and_by_one_at_a_time() {
    let words = "stop-containers yf-web-01/web-1";
    let refused = |fleet: &Fleet| {
        let fault = planned(fleet, "undo 7f3c").expect_err("refused");
        assert_eq!(fault.kind, FaultKind::Conflict);
        fault.to_string()
    };
    let running = after(words, RunState::Running, &[None], &was("running"));
    assert!(refused(&running).contains("ops@jump1 is carrying it out (cancel it first: wharf run cancel 019ab0007f3c0001)"));
    let mut fleet = after(words, RunState::Done, &[Some(Ending::Done)], &was("running"));
    online(&mut fleet, "yf-web-01", NOW, vec![container(1, "web-1", None, ContainerState::Exited(Some(0)))]);
    let undo = planned(&fleet, "undo 7f3c").expect("a plan");
    let owner = Owner::clone(&fleet.runs[0].owner);
    let mut other = Run::of(&undo, RunId("019ab1110000000a".into()), owner, ago(30));
    for (state, ending) in [(RunState::Running, None), (RunState::Abandoned, None), (RunState::Done, Some(Ending::Done))] {
        other.state = state;
        other.change(0, |step| step.ending = ending);
        fleet.apply(Report::Run(Box::new(other.whole())));
        if state == RunState::Done {
            let plan = planned(&fleet, "undo 7f3c").expect("a plan");
            assert_eq!(left_out(&plan.skipped), ["yf-web-01/web-1: taken back already by run 019ab1110000000a"]);
        } else {
            assert!(refused(&fleet).contains("run 019ab1110000000a is taking it back"), "{state:?}");
        }
    }
}
