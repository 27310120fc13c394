//! The command line as scripts use it: the real binary over the lab's twins. Verbs do what they say on the far end,
//! one document stands on standard output, errors on standard error, and the exit code tells which it was.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use wharf::lab::trouble::{Rule, Trouble};
use wharf::lab::{Lab, LabOptions, World};

struct Bench {
    lab: Lab,
    dir: tempfile::TempDir,
}

/// What a run of the program came to.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code().expect("ended by itself"), out: text(output.stdout), err: text(output.stderr) }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: not one document: {}\n{}", self.out, self.err))
    }
}

impl Bench {
    async fn new() -> Self {
        let lab = Lab::start(World::load("small").expect("world"), LabOptions::default()).await.expect("lab");
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("wharf.toml"), lab.config_toml()).expect("a config");
        Self { lab, dir }
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("wharf.toml")
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.args(words.split_whitespace());
        command.arg("--config").arg(self.config()).arg("--state").arg(self.dir.path().join("state"));
        command.env_clear().env("LANG", "en_US.UTF-8").env("HOME", self.dir.path()).env("USER", "ops");
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program; the far end lives on the other threads of this runtime meanwhile.
    async fn say(&self, words: &str) -> Said {
        let mut command = self.command(words);
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("ran").expect("started");
        Said::of(output)
    }

    async fn ok(&self, words: &str) -> Said {
        let said = self.say(words).await;
        assert_eq!(said.code, 0, "{words}: {}", said.err);
        said
    }

    fn state(&self, target: &str) -> Option<String> {
        let (host, name) = target.split_once('/').expect("host/name");
        self.lab.twin(host).expect("a twin").container(name).map(|glance| glance.state.to_owned())
    }
}

