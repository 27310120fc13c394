//! `wharf get` of what registries hold: two Harbor twins in the recorded state say what was recorded, two real
//! registries what skopeo says of them.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot set its stage has failed; what it leaves out it says"
)]

#[path = "harbor_replay/compare.rs"]
mod compare;
#[path = "registry_nouns/real.rs"]
mod real;
#[path = "registry_nouns/recorded.rs"]
mod recorded;
#[path = "harbor_replay/recording.rs"]
mod recording;
#[path = "harbor_replay/stage.rs"]
mod stage;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A folder with a config, and what of the environment the program is given.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("wharf.toml"), config).expect("a config");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The rows of a noun as scripts get them; nothing may have failed.
    fn get(&self, noun: &str) -> Vec<Value> {
        let document = self.document(noun, 0);
        assert_eq!(document["faults"], Value::Array(Vec::new()), "{noun}");
        document["items"].as_array().expect("a list").clone()
    }

    fn document(&self, noun: &str, code: i32) -> Value {
        let out = self.run(&["get", noun, "-o", "json"]);
        let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(code), "get {noun}\n{text}\n{errors}");
        let document: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(document["noun"], noun);
        document
    }

    fn run(&self, words: &[&str]) -> std::process::Output {
        #[allow(clippy::disallowed_methods, reason = "the program under test")]
        let mut program = Command::new(Path::new(env!("CARGO_BIN_EXE_wharf")));
        program
            .args(words)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .env("HOME", self.path("home"))
            .env("WHARF_CONFIG", self.path("wharf.toml"))
            .env("WHARF_STATE", self.path("state"))
            .env("HARBOR", "Harbor12345");
        program.output().expect("the program starts")
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
