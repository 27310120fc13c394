//! Registries at size, 20 ms away: the first full read, a second start that reads what changed, and the memory of a million tags.
//!
//! The twins run in a process of their own (this program once more), so that what is measured is the engine alone.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench, which prints what it measures")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use wharf::clients::{Mode, Wire, WireOptions};
use wharf::config;
use wharf::engine::{PollMode, Running, Setup, start};
use wharf::journal::{Journal, owner_here};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::model::fleet::Fleet;
use wharf::model::registry::{Question, Registry};

const REGISTRIES: usize = 6;

/// What each registry holds.
#[derive(Clone, Copy)]
struct Size {
    projects: usize,
    repositories: usize,
    tags: usize,
    members: usize,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let [word, world] = &args[..]
        && word == "--far"
    {
        return far(world);
    }
    // `cargo bench -- --test` and `cargo test --benches` only ask whether it runs.
    let asks = |word: &str| args.iter().any(|arg| arg == word);
    if asks("--bench") && !asks("--test") {
        all(10, 2_000);
    } else {
        all(1, 20);
    }
}

fn all(slowly: u64, projects: usize) {
    let tags = Size { projects, repositories: 14, tags: 6, members: 5 };
    remembered(&format!("{} tags", REGISTRIES * projects * 14 * 6), tags, slowly);
    let people = Size { projects, repositories: 0, tags: 0, members: 10 };
    once(&format!("{REGISTRIES} x {projects} projects with members"), people);
}

/// A script that asks for projects and members: at 8 requests at once each.
fn once(what: &str, size: Size) {
    let (mut far, near, dir) = (Far::start(size), Runtime::new().expect("a runtime"), tempfile::tempdir().expect("a directory"));
    let questions = [Question::Projects, Question::Members];
    let begun = Instant::now();
    let running = near.block_on(engine(&far.config, dir.path(), PollMode::Once, &questions));
    let fleet = near.block_on(until(&running, |r| questions.iter().all(|q| r.holdings.complete.contains(q))));
    let took = begun.elapsed();
    let read: usize =
        fleet.registries.iter().filter_map(|r| r.holdings.projects.as_ref()).flatten().filter(|p| p.members.is_some()).count();
    // Each Harbor comes with a project of its own.
    assert!(read >= REGISTRIES * size.projects, "{read}");
    println!("{what}, 20 ms away, 8 at once each: {} requests, {:.1} s", far.requests(), took.as_secs_f64());
    near.block_on(running.close());
}

/// A console that is opened, closed, and opened again after one push.
fn remembered(what: &str, size: Size, slowly: u64) {
    let (mut far, near, dir) = (Far::start(size), Runtime::new().expect("a runtime"), tempfile::tempdir().expect("a directory"));
    let before = memory();
    let begun = Instant::now();
    let running = near.block_on(engine(&far.config, dir.path(), PollMode::Console, &[]));
    let fleet = near.block_on(until(&running, |r| r.holdings.cursor.is_some()));
    let (took, requests) = (begun.elapsed(), far.requests());
    let tags = tags(&fleet);
    assert_eq!(tags, REGISTRIES * size.projects * size.repositories * size.tags);
    println!("{what}: first read in the background {requests} requests, {:.1} s", took.as_secs_f64());
    println!("{what}: memory {} MB (before: {} MB)", memory() / 1024, before / 1024);
    drop(fleet);
    // The cache is written in the background, a minute after the last time.
    std::thread::sleep(Duration::from_secs(10 * slowly));
    near.block_on(running.close());
    println!("{what}: kept in {} MB", std::fs::metadata(dir.path().join("state/registries.db")).map_or(0, |file| file.len()) >> 20);

    far.push();
    // What the slow pass of the first console asked while the cache was waited for.
    let passed = far.requests();
    println!("{what}: {passed} requests of the slow pass and of what is watched, in {} s", 10 * slowly);
    let begun = Instant::now();
    let running = near.block_on(engine(&far.config, dir.path(), PollMode::Console, &[]));
    near.block_on(until(&running, |r| r.holdings.projects.is_some()));
    let painted = begun.elapsed();
    let fleet = near.block_on(until(&running, |r| r.holdings.projects.is_some() && !r.freshness.cached));
    let took = begun.elapsed();
    println!(
        "{what}: second start shows what was known after {:.2} s, has what changed after {:.1} s, {} requests",
        painted.as_secs_f64(),
        took.as_secs_f64(),
        far.requests()
    );
    assert_eq!(self::tags(&fleet), tags + 1);
    near.block_on(running.close());
}

