//! One script of requests, run against a real engine and against the twin.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::dockerd::image;
use crate::docker_twin::http::{Answer, At, Body};
use crate::docker_twin::mask::seconds;

/// Everything that one engine said.
pub(crate) struct Heard {
    /// The request in words, and its answer.
    pub(crate) answers: Vec<(String, Answer)>,
    pub(crate) events: Vec<Value>,
}

/// Runs the whole script.
pub(crate) fn run(at: &At) -> Heard {
    let mut run = Run { at: at.clone(), ids: BTreeMap::new(), answers: Vec::new() };
    run.ask("POST", "/v1.41/images/create?fromSrc=-&repo=tools&tag=v1", Some(&image()));
    let begun = seconds();
    run.facts();
    run.refusals();
    run.life();
    run.words();
    run.ends();
    let until = seconds();
    let events = at.ask("GET", &format!("/v1.41/events?since={begun}&until={until}"), None).expect("events");
    let events = events.text().lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    Heard { answers: run.answers, events }
}

struct Run {
    at: At,
    /// Names in paths, as `{web}`, and what they stand for here.
    ids: BTreeMap<&'static str, String>,
    answers: Vec<(String, Answer)>,
}

impl Run {
    fn ask(&mut self, method: &str, path: &str, body: Option<&Body>) -> Value {
        let full = self.ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
        let answer = self.at.ask(method, &full, body).unwrap_or_else(|why| panic!("{method} {path}: {why}"));
        let json = answer.json().unwrap_or_default();
        self.answers.push((format!("{}. {method} {path}", self.answers.len() + 1), answer));
        json
    }

    fn get(&mut self, path: &str) -> Value {
        self.ask("GET", &format!("/v1.41{path}"), None)
    }

    fn post(&mut self, path: &str) -> Value {
        self.ask("POST", &format!("/v1.41{path}"), None)
    }

    fn send(&mut self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/v1.41{path}"), Some(&Body::json(body)))
    }

    fn delete(&mut self, path: &str) -> Value {
        self.ask("DELETE", &format!("/v1.41{path}"), None)
    }

    fn make(&mut self, name: &'static str, body: &Value) {
        let made = self.send(&format!("/containers/create?name={name}"), body);
        self.ids.insert(name, made["Id"].as_str().expect("an id").to_owned());
    }

    fn facts(&mut self) {
        for path in [
            "/_ping",
            "/v1.41/_ping",
            "/version",
            "/info",
            "/images/json",
            "/images/tools:v1/json",
            "/images/nope/json",
            "/networks",
            "/volumes",
            "/containers/json?all=1",
            "/v1.12/containers/json",
        ] {
            self.ask("GET", path, None);
        }
        self.ask("HEAD", "/_ping", None);
    }

    fn refusals(&mut self) {
        for path in ["/v1.99/containers/json", "/v1.11/containers/json", "/v1.99/_ping", "/nosuch", "/v1.41/nosuch"] {
            self.ask("GET", path, None);
        }
        for path in [
            "/containers/nope/json",
            "/containers/nope/logs?stdout=1",
            "/containers/nope/stats?stream=false",
            "/containers/nope/top",
            "/swarm",
            "/nodes",
            "/exec/nope/json",
            "/containers/json?filters={bad",
            "/containers/json?filters=%7B%22foo%22%3A%5B%22x%22%5D%7D",
            "/containers/json?filters=%7B%22status%22%3A%5B%22x%22%5D%7D",
            "/containers/json?limit=x",
            "/events?until=1",
            "/events?since=soon",
            "/events?since=2026-11-23T04:41:52Z",
        ] {
            self.get(path);
        }
        for act in ["start", "stop", "kill", "restart", "pause", "unpause", "rename?name=other", "wait"] {
            self.post(&format!("/containers/nope/{act}"));
        }
        self.delete("/containers/nope");
        self.send("/containers/nope/exec", &json!({ "Cmd": ["x"] }));
        self.send("/exec/nope/start", &json!({ "Detach": false }));
        self.post("/exec/nope/resize?h=10&w=10");
        self.ask("PUT", "/v1.41/containers/json", None);
        self.post("/containers/json");
        self.ask("POST", "/v1.41/containers/create", Some(&Body::tar(b"{}".to_vec())));
        for broken in ["", "{bad"] {
            self.ask("POST", "/v1.41/containers/create", Some(&Body { kind: "application/json", bytes: broken.as_bytes().to_vec() }));
        }
    }

