//! An engine's events, without what differs from run to run.

use serde_json::Value;

/// What happened, each with its attributes' names. Health probes and all but the first change of health are left out:
/// how many there are before something else happens is a matter of milliseconds.
pub(crate) fn actions(events: &[Value]) -> Vec<String> {
    let probe = |event: &Value| event["Action"].as_str().is_some_and(|action| action.ends_with(": /bin/sleep 0"));
    let probes: Vec<&Value> = events.iter().filter(|event| probe(event)).map(|event| &event["Actor"]["Attributes"]["execID"]).collect();
    let heard = events.iter().filter(|event| {
        let id = &event["Actor"]["Attributes"]["execID"];
        id.is_null() || !probes.contains(&id)
    });
    let mut healthy = false;
    let heard = heard.filter(|event| {
        let health = event["Action"].as_str().is_some_and(|action| action.starts_with("health_status"));
        let again = health && healthy;
        healthy |= health;
        !again
    });
    let words = |event: &Value| {
        let attributes = event["Actor"]["Attributes"].as_object();
        let names = attributes.map(|map| map.keys().cloned().collect::<Vec<_>>().join(",")).unwrap_or_default();
        let code =
            event["Actor"]["Attributes"]["exitCode"].as_str().or(event["Actor"]["Attributes"]["signal"].as_str()).unwrap_or_default();
        format!("{} {} {code} [{names}]", event["Type"].as_str().unwrap_or_default(), event["Action"].as_str().unwrap_or_default())
    };
    heard.map(words).collect()
}
