//! The Docker Engine twin: held to the recording of a real engine (API 1.56), its streams, and the world of the target size.

mod replay;
mod stream;
mod target;

use crate::docker_twin::{BARE, lab};

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
