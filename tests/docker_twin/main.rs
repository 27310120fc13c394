//! The Docker Engine twin against real engines: a dockerd of our own (API 1.41) and the recording of a newer one (API 1.56).
#![allow(clippy::disallowed_methods, reason = "a test starts a real dockerd; the walls are for the product")]
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "the functions beside the tests are tests, too")]
#![allow(clippy::missing_panics_doc, clippy::format_push_string, unreachable_pub, reason = "a test program of several files")]

mod compare;
mod dockerd;
mod http;
mod mask;
mod replay;
mod script;
mod shape;
mod stream;
mod target;

use std::thread;

use wharf::lab::{Lab, LabOptions, World};

use dockerd::Dockerd;
use http::At;

/// A world of one empty host per engine; both with the first generation of cgroups, as the recordings were.
const BARE: &str = r#"
name = "bare"
about = "two empty hosts"
seed = 3
service = []

[[idc]]
name = "here"

[[class]]
name = "2c"
cores = 2
memory = "24GiB"

[[cluster]]
name = "c"
[[cluster.pool]]
name = "p"

[[group]]
prefix = "old-"
count = 1
idc = "here"
cluster = "c"
pool = "p"
class = "2c"
engine = "20.10"
runs = {}

[[group]]
prefix = "new-"
count = 1
idc = "here"
cluster = "c"
pool = "p"
class = "2c"
engine = "29.9"
runs = {}
"#;

/// A lab and where its hosts are.
pub async fn lab(text: &str) -> (Lab, impl Fn(&str) -> At) {
    let world = World::parse("test", text).expect("a world");
    let lab = Lab::start(world, LabOptions::default()).await.expect("a lab");
    let port = lab.port();
    let places: Vec<(String, String)> =
        lab.world().hosts.iter().map(|host| (host.name.to_string(), format!("{}:{port}", host.address))).collect();
    let at = move |name: &str| At::Tcp(places.iter().find(|(have, _)| have == name).expect("a host").1.clone());
    (lab, at)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_twin_answers_as_a_real_dockerd_does() {
    let daemon = match Dockerd::start() {
        Ok(daemon) => daemon,
        Err(why) => {
            println!("SKIPPED: {why}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newer_engine_is_replayed() {
    let (_lab, at) = lab(BARE).await;
    let twin = at("new-01");
    let (replayed, excluded, wrong) = tokio::task::spawn_blocking(move || replay::run(&twin)).await.expect("replayed");
    println!("replayed {replayed}, excluded {} of {}", excluded.len(), replayed + excluded.len());
    for (note, reason) in &excluded {
        println!("excluded '{note}': {reason}");
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(replayed + excluded.len(), 42);
}