    /// One container from its creation to its removal.
    fn life(&mut self) {
        let web = json!({
            "Image": "tools:v1", "Cmd": ["/bin/sleep", "1000"], "Env": ["MODE=prod", "TOKEN=s3cret"],
            "Labels": { "app": "web", "com.example.team": "支付" },
            "HostConfig": { "NetworkMode": "host", "Memory": 67_108_864, "NanoCpus": 500_000_000, "RestartPolicy": { "Name": "on-failure", "MaximumRetryCount": 3 } },
            "Healthcheck": { "Test": ["CMD", "/bin/sleep", "0"], "Interval": 1_000_000_000, "Timeout": 1_000_000_000, "Retries": 2 },
        });
        self.make("web", &web);
        self.send("/containers/create?name=web", &web);
        self.send("/containers/create?name=we/b", &web);
        self.send("/containers/create?name=empty", &json!({ "Image": "tools:v1" }));
        self.send("/containers/create?name=none", &json!({ "Image": "nothing:v9", "Cmd": ["/bin/true"] }));
        self.seen("web");
        for act in ["stop?t=0", "kill", "pause", "unpause"] {
            self.post(&format!("/containers/{{web}}/{act}"));
        }
        self.send("/containers/{web}/exec", &json!({ "Cmd": ["x"] }));
        self.post("/containers/{web}/start");
        self.post("/containers/{web}/start");
        std::thread::sleep(Duration::from_millis(2_500));
        self.seen("web");
        self.get("/containers/json?all=1&size=1");
        for filter in [
            json!({ "label": ["app=web"] }),
            json!({ "label": { "app=web": true } }),
            json!({ "health": ["healthy"] }),
            json!({ "name": ["w.b"] }),
            json!({ "ancestor": ["tools:v1"] }),
            json!({ "status": ["exited"] }),
        ] {
            let encoded = filter.to_string().replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
            self.get(&format!("/containers/json?filters={encoded}"));
        }
        self.get("/containers/{web}/stats?stream=false");
        self.get("/containers/{web}/top?ps_args=aux");
        self.post("/containers/{web}/pause");
        self.post("/containers/{web}/pause");
        self.seen("web");
        self.send("/containers/{web}/exec", &json!({ "Cmd": ["x"] }));
        self.post("/containers/{web}/start");
        self.delete("/containers/{web}");
        self.post("/containers/{web}/unpause");
        self.post("/containers/{web}/unpause");
        self.delete("/containers/{web}");
        self.execs();
        self.post("/containers/{web}/kill?signal=FOO");
        self.post("/containers/{web}/kill?signal=SIGHUP");
        self.post("/containers/{web}/kill?signal=9");
        std::thread::sleep(Duration::from_millis(1_100));
        self.post("/containers/{web}/kill");
        self.seen("web");
        self.post("/containers/{web}/restart?t=0");
        self.post("/containers/{web}/restart?t=1");
        self.post("/containers/{web}/stop?t=1");
        self.post("/containers/{web}/stop?t=0");
        self.post("/containers/{web}/wait");
        for name in ["web-old", "x", "", "we%2Fb"] {
            self.post(&format!("/containers/{{web}}/rename?name={name}"));
        }
        self.get("/containers/{web}/logs?stdout=1&since=soon");
        self.post("/containers/{web}/stop?t=x");
        self.get("/containers/json?all=1");
        self.delete("/containers/{web}");
        self.delete("/containers/{web}");
    }

