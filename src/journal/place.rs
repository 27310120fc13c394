//! The directory of the journal: of this machine, our own, and locked while files are made in it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// Another console that makes the files needs milliseconds; one that is stopped half-way must not hold us for ever.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Makes the directory where it is not there, and refuses one that would not keep what is written to it.
pub(super) fn prepare(dir: &Path) -> Result<(), Fault> {
    if !dir.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| cannot(dir, "be made", "创建", &error))?;
    }
    let about = std::fs::metadata(dir).map_err(|error| cannot(dir, "be read", "读取", &error))?;
    if !about.is_dir() {
        return Err(fault(
            dir,
            Text::new("is not a directory", "不是目录"),
            Text::new("name a directory with --state", "用 --state 指定一个目录"),
        ));
    }
    let us = rustix::process::geteuid().as_raw();
    if about.uid() != us || about.mode() & 0o022 != 0 {
        let mode = about.mode() & 0o7777;
        return Err(fault(
            dir,
            Text::made(
                format!("other users can write there (owner {}, mode {mode:o})", about.uid()),
                format!("其他用户可写（属主 {}，权限 {mode:o}）", about.uid()),
            ),
            Text::made(
                format!("chmod 700 {}, or name a directory of your own with --state", shown(dir)),
                format!("chmod 700 {}，或用 --state 指定自己的目录", shown(dir)),
            ),
        ));
    }
    match network_of(dir) {
        None => Ok(()),
        Some(kind) => Err(fault(
            dir,
            Text::made(
                format!("is on a network file system ({kind}), where SQLite files break"),
                format!("位于网络文件系统（{kind}），SQLite 文件在其上会损坏"),
            ),
            Text::new("name a directory on a local disk with --state", "用 --state 指定本地磁盘上的目录"),
        )),
    }
}

/// Waits until no other console is making files in the directory. The lock is let go with the file, by the kernel
/// when we die.
pub(super) async fn lock(dir: &Path) -> Result<File, Fault> {
    let path = create(dir, "lock")?;
    let file = OpenOptions::new().read(true).write(true).open(&path).map_err(|error| cannot(&path, "be opened", "打开", &error))?;
    for _ in 0..LOCK_TRIES {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => tokio::time::sleep(LOCK_PAUSE).await,
            Err(error) => return Err(cannot(&path, "be locked", "加锁", &error.into())),
        }
    }
    Err(fault(
        &path,
        Text::new("another wharf holds this lock and does not let go", "另一个 wharf 一直占着这把锁"),
        Text::made(format!("see who it is: fuser -v {}", shown(&path)), format!("查看占用者：fuser -v {}", shown(&path))),
    ))
}

/// A file that only we can read; SQLite gives its own side files the same mode.
pub(super) fn create(dir: &Path, name: &str) -> Result<PathBuf, Fault> {
    let path = dir.join(name);
    let made = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path);
    made.map_err(|error| cannot(&path, "be made", "创建", &error))?;
    Ok(path)
}

/// The kind of network file system a directory is on, `None` where it is a local one.
fn network_of(dir: &Path) -> Option<String> {
    let about = rustix::fs::statfs(dir).ok()?;
    #[allow(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "magic numbers have 32 bits, whatever the word is on this machine"
    )]
    let magic = about.f_type as u32;
    network_name(magic, || mount_kind(dir))
}

/// By the magic numbers of linux/magic.h; FUSE is many systems under one number, told apart by the mount table.
fn network_name(magic: u32, mounted_as: impl FnOnce() -> Option<String>) -> Option<String> {
    let name = match magic {
        0x6969 => "nfs",
        0x517B => "smb",
        0xFF53_4D42 => "cifs",
        0xFE53_4D42 => "smb2",
        0x0102_1997 => "9p",
        0x5346_414F | 0x6B41_4653 => "afs",
        0x00C3_6400 => "ceph",
        0x0BD0_0BD0 => "lustre",
        0x7375_7245 => "coda",
        0x564C => "ncp",
        0x786F_4256 => "vboxsf",
        0x6573_5546 => {
            let kind = mounted_as().unwrap_or_else(|| "fuse".to_owned());
            let local = ["fuseblk", "fuse.fuse-overlayfs", "fuse.gocryptfs", "fuse.encfs", "fuse.cryfs", "fuse.ntfs-3g"];
            return (!local.contains(&kind.as_str())).then_some(kind);
        }
        _ => return None,
    };
    Some(name.to_owned())
}

/// What the mount table calls the file system that a directory is on (proc(5), `mountinfo`: the type follows ` - `).
fn mount_kind(dir: &Path) -> Option<String> {
    let dir = std::fs::canonicalize(dir).ok()?;
    let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mounts = table.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?.replace("\\040", " ");
        dir.starts_with(&point).then(|| (point.len(), after.split(' ').next().unwrap_or("").to_owned()))
    });
    mounts.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

fn fault(path: &Path, cause: Text, hint: Text) -> Fault {
    Fault::new(shown(path), FaultKind::Storage, cause, hint)
}

fn cannot(path: &Path, en: &str, zh: &str, error: &std::io::Error) -> Fault {
    fault(
        path,
        Text::made(format!("cannot {en}: {error}"), format!("无法{zh}：{error}")),
        Text::new(
            "give this user the right to write there, or name another directory with --state",
            "让当前用户可写，或用 --state 换一个目录",
        ),
    )
}

fn shown(path: &Path) -> String {
    clean(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        let name = |magic, kind: &str| network_name(magic, || Some(kind.to_owned()));
        for (magic, kind) in [(0x6969, "nfs"), (0xFE53_4D42, "smb2"), (0xFF53_4D42, "cifs"), (0x0102_1997, "9p")] {
            assert_eq!(name(magic, "").as_deref(), Some(kind));
        }
        for local in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630] {
            assert_eq!(name(local, "").as_deref(), None, "ext4, xfs, btrfs, tmpfs, overlayfs");
        }
        assert_eq!(name(0x6573_5546, "fuse.sshfs").as_deref(), Some("fuse.sshfs"));
        assert_eq!(name(0x6573_5546, "virtiofs").as_deref(), Some("virtiofs"));
        assert_eq!(name(0x6573_5546, "fuse.fuse-overlayfs").as_deref(), None);
    }

    #[test]
    fn the_mount_table_is_read() {
        assert_eq!(mount_kind(Path::new("/proc/self")).as_deref(), Some("proc"));
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().expect("dir");
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).expect("chmod");
        let fault = prepare(dir.path()).expect_err("others can write");
        assert!(fault.cause.en.contains("777") && fault.hint.en.contains("chmod 700"), "{fault}");
        assert_eq!(std::fs::metadata(dir.path()).expect("dir").mode() & 0o777, 0o777);
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("chmod");
        assert_eq!(prepare(dir.path()), Ok(()));
        let file = create(dir.path(), "x").expect("made");
        assert_eq!(std::fs::metadata(&file).expect("file").mode() & 0o777, 0o600);
        assert!(prepare(&file).is_err(), "a file is not a directory");
        let made = dir.path().join("a/b");
        assert_eq!(prepare(&made), Ok(()));
        assert_eq!(std::fs::metadata(&made).expect("made").mode() & 0o777, 0o700);
    }
}
