//! A panic on any thread: the terminal is as it was, its words are readable, and the console is gone.

use std::path::Path;
use std::time::Duration;

use crate::own_process::full_name;
use crate::pty::{Pty, Start};
use vt100::Screen;
use wharf::clients::{Mode, Wire, WireOptions};
use wharf::config;
use wharf::engine::{PollMode, Setup, start};
use wharf::journal::owner_here;
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::model::text::Lang;
use wharf::tui::{self, Ability, Ended, Settings};

const NAME: &str = "a_panic_on_any_thread_gives_the_terminal_back";
/// Set in the process that has the console.
const FOLDER: &str = "WHARF_TEST_PANIC";
const SAID: &str = "asked to panic";

#[test]
fn a_panic_on_any_thread_gives_the_terminal_back() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        console(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut pty = Pty::start(&Start {
        program: &std::env::current_exe().expect("this program"),
        args: &["--exact", &full_name(module_path!(), NAME), "--nocapture"],
        environment: &[("LANG", "en_US.UTF-8".into()), (FOLDER, folder.path().display().to_string())],
        rows: 24,
        columns: 80,
    });
    pty.expect("the console is drawn", Duration::from_secs(20), |screen| screen.alternate_screen() && screen.contents().contains("WHARF"));
    std::fs::write(folder.path().join("now"), "").expect("told");
    // Promised are two seconds; half of one more for who notices that it was told.
    let status = pty.ended(Duration::from_millis(2_500)).expect("the console is gone");
    assert_eq!(status.exit_code(), 70, "it ended by the panic:\n{}", pty.text());
    std::thread::sleep(Duration::from_millis(100));
    assert!(!pty.look(Screen::alternate_screen) && !pty.look(Screen::hide_cursor));
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    let after = raw.rsplit_once("\x1b[?1049l").expect("the ordinary screen again").1;
    assert!(after.contains(SAID), "the words are on the ordinary screen: {after}");
    for undo in ["\x1b[?25h", "\x1b[?1000l", "\x1b[?1006l", "\x1b[?2004l", "\x1b[?1004l"] {
        assert!(raw.contains(undo), "{undo:?}");
    }
}

/// The console over the small world; a thread of it panics when it is told to.
fn console(folder: &Path) -> ! {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let now = folder.join("now");
    runtime.spawn(async move {
        while !now.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{SAID}");
    });
    let ended = runtime.block_on(async {
        let clock = Clock::system();
        let lab = Lab::start(World::load("small").expect("a world"), LabOptions::default()).await.expect("a lab");
        let running = start(Setup {
            config: config::parse(&lab.config_toml(), &folder.join("wharf.toml")).expect("a config"),
            places: None,
            wire: Wire::new(WireOptions::new(Mode::ReadOnly, clock.clone(), folder.join("run"))).expect("a wire"),
            journal: None,
            owner: owner_here(&clock),
            clock: clock.clone(),
            runner: None,
            interest: PollMode::Console,
            kinds: Vec::new(),
            questions: Vec::new(),
        });
        let settings = Settings::new(Lang::En, Ability::from_environment(|name| std::env::var(name).ok()));
        Box::pin(tui::run(running.engine.clone(), settings, clock, None)).await
    });
    std::process::exit(if matches!(ended, Ok(Ended::Panicked)) { 70 } else { 1 })
}