    fn execs(&mut self) {
        self.send("/containers/{web}/exec", &json!({ "Cmd": [] }));
        for (name, command, detach) in [
            ("quiet", json!(["/bin/true"]), true),
            ("loud", json!(["/bin/sh", "-c", "echo out; sleep 1; echo err >&2; exit 3"]), false),
            ("missing", json!(["/nope"]), false),
        ] {
            let made = self.send("/containers/{web}/exec", &json!({ "AttachStdout": true, "AttachStderr": true, "Cmd": command }));
            self.ids.insert(name, made["Id"].as_str().expect("an id").to_owned());
            self.send(&format!("/exec/{{{name}}}/start"), &json!({ "Detach": detach, "Tty": false }));
            std::thread::sleep(Duration::from_millis(300));
            self.get(&format!("/exec/{{{name}}}/json"));
        }
        self.send("/exec/{loud}/start", &json!({ "Detach": false, "Tty": false }));
    }

    /// What is in the list, in the details, in the figures, among the processes and in the log.
    fn seen(&mut self, name: &str) {
        self.get("/containers/json?all=1");
        self.get("/containers/json");
        for of in ["json", "stats?stream=false&one-shot=true", "top", "logs?stdout=1&stderr=1", "logs"] {
            self.get(&format!("/containers/{{{name}}}/{of}"));
        }
    }

    fn words(&mut self) {
        let talk = json!({
            "Image": "tools:v1", "HostConfig": { "NetworkMode": "none" },
            "Cmd": ["/bin/sh", "-c", "echo out1; sleep 1; echo err1 >&2; sleep 1; echo out2; exit 3"],
        });
        self.make("talk", &talk);
        self.post("/containers/{talk}/start");
        self.get("/containers/{talk}/logs?stdout=1&stderr=1&timestamps=1&follow=1");
        std::thread::sleep(Duration::from_millis(300));
        for wish in ["stdout=1&stderr=1&tail=1", "stderr=1", "stdout=1&tail=x", "stdout=1&tail=0", "stdout=1&until=1700000000"] {
            self.get(&format!("/containers/{{talk}}/logs?{wish}"));
        }
        self.seen("talk");
        self.post("/containers/{talk}/start");
        self.delete("/containers/{talk}?force=1");
        self.make("tty", &json!({ "Image": "tools:v1", "Tty": true, "Cmd": ["/bin/sh", "-c", "echo a; sleep 100"], "HostConfig": { "NetworkMode": "none" } }));
        self.post("/containers/{tty}/start");
        std::thread::sleep(Duration::from_millis(500));
        self.get("/containers/{tty}/logs?stdout=1&stderr=1&timestamps=1");
        self.delete("/containers/{tty}?force=1");
    }

    /// Containers that end otherwise than in peace.
    fn ends(&mut self) {
        let none = json!({ "NetworkMode": "none" });
        self.make("bad", &json!({ "Image": "tools:v1", "Cmd": ["/nope"], "HostConfig": none }));
        self.post("/containers/{bad}/start");
        self.seen("bad");
        self.delete("/containers/{bad}");
        self.make("loop", &json!({ "Image": "tools:v1", "Cmd": ["/bin/sh", "-c", "sleep 1; exit 1"], "HostConfig": { "NetworkMode": "none", "RestartPolicy": { "Name": "on-failure", "MaximumRetryCount": 1 } } }));
        self.post("/containers/{loop}/start");
        std::thread::sleep(Duration::from_millis(4_500));
        self.seen("loop");
        self.delete("/containers/{loop}");
        self.make(
            "once",
            &json!({ "Image": "tools:v1", "Cmd": ["/bin/sleep", "1"], "HostConfig": { "NetworkMode": "none", "AutoRemove": true } }),
        );
        self.post("/containers/{once}/start");
        std::thread::sleep(Duration::from_secs(2));
        self.get("/containers/json?all=1");
        self.post("/containers/prune");
    }
}
