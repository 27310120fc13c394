//! The terminal harness itself: what it says of a program is so, and a closed terminal is really closed.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::pty::{Pty, Start};

const SOON: Duration = Duration::from_secs(10);

fn shell(script: &str) -> Pty {
    let start =
        Start { program: Path::new("/bin/sh"), args: &["-c", script], environment: &[("WHO", "永丰".into())], rows: 5, columns: 40 };
    Pty::start(&start)
}

#[test]
fn keys_go_in_and_the_screen_comes_out() {
    let mut pty = shell("stty -echo; printf '\\033[2;3Hready %s' \"$WHO\"; read -r key; printf '\\033[2J\\033[Hgot %s' \"$key\"");
    pty.expect_text("ready 永丰", SOON);
    assert_eq!(pty.row_with("ready").as_deref(), Some("  ready 永丰"));
    let (before, sent) = (pty.bytes(), Instant::now());
    pty.send("x\n");
    let took = pty.until(sent, SOON, |screen| screen.contents().starts_with("got x")).expect("an answer");
    assert!(took < SOON && pty.bytes() > before);
    assert!(pty.ended(SOON).expect("it ends").success());
    assert!(pty.until(Instant::now(), Duration::from_millis(50), |screen| screen.contents().contains("never")).is_none());
}

#[test]
fn a_closed_terminal_hangs_up() {
    // Only a hang-up ends it with 7; it draws at a new size, as a console does.
    let mut pty = shell("trap 'exit 7' HUP; trap 'echo resized' WINCH; echo ready; while :; do sleep 0.05; done");
    pty.expect_text("ready", SOON);
    pty.close();
    assert_eq!(pty.ended(SOON).expect("it ends").exit_code(), 7);
}
