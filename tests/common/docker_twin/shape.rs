//! Are two JSON documents of one shape? Keys and types everywhere, values where they must not differ.

use serde_json::Value;

/// Keys whose values are compared too, wherever they stand.
const VALUES: [&str; 35] = [
    "message",
    "State",
    "Command",
    "Image",
    "Names",
    "Name",
    "Labels",
    "ExitCode",
    "Running",
    "Paused",
    "Restarting",
    "OOMKilled",
    "Dead",
    "Status",
    "Path",
    "Args",
    "Cmd",
    "Entrypoint",
    "Env",
    "Tty",
    "NetworkMode",
    "AutoRemove",
    "Memory",
    "NanoCpus",
    "Titles",
    "Type",
    "scope",
    "ApiVersion",
    "MinAPIVersion",
    "LocalNodeState",
    "OpenStdin",
    "OpenStdout",
    "name",
    "FinishedAt",
    "RepoTags",
];

/// Keys below which all values are compared.
const DEEP: [&str; 4] = ["Labels", "RestartPolicy", "Healthcheck", "ProcessConfig"];

/// A place where the two may differ, and why. A place ends in `*` where everything below it may.
pub(crate) type Excuse = (&'static str, &'static str);

/// What is different, one line each.
pub(crate) fn differences(real: &Value, twin: &Value, excuses: &[Excuse], mask: &dyn Fn(&str) -> String) -> Vec<String> {
    let mut found = Vec::new();
    Walk { excuses, mask, found: &mut found }.compare("", real, twin);
    found
}

struct Walk<'a> {
    excuses: &'a [Excuse],
    mask: &'a dyn Fn(&str) -> String,
    found: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn compare(&mut self, place: &str, real: &Value, twin: &Value) {
        if self.excused(place) {
            return;
        }
        match (real, twin) {
            (Value::Object(one), Value::Object(two)) => {
                for (key, value) in one {
                    let below = format!("{place}.{key}");
                    match two.get(key) {
                        Some(other) => self.compare(&below, value, other),
                        None if self.excused(&below) => {}
                        None => self.found.push(format!("{below}: the twin lacks it (real: {value})")),
                    }
                }
                for key in two.keys().filter(|key| !one.contains_key(*key)) {
                    let below = format!("{place}.{key}");
                    if !self.excused(&below) {
                        self.found.push(format!("{below}: only the twin has it ({})", two[key]));
                    }
                }
            }
            (Value::Array(one), Value::Array(two)) => {
                if is_value(place) && one.len() != two.len() {
                    self.found.push(format!("{place}: {real} against {twin}"));
                }
                for (value, other) in one.iter().zip(two) {
                    self.compare(&format!("{place}[]"), value, other);
                }
            }
            // Go writes an absent list or map as null.
            (Value::Null, Value::Array(list)) | (Value::Array(list), Value::Null) if list.is_empty() || !is_value(place) => {}
            (Value::String(one), Value::String(two)) => {
                if is_value(place) && self.masked(one) != self.masked(two) {
                    self.found.push(format!("{place}: '{one}' against '{two}'"));
                }
            }
            (Value::Number(_), Value::Number(_)) | (Value::Bool(_), Value::Bool(_)) => {
                if is_value(place) && real != twin {
                    self.found.push(format!("{place}: {real} against {twin}"));
                }
            }
            (Value::Null, Value::Object(_) | Value::Null) | (Value::Object(_), Value::Null) => {}
            _ => self.found.push(format!("{place}: {real} is of another type than {twin}")),
        }
    }

    fn excused(&self, place: &str) -> bool {
        self.excuses.iter().any(|(excuse, _)| match excuse.strip_suffix('*') {
            Some(head) => place.starts_with(head),
            None => place == *excuse,
        })
    }

    /// Without ids, and without how long ago something was.
    fn masked(&self, text: &str) -> String {
        let text = (self.mask)(text);
        let ago = ["Less than a second", "About a minute"].iter().fold(text, |text, words| text.replace(words, "N seconds"));
        let mut words: Vec<String> = ago.split(' ').map(str::to_owned).collect();
        for at in 1..words.len() {
            if words[at].starts_with("second") && words[at - 1].parse::<u32>().is_ok() {
                "N".clone_into(&mut words[at - 1]);
                words[at] = words[at].replacen("second", "seconds", 1).replacen("secondss", "seconds", 1);
            }
        }
        let joined = words.join(" ");
        // A time that is no zero time is some time.
        if joined.len() > 20 && joined.starts_with("20") && joined.ends_with('Z') { "TIME".to_owned() } else { joined }
    }
}

fn is_value(place: &str) -> bool {
    let key = place.trim_end_matches("[]").rsplit('.').next().unwrap_or_default();
    VALUES.contains(&key) || DEEP.iter().any(|value| place.contains(&format!(".{value}.")))
}

#[test]
fn a_difference_is_found() {
    use serde_json::json;
    let same = |text: &str| text.to_owned();
    let real = json!({ "State": "running", "Status": "Up 3 seconds", "Ports": [{ "IP": "x" }], "Id": "a", "Extra": 1 });
    let near = json!({ "State": "running", "Status": "Up 1 second", "Ports": [{ "IP": "y" }], "Id": "b", "Extra": 2 });
    assert_eq!(differences(&real, &near, &[], &same), Vec::<String>::new());
    let far = json!({ "State": "exited", "Status": "Up 3 seconds (Paused)", "Ports": [{ "IP": 1 }], "Id": "b", "More": {} });
    assert_eq!(differences(&real, &far, &[(".More", "a test")], &same).len(), 4);
}
