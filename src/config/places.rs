//! Where configs are: the company's, the user's, or the one named on the command line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::CONFIG_MAX;
use super::inventory::InventoryProgram;
use super::problem::Problem;
use crate::model::fault::Fault;
use crate::model::text::{Text, clean};

/// The two files of a config. Either may be absent, not both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The company's: `/etc/wharf/wharf.toml`.
    pub system: PathBuf,
    /// The user's own.
    pub user: PathBuf,
    /// What lists Ansible's inventories, where that may be run.
    pub inventories: InventoryProgram,
}

impl Places {
    /// The platform's places; `named` is what `--config` or `WHARF_CONFIG` says.
    #[must_use]
    pub fn platform(named: Option<&Path>) -> Self {
        let user = named.map_or_else(own, Path::to_owned);
        Self { system: PathBuf::from("/etc/wharf/wharf.toml"), user, inventories: InventoryProgram::default() }
    }

    /// The same, with a program that lists Ansible's inventories: what it prints of a file, `None` where it is not installed.
    #[must_use]
    pub fn listing_with(self, list: impl Fn(&Path) -> Option<Result<Vec<u8>, Fault>> + Send + Sync + 'static) -> Self {
        Self { inventories: InventoryProgram::new(list), ..self }
    }

    /// True where at least one of the files is there.
    #[must_use]
    pub fn any(&self) -> bool {
        self.system.exists() || self.user.exists()
    }

    /// Twelve hexadecimal digits of the canonical path of the user's config. Reads nothing.
    #[must_use]
    pub fn identity(&self) -> String {
        identity(&self.user)
    }

    /// The state of the two files in short: another word when one of them has changed. Reads neither.
    #[must_use]
    pub fn mark(&self) -> String {
        let mut digest = Sha256::new();
        for path in [&self.system, &self.user] {
            digest.update(path.as_os_str().as_encoded_bytes());
            if let Ok(about) = std::fs::metadata(path) {
                for number in [about.mtime(), about.mtime_nsec(), about.size().cast_signed(), about.ino().cast_signed()] {
                    digest.update(number.to_le_bytes());
                }
            }
            digest.update([0]);
        }
        short(&digest.finalize())
    }

    /// The themes beside the user's config: name and TOML.
    #[must_use]
    pub fn themes(&self) -> BTreeMap<String, String> {
        let folder = self.user.parent().map(|p| p.join("themes"));
        let files = folder.and_then(|f| std::fs::read_dir(f).ok()).into_iter().flatten().flatten();
        files
            .filter(|file| file.path().extension().is_some_and(|e| e == "toml"))
            .filter_map(|file| Some((file.path().file_stem()?.to_str()?.to_owned(), std::fs::read_to_string(file.path()).ok()?)))
            .collect()
    }

    /// True where the user's file is one that somebody named, and so must be there.
    pub(super) fn is_named(&self) -> bool {
        self.user != own()
    }

    pub(super) fn nothing_there(&self) -> Problem {
        Problem::of_file(
            &self.user,
            Text::new("there is no config", "没有配置"),
            Text::new(
                "write one with: wharf config init; or look around first with: wharf lab",
                "用 wharf config init 写一份；或先用 wharf lab 看看",
            ),
        )
    }
}

/// The platform's state directory with a folder of this config's own: staging never shows what production had.
#[must_use]
pub fn state_dir(identity: &str) -> PathBuf {
    let platform = directories::ProjectDirs::from("", "", "wharf");
    let dir = platform.map_or_else(std::env::temp_dir, |d| d.state_dir().unwrap_or_else(|| d.data_local_dir()).to_owned());
    dir.join(identity)
}

/// The user's config where none is named.
fn own() -> PathBuf {
    directories::ProjectDirs::from("", "", "wharf").map_or_else(|| PathBuf::from("wharf.toml"), |dirs| dirs.config_dir().join("wharf.toml"))
}

/// A config names programs to be run (`command:`) and says who may act: nobody else may write it.
fn refuse_open_to_others(path: &Path, file: &std::fs::File) -> Result<(), Box<Problem>> {
    let Ok(about) = file.metadata() else { return Ok(()) };
    if !about.is_file() || about.mode() & 0o002 == 0 {
        return Ok(());
    }
    let mode = about.mode() & 0o777;
    Err(Box::new(Problem::of_file(
        path,
        Text::made(format!("any user can change it (mode {mode:o})"), format!("任何用户都能改它（权限 {mode:o}）")),
        Text::made(format!("chmod o-w {}", shown(path)), format!("chmod o-w {}", shown(path))),
    )))
}

/// The text of a config, `None` where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, Box<Problem>> {
    let wrong = |what: Text, instead: Text| Box::new(Problem::of_file(path, what, instead));
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let what = Text::made(format!("cannot be read: {error}"), format!("无法读取：{error}"));
            return Err(wrong(
                what,
                Text::new(
                    "give this user the right to read it, or name another with --config",
                    "让当前用户可读，或用 --config 指定别的文件",
                ),
            ));
        }
    };
    refuse_open_to_others(path, &file)?;
    let mut bytes = Vec::new();
    if let Err(error) = file.take(CONFIG_MAX + 1).read_to_end(&mut bytes) {
        let what = Text::made(format!("cannot be read: {error}"), format!("无法读取：{error}"));
        return Err(wrong(what, Text::new("name a file with --config", "用 --config 指定一个文件")));
    }
    if bytes.len() as u64 > CONFIG_MAX {
        return Err(wrong(
            Text::new("is larger than 64 MiB", "超过 64 MiB"),
            Text::new("list the hosts in an [[inventory]]", "把主机放进 [[inventory]]"),
        ));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|b| *b == b'\n').count();
        let mut problem = wrong(Text::new("is not UTF-8 here", "此处不是 UTF-8"), Text::new("save the file as UTF-8", "把文件存成 UTF-8"));
        problem.line = line;
        problem.column = 1;
        problem
    })
}

/// A short name for a config file that stays the same however its path is written.
pub(super) fn identity(path: &Path) -> String {
    let canonical = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
    short(&Sha256::digest(canonical.as_os_str().as_encoded_bytes()))
}

fn short(digest: &[u8]) -> String {
    digest.iter().take(6).fold(String::with_capacity(12), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A path for people.
pub(super) fn shown(path: &Path) -> String {
    clean(&path.display().to_string()).into_owned()
}
