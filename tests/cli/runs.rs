//! Runs that somebody else ends or takes back: cancelled while a runner carries them out, undone where the world still allows it.

use std::path::Path;
use std::time::Duration;

use crate::program::{Bench, PROGRAM, until};
use crate::pty::{Pty, Start};
use serde_json::Value;
use wharf::lab::trouble::{Rule, Trouble};

const SOON: Duration = Duration::from_secs(30);
/// How long each call of the first wave takes.
const CALL_MS: u64 = 5_000;

fn endings(document: &Value) -> Vec<String> {
    let steps = document["steps"].as_array().expect("steps").iter();
    steps.map(|step| step["ending"].as_str().map_or_else(|| step["ending"].to_string(), str::to_owned)).collect()
}

/// A restart in four waves of 20 s at most each: a runner carries it out. Its first wave is under way when this returns.
async fn of_a_runner(bench: &Bench) -> String {
    let first = bench.lab.twin("tc-web-01").expect("a twin");
    for container in first.containers() {
        first.fault(Rule::always(Trouble::Delay(CALL_MS)).on(&format!("/containers/{}/restart", container.id)));
    }
    let begun = bench.ok("run restart-containers --service web --stop-timeout 20 --yes --detach").await;
    until("the first wave is under way", SOON, || bench.written("tc-web-01").len() == 3).await;
    begun.out.trim().to_owned()
}

