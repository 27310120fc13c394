//! The Docker Engine twin against a dockerd of our own (API 1.41): one script, the same answers and events.

mod compare;
mod dockerd;
mod script;

use std::thread;

use dockerd::Dockerd;

use crate::docker_twin::{BARE, lab};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_twin_answers_as_a_real_dockerd_does() {
    let daemon = match Dockerd::start() {
        Ok(daemon) => daemon,
        Err(why) => {
            println!("SKIPPED: a real dockerd: {why}");
            assert!(std::env::var_os("CI").is_none(), "not skipped where CI is set: {why}");
            return;
        }
    };
    let (_lab, at) = lab(BARE).await;
    let (real, twin) = (daemon.at(), at("old-01"));
    let one = thread::spawn(move || script::run(&real));
    let two = thread::spawn(move || script::run(&twin));
    let (one, two) = tokio::task::spawn_blocking(move || (one.join(), two.join())).await.expect("joined");
    let (one, two) = (one.expect("the real one"), two.expect("the twin"));
    let wrong = compare::compare(&one, &two);
    println!("{} requests, {} events compared", one.answers.len(), one.events.len());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
