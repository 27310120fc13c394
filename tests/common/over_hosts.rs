//! The program under test over the three hosts, and what docker itself says about them.

#![allow(dead_code, reason = "each suite uses its part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::hosts::{Hosts, Machine};
use crate::pty::{Pty, Start};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wharf");

/// What `docker inspect` and `wharf get containers` must agree on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) state: String,
    pub(crate) labels: BTreeMap<String, String>,
    /// To the second: the list of the engine has no more.
    pub(crate) created: String,
}

/// By host and id.
pub(crate) type World = BTreeMap<(String, String), Seen>;

/// The program with this site's config and a state of its own; nothing of the user's is read.
pub(crate) fn wharf(hosts: &Hosts, args: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(args).stdin(Stdio::null());
    for (name, value) in environment(hosts) {
        command.env(name, value);
    }
    command
}

/// What the program is told through its environment.
pub(crate) fn environment(hosts: &Hosts) -> Vec<(&'static str, String)> {
    let path = |end: &str| hosts.site.join(end).to_string_lossy().into_owned();
    vec![
        ("WHARF_CONFIG", hosts.write_config().to_string_lossy().into_owned()),
        ("WHARF_STATE", path("state")),
        ("WHARF_SSH_CONFIG", hosts.ssh_config().to_string_lossy().into_owned()),
        ("XDG_CONFIG_HOME", path("xdg-config")),
        ("XDG_STATE_HOME", path("xdg-state")),
        ("HOME", path("home")),
        ("LANG", "C.UTF-8".to_owned()),
    ]
}

/// The same on a terminal of 40 rows and 150 columns.
pub(crate) fn console(hosts: &Hosts, args: &[&str]) -> Pty {
    Pty::start(&Start { program: Path::new(PROGRAM), args, environment: &environment(hosts), rows: 40, columns: 150 })
}

/// Runs it to its end.
pub(crate) fn output(hosts: &Hosts, args: &[&str]) -> Output {
    wharf(hosts, args).output().expect("the program starts")
}

/// The document that `wharf get NOUN -o json` prints; every endpoint must have answered.
pub(crate) fn get(hosts: &Hosts, noun: &str) -> Value {
    let out = output(hosts, &["get", noun, "-o", "json"]);
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "get {noun}: {}\n{text}\n{errors}", out.status);
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(document["noun"], noun);
    assert_eq!(document["faults"], Value::Array(Vec::new()), "{document}");
    document
}

/// The containers as Wharf tells them.
pub(crate) fn told(hosts: &Hosts) -> World {
    let document = get(hosts, "containers");
    let rows = document["items"].as_array().expect("items").iter();
    let word = |row: &Value, key: &str| row[key].as_str().unwrap_or_else(|| panic!("{key} in {row}")).to_owned();
    rows.map(|row| {
        assert_eq!(row["stale"], false, "{row}");
        let labels = row["labels"].as_object().expect("labels").iter();
        let seen = Seen {
            name: word(row, "container"),
            image: word(row, "image"),
            state: word(row, "state"),
            labels: labels.map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").to_owned())).collect(),
            created: word(row, "created")[..19].to_owned(),
        };
        ((word(row, "host"), word(row, "id")), seen)
    })
    .collect()
}

/// The containers as docker tells them.
pub(crate) fn truth(hosts: &Hosts) -> World {
    let mut world = World::new();
    for (machine, number) in hosts.machines.iter().zip(1..) {
        for row in inspect(machine) {
            let word = |value: &Value| value.as_str().expect("a word").to_owned();
            let labels = row["Config"]["Labels"].as_object().into_iter().flatten();
            let seen = Seen {
                name: word(&row["Name"]).trim_start_matches('/').to_owned(),
                image: word(&row["Config"]["Image"]),
                state: word(&row["State"]["Status"]),
                labels: labels.map(|(k, v)| (k.clone(), word(v))).collect(),
                created: word(&row["Created"])[..19].to_owned(),
            };
            world.insert((format!("h{number}"), word(&row["Id"])), seen);
        }
    }
    world
}

/// `docker inspect` of every container, running or not.
fn inspect(machine: &Machine) -> Vec<Value> {
    let ids = machine.docker(&["ps", "-aq", "--no-trunc"]).expect("docker ps");
    let ids: Vec<&str> = ids.split_whitespace().collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let text = machine.docker(&[&["inspect"], ids.as_slice()].concat()).expect("docker inspect");
    serde_json::from_str(&text).expect("an array")
}
