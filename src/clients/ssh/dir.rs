//! The directory of our control sockets: ours alone, short, and swept of what dead consoles left.

use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// Bytes of its path at most: ssh adds a name and 17 more while it binds, and the system allows 107.
const LONGEST: usize = 61;
const PREFIX: &str = "ssh-";
const OWNER: &str = "owner";

/// Removed with all that is in it when dropped.
#[derive(Debug)]
pub(super) struct Dir {
    path: PathBuf,
    next: AtomicU64,
}

impl Dir {
    /// Makes one for this process under `runtime`.
    pub(super) fn make(endpoint: &str, runtime: &Path) -> Result<Self, Fault> {
        let unusable = |why: &str| {
            let (shown, why) = (clean(&runtime.to_string_lossy()).into_owned(), clean(why).into_owned());
            Fault::new(
                endpoint,
                FaultKind::Storage,
                Text::made(format!("{shown} cannot hold ssh's sockets: {why}"), format!("{shown} 不能存放 ssh 套接字:{why}")),
                Text::new(
                    "give a short directory of your own in XDG_RUNTIME_DIR (or TMPDIR)",
                    "请把 XDG_RUNTIME_DIR(或 TMPDIR)设为一个路径较短、属于自己的目录",
                ),
            )
        };
        private().recursive(true).create(runtime).map_err(|why| unusable(&why.to_string()))?;
        let pid = std::process::id();
        for n in 0..1000u32 {
            let path = runtime.join(format!("{PREFIX}{pid}-{n}"));
            if path.as_os_str().len() > LONGEST {
                return Err(unusable("its path is too long"));
            }
            match private().create(&path) {
                Ok(()) => {
                    let owner = format!("{pid} {}\n", started(pid).unwrap_or(0));
                    std::fs::write(path.join(OWNER), owner).map_err(|why| unusable(&why.to_string()))?;
                    return Ok(Self { path, next: AtomicU64::new(0) });
                }
                Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
                Err(why) => return Err(unusable(&why.to_string())),
            }
        }
        Err(unusable("a thousand directories of this process are there"))
    }

    /// Removes it while others still hold it: their masters have ended.
    pub(super) fn remove(&self) {
        // Whoever cannot remove it leaves it to the sweep of the next start.
        let _ = std::fs::remove_dir_all(&self.path);
    }

    /// A path in it that was not used before: `m3`.
    pub(super) fn fresh(&self, letter: char) -> PathBuf {
        self.path.join(format!("{letter}{}", self.next.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Removes the directories of processes that are gone. Only our own user's, only those that name their owner.
pub(super) fn sweep(runtime: &Path) {
    let Ok(entries) = std::fs::read_dir(runtime) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX))
            && std::fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir() && m.uid() == rustix::process::getuid().as_raw());
        if !ours {
            continue;
        }
        let owner = std::fs::read_to_string(path.join(OWNER)).ok().and_then(|text| {
            let (pid, start) = text.trim().split_once(' ')?;
            Some((pid.parse::<u32>().ok()?, start.parse::<u64>().ok()?))
        });
        let Some((pid, start)) = owner else { continue };
        if !is_running(pid, start) {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

/// True where the process that wrote this pid and start time still runs; a reused pid is another process.
fn is_running(pid: u32, start: u64) -> bool {
    match started(pid) {
        Some(now) => start == 0 || now == start,
        // Without /proc: as good as can be known.
        None if started(std::process::id()).is_none() => i32::try_from(pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok()),
        None => false,
    }
}

/// When a process started, in clock ticks since boot: field 22 of `/proc/PID/stat`.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces and parentheses itself.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

fn private() -> std::fs::DirBuilder {
    let mut builder = std::fs::DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short_dir() -> tempfile::TempDir {
        tempfile::Builder::new().prefix("w").tempdir_in("/tmp").expect("tempdir")
    }

    #[test]
    fn a_sweep_takes_what_dead_processes_left_and_nothing_else() {
        let runtime = short_dir();
        let alive = Dir::make("h", runtime.path()).expect("dir");
        let make = |name: &str, owner: Option<&str>| {
            let path = runtime.path().join(name);
            std::fs::create_dir(&path).expect("dir");
            if let Some(owner) = owner {
                std::fs::write(path.join("owner"), owner).expect("owner");
            }
            path
        };
        let own_pid = std::process::id();
        let dead = make("ssh-4194305-0", Some("4194305 17\n"));
        let reused = make("ssh-x", Some(&format!("{own_pid} 17\n")));
        let unknown = make("ssh-y", None);
        let other = make("journal", Some("4194305 17\n"));
        sweep(runtime.path());
        assert!(!dead.exists() && !reused.exists());
        assert!(alive.path.exists() && unknown.exists() && other.exists());
        let path = alive.path.clone();
        drop(alive);
        assert!(!path.exists());
    }

    #[test]
    fn the_directory_is_private_and_its_path_short() {
        use std::os::unix::fs::PermissionsExt;
        let runtime = short_dir();
        let dir = Dir::make("h", runtime.path()).expect("dir");
        assert_eq!(std::fs::metadata(&dir.path).expect("metadata").permissions().mode() & 0o777, 0o700);
        assert_ne!(dir.fresh('m'), dir.fresh('m'));
        let long = runtime.path().join("x".repeat(60));
        let fault = Dir::make("h", &long).expect_err("too long");
        assert!(fault.kind == FaultKind::Storage && fault.cause.en.contains("too long"), "{fault}");
    }
}
