//! Each trouble is its own Fault, comes in time, and spoils nothing.

use std::time::{Duration, Instant};

use wharf::clients::Mode;
use wharf::clients::docker::CarriedOut;
use wharf::model::call::container::ContainerVerb;
use wharf::model::fault::{Fault, FaultKind};

use crate::docker_client::{docker, id, whole, wire};
use crate::far::{Act, Far, engine, ping};

/// What listing makes of an answer.
async fn listing(act: impl Fn() -> Act + Send + Sync + 'static) -> Fault {
    let far = Far::serve(engine("1.41", move |_| act()));
    let began = Instant::now();
    let fault = docker(&wire(Mode::ReadOnly), &far.tcp(), None).list_containers(&[]).await.expect_err("a fault");
    assert!(began.elapsed() < Duration::from_secs(4), "{fault} after {:?}", began.elapsed());
    whole(&fault);
    fault
}

fn html() -> Act {
    Act::Answer(200, vec![("Content-Type".into(), "text/html".into())], b"<html><title>Sign in</title><body>to the company portal".to_vec())
}

#[tokio::test]
async fn answers_that_are_none_are_told_apart() {
    let fault = listing(html).await;
    assert!(fault.kind == FaultKind::Protocol && fault.cause.en.contains("Sign in to the company portal"), "{fault}");
    let fault = listing(|| Act::json("[{\"a\":")).await;
    assert!(fault.kind == FaultKind::Protocol && fault.cause.en.contains("EOF"), "{fault}");
    let fault = listing(|| Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[{\"Id\":".to_vec())).await;
    assert!(fault.kind == FaultKind::Unreachable && fault.cause.en.contains("mid-answer"), "{fault}");
    let fault = listing(|| Act::Raw(b"\x00\x01garbage\xff\xff\r\n\r\n".to_vec())).await;
    assert_eq!(fault.kind, FaultKind::Protocol, "{fault}");
    let fault = listing(|| Act::Raw(Vec::new())).await;
    assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
    let fault = listing(|| Act::Answer(302, vec![("Location".into(), "https://sso.example/login".into())], Vec::new())).await;
    assert!(fault.kind == FaultKind::Protocol && fault.hint.en.contains("sso.example"), "{fault}");
    let fault = listing(|| Act::Answer(500, vec![], br#"{"message":"layer does not exist"}"#.to_vec())).await;
    assert!(fault.kind == FaultKind::Server && fault.cause.en.contains("layer does not exist"), "{fault}");
    let fault = listing(|| Act::Answer(403, vec![], br#"{"message":"authorization denied by plugin opa"}"#.to_vec())).await;
    assert!(fault.kind == FaultKind::Forbidden && fault.cause.en.contains("plugin opa"), "{fault}");
}

#[tokio::test]
async fn an_answer_without_end_and_a_head_without_end_are_cut() {
    let fault = listing(|| Act::Flood(vec![], vec![b' '; 1 << 16])).await;
    assert_eq!(fault.kind, FaultKind::TooLarge, "{fault}");
    let fault = listing(|| Act::Raw([b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'x'; 1 << 20]].concat())).await;
    assert_eq!(fault.kind, FaultKind::Protocol, "{fault}");
}

#[tokio::test]
async fn silence_ends_in_time_wherever_it_begins() {
    assert_eq!(listing(|| Act::Hang).await.kind, FaultKind::Timeout);
    let slow = || Act::Pieces(vec![], (0..50).map(|_| (Duration::from_millis(100), b" ".to_vec())).collect());
    assert_eq!(listing(slow).await.kind, FaultKind::Timeout, "a body in drops");
    let deaf = Far::serve(|_| Act::Hang);
    let fault = docker(&wire(Mode::ReadOnly), &deaf.tcp(), None).ping().await.expect_err("timeout");
    assert!(fault.kind == FaultKind::Timeout && fault.cause.en.contains("within 1.5 s"), "{fault}");
}

#[tokio::test]
async fn places_that_cannot_be_reached() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let dir = tempfile::tempdir().expect("a directory");
    let dead = dir.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).expect("a socket"));
    for (address, kind, part) in [
        (format!("tcp://{closed}"), FaultKind::Refused, "nothing listens"),
        (format!("unix://{}", dir.path().join("none.sock").display()), FaultKind::Refused, "does not exist"),
        (format!("unix://{}", dead.display()), FaultKind::Refused, "nothing listens"),
        ("tcp://no-such-host.invalid:2375".to_owned(), FaultKind::Unreachable, "not known"),
    ] {
        let fault = docker(&wire(Mode::ReadOnly), &address, None).ping().await.expect_err("unreachable");
        whole(&fault);
        assert!(fault.kind == kind && fault.cause.en.contains(part), "{fault}");
    }
    // A network that drops everything: the backlog of a listener that never accepts is full.
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    full.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("bound");
    full.listen(0).expect("listens");
    let address = full.local_addr().expect("an address").as_socket().expect("ipv4");
    let _fill: Vec<_> = (0..4).map(|_| std::net::TcpStream::connect_timeout(&address, Duration::from_millis(50))).collect();
    let fault = docker(&wire(Mode::ReadOnly), &format!("tcp://{address}"), None).ping().await.expect_err("dropped");
    whole(&fault);
    assert!(fault.kind == FaultKind::Timeout && fault.cause.en.contains("within 1.0 s"), "{fault}");
}

#[tokio::test]
async fn something_else_than_an_engine_answers_the_ping() {
    let far = Far::serve(|_| html());
    let client = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    for fault in [client.ping().await.expect_err("html"), client.list_containers(&[]).await.expect_err("html")] {
        whole(&fault);
        assert!(fault.kind == FaultKind::Protocol && fault.cause.en.contains("web page"), "{fault}");
    }
    let https = Far::serve(|_| Act::Answer(400, vec![], b"Client sent an HTTP request to an HTTPS server.\n".to_vec()));
    let fault = docker(&wire(Mode::ReadOnly), &https.tcp(), None).list_containers(&[]).await.expect_err("wants tls");
    whole(&fault);
    assert!(fault.kind == FaultKind::Tls && fault.hint.en.contains("tls"), "{fault}");
}

#[tokio::test]
async fn acts_tell_done_from_already_and_from_conflict() {
    let far = Far::serve(engine("1.41", |asked| match (asked.method.as_str(), asked.target.rsplit('/').next().unwrap_or_default()) {
        ("POST", "start") => Act::Answer(304, vec![], vec![]),
        ("POST", "kill?signal=SIGHUP%201") => Act::Answer(409, vec![], br#"{"message":"Container x is not running"}"#.to_vec()),
        ("DELETE", _) => Act::Answer(404, vec![], br#"{"message":"No such container: x"}"#.to_vec()),
        _ => Act::Answer(204, vec![], vec![]),
    }));
    let docker = docker(&wire(Mode::Writing), &far.tcp(), None);
    assert_eq!(docker.carry_out(&id(), &ContainerVerb::Start).await, Ok(CarriedOut::Already));
    assert_eq!(docker.carry_out(&id(), &ContainerVerb::Stop { timeout_s: Some(0) }).await, Ok(CarriedOut::Done));
    assert_eq!(docker.carry_out(&id(), &ContainerVerb::Restart { timeout_s: None }).await, Ok(CarriedOut::Done));
    assert_eq!(docker.carry_out(&id(), &ContainerVerb::Remove { force: true, volumes: false }).await, Ok(CarriedOut::Already));
    let fault = docker.carry_out(&id(), &ContainerVerb::Kill { signal: "SIGHUP 1".into() }).await.expect_err("conflict");
    whole(&fault);
    assert!(fault.kind == FaultKind::Conflict && fault.cause.en.contains("not running"), "{fault}");
    let lines: Vec<_> = far.lines().into_iter().map(|l| l.replace(crate::docker_client::ID, "ID")).collect();
    assert_eq!(
        lines[1..],
        [
            "POST /v1.41/containers/ID/start",
            "POST /v1.41/containers/ID/stop?t=0",
            "POST /v1.41/containers/ID/restart",
            "DELETE /v1.41/containers/ID?force=true&v=false",
            "POST /v1.41/containers/ID/kill?signal=SIGHUP%201",
        ]
    );
}

#[tokio::test]
async fn an_act_is_sent_once_however_it_ends_and_waits_as_long_as_it_must() {
    let far = Far::serve(engine("1.41", |asked| match asked.target.split('?').next().and_then(|t| t.rsplit('/').next()) {
        Some("start") => Act::Raw(Vec::new()),
        Some("kill") => Act::Hang,
        _ => Act::After(Duration::from_millis(2200), Box::new(Act::Answer(204, vec![], vec![]))),
    }));
    let docker = docker(&wire(Mode::Writing), &far.tcp(), None);
    let cut = docker.carry_out(&id(), &ContainerVerb::Start).await.expect_err("cut");
    assert_eq!(cut.kind, FaultKind::Unreachable);
    let silent = docker.carry_out(&id(), &ContainerVerb::Kill { signal: "KILL".into() }).await.expect_err("silent");
    assert_eq!(silent.kind, FaultKind::Timeout);
    let stop = docker.carry_out(&id(), &ContainerVerb::Stop { timeout_s: Some(2) }).await;
    assert_eq!(stop, Ok(CarriedOut::Done), "2.2 s is over the request timeout, and within it and the verb's own wait");
    assert_eq!(far.lines().iter().filter(|l| l.starts_with("POST")).count(), 3);
}

#[tokio::test]
async fn a_read_only_wire_sends_no_act() {
    let far = Far::serve(engine("1.41", |_| Act::json("[]")));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    for verb in [
        ContainerVerb::Start,
        ContainerVerb::Stop { timeout_s: None },
        ContainerVerb::Restart { timeout_s: None },
        ContainerVerb::Kill { signal: "KILL".into() },
        ContainerVerb::Remove { force: true, volumes: true },
    ] {
        let fault = docker.carry_out(&id(), &verb).await.expect_err("refused");
        whole(&fault);
        assert_eq!(fault.kind, FaultKind::ReadOnly);
    }
    assert_eq!(far.accepted(), 0, "not even a connection was made");
    docker.list_containers(&[]).await.expect("reads go on");
}

#[tokio::test]
async fn a_host_comes_back_by_itself() {
    let sick = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_sick = std::sync::Arc::clone(&sick);
    let far = Far::serve(move |asked| match asked.target.as_str() {
        _ if is_sick.load(std::sync::atomic::Ordering::SeqCst) => Act::Hang,
        "/_ping" => ping("1.41"),
        _ => Act::json("[]"),
    });
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    assert_eq!(docker.list_containers(&[]).await.expect_err("sick").kind, FaultKind::Timeout);
    sick.store(false, std::sync::atomic::Ordering::SeqCst);
    docker.list_containers(&[]).await.expect("well again");
}
