//! The recorded exchanges of an engine of API 1.56, asked of the twin in their order.

use std::time::Duration;

use serde_json::Value;

use crate::docker_twin::events::actions;
use crate::docker_twin::http::{At, Body};
use crate::docker_twin::mask::{mask_hex, seconds};
use crate::docker_twin::shape::{Excuse, differences};

const RECORDED: &str = include_str!("../../data/docker/engine-1.56.json");
/// Headers that must be as recorded.
const HEADERS: [&str; 11] = [
    "api-version",
    "builder-version",
    "cache-control",
    "content-type",
    "docker-experimental",
    "ostype",
    "pragma",
    "server",
    "swarm",
    "x-content-type-options",
    "x-registry-config",
];
/// Exchanges that are not asked.
const EXCLUDED: [(&str, &str); 0] = [];

const EXCUSES: [Excuse; 8] = [
    (".Labels*", "of the machine: the engine's own labels in /info"),
    (".Runtimes*", "the list of a runtime's features is of runc, not of the engine"),
    (".DriverStatus*", "of the storage driver"),
    (".FirewallBackend.Info*", "of the machine: where its proxy is"),
    (".RegistryConfig.InsecureRegistryCIDRs*", "of the machine: with or without IPv6"),
    (".Name", "of the machine"),
    (".State.Health.Log*", "how many probes there were by then is a matter of milliseconds"),
    (".Id", "an image's id is a digest of its content"),
];

/// How many were replayed, which were excluded, and what was different.
pub(crate) fn run(twin: &At) -> (usize, Vec<(String, &'static str)>, Vec<String>) {
    let recording: Value = serde_json::from_str(RECORDED).expect("the recording");
    let exchanges = recording["exchanges"].as_array().expect("exchanges");
    let (mut replayed, mut excluded, mut wrong) = (0, Vec::new(), Vec::new());
    // The recording starts with this image in the store.
    twin.ask("POST", "/v1.56/images/create?fromSrc=-&repo=tools&tag=v1", Some(&Body::tar(vec![0; 1024]))).expect("an image");
    let begun = seconds();
    let mut ids: Vec<(String, String)> = Vec::new();
    for exchange in exchanges {
        let note = exchange["note"].as_str().expect("a note");
        if let Some((_, reason)) = EXCLUDED.iter().find(|(known, _)| *known == note) {
            excluded.push((note.to_owned(), *reason));
            continue;
        }
        replayed += 1;
        let request = &exchange["request"];
        let mut path = request["path"].as_str().expect("a path").to_owned();
        for (theirs, ours) in &ids {
            path = path.replace(theirs, ours);
        }
        path = path.replacen("since=..", &format!("since={begun}"), 1);
        path = path.replacen("until=..", &format!("until={}", seconds()), 1);
        // Between the two the recording waited, too: for the first probes, for the health to fail.
        match note {
            "list" => std::thread::sleep(Duration::from_millis(2_600)),
            "exec inspect" | "pause" => std::thread::sleep(Duration::from_millis(400)),
            "list after the kill" => std::thread::sleep(Duration::from_millis(1_100)),
            _ => {}
        }
        let body = request.get("body").map(Body::json);
        let answer = match twin.ask(request["method"].as_str().expect("a method"), &path, body.as_ref()) {
            Ok(answer) => answer,
            Err(why) => {
                wrong.push(format!("{note}: {why}"));
                continue;
            }
        };
        let recorded = &exchange["response"];
        let mut say = |what: String| wrong.push(format!("{note}: {what}"));
        if recorded["status"].as_u64() != Some(u64::from(answer.status)) {
            say(format!("status {} against {}", recorded["status"], answer.status));
        }
        for header in recorded["headers"].as_array().into_iter().flatten() {
            let (name, value) = (header[0].as_str().expect("a name").to_ascii_lowercase(), header[1].as_str());
            if HEADERS.contains(&name.as_str()) && answer.header(&name) != value {
                say(format!("header {name}: {value:?} against {:?}", answer.header(&name)));
            }
        }
        let Some(theirs) = recorded.get("body") else {
            if !answer.body.is_empty() {
                say(format!("a body where none was recorded: {}", answer.text()));
            }
            continue;
        };
        if recorded["text"].as_bool() == Some(true) {
            if theirs.as_str() != Some(answer.text().as_str()) {
                say(format!("text {theirs} against {}", answer.text()));
            }
            continue;
        }
        if note.starts_with("events") {
            let lines: Vec<Value> = answer.text().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            let (one, two) = (actions(theirs.as_array().expect("events")), actions(&lines));
            if one != two {
                say(format!("events\n  real {one:?}\n  twin {two:?}"));
            }
            for (one, two) in theirs.as_array().into_iter().flatten().zip(&lines) {
                for what in differences(one, two, &[(".Actor.Attributes*", "of each kind of event its own"), (".Actor.ID", "")], &mask_hex)
                {
                    if !what.starts_with(".Action") && !what.starts_with(".Type") {
                        say(what);
                    }
                }
            }
            continue;
        }
        let Some(ours) = answer.json() else {
            say(format!("no JSON: {}", answer.text()));
            continue;
        };
        for key in ["Id"] {
            if let (Some(theirs), Some(ours)) = (theirs[key].as_str(), ours[key].as_str())
                && !ids.iter().any(|(have, _)| have == theirs)
            {
                ids.push((theirs.to_owned(), ours.to_owned()));
            }
        }
        for what in differences(theirs, &ours, &EXCUSES, &mask_hex) {
            say(what);
        }
    }
    (replayed, excluded, wrong)
}
