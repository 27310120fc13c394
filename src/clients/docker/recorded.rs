//! The 42 exchanges of a running engine of API 1.56, each asked for by this client over a real socket and read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use hyper::Method;
use serde_json::Value;

use super::engine::Question;
use super::pool::Use;
use super::{CarriedOut, Docker, DockerEndpoint, LogAsk};
use crate::clients::gate::{Client, Gate, fits};
use crate::clients::{Mode, Wire, WireOptions};
use crate::model::call::container::ContainerVerb;
use crate::model::clock::{Clock, Stamp};
use crate::model::endpoint::Address;
use crate::model::fault::{Fault, FaultKind};
use crate::model::host::{ContainerId, ContainerState, Health};

#[path = "../../../tests/common/far.rs"]
mod far;

use far::{Act, Far};

const ID: &str = "663eca101ba773455d1046f9ee5d23605d421eb15ffdb0ddebf59f80f340ee19";

/// One exchange of the recording.
#[derive(Clone, Debug)]
struct Exchange {
    note: String,
    method: String,
    path: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn recording() -> Vec<Exchange> {
    let text = include_str!("../../../tests/data/docker/engine-1.56.json");
    let json: Value = serde_json::from_str(text).expect("the recording");
    let text_of = |value: &Value| value.as_str().expect("a string").to_owned();
    let read = |exchange: &Value| {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let events = request["path"].as_str().is_some_and(|p| p.contains("/events"));
        let body = match &response["body"] {
            Value::Null => Vec::new(),
            Value::String(text) if response["text"] == true => text.clone().into_bytes(),
            Value::Array(lines) if events => lines.iter().flat_map(|l| format!("{l}\n").into_bytes()).collect(),
            json => json.to_string().into_bytes(),
        };
        let headers = response["headers"].as_array().map(|list| list.iter().map(|h| (text_of(&h[0]), text_of(&h[1]))).collect::<Vec<_>>());
        Exchange {
            note: text_of(&exchange["note"]),
            method: text_of(&request["method"]),
            path: text_of(&request["path"]),
            status: u16::try_from(response["status"].as_u64().expect("a status")).expect("a status"),
            // The server of this test says itself how its body is framed.
            headers: headers.unwrap_or_default().into_iter().filter(|(name, _)| name != "Transfer-Encoding").collect(),
            body,
        }
    };
    json["exchanges"].as_array().expect("a list").iter().map(read).collect()
}

/// An engine that answers the next request with the exchange that the test has put up, and pings as the recorded one.
struct Playback {
    docker: Docker,
    far: Far,
    next: Arc<Mutex<Option<Exchange>>>,
}

impl Playback {
    fn new(recorded: &[Exchange]) -> Self {
        let unversioned: BTreeMap<String, Exchange> = recorded.iter().take(2).map(|e| (e.path.clone(), e.clone())).collect();
        let info = recorded.iter().find(|e| e.note == "info").expect("info").clone();
        let next: Arc<Mutex<Option<Exchange>>> = Arc::default();
        let up = Arc::clone(&next);
        let far = Far::serve(move |asked| {
            let exchange = match unversioned.get(&asked.target) {
                Some(exchange) => exchange.clone(),
                None if asked.target == info.path => info.clone(),
                None => up.lock().expect("next").clone().expect("something was put up"),
            };
            assert_eq!(asked.method, exchange.method, "{}", exchange.note);
            Act::Answer(exchange.status, exchange.headers, exchange.body)
        });
        let wire =
            Wire::new(WireOptions::new(Mode::Writing, Clock::manual(Stamp(1_795_404_745_000)), "/tmp/wharf-none".into())).expect("wire");
        let address = Address::parse(&far.tcp()).expect("address");
        let docker =
            Docker::new(&wire, DockerEndpoint { name: "new".into(), address, tls: None, ssh_arguments: [].into() }).expect("client");
        Self { docker, far, next }
    }

    fn put(&self, exchange: &Exchange) {
        *self.next.lock().expect("next") = Some(exchange.clone());
    }

    fn last(&self) -> String {
        self.far.lines().pop().unwrap_or_default()
    }

