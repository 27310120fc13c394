//! Events and logs as they arrive, however they arrive.

use std::time::Duration;

use wharf::clients::Mode;
use wharf::clients::docker::{LogAsk, LogSource, MOST_LINE};
use wharf::model::clock::Stamp;
use wharf::model::fault::FaultKind;

use crate::docker_client::{ID, docker, id, wire};
use crate::far::{Act, Far, engine};
use crate::own_process::alone;

fn event(action: &str, nano: i64) -> String {
    format!(
        "{{\"Type\":\"container\",\"Action\":\"{action}\",\"Actor\":{{\"ID\":\"{ID}\",\"Attributes\":{{\"exitCode\":\"3\"}}}},\"timeNano\":{nano}}}\n"
    )
}

fn pieces(text: &str, size: usize) -> Vec<(Duration, Vec<u8>)> {
    text.as_bytes().chunks(size).map(|c| (Duration::from_millis(1), c.to_vec())).collect()
}

#[tokio::test]
async fn events_come_whole_though_they_arrive_in_pieces() {
    let all = format!("{}{}{}\n", event("die", 5_000_000_001), event("exec_start: x", 6), event("start", 7_000_000_000));
    let far = Far::serve(engine("1.41", move |_| Act::Pieces(vec![], pieces(&all, 37))));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    let mut events = docker.watch_events(Some(Stamp(4_200))).await.expect("a stream");
    let die = events.next().await.expect("an event").expect("read");
    assert_eq!((die.id, &*die.action, die.exit_code, die.at, die.time_nano), (Some(id()), "die", Some(3), Stamp(5000), 5_000_000_001));
    assert_eq!(&*events.next().await.expect("an event").expect("read").action, "start");
    assert!(events.next().await.is_none(), "the engine ended it");
    let line = far.lines()[1].clone();
    assert!(line.starts_with("GET /v1.41/events?filters=%7B%22") && line.ends_with("&since=4.200000000"), "{line}");
}

#[tokio::test]
async fn an_event_stream_may_be_silent_for_longer_than_a_question_may() {
    let far = Far::serve(engine("1.41", |_| Act::Pieces(vec![], vec![(Duration::from_millis(1900), event("start", 1).into_bytes())])));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    let mut events = docker.watch_events(None).await.expect("a stream");
    assert!(events.next().await.expect("an event").is_ok());
}

#[tokio::test]
async fn an_endless_event_is_skipped_and_says_ask_again() {
    let long = format!("{{\"x\":\"{}\"}}\n{}", "y".repeat(3 << 20), event("start", 1));
    let far = Far::serve(engine("1.41", move |_| Act::Pieces(vec![], vec![(Duration::ZERO, long.clone().into_bytes())])));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    let mut events = docker.watch_events(None).await.expect("a stream");
    assert_eq!(events.next().await.expect("an event").expect("read").id, None);
    assert_eq!(&*events.next().await.expect("an event").expect("read").action, "start");
}

#[tokio::test]
async fn garbage_and_a_cut_end_an_event_stream_with_a_fault() {
    let far = Far::serve(engine("1.41", |_| Act::Pieces(vec![], vec![(Duration::ZERO, b"<html>bad gateway</html>\n".to_vec())])));
    let mut events = docker(&wire(Mode::ReadOnly), &far.tcp(), None).watch_events(None).await.expect("a stream");
    assert_eq!(events.next().await.expect("a fault").expect_err("garbage").kind, FaultKind::Protocol);
    assert!(events.next().await.is_none());
    let half = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"Typ".to_vec()].concat();
    let far = Far::serve(engine("1.41", move |_| Act::Raw(half.clone())));
    let mut events = docker(&wire(Mode::ReadOnly), &far.tcp(), None).watch_events(None).await.expect("a stream");
    assert_eq!(events.next().await.expect("a fault").expect_err("cut").kind, FaultKind::Unreachable);
}

#[tokio::test]
async fn a_new_engine_tells_how_its_log_is_framed_and_an_old_one_is_asked() {
    let frame = |text: &str| {
        let mut out = vec![2, 0, 0, 0, 0, 0, 0, u8::try_from(text.len()).expect("short")];
        out.extend(text.as_bytes());
        out
    };
    let framed = frame("2026-11-23T03:32:21.5Z \u{1b}[31mred\u{1b}[0m\n");
    for (api, content, tty, body, wanted) in [
        ("1.42", "application/vnd.docker.multiplexed-stream", false, framed.clone(), (LogSource::Stderr, "red")),
        (
            "1.56",
            "application/vnd.docker.raw-stream",
            true,
            b"2026-11-23T03:32:21.5Z \x01raw\r\n".to_vec(),
            (LogSource::Console, "\u{FFFD}raw"),
        ),
        ("1.41", "application/octet-stream", false, framed, (LogSource::Stderr, "red")),
        ("1.41", "application/octet-stream", true, b"2026-11-23T03:32:21.5Z plain\r\n".to_vec(), (LogSource::Console, "plain")),
    ] {
        let far = Far::serve(engine(api, move |asked| {
            if asked.target.ends_with("/json") {
                return Act::json(&format!("{{\"Config\":{{\"Tty\":{tty}}}}}"));
            }
            Act::Pieces(vec![("Content-Type".into(), content.into())], vec![(Duration::ZERO, body.clone())])
        }));
        let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
        let ask = LogAsk { tail: Some(5), timestamps: true, ..LogAsk::default() };
        let mut log = docker.follow_logs(&id(), ask).await.expect("a log");
        let line = log.next().await.expect("a line").expect("read");
        assert_eq!((line.stream, &*line.text, line.at), (wanted.0, wanted.1, Some(Stamp(1_795_404_741_500))), "{api}");
        assert!(log.next().await.is_none());
        let asked = far.lines();
        assert!(asked.last().is_some_and(|l| l.ends_with("/logs?stdout=1&stderr=1&follow=0&timestamps=1&tail=5")), "{asked:?}");
        assert_eq!(asked.iter().any(|l| l.ends_with("/json")), api == "1.41");
    }
}

#[tokio::test]
async fn a_line_without_end_is_cut_once_and_holds_no_memory() {
    if !alone(module_path!(), "a_line_without_end_is_cut_once_and_holds_no_memory") {
        return;
    }
    let kind = vec![("Content-Type".to_owned(), "application/vnd.docker.raw-stream".to_owned())];
    let far = Far::serve(engine("1.42", move |_| Act::Flood(kind.clone(), vec![b'x'; 1 << 16])));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    let mut log = docker.follow_logs(&id(), LogAsk { follow: true, ..LogAsk::default() }).await.expect("a log");
    let line = log.next().await.expect("a line").expect("read");
    assert_eq!((line.text.len(), line.truncated), (MOST_LINE, true));
    let before = resident();
    let more = tokio::time::timeout(Duration::from_millis(700), log.next()).await;
    assert!(more.is_err(), "the rest of the line is no line");
    assert!(resident() < before + (20 << 20), "memory stays where it was");
}

/// Bytes of memory that this process holds.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("statm");
    statm.split(' ').nth(1).and_then(|p| p.parse::<u64>().ok()).expect("pages") * 4096
}

#[tokio::test]
async fn a_log_that_cannot_be_had_says_why() {
    let far = Far::serve(engine("1.42", |_| {
        Act::Answer(501, vec![], br#"{"message":"configured logging driver does not support reading"}"#.to_vec())
    }));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    let fault = docker.follow_logs(&id(), LogAsk::default()).await.expect_err("no log");
    assert!(fault.kind == FaultKind::Version && fault.cause.en.contains("logging driver"), "{fault}");
}
