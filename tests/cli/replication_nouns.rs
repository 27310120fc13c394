//! `wharf get policies|executions|edges|peers` over two Harbors in the recorded states says what the recordings say, and judges the
//! faults among them as their README tells.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::harbor::compare::{self, Masks};
use crate::harbor::recording::{Exchange, Row, rows};
use crate::harbor::stage::Stage;
use serde_json::Value;
use wharf::lab::harbor::Twin;
use wharf::lab::server::{Place, Server};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;

/// The two Harbors as the recordings name them, with what they are called in the config and where they knew each other.
const HARBORS: [(&str, &str, &str); 2] = [("A", "yongfeng", "http://127.0.0.1:8080"), ("B", "tucheng", "http://127.0.0.1:9080")];

/// The recorded state after a row, served on loopback, with a config over it.
struct Bench {
    server: Server,
    dir: tempfile::TempDir,
    /// Exchanges up to there.
    told: Vec<Exchange>,
}

/// How a program's call ended.
struct Said {
    code: i32,
    items: Vec<Value>,
    faults: Vec<Value>,
}

impl Bench {
    /// Performs all rows up to `last`, then lets time pass.
    fn after(last: u32, pass_ms: i64) -> Self {
        let (mut stage, mut masks, mut told) = (Stage::new(), Masks::default(), Vec::new());
        for row in rows() {
            match row {
                Row::Step { n } if n <= last => stage.step(n),
                Row::Exchange(exchange) if exchange.n <= last && exchange.instance != "manager" => {
                    let answer = stage.perform(&exchange, &masks);
                    let differences = compare::differences(&exchange, &answer, &mut masks);
                    assert!(differences.is_empty(), "{}: {differences:?}", exchange.n);
                    told.push(*exchange);
                }
                _ => {}
            }
        }
        let (harbors, now) = stage.into_parts();
        let clock = Clock::manual(now.plus_millis(pass_ms));
        let (server, harbors) = (Server::start(0, clock.clone()).expect("a port"), Arc::new(Mutex::new(harbors)));
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = String::new();
        for (at, (_, name, known_as)) in HARBORS.iter().enumerate() {
            let address = Ipv4Addr::new(127, 79, 0, u8::try_from(at + 1).expect("few"));
            let place = Place { name: (*name).into(), address, latency: Duration::ZERO, rules: Vec::new() };
            server.open(place, Arc::new(Twin::new(Arc::clone(&harbors), at, clock.clone())));
            let _ = write!(
                config,
                "[[idc]]\nname = \"{name}\"\n[[registry]]\nname = \"{name}\"\nidc = \"{name}\"\nkind = \"harbor\"\nurl = \"http://{address}:{}\"\n\
                 aliases = [\"{known_as}\"]\nuser = \"admin\"\npassword = \"env:HARBOR_PASSWORD\"\n",
                server.port()
            );
        }
        std::fs::write(dir.path().join("wharf.toml"), config).expect("a config");
        Self { server, dir, told }
    }

    async fn get(&self, noun: &str) -> Said {
        assert_ne!(self.server.port(), 0);
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.args(["get", noun, "-o", "json", "--config"]).arg(self.dir.path().join("wharf.toml"));
        command.arg("--state").arg(self.dir.path().join("state")).stdin(Stdio::null());
        command
            .env_clear()
            .env("LANG", "en_US.UTF-8")
            .env("HOME", self.dir.path())
            .env("USER", "ops")
            .env("HARBOR_PASSWORD", "Harbor12345");
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("ran").expect("started");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let document: Value = serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {out}\n{err}"));
        assert_eq!(document["noun"], noun);
        let list = |key: &str| document[key].as_array().expect("a list").clone();
        Said { code: output.status.code().expect("an end"), items: list("items"), faults: list("faults") }
    }

    async fn all(&self, noun: &str) -> Vec<Value> {
        let said = self.get(noun).await;
        assert_eq!((said.code, said.faults.len()), (0, 0), "{noun}: {:?}", said.faults);
        said.items
    }
}

