//! The engine over the lab's twins: everything is seen, changes arrive, one bad host spoils nothing, verbs do what they say.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wharf::clients::{Mode, Wire, WireOptions};
use wharf::config;
use wharf::engine::{Answer, Command, PollMode, Running, Setup, TailAsk, start};
use wharf::journal::{Journal, owner_here};
use wharf::lab::trouble::{Rule, Trouble};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::model::fleet::Fleet;
use wharf::model::host::{ContainerState, HostState};
use wharf::operations;

struct Bench {
    lab: Lab,
    running: Running,
    _dir: tempfile::TempDir,
}

async fn bench(mode: Mode) -> Bench {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let lab = Lab::start(World::load("default").expect("world"), LabOptions::default()).await.expect("lab");
    lab.set_changes_per_second(0.0);
    let dir = tempfile::tempdir().expect("tempdir");
    let clock = Clock::system();
    let config = config::parse(&lab.config_toml(), &dir.path().join("wharf.toml")).expect("the lab's config is a good config");
    let mut options = WireOptions::new(mode, clock.clone(), dir.path().join("run"));
    // The world has a host that never answers: nobody needs to wait ten seconds for it here.
    options.request_timeout = Duration::from_secs(2);
    let wire = Wire::new(options).expect("wire");
    let journal = Journal::open(&dir.path().join("state"), &clock).await.expect("journal");
    let owner = owner_here(&clock);
    let setup = Setup {
        config,
        places: None,
        wire,
        journal: Some(journal),
        clock,
        owner,
        runner: None,
        interest: PollMode::Console,
        kinds: Vec::new(),
        questions: Vec::new(),
    };
    Bench { lab, running: start(setup), _dir: dir }
}

impl Bench {
    /// Waits until the Fleet is so; says what it was when it does not come to be.
    async fn until(&self, what: &str, within: Duration, so: impl Fn(&Fleet) -> bool) -> Arc<Fleet> {
        let begun = Instant::now();
        let mut fleet = self.running.engine.fleet();
        loop {
            let now = Arc::clone(&fleet.borrow_and_update());
            if so(&now) {
                return now;
            }
            let left =
                within.checked_sub(begun.elapsed()).unwrap_or_else(|| panic!("not within {within:?}: {what}; {:?}", now.derived.total));
            let _ = tokio::time::timeout(left, fleet.changed()).await;
        }
    }

    async fn all_answered(&self) -> Arc<Fleet> {
        let done = |h: &Arc<wharf::model::host::Host>| h.containers.is_some() || h.freshness.fault.is_some();
        self.until("every host has answered or failed", Duration::from_secs(20), |f| !f.hosts.is_empty() && f.hosts.iter().all(done)).await
    }
}

