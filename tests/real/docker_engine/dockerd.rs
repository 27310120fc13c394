//! A real dockerd of this test's own: its own directories, socket, pid file and cgroup; no bridge, no rules of the firewall.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use crate::docker_twin::http::{At, Body};
use crate::hosts::turn;

pub(crate) struct Dockerd {
    child: Child,
    directory: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Dockerd {
    /// Starts it. The error says why it cannot be here.
    pub(crate) fn start() -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("a real dockerd needs root".to_owned());
        }
        let binary = ["/usr/sbin/dockerd", "/usr/bin/dockerd"].into_iter().find(|path| Path::new(path).exists());
        let binary = binary.ok_or("dockerd is not installed (apt-get install docker.io)")?;
        if !Path::new("/bin/busybox").exists() {
            return Err("no /bin/busybox (apt-get install busybox-static)".to_owned());
        }
        let turn = turn();
        let directory = tempfile::Builder::new().prefix("wharf-twin-").tempdir().map_err(|why| why.to_string())?;
        let at = |name: &str| directory.path().join(name).display().to_string();
        let log = std::fs::File::create(directory.path().join("log")).map_err(|why| why.to_string())?;
        let child = Command::new(binary)
            .args(["--data-root", &at("root"), "--exec-root", &at("exec"), "--pidfile", &at("pid")])
            .args(["--host", &format!("unix://{}", at("sock")), "--storage-driver", "vfs"])
            .args(["--bridge=none", "--iptables=false", "--ip-masq=false"])
            .args(["--cgroup-parent", &format!("/wharf-twin-{}", std::process::id())])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|why| format!("{binary}: {why}"))?;
        let daemon = Self { child, directory, _turn: turn };
        let begun = Instant::now();
        while daemon.at().ask("GET", "/_ping", None).is_err() {
            if begun.elapsed() > Duration::from_secs(40) {
                let log = std::fs::read_to_string(daemon.directory.path().join("log")).unwrap_or_default();
                let tail = log.lines().rev().take(3).collect::<Vec<_>>().join(" | ");
                return Err(format!("dockerd does not come up here: {tail}"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(daemon)
    }

    pub(crate) fn at(&self) -> At {
        At::Unix(self.directory.path().join("sock"))
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
        // The cgroups of its containers stay empty behind it.
        for controller in std::fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten() {
            let _ = std::fs::remove_dir(controller.path().join(format!("wharf-twin-{}", std::process::id())));
        }
        // What a daemon that was killed leaves mounted would keep its directory.
        for mount in mounts_under(self.directory.path()) {
            let _ = Command::new("umount").arg("-l").arg(&mount).status();
        }
    }
}

fn mounts_under(directory: &Path) -> Vec<PathBuf> {
    let table = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut found: Vec<PathBuf> =
        table.lines().filter_map(|line| line.split(' ').nth(1)).map(PathBuf::from).filter(|mount| mount.starts_with(directory)).collect();
    found.reverse();
    found
}

/// An image of one static program under many names, as `docker import` takes it.
pub(crate) fn image() -> Body {
    let busybox = std::fs::read("/bin/busybox").unwrap_or_default();
    let mut tar = Vec::new();
    entry(&mut tar, "bin/busybox", b'0', "", &busybox);
    for name in ["sh", "sleep", "echo", "true", "false", "ls", "cat"] {
        entry(&mut tar, &format!("bin/{name}"), b'2', "busybox", &[]);
    }
    tar.extend([0u8; 1024]);
    Body::tar(tar)
}

/// One file of a tar archive (POSIX ustar).
fn entry(tar: &mut Vec<u8>, name: &str, kind: u8, link: &str, content: &[u8]) {
    let mut head = [0u8; 512];
    let mut put = |at: usize, text: &[u8]| head[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, b"0000755\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"14000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    tar.extend(head);
    tar.extend(content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}
