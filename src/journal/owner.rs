//! Who owns a run: this process, told apart from any that had its number before or will have it after.

use crate::model::clock::{Clock, Stamp};
use crate::model::run::Owner;
use crate::model::text::clean;

/// Ticks a second in `/proc/<pid>/stat`, whatever the kernel's own rate is (proc(5), `USER_HZ`).
const USER_HZ: i64 = 100;

/// The time of boot is told in whole seconds and moves with the clock: two readings of one start differ by less (ms).
const SAME_START_MS: u64 = 5_000;

/// This process as an owner.
#[must_use]
pub fn owner_here(clock: &Clock) -> Owner {
    let pid = std::process::id();
    Owner { who: who().into(), machine: machine().into(), pid, started: started(pid).unwrap_or_else(|| clock.now()) }
}

/// True where it is certain that the owner's process is gone: it was of this machine, and no process here has its
/// number and its start.
pub(super) fn is_gone(owner: &Owner) -> bool {
    if *owner.machine != *machine() || started(std::process::id()).is_none() {
        return false;
    }
    started(owner.pid).is_none_or(|at| at.0.abs_diff(owner.started.0) >= SAME_START_MS)
}

/// When a process of this machine started; `None` where there is none, or it is dead and only not reaped yet.
fn started(pid: u32) -> Option<Stamp> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, parentheses too: fields are counted from the last one.
    let (_, after) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    if matches!(fields.first(), Some(&("Z" | "X"))) {
        return None;
    }
    let ticks: i64 = fields.get(19)?.parse().ok()?;
    let boot = std::fs::read_to_string("/proc/stat").ok()?;
    let boot: i64 = boot.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(Stamp(boot * 1000 + ticks * 1000 / USER_HZ))
}

fn machine() -> String {
    clean(&rustix::system::uname().nodename().to_string_lossy()).into_owned()
}

/// The person behind `sudo` where there is one.
fn who() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|key| std::env::var(key).ok().filter(|v| !v.is_empty()));
    let uid = rustix::process::getuid().as_raw();
    let name = name.or_else(|| login_name(&std::fs::read_to_string("/etc/passwd").ok()?, uid)).unwrap_or_else(|| format!("uid {uid}"));
    clean(&name).into_owned()
}

/// Who has this number in the text of a passwd file.
fn login_name(passwd: &str, uid: u32) -> Option<String> {
    let mut lines = passwd.lines().map(|line| line.split(':'));
    lines.find_map(|mut parts| {
        let name = parts.next().filter(|name| !name.is_empty())?;
        (parts.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_name_that_the_machine_gives_it() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n# a remark\n:x:7::\nops:x:1000:1000::/srv/ops:/bin/sh\n";
        assert_eq!(login_name(passwd, 1000).as_deref(), Some("ops"));
        assert_eq!(login_name(passwd, 0).as_deref(), Some("root"));
        assert_eq!(login_name(passwd, 7), None);
    }

    #[test]
    fn we_live_and_others_of_our_number_did_not() {
        let us = owner_here(&Clock::system());
        assert!(!is_gone(&us));
        assert!(is_gone(&Owner { started: us.started.plus_millis(-60_000), ..us.clone() }), "an earlier process with our number");
        assert!(is_gone(&Owner { pid: 4_194_305, ..us.clone() }), "above the largest pid there is");
        assert!(!is_gone(&Owner { machine: "elsewhere".into(), pid: 4_194_305, ..us }), "of other machines nothing is certain");
    }
}
