//! One host, one Harbor and one plain registry of the lab, each behind a recorder, and the program over them.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::allowed::{Far, others};
use super::recorder::{Heard, Recorder};
use crate::pty::{Pty, Start};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::operations::AnyOperation;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_wharf");
pub(crate) const START: Duration = Duration::from_secs(40);

pub(crate) struct Scene {
    pub(crate) lab: Lab,
    pub(crate) host: String,
    runtime: tokio::runtime::Runtime,
    dir: tempfile::TempDir,
    recorders: Vec<(Far, Recorder)>,
}

/// In an environment where nothing wants a typed word, so that a drive without hands can confirm.
pub(crate) fn scene() -> Scene {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let options = LabOptions { clock: Clock::system(), ..LabOptions::default() };
    let lab = runtime.block_on(Lab::start(World::load("default").expect("world"), options)).expect("lab");
    lab.set_changes_per_second(0.0);
    let dir = tempfile::tempdir().expect("tempdir");
    let all = wharf::config::parse(&lab.config_toml(), &dir.path().join("all.toml")).expect("config");
    let spec = all.site.hosts.iter().find(|h| &*h.name == "yf-web-01").expect("a host of the default world");
    let before = |address: &str| Recorder::before(address.split_once("://").expect("a scheme").1.trim_end_matches('/'));
    let harbor = lab.registry("aws-bj").expect("a Harbor of the default world");
    let plain = lab.plain_registry("mirror-sh").expect("a plain registry of the default world");
    let recorders =
        vec![(Far::Docker, before(&spec.address.to_string())), (Far::Harbor, before(&harbor.url)), (Far::Oci, before(&plain.url))];
    let [(_, docker), (_, api), (_, oci)] = recorders.as_slice() else { unreachable!("three") };
    let text = format!(
        "language = \"en\"\n[console.confirm]\nenvironments = []\nover = 1000\n\
         [[idc]]\nname = \"yf\"\nenvironment = \"staging\"\n\
         [[registry]]\nname = \"main\"\nidc = \"yf\"\nkind = \"harbor\"\nurl = \"http://{}\"\nuser = \"{}\"\npassword = \"env:HARBOR\"\n\
         [[registry]]\nname = \"mirror\"\nidc = \"yf\"\nkind = \"oci\"\nurl = \"http://{}\"\nuser = \"{}\"\npassword = \"env:MIRROR\"\n\
         repositories = [\"library/redis\"]\n\
         [[host]]\nname = \"{}\"\nidc = \"yf\"\naddress = \"tcp://{}\"\n",
        api.address, harbor.user, oci.address, plain.user, spec.name, docker.address
    );
    std::fs::write(dir.path().join("wharf.toml"), text).expect("written");
    std::fs::create_dir(dir.path().join("home")).expect("a home");
    Scene { host: spec.name.to_string(), lab, runtime, dir, recorders }
}

impl Scene {
    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn always(&self) -> [String; 4] {
        ["--config".into(), self.path("wharf.toml"), "--state".into(), self.path("state")]
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let harbor = self.lab.registry("aws-bj").expect("there").password.clone();
        let plain = self.lab.plain_registry("mirror-sh").expect("there").password.clone();
        vec![("LANG", "en_US.UTF-8".to_owned()), ("HOME", self.path("home")), ("HARBOR", harbor), ("MIRROR", plain)]
    }

    /// The console, once it has heard of its host.
    pub(crate) fn open(&self, face: &[&str]) -> Pty {
        let always = self.always();
        let args: Vec<&str> = always.iter().map(String::as_str).chain(face.iter().copied()).collect();
        let environment = self.environment();
        let pty = Pty::start(&Start { program: Path::new(PROGRAM), args: &args, environment: &environment, rows: 40, columns: 140 });
        pty.expect_text("1/1 hosts", START);
        pty
    }

    /// A face without a terminal.
    pub(crate) fn say(&self, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(self.always()).args(words).env_clear().envs(self.environment()).stdin(Stdio::null());
        command.output().expect("started")
    }

    /// A container for each operation, in the state that it acts on, and a run that can be taken back: its id.
    pub(crate) fn victims(&self) -> String {
        let twin = self.lab.twin(&self.host).expect("twin");
        let by_hand = |name: &str| twin.run_by_hand(name, "payment/web:v2", &["sh"]).expect("a container");
        for (at, (name, _)) in AnyOperation::ALL.iter().enumerate() {
            let victim = victim(at);
            by_hand(&victim);
            if name.starts_with("start") || name.starts_with("remove") {
                self.runtime.block_on(twin.act_by_hand("kill", &victim)).expect("stopped");
            }
        }
        by_hand("undone");
        let stopped = self.say(&["run", "stop-containers", &format!("{}/undone", self.host), "--stop-timeout", "1", "--yes"]);
        assert!(stopped.status.success(), "{}", String::from_utf8_lossy(&stopped.stderr));
        for (_, recorder) in &self.recorders {
            recorder.forget();
        }
        String::from_utf8_lossy(&stopped.stdout).trim().to_owned()
    }

    /// What is typed after `:` to plan an operation.
    pub(crate) fn words_of(&self, at: usize, run: &str) -> String {
        let name = AnyOperation::ALL[at].0;
        let is_of_run = AnyOperation::from_words([name, "x"]).is_ok_and(|operation| operation.needs().run.is_some());
        if is_of_run { format!("{name} {run}") } else { format!("{name} {}/{}", self.host, victim(at)) }
    }

    /// Everything that reached the host and was no read.
    pub(crate) fn written(&self) -> Vec<String> {
        let (_, docker) = &self.recorders[0];
        docker.heard().iter().filter(|heard| !heard.is_read()).map(ToString::to_string).collect()
    }

    /// Each endpoint was spoken to, and none heard anything off the list: at the socket, and as the twins themselves say.
    pub(crate) fn only_reads(&self) {
        for (far, recorder) in &self.recorders {
            let heard = recorder.heard();
            assert!(heard.iter().any(Heard::is_read), "{far:?} was never spoken to");
            assert_eq!(others(*far, &heard), Vec::<String>::new(), "{far:?}");
        }
        let plain = self.lab.plain_registry("mirror-sh").expect("there").requests();
        let of_twins = self.lab.twin(&self.host).expect("twin").requests().into_iter().chain(plain);
        let wrote = of_twins.filter(|r| !matches!(r.method.as_str(), "GET" | "HEAD")).map(|r| format!("{} {}", r.method, r.path));
        // The run that was prepared.
        let wrote: Vec<String> = wrote.filter(|w| !w.ends_with("/stop")).collect();
        assert_eq!(wrote, Vec::<String>::new());
    }
}

fn victim(at: usize) -> String {
    format!("victim-{at}")
}
