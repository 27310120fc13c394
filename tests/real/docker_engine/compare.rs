//! What a real engine and the twin said to one script, side by side.

use std::collections::BTreeMap;

use serde_json::Value;

use super::script::Heard;
use crate::docker_twin::events::actions;
use crate::docker_twin::mask::{mask_hex, mask_times};
use crate::docker_twin::shape::{Excuse, differences};

/// Where the shapes may differ, and why.
const EXCUSES: [Excuse; 16] = [
    ("[].Name", "of /networks: the real engine of the test has no bridge"),
    (".Labels*", "of the machine: the engine's own labels in /info"),
    (".Name", "of the machine: the host's name in /info"),
    (".DriverStatus*", "of the storage driver: vfs in the test"),
    (".GraphDriver*", "of the storage driver: vfs in the test"),
    (".Runtimes*", "the runtimes that a machine has"),
    (".RegistryConfig.InsecureRegistryCIDRs*", "of the machine"),
    (".Plugins*", "the plugins that a machine has"),
    (".Components*", "the versions of what the engine is built with"),
    (".SecurityOptions*", "of the machine's kernel"),
    (".Warnings*", "of the machine's kernel"),
    (".State.Health.Log*", "how many probes there were by then is a matter of milliseconds"),
    ("[].SizeRw", "the real one leaves a size of zero away"),
    (".HostConfig.MaskedPaths*", "a list of the engine's build"),
    (".ContainerdCommit*", "of the machine"),
    (".RuncCommit*", "of the machine"),
];

/// Headers that must be equal.
const HEADERS: [&str; 7] =
    ["api-version", "content-type", "docker-experimental", "ostype", "cache-control", "pragma", "x-content-type-options"];

/// What is different between the two.
pub(crate) fn compare(real: &Heard, twin: &Heard) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((what, one), (_, two)) in real.answers.iter().zip(&twin.answers) {
        let mut say = |words: String| wrong.push(format!("{what}: {words}"));
        if one.status != two.status {
            say(format!("status {} against {} ({} / {})", one.status, two.status, one.text().trim(), two.text().trim()));
            continue;
        }
        for name in HEADERS {
            if one.header(name) != two.header(name) {
                say(format!("header {name}: {:?} against {:?}", one.header(name), two.header(name)));
            }
        }
        match (one.json(), two.json()) {
            (Some(one), Some(two)) => differences(&one, &two, &EXCUSES, &mask_hex).into_iter().for_each(say),
            (None, None) => {
                let (one, two) = (mask_times(&one.text()), mask_times(&two.text()));
                if one != two {
                    say(format!("'{}' against '{}'", one.escape_debug(), two.escape_debug()));
                }
            }
            (one, two) => say(format!("JSON {} against {}", one.is_some(), two.is_some())),
        }
    }
    let (one, two) = (by_container(&real.events), by_container(&twin.events));
    for (name, events) in &one {
        let other = two.get(name).cloned().unwrap_or_default();
        if *events != other {
            let at = events.iter().zip(&other).take_while(|(one, two)| one == two).count();
            wrong.push(format!("events of {name} from {at} on:\n  real {:?}\n  twin {:?}", &events[at..], &other[at..]));
        }
    }
    wrong.extend(two.keys().filter(|name| !one.contains_key(*name)).map(|name| format!("events of {name}: only of the twin")));
    for (one, two) in real
        .events
        .iter()
        .filter(|event| event["Type"] == "container")
        .zip(twin.events.iter().filter(|event| event["Type"] == "container"))
        .take(1)
    {
        wrong.extend(
            differences(one, two, &[(".Actor.Attributes*", "of each kind of event its own")], &mask_hex)
                .into_iter()
                .map(|what| format!("event {what}")),
        );
    }
    wrong
}

fn by_container(events: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for event in events.iter().filter(|event| event["Type"] == "container") {
        if let (Some(id), Some(name)) = (event["Actor"]["ID"].as_str(), event["Actor"]["Attributes"]["name"].as_str()) {
            names.insert(id, name);
        }
    }
    let mut sorted: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in events {
        let id = event["Actor"]["Attributes"]["container"].as_str().or(event["Actor"]["ID"].as_str()).unwrap_or_default();
        sorted.entry(names.get(id).copied().unwrap_or("-").to_owned()).or_default().push(event.clone());
    }
    sorted.into_iter().map(|(name, events)| (name, actions(&events))).collect()
}
