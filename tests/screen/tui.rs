//! The console on a real terminal: what it draws and writes, and that it always gives the terminal back.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::pty::{Pty, Start};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{InputModes, OptionalActions, tcgetattr, tcsetattr};
use vt100::Screen;

/// What an unhurried start may take on a busy machine of two cores.
const START: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_secs(3);
/// How long the console may take to be gone.
const GONE: Duration = Duration::from_secs(2);

const UTF8: (&str, &str) = ("LANG", "en_US.UTF-8");

struct Bench {
    pty: Pty,
    _state: tempfile::TempDir,
}

/// Starts the program with a state directory of its own.
fn start(args: &[&str], environment: &[(&str, &str)], size: (u16, u16)) -> Bench {
    let state = tempfile::tempdir().expect("a folder");
    let pty = start_in(state.path(), args, environment, size);
    Bench { pty, _state: state }
}

fn start_in(state: &Path, args: &[&str], environment: &[(&str, &str)], size: (u16, u16)) -> Pty {
    let state = state.display().to_string();
    let mut all = vec!["--state", &state];
    all.extend(args);
    let mut environment: Vec<(&str, String)> = environment.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
    environment.push(("HOME", state.clone()));
    let program = Path::new(env!("CARGO_BIN_EXE_wharf"));
    Pty::start(&Start { program, args: &all, environment: &environment, rows: size.1, columns: size.0 })
}

/// A console on a config with one IDC and no host: nothing ever changes.
fn quiet(environment: &[(&str, &str)], size: (u16, u16)) -> Bench {
    let state = tempfile::tempdir().expect("a folder");
    let config = state.path().join("wharf.toml");
    std::fs::write(&config, "language = \"en\"\n[[idc]]\nname = \"yf\"\ntitle = \"永丰\"\nenvironment = \"prod\"\n").expect("config");
    let pty = start_in(state.path(), &["--config", &config.display().to_string()], environment, size);
    Bench { pty, _state: state }
}

fn shows(words: &'static str) -> impl Fn(&Screen) -> bool {
    move |screen| screen.contents().contains(words)
}

fn lacks(words: &'static str) -> impl Fn(&Screen) -> bool {
    move |screen| !screen.contents().contains(words)
}

fn contains(raw: &[u8], part: &[u8]) -> bool {
    raw.windows(part.len()).any(|w| w == part)
}

#[test]
fn the_lab_is_looked_at_pane_by_pane() {
    let mut bench = start(&["lab"], &[UTF8], (80, 24));
    bench.pty.expect_text("LAB", START);
    bench.pty.expect_text("60 hosts", START);
    bench.pty.send("4");
    bench.pty.expect("the tree of hosts", SOON, |s| s.contents().contains("[4 ") && s.contents().contains("yf-web-01"));
    bench.pty.send("5");
    bench.pty.expect_text("running", SOON);
    bench.pty.send("/web-1\r");
    bench.pty.expect("its rows", START, |s| s.contents().contains("/web-1") && s.contents().contains(" web-10 "));
    bench.pty.send("d");
    bench.pty.expect_text("CONTAINER  web-1", SOON);
    bench.pty.send("\x1b");
    bench.pty.expect("described no more", SOON, lacks("┌─"));
    bench.pty.send("l");
    bench.pty.expect_text("following", SOON);
    bench.pty.send("\x1b6");
    bench.pty.expect_text("[6 ", SOON);
    // A press of the mouse on the name of the first pane.
    bench.pty.send("\x1b[<0;4;2M\x1b[<0;4;2m");
    bench.pty.expect_text("[1 ", SOON);
    bench.pty.send("q");
    assert!(bench.pty.ended(GONE).is_some_and(|status| status.success()));
}

#[test]
fn a_split_arrow_is_an_arrow_and_a_lone_escape_acts_soon() {
    let mut bench = quiet(&[UTF8], (80, 24));
    bench.pty.expect_text("PROD", START);
    for pause in [5, 15, 30] {
        bench.pty.send("?");
        bench.pty.expect_text("type to narrow", SOON);
        bench.pty.send("\x1b");
        std::thread::sleep(Duration::from_millis(pause));
        bench.pty.send("[B");
        // The arrow scrolls the help; an escape would have closed it, and `[B` would have narrowed it.
        std::thread::sleep(Duration::from_millis(200));
        assert!(bench.pty.look(shows("type to narrow")), "{}", bench.pty.text());
        assert!(!bench.pty.text().contains("/[B"), "{}", bench.pty.text());
        let pressed = Instant::now();
        bench.pty.send("\x1b");
        let took = bench.pty.until(pressed, SOON, lacks("type to narrow")).expect("the help closes");
        assert!(took < Duration::from_millis(400), "a lone escape took {took:?}");
    }
}

