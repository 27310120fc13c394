//! The API version: what is really on the request line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wharf::clients::Mode;
use wharf::model::fault::FaultKind;

use crate::docker_client::{docker, whole, wire};
use crate::far::{Act, Far, engine, ping};

#[tokio::test]
async fn the_smaller_version_stands_in_front_of_every_path() {
    for (theirs, sent) in [("1.24", "1.24"), ("1.41", "1.41"), ("1.56", "1.56"), ("1.99", "1.56"), ("2.0", "1.56")] {
        let far = Far::serve(engine(theirs, |_| Act::json("[]")));
        let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
        assert_eq!(docker.version(), None);
        docker.list_containers(&[]).await.expect("a list");
        docker.list_containers(&[]).await.expect("a list");
        let line = format!("GET /v{sent}/containers/json?all=1");
        assert_eq!(far.lines(), ["GET /_ping".to_owned(), line.clone(), line], "engine {theirs}");
        assert!(far.asked()[1].head.contains(&format!("host: {}", far.address)), "{}", far.asked()[1].head);
    }
}

#[tokio::test]
async fn a_proxys_prefix_is_kept() {
    let far = Far::serve(|asked| if asked.target.ends_with("/_ping") { ping("1.41") } else { Act::json("[]") });
    let docker = docker(&wire(Mode::ReadOnly), &format!("{}/engines/a", far.tcp()), None);
    docker.list_containers(&[]).await.expect("a list");
    assert_eq!(far.lines(), ["GET /engines/a/_ping", "GET /engines/a/v1.41/containers/json?all=1"]);
}

#[tokio::test]
async fn twenty_first_questions_make_one_ping() {
    let far = Far::serve(engine("1.41", |_| Act::json("[]")));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    let all = futures_util::future::join_all((0..20).map(|_| docker.list_containers(&[]))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(far.lines().iter().filter(|l| l.ends_with("/_ping")).count(), 1);
}

#[tokio::test]
async fn an_engine_without_the_header_is_asked_for_its_version() {
    let far = Far::serve(|asked| match asked.target.as_str() {
        "/_ping" => Act::Answer(200, vec![], b"OK".to_vec()),
        "/version" => Act::json(r#"{"ApiVersion":"1.30"}"#),
        _ => Act::json("[]"),
    });
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    docker.list_containers(&[]).await.expect("a list");
    assert_eq!(far.lines()[2], "GET /v1.30/containers/json?all=1");
}

#[tokio::test]
async fn engines_that_are_too_old_or_too_new_say_so() {
    let old = Far::serve(engine("1.12", |_| Act::json("[]")));
    let fault = docker(&wire(Mode::ReadOnly), &old.tcp(), None).list_containers(&[]).await.expect_err("too old");
    whole(&fault);
    assert!(fault.kind == FaultKind::Version && fault.cause.en.contains("1.12") && fault.hint.en.contains("update Docker"), "{fault}");
    assert_eq!(old.lines(), ["GET /_ping"], "nothing is asked in a version that does not fit");

    let new = Far::serve(|asked| match asked.target.as_str() {
        "/_ping" => ping("1.99"),
        "/version" => Act::json(r#"{"ApiVersion":"1.99","MinAPIVersion":"1.70"}"#),
        _ => Act::Answer(
            400,
            vec![],
            b"client version 1.56 is too old. Minimum supported API version is 1.70, please upgrade your client\n".to_vec(),
        ),
    });
    let client = docker(&wire(Mode::ReadOnly), &new.tcp(), None);
    let fault = client.fetch_host().await.expect_err("too new");
    whole(&fault);
    assert!(fault.kind == FaultKind::Version && fault.hint.en.contains("update wharf"), "{fault}");
    let fault = client.list_containers(&[]).await.expect_err("too new");
    assert!(fault.kind == FaultKind::Version && fault.cause.en.contains("1.70"), "{fault}");
}

#[tokio::test]
async fn a_downgraded_engine_is_agreed_with_anew() {
    let older = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&older);
    let far = Far::serve(move |asked| {
        let old = now.load(Ordering::SeqCst);
        match asked.target.as_str() {
            "/_ping" => ping(if old { "1.41" } else { "1.56" }),
            target if old && target.starts_with("/v1.56/") => {
                Act::Answer(400, vec![], br#"{"message":"client version 1.56 is too new. Maximum supported API version is 1.41"}"#.to_vec())
            }
            _ => Act::json("[]"),
        }
    });
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), None);
    docker.list_containers(&[]).await.expect("a list");
    older.store(true, Ordering::SeqCst);
    assert_eq!(docker.list_containers(&[]).await.expect_err("too new").kind, FaultKind::Version);
    docker.list_containers(&[]).await.expect("a list again");
    assert_eq!(far.lines().last().map(String::as_str), Some("GET /v1.41/containers/json?all=1"));
}

#[tokio::test]
async fn host_facts_are_read_and_what_is_missing_is_unknown() {
    let far = Far::serve(engine("1.41", |_| {
        Act::json(
            r#"{"ServerVersion":"20.10.24","NCPU":4,"MemTotal":0,"Name":"yf\u001b[2J","Swarm":{"LocalNodeState":"active"},"Warnings":null}"#,
        )
    }));
    let facts = docker(&wire(Mode::ReadOnly), &far.tcp(), None).fetch_host().await.expect("facts");
    assert_eq!((facts.api.as_deref(), facts.engine.as_deref(), facts.cores), (Some("1.41"), Some("20.10.24"), Some(4)));
    assert_eq!((facts.memory, facts.os, facts.swarm.as_deref()), (None, None, Some("active")));
    assert_eq!(facts.hostname.as_deref(), Some("yf\u{FFFD}[2J"));
    assert_eq!(far.lines(), ["GET /_ping", "GET /v1.41/info"]);
}