fn names(document: &Value, field: &str) -> Vec<String> {
    let items = document["items"].as_array().expect("items");
    let mut names: Vec<String> = items.iter().map(|item| item[field].as_str().unwrap_or("null").to_owned()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_does_what_it_says_over_several_hosts() {
    let bench = Bench::new().await;
    let list = bench.ok("get containers -o json -f service:web").await.json();
    let web: Vec<(String, String)> = list["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|i| (i["host"].as_str().expect("host").to_owned(), i["name"].as_str().expect("name").to_owned()))
        .collect();
    assert_eq!(web.len(), 12);
    let on = |host: &str| web.iter().find(|(h, _)| h == host).map(|(h, n)| format!("{h}/{n}")).expect("one on each host");
    let (a, b, c) = (on("yf-web-01"), on("yf-web-02"), on("tc-web-01"));
    let three = format!("{a} {b} {c}");

    let planned = bench.ok(&format!("plan stop-containers {three} --stop-timeout 1 -o json")).await.json();
    assert_eq!(planned["steps"].as_array().map(Vec::len), Some(3));
    assert!([&a, &b, &c].iter().all(|target| bench.state(target).as_deref() == Some("running")), "a plan changes nothing");

    bench.ok(&format!("run stop-containers {three} --stop-timeout 1 --yes")).await;
    assert!([&a, &b, &c].iter().all(|target| bench.state(target).as_deref() == Some("exited")));
    let again = bench.ok(&format!("plan stop-containers {three} -o json")).await.json();
    assert_eq!((again["steps"].as_array().map(Vec::len), again["skipped"].as_array().map(Vec::len)), (Some(0), Some(3)));

    let started = bench.ok(&format!("run --yes -o json start-containers {three}")).await.json();
    assert_eq!(started["state"], "done");
    assert!([&a, &b, &c].iter().all(|target| bench.state(target).as_deref() == Some("running")));

    let twin = bench.lab.twin("yf-web-01").expect("a twin");
    twin.forget_requests();
    bench.ok("run restart-containers --service web --host yf-web-01 --stop-timeout 1 --yes").await;
    let restarts = twin.requests().into_iter().filter(|r| r.method == "POST" && r.path.ends_with("/restart") && r.query == "t=1");
    assert_eq!(restarts.count(), 3);

    bench.ok(&format!("run kill-containers {a} --signal KILL --yes")).await;
    bench.ok(&format!("run remove-containers {b} --force --yes")).await;
    assert_eq!(bench.state(&b), None);
    let refused = bench.ok(&format!("plan remove-containers {c} -o json")).await.json();
    assert_eq!(refused["skipped"][0]["why"], "running; --force removes it too");

    let tasks = bench.ok("get tasks -o json").await.json();
    assert!(names(&tasks, "operation").iter().all(|name| name.ends_with("-containers")));
    assert_eq!(names(&tasks, "state"), vec!["done"; 5]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_what_the_far_end_has() {
    let bench = Bench::new().await;
    let document = bench.ok("get containers -o json").await.json();
    for host in bench.lab.hosts() {
        let twin = bench.lab.twin(host).expect("a twin");
        for glance in twin.containers() {
            let item = document["items"]
                .as_array()
                .and_then(|all| all.iter().find(|item| item["id"] == glance.id.as_str()))
                .expect("every container is a row");
            assert_eq!((item["name"].as_str(), item["state"].as_str()), (Some(glance.name.as_str()), Some(glance.state)));
            assert_eq!((item["host"].as_str(), &item["stale"]), (Some(&**host), &Value::Bool(false)));
        }
    }
    assert_eq!(document["items"].as_array().map(Vec::len), Some(14));
    assert_eq!(names(&bench.ok("get hosts -o json -s -name").await.json(), "engine").len(), 4);
    let hosts = bench.ok("get hosts -o json -f idc:土城").await.json();
    assert_eq!(names(&hosts, "name"), ["tc-web-01", "tc-web-02"]);
    assert!(
        hosts["items"]
            .as_array()
            .expect("items")
            .iter()
            .all(|i| i["cost_per_hour"] == "0.42" && i["currency"] == "CNY" && i["cores"] == 12)
    );
    let table = bench.ok("get containers -f !exited").await;
    assert!(table.out.lines().next().is_some_and(|head| head.contains("CONTAINER")) && !table.out.contains('\u{1b}'), "{}", table.out);
    let measured = bench.ok("get containers -o json -f host:yf-web-01 --figures").await.json();
    let running = measured["items"].as_array().expect("items").iter().filter(|i| i["state"] == "running");
    assert!(running.clone().count() > 0 && running.clone().all(|i| i["cpu"].is_number() && i["mem"].is_u64()), "{measured}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_codes_tell_what_became_of_it() {
    let bench = Bench::new().await;
    for (words, code, said) in [
        ("get planets", 64, "possible values"),
        ("get hosts -f /(/", 64, "unclosed group"),
        ("get hosts -s colour", 64, "no column 'colour'"),
        ("plan stop-containers yf-web-01/nobody", 64, "there is no 'nobody'"),
        ("run stop-containers --service web", 64, "add --yes"),
        ("run stop-containers --service web --yes --read-only", 3, "read-only"),
        ("run resume 1234", 2, "1234"),
        ("get hosts --config /nowhere/wharf.toml", 78, "there is no config"),
    ] {
        let said_now = if words.contains("--config") {
            Said::of(
                Command::new(env!("CARGO_BIN_EXE_wharf"))
                    .args(words.split_whitespace())
                    .env_clear()
                    .env("HOME", bench.dir.path())
                    .output()
                    .expect("started"),
            )
        } else {
            bench.say(words).await
        };
        assert_eq!((said_now.code, said_now.out.as_str()), (code, ""), "{words}: {}", said_now.err);
        assert!(said_now.err.contains(said), "{words}: {}", said_now.err);
    }
    bench.lab.twin("tc-web-01").expect("a twin").fault(Rule::always(Trouble::Refuse));
    let some = bench.say("get hosts -o json --timeout 2s").await;
    assert_eq!((some.code, some.err.as_str()), (1, ""));
    let document = some.json();
    assert_eq!((&document["faults"][0]["endpoint"], document["faults"].as_array().map(Vec::len)), (&Value::from("tc-web-01"), Some(1)));
    let lost = document["items"].as_array().and_then(|all| all.iter().find(|i| i["name"] == "tc-web-01")).expect("still a row");
    assert_eq!((&lost["stale"], &lost["containers"], &lost["age_s"]), (&Value::Bool(true), &Value::Null, &Value::Null));
    let table = bench.say("get hosts --timeout 2s").await;
    assert!(table.code == 1 && table.err.contains("tc-web-01"), "{}", table.err);
    let undecided = bench.say("run stop-containers --all-on tc-web-01 --yes --stop-timeout 1").await;
    assert_eq!(undecided.code, 1, "{}", undecided.err);
    for host in bench.lab.hosts() {
        bench.lab.twin(host).expect("a twin").fault(Rule::always(Trouble::Refuse));
    }
    assert_eq!(bench.say("get hosts --timeout 2s").await.code, 2);
    assert_eq!(bench.ok("get classes --timeout 2s").await.err, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_step_is_told_and_the_others_are_done() {
    let bench = Bench::new().await;
    let twin = bench.lab.twin("yf-web-02").expect("a twin");
    let broken = twin.containers().into_iter().find(|glance| glance.state == "running").expect("a running one");
    twin.fault(Rule::always(Trouble::Status(500)).on(&format!("/containers/{}/stop", broken.id)));
    let said = bench.say("run stop-containers --service web --idc yongfeng --stop-timeout 1 --yes -o json").await;
    assert_eq!(said.code, 1, "{}", said.err);
    let document = said.json();
    assert_eq!(document["state"], "partial");
    let steps = document["steps"].as_array().expect("steps");
    let failed: Vec<&Value> = steps.iter().filter(|step| step["ending"]["failed"].is_object()).collect();
    assert_eq!((steps.len(), failed.len()), (6, 1), "{document}");
    assert_eq!(failed[0]["target"], format!("yf-web-02/{}", broken.name));
    assert_eq!(bench.state(&format!("yf-web-02/{}", broken.name)).as_deref(), Some("running"));
    assert_eq!(twin.containers().iter().filter(|g| g.state == "running").count(), 1);
    assert!(said.err.contains("failed: "), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::new().await;
    let mut command = bench.command("get containers -o json");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("started");
    drop(child.stdout.take());
    let code = tokio::task::spawn_blocking(move || {
        let mut err = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut err).expect("read");
        (child.wait().expect("ended").code(), err)
    })
    .await
    .expect("ran");
    assert_eq!(code, (Some(0), String::new()));
}
