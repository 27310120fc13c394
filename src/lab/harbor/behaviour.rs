//! What a console must cope with, shown by the twin: states that flip, runs that are stuck, modes that refuse, clocks that differ.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::lab::exchange::{Answer, Request};
use crate::model::clock::Stamp;

use super::{Harbor, Harbors, Image, Push, Visibility};

const PASSWORD: &str = "Harbor12345";

/// Two Harbors, the first with an event-based policy and one by hand to the second, and the time.
struct Pair {
    harbors: Harbors,
    now: Stamp,
}

impl Pair {
    fn new() -> Self {
        let now = Stamp(1_795_400_000_000);
        let mut harbors = Harbors::default();
        let mut first = Harbor::new("http://a.test", PASSWORD, now);
        first.knobs.refresh_millis = 5_000;
        first.add_project("pay", 1, Visibility::Private, -1, now);
        first.add_registry("b", "http://b.test", "admin", PASSWORD, now);
        for (name, trigger) in [("events", "event_based"), ("by-hand", "manual")] {
            let body = json!({"name": name, "dest_registry": {"id": 1}, "dest_namespace_replace_count": 1, "trigger": {"type": trigger},
                "filters": [{"type": "name", "value": "pay/**"}], "deletion": true, "override": true, "enabled": true});
            first.add_policy(&body, now).expect("a policy");
        }
        harbors.add(first);
        harbors.add(Harbor::new("http://b.test", PASSWORD, now));
        Self { harbors, now }
    }

    fn pass(&mut self, seconds: i64) {
        self.now = self.now.plus_millis(seconds * 1000);
    }

    fn push(&mut self, tag: &str) {
        self.harbors.advance(self.now);
        let layer = crate::lab::exchange::digest(tag.as_bytes());
        let image = Arc::new(Image::made(&json!({"os": "linux", "architecture": "amd64"}), &[(layer.as_str().into(), 1 << 20)]));
        let push = Push { project: "pay", repository: "web", tag: Some(tag), image, by: "admin" };
        self.harbors.harbor_mut(0).expect("a Harbor").push(&push, self.now).expect("let in");
    }

    fn ask(&mut self, at: usize, request: Request) -> Answer {
        self.harbors.answer(at, &request.with_basic("admin", PASSWORD), self.now)
    }

    fn get(&mut self, at: usize, path: &str) -> Value {
        self.ask(at, Request::new("GET", path)).value()
    }

    fn newest(&mut self) -> Value {
        self.get(0, "/api/v2.0/replication/executions?sort=-id&page_size=1")[0].clone()
    }

    fn start(&mut self) {
        let body = json!({"policy_id": 2});
        assert_eq!(self.ask(0, Request::new("POST", "/api/v2.0/replication/executions").with_json(&body)).status, 201);
    }
}

#[test]
fn a_failed_run_is_tried_again_and_its_counts_run_ahead_of_its_status() {
    let mut pair = Pair::new();
    pair.harbors.stop_storage(1, pair.now);
    pair.push("v1");
    pair.pass(42);
    let failed = pair.newest();
    assert_eq!((failed["status"].as_str(), failed["failed"].as_i64()), (Some("Failed"), Some(1)));
    pair.harbors.start_storage(1);
    let mut seen = Vec::new();
    for _ in 0..120 {
        pair.pass(1);
        let run = pair.newest();
        seen.push((run["status"].as_str().expect("a word").to_owned(), run["failed"].as_i64(), run["succeed"].as_i64()));
    }
    seen.dedup();
    assert!(seen.contains(&("InProgress".to_owned(), Some(0), Some(1))), "done, and still said to be under way: {seen:?}");
    assert_eq!(seen.last(), Some(&("Succeed".to_owned(), Some(0), Some(1))));
}

#[test]
fn an_outage_loses_the_event_and_nothing_is_caught_up() {
    let mut pair = Pair::new();
    pair.harbors.stop_core(1);
    pair.push("v1");
    pair.pass(10);
    let lost = pair.newest();
    assert_eq!((lost["status"].as_str(), lost["total"].as_i64()), (Some("Failed"), Some(0)));
    assert!(lost["status_text"].as_str().is_some_and(|text| text.contains("connection refused")));
    assert_eq!(pair.get(0, "/api/v2.0/registries/1")["status"], "healthy", "the endpoint's status lies");
    pair.harbors.start_core(1, pair.now);
    pair.pass(3600);
    assert_eq!(pair.get(1, "/api/v2.0/projects/pay")["errors"][0]["code"], "NOT_FOUND");
    pair.start();
    pair.pass(60);
    assert_eq!(pair.get(1, "/api/v2.0/projects/pay")["name"], "pay");
}

#[test]
fn an_endpoint_with_a_stale_password_turns_unhealthy_at_the_next_look() {
    let mut pair = Pair::new();
    pair.harbors.harbor_mut(1).expect("a Harbor").users[0].password = "Changed-1".into();
    pair.pass(290);
    assert_eq!(pair.get(0, "/api/v2.0/registries/1")["status"], "healthy");
    pair.pass(20);
    assert_eq!(pair.get(0, "/api/v2.0/registries/1")["status"], "unhealthy");
}

