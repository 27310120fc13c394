//! Three real Docker hosts on a bridge of their own: over a socket, over TCP with mutual TLS, and over ssh; and a registry.
//!
//! ```text
//!   this machine ── bridge ──┬── h1  dockerd  unix://
//!     registry :5000         ├── h2  dockerd  tcp://:2376, mutual TLS
//!                            └── h3  dockerd, sshd :22
//! ```
//!
//! Needs root and what `tests/all` installs; says `SKIPPED` and why where it cannot run, and fails instead where `CI` is set.
//! Everything ends with the test, also when it is killed; names left by a killed run are swept by the next one.

#[path = "hosts/keys.rs"]
mod keys;
#[path = "hosts/machine.rs"]
mod machine;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use machine::{Machine, MachineSpec, run, until};

/// How bridges, links, cgroups and folders of ours begin.
const PREFIX: &str = "whf";
const TOOLS: &[&str] =
    &["dockerd", "docker", "docker-registry", "busybox", "ssh", "sshd", "ssh-keygen", "ip", "iptables", "unshare", "tar"];
/// The applets that the image has.
const APPLETS: &[&str] = &["sh", "sleep", "echo", "cat", "ls", "true", "false", "yes", "nc", "httpd", "date", "head", "seq"];

/// Three engines at a time are enough for a small machine.
static ENGINES: Mutex<()> = Mutex::new(());

/// Waits until no other test of this runner has engines.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    ENGINES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The three hosts and their registry. Dropping it removes all of it.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// `h1` unix, `h2` TCP with mutual TLS, `h3` ssh.
    pub(crate) machines: Vec<Machine>,
    /// `10.213.N.1:5000`, which has `wharf/web:v1` and `wharf/web:v2`.
    pub(crate) registry: String,
    /// Keys, logs, configs; gone with the rest.
    pub(crate) site: PathBuf,
    bridge: String,
    registry_child: Option<Child>,
    /// Dropped last, after the engines have ended.
    _turn: MutexGuard<'static, ()>,
}

impl Hosts {
    /// Starts all of it, or says `SKIPPED` and why. Where `CI` is set a skip is a failure.
    pub(crate) fn start_or_skip() -> Option<Self> {
        let Some(why) = missing() else {
            // With the tools there and root, what does not start is a failure and no reason to skip.
            return Some(Self::start().unwrap_or_else(|why| panic!("the real hosts do not start: {why}")));
        };
        assert!(std::env::var_os("CI").is_none(), "CI is set and the real hosts cannot start: {why}");
        eprintln!("SKIPPED: real hosts: {why}");
        None
    }

    fn start() -> Result<Self, String> {
        let turn = turn();
        sweep();
        let (number, bridge) = claim_bridge()?;
        let site = std::env::temp_dir().join(format!("{bridge}-{}", std::process::id()));
        let gateway = format!("10.213.{number}.1");
        let registry = format!("{gateway}:5000");
        // From here on a failure drops `hosts`, which removes what there is.
        let mut hosts = Self { machines: Vec::new(), registry, site, bridge, registry_child: None, _turn: turn };
        fs::create_dir_all(&hosts.site).map_err(|e| e.to_string())?;
        run("ip", &["addr", "add", &format!("{gateway}/24"), "dev", &hosts.bridge])?;
        run("ip", &["link", "set", &hosts.bridge, "up"])?;
        hosts.start_registry()?;
        for index in 1..=3_usize {
            let spec = hosts.spec(number, index);
            fs::create_dir_all(&spec.site).map_err(|e| e.to_string())?;
            match index {
                2 => keys::write_tls(&hosts.site, &spec.address)?,
                3 => keys::write_ssh(&hosts.site, &spec.site, &spec.address)?,
                _ => {}
            }
            hosts.machines.push(Machine::start(spec)?);
        }
        for machine in &hosts.machines {
            machine.ready()?;
        }
        hosts.push_images()?;
        Ok(hosts)
    }