fn nothing_else_was_sent(bench: &Bench) {
    assert_eq!(bench.written("tc-web-01").len(), 3, "each container of the first wave once");
    for host in ["tc-web-02", "yf-web-01", "yf-web-02"] {
        assert_eq!(bench.written(host), Vec::<String>::new(), "{host}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_a_runner_is_cancelled_from_the_command_line() {
    let bench = Bench::new().await;
    let run = of_a_runner(&bench).await;
    let refused = bench.line(&format!("run undo {run} --yes")).await;
    assert_eq!(refused.code, 2, "{}", refused.err);
    assert!(refused.err.contains("is carrying it out"), "{}", refused.err);
    let said = bench.ok(&format!("run cancel {} -o json", &run[8..])).await;
    let document = said.json();
    assert_eq!((document["id"].as_str(), document["state"].as_str()), (Some(run.as_str()), Some("cancelled")));
    let endings = endings(&document);
    assert_eq!(endings.iter().filter(|e| *e == "done").count(), 3, "what was under way had its answer: {endings:?}");
    assert_eq!(endings.iter().filter(|e| *e == "cancelled").count(), 9, "{endings:?}");
    nothing_else_was_sent(&bench);
    let tasks = bench.ok("get tasks -o json").await.json();
    assert_eq!(tasks["items"][0]["progress"], 3, "what was never begun is no progress");
    let again = bench.line(&format!("run cancel {run}")).await;
    assert_eq!(again.code, 2, "{}", again.err);
    assert!(again.err.contains("has ended"), "{}", again.err);
}

fn console(bench: &Bench, lang: &str) -> Pty {
    let always = bench.always();
    let mut args: Vec<&str> = always.iter().map(String::as_str).collect();
    args.extend(["--lang", lang]);
    let environment = [("LANG", "en_US.UTF-8".to_owned()), ("HOME", bench.dir().display().to_string())];
    Pty::start(&Start { program: Path::new(PROGRAM), args: &args, environment: &environment, rows: 24, columns: 100 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_a_runner_is_cancelled_from_the_console() {
    let bench = Bench::new().await;
    let run = of_a_runner(&bench).await;
    let mut pty = console(&bench, "en");
    pty.expect_text("4/4 hosts", SOON);
    pty.send("t");
    pty.expect_text("running", SOON);
    pty.send("C");
    pty.expect_text("stopping", SOON);
    pty.expect_text("cancelled", SOON);
    nothing_else_was_sent(&bench);
    let tasks = bench.ok("get tasks -o json").await.json();
    assert_eq!((tasks["items"][0]["id"].as_str(), tasks["items"][0]["state"].as_str()), (Some(run.as_str()), Some("cancelled")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_run_stopped_is_started_again_where_it_is_still_as_it_was_left() {
    let bench = Bench::new().await;
    let (a, b, c) = (bench.running("yf-web-01").remove(0), bench.running("yf-web-01").remove(1), bench.running("tc-web-01").remove(0));
    let run = bench.ok(&format!("run stop-containers {a} {b} {c} --stop-timeout 1 --yes")).await.out.trim().to_owned();
    let by_hand = async |verb: &str, target: &str| {
        let (host, name) = target.split_once('/').expect("named");
        bench.lab.twin(host).expect("a twin").act_by_hand(verb, name).await.expect("by hand");
    };
    // One was started by hand since, another started and stopped again: only the engine's own stamps tell of that.
    by_hand("start", &b).await;
    by_hand("start", &c).await;
    by_hand("kill", &c).await;
    let plan = bench.ok(&format!("plan undo {run} -o json")).await.json();
    assert_eq!(plan["steps"].as_array().map(Vec::len), Some(2), "{plan}");
    assert_eq!(
        (plan["skipped"][0]["target"].as_str(), plan["skipped"][0]["why"].as_str()),
        (Some(b.as_str()), Some("not as the run left it: running now"))
    );
    for host in bench.lab.hosts() {
        bench.lab.twin(host).expect("a twin").forget_requests();
    }
    let undone = bench.line(&format!("run undo {run} --yes -o json")).await;
    assert_eq!(undone.code, 1, "{}", undone.err);
    assert!(undone.err.contains("somebody has started or stopped it since"), "{}", undone.err);
    assert_eq!([&a, &b, &c].map(|target| bench.state(target).unwrap_or_default()), ["running", "running", "exited"]);
    assert_eq!((bench.written("yf-web-01").len(), bench.written("tc-web-01").len()), (1, 0));
    let again = bench.ok(&format!("plan undo {run} -o json")).await.json();
    let left = again["skipped"].as_array().expect("skipped").iter();
    let why = left.filter(|row| row["target"] == a.as_str()).map(|row| row["why"].as_str().unwrap_or_default().to_owned());
    assert_eq!(why.collect::<Vec<_>>(), [format!("taken back already by run {}", undone.json()["id"].as_str().unwrap_or_default())]);
    bench.line(&format!("run undo {run} --yes")).await;
    assert_eq!(bench.written("yf-web-01").len(), 1, "never twice");
    // What took it back is a run like any other.
    let back = undone.json()["id"].as_str().expect("an id").to_owned();
    bench.ok(&format!("run undo {back} --yes")).await;
    assert_eq!(bench.state(&a).as_deref(), Some("exited"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_takes_a_run_back_and_says_what_cannot_be() {
    let bench = Bench::new().await;
    let web = bench.running("tc-web-01").remove(0);
    let restarted = bench.ok(&format!("run restart-containers {web} --stop-timeout 1 --yes")).await.out.trim().to_owned();
    let nothing = bench.line(&format!("run undo {restarted} --yes")).await;
    assert_eq!(nothing.code, 1, "{}", nothing.err);
    assert!(nothing.out.contains("a restart cannot be taken back"), "{}", nothing.out);
    bench.ok(&format!("run stop-containers {web} --stop-timeout 1 --yes")).await;
    let mut pty = console(&bench, "zh");
    pty.expect_text("4/4", SOON);
    pty.send("t");
    pty.expect_text("执行记录", SOON);
    pty.send("U");
    pty.expect("its plan", SOON, |screen| screen.contents().contains("撤销") && screen.contents().contains("/start"));
    // A held key decides nothing.
    tokio::time::sleep(Duration::from_millis(900)).await;
    pty.send("\t");
    tokio::time::sleep(Duration::from_millis(900)).await;
    pty.send("\r");
    until("it runs again", SOON, || bench.state(&web).as_deref() == Some("running")).await;
}
