//! One real engine stands still, one link is cut: nothing else suffers, what is not known is not claimed, and it heals by itself.

use std::time::{Duration, Instant};

use vt100::Screen;

use crate::hosts::Hosts;
use crate::over_hosts::console;

const SOON: Duration = Duration::from_secs(15);
/// Longer than a question may take, and than the longest wait between two attempts.
const PATIENCE: Duration = Duration::from_secs(50);

#[test]
fn a_stopped_engine_and_a_cut_link_spoil_nothing() {
    let Some(hosts) = Hosts::start_or_skip() else { return };
    for (machine, number) in hosts.machines.iter().zip(1..) {
        machine.docker(&["run", "-d", "--name", &format!("web-{number}"), &hosts.image("v1")]).expect("a container runs");
    }
    let state = |name: &str| hosts.site.join(name).to_string_lossy().into_owned();
    // One console from before the trouble, one that starts into it.
    let mut old = console(&hosts, &["--state", &state("old")]);
    old.expect_text("3/3 hosts", SOON);
    old.send("5");
    for number in 1..=3 {
        old.expect("its row", SOON, |screen| row(screen, &format!("web-{number}")).is_some_and(|row| row.contains("running")));
    }
    hosts.machines[0].stop_engine();
    hosts.machines[1].cut();

    let mut new = console(&hosts, &["--state", &state("new")]);
    let from = new.started();
    let frame = new.until(from, SOON, |screen| screen.contents().contains("WHARF")).expect("a frame");
    // Promised are one and two seconds; three times that, because this machine does other things beside.
    assert!(frame < Duration::from_secs(3), "the first frame after {frame:?}");
    new.send("5");
    let healthy = |screen: &Screen| row(screen, "web-3").is_some_and(|row| row.contains("running"));
    let live = new.until(from, SOON, healthy).unwrap_or_else(|| panic!("no healthy row:\n{}", new.text()));
    assert!(live < Duration::from_secs(6), "the healthy row after {live:?}");
    assert!(row_of(&new, "web-1").is_none() && row_of(&new, "web-2").is_none(), "what was never heard of is not claimed");

    // What happens on the third host is still seen at once, and keys are answered.
    hosts.machines[2].docker(&["stop", "-t", "0", "web-3"]).expect("stopped");
    let stopped = |screen: &Screen| row(screen, "web-3").is_some_and(|row| row.contains("exited"));
    for screen in [&old, &new] {
        let took = screen.expect("the third host lives", SOON, stopped);
        assert!(took < Duration::from_secs(4), "after {took:?}");
    }
    for (key, shows) in [("4", "COST"), ("1", "ATTENTION"), ("4", "COST")] {
        let sent = Instant::now();
        old.send(key);
        let took = old.until(sent, SOON, |screen| screen.contents().contains(shows)).unwrap_or_else(|| panic!("{shows}:\n{}", old.text()));
        assert!(took < Duration::from_millis(500), "key {key} after {took:?}");
    }

    // The bad rows say so, since when and why; their last values stay.
    old.send("5");
    for number in 1..=2 {
        let name = format!("web-{number}");
        let marked = |screen: &Screen| row(screen, &name).is_some_and(|row| row.contains('◌') && row.contains("running"));
        old.expect("the last known value, marked", PATIENCE, marked);
    }
    old.expect_text("1/3 hosts", PATIENCE);
    new.expect_text("1/3 hosts", PATIENCE);
    new.expect_text("2 faults", PATIENCE);
    new.send("1");
    new.expect("the cause", SOON, |screen| {
        let text = screen.contents();
        ["answer", "timeout", "timed out", "unreachable", "no route"].iter().any(|word| text.contains(word))
    });

    hosts.machines[0].continue_engine();
    hosts.machines[1].mend();
    for screen in [&mut old, &mut new] {
        screen.send("5");
        screen.expect_text("3/3 hosts", PATIENCE);
        for number in 1..=2 {
            let name = format!("web-{number}");
            let well = |screen: &Screen| row(screen, &name).is_some_and(|row| !row.contains('◌') && row.contains("running"));
            screen.expect("a live row again", PATIENCE, well);
        }
    }
}

/// The table stands at the left; what is right of the line describes the selected row.
fn row(screen: &Screen, name: &str) -> Option<String> {
    screen.contents().lines().filter_map(|line| line.split('│').next()).find(|line| line.contains(name)).map(str::to_owned)
}

fn row_of(console: &crate::pty::Pty, name: &str) -> Option<String> {
    console.look(|screen| row(screen, name))
}
