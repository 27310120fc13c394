//! A folder with a config, and the program run over it as a script runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A folder with a config, and what of the environment the program is given.
pub(crate) struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("wharf.toml"), config).expect("a config");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The rows of a noun as scripts get them; nothing may have failed.
    pub(crate) fn get(&self, noun: &str) -> Vec<Value> {
        let document = self.document(noun, 0);
        assert_eq!(document["faults"], Value::Array(Vec::new()), "{noun}");
        document["items"].as_array().expect("a list").clone()
    }

    pub(crate) fn document(&self, noun: &str, code: i32) -> Value {
        let out = self.run(&["get", noun, "-o", "json"]);
        let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.code(), Some(code), "get {noun}\n{text}\n{errors}");
        let document: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(document["noun"], noun);
        document
    }

    pub(crate) fn run(&self, words: &[&str]) -> std::process::Output {
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

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
