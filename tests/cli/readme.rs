//! The README is run: every command in it does what it says, over the lab.

mod reference;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::pty::{Pty, Start};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wharf");
const README: &str = include_str!("../../README.md");
const SOON: Duration = Duration::from_secs(20);

/// The far end of a world, in a process of its own.
struct FarEnd(Child);

impl Drop for FarEnd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_commands_of_the_readme_work() {
    let home = tempfile::tempdir().expect("a folder");
    let config = home.path().join("lab.toml");
    let _far = serve(&config);
    let mut run = 0;
    for line in commands("sh") {
        let words = words(&line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["cargo", "run", "--release"] => the_lab_opens(home.path()),
            ["wharf", "config", "init"] => {
                let out = wharf(home.path()).args(&words[1..]).output().expect("it runs");
                assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
                let check = wharf(home.path()).args(["config", "check"]).output().expect("it runs");
                assert!(check.status.success(), "what init writes is whole: {}", String::from_utf8_lossy(&check.stderr));
            }
            ["wharf", args @ ..] => {
                let out = wharf(home.path()).args(args).env("WHARF_CONFIG", &config).output().expect("it runs");
                let (said, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
                // The doctor may find something to say.
                assert!(matches!(out.status.code(), Some(0 | 1)), "{line}: {}\n{said}\n{errors}", out.status);
                assert!(!said.trim().is_empty(), "{line} says nothing");
                if args.contains(&"json") {
                    serde_json::from_str::<serde_json::Value>(&said).unwrap_or_else(|e| panic!("{line}: {e}"));
                }
            }
            other => panic!("a command of the README that nobody runs: {other:?}"),
        }
        run += 1;
    }
    assert!(run >= 5, "{run} commands");
}

/// What is built in the README builds; it takes minutes, so only where there is time for it.
#[test]
fn the_static_binary_builds_and_is_small() {
    if std::env::var_os("WHARF_LONG").is_none() {
        eprintln!("LONG: the static release build");
        return;
    }
    for line in commands("sh build") {
        let out = Command::new("sh").args(["-c", &line]).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("it runs");
        assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    }
    let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/x86_64-unknown-linux-gnu/release/wharf");
    let size = fs::metadata(&binary).expect("a binary").len();
    assert!(size < 20_000_000, "{size} bytes");
    let head = fs::read(&binary).expect("a binary");
    let interpreter = head.windows(14).any(|w| w == b"/lib64/ld-linu");
    assert!(!interpreter, "a static binary asks for no loader");
    eprintln!("static binary: {size} bytes");
}

#[test]
fn what_the_readme_points_to_is_there() {
    for name in ["benches/FIGURES.md", "assets/example.toml", "tests/all", "CONTRIBUTING.md"] {
        assert!(README.contains(name), "the README does not name {name}");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(name).exists(), "{name} is not there");
    }
    let help = wharf(Path::new("/")).arg("--help").output().expect("it runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for face in ["lab", "watch", "get", "plan", "run", "doctor", "config"] {
        assert!(help.lines().any(|line| line.split_whitespace().next() == Some(face)), "--help does not name {face}:\n{help}");
        assert!(README.contains(&format!("`wharf {face}")), "the README does not name wharf {face}");
    }
}

fn the_lab_opens(home: &Path) {
    let environment = [("HOME", home.to_string_lossy().into_owned()), ("LANG", "en_US.UTF-8".to_owned())];
    let mut console = Pty::start(&Start { program: Path::new(PROGRAM), args: &["lab"], environment: &environment, rows: 30, columns: 100 });
    console.expect_text("LAB", SOON);
    console.expect_text("土城", SOON);
    console.send("\x03");
    assert!(console.ended(SOON).is_some(), "it leaves:\n{}", console.text());
}

#[test]
fn the_references_are_what_the_program_lists() {
    let mut text = README.to_owned();
    for (name, part) in reference::parts() {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let from = text.find(&begin).unwrap_or_else(|| panic!("the README has no place for {name}")) + begin.len();
        let to = from + text[from..].find(&end).unwrap_or_else(|| panic!("{name} has no end"));
        text.replace_range(from..to, &part);
    }
    if text != README && std::env::var_os("CI").is_none() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"), &text).expect("the README is written");
    }
    assert!(text == README, "what the program lists has changed: this test has rewritten README.md; look at it and commit it");
}

/// The words of a line as a shell parts them; single quotes keep together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// The lines of the README's blocks of this kind, without their comments.
fn commands(kind: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for block in README.split("\n```").skip(1).step_by(2) {
        let (head, body) = block.split_once('\n').expect("a block has lines");
        if head == kind {
            lines.extend(body.lines().map(|line| line.split("  #").next().unwrap_or("").trim().to_owned()));
        }
    }
    lines.retain(|line| !line.is_empty());
    assert!(!lines.is_empty(), "no block of {kind}");
    lines
}

fn serve(config: &Path) -> FarEnd {
    let mut child = Command::new(PROGRAM)
        .args(["lab", "--serve", "--world", "small"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a lab");
    let out = BufReader::new(child.stdout.take().expect("its output"));
    let far = FarEnd(child);
    let (give, take) = std::sync::mpsc::sync_channel(100_000);
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| give.send(line)));
    let (mut text, end) = (String::new(), Instant::now() + SOON);
    // The config is whole when nothing more comes.
    while let Ok(line) = take.recv_timeout(if text.contains("[[host]]") { Duration::from_millis(700) } else { SOON }) {
        text += &(line + "\n");
        assert!(Instant::now() < end, "it goes on and on");
    }
    assert!(text.contains("[[host]]"), "no config: {text}");
    fs::write(config, text).expect("a config");
    far
}

/// The program with nothing of the user's.
fn wharf(home: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home).env("LANG", "en_US.UTF-8");
    command.stdin(Stdio::null());
    command
}
