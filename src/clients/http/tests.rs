//! The layer against a scripted server on loopback: what is sent, how often, and what comes of each answer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Ask, Auth, Credentials, Http, HttpEndpoint, Method, Redirects, Url};
use crate::clients::gate::Client;
use crate::clients::{Mode, Wire, WireOptions};
use crate::model::clock::Clock;
use crate::model::fault::{Fault, FaultKind};

// Rows of the gate: a read and a write.
const PING: &str = "/api/v2.0/ping";
const MEMBERS: &str = "/api/v2.0/projects/{project}/members";
const MEMBERS_OF_WEB: &str = "/api/v2.0/projects/web/members";

/// Answers the n-th request with the n-th script (the last one again and again) and remembers what was asked.
struct Script {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Script {
    fn serve(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = format!("http://{}", listener.local_addr().expect("address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answers) = (Arc::clone(&log), answers.clone());
                std::thread::spawn(move || talk(stream, &log, &answers));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("log").clone()
    }
}

fn talk(mut stream: TcpStream, log: &Mutex<Vec<String>>, answers: &[&'static str]) {
    let mut head = Vec::new();
    let mut byte = [0u8; 1];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let number = {
        let mut log = log.lock().expect("log");
        log.push(String::from_utf8_lossy(&head).into_owned());
        log.len() - 1
    };
    let answer = answers[number.min(answers.len() - 1)];
    if answer == "HANG" {
        std::thread::sleep(Duration::from_secs(20));
    }
    let _ = stream.write_all(answer.as_bytes());
    // What was not read would turn the close into a reset.
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

fn http(base: &str, mode: Mode, credentials: Option<Credentials>) -> Http {
    let mut options = WireOptions::new(mode, Clock::system(), std::env::temp_dir());
    options.request_timeout = Duration::from_secs(10);
    options.max_body = 1000;
    let wire = Wire::new(options).expect("wire");
    let base = Url::parse(base).expect("url");
    Http::new(&wire, HttpEndpoint { name: "yf".into(), base, ca: None, client: Client::Harbor, credentials }).expect("http")
}

fn secret() -> Credentials {
    Credentials::Basic { user: "admin".into(), password: "hunter2".to_owned().into() }
}

async fn fault_of(answer: &'static str) -> Fault {
    let far = Script::serve(vec![answer]);
    let sent = http(&far.address, Mode::Writing, None).send(Ask::get(PING, PING)).await;
    let fault = match sent {
        Ok(answer) if answer.status.is_success() => answer.json::<serde_json::Value>().expect_err("no JSON"),
        Ok(answer) => answer.into_fault(),
        Err(fault) => fault,
    };
    assert!(!fault.hint.en.is_empty() && !fault.hint.zh.is_empty() && fault.request_id.is_some(), "{fault:?}");
    fault
}

#[tokio::test]
async fn a_request_carries_prefix_query_credentials_and_id_and_no_cookie() {
    let far = Script::serve(vec!["HTTP/1.1 200 OK\r\nSet-Cookie: sid=1; Path=/\r\nContent-Length: 7\r\n\r\n{\"a\":1}"]);
    let http = http(&format!("{}/harbor/", far.address), Mode::Writing, Some(secret()));
    for _ in 0..2 {
        let answer =
            http.send(Ask::get("/api/v2.0/projects/{project}", "/api/v2.0/projects/a%252Fb").query("q", "name=~土")).await.expect("answer");
        assert_eq!(answer.json::<serde_json::Value>().expect("json")["a"], 1);
    }
    let asked = far.asked();
    assert!(asked[0].starts_with("GET /harbor/api/v2.0/projects/a%252Fb?q=name%3D%7E%E5%9C%9F HTTP/1.1\r\n"), "{}", asked[0]);
    let head = asked[1].to_ascii_lowercase();
    assert!(head.contains("authorization: basic ywrtaw46ahvudgvymg==") && head.contains("x-request-id: "), "{head}");
    assert!(!head.contains("cookie"), "{head}");
}

#[tokio::test]
async fn reads_are_tried_again_and_writes_are_not() {
    let busy = "HTTP/1.1 503 Busy\r\nConnection: close\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n";
    let far = Script::serve(vec![busy, busy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]);
    let answer = http(&far.address, Mode::Writing, None).send(Ask::get(PING, PING)).await.expect("answer");
    assert_eq!((answer.status.as_u16(), far.asked().len()), (200, 3));

    let far = Script::serve(vec![busy]);
    let answer = http(&far.address, Mode::Writing, None).send(Ask::new(Method::POST, MEMBERS, MEMBERS_OF_WEB)).await.expect("answer");
    assert_eq!((answer.status.as_u16(), far.asked().len()), (503, 1));

    let far = Script::serve(vec![busy]);
    let fault = http(&far.address, Mode::Writing, None).send(Ask::get(PING, PING)).await.expect("answer").into_fault();
    assert_eq!((fault.kind, far.asked().len()), (FaultKind::Server, 3));
}

#[tokio::test]
async fn a_long_retry_after_is_told_and_not_waited_for() {
    let far = Script::serve(vec!["HTTP/1.1 429 Slow\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"]);
    let began = Instant::now();
    let fault = http(&far.address, Mode::Writing, None).send(Ask::get(PING, PING)).await.expect("answer").into_fault();
    assert_eq!((fault.kind, fault.retry_after_ms, far.asked().len()), (FaultKind::Throttled, Some(120_000), 1));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let there = Script::serve(vec!["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nblob"]);
    let location = format!("HTTP/1.1 307 There\r\nLocation: {}/blob?sig=1\r\nContent-Length: 0\r\n\r\n", there.address);
    let location: &'static str = Box::leak(location.into_boxed_str());
    let far = Script::serve(vec![location]);
    let http = http(&far.address, Mode::Writing, Some(secret()));
    let refused = http.send(Ask::get(PING, PING)).await.expect("answer");
    assert_eq!(refused.status.as_u16(), 307);
    assert!(refused.into_fault().hint.en.contains("it points to"));
    assert!(there.asked().is_empty());
    let answer = http.send(Ask { redirects: Redirects::Follow, ..Ask::get(PING, PING) }).await.expect("answer");
    assert_eq!(&answer.body[..], b"blob");
    let asked = there.asked().join("").to_ascii_lowercase();
    assert!(asked.starts_with("get /blob?sig=1") && !asked.contains("authorization"), "{asked}");
    let post = Ask { redirects: Redirects::Follow, ..Ask::new(Method::POST, MEMBERS, MEMBERS_OF_WEB) };
    assert_eq!(http.send(post).await.expect("answer").status.as_u16(), 307, "a write is not sent elsewhere");
}

#[tokio::test]
async fn the_gate_stands_before_the_socket() {
    let far = Script::serve(vec!["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
    let http = http(&far.address, Mode::ReadOnly, None);
    let fault = http.send(Ask::new(Method::POST, MEMBERS, MEMBERS_OF_WEB)).await.expect_err("refused");
    assert_eq!(fault.kind, FaultKind::ReadOnly);
    let sly = http.send(Ask::get(MEMBERS, "/api/v2.0/projects/../members")).await.expect_err("folded");
    assert_eq!(sly.kind, FaultKind::Protocol);
    for mode in [Mode::ReadOnly, Mode::Writing] {
        for method in [Method::GET, Method::POST] {
            let unlisted = self::http(&far.address, mode, None).send(Ask::new(method, "/x", "/x")).await.expect_err("not listed");
            assert_eq!(unlisted.kind, FaultKind::Unlisted);
        }
    }
    assert!(far.asked().is_empty());
}

#[tokio::test]
async fn each_bad_answer_is_its_own_fault() {
    let html =
        fault_of("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 39\r\n\r\n<html><h1>Welcome to nginx!</h1></html>").await;
    assert!(html.kind == FaultKind::Protocol && html.cause.en.contains("Welcome to nginx!"), "{html}");
    let cut = fault_of("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":").await;
    assert!(cut.kind == FaultKind::Unreachable && cut.cause.en.contains("mid-answer"), "{cut}");
    let garbage = fault_of("SSH-2.0-OpenSSH_9.2\r\n").await;
    assert_eq!(garbage.kind, FaultKind::Protocol, "{garbage}");
    let large: &'static str = Box::leak(format!("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{}", " ".repeat(2000)).into_boxed_str());
    assert_eq!(fault_of(large).await.kind, FaultKind::TooLarge);
    let said =
        fault_of("HTTP/1.1 409 Conflict\r\nContent-Length: 52\r\n\r\n{\"errors\":[{\"code\":\"CONFLICT\",\"message\":\"in use\"}]}\n")
            .await;
    assert!(said.kind == FaultKind::Conflict && said.cause.en.contains("in use"), "{said}");
    for (line, kind) in [
        ("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", FaultKind::Unauthorized),
        ("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", FaultKind::Forbidden),
        ("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", FaultKind::NotFound),
        ("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", FaultKind::Server),
    ] {
        assert_eq!(fault_of(line).await.kind, kind, "{line}");
    }
}

#[tokio::test]
async fn a_place_where_nobody_listens_and_one_that_never_answers() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("port");
    let fault = http(&format!("http://{closed}"), Mode::Writing, None).send(Ask::get(PING, PING)).await.expect_err("refused");
    assert_eq!(fault.kind, FaultKind::Refused, "{fault}");
    let far = Script::serve(vec!["HANG"]);
    let ask = Ask { timeout: Some(Duration::from_millis(200)), auth: Auth::Anonymous, ..Ask::get(PING, PING) };
    let fault = http(&far.address, Mode::Writing, None).send(ask).await.expect_err("timeout");
    assert_eq!((fault.kind, far.asked().len()), (FaultKind::Timeout, 1), "{fault}");
}
