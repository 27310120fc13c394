//! The whole program on a terminal of its own at 200x50: first row, key to frame, memory, bytes while idle.
//!
//! The far end is a lab in a process of its own on the same cores. What is timed is what a person waits for: from the write of
//! the key to the last byte of the frame that answers it, read on the other side of the terminal.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench, which prints what it measures"
)]

#[path = "../tests/common/pty.rs"]
mod pty;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pty::{Pty, Start};
use vt100::Screen;

const PROGRAM: &str = env!("CARGO_BIN_EXE_wharf");
const LONG: Duration = Duration::from_mins(3);

fn main() {
    // `--test` only asks whether it runs.
    let quick = std::env::args().any(|arg| arg == "--test");
    let folder = std::env::temp_dir().join(format!("wharf-console-bench-{}", std::process::id()));
    let worlds: &[(&str, usize)] = if quick { &[("small", 4)] } else { &[("default", 60), ("target", 10_000)] };
    for (world, hosts) in worlds {
        let site = Site::new(&folder, world);
        busy(&site, world, *hosts, if quick { 20 } else { 300 });
        first_row(&site, world, if quick { 3 } else { 15 });
    }
    idle(&Site::new(&folder, "small"), if quick { Duration::from_secs(2) } else { Duration::from_secs(25) });
    dense(&Site::new(&folder, "dense"), if quick { Duration::from_secs(3) } else { Duration::from_mins(1) });
    fs::remove_dir_all(&folder).expect("the folder goes");
}

/// A lab with a config and a state of its own.
struct Site {
    lab: Child,
    folder: PathBuf,
}

impl Site {
    fn new(folder: &Path, world: &str) -> Self {
        let folder = folder.join(world);
        fs::create_dir_all(&folder).expect("a folder");
        let mut lab = Command::new(PROGRAM)
            .args(["lab", "--serve", "--world", world])
            .env("HOME", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a lab");
        let text = Arc::new(Mutex::new(String::new()));
        let (sink, out) = (Arc::clone(&text), BufReader::new(lab.stdout.take().expect("its output")));
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                sink.lock().expect("the text").push_str(&(line + "\n"));
            }
        });
        // The config is whole when nothing more comes.
        let (mut length, end) = (0, Instant::now() + LONG);
        loop {
            std::thread::sleep(Duration::from_millis(700));
            let text = text.lock().expect("the text");
            if text.contains("[[host]]") && text.len() == length {
                fs::write(folder.join("wharf.toml"), &*text).expect("a config");
                break;
            }
            length = text.len();
            assert!(Instant::now() < end, "the lab prints no config");
        }
        Self { lab, folder }
    }

    fn console(&self) -> Pty {
        let path = |name: &str| self.folder.join(name).to_string_lossy().into_owned();
        let environment = [("HOME", path("")), ("LANG", "en_US.UTF-8".to_owned()), ("XDG_RUNTIME_DIR", path(""))];
        let (config, state) = (path("wharf.toml"), path("state"));
        let args = ["--config", &config, "--state", &state];
        Pty::start(&Start { program: Path::new(PROGRAM), args: &args, environment: &environment, rows: 50, columns: 200 })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.lab.kill();
        let _ = self.lab.wait();
    }
}

/// Keys while everything is listed and the world goes on changing; then the memory.
fn busy(site: &Site, world: &str, hosts: usize, presses: usize) {
    let mut console = site.console();
    let from = console.started();
    console.until(from, LONG, |screen| all_up(screen, hosts)).unwrap_or_else(|| panic!("not all up:\n{}", console.text()));
    println!("{world}: every host answered after {} ms", from.elapsed().as_millis());
    console.send("5");
    console.expect("a selected container", LONG, |screen| selected(screen).is_some());
    std::thread::sleep(Duration::from_secs(2));
    let mut times = Vec::new();
    for press in 0..presses {
        // Down and up in turns of twenty, so that every press moves the selection.
        let before = console.look(selected);
        let (key, sent) = (if press / 20 % 2 == 0 { "\x1b[B" } else { "\x1b[A" }, Instant::now());
        console.send(key);
        match console.until(sent, Duration::from_secs(5), |screen| selected(screen) != before) {
            Some(took) => times.push(took),
            None => panic!("key {press} was not answered:\n{}", console.text()),
        }
        std::thread::sleep(Duration::from_millis(11));
    }
    println!("{world}: {}", percentiles("key to frame, one row", &mut times));
    let mut pages = Vec::new();
    for press in 0..presses / 5 {
        let before = console.text();
        let (key, sent) = (if press / 5 % 2 == 0 { "\x1b[6~" } else { "\x1b[5~" }, Instant::now());
        console.send(key);
        if let Some(took) = console.until(sent, Duration::from_secs(5), |screen| screen.contents() != before) {
            pages.push(took);
        }
        std::thread::sleep(Duration::from_millis(23));
    }
    println!("{world}: {}", percentiles("key to frame, a page", &mut pages));
    println!("{world}: memory {} MB, at most {} MB", kilobytes(console.pid(), "VmRSS") / 1024, kilobytes(console.pid(), "VmHWM") / 1024);
    leave(&mut console);
}

