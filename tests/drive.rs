//! Promise 1, driven: in watch mode no key, dialog, palette entry or operation sends anything but a read; the same drive
//! with writing on sends every operation's write, so the drive is proven to reach them.
#![allow(clippy::expect_used, clippy::panic, reason = "what is not as it should be fails the test")]
#![allow(clippy::disallowed_methods, reason = "the far end of a test")]

#[path = "common/pty.rs"]
mod pty;

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use pty::{Pty, Start};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::operations::AnyOperation;

/// A lone Escape is known as one after this.
const ESCAPE: Duration = Duration::from_millis(90);
/// Longer than a held key repeats.
const UNHURRIED: Duration = Duration::from_millis(900);
const START: Duration = Duration::from_secs(30);

struct Scene {
    lab: Lab,
    runtime: tokio::runtime::Runtime,
    dir: tempfile::TempDir,
    host: String,
}

/// One host of the lab in an environment where nothing wants a typed word, so that a drive without hands can confirm.
fn scene() -> Scene {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let options = LabOptions { clock: Clock::system(), ..LabOptions::default() };
    let lab = runtime.block_on(Lab::start(World::load("default").expect("world"), options)).expect("lab");
    lab.set_changes_per_second(0.0);
    let dir = tempfile::tempdir().expect("tempdir");
    let all = wharf::config::parse(&lab.config_toml(), &dir.path().join("all.toml")).expect("config");
    let spec = all.site.hosts.iter().find(|h| &*h.name == "yf-web-01").expect("a host of the default world");
    let text = format!(
        "language = \"en\"\n[console.confirm]\nenvironments = []\nover = 1000\n\
         [[idc]]\nname = \"yf\"\nenvironment = \"staging\"\n[[host]]\nname = \"{}\"\nidc = \"yf\"\naddress = \"{}\"\n",
        spec.name, spec.address
    );
    std::fs::write(dir.path().join("wharf.toml"), text).expect("written");
    std::fs::create_dir(dir.path().join("home")).expect("a home");
    Scene { host: spec.name.to_string(), lab, runtime, dir }
}

impl Scene {
    fn open(&self, face: &[&str]) -> Pty {
        let path = |name: &str| self.dir.path().join(name).display().to_string();
        let (config, state) = (path("wharf.toml"), path("state"));
        let mut args = vec!["--config", &config, "--state", &state];
        args.extend(face);
        let environment = [("LANG", "en_US.UTF-8".to_owned()), ("HOME", path("home"))];
        let program = Path::new(env!("CARGO_BIN_EXE_wharf"));
        let pty = Pty::start(&Start { program, args: &args, environment: &environment, rows: 40, columns: 140 });
        pty.expect_text("1/1 hosts", START);
        pty
    }

    /// Everything that reached the host and was no read.
    fn written(&self) -> Vec<String> {
        let asked = self.lab.twin(&self.host).expect("twin").requests();
        asked.into_iter().filter(|r| r.method != "GET" && r.method != "HEAD").map(|r| format!("{} {}", r.method, r.path)).collect()
    }
}

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

/// Every key from one pane.
fn every_key_from(pty: &mut Pty, pane: &str) {
    for key in keys() {
        pty.send(pane);
        pty.send(&key);
        pty.send("\x1b");
        sleep(ESCAPE);
    }
}

/// A burst of every key inside each input mode and dialog.
fn every_key_inside(pty: &mut Pty) {
    for opener in ["/", ":", "?", "x", "d", "w", "y", "l", "t", " x", "*x"] {
        pty.send("\x1b");
        sleep(ESCAPE);
        pty.send("5");
        pty.send(opener);
        sleep(ESCAPE);
        for key in keys().into_iter().filter(|k| *k != b"\r" && *k != b"\n") {
            pty.send(&key);
        }
        pty.send("\r");
        sleep(ESCAPE);
        for _ in 0..3 {
            pty.send("\x1b");
            sleep(ESCAPE);
        }
    }
}

/// Each operation by the palette on a container of its own, as a person who reads before choosing Run.
fn every_operation(pty: &mut Pty, host: &str) {
    for (at, (name, _)) in AnyOperation::ALL.iter().enumerate() {
        for _ in 0..3 {
            pty.send("\x1b");
            sleep(ESCAPE);
        }
        pty.send("5");
        sleep(ESCAPE);
        pty.send(format!(":{name} {host}/victim-{at}\r"));
        sleep(UNHURRIED);
        pty.send("\t");
        sleep(UNHURRIED);
        pty.send("\r");
        sleep(UNHURRIED);
    }
}

fn victims(scene: &Scene) {
    let twin = scene.lab.twin(&scene.host).expect("twin");
    for (at, (name, _)) in AnyOperation::ALL.iter().enumerate() {
        let victim = format!("victim-{at}");
        twin.run_by_hand(&victim, "payment/web:v2", &["sh"]).expect("a container");
        if name.starts_with("start") || name.starts_with("remove") {
            scene.runtime.block_on(twin.act_by_hand("kill", &victim)).expect("stopped");
        }
    }
    twin.forget_requests();
}

#[test]
fn watching_reads_and_nothing_else_whatever_is_pressed() {
    let scene = scene();
    victims(&scene);
    // A console a pane, all on one state directory, and one for the rest.
    std::thread::scope(|scope| {
        for pane in ["1", "4", "5", "6"] {
            scope.spawn(|| {
                let mut pty = scene.open(&["watch"]);
                every_key_from(&mut pty, pane);
                pty.expect_text("READ-ONLY", START);
            });
        }
        let mut pty = scene.open(&["watch"]);
        every_key_inside(&mut pty);
        every_operation(&mut pty, &scene.host);
        pty.expect_text("READ-ONLY", START);
    });
    assert_eq!(scene.written(), Vec::<String>::new());
}

#[test]
fn the_same_drive_with_writing_on_reaches_every_write() {
    let scene = scene();
    victims(&scene);
    let mut pty = scene.open(&[]);
    every_operation(&mut pty, &scene.host);
    sleep(Duration::from_secs(3));
    let written = scene.written();
    for (name, _) in AnyOperation::ALL {
        let verb = name.trim_end_matches("-containers");
        let is_there = written.iter().any(|w| if verb == "remove" { w.starts_with("DELETE ") } else { w.ends_with(&format!("/{verb}")) });
        assert!(is_there, "{name} sent nothing: {written:?}\n{}", pty.text());
    }
}