    /// Where Wharf finds host 1, 2 or 3.
    pub(crate) fn address(&self, index: usize) -> String {
        let machine = &self.machines[index - 1];
        match index {
            1 => format!("unix://{}", machine.socket().display()),
            2 => format!("tcp://{}:2376", machine.spec.address),
            _ => format!("ssh://root@{}", machine.spec.address),
        }
    }

    /// An ssh config with our key and our known hosts; nothing of the user's is read.
    pub(crate) fn ssh_config(&self) -> PathBuf {
        self.site.join("ssh_config")
    }

    /// A `wharf.toml` in the site with one IDC `lab1` and the hosts `h1`, `h2`, `h3` in pool `web/frontend`.
    pub(crate) fn write_config(&self) -> PathBuf {
        let mut text = String::from(
            "language = \"en\"\n\n[[idc]]\nname = \"lab1\"\n\n[[class]]\nname = \"2c4g\"\ncores = 2\nmemory = \"4GiB\"\n\
             price = { amount = \"0.25\", currency = \"CNY\", per = \"hour\" }\n\n[[cluster]]\nname = \"web\"\n[[cluster.pool]]\nname = \"frontend\"\n",
        );
        for index in 1..=3 {
            let _ = write!(
                text,
                "\n[[host]]\nname = \"h{index}\"\nidc = \"lab1\"\ncluster = \"web\"\npool = \"frontend\"\nclass = \"2c4g\"\naddress = \"{}\"\n",
                self.address(index)
            );
            if index == 2 {
                text += "tls = { ca = \"tls/ca.pem\", cert = \"tls/cert.pem\", key = \"tls/key.pem\" }\n";
            }
        }
        let path = self.site.join("wharf.toml");
        fs::write(&path, text).expect("the config is written");
        path
    }

    fn spec(&self, number: u8, index: usize) -> MachineSpec {
        let site = self.site.join(format!("h{index}"));
        let address = format!("10.213.{number}.{}", 10 + index);
        let tls = self.site.join("tls");
        let listen = format!(
            "-H tcp://{address}:2376 --tlsverify --tlscacert {0}/ca.pem --tlscert {0}/server.pem --tlskey {0}/server-key.pem",
            tls.display()
        );
        MachineSpec {
            name: format!("{}v{index}", self.bridge),
            bridge: self.bridge.clone(),
            address,
            bip: format!("172.2{index}.0.1/24"),
            registry: self.registry.clone(),
            listen: if index == 2 { listen } else { String::new() },
            site,
        }
    }

    fn start_registry(&mut self) -> Result<(), String> {
        let config = self.site.join("registry.yml");
        let (folder, address) = (self.site.join("registry"), &self.registry);
        let text = format!("version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n", folder.display());
        fs::write(&config, text).map_err(|e| e.to_string())?;
        // In a process namespace of its own, so that it ends with us as the machines do.
        let script = "docker-registry serve \"$CONFIG\" </dev/null >\"$CONFIG.log\" 2>&1 & cat >/dev/null";
        let child = Command::new("unshare")
            .args(["--pid", "--fork", "--kill-child=KILL", "sh", "-c", script])
            .env("CONFIG", &config)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("docker-registry: {e}"))?;
        self.registry_child = Some(child);
        let address = address.clone();
        let open = || std::net::TcpStream::connect(&address).is_ok().then_some(());
        until(Duration::from_secs(20), open).ok_or_else(|| "docker-registry does not listen".to_owned())
    }

    /// An image of busybox alone, made here, pushed from the first host and pulled by the others.
    fn push_images(&self) -> Result<(), String> {
        let root = self.site.join("rootfs");
        fs::create_dir_all(root.join("bin")).map_err(|e| e.to_string())?;
        let busybox = run("sh", &["-c", "command -v busybox"])?;
        let inside = root.join("bin/busybox");
        fs::copy(busybox.trim(), &inside).map_err(|e| e.to_string())?;
        fs::set_permissions(&inside, fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())?;
        for applet in APPLETS {
            std::os::unix::fs::symlink("busybox", root.join("bin").join(applet)).map_err(|e| e.to_string())?;
        }
        let tar = self.site.join("rootfs.tar");
        run("tar", &["-C", &root.to_string_lossy(), "-cf", &tar.to_string_lossy(), "."])?;
        for tag in ["v1", "v2"] {
            let image = self.image(tag);
            let change = format!("LABEL wharf.test={tag}");
            self.machines[0].docker(&[
                "import",
                "--change",
                &change,
                "--change",
                // A first process without a handler of its own does not hear SIGTERM, and each stop would take ten seconds.
                "CMD [\"sh\", \"-c\", \"trap exit TERM; sleep 1d & wait\"]",
                &tar.to_string_lossy(),
                &image,
            ])?;
            self.machines[0].docker(&["push", "-q", &image])?;
        }
        for machine in &self.machines {
            machine.docker(&["pull", "-q", &self.image("v1")])?;
        }
        Ok(())
    }

    /// The full name of the image with this tag.
    pub(crate) fn image(&self, tag: &str) -> String {
        format!("{}/wharf/web:{tag}", self.registry)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        if std::thread::panicking() {
            show_logs(&self.site);
        }
        self.machines.clear();
        if let Some(mut child) = self.registry_child.take() {
            drop(child.stdin.take());
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = run("ip", &["link", "del", &self.bridge]);
        let _ = fs::remove_dir_all(&self.site);
    }
}

