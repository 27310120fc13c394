//! What flows: shells, logs, figures and events of a lab, and what faults do to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wharf::lab::trouble::{Rule, Trouble};

use crate::docker_twin::http::{At, Body, Stream};
use crate::docker_twin::lab;

const SMALL: &str = include_str!("../../../assets/worlds/small.toml");

/// Runs what blocks beside the lab.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic beside")
}

/// Sends a request and leaves the connection to its answer.
fn open(at: &At, method: &str, path: &str, more: &str, body: &str) -> Box<dyn Stream> {
    let mut stream = at.connect().expect("connected");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: e\r\n{more}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    stream
}

/// Reads until the text has been seen.
fn until(stream: &mut dyn Stream, what: &str) -> String {
    let mut seen = Vec::new();
    let mut byte = [0u8; 1];
    while !String::from_utf8_lossy(&seen).contains(what) {
        let count = stream.read(&mut byte).unwrap_or_else(|why| panic!("{why} before '{what}' in: {}", String::from_utf8_lossy(&seen)));
        assert!(count == 1, "the end before '{what}' in: {}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// The JSON lines of a chunked stream, as they come.
fn lines(stream: Box<dyn Stream>) -> impl Iterator<Item = Value> {
    BufReader::new(stream).lines().map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()).filter(Value::is_object)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_at_a_terminal_listens_and_ends_with_its_code() {
    let (_lab, at) = lab(SMALL).await;
    let place = at("yf-web-01");
    beside(move || {
        let create =
            Body::json(&json!({ "Cmd": ["/bin/sh"], "Tty": true, "AttachStdin": true, "AttachStdout": true, "AttachStderr": true }));
        let made = place.ask("POST", "/v1.41/containers/web-1/exec", Some(&create)).expect("made").json().expect("json");
        let id = made["Id"].as_str().expect("an id");
        let mut shell =
            open(&place, "POST", &format!("/v1.41/exec/{id}/start"), "Connection: Upgrade\r\nUpgrade: tcp\r\n", "{\"Tty\":true}");
        let head = until(&mut *shell, "\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 101") && head.contains("Content-Type: application/vnd.docker.raw-stream"), "{head}");
        until(&mut *shell, "/ # ");
        shell.write_all("echo 你好 $MODE\r".as_bytes()).expect("typed");
        assert!(until(&mut *shell, "/ # ").contains("\r\n你好 prod\r\n"));
        shell.write_all(b"lx\x7fs /app\r").expect("typed");
        assert!(until(&mut *shell, "/ # ").contains("config.yaml\r\nhealthz\r\n"));
        let inspect = |at: &At| at.ask("GET", &format!("/v1.41/exec/{id}/json"), None).expect("asked").json().expect("json");
        assert_eq!(inspect(&place)["Running"], true);
        shell.write_all(b"exit 3\r").expect("typed");
        let mut rest = String::new();
        shell.read_to_string(&mut rest).expect("the end");
        let done = inspect(&place);
        assert_eq!((&done["Running"], &done["ExitCode"]), (&json!(false), &json!(3)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_have_a_tail_and_go_on() {
    let (_lab, at) = lab(SMALL).await;
    let place = at("yf-web-01");
    beside(move || {
        let tail = place.ask("GET", "/containers/web-1/logs?stdout=1&stderr=1&tail=40&timestamps=1", None).expect("a log");
        let mut rest = tail.body.as_slice();
        let mut stamps = Vec::new();
        while let [stream, 0, 0, 0, size @ ..] = rest {
            assert!(matches!(stream, 1 | 2));
            let length = u32::from_be_bytes(size[..4].try_into().expect("four bytes")) as usize;
            let line = String::from_utf8(rest[8..8 + length].to_vec()).expect("text");
            assert!(line.ends_with('\n'));
            stamps.push(line.split(' ').next().expect("a stamp").to_owned());
            rest = &rest[8 + length..];
        }
        assert!(rest.is_empty() && stamps.len() == 40 && stamps.is_sorted(), "{stamps:?}");
        let mut more = open(&place, "GET", "/containers/web-1/logs?stdout=1&follow=1&tail=0", "", "");
        until(&mut *more, "HTTP/1.1\" 200");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_come_once_a_second() {
    let (_lab, at) = lab(SMALL).await;
    for (host, generation) in [("yf-web-01", 1), ("tc-web-01", 2)] {
        let place = at(host);
        beside(move || {
            let name = place
                .ask("GET", "/containers/json?limit=1&filters=%7B%22status%22%3A%5B%22running%22%5D%7D", None)
                .expect("a list")
                .json()
                .expect("json")[0]["Id"]
                .clone();
            let begun = Instant::now();
            let two: Vec<Value> =
                lines(open(&place, "GET", &format!("/containers/{}/stats", name.as_str().expect("an id")), "", "")).take(2).collect();
            assert!(begun.elapsed() >= Duration::from_millis(900));
            assert_eq!(two[0]["preread"], "0001-01-01T00:00:00Z");
            assert_eq!(two[1]["precpu_stats"], two[0]["cpu_stats"]);
            let used = |line: &Value| line["cpu_stats"]["cpu_usage"]["total_usage"].as_u64().expect("a count");
            assert!(used(&two[1]) > used(&two[0]));
            assert_eq!(two[1]["memory_stats"]["stats"].get("anon").is_some(), generation == 2);
            assert_eq!(two[1]["cpu_stats"]["cpu_usage"].get("percpu_usage").is_some(), generation == 1);
            assert!(two[1]["networks"]["eth0"]["rx_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_colleague_does_is_told_at_once_and_a_cut_line_loses_nothing() {
    let (lab, at) = lab(SMALL).await;
    let place = at("yf-web-01");
    let hand = lab.twin("yf-web-01").expect("a host");
    let stream = beside({
        let place = place.clone();
        move || {
            let mut stream = open(&place, "GET", "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D", "", "");
            until(&mut *stream, "\r\n\r\n");
            stream
        }
    })
    .await;
    let begun = Instant::now();
    hand.run_by_hand("typed", "payment/web:v41", &[]).expect("started");
    let (seen, mut stream) = beside(move || {
        let mut stream = stream;
        let seen = until(&mut *stream, "\"Action\":\"start\"");
        (seen, stream)
    })
    .await;
    assert!(seen.contains("\"Action\":\"create\"") && begun.elapsed() < Duration::from_secs(1), "{seen}");
    hand.fault(Rule::always(Trouble::Drop));
    hand.crash("typed", 1).expect("crashed");
    tokio::time::sleep(Duration::from_millis(300)).await;
    hand.heal();
    let seen = beside(move || until(&mut *stream, "\"exitCode\":\"1\"")).await;
    assert!(seen.contains("\"Action\":\"die\""), "{seen}");
    let requests = hand.requests();
    assert!(requests.iter().any(|asked| asked.path == "/events" && asked.method == "GET"), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_engine_speaks_no_newer_version() {
    let (lab, at) = lab(SMALL).await;
    lab.twin("yf-web-02").expect("a host").fault(Rule::always(Trouble::OldApi("1.24".to_owned())));
    let place = at("yf-web-02");
    beside(move || {
        assert_eq!(place.ask("GET", "/_ping", None).expect("ping").header("api-version"), Some("1.24"));
        let refused = place.ask("GET", "/v1.41/containers/json", None).expect("an answer");
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains("client version 1.41 is too new. Maximum supported API version is 1.24"));
        assert_eq!(place.ask("GET", "/v1.24/containers/json", None).expect("a list").status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attached_connection_hears_and_falls_silent_with_its_line() {
    let (lab, at) = lab(SMALL).await;
    let place = at("tc-web-01");
    let hand = lab.twin("tc-web-01").expect("a host");
    hand.run_by_hand("ticks", "tools:v1", &["sh", "-c", "while true; do echo tick; sleep 0.1; done"]).expect("started");
    let mut stream = beside(move || {
        let mut stream =
            open(&place, "POST", "/containers/ticks/attach?stream=1&stdout=1&stderr=1", "Connection: Upgrade\r\nUpgrade: tcp\r\n", "");
        let head = until(&mut *stream, "\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 101") && head.contains("vnd.docker.multiplexed-stream"), "{head}");
        until(&mut *stream, "tick\n");
        stream
    })
    .await;
    hand.fault(Rule::always(Trouble::Drop));
    // The talk is hijacked, and still its line is cut.
    let (silent, stream) = beside(move || {
        stream.set_patience(Duration::from_millis(900));
        let mut buffer = [0u8; 4096];
        let mut heard = 0;
        while let Ok(count) = stream.read(&mut buffer) {
            heard += count;
            assert!(heard < 64 * 1024, "it goes on talking");
        }
        (true, stream)
    })
    .await;
    assert!(silent);
    hand.heal();
    beside(move || {
        let mut stream = stream;
        stream.set_patience(Duration::from_secs(20));
        until(&mut *stream, "tick\n");
    })
    .await;
}
