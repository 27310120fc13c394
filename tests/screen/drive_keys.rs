//! Promise 1, driven: in watch mode no key, dialog, palette entry or operation sends anything but a read; the same drive
//! with writing on sends every operation's write, so the drive is proven to reach them.
//!
//! What is driven comes from the program's own lists: a pane, a verb, a word or an operation that is added is driven too.

use std::thread::sleep;
use std::time::Duration;

use crate::drive::scene::{START, Scene, scene};
use crate::pty::Pty;
use wharf::operations::AnyOperation;
use wharf::tui::reference;

/// A lone Escape is known as one after this.
const ESCAPE: Duration = Duration::from_millis(90);
/// Longer than a held key repeats.
const UNHURRIED: Duration = Duration::from_millis(900);

/// Every key that a terminal sends as one byte, but those that leave the console.
fn keys() -> Vec<Vec<u8>> {
    let printable = (b' '..=b'~').filter(|b| *b != b'q').map(|b| vec![b]);
    let control = (1..=26u8).filter(|b| !matches!(b, 3 | 26)).map(|b| vec![b]);
    let named: [&[u8]; 14] = [
        b"\x1b[A",
        b"\x1b[B",
        b"\x1b[C",
        b"\x1b[D",
        b"\x1b[H",
        b"\x1b[F",
        b"\x1b[5~",
        b"\x1b[6~",
        b"\x1b[3~",
        b"\x1b[Z",
        b"\x1bOP",
        b"\x1b[15~",
        b"\x7f",
        b"\x1b[200~yes\ry\r\x1b[201~",
    ];
    printable.chain(control).chain(named.iter().map(|k| k.to_vec())).collect()
}

fn clear(pty: &mut Pty) {
    for _ in 0..3 {
        pty.send("\x1b");
        sleep(ESCAPE);
    }
}

/// Every key from where these lead.
fn every_key_from(pty: &mut Pty, openers: &[String]) {
    for opener in openers {
        for key in keys() {
            pty.send(opener);
            pty.send(&key);
            pty.send("\x1b");
            sleep(ESCAPE);
        }
    }
}

/// What leads to the tables beside the first in a pane, and from the first row of each further in.
fn to_tabs((depth, count): (usize, usize), pane: char) -> Vec<String> {
    let there = |tab: usize| format!("{pane}{}{}", "\r".repeat(depth), "]".repeat(tab));
    (1..count).flat_map(|tab| [there(tab), format!("{}\r", there(tab))]).collect()
}

/// A burst of every key inside each input mode, layer and dialog that can be opened from a pane.
fn every_key_inside(pty: &mut Pty, pane: &str, dialog: &str) {
    for opener in ["/", ":", "?", "x", "d", "w", "y", "l", "t", "t\r", " x", "*x", "\x13", dialog] {
        clear(pty);
        pty.send(pane);
        pty.send(opener);
        sleep(ESCAPE);
        for key in keys().into_iter().filter(|k| *k != b"\r" && *k != b"\n") {
            pty.send(&key);
        }
        pty.send("\r");
        sleep(ESCAPE);
    }
    clear(pty);
}

/// Every word that the `:` line offers, alone and with a filter, an IDC and a target behind it; leaving is last.
fn every_word(pty: &mut Pty, host: &str) {
    let (mut words, leaving): (Vec<String>, Vec<String>) =
        reference::words().into_iter().map(|(word, _)| word).partition(|word| word != "quit");
    assert!(words.len() > reference::panes().len() + AnyOperation::ALL.len(), "the palette offers what there is");
    words.push("lang en".to_owned());
    for word in words {
        for line in [word.clone(), format!("{word} /web @yf"), format!("{word} {host}/victim-0")] {
            pty.send(format!(":{line}\r"));
            sleep(ESCAPE);
            // Whatever it opened is answered and left.
            pty.send("\t\r");
            pty.send("\x1b");
            sleep(ESCAPE);
        }
        clear(pty);
    }
    assert_eq!(leaving, ["quit"]);
}

/// Each operation by the palette, as a person who reads before choosing Run.
fn every_operation(pty: &mut Pty, scene: &Scene, run: &str) {
    for at in 0..AnyOperation::ALL.len() {
        clear(pty);
        pty.send("5");
        sleep(ESCAPE);
        pty.send(format!(":{}\r", scene.words_of(at, run)));
        sleep(UNHURRIED);
        pty.send("\t");
        sleep(UNHURRIED);
        pty.send("\r");
        sleep(UNHURRIED);
    }
}

#[test]
fn watching_reads_and_nothing_else_whatever_is_pressed() {
    let scene = scene();
    let run = scene.victims();
    let dialog = format!(":{}\r", scene.words_of(0, &run));
    // A console a pane, all on one state directory, and one each for the palette and for the operations.
    std::thread::scope(|scope| {
        for pane in reference::panes() {
            let (scene, dialog) = (&scene, &dialog);
            scope.spawn(move || {
                let mut pty = scene.open(&["watch"]);
                every_key_from(&mut pty, &[pane.digit.to_string(), format!("{}\r", pane.digit)]);
                every_key_inside(&mut pty, &pane.digit.to_string(), dialog);
                pty.expect_text("READ-ONLY", START);
            });
            // Two places a console, so that none takes longer than the others.
            let all: Vec<Vec<String>> = pane.tabs.iter().map(|tabs| to_tabs(*tabs, pane.digit)).collect();
            for openers in all.iter().flat_map(|one| one.chunks(2)) {
                let openers = openers.to_vec();
                scope.spawn(move || {
                    let mut pty = scene.open(&["watch"]);
                    every_key_from(&mut pty, &openers);
                    pty.expect_text("READ-ONLY", START);
                });
            }
        }
        scope.spawn(|| {
            let mut pty = scene.open(&["--read-only"]);
            every_word(&mut pty, &scene.host);
            pty.expect_text("READ-ONLY", START);
            pty.send(":quit\r");
            assert_eq!(pty.ended(START).map(|status| status.exit_code()), Some(0));
        });
        let mut pty = scene.open(&["watch"]);
        every_operation(&mut pty, &scene, &run);
        pty.expect_text("READ-ONLY", START);
    });
    scene.only_reads();
}

#[test]
fn the_same_drive_with_writing_on_reaches_every_write() {
    let scene = scene();
    let run = scene.victims();
    let mut pty = scene.open(&[]);
    every_operation(&mut pty, &scene, &run);
    sleep(Duration::from_secs(3));
    let written = scene.written();
    let sent = |what: &str| written.iter().filter(|w| w.contains(what)).count();
    for (name, _) in AnyOperation::ALL {
        let is_there = match *name {
            "remove-containers" => sent("DELETE /") == 1,
            // One for itself, one for what was stopped before.
            "undo" | "start-containers" => sent("/start") == 2,
            verb => sent(&format!("/{}", verb.trim_end_matches("-containers"))) >= 1,
        };
        assert!(is_there, "{name} sent nothing: {written:?}\n{}", pty.text());
    }
}
