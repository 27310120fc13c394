//! The picture of the last run: on the terminal before the config is read, and never one of another config.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::pty::{Pty, Start};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};

const START: Duration = Duration::from_secs(20);
const SOON: Duration = Duration::from_secs(5);
/// How long the console may take to be gone.
const GONE: Duration = Duration::from_secs(2);
/// One host that nobody will ever reach.
const INVENTORY: &str = "[web]\nyf-web-01 ansible_host=10.255.255.1\n";

/// A config whose hosts come from an inventory.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a folder") };
        site.configure("prod");
        fs::write(site.inventory(), INVENTORY).expect("an inventory");
        site
    }

    fn configure(&self, environment: &str) {
        let text = format!(
            "language = \"zh\"\n[[idc]]\nname = \"yf\"\ntitle = \"永丰\"\nenvironment = \"{environment}\"\n\
             [[inventory]]\nkind = \"ansible\"\npath = \"inventory.ini\"\nidc = \"yf\"\naddress = \"unix:///nowhere/{{host}}.sock\"\n"
        );
        fs::write(self.folder.path().join("wharf.toml"), text).expect("a config");
    }

    fn inventory(&self) -> PathBuf {
        self.folder.path().join("inventory.ini")
    }

    /// From now on the config is not read to its end until somebody writes the inventory.
    fn hold(&self) {
        fs::remove_file(self.inventory()).expect("a file");
        mknodat(CWD, self.inventory(), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    }

    fn let_go(&self) {
        fs::write(self.inventory(), INVENTORY).expect("somebody reads");
    }

    fn start(&self, args: &[&str]) -> Pty {
        self.start_with(&self.folder.path().join("wharf.toml"), args)
    }

    fn start_with(&self, config: &Path, args: &[&str]) -> Pty {
        let folder = self.folder.path().display().to_string();
        let (config, state) = (config.display().to_string(), format!("{folder}/state"));
        let mut all = args.to_vec();
        all.extend(["--config", &config, "--state", &state]);
        let environment = [("HOME", folder.clone()), ("LANG", "en_US.UTF-8".to_owned()), ("USER", "ops".to_owned())];
        let program = Path::new(env!("CARGO_BIN_EXE_wharf"));
        Pty::start(&Start { program, args: &all, environment: &environment, rows: 30, columns: 100 })
    }

    /// A run that leaves a picture of its hosts.
    fn leave_a_picture(&self) {
        let mut first = self.start(&[]);
        first.expect_text("PROD", START);
        first.send("4");
        first.expect_text("[4 ", SOON);
        first.expect_text("yf-web-01", SOON);
        std::thread::sleep(Duration::from_millis(300));
        first.send("q");
        assert!(first.ended(GONE).is_some_and(|status| status.success()), "{}", first.text());
    }
}

#[test]
fn the_picture_stands_before_the_config_is_read_and_what_is_typed_meanwhile_counts() {
    let site = Site::new();
    site.leave_a_picture();
    site.hold();
    let mut second = site.start(&[]);
    second.expect("the picture", START, |s| s.contents().contains("的画面") && s.contents().contains("yf-web-01"));
    let head = second.row_with("WHARF").expect("a head");
    assert!(head.contains("PROD") && head.contains("ops@") && !head.contains("READ-ONLY"), "{head}");
    assert!(!head.contains("主机"), "no figure of the fleet is known yet: {head}");
    second.expect_text("正在读取配置", SOON);
    second.send("6");
    std::thread::sleep(Duration::from_millis(100));
    site.let_go();
    second.expect_text("[6 ", START);
    second.send("q");
    assert!(second.ended(GONE).is_some_and(|status| status.success()));
}

#[test]
fn a_watcher_sees_it_read_only_and_every_way_out_gives_the_terminal_back() {
    let site = Site::new();
    site.leave_a_picture();
    site.hold();
    for way in ["signal", "ctrl-c"] {
        let mut watch = site.start(&["watch"]);
        watch.expect_text("的画面", START);
        assert!(watch.row_with("WHARF").is_some_and(|head| head.contains("READ-ONLY")), "{}", watch.text());
        if way == "signal" {
            kill_process(Pid::from_raw(watch.pid().cast_signed()).expect("a pid"), Signal::TERM).expect("a signal");
        } else {
            watch.send("\x03");
        }
        assert!(watch.ended(GONE).is_some(), "{way}: it stays:\n{}", watch.text());
        assert!(String::from_utf8_lossy(&watch.raw()).contains("\x1b[?1049l"), "{way}: the ordinary screen is back");
    }
}

#[test]
fn a_broken_config_is_told_on_the_ordinary_screen() {
    let site = Site::new();
    site.leave_a_picture();
    fs::remove_file(site.inventory()).expect("a file");
    let mut broken = site.start(&[]);
    let status = broken.ended(START).expect("it ends");
    assert_eq!(status.exit_code(), 78, "{}", broken.text());
    broken.expect("the problem", SOON, |s| s.contents().contains("inventory.ini") && !s.alternate_screen());
}

#[test]
fn another_config_is_never_shown_the_picture() {
    let site = Site::new();
    site.leave_a_picture();
    site.hold();
    // The same file, edited: what the tag says may not be so any more.
    site.configure("staging");
    let edited = site.start(&[]);
    let seen = edited.until(Instant::now(), Duration::from_millis(800), |s| s.contents().contains("WHARF"));
    assert!(seen.is_none(), "nothing is painted before it is read:\n{}", edited.text());
    site.let_go();
    edited.expect_text("STAGING", START);
    assert!(!String::from_utf8_lossy(&edited.raw()).contains("PROD"));
    drop(edited);
    // Another file beside the same state: neither early nor late.
    let other = site.folder.path().join("other.toml");
    fs::write(&other, "[[idc]]\nname = \"tc\"\nenvironment = \"test\"\n").expect("a config");
    let third = site.start_with(&other, &[]);
    third.expect_text("TEST", START);
    std::thread::sleep(Duration::from_millis(300));
    let raw = String::from_utf8_lossy(&third.raw()).into_owned();
    assert!(!raw.contains("yf-web-01") && !raw.contains("as it was at"), "{}", third.text());
}