    /// Sends the recorded request through the same code as every other. One that this client never makes, and that the
    /// gate therefore has no row for, is answered to a request that it does make: what is read is the same.
    async fn raw(&self, exchange: &Exchange) -> Result<Value, Fault> {
        let engine = &self.docker.0;
        let (path, query) = exchange.path.split_once('?').map_or((exchange.path.as_str(), String::new()), |(p, q)| (p, format!("?{q}")));
        let unversioned = matches!(path, "/_ping" | "/version");
        let path = if unversioned { path } else { path.split_at(path.match_indices('/').nth(1).expect("a version").0).1 };
        let mut listed = Gate::rows().filter(|row| row.client == Client::Docker && row.method == exchange.method);
        let row = listed.find(|row| fits(row.template, path)).map(|row| (row.template, path));
        let (template, path) = row.unwrap_or(match &*exchange.method {
            "GET" => ("/containers/{id}/json", "/containers/nope/json"),
            _ => ("/containers/{id}/start", "/containers/nope/start"),
        });
        let question = Question {
            method: exchange.method.parse::<Method>().expect("a method"),
            template,
            path: path.to_owned(),
            query,
            wanted: if exchange.method == "GET" { Use::Question } else { Use::Act },
            timeout: std::time::Duration::from_secs(5),
            versioned: !unversioned,
        };
        let reply = engine.ask(&question).await?;
        assert_eq!(reply.body.as_ref(), exchange.body.as_slice(), "{}", exchange.note);
        engine.good(&reply)?;
        if reply.body.is_empty() || exchange.note == "unversioned ping" { Ok(Value::Null) } else { engine.json(&reply) }
    }
}

#[tokio::test]
async fn all_forty_two_are_read() {
    let recorded = recording();
    assert_eq!(recorded.len(), 42);
    let play = Playback::new(&recorded);
    for exchange in &recorded {
        play.put(exchange);
        if exchange.note.starts_with("events") {
            continue; // One JSON a line: read as a stream below.
        }
        match (exchange.status, play.raw(exchange).await) {
            (200..=299, Ok(_)) => {}
            (status @ 300.., Err(fault)) => {
                let kind = match status {
                    304 => FaultKind::Protocol,
                    400 => FaultKind::Version,
                    404 => FaultKind::NotFound,
                    409 => FaultKind::Conflict,
                    _ => FaultKind::Server,
                };
                assert_eq!(fault.kind, kind, "{}: {fault}", exchange.note);
                let said = serde_json::from_slice::<Value>(&exchange.body).ok().and_then(|b| b["message"].as_str().map(str::to_owned));
                let first = said.unwrap_or_default().split(' ').next().unwrap_or_default().to_owned();
                assert!(fault.cause.en.contains(&first), "{}: the engine's own words are told: {fault}", exchange.note);
            }
            (status, other) => panic!("{}: {status} gave {other:?}", exchange.note),
        }
    }
}

#[tokio::test]
async fn what_the_client_asks_gives_what_was_recorded() {
    let recorded = recording();
    let play = Playback::new(&recorded);
    let find = |note: &str| recorded.iter().find(|e| e.note == note).expect("an exchange");
    let id = ContainerId::parse(ID).expect("id");
    let docker = &play.docker;

    let facts = docker.fetch_host().await.expect("facts");
    assert_eq!((facts.engine.as_deref(), facts.api.as_deref(), facts.cores), (Some("29.9.0-dev"), Some("1.56"), Some(2)));
    assert_eq!((facts.memory, facts.images, facts.hostname.as_deref()), (Some(25_276_510_208), Some(1), Some("vm")));
    assert_eq!((facts.os.as_deref(), facts.swarm.as_deref()), (Some("Debian GNU/Linux 12 (bookworm)"), Some("inactive")));

    play.put(find("no containers"));
    assert_eq!(docker.list_containers(&[]).await.expect("none"), []);
    for (note, state, health, since) in [
        ("list", ContainerState::Running, Some(Health::Healthy), 742_000),
        ("list with size", ContainerState::Running, Some(Health::Healthy), 742_000),
        ("list, paused", ContainerState::Paused, Some(Health::Unhealthy), 741_000),
        ("list after the kill", ContainerState::Exited(Some(137)), None, 744_000),
    ] {
        play.put(find(note));
        let list = docker.list_containers(&[]).await.expect(note);
        let row = &list[0];
        assert_eq!((row.id, &*row.name, &*row.image, &row.state, row.health), (id, "web-1", "tools:v1", &state, health), "{note}");
        assert_eq!((row.created, row.since), (Stamp(1_795_404_738_000), Some(Stamp(1_795_404_000_000 + since))), "{note}");
        assert_eq!(row.labels.get("com.example.team").map(|v| &**v), Some("支付"), "{note}");
    }
    play.put(find("filtered"));
    assert_eq!(docker.list_containers(&[id]).await.expect("one").len(), 1);
    assert_eq!(play.last(), format!("GET /v1.56/containers/json?all=1&filters=%7B%22id%22%3A%5B%22{ID}%22%5D%7D"));

    play.put(find("inspect"));
    let up = docker.inspect_container(&id).await.expect("inspected");
    assert_eq!((up.running, up.exit_code, up.observed.state.as_deref(), up.observed.restarts), (true, None, Some("running"), Some(0)));
    assert_eq!(up.observed.started_at.as_deref(), Some("2026-11-23T03:32:18.083580479Z"));
    play.put(find("inspect after the kill"));
    let down = docker.inspect_container(&id).await.expect("inspected");
    assert_eq!((down.running, down.exit_code, down.observed.state.as_deref()), (false, Some(137), Some("exited")));
    play.put(find("inspect, none"));
    assert_eq!(docker.inspect_container(&id).await.expect_err("none").kind, FaultKind::NotFound);

    play.put(find("stats, one shot"));
    let stats = docker.fetch_stats(&id).await.expect("stats");
    assert_eq!((stats.cpu_total_ns, stats.system_ns, stats.online_cpus), (63_128_261, Some(12_002_140_000_000), 2));
    assert_eq!((stats.memory, stats.memory_limit, stats.rx_bytes, stats.at), (446_464, 67_108_864, None, Stamp(1_795_404_741_189)));

    let kill = || ContainerVerb::Kill { signal: "KILL".into() };
    let remove = || ContainerVerb::Remove { force: false, volumes: false };
    for (note, verb, wanted) in [
        ("start", ContainerVerb::Start, Ok(CarriedOut::Done)),
        ("start again: 304", ContainerVerb::Start, Ok(CarriedOut::Already)),
        ("remove a running one: 409", remove(), Err(FaultKind::Conflict)),
        ("kill", kill(), Ok(CarriedOut::Done)),
        ("kill one that is not running: 409", kill(), Err(FaultKind::Conflict)),
        ("restart", ContainerVerb::Restart { timeout_s: Some(0) }, Ok(CarriedOut::Done)),
        ("stop", ContainerVerb::Stop { timeout_s: Some(0) }, Ok(CarriedOut::Done)),
        ("stop again: 304", ContainerVerb::Stop { timeout_s: Some(0) }, Ok(CarriedOut::Already)),
        ("remove", remove(), Ok(CarriedOut::Done)),
        ("remove again: 404", remove(), Ok(CarriedOut::Already)),
    ] {
        let exchange = find(note);
        play.put(exchange);
        assert_eq!(docker.carry_out(&id, &verb).await.map_err(|f| f.kind), wanted, "{note}");
        let path = exchange.path.split('?').next().unwrap_or_default();
        assert!(play.last().starts_with(&format!("{} {path}", exchange.method)), "{note}: {}", play.last());
    }

    play.put(find("logs of one without output"));
    let mut log = docker.follow_logs(&id, LogAsk { tail: Some(5), ..LogAsk::default() }).await.expect("a log");
    assert!(log.next().await.is_none());

    let events = recorded.iter().find(|e| e.note.starts_with("events")).expect("events");
    play.put(events);
    let mut stream = docker.watch_events(None).await.expect("events");
    let mut seen = Vec::new();
    while let Some(event) = stream.next().await {
        let event = event.expect("an event");
        assert_eq!(event.id, Some(id));
        seen.push((event.action.to_string(), event.exit_code));
    }
    let words: Vec<&str> = seen.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(words[..3], ["create", "start", "health_status: healthy"]);
    assert!(words.contains(&"pause") && words.contains(&"destroy") && !words.iter().any(|w| w.starts_with("exec")), "{words:?}");
    assert!(seen.contains(&("die".to_owned(), Some(137))), "{seen:?}");
}