#[test]
fn nothing_shown_changes_and_nothing_is_written() {
    let bench = quiet(&[UTF8], (200, 50));
    bench.pty.expect_text("PROD", START);
    std::thread::sleep(Duration::from_millis(500));
    // The clock steps once a minute: of two windows one at least is without a step.
    let window = || {
        let before = bench.pty.bytes();
        std::thread::sleep(Duration::from_secs(2));
        bench.pty.bytes() - before
    };
    let (first, second) = (window(), window());
    assert_eq!(first.min(second), 0, "{first} and {second} bytes in two seconds each");
    assert!(first.max(second) < 100, "{first} and {second} bytes: more than a step of the clock");
}

#[test]
fn signals_and_a_lost_terminal_leave_nothing_behind() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut bench = start(&["lab"], &[UTF8], (80, 24));
        bench.pty.expect_text("LAB", START);
        bench.pty.send("5l");
        std::thread::sleep(Duration::from_millis(100));
        let pid = Pid::from_raw(i32::try_from(bench.pty.pid()).expect("a pid")).expect("a pid");
        kill_process(pid, signal).expect("sent");
        assert!(bench.pty.ended(GONE).is_some(), "still there after {signal:?}");
        std::thread::sleep(Duration::from_millis(100));
        let raw = bench.pty.raw();
        for undo in ["\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l", "\x1b[?1006l", "\x1b[?2004l", "\x1b[?1004l"] {
            assert!(contains(&raw[raw.len().saturating_sub(400)..], undo.as_bytes()), "{undo:?} after {signal:?}");
        }
        assert!(!bench.pty.look(Screen::alternate_screen) && !bench.pty.look(Screen::hide_cursor));
    }
    let mut bench = start(&["lab"], &[UTF8], (80, 24));
    bench.pty.expect_text("LAB", START);
    bench.pty.close();
    assert!(bench.pty.ended(GONE).is_some(), "still there after its terminal went");
}

#[test]
fn a_terminal_that_takes_no_bytes_cannot_hold_the_console() {
    let mut bench = start(&["lab"], &[UTF8], (200, 60));
    bench.pty.expect_text("LAB", START);
    // XOFF: the terminal stops taking output until XON, which never comes.
    let pid = bench.pty.pid();
    bench.pty.send("5");
    let tty = std::fs::File::options().read(true).write(true).open(format!("/proc/{pid}/fd/0")).expect("its terminal");
    let mut modes = tcgetattr(&tty).expect("modes");
    modes.input_modes |= InputModes::IXON;
    tcsetattr(&tty, OptionalActions::Now, &modes).expect("modes");
    drop(tty);
    bench.pty.send("\x13");
    std::thread::sleep(Duration::from_millis(300));
    bench.pty.send("jjjjjjjj\x1b[6~\x1b[6~");
    std::thread::sleep(Duration::from_millis(500));
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    kill_process(pid, Signal::TERM).expect("sent");
    assert!(bench.pty.ended(Duration::from_secs(4)).is_some(), "held by a stopped terminal");
}

#[test]
fn a_dumb_terminal_gets_a_clear_word_and_no_sequence() {
    let mut bench = quiet(&[UTF8, ("TERM", "dumb")], (80, 24));
    let status = bench.pty.ended(START).expect("it ends");
    assert_eq!(status.exit_code(), 64);
    bench.pty.expect_text("wharf get hosts", SOON);
    assert!(!bench.pty.raw().contains(&0x1b), "{:?}", String::from_utf8_lossy(&bench.pty.raw()));
}

#[test]
fn a_plain_locale_gets_ascii_and_no_color_gets_none() {
    let bench = start(&["lab"], &[("LANG", "C"), ("NO_COLOR", "1")], (80, 24));
    bench.pty.expect_text("60 hosts", START);
    let raw = bench.pty.raw();
    assert!(raw.is_ascii(), "{:?}", String::from_utf8_lossy(&raw));
    let text = String::from_utf8_lossy(&raw).into_owned();
    let sgr = text.split("\x1b[").filter_map(|part| part.split_once('m')).map(|(codes, _)| codes);
    let coloured = sgr.filter(|codes| codes.split(';').all(|c| c.chars().all(|d| d.is_ascii_digit()))).flat_map(|codes| codes.split(';'));
    for code in coloured.filter_map(|c| c.parse::<u32>().ok()) {
        assert!(!matches!(code, 30..=48 | 90..=107), "colour {code}");
    }
}

