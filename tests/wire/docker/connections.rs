//! How many connections there are, and which are used again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wharf::clients::Mode;
use wharf::clients::docker::{CONNECTIONS, LogAsk};
use wharf::model::call::container::ContainerVerb;
use wharf::model::fault::FaultKind;

use crate::docker_client::{docker, id, whole, wire};
use crate::far::{Act, Far, engine};

const STATS: &str = r#"{"read":"2026-11-23T03:32:21Z","cpu_stats":{"cpu_usage":{"total_usage":5}},"memory_stats":{"usage":1,"limit":2}}"#;

#[tokio::test]
async fn a_hundred_questions_at_once_take_eight_connections() {
    let far = Far::serve(engine("1.41", |_| Act::After(Duration::from_millis(20), Box::new(Act::json(STATS)))));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    let id = id();
    let all = futures_util::future::join_all((0..100).map(|_| docker.fetch_stats(&id))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!((far.most_open(), far.accepted(), docker.connections()), (CONNECTIONS, CONNECTIONS, CONNECTIONS));
    docker.fetch_stats(&id).await.expect("stats");
    assert_eq!(far.accepted(), CONNECTIONS, "used again");
    let asked = far.asked();
    assert!(asked.iter().skip(1).all(|a| a.target.ends_with("/stats?stream=false&one-shot=true")));
    drop(docker);
    let gone = Instant::now() + Duration::from_secs(2);
    while far.counts.open.load(Ordering::SeqCst) > 0 && Instant::now() < gone {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(far.counts.open.load(Ordering::SeqCst), 0, "the last client closes them");
}

#[tokio::test]
async fn questions_one_after_another_take_one_connection() {
    let far = Far::serve(engine("1.41", |_| Act::json("[]")));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    for _ in 0..20 {
        docker.list_containers(&[]).await.expect("a list");
    }
    assert_eq!((far.accepted(), docker.connections()), (1, 1));
}

#[tokio::test]
async fn over_a_socket_file_it_is_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("docker.sock");
    let far = Far::serve_unix(&path, engine("1.41", |_| Act::json("[]")));
    let docker = docker(&wire(Mode::ReadOnly), &format!("unix://{}", path.display()), None);
    docker.list_containers(&[]).await.expect("a list");
    docker.ping().await.expect("a ping");
    assert_eq!(far.accepted(), 1);
    assert!(far.asked()[0].head.contains("host: docker\r\n"));
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_a_read_nothing() {
    let far = Far::serve(engine("1.41", |_| Act::ThenClose(Box::new(Act::json("[]")))));
    let docker = docker(&wire(Mode::Writing), &far.tcp(), None);
    for _ in 0..10 {
        docker.list_containers(&[]).await.expect("a list");
    }
    assert_eq!(far.lines().len(), 11, "one ping, ten lists, none of them twice on the wire");
}

#[tokio::test]
async fn an_act_takes_a_new_connection() {
    let acts = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&acts);
    let far = Far::serve(engine("1.41", move |asked| {
        if asked.method == "POST" {
            count.fetch_add(1, Ordering::SeqCst);
            return Act::Answer(204, vec![], vec![]);
        }
        Act::json("[]")
    }));
    let docker = docker(&wire(Mode::Writing), &far.tcp(), None);
    docker.list_containers(&[]).await.expect("a list");
    docker.carry_out(&id(), &ContainerVerb::Start).await.expect("started");
    let asked = far.asked();
    assert_ne!(asked[1].connection, asked[2].connection);
    assert_eq!(acts.load(Ordering::SeqCst), 1);
    assert!(docker.connections() <= CONNECTIONS);
}

#[tokio::test]
async fn streams_and_slow_acts_leave_room_for_questions() {
    let far = Far::serve(engine("1.42", |asked| match asked.target.as_str() {
        t if t.contains("/logs") => Act::Flood(
            vec![("Content-Type".into(), "application/vnd.docker.multiplexed-stream".into())],
            [&[1, 0, 0, 0, 0, 0, 0, 2][..], b"x\n"].concat(),
        ),
        t if t.ends_with("/start") => Act::After(Duration::from_millis(1200), Box::new(Act::Answer(204, vec![], vec![]))),
        _ => Act::json("[]"),
    }));
    let docker = docker(&wire(Mode::Writing), &far.tcp(), None);
    let (id, ask) = (id(), LogAsk { follow: true, ..LogAsk::default() });
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(docker.follow_logs(&id, ask.clone()).await.expect("a stream"));
    }
    let fault = docker.follow_logs(&id, ask.clone()).await.expect_err("too many");
    whole(&fault);
    assert_eq!(fault.kind, FaultKind::Limit);
    let acts = futures_util::future::join_all((0..6).map(|_| docker.carry_out(&id, &ContainerVerb::Start)));
    let question = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let began = Instant::now();
        docker.list_containers(&[]).await.expect("a list");
        (began.elapsed(), docker.connections())
    };
    let (_, (waited, open)) = tokio::join!(acts, question);
    assert!(waited < Duration::from_millis(700), "{waited:?}");
    assert_eq!(open, CONNECTIONS, "four streams, three acts and a question");
    streams.pop();
    docker.follow_logs(&id, ask).await.expect("a place is free again");
}
