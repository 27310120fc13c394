//! kill -9 at every boundary between journal and wire: nothing is lost, nothing is done twice, the next start tells the truth.
//!
//! The boundaries are reached from outside: a proxy before the engine holds one message, and a lock on the journal's file
//! holds one write. The console is the real binary; the engine is the lab's twin.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use wharf::clients::{Mode, Wire, WireOptions};
use wharf::config;
use wharf::engine::{PollMode, Running, Setup, start};
use wharf::journal::{Journal, owner_here};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::model::endpoint::Address;
use wharf::model::plan::Ending;
use wharf::model::run::{Run, RunState};

/// Before what the console is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Boundary {
    /// The run is written, nothing of the step is.
    Intent,
    /// The intent is written, the call has not arrived.
    Call,
    /// The call took effect, its answer has not come.
    Answer,
    /// The answer has come, the outcome is not written.
    Outcome,
}

const BOUNDARIES: [Boundary; 4] = [Boundary::Intent, Boundary::Call, Boundary::Answer, Boundary::Outcome];

/// What the proxy is doing about messages to and from one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    Nothing,
    /// Keeps the answer to the inspection.
    Inspection,
    /// Keeps the call itself.
    Call,
    /// Lets the call through and keeps its answer.
    Answer,
}

/// A proxy before one engine, and what it has seen.
struct Proxy {
    port: u16,
    hold: watch::Sender<Hold>,
    held: watch::Receiver<u32>,
}

async fn proxy(upstream: String) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("address").port();
    let (hold, holds) = watch::channel(Hold::Nothing);
    let (count, held) = watch::channel(0);
    let count = Arc::new(count);
    tokio::task::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (upstream, holds, count) = (upstream.clone(), holds.clone(), Arc::clone(&count));
            tokio::task::spawn(async move {
                let Ok(server) = TcpStream::connect(upstream).await else { return };
                carry(client, server, holds, count).await;
            });
        }
    });
    Proxy { port, hold, held }
}

/// Carries one connection. Requests of ours are one write each, so a chunk from the client is a request's head.
async fn carry(client: TcpStream, server: TcpStream, mut holds: watch::Receiver<Hold>, count: Arc<watch::Sender<u32>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (asked, mut asks) = watch::channel(String::new());
    let mut up_holds = holds.clone();
    let up_count = Arc::clone(&count);
    let up = async move {
        let mut chunk = vec![0; 64 << 10];
        while let Ok(n @ 1..) = from_client.read(&mut chunk).await {
            let head = String::from_utf8_lossy(&chunk[..n]).lines().next().unwrap_or_default().to_owned();
            let is_call = (head.starts_with("POST ") || head.starts_with("DELETE ")) && head.contains("/containers/");
            if is_call && *up_holds.borrow() == Hold::Call {
                up_count.send_modify(|n| *n += 1);
                let _ = up_holds.wait_for(|h| *h == Hold::Nothing).await;
                // The one who called is dead by now: its call never arrives.
                return;
            }
            asked.send_replace(head);
            if to_server.write_all(&chunk[..n]).await.is_err() {
                return;
            }
        }
    };
    let down = async move {
        let mut chunk = vec![0; 64 << 10];
        while let Ok(n @ 1..) = from_server.read(&mut chunk).await {
            let head = asks.borrow_and_update().clone();
            let is_call = (head.starts_with("POST ") || head.starts_with("DELETE ")) && head.contains("/containers/");
            let is_inspection =
                head.starts_with("GET ") && head.contains("/containers/") && head.contains("/json") && !head.contains("/containers/json");
            let wanted = *holds.borrow();
            if (wanted == Hold::Answer && is_call) || (wanted == Hold::Inspection && is_inspection) {
                count.send_modify(|n| *n += 1);
                let _ = holds.wait_for(|h| *h == Hold::Nothing).await;
            }
            if to_client.write_all(&chunk[..n]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = up => {} () = down => {} }
}

/// One host of the lab behind a proxy, and a config and a state directory of its own.
struct Scene {
    lab: Lab,
    host: String,
    proxy: Proxy,
    dir: tempfile::TempDir,
}

async fn scene() -> Scene {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let lab = Lab::start(World::load("default").expect("world"), LabOptions::default()).await.expect("lab");
    lab.set_changes_per_second(0.0);
    let dir = tempfile::tempdir().expect("tempdir");
    let all = config::parse(&lab.config_toml(), &dir.path().join("all.toml")).expect("config");
    let spec = all.site.hosts.iter().find(|h| &*h.name == "yf-web-01").expect("a host of the default world");
    let Address::Tcp { host, port, .. } = &spec.address else { panic!("tcp") };
    let proxy = proxy(format!("{host}:{port}")).await;
    let text = format!(
        "[[idc]]\nname = \"yf\"\nenvironment = \"staging\"\n[[host]]\nname = \"{0}\"\nidc = \"yf\"\naddress = \"tcp://127.0.0.1:{1}\"\n",
        spec.name, proxy.port
    );
    std::fs::write(dir.path().join("wharf.toml"), text).expect("written");
    Scene { host: spec.name.to_string(), lab, proxy, dir }
}

impl Scene {
    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Begins `wharf run VERB host/container ..` as a process of its own.
    fn begin(&self, verb: &str, containers: &[&str], more: &[&str]) -> Child {
        let targets: Vec<String> = containers.iter().map(|c| format!("{}/{c}", self.host)).collect();
        self.begin_words(std::iter::once(verb).chain(targets.iter().map(String::as_str)).chain(more.iter().copied()))
    }

    fn begin_words<'w>(&self, words: impl Iterator<Item = &'w str>) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.arg("--config").arg(self.dir.path().join("wharf.toml")).arg("--state").arg(self.state());
        command.args(["run", "--yes"]).args(words);
        let log = std::fs::File::create(self.dir.path().join("out")).expect("file");
        let errors = log.try_clone().expect("file");
        command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().expect("the binary starts")
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("out")).unwrap_or_default()
    }

    async fn wait_held(&self, count: u32) {
        let mut held = self.proxy.held.clone();
        let came = tokio::time::timeout(Duration::from_secs(30), held.wait_for(|n| *n >= count)).await;
        assert!(came.is_ok(), "the console never came to the boundary: {}", self.said());
    }

    /// Writing calls that reached the twin.
    fn calls(&self) -> Vec<String> {
        let asked = self.lab.twin(&self.host).expect("twin").requests();
        asked.into_iter().filter(|r| r.method != "GET" && r.method != "HEAD").map(|r| format!("{} {}", r.method, r.path)).collect()
    }

    /// The next start: an engine over the same config and the same journal.
    async fn next_start(&self) -> Running {
        let clock = Clock::system();
        let config = config::parse(
            &std::fs::read_to_string(self.dir.path().join("wharf.toml")).expect("config"),
            &self.dir.path().join("wharf.toml"),
        );
        let wire = Wire::new(WireOptions::new(Mode::Writing, clock.clone(), self.dir.path().join("run"))).expect("wire");
        let journal = Journal::open(&self.state(), &clock).await.expect("journal");
        start(Setup {
            config: config.expect("good"),
            places: None,
            wire,
            journal: Some(journal),
            owner: owner_here(&clock),
            clock,
            runner: None,
            interest: PollMode::Console,
            kinds: Vec::new(),
            questions: Vec::new(),
        })
    }
}