fn name_of(instance: &str) -> &'static str {
    HARBORS.iter().find(|(own, _, _)| *own == instance).map(|(_, name, _)| *name).expect("A or B")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The policies that the recorded writes leave behind: what was sent last, by registry and id.
fn policies(told: &[Exchange]) -> BTreeMap<(String, i64), Value> {
    let mut left = BTreeMap::new();
    let root = "/api/v2.0/replication/policies";
    for exchange in told.iter().filter(|e| e.path.starts_with(root) && (200..300).contains(&e.status)) {
        let registry = name_of(&exchange.instance).to_owned();
        let id_in = |path: &str| path.rsplit('/').next().and_then(|id| id.parse::<i64>().ok()).expect("an id");
        match exchange.method.as_str() {
            "POST" => {
                let (_, location) = exchange.answer_headers.iter().find(|(name, _)| name == "Location").expect("where it is");
                left.insert((registry, id_in(location)), exchange.body.clone().expect("a policy"));
            }
            "PUT" => drop(left.insert((registry, id_in(&exchange.path)), exchange.body.clone().expect("a policy"))),
            "DELETE" => drop(left.remove(&(registry, id_in(&exchange.path)))),
            _ => {}
        }
    }
    left
}

/// The executions as they were last recorded, by registry and id.
fn executions(told: &[Exchange]) -> BTreeMap<(String, i64), Value> {
    let mut last = BTreeMap::new();
    for exchange in told.iter().filter(|e| e.method == "GET" && e.status == 200 && e.path.starts_with("/api/v2.0/replication/executions")) {
        let rows = match exchange.answer.as_ref() {
            Some(Value::Array(rows)) => rows.clone(),
            Some(one @ Value::Object(_)) => vec![one.clone()],
            _ => continue,
        };
        for row in rows.into_iter().filter(|row| row.get("policy_id").is_some()) {
            last.insert((name_of(&exchange.instance).to_owned(), row["id"].as_i64().expect("an id")), row);
        }
    }
    last
}

/// The registries' endpoints by their ids: names and addresses as they were last sent.
fn endpoints(told: &[Exchange]) -> BTreeMap<(String, i64), (String, String)> {
    let mut left: BTreeMap<(String, i64), (String, String)> = BTreeMap::new();
    for exchange in told.iter().filter(|e| e.status == 201 && e.method == "POST" && e.path == "/api/v2.0/registries") {
        let (_, location) = exchange.answer_headers.iter().find(|(name, _)| name == "Location").expect("where it is");
        let id = location.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
        let body = exchange.body.as_ref().expect("an endpoint");
        left.insert((name_of(&exchange.instance).to_owned(), id), (text(&body["name"]), text(&body["url"])));
    }
    left
}

