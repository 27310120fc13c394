//! The walls of the house: which floor may name which, where tasks, programs and the time come from, and how files look.
#![allow(clippy::expect_used, reason = "a test that cannot read the source has failed")]

#[path = "house/source.rs"]
mod source;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use source::{Named, Source, read_all, walk};

/// Lines of a file, tests included.
const LINES: usize = 400;

/// Who may name whom. What is not here is forbidden; a floor may always name itself.
const FLOORS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("planning", &["model"]),
    ("clients", &["model"]),
    ("journal", &["model"]),
    ("config", &["model"]),
    ("lab", &["model"]),
    ("operations", &["model", "planning"]),
    ("tables", &["model", "planning"]),
    ("engine", &["model", "planning", "operations", "clients", "journal", "config"]),
    ("tui", &["model", "operations", "engine", "tables", "config"]),
    ("cli", &["model", "operations", "engine", "tables", "config"]),
    ("main", &["model", "planning", "clients", "journal", "config", "lab", "operations", "tables", "engine", "tui", "cli"]),
    ("lib", &[]),
];

/// Floors without I/O, async or a screen.
const PURE: &[&str] = &["model", "planning", "operations", "tables"];

/// Libraries that belong to some floors only: a wire that leaks is a floor that leaks.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("sqlx", &["journal"]),
    ("reqwest", &["clients"]),
    ("bollard", &["clients"]),
    ("openssh", &["clients"]),
    ("axum", &["lab"]),
    ("color_eyre", &["main", "cli"]),
];

/// A deed, and the files (or folders, with `/` at the end) that may do it. A path matches when it ends in the words.
const DEEDS: &[(&[&str], &[&str])] = &[
    (&["tokio", "spawn"], &["src/engine/tasks.rs", "src/lab/server.rs", "src/lab/server/"]),
    (&["tokio", "task", "spawn"], &["src/engine/tasks.rs", "src/lab/server.rs", "src/lab/server/"]),
    (&["task", "spawn"], &["src/engine/tasks.rs", "src/lab/server.rs", "src/lab/server/"]),
    (&["process", "Command"], &["src/clients/program.rs", "src/clients/program/"]),
    (&["SystemTime", "now"], &["src/model/clock.rs"]),
    (&["Timestamp", "now"], &["src/model/clock.rs"]),
    (&["Zoned", "now"], &["src/model/clock.rs"]),
    (&["Client", "builder"], &["src/clients/http.rs", "src/clients/http/", "src/clients/docker/"]),
    (&["ClientBuilder", "new"], &["src/clients/http.rs", "src/clients/http/"]),
    (&["mpsc", "unbounded_channel"], &[]),
    (&["std", "sync", "mpsc", "channel"], &[]),
];

/// Words that hide what a thing is, anywhere in a type's or a file's name.
const EMPTY_WORDS: &[&str] = &[
    "Manager",
    "Controller",
    "Processor",
    "Helper",
    "Helpers",
    "Util",
    "Utils",
    "Common",
    "Base",
    "Entity",
    "Handler",
    "Toast",
    "Workflow",
];

/// The same, as the last word of a type's name; `Item` and `Error` of a trait are the language's.
const EMPTY_ENDS: &[&str] = &["Node", "App", "Item", "Info", "Data", "Msg"];

/// What another word of the house says better, as a whole name.
const OTHER_WORDS: &[&str] = &["Event", "Message", "Update", "Action", "Job", "View", "Screen", "Component", "Thread"];

#[test]
fn names_point_down_only() {
    let mut wrong = Vec::new();
    for file in src() {
        let floor = file.floor().to_owned();
        let Some((_, allowed)) = FLOORS.iter().find(|(name, _)| *name == floor) else {
            wrong.push(format!("{}:1: '{floor}' is no floor of the house", file.path));
            continue;
        };
        for named in file.named() {
            wrong.extend(wrong_floor(&named, &floor, allowed).map(|why| format!("{}:{}: {why}", file.path, named.line)));
        }
        for pair in file.tokens.windows(3) {
            let [a, b, c] = pair else { continue };
            // A far end of an integration test may serve a test in the file too.
            let of_tests = file.text.lines().nth(a.line - 1).is_some_and(|line| line.contains("../tests/"));
            let elsewhere = (&*a.text, &*b.text, &*c.text) == ("#", "[", "path") && !of_tests;
            if elsewhere || (&*a.text, &*b.text) == ("extern", "crate") {
                wrong.push(format!("{}:{}: modules lie where their names say", file.path, a.line));
            }
        }
    }
    none(&wrong);
}