async fn until(running: &Running, what: &str, so: impl Fn(&Run) -> bool) -> Arc<Run> {
    let mut fleet = running.engine.fleet();
    let begun = Instant::now();
    loop {
        let now = fleet.borrow_and_update().runs.clone();
        if let Some(task) = now.iter().find(|t| so(t)) {
            return Arc::clone(task);
        }
        let left = Duration::from_mins(1).checked_sub(begun.elapsed()).unwrap_or_else(|| panic!("{what}: {now:?}"));
        let _ = tokio::time::timeout(left, fleet.changed()).await;
    }
}

fn kill(mut child: Child) {
    child.kill().expect("SIGKILL");
    child.wait().expect("reaped");
}

/// A write lock on the journal, as another console might hold it.
struct Locked(sqlx::SqliteConnection);

async fn lock(state: &Path) -> Locked {
    use sqlx::Connection;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(state.join("journal.db")).busy_timeout(Duration::from_secs(20));
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("journal");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.expect("locked");
    Locked(connection)
}

impl Locked {
    async fn release(mut self) {
        sqlx::query("ROLLBACK").execute(&mut self.0).await.expect("released");
    }
}

/// Kills the console at one boundary of one verb, and holds what the next start finds against what the twin did.
async fn killed(verb: &str, more: &[&str], boundary: Boundary) {
    let scene = scene().await;
    let twin = scene.lab.twin(&scene.host).expect("twin");
    twin.run_by_hand("victim", "payment/web:v2", &["sh"]).expect("a container");
    if verb == "start-containers" || verb == "remove-containers" {
        twin.act_by_hand("stop", "victim").await.expect("stopped");
    }
    // What is taken back was done before, and all of it is known.
    let mut words = vec![verb.to_owned()];
    if verb == "undo" {
        let done = scene.begin("stop-containers", &["victim"], &["--stop-timeout", "1"]).wait().expect("ended");
        assert!(done.success(), "{}", scene.said());
        words.push(scene.said().lines().last().expect("its id").to_owned());
    } else {
        words.push(format!("{}/victim", scene.host));
    }
    words.extend(more.iter().map(|word| (*word).to_owned()));
    twin.forget_requests();
    let hold = match boundary {
        Boundary::Intent => Hold::Inspection,
        Boundary::Call => Hold::Call,
        Boundary::Answer | Boundary::Outcome => Hold::Answer,
    };
    scene.proxy.hold.send_replace(hold);
    let child = scene.begin_words(words.iter().map(String::as_str));
    scene.wait_held(1).await;
    let mut locked = None;
    if boundary == Boundary::Outcome {
        locked = Some(lock(&scene.state()).await);
        scene.proxy.hold.send_replace(Hold::Nothing);
        // The answer is on its way; what it is written to is locked.
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    kill(child);
    if let Some(locked) = locked {
        locked.release().await;
    }
    scene.proxy.hold.send_replace(Hold::Nothing);
    let sent = scene.calls();
    let took_effect = matches!(boundary, Boundary::Answer | Boundary::Outcome);
    assert_eq!(sent.len(), usize::from(took_effect), "{verb} {boundary:?}: {sent:?}");

    let running = scene.next_start().await;
    let place = format!("{verb} {boundary:?}");
    let is_it = |task: &Run| task.operation == verb;
    let task = match boundary {
        Boundary::Intent => until(&running, &place, |t| is_it(t) && t.state == RunState::Abandoned && t.under_way().is_empty()).await,
        _ => until(&running, &place, |t| is_it(t) && t.under_way().is_empty() && t.endings()[0].is_some()).await,
    };
    let expected = match boundary {
        Boundary::Intent => None,
        Boundary::Call => Some(Ending::FoundNotDone),
        Boundary::Answer | Boundary::Outcome => Some(Ending::FoundDone),
    };
    assert_eq!(task.endings(), vec![expected], "{place}");
    assert_eq!(scene.calls(), sent, "{place}: finding out changes nothing");
    if took_effect {
        assert_eq!(until(&running, &place, |t| is_it(t) && t.ended.is_some()).await.state, RunState::Done, "{place}");
    } else {
        // Going on does it once.
        let asked = running.engine.ask(wharf::engine::Command::Resume { run: task.id.clone() }).expect("not busy");
        asked.await.expect("answered").expect("resumed");
        let ended = until(&running, &place, |t| is_it(t) && t.ended.is_some()).await;
        assert_eq!(ended.endings(), vec![Some(Ending::Done)], "{place}");
        assert_eq!(scene.calls().len(), 1, "{place}: {:?}", scene.calls());
    }
    running.close().await;
    if verb == "undo" {
        // Asked once more, there is nothing to take back.
        let again = scene.begin_words(words.iter().map(String::as_str)).wait().expect("ended");
        assert_eq!((again.code(), scene.calls().len()), (Some(1), 1), "{place}: {}", scene.said());
    }
}

async fn at_every_boundary(verb: &str, more: &[&str]) {
    // Each scene has a lab, a journal and a console of its own.
    futures_util::future::join_all(BOUNDARIES.map(|boundary| killed(verb, more, boundary))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping() {
    at_every_boundary("stop-containers", &["--stop-timeout", "1"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starting() {
    at_every_boundary("start-containers", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarting() {
    at_every_boundary("restart-containers", &["--stop-timeout", "1"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_at_every_boundary() {
    at_every_boundary("kill-containers", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing() {
    at_every_boundary("remove-containers", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_back() {
    at_every_boundary("undo", &[]).await;
}

/// The owner dies before it has heard that the run is to end: the next start ends it, and nothing is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_to_end_is_ended_by_the_next_start() {
    let scene = scene().await;
    let twin = scene.lab.twin(&scene.host).expect("twin");
    twin.run_by_hand("victim", "payment/web:v2", &["sh"]).expect("a container");
    twin.forget_requests();
    scene.proxy.hold.send_replace(Hold::Call);
    let child = scene.begin("kill-containers", &["victim"], &[]);
    scene.wait_held(1).await;
    let clock = Clock::system();
    let journal = Journal::open(&scene.state(), &clock).await.expect("journal");
    let run = journal.runs(1).await.expect("read").remove(0).id;
    journal.ask_to_stop(&run, &owner_here(&clock)).await.expect("asked");
    kill(child);
    scene.proxy.hold.send_replace(Hold::Nothing);
    let running = scene.next_start().await;
    let ended = until(&running, "it is ended", |t| t.ended.is_some()).await;
    assert_eq!((ended.state, &ended.endings()), (RunState::Cancelled, &vec![Some(Ending::FoundNotDone)]));
    assert_eq!(scene.calls(), Vec::<String>::new());
    running.close().await;
}