const SOON: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_default_world_is_seen_as_its_twins_have_it() {
    let bench = bench(Mode::Writing).await;
    let fleet = bench.all_answered().await;
    for host in &fleet.hosts {
        let Some(list) = &host.containers else { continue };
        let twin = bench.lab.twin(host.name()).expect("twin");
        assert_eq!(list.len(), twin.containers().len(), "{}", host.name());
    }
    assert!(fleet.derived.total.containers > 500, "{:?}", fleet.derived.total);
    assert!(fleet.hosts.iter().filter(|h| h.freshness.fault.is_none()).count() > 50);
    bench.running.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_by_hand_is_there_soon_and_what_dies_is_told() {
    let bench = bench(Mode::ReadOnly).await;
    let fleet = bench.all_answered().await;
    let host = fleet.hosts.iter().find(|h| h.freshness.fault.is_none() && h.running() > Some(1)).expect("a host that runs something");
    let name = Arc::clone(host.name());
    let twin = bench.lab.twin(&name).expect("twin");
    twin.run_by_hand("by-hand", "payment/web:v2", &["sh"]).expect("runs");
    let there = |f: &Fleet| {
        f.host(&name).is_some_and(|h| h.known_containers().iter().any(|c| &*c.name == "by-hand" && c.state == ContainerState::Running))
    };
    bench.until("the new container", SOON, there).await;
    twin.crash("by-hand", 3).expect("crashes");
    let died = |f: &Fleet| f.notices.iter().any(|n| n.subject.ends_with("/by-hand") && n.text.en.contains("code 3"));
    bench.until("a line that says it died", SOON, died).await;
    bench.running.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_goes_away_is_stale_with_its_cause_and_comes_back_by_itself() {
    let bench = bench(Mode::ReadOnly).await;
    let fleet = bench.all_answered().await;
    let host = fleet.hosts.iter().find(|h| h.freshness.fault.is_none() && h.running() > Some(1)).expect("a host");
    let (name, before) = (Arc::clone(host.name()), host.known_containers().len());
    let twin = bench.lab.twin(&name).expect("twin");
    twin.fault(Rule::always(Trouble::Refuse));
    let fleet =
        bench.until("a fault on its row", Duration::from_secs(15), |f| f.host(&name).is_some_and(|h| h.freshness.fault.is_some())).await;
    let host = fleet.host(&name).expect("host");
    assert_eq!(host.known_containers().len(), before, "the last values stay");
    assert_eq!(host.state(Clock::system().now()), HostState::Stale);
    let others = fleet.hosts.iter().filter(|h| h.freshness.fault.is_none()).count();
    assert!(others > 50, "the others live: {others}");
    twin.heal();
    bench
        .until("it is back", Duration::from_secs(30), |f| {
            f.host(&name).is_some_and(|h| h.freshness.fault.is_none() && !h.freshness.is_stale())
        })
        .await;
    bench.running.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_carried_out_journalled_and_its_effects_are_seen() {
    let bench = bench(Mode::Writing).await;
    let fleet = bench.all_answered().await;
    let up: Vec<String> = fleet
        .hosts
        .iter()
        .filter(|h| h.freshness.fault.is_none())
        .filter_map(|h| {
            h.known_containers().iter().find(|c| c.state == ContainerState::Running).map(|c| format!("{}/{}", h.name(), c.name))
        })
        .take(3)
        .collect();
    let arguments = serde_json::json!({ "containers": up });
    let plan = operations::plan_again("stop-containers", &arguments, &fleet, Clock::system().now()).expect("plan");
    assert_eq!(plan.steps.len(), 3, "{plan:?}");
    let revision = plan.revision;
    let asked = bench.running.engine.ask(Command::Run { plan: Box::new(plan), revision, reason: Some("test".into()) }).expect("not busy");
    let Answer::Begun(run) = asked.await.expect("answered").expect("begun") else { panic!("begun") };
    let fleet =
        bench.until("the run has ended", Duration::from_secs(40), |f| f.runs.iter().any(|t| t.id == run && t.ended.is_some())).await;
    let task = fleet.runs.iter().find(|t| t.id == run).expect("task");
    assert_eq!((task.progress(), task.failed()), ((3, 3), 0), "{:?}", task.endings());
    for target in &up {
        let (host, name) = target.split_once('/').expect("host/name");
        let stopped = |f: &Fleet| f.host(host).is_some_and(|h| h.known_containers().iter().any(|c| &*c.name == name && !c.state.is_up()));
        bench.until("the rows say so", SOON, stopped).await;
    }
    bench.running.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_engine_refuses_every_run_and_still_shows_logs() {
    let bench = bench(Mode::ReadOnly).await;
    let fleet = bench.all_answered().await;
    let host = fleet.hosts.iter().find(|h| h.freshness.fault.is_none() && h.running() > Some(0)).expect("a host");
    let c = host.known_containers().iter().find(|c| c.state == ContainerState::Running).expect("running");
    let arguments = serde_json::json!({ "containers": [format!("{}/{}", host.name(), c.name)] });
    let plan = operations::plan_again("restart-containers", &arguments, &fleet, Clock::system().now()).expect("plan");
    let refused = bench.running.engine.ask(Command::Run { plan: Box::new(plan), revision: 0, reason: None }).expect("not busy");
    let fault = refused.await.expect("answered").expect_err("refused");
    assert_eq!(fault.kind.exit_code(), 3);
    let ask = TailAsk::Logs { containers: vec![(Arc::clone(host.name()), c.id)], since: None, last: 20, follow: false };
    let mut tail = bench.running.engine.tail(ask).expect("not busy").await.expect("opened");
    tokio::time::timeout(SOON, tail.text.wait_for(|t| t.ended)).await.expect("in time").expect("fed");
    let text = tail.text.borrow();
    assert!(text.lines > 0 && text.faults.is_empty(), "{:?}", text.faults);
    let written: Vec<String> = bench
        .lab
        .hosts()
        .flat_map(|h| bench.lab.twin(h).expect("twin").requests())
        .filter(|r| r.method != "GET")
        .map(|r| format!("{} {}", r.method, r.path))
        .collect();
    assert_eq!(written, Vec::<String>::new());
    drop(text);
    bench.running.close().await;
}
