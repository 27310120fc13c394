//! One registry refuses, one answers after 30 s, one babbles: on the screen the others live, the bad ones keep what was known and say
//! why, keys are answered, and all of it heals without a restart.

use std::path::Path;
use std::time::{Duration, Instant};

use vt100::Screen;
use wharf::lab::trouble::{Rule, Trouble};
use wharf::lab::{Lab, LabOptions, World};

use crate::pty::{Pty, Start};

const SOON: Duration = Duration::from_secs(20);
/// Longer than a question may take, and than the longest wait between two attempts.
const PATIENCE: Duration = Duration::from_secs(50);

const BAD: [&str; 3] = ["refusing", "slow", "babbling"];
const GOOD: [&str; 2] = ["sound", "well"];

fn world() -> World {
    let head = "name = \"t\"\nabout = \"t\"\nseed = 7\n[life]\nchanges_per_second = 0.0\nprobes = false\n";
    let registry = |name: &&str| {
        format!(
            "[[idc]]\nname = \"{name}\"\n[[registry]]\nname = \"{name}\"\nidc = \"{name}\"\n\
             project = [{{ name = \"payment\", repositories = [\"web\"], tags = 2 }}]\n"
        )
    };
    let registries: String = BAD.iter().chain(&GOOD).map(registry).collect();
    World::parse("t", &format!("{head}{registries}")).expect("a world")
}

fn console(dir: &Path) -> Pty {
    let shown = |name: &str| dir.join(name).display().to_string();
    let words = ["--config".to_owned(), shown("wharf.toml"), "--state".to_owned(), shown("state"), "--read-only".to_owned()];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Pty::start(&Start {
        program: Path::new(env!("CARGO_BIN_EXE_wharf")),
        args: &words,
        environment: &[("LANG", "en_US.UTF-8".into()), ("HOME", dir.display().to_string()), ("USER", "ops".into())],
        rows: 40,
        columns: 200,
    })
}

#[test]
fn bad_registries_spoil_nothing_on_the_screen() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let far = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let lab = far.block_on(Lab::start(world(), LabOptions::default())).expect("a lab");
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("wharf.toml"), lab.config_toml()).expect("a config");

    // What is known before the trouble.
    let mut before = console(dir.path());
    before.expect_text("WHARF", SOON);
    before.send(":registries\r");
    before.expect_text("PING", SOON);
    for name in BAD.iter().chain(&GOOD) {
        before.expect("it answers", SOON, |screen| row(screen, name).is_some_and(|row| row.contains('●')));
    }
    before.send("2");
    before.expect("the project in all of them", SOON, |screen| private_in(screen) == 5);
    before.send("q");
    assert!(before.ended(SOON).expect("it goes").success());

    for (name, trouble) in BAD.iter().zip([Trouble::Refuse, Trouble::Delay(30_000), Trouble::Garbage]) {
        lab.registry(name).expect("a hand").fault(Rule::always(trouble));
    }
    let mut now = console(dir.path());
    let from = now.started();
    let frame = now.until(from, SOON, |screen| screen.contents().contains("WHARF")).expect("a frame");
    // Promised are one and two seconds; three times that, because this machine does other things beside.
    assert!(frame < Duration::from_secs(3), "the first frame after {frame:?}");
    now.send(":registries\r");
    now.expect_text("PING", SOON);
    for name in GOOD {
        let live = now.until(from, SOON, |screen| row(screen, name).is_some_and(|row| row.contains('●')));
        let live = live.unwrap_or_else(|| panic!("{name} is not there:\n{}", now.text()));
        assert!(live < Duration::from_secs(6), "{name} after {live:?}");
    }
    // The bad ones say so, and why.
    for (name, state) in BAD.iter().zip(["unreachable", "timeout", "garbage"]) {
        now.expect(state, PATIENCE, |screen| row(screen, name).is_some_and(|row| row.contains('✖') && row.contains(state)));
    }
    now.expect_text("3 faults", SOON);
    for (name, cause) in BAD.iter().zip(["closed the connection", "no answer from", "answered with a web page"]) {
        now.send(format!("/{name}\r"));
        now.expect("its row alone", SOON, |screen| row(screen, GOOD[0]).is_none() && row(screen, name).is_some());
        now.send("w");
        now.expect(cause, PATIENCE, |screen| screen.contents().contains(cause));
        now.send("\x1b");
        now.expect("the box is gone", SOON, |screen| screen.contents().contains("PING"));
        now.send("\x1b");
        now.expect("all rows again", SOON, |screen| row(screen, GOOD[0]).is_some());
    }
    // What was known of them stays, under a head that is marked.
    now.send("2");
    now.expect("the project in all of them", SOON, |screen| private_in(screen) == 5);
    assert_eq!(now.look(|screen| row(screen, "PROJECT")).expect("a head").matches('✖').count(), 3, "{}", now.text());
    // Keys are answered, whatever is waited for.
    for (key, shows) in [("2", "payment"), ("1", "ATTENTION"), ("3", "topology"), ("2", "payment")] {
        let sent = Instant::now();
        now.send(key);
        let took = now.until(sent, SOON, |screen| screen.contents().contains(shows)).unwrap_or_else(|| panic!("{shows}:\n{}", now.text()));
        assert!(took < Duration::from_millis(500), "key {key} after {took:?}");
    }

    for name in BAD {
        lab.registry(name).expect("a hand").heal();
    }
    now.send(":registries\r");
    for name in BAD.iter().chain(&GOOD) {
        now.expect("it answers again", PATIENCE, |screen| row(screen, name).is_some_and(|row| row.contains('●')));
    }
    now.send("q");
    assert!(now.ended(SOON).expect("it goes").success());
}

/// In how many registries the project is known to be private.
fn private_in(screen: &Screen) -> usize {
    row(screen, "payment").map_or(0, |row| row.matches("private").count())
}

/// The table stands at the left under the breadcrumb; what is right of the line describes the selected row.
fn row(screen: &Screen, name: &str) -> Option<String> {
    let all = screen.contents();
    all.lines().skip(3).filter_map(|line| line.split('│').next()).find(|line| line.contains(name)).map(str::to_owned)
}
