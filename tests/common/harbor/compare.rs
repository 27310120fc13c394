//! When two answers are the same: ids, times and secrets are masked, ids consistently; all else is equal.

use std::collections::BTreeMap;

use serde_json::Value;
use wharf::lab::exchange::Answer;

use super::recording::Exchange;

const TIMES: [&str; 11] = [
    "creation_time",
    "update_time",
    "push_time",
    "pull_time",
    "op_time",
    "start_time",
    "end_time",
    "current_time",
    "heartbeat_at",
    "start_at",
    "issued_at",
];
/// Values that are another at every run, and only there or not there.
const SECRETS: [&str; 4] = ["secret", "token", "setup_timestamp", "pid"];
/// Headers whose values must be equal where they were recorded.
const EQUAL: [&str; 13] = [
    "Content-Type",
    "X-Total-Count",
    "Link",
    "Www-Authenticate",
    "Docker-Content-Digest",
    "Docker-Distribution-Api-Version",
    "Etag",
    "Range",
    "Accept-Ranges",
    "Cache-Control",
    "Oci-Subject",
    "Location",
    "Set-Cookie",
];
/// Headers that must be there where they were recorded.
const PRESENT: [&str; 2] = ["Docker-Upload-Uuid", "X-Harbor-Csrf-Token"];
/// Headers that must not be there where they were not recorded.
const ABSENT: [&str; 8] =
    ["Content-Type", "X-Total-Count", "Link", "Www-Authenticate", "Docker-Content-Digest", "Location", "Set-Cookie", "Oci-Subject"];

/// Which id of the twin stands for which recorded one, both ways round, for each instance and kind.
#[derive(Debug, Default)]
pub(crate) struct Masks {
    there: BTreeMap<(String, String), String>,
    back: BTreeMap<(String, String), String>,
}

impl Masks {
    /// The twin's id for a recorded one.
    pub(crate) fn twin(&self, instance: &str, kind: &str, recorded: &str) -> Option<&str> {
        self.there.get(&(format!("{instance} {kind}"), recorded.to_owned())).map(String::as_str)
    }

    /// Notes that two ids mean the same; false where one of them meant another before.
    fn same(&mut self, instance: &str, kind: &str, recorded: &str, twin: &str) -> bool {
        let place = format!("{instance} {kind}");
        let there = self.there.entry((place.clone(), recorded.to_owned())).or_insert_with(|| twin.to_owned());
        let back = self.back.entry((place, twin.to_owned())).or_insert_with(|| recorded.to_owned());
        there == twin && back == recorded
    }
}

/// What is not the same, in words; nothing where all is.
pub(crate) fn differences(exchange: &Exchange, answer: &Answer, masks: &mut Masks) -> Vec<String> {
    let mut found = Vec::new();
    if answer.status != exchange.status {
        found.push(format!("status {} instead of {}: {}", answer.status, exchange.status, String::from_utf8_lossy(&answer.body)));
        return found;
    }
    headers(exchange, answer, masks, &mut found);
    let Some(recorded) = &exchange.answer else {
        if !answer.body.is_empty() {
            found.push(format!("a body where there was none: {}", String::from_utf8_lossy(&answer.body)));
        }
        return found;
    };
    let twin = match serde_json::from_slice(&answer.body) {
        Ok(twin) => twin,
        Err(_) => Value::String(String::from_utf8_lossy(&answer.body).into_owned()),
    };
    let mut walk = Walk { instance: &exchange.instance, collection: collection(&exchange.path), masks, found: &mut found };
    walk.value("", "", "", recorded, &twin);
    found.truncate(12);
    found
}

fn headers(exchange: &Exchange, answer: &Answer, masks: &mut Masks, found: &mut Vec<String>) {
    for (name, recorded) in &exchange.answer_headers {
        let twin = answer.header(name);
        let same = match (name.as_str(), twin) {
            (name, None) => !EQUAL.contains(&name) && !PRESENT.contains(&name),
            ("Location", Some(twin)) => same_place(exchange, recorded, twin, masks),
            ("Set-Cookie", Some(twin)) => recorded.split('=').next() == twin.split('=').next(),
            (name, Some(twin)) => !EQUAL.contains(&name) || recorded == twin,
        };
        if !same {
            found.push(format!("{name}: {} instead of {recorded}", twin.unwrap_or("nothing")));
        }
    }
    for name in ABSENT {
        let recorded = exchange.answer_headers.iter().any(|(own, _)| own == name);
        if let (false, Some(twin)) = (recorded, answer.header(name)) {
            found.push(format!("{name}: {twin} where there was none"));
        }
    }
}

/// Addresses are the same where their words are; numbers in them are ids, an upload's name is its own.
fn same_place(exchange: &Exchange, recorded: &str, twin: &str, masks: &mut Masks) -> bool {
    let (recorded, twin) = (recorded.split('?').next().unwrap_or_default(), twin.split('?').next().unwrap_or_default());
    let pairs: Vec<(&str, &str)> = recorded.split('/').zip(twin.split('/')).collect();
    let mut before = "";
    recorded.split('/').count() == twin.split('/').count()
        && pairs.into_iter().all(|(recorded, twin)| {
            let kind = kind_of(before);
            before = recorded;
            let is_id = recorded.parse::<i64>().is_ok() && twin.parse::<i64>().is_ok();
            recorded == twin && !is_id || kind == "upload" || is_id && masks.same(&exchange.instance, kind, recorded, twin)
        })
}