async fn engine(config: &str, dir: &Path, interest: PollMode, questions: &[Question]) -> Running {
    let clock = Clock::system();
    start(Setup {
        config: config::parse(config, &dir.join("wharf.toml")).expect("a config"),
        places: None,
        wire: Wire::new(WireOptions::new(Mode::ReadOnly, clock.clone(), dir.join("run"))).expect("a wire"),
        journal: Some(Journal::open(&dir.join("state"), &clock).await.expect("a journal")),
        owner: owner_here(&clock),
        clock,
        runner: None,
        interest,
        kinds: Vec::new(),
        questions: questions.to_vec(),
    })
}

async fn until(running: &Running, so: impl Fn(&Registry) -> bool) -> Arc<Fleet> {
    let mut fleet = running.engine.fleet();
    loop {
        let now = Arc::clone(&fleet.borrow_and_update());
        if let Some(fault) = now.registries.iter().find_map(|r| r.freshness.fault.as_ref()) {
            println!("{fault}");
        }
        if now.registries.len() == REGISTRIES && now.registries.iter().all(|r| so(r)) {
            return now;
        }
        fleet.changed().await.expect("the engine runs");
    }
}

fn tags(fleet: &Fleet) -> usize {
    let projects = fleet.registries.iter().filter_map(|r| r.holdings.projects.as_ref()).flatten();
    projects.filter_map(|p| p.repositories.as_ref()).flatten().filter_map(|r| r.artifacts.as_ref()).map(|a| a.tag_count()).sum()
}

/// Kilobytes of this process in memory.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse().ok()).expect("a number")
}

/// The far end in a process of its own.
struct Far {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    config: String,
}

impl Far {
    fn start(size: Size) -> Self {
        let Size { projects, repositories, tags, members } = size;
        let mut world = String::from(
            "name = \"far\"\nabout = \"registries, 20 ms away\"\nseed = 1\n[life]\nchanges_per_second = 0.0\nprobes = false\n[[idc]]\nname = \"far\"\nlatency_ms = 20\n",
        );
        for at in 0..REGISTRIES {
            let fill = format!("{{ projects = {projects}, repositories = {repositories}, tags = {tags}, members = {members} }}");
            let _ = write!(world, "[[registry]]\nname = \"r{at}\"\nidc = \"far\"\nfill = {fill}\n");
        }
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--far", &world])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the far end");
        let (asks, answers) = (child.stdin.take().expect("its input"), child.stdout.take().expect("its output"));
        let mut far = Self { child, asks, answers: BufReader::new(answers), config: String::new() };
        loop {
            let line = far.line();
            if line == "." {
                return far;
            }
            far.config.push_str(&line);
            far.config.push('\n');
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// Requests since the last time.
    fn requests(&mut self) -> u64 {
        writeln!(self.asks, "requests").expect("asked");
        self.line().parse().expect("a number")
    }

    fn push(&mut self) {
        writeln!(self.asks, "push").expect("asked");
        assert_eq!(self.line(), "pushed");
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves a world until its input ends, and answers what is asked of it there.
fn far(world: &str) {
    let run = Runtime::new().expect("a runtime");
    let lab = run.block_on(Lab::start(World::parse("far", world).expect("a world"), LabOptions::default())).expect("a lab");
    println!("{}\n.", lab.config_toml().trim_end());
    for ask in std::io::stdin().lines() {
        if ask.expect("a line") == "push" {
            lab.registries()[0].push("p0000/r00", "pushed", "admin").expect("pushed");
            println!("pushed");
        } else {
            println!("{}", lab.registries().iter().map(wharf::lab::RegistryHand::requests_seen).sum::<u64>());
            lab.registries().iter().for_each(wharf::lab::RegistryHand::forget_requests);
        }
    }
}
