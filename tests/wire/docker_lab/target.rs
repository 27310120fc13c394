//! The world of the size that Wharf is built for: it starts soon, is small, answers, and changes.

use std::time::{Duration, Instant};

use serde_json::Value;
use wharf::lab::{Lab, LabOptions, World};

use crate::docker_twin::http::At;
use crate::own_process::alone;

/// Bytes that this process holds.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: u64 = text.split(' ').nth(1).expect("a count").parse().expect("a number");
    pages * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_hosts_start_soon_and_live() {
    if !alone(module_path!(), "ten_thousand_hosts_start_soon_and_live") {
        return;
    }
    let (begun, before) = (Instant::now(), resident());
    let world = World::load("target").expect("embedded");
    let lab = Lab::start(world, LabOptions::default()).await.expect("a lab");
    let (took, held) = (begun.elapsed(), resident().saturating_sub(before));
    println!("target world: {took:?}, {} MB", held >> 20);
    assert!(took < Duration::from_secs(30), "{took:?} even where nothing is optimised");
    assert!(held < 500 << 20, "{} MB", held >> 20);
    let port = lab.port();
    let places: Vec<At> = lab.world().hosts.iter().step_by(20).map(|host| At::Tcp(format!("{}:{port}", host.address))).collect();
    let since = crate::docker_twin::mask::seconds();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let until = crate::docker_twin::mask::seconds();
    let (containers, events) = tokio::task::spawn_blocking(move || {
        let (mut containers, mut events) = (0, 0);
        for place in &places {
            let list = place.ask("GET", "/containers/json?all=1", None).expect("a list").json().expect("json");
            containers += list.as_array().map_or(0, Vec::len);
            let seen = place.ask("GET", &format!("/events?since={since}&until={until}"), None).expect("events").text();
            events += seen
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                .filter(|event| event["Type"] == "container")
                .count();
        }
        (containers, events)
    })
    .await
    .expect("asked");
    assert_eq!(containers, 10_000, "a twentieth of 200,000");
    // 200 a second over all hosts are 30 in 3 s over a twentieth of them; the rest is chance.
    assert!((10..=70).contains(&events), "{events} changes where about 30 are due");
}
