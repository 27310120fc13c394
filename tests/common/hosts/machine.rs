//! A machine of its own: one network, process and mount namespace with a real dockerd in it, and an sshd where asked.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What the machine runs as its first process. It waits for its network, and everything in it ends with this shell,
/// which ends when the other end of its standard input is closed: also when the test is killed.
const INIT: &str = r#"
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /run/lock
ln -s "$SITE/docker.sock" /run/docker.sock
read -r go
ip link set lo up
ip addr add "$ADDRESS/24" dev eth0
ip link set eth0 up
[ ! -f "$SITE/sshd_config" ] || /usr/sbin/sshd -D -e -f "$SITE/sshd_config" </dev/null >"$SITE/sshd.log" 2>&1 &
dockerd --data-root "$SITE/data" --exec-root "$SITE/exec" -p "$SITE/dockerd.pid" --bip "$BIP" \
    --cgroup-parent "/$NAME" --insecure-registry "$REGISTRY" -H "unix://$SITE/docker.sock" $LISTEN \
    </dev/null >"$SITE/dockerd.log" 2>&1 &
cat >/dev/null
"#;

/// What a machine needs to be told.
#[derive(Clone, Debug)]
pub(crate) struct MachineSpec {
    /// Short: the name of its link and of its cgroup.
    pub(crate) name: String,
    pub(crate) bridge: String,
    pub(crate) address: String,
    /// The network of its containers.
    pub(crate) bip: String,
    pub(crate) registry: String,
    /// More arguments of dockerd: another listener.
    pub(crate) listen: String,
    /// Its folder.
    pub(crate) site: PathBuf,
}

/// A machine that runs. Dropping it ends everything in it.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) spec: MachineSpec,
    outer: Child,
}

impl Machine {
    /// Starts it and wires it to the bridge; does not wait for its engine.
    pub(crate) fn start(spec: MachineSpec) -> Result<Self, String> {
        fs::create_dir_all(&spec.site).map_err(|e| e.to_string())?;
        let mut outer = Command::new("unshare")
            .args(["--net", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child=KILL", "sh", "-c", INIT])
            .env("SITE", &spec.site)
            .env("NAME", &spec.name)
            .env("ADDRESS", &spec.address)
            .env("BIP", &spec.bip)
            .env("REGISTRY", &spec.registry)
            .env("LISTEN", &spec.listen)
            // The engine must not be led elsewhere by what the test's own shell has set.
            .env_remove("DOCKER_HOST")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("unshare: {e}"))?;
        let inner = until(Duration::from_secs(10), || child_named(outer.id(), "sh"));
        let wired = inner.ok_or_else(|| "the namespaces could not be made".to_owned()).and_then(|pid| wire(&spec, pid));
        if let (Ok(()), Some(stdin)) = (&wired, outer.stdin.as_mut()) {
            let _ = stdin.write_all(b"go\n");
        }
        let machine = Self { spec, outer };
        wired.map(|()| machine)
    }

    /// Waits until the engine answers.
    pub(crate) fn ready(&self) -> Result<(), String> {
        let answers = || self.docker(&["version"]).is_ok().then_some(());
        until(Duration::from_mins(1), answers).ok_or_else(|| {
            let log = fs::read_to_string(self.spec.site.join("dockerd.log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(15).collect();
            format!("dockerd of {} does not answer:\n{}", self.spec.name, tail.into_iter().rev().collect::<Vec<_>>().join("\n"))
        })
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.spec.site.join("docker.sock")
    }

    /// Runs the docker client against this engine's own socket, past every wire that is under test.
    pub(crate) fn docker(&self, args: &[&str]) -> Result<String, String> {
        run("docker", &[&["-H", &format!("unix://{}", self.socket().display())], args].concat())
    }

    /// SIGSTOP: connections are still accepted by the kernel, and nothing is ever answered.
    pub(crate) fn stop_engine(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn continue_engine(&self) {
        self.signal("-CONT");
    }

    /// Takes the cable out, on the bridge's side: the machine keeps its addresses and hears nothing.
    pub(crate) fn cut(&self) {
        run("ip", &["link", "set", &self.spec.name, "down"]).expect("the link goes down");
    }

    pub(crate) fn mend(&self) {
        run("ip", &["link", "set", &self.spec.name, "up"]).expect("the link comes up");
    }

    fn signal(&self, signal: &str) {
        let init = child_named(self.outer.id(), "sh").expect("the machine runs");
        let dockerd = child_named(init, "dockerd").expect("dockerd runs");
        run("kill", &[signal, &dockerd.to_string()]).expect("a signal");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The first process of the namespace ends, and the kernel ends all others in it.
        drop(self.outer.stdin.take());
        let _ = self.outer.kill();
        let _ = self.outer.wait();
        let _ = run("ip", &["link", "del", &self.spec.name]);
        remove_cgroups(&self.spec.name);
    }
}

/// Runs a program to its end; its standard output, or what went wrong.
pub(crate) fn run(program: &str, args: &[&str]) -> Result<String, String> {
    let out = Command::new(program).args(args).stdin(Stdio::null()).output().map_err(|e| format!("{program}: {e}"))?;
    if out.status.success() {
        return Ok(String::from_utf8_lossy(&out.stdout).into_owned());
    }
    Err(format!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim()))
}

/// Asks again every 20 ms until there is an answer or the time is up.
pub(crate) fn until<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = ask() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        sleep(Duration::from_millis(20));
    }
}

/// The cgroups that a killed engine leaves: empty folders, children first.
pub(crate) fn remove_cgroups(name: &str) {
    let root = Path::new("/sys/fs/cgroup");
    let Ok(entries) = fs::read_dir(root) else { return };
    let controllers = entries.filter_map(Result::ok).map(|e| e.path().join(name));
    for top in controllers.chain([root.join(name)]) {
        remove_folders(&top);
    }
}

fn remove_folders(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok).filter(|e| e.path().is_dir()) {
        remove_folders(&entry.path());
    }
    let _ = fs::remove_dir(folder);
}

fn wire(spec: &MachineSpec, inner: u32) -> Result<(), String> {
    let pid = inner.to_string();
    run("ip", &["link", "add", &spec.name, "type", "veth", "peer", "name", "eth0", "netns", &pid])?;
    run("ip", &["link", "set", &spec.name, "master", &spec.bridge, "up"]).map(|_| ())
}

fn child_named(parent: u32, name: &str) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    let mut pids = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    pids.find(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name))
}