struct Walk<'a> {
    instance: &'a str,
    collection: &'a str,
    masks: &'a mut Masks,
    found: &'a mut Vec<String>,
}

impl Walk<'_> {
    /// `owner` is the nearest object's name above, `key` the field's own.
    fn value(&mut self, place: &str, owner: &str, key: &str, recorded: &Value, twin: &Value) {
        match (recorded, twin) {
            (Value::Object(left), Value::Object(right)) => {
                let owner = if key.is_empty() { owner } else { key };
                for (name, value) in left {
                    match right.get(name) {
                        Some(other) => self.value(&format!("{place}.{name}"), owner, name, value, other),
                        None => self.found.push(format!("{place}.{name} is missing, was {value}")),
                    }
                }
                for (name, value) in right.iter().filter(|(name, _)| !left.contains_key(*name)) {
                    self.found.push(format!("{place}.{name} was not there: {value}"));
                }
            }
            (Value::Array(left), Value::Array(right)) => {
                if left.len() != right.len() {
                    self.found.push(format!("{place} has {} values instead of {}", right.len(), left.len()));
                }
                for (at, (value, other)) in left.iter().zip(right).enumerate() {
                    self.value(&format!("{place}[{at}]"), owner, key, value, other);
                }
            }
            _ if !self.scalar(owner, key, recorded, twin) => {
                let (recorded, twin) = (recorded.to_string(), twin.to_string());
                let at = recorded.bytes().zip(twin.bytes()).take_while(|(left, right)| left == right).count();
                let cut = |text: &str| text.get(at.saturating_sub(20)..).unwrap_or(text).chars().take(160).collect::<String>();
                self.found.push(format!("{place}: {} instead of {}", cut(&twin), cut(&recorded)));
            }
            _ => {}
        }
    }

    fn scalar(&mut self, owner: &str, key: &str, recorded: &Value, twin: &Value) -> bool {
        if TIMES.contains(&key) {
            return match (recorded.as_str(), twin.as_str()) {
                (Some(left), Some(right)) => shape(left) == shape(right),
                _ => recorded == twin,
            };
        }
        if SECRETS.contains(&key) {
            return recorded.is_string() == twin.is_string() && !twin.is_null();
        }
        match key {
            "latency" => return recorded.as_i64() > Some(0) && twin.as_i64() > Some(0),
            "expires_at" => return (recorded.as_i64() < Some(0)) == (twin.as_i64() < Some(0)),
            _ => {}
        }
        if let (Some(left), Some(right)) = (recorded.as_str(), twin.as_str())
            && left.contains("] [src/")
        {
            return undated(left) == undated(right);
        }
        let Some(kind) = self.kind(owner, key) else { return recorded == twin };
        match (recorded, twin) {
            (Value::Number(left), Value::Number(right)) if left.as_i64() == Some(0) || right.as_i64() == Some(0) => left == right,
            (Value::Number(_), Value::Number(_)) | (Value::String(_), Value::String(_)) => {
                let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.masks.same(self.instance, &kind, &plain(recorded), &plain(twin))
            }
            _ => recorded == twin,
        }
    }

    /// What a field numbers; `None` where it is no id.
    fn kind(&self, owner: &str, key: &str) -> Option<String> {
        let kind = match key {
            "id" if !owner.is_empty() => kind_of(owner),
            "id" => kind_of(self.collection),
            "owner_id" | "user_id" | "creator_ref" | "entity_id" => "user",
            "child_id" | "parent_id" | "subject_artifact_id" => "artifact",
            "worker_pool_id" | "pool_id" => "pool",
            "vendor_id" if self.collection == "schedules" => "policy",
            "vendor_id" => "warming",
            "dest_namespace_replace_count" => return None,
            _ => key.strip_suffix("_id")?,
        };
        Some(kind.to_owned())
    }
}

/// The last word of a path that names a collection.
fn collection(path: &str) -> &str {
    let path = path.split('?').next().unwrap_or(path);
    path.split('/').rfind(|word| kind_of(word) != *word).unwrap_or_default()
}

/// What the rows of a collection are; a word that names none stands for itself.
pub(crate) fn kind_of(word: &str) -> &str {
    match word {
        "artifacts" => "artifact",
        "repositories" => "repository",
        "tags" => "tag",
        "accessories" => "accessory",
        "labels" => "label",
        "projects" | "ref" => "project",
        "members" => "member",
        "users" => "user",
        "usergroups" => "group",
        "quotas" => "quota",
        "robots" => "robot",
        "registries" | "dest_registry" | "src_registry" => "registry",
        "policies" => "policy",
        "executions" => "execution",
        "tasks" => "task",
        "auditlog-exts" => "audit line",
        "immutabletagrules" => "immutable",
        "schedules" => "schedule",
        "pools" => "pool",
        "workers" => "worker",
        "instances" => "instance",
        "uploads" => "upload",
        other => other,
    }
}

fn shape(time: &str) -> String {
    if time.starts_with("0001-") { time.to_owned() } else { time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect() }
}

/// A log without the times before its lines.
fn undated(log: &str) -> String {
    let is_time = |word: &str| word.len() == 20 && word.ends_with('Z') && word.starts_with("20");
    log.split_inclusive('\n')
        .map(|line| match line.split_once(' ') {
            Some((time, rest)) if is_time(time) => rest.to_owned(),
            _ => line.to_owned(),
        })
        .collect()
}