fn find<'i>(items: &'i [Value], registry: &str, id: i64) -> &'i Value {
    items.iter().find(|item| item["registry"] == registry && item["id"] == id).unwrap_or_else(|| panic!("no {registry}/{id} in {items:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_and_edges_are_what_the_recorded_writes_left() {
    let bench = Bench::after(336, 0);
    let (wanted, endpoints) = (policies(&bench.told), endpoints(&bench.told));
    let items = bench.all("policies").await;
    assert_eq!(items.len(), wanted.len());
    let edges = bench.all("edges").await;
    assert_eq!(edges.len(), wanted.len());
    for ((registry, id), sent) in &wanted {
        let item = find(&items, registry, *id);
        assert_eq!(item["name"], sent["name"]);
        assert_eq!(item["trigger"], sent["trigger"]["type"]);
        assert_eq!(item["cron"], sent["trigger"]["trigger_settings"]["cron"], "{item}");
        assert_eq!(item["enabled"], sent["enabled"]);
        assert_eq!(item["deletes"].as_bool().unwrap_or_default(), sent["deletion"].as_bool().unwrap_or_default());
        assert_eq!(item["overrides"], sent["override"]);
        let filters: Vec<String> = sent["filters"].as_array().into_iter().flatten().map(|f| text(&f["type"])).collect();
        let told: Vec<String> = item["filter_list"].as_array().expect("filters").iter().map(|f| text(&f["kind"])).collect();
        assert_eq!(told, filters);
        // Which way it carries, and between whom.
        let pulls = sent["src_registry"]["id"].as_i64().filter(|id| *id > 0);
        let peer = pulls.or(sent["dest_registry"]["id"].as_i64()).expect("a peer");
        assert_eq!(item["direction"], if pulls.is_some() { "pull" } else { "push" });
        let (_, url) = &endpoints[&(registry.clone(), peer)];
        let there = HARBORS.iter().find(|(_, _, known_as)| known_as == url).map_or(url.as_str(), |(_, name, _)| name);
        let edge = edges.iter().find(|edge| edge["registry"] == *registry && edge["policy_id"] == *id).expect("its edge");
        let (from, to) = if pulls.is_some() { (there, registry.as_str()) } else { (registry.as_str(), there) };
        assert_eq!((&edge["from"], &edge["to"]), (&Value::from(from), &Value::from(to)));
        assert_eq!(edge["peer"], "up");
    }
    // A pushes search/** to B on events and B back to A: two masters.
    let both: Vec<&Value> = edges.iter().filter(|edge| edge["policy"] == "search-both").collect();
    assert!(both.len() == 2 && both.iter().all(|edge| edge["dual_master"] == true && edge["declared"] == true));
    let never = edges.iter().find(|edge| edge["policy"] == "pull-event").expect("accepted by Harbor");
    assert_eq!(never["state"], "never_fires");
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_are_told_as_recorded_with_what_they_settled_to() {
    let bench = Bench::after(336, 200_000);
    let (left, wanted) = (policies(&bench.told), executions(&bench.told));
    let items = bench.all("executions").await;
    let mut compared = 0;
    for ((registry, id), row) in &wanted {
        if !left.contains_key(&(registry.clone(), row["policy_id"].as_i64().expect("a policy"))) || row["status"] == "InProgress" {
            continue;
        }
        let item = find(&items, registry, *id);
        assert_eq!((&item["claim"], &item["total"]), (&row["status"], &row["total"]), "{registry}/{id}");
        for count in ["succeed", "failed", "in_progress", "stopped", "trigger", "policy_id"] {
            assert_eq!(item[count], row[count], "{registry}/{id} {count}");
        }
        assert_eq!(text(&item["status_text"]), text(&row["status_text"]));
        assert_eq!(item["policy"], left[&(registry.clone(), row["policy_id"].as_i64().expect("a policy"))]["name"]);
        // What the recorded words and counts come to, by plain rules.
        let words = text(&row["status_text"]);
        let counted = |key: &str| row[key].as_i64().expect("a count");
        let state = match (row["status"].as_str(), counted("total")) {
            (Some("Failed"), 0) if words.contains("connection refused") => "lost",
            (Some("Succeed"), 0) if words.contains("no resources") => "nothing_to_do",
            (Some("Succeed" | "Stopped"), n) if n > 0 && counted("succeed") == n => "succeeded",
            (Some("Stopped"), _) => "stopped",
            other => panic!("{registry}/{id}: {other:?} {words}"),
        };
        assert_eq!(item["state"], state, "{registry}/{id}");
        assert_eq!(item["cause"], if state == "lost" { Value::from("refused") } else { Value::Null });
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} were compared");
}

/// A moment of the recordings: an execution of A after a row and some time, what it is then and why, and what Harbor says of it.
struct Moment {
    row: u32,
    pass_ms: i64,
    id: i64,
    state: &'static str,
    cause: Option<&'static str>,
    claim: &'static str,
}

const fn moment(row: u32, id: i64, state: &'static str, claim: &'static str) -> Moment {
    Moment { row, pass_ms: 0, id, state, cause: None, claim }
}

const JUDGED: [Moment; 8] = [
    // jobservice: the queue was paused before it was started.
    Moment { cause: Some("queue_paused"), ..moment(281, 10, "stuck", "InProgress") },
    // faults_peer_dies_midway: Failed, Failed with a task that runs again, InProgress, Succeed.
    moment(319, 13, "retrying", "Failed"),
    moment(322, 13, "retrying", "Failed"),
    moment(324, 13, "running", "InProgress"),
    moment(328, 13, "succeeded", "Succeed"),
    // faults_conflicts: another digest at the target with override off is called a success; immutable is tried three times.
    moment(343, 16, "succeeded", "Succeed"),
    Moment { cause: Some("immutable"), ..moment(349, 17, "retrying", "Failed") },
    Moment { cause: Some("immutable"), pass_ms: 300_000, ..moment(349, 17, "failed", "Failed") },
];

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_judged_as_they_came_and_not_repeated() {
    for Moment { row, pass_ms, id, state, cause, claim } in JUDGED {
        let bench = Bench::after(row, pass_ms);
        let said = bench.get("executions").await;
        let item = find(&said.items, "yongfeng", id);
        assert_eq!((text(&item["state"]).as_str(), text(&item["claim"]).as_str()), (state, claim), "after {row}: {item}");
        if let Some(cause) = cause {
            assert_eq!(item["cause"], cause, "after {row}: {item}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_peer_is_seen_by_our_own_ping_while_harbor_calls_it_healthy() {
    let bench = Bench::after(305, 0);
    let edges = bench.get("edges").await;
    // B itself does not answer: A's rows are there, and the exit says that not all are.
    assert_eq!(edges.code, 1);
    assert_eq!(edges.faults.iter().map(|fault| text(&fault["endpoint"])).collect::<Vec<_>>(), ["tucheng"]);
    let event = edges.items.iter().find(|edge| edge["registry"] == "yongfeng" && edge["policy"] == "search-both").expect("the edge");
    assert_eq!((&event["state"], &event["peer"], &event["claim"]), (&"peer_down".into(), &"claimed_up_is_down".into(), &"healthy".into()));
    assert_eq!((&event["lost"], &event["cause"]), (&1.into(), &"refused".into()));
    let peers = bench.get("peers").await;
    let tucheng = peers.items.iter().find(|peer| peer["registry"] == "yongfeng" && peer["name"] == "tucheng").expect("the endpoint");
    assert_eq!((&tucheng["known_as"], &tucheng["claim"]), (&"tucheng".into(), &"healthy".into()));
    // It comes back, and what was lost stays lost.
    let bench = Bench::after(309, 0);
    let edges = bench.all("edges").await;
    let event = edges.iter().find(|edge| edge["registry"] == "yongfeng" && edge["policy"] == "search-both").expect("the edge");
    assert_eq!((&event["peer"], &event["lost"]), (&"up".into(), &1.into()));
    assert_eq!(event["state"], "failing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_policy_does_not_hide_how_the_others_do() {
    // 永丰 of the default world has four policies with a hundred runs; Harbor tells the newest fifty of all.
    let lab = Lab::start(World::load("default").expect("a world"), LabOptions::default()).await.expect("a lab");
    let yongfeng = lab.registry("yongfeng").expect("a registry");
    let dir = tempfile::tempdir().expect("a folder");
    let config = format!(
        "[[idc]]\nname = \"yf\"\n[[registry]]\nname = \"yongfeng\"\nidc = \"yf\"\nkind = \"harbor\"\nurl = \"{}\"\nuser = \"{}\"\n\
         password = \"env:HARBOR_PASSWORD\"\n",
        yongfeng.url, yongfeng.user
    );
    std::fs::write(dir.path().join("wharf.toml"), config).expect("a config");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
    command
        .args(["get", "edges", "-o", "json", "--config"])
        .arg(dir.path().join("wharf.toml"))
        .arg("--state")
        .arg(dir.path().join("state"));
    command.stdin(Stdio::null()).env_clear().env("HOME", dir.path()).env("USER", "ops").env("HARBOR_PASSWORD", &yongfeng.password);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("ran").expect("started");
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    let edges = document["items"].as_array().expect("edges");
    assert_eq!(edges.len(), 4);
    for edge in edges.iter().filter(|edge| edge["enabled"] == true) {
        assert!(edge["state"] != "unread" && edge["last_run"].is_string(), "{edge}");
    }
}