#[test]
fn each_library_stays_on_its_floor() {
    let mut wrong = Vec::new();
    for file in src() {
        let floor = file.floor();
        for named in file.named() {
            let first = named.segments[0].as_str();
            let second = named.segments.get(1).map_or("", String::as_str);
            let place = LIBRARIES.iter().find(|(library, _)| *library == first);
            if place.is_some_and(|(_, floors)| !floors.contains(&floor)) {
                wrong.push(format!("{}:{}: {first} belongs to {:?}", file.path, named.line, place.expect("just found").1));
            }
            let moves = matches!(first, "tokio" | "tokio_util" | "futures_util" | "hyper" | "rustix" | "openssh")
                || (first == "std" && matches!(second, "fs" | "net" | "process" | "env" | "thread"));
            if PURE.contains(&floor) && moves {
                wrong.push(format!("{}:{}: {floor} is pure: no {first}::{second}", file.path, named.line));
            }
        }
    }
    none(&wrong);
}

#[test]
fn tasks_programs_and_the_time_come_from_one_place() {
    let mut wrong = Vec::new();
    for file in src() {
        for named in file.named() {
            for (deed, places) in DEEDS {
                let does = named.segments.windows(deed.len()).any(|w| w == *deed);
                let may = places.iter().any(|p| *p == file.path || (p.ends_with('/') && file.path.starts_with(p)));
                if does && !may {
                    wrong.push(format!("{}:{}: {} only in {places:?}", file.path, named.line, deed.join("::")));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn files_say_what_they_are_for_and_stay_short() {
    let mut wrong = Vec::new();
    for file in read_all(&root(), &["src", "tests", "benches"]) {
        let first = file.text.lines().next().unwrap_or("");
        if !first.starts_with("//! ") || first.len() < 12 {
            wrong.push(format!("{}:1: the first line is `//!` and says what the file is for", file.path));
        }
        let lines = file.text.lines().count();
        if lines > LINES {
            wrong.push(format!("{}:{lines}: more than {LINES} lines: make it a folder of the same name", file.path));
        }
    }
    none(&wrong);
}

#[test]
fn things_are_called_by_the_words_of_the_house() {
    let mut wrong = Vec::new();
    for file in src() {
        let stem = file.path.rsplit('/').next().unwrap_or("").trim_end_matches(".rs");
        for part in stem.split('_') {
            if EMPTY_WORDS.iter().any(|w| w.eq_ignore_ascii_case(part)) {
                wrong.push(format!("{}:1: a file called '{stem}'", file.path));
            }
        }
        for (kind, name, line) in file.declared() {
            let words = camel_words(name);
            let bad = match kind {
                "fn" => ["get_", "do_", "process_", "handle_"].iter().any(|p| name.starts_with(p)),
                "mod" => EMPTY_WORDS.iter().any(|w| w.eq_ignore_ascii_case(name)),
                "type" if matches!(name, "Item" | "Error") => false,
                _ => {
                    words.iter().any(|w| EMPTY_WORDS.contains(&&**w))
                        || words.last().is_some_and(|w| EMPTY_ENDS.contains(&&**w))
                        // The twins answer in their vendors' own words.
                        || (OTHER_WORDS.contains(&name) && file.floor() != "lab")
                }
            };
            if bad {
                wrong.push(format!("{}:{line}: {kind} {name}: say what it is (CONTRIBUTING.md, Words)", file.path));
            }
        }
    }
    none(&wrong);
}

#[test]
fn the_map_names_every_room() {
    let map: String = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let docs: String = map.lines().filter(|l| l.starts_with("//!")).collect::<Vec<_>>().join("\n");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("src")).expect("src") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && !docs.contains(&format!("`{name}`")) && !docs.contains(&format!("[`{name}`]")) {
            wrong.push(format!("src/lib.rs:1: the map does not name `{name}`"));
        }
        if path.is_file() && !matches!(name.as_str(), "lib" | "main") {
            wrong.push(format!("src/{name}.rs:1: at the top there are only rooms, lib.rs and main.rs"));
        }
    }
    for (number, line) in map.lines().enumerate() {
        let fine = line.is_empty() || line.starts_with("//") || line.starts_with("#!") || line.starts_with("pub mod ");
        if !fine {
            wrong.push(format!("src/lib.rs:{}: lib.rs is the map only: {line}", number + 1));
        }
    }
    none(&wrong);
}

#[test]
fn nothing_is_put_off_and_nothing_names_this_machine() {
    // Written in halves, so that this file does not find itself.
    let words = [
        (concat!("TO", "DO"), "do it, or leave it out"),
        (concat!("FIX", "ME"), "mend it"),
        (concat!("#[ig", "nore"), "a test runs or is deleted"),
        (concat!("/wo", "rk/"), "a path of one machine"),
        (concat!("/ho", "me/"), "a path of one machine"),
        (concat!("unimple", "mented!("), "build it"),
    ];
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches", "assets", "themes", ".ci"] {
        walk(&root().join(folder), &mut files);
    }
    let tops = ["Cargo.toml", ".clippy.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"];
    files.extend(tops.iter().map(|top| root().join(top)).filter(|path| path.is_file()));
    let mut wrong = Vec::new();
    for path in files {
        // What is not text has no words.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            for (word, why) in words {
                if line.contains(word) {
                    let shown = path.strip_prefix(root()).unwrap_or(&path).display();
                    wrong.push(format!("{shown}:{}: {word}: {why}", number + 1));
                }
            }
        }
    }
    none(&wrong);
}