#[test]
fn a_core_that_goes_down_inside_the_flow_leaves_a_run_in_progress_without_tasks() {
    let mut pair = Pair::new();
    pair.push("v1");
    pair.pass(60);
    pair.start();
    pair.harbors.stop_core(0);
    pair.harbors.start_core(0, pair.now);
    pair.pass(86_400);
    let stuck = pair.newest();
    assert_eq!((stuck["status"].as_str(), stuck["total"].as_i64()), (Some("InProgress"), Some(0)));
    assert_eq!(pair.ask(0, Request::new("DELETE", "/api/v2.0/replication/policies/2")).status, 412, "it keeps its policy from going");
}

#[test]
fn read_only_mode_refuses_writes_and_freezes_what_was_under_way() {
    let mut pair = Pair::new();
    pair.push("v1");
    pair.pass(1);
    let set = |value: bool| Request::new("PUT", "/api/v2.0/configurations").with_json(&json!({"read_only": value}));
    assert_eq!(pair.ask(0, set(true)).status, 200);
    pair.pass(3600);
    assert_eq!(pair.newest()["status"], "InProgress");
    let refused = pair.ask(0, Request::new("POST", "/api/v2.0/projects").with_json(&json!({"project_name": "x"})));
    assert_eq!((refused.status, refused.value()["errors"][0]["code"].as_str()), (403, Some("DENIED")));
    assert_eq!(pair.ask(0, set(false)).status, 200);
    pair.pass(60);
    assert_eq!(pair.newest()["status"], "Succeed");
}

#[test]
fn a_paused_queue_holds_tasks_and_stopping_takes_them_off() {
    let mut pair = Pair::new();
    let act = |action: &str| Request::new("PUT", "/api/v2.0/jobservice/queues/REPLICATION").with_json(&json!({"action": action}));
    assert_eq!(pair.ask(0, act("pause")).status, 200);
    pair.push("v1");
    pair.pass(600);
    let held = pair.newest();
    assert_eq!((held["status"].as_str(), held["in_progress"].as_i64()), (Some("InProgress"), Some(1)));
    let id = held["id"].as_i64().expect("an id");
    assert_eq!(pair.ask(0, Request::new("PUT", &format!("/api/v2.0/replication/executions/{id}"))).value(), Value::Null);
    pair.pass(60);
    assert_eq!(pair.newest()["status"], "Stopped");
}

#[test]
fn two_masters_echo_once_and_come_to_rest() {
    let mut pair = Pair::new();
    let now = pair.now;
    let second = pair.harbors.harbor_mut(1).expect("a Harbor");
    second.add_registry("a", "http://a.test", "admin", PASSWORD, now);
    let body = json!({"name": "back", "dest_registry": {"id": 1}, "trigger": {"type": "event_based"}, "override": true, "enabled": true,
        "filters": [{"type": "name", "value": "pay/**"}]});
    second.add_policy(&body, now).expect("a policy");
    pair.push("v1");
    pair.pass(3600);
    assert_eq!(pair.ask(0, Request::new("GET", "/api/v2.0/replication/executions")).header("X-Total-Count"), Some("1"));
    assert_eq!(pair.ask(1, Request::new("GET", "/api/v2.0/replication/executions")).header("X-Total-Count"), Some("1"));
}

#[test]
fn a_clock_that_is_ahead_stamps_what_it_says() {
    let mut pair = Pair::new();
    pair.harbors.harbor_mut(0).expect("a Harbor").knobs.skew_millis = 90_000;
    let said = pair.get(0, "/api/v2.0/systeminfo")["current_time"].as_str().and_then(Stamp::parse_rfc3339).expect("a time");
    assert_eq!(said.since(pair.now), 90_000);
}

#[test]
fn an_older_version_lacks_fields_and_paths() {
    let mut pair = Pair::new();
    pair.harbors.harbor_mut(0).expect("a Harbor").knobs.version = (2, 2);
    let policy = pair.get(0, "/api/v2.0/replication/policies/1");
    assert!(policy.get("dest_namespace_replace_count").is_none() && policy.get("speed").is_none() && policy["name"] == "events");
    assert_eq!(pair.ask(0, Request::new("GET", "/api/v2.0/jobservice/queues")).status, 404);
    assert!(pair.get(0, "/api/v2.0/systeminfo")["harbor_version"].as_str().is_some_and(|version| version.starts_with("v2.2.")));
}

#[test]
fn history_is_kept_for_fifty_runs() {
    let mut pair = Pair::new();
    pair.push("v1");
    for _ in 0..60 {
        pair.pass(60);
        pair.start();
    }
    let count = pair
        .ask(0, Request::new("GET", "/api/v2.0/replication/executions?policy_id=2"))
        .header("X-Total-Count")
        .and_then(|count| count.parse::<usize>().ok());
    assert!(count.is_some_and(|count| (50..=51).contains(&count)), "{count:?}");
}
