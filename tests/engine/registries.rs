//! The engine over the lab's registries: asks what is needed, follows what changes, remembers, and is spoiled by none of them.

mod asks;
mod faults;
mod follows;
mod refusals;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wharf::clients::{Mode, Wire, WireOptions};
use wharf::config;
use wharf::engine::{Command, PollMode, Running, Setup, start};
use wharf::journal::{Journal, owner_here};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::model::fleet::Fleet;
use wharf::model::registry::{Holdings, Question, Registry};

/// Two Harbors with something in them.
const TWO: &str = r#"
[[registry]]
name = "yongfeng"
idc = "yongfeng"
people = { libo = "李波", zhaomin = "赵敏" }
project = [
  { name = "payment", quota = "20GiB", repositories = ["web", "core/api"], tags = 3, members = { libo = "developer" } },
  { name = "search", repositories = ["query"], tags = 2 },
]
robot = [{ name = "reader", may = ["project:list", "repository:list"] }, { name = "old", days_left = -3, may = ["project:list"] }]

[[registry]]
name = "tucheng"
idc = "yongfeng"
project = [{ name = "payment", repositories = ["web"], tags = 2 }]
"#;

async fn lab(registries: &str) -> Lab {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let head = "name = \"t\"\nabout = \"t\"\nseed = 7\n[life]\nchanges_per_second = 0.0\nprobes = false\n[[idc]]\nname = \"yongfeng\"\n";
    let world = World::parse("t", &format!("{head}{registries}")).expect("a world");
    Lab::start(world, LabOptions::default()).await.expect("a lab")
}

/// What an engine is to be, beside the lab's own config.
struct Ask<'a> {
    interest: PollMode,
    questions: &'a [Question],
    /// Where the journal is; `None`: it has none.
    state: Option<&'a Path>,
    /// Words of the config to be replaced.
    edits: &'a [(&'a str, &'a str)],
}

impl Ask<'_> {
    fn console() -> Self {
        Self { interest: PollMode::Console, questions: &[], state: None, edits: &[] }
    }
}

struct Bench {
    running: Running,
    _dir: tempfile::TempDir,
}

impl Bench {
    async fn over(lab: &Lab, ask: Ask<'_>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut text = lab.config_toml();
        for (from, to) in ask.edits {
            assert!(text.contains(from), "{from} is in {text}");
            text = text.replace(from, to);
        }
        let config = config::parse(&text, &dir.path().join("wharf.toml")).expect("a config");
        let clock = Clock::system();
        let mut options = WireOptions::new(Mode::ReadOnly, clock.clone(), dir.path().join("run"));
        options.request_timeout = Duration::from_secs(5);
        let journal = match ask.state {
            Some(state) => Some(Journal::open(state, &clock).await.expect("a journal")),
            None => None,
        };
        let setup = Setup {
            config,
            places: None,
            wire: Wire::new(options).expect("a wire"),
            journal,
            owner: owner_here(&clock),
            clock,
            runner: None,
            interest: ask.interest,
            kinds: Vec::new(),
            questions: ask.questions.to_vec(),
        };
        Self { running: start(setup), _dir: dir }
    }

    /// Waits until a registry is so; says how it was when it does not come to be.
    async fn until(&self, name: &str, what: &str, so: impl Fn(&Registry) -> bool) -> Arc<Fleet> {
        let within = Duration::from_secs(20);
        let begun = Instant::now();
        let mut fleet = self.running.engine.fleet();
        loop {
            let now = Arc::clone(&fleet.borrow_and_update());
            let registry = now.registry(name).expect("declared");
            if so(registry) {
                return now;
            }
            let left = within.checked_sub(begun.elapsed()).unwrap_or_else(|| {
                let h = &registry.holdings;
                panic!("not within {within:?}: {what}; {:?}; complete {:?}; denied {:?}", registry.freshness, h.complete, h.denied)
            });
            let _ = tokio::time::timeout(left, fleet.changed()).await;
        }
    }

    /// Until everything of it has been read and followed.
    async fn whole(&self, name: &str) -> Arc<Fleet> {
        self.until(name, "all of it is told", |r| r.holdings.complete.len() == Question::ALL.len() && !r.freshness.cached).await
    }

    fn refresh(&self) {
        self.running.engine.send(Command::Refresh { endpoints: Vec::new() }).expect("taken");
    }

    async fn close(self) {
        self.running.close().await;
    }
}

/// Tags of a repository as they are known.
fn tags(holdings: &Holdings, repository: &str) -> Vec<String> {
    let project = repository.split_once('/').map_or("", |(project, _)| project);
    let known = holdings.project(project).and_then(|p| p.repository(repository)).and_then(|r| r.artifacts.clone());
    known.map(|all| all.tags().map(|tag| tag.name().to_owned()).collect()).unwrap_or_default()
}

/// How many paths have this in them.
fn asked(lab: &Lab, registry: &str, part: &str) -> usize {
    lab.registry(registry).expect("a hand").requests().iter().filter(|asked| asked.path.contains(part)).count()
}