#[test]
fn every_crate_comes_from_the_public_index_and_one_tls_provider_is_built() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let mut wrong = Vec::new();
    for (number, line) in lock.lines().enumerate() {
        let public = line == r#"source = "registry+https://github.com/rust-lang/crates.io-index""#;
        if line.starts_with("source = ") && !public {
            wrong.push(format!("Cargo.lock:{}: {line}", number + 1));
        }
        if ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"].iter().any(|n| line == format!("name = \"{n}\"")) {
            wrong.push(format!("Cargo.lock:{}: ring is the one TLS provider: {line}", number + 1));
        }
    }
    none(&wrong);
}

/// The reader itself: what it must see, and what it must not.
#[test]
fn the_reader_sees_through_groups_supers_comments_and_strings() {
    let text = r##"//! Doc naming crate::engine::X.
use crate::{clients::{docker, http as h}, model};
/* crate::lab /* nested */ crate::lab */ fn g() -> impl Sized + use<> {}
const S: &str = "crate::journal::x \" crate::cli"; const R: &str = r#"crate::main"#; const C: char = '"';
fn f<'a>(x: &'a str) -> crate::config::Y { super::super::engine::go(x) }
mod tests { use super::super::super::tables; mod deep { use super::super::super::super::planning::p; } }
use super::{super::lab::world, self};
"##;
    let named: Vec<String> = Source::new("src/tui/panes.rs", text).named().iter().map(|n| n.segments.join("::")).collect();
    for want in ["crate::clients::docker", "crate::clients::http", "crate::model", "crate::config::Y", "crate::engine::go"] {
        assert!(named.iter().any(|n| n == want), "{want} not in {named:?}");
    }
    for want in ["crate::tables", "crate::planning::p", "crate::lab::world"] {
        assert!(named.iter().any(|n| n == want), "{want} not in {named:?}");
    }
    for not in ["journal", "crate::main", "crate::engine::X"] {
        assert!(!named.iter().any(|n| n.contains(not)), "{not} in {named:?}");
    }
    let bad = Named { segments: vec!["crate".into(), "clients".into()], line: 1 };
    assert!(wrong_floor(&bad, "lab", &["model"]).is_some());
    assert!(wrong_floor(&bad, "clients", &["model"]).is_none());
}

fn wrong_floor(named: &Named, floor: &str, allowed: &[&str]) -> Option<String> {
    if named.segments[0] != "crate" {
        return None;
    }
    let head = named.segments.get(1)?;
    if head == floor || allowed.contains(&head.as_str()) {
        return None;
    }
    let known = FLOORS.iter().any(|(name, _)| name == head);
    Some(if known { format!("{floor} may not name {head}") } else { format!("`crate::{head}` is no floor: name things where they live") })
}

/// `HostInfo` as `Host`, `Info`.
fn camel_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for ch in name.chars() {
        match words.last_mut() {
            Some(word) if !ch.is_uppercase() => word.push(ch),
            _ => words.push(ch.to_string()),
        }
    }
    words
}

fn none(wrong: &[String]) {
    let mut list = String::new();
    for line in wrong {
        let _ = writeln!(list, "{line}");
    }
    assert!(wrong.is_empty(), "\n{list}");
}

fn src() -> Vec<Source> {
    let files = read_all(&root(), &["src"]);
    assert!(files.len() > 20, "the house has files");
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}
