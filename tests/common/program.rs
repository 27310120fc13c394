//! The program as scripts use it, over the small world of the lab.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use wharf::lab::{Lab, LabOptions, World};

/// The program itself.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_wharf");

/// A small lab, a config for it, and a state directory of its own.
pub(crate) struct Bench {
    pub(crate) lab: Lab,
    dir: tempfile::TempDir,
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code().expect("ended by itself"), out: text(output.stdout), err: text(output.stderr) }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: not one document: {}\n{}", self.out, self.err))
    }
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let lab = Lab::start(World::load("small").expect("world"), LabOptions::default()).await.expect("lab");
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("wharf.toml"), lab.config_toml()).expect("a config");
        Self { lab, dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("wharf.toml")
    }

    /// What stands before a face's own words.
    pub(crate) fn always(&self) -> [String; 4] {
        let shown = |path: PathBuf| path.display().to_string();
        ["--config".into(), shown(self.config()), "--state".into(), shown(self.dir.path().join("state"))]
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(self.always()).args(words);
        command.env_clear().env("LANG", "en_US.UTF-8").env("HOME", self.dir.path()).env("USER", "ops");
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program; the far end lives on the other threads of this runtime meanwhile.
    pub(crate) async fn say(&self, words: &[&str]) -> Said {
        let mut command = self.command(words);
        Said::of(tokio::task::spawn_blocking(move || command.output()).await.expect("ran").expect("started"))
    }

    /// As [`Bench::say`], words parted by spaces.
    pub(crate) async fn line(&self, line: &str) -> Said {
        self.say(&line.split_whitespace().collect::<Vec<_>>()).await
    }

    pub(crate) async fn ok(&self, line: &str) -> Said {
        let said = self.line(line).await;
        assert_eq!(said.code, 0, "{line}: {}{}", said.out, said.err);
        said
    }

    pub(crate) fn state(&self, target: &str) -> Option<String> {
        let (host, name) = target.split_once('/').expect("host/name");
        self.lab.twin(host).expect("a twin").container(name).map(|glance| glance.state.to_owned())
    }

    /// Containers of a host that run, as `host/name`.
    pub(crate) fn running(&self, host: &str) -> Vec<String> {
        let all = self.lab.twin(host).expect("a twin").containers().into_iter();
        all.filter(|glance| glance.state == "running").map(|glance| format!("{host}/{}", glance.name)).collect()
    }

    /// Requests that reached a host and were no reads.
    pub(crate) fn written(&self, host: &str) -> Vec<String> {
        let asked = self.lab.twin(host).expect("a twin").requests().into_iter();
        asked.filter(|r| r.method != "GET" && r.method != "HEAD").map(|r| format!("{} {}", r.method, r.path)).collect()
    }
}

/// Waits until it is so.
pub(crate) async fn until(what: &str, limit: Duration, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