#[test]
fn a_small_window_says_so_and_a_storm_of_sizes_ends_in_a_whole_frame() {
    let mut bench = quiet(&[UTF8], (72, 20));
    bench.pty.expect_text("needs 80x24, is 72x20", START);
    for step in 0..60_u16 {
        bench.pty.resize(20 + step % 45, 60 + (step * 7) % 150);
        std::thread::sleep(Duration::from_millis(3));
    }
    bench.pty.resize(30, 100);
    bench.pty.send("\x0c");
    bench.pty.expect("a whole frame", SOON, |s| {
        let text = s.contents();
        text.contains("WHARF") && text.contains("[1 Overview]") && text.contains("? help") && text.lines().count() == 30
    });
}

#[test]
fn three_hundred_keys_at_once_are_one_or_few_frames() {
    let mut bench = start(&["lab"], &[UTF8], (80, 24));
    bench.pty.expect_text("60 hosts", START);
    bench.pty.send("4");
    bench.pty.expect_text("yf-web-01", SOON);
    let before = bench.pty.bytes();
    let mut keys = "j".repeat(1_500);
    keys.push('G');
    keys.push_str(&"k".repeat(1_500));
    keys.push_str("gjj?");
    bench.pty.send(keys);
    bench.pty.expect_text("type to narrow", SOON);
    assert!(bench.pty.bytes() - before < 60_000, "{} bytes", bench.pty.bytes() - before);
}

#[test]
fn a_watcher_turns_its_pages_and_changes_nothing() {
    let state = tempfile::tempdir().expect("a folder");
    let config = state.path().join("wharf.toml");
    let text = "language = \"en\"\n[console.kiosk]\nevery = \"1s\"\npanes = [\"overview\", \"containers\"]\n\
                [[idc]]\nname = \"yf\"\ntitle = \"永丰\"\nenvironment = \"prod\"\n";
    std::fs::write(&config, text).expect("config");
    let mut pty = start_in(state.path(), &["--config", &config.display().to_string(), "watch"], &[UTF8], (80, 24));
    pty.expect_text("READ-ONLY", START);
    for page in ["[5 ", "[1 ", "[5 "] {
        pty.expect(page, SOON, shows(page));
    }
    // Somebody is there: the display rests, and what changes the world is told no.
    pty.send("5R");
    pty.expect_text("read-only", SOON);
    pty.send(":restart-containers h/web-1\r");
    pty.expect_text("h", SOON);
    pty.send("\x1b");
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(pty.look(shows("[5 ")), "{}", pty.text());
}

#[test]
fn the_clipboard_is_reached_and_a_stop_without_a_shell_goes_on() {
    let mut bench = start(&["lab", "--world", "small"], &[UTF8], (80, 24));
    bench.pty.send("5");
    bench.pty.expect_text("running", START);
    bench.pty.send("c");
    bench.pty.expect_text("copied", SOON);
    assert!(contains(&bench.pty.raw(), b"\x1b]52;c;"));
    bench.pty.send("y");
    bench.pty.expect_text("AppArmorProfile", SOON);
    bench.pty.send("q");
    bench.pty.expect("the rows again", SOON, lacks("AppArmorProfile"));
    let before = bench.pty.bytes();
    bench.pty.send("\x1a");
    bench.pty.expect("painted anew", SOON, |s| s.contents().contains("[5 ") && s.alternate_screen());
    std::thread::sleep(Duration::from_millis(300));
    assert!(bench.pty.bytes() > before + 1_000, "the whole screen is painted again");
}

#[test]
fn the_last_screen_and_the_order_are_there_at_the_next_start() {
    let state = tempfile::tempdir().expect("a folder");
    let mut first = start_in(state.path(), &["lab"], &[UTF8], (100, 30));
    first.expect_text("60 hosts", START);
    first.send("5");
    first.expect_text("running", SOON);
    first.send(">>/web\r");
    first.expect_text("/web", SOON);
    std::thread::sleep(Duration::from_millis(300));
    first.send("q");
    assert!(first.ended(GONE).is_some());
    let second = start_in(state.path(), &["lab"], &[UTF8], (100, 30));
    second.expect("the pane and its filter", START, |s| s.contents().contains("[5 ") && s.contents().contains("/web"));
    let raw = String::from_utf8_lossy(&second.raw()).into_owned();
    assert!(raw.contains("as it was at"), "the first picture is the last one of before");
}