/// Why the hosts cannot be made here, if they cannot.
fn missing() -> Option<String> {
    if run("id", &["-u"]).is_ok_and(|id| id.trim() != "0") {
        return Some("needs root".to_owned());
    }
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let there = |tool: &&&str| !path.split(':').any(|folder| Path::new(folder).join(tool).exists());
    let absent: Vec<&str> = TOOLS.iter().filter(there).copied().collect();
    (!absent.is_empty()).then(|| format!("{} not installed (tests/all installs them)", absent.join(", ")))
}

/// Takes a free number: making the bridge is the lock, and its alias says whose it is.
fn claim_bridge() -> Result<(u8, String), String> {
    let mut why = String::new();
    for number in 10..200_u8 {
        let bridge = format!("{PREFIX}{number}");
        match run("ip", &["link", "add", &bridge, "type", "bridge"]) {
            Ok(_) => {
                run("ip", &["link", "set", &bridge, "alias", &format!("wharf test of {}", owner(std::process::id()))])?;
                return Ok((number, bridge));
            }
            Err(error) if error.contains("exists") => {}
            Err(error) => why = error,
        }
    }
    Err(format!("no bridge can be made: {why}"))
}

/// Removes what runs that are gone have left: bridges whose owner is dead, and what carries their names.
fn sweep() {
    let Ok(links) = fs::read_dir("/sys/class/net") else { return };
    for link in links.filter_map(Result::ok) {
        let name = link.file_name().to_string_lossy().into_owned();
        let alias = fs::read_to_string(link.path().join("ifalias")).unwrap_or_default();
        let Some(owned_by) = alias.trim().strip_prefix("wharf test of ") else { continue };
        let pid = owned_by.split(' ').next().and_then(|pid| pid.parse().ok());
        if !name.starts_with(PREFIX) || pid.is_none_or(|pid| owner(pid) == owned_by) {
            continue;
        }
        for index in 1..=3 {
            machine::remove_cgroups(&format!("{name}v{index}"));
        }
        let _ = run("ip", &["link", "del", &name]);
        let _ = fs::remove_dir_all(std::env::temp_dir().join(format!("{name}-{}", pid.unwrap_or_default())));
    }
}

/// A process told apart from a later one with its number, by the time it was started.
fn owner(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let started = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19)).unwrap_or("gone");
    format!("{pid} {started}")
}

fn show_logs(site: &Path) {
    for log in ["h1/dockerd.log", "h2/dockerd.log", "h3/dockerd.log", "h3/sshd.log"] {
        let text = fs::read_to_string(site.join(log)).unwrap_or_default();
        let tail: Vec<&str> = text.lines().rev().take(8).collect();
        eprintln!("{log}:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
}