/// From exec to the first row of a host or container, out of the cache of the run before.
fn first_row(site: &Site, world: &str, runs: usize) {
    let mut times = Vec::new();
    for _ in 0..runs {
        let mut console = site.console();
        let from = console.started();
        let row = |screen: &Screen| screen.contents().lines().skip(3).any(|line| "●▲✖◌◐".chars().any(|mark| line.contains(mark)));
        times.push(console.until(from, LONG, row).unwrap_or_else(|| panic!("no row:\n{}", console.text())));
        std::thread::sleep(Duration::from_millis(300));
        leave(&mut console);
    }
    println!("{world}: {}", percentiles("exec to first row, from the cache", &mut times));
}

/// Bytes written while nothing that is shown changes, a pane at a time; on panes with live figures those change.
fn idle(site: &Site, time: Duration) {
    let mut console = site.console();
    console.expect("all hosts", LONG, |screen| all_up(screen, 4));
    for pane in ["1", "4", "5", "6"] {
        console.send(pane);
        std::thread::sleep(Duration::from_secs(4));
        let (before, text, cpu) = (console.bytes(), console.text(), cpu_ticks(console.pid()));
        std::thread::sleep(time);
        let (bytes, ticks) = (console.bytes() - before, cpu_ticks(console.pid()) - cpu);
        let rows = text.lines().zip(console.text().lines()).filter(|(was, is)| was != is).count();
        println!("small, pane {pane}: {bytes} bytes in {} s, {rows} rows show something else, {ticks} ticks of 10 ms", time.as_secs());
    }
    leave(&mut console);
}

/// One host with 5,000 containers, stats shown: memory, use of a core, connections to the host.
fn dense(site: &Site, time: Duration) {
    let mut console = site.console();
    console.expect("the host", LONG, |screen| all_up(screen, 1));
    console.send("5");
    console.expect("a selected container", LONG, |screen| selected(screen).is_some());
    console.expect("figures", LONG, |screen| screen.contents().contains('%'));
    let (cpu, end) = (cpu_ticks(console.pid()), Instant::now() + time);
    let mut most = 0;
    while Instant::now() < end {
        most = most.max(connections(console.pid()));
        std::thread::sleep(Duration::from_millis(200));
    }
    let ticks = cpu_ticks(console.pid()) - cpu;
    #[allow(clippy::cast_precision_loss, reason = "a percentage")]
    let percent = ticks as f64 / time.as_secs_f64();
    println!(
        "dense: 5,000 containers on one host: {} MB, at most {} MB, {percent:.1} % of a core, at most {most} connections",
        kilobytes(console.pid(), "VmRSS") / 1024,
        kilobytes(console.pid(), "VmHWM") / 1024
    );
    leave(&mut console);
}

/// TCP connections that a process holds open now.
fn connections(pid: u32) -> usize {
    let links = fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors").filter_map(Result::ok);
    let held: Vec<String> = links.filter_map(|fd| Some(fs::read_link(fd.path()).ok()?.to_string_lossy().into_owned())).collect();
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).expect("a table");
    // proc_net_tcp: the fourth field is the state, 01 for established; the tenth the inode.
    let open = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields.get(3) == Some(&"01")).then(|| format!("socket:[{}]", fields.get(9).unwrap_or(&"")))
    });
    open.filter(|socket| held.contains(socket)).count()
}

fn leave(console: &mut Pty) {
    console.send("\x03");
    assert!(console.ended(Duration::from_secs(5)).is_some(), "it does not leave:\n{}", console.text());
}

fn all_up(screen: &Screen, hosts: usize) -> bool {
    let head: String = screen.contents().lines().next().unwrap_or("").chars().filter(|c| *c != ',').collect();
    let Some(at) = head.find(" hosts") else { return false };
    let (up, all) = head[..at].rsplit(' ').next().and_then(|part| part.split_once('/')).unwrap_or_default();
    // The default world has hosts that never answer.
    all == hosts.to_string() && up.parse::<usize>().is_ok_and(|up| up * 10 >= hosts * 9)
}

/// The row that is selected, and what it says: a selection that stays in its place while the rows move is another one.
fn selected(screen: &Screen) -> Option<String> {
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).find(|row| row.starts_with('▌')).map(|row| row.chars().take(60).collect())
}

fn percentiles(what: &str, times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    format!("{what}: median {:.2} ms, p99 {:.2} ms, worst {:.2} ms of {}", at(50), at(99), at(100), times.len())
}

fn kilobytes(pid: u32, key: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("status");
    let line = status.lines().find(|line| line.starts_with(key)).expect("the key");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    fields[11].parse::<u64>().unwrap_or(0) + fields[12].parse::<u64>().unwrap_or(0)
}
