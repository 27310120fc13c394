//! Files that hold a secret: whether they may be trusted, and what stands in them.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use secrecy::SecretString;

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// A secret is never longer than this (bytes); a key file with comments fits.
const SECRET_MAX: u64 = 64 * 1024;

/// What is wrong with the file of a secret, without reading it: it is missing, is no file, is not ours,
/// or others may read or change it.
pub(super) fn check_file(path: &Path) -> Result<(), (Text, Text)> {
    let shown = path.display().to_string();
    let shown = clean(&shown);
    let about = std::fs::metadata(path).map_err(|error| {
        (
            Text::made(format!("{shown}: {error}"), format!("{shown}：{error}")),
            Text::made(
                format!("create it with mode 600: install -m 600 /dev/stdin '{shown}'"),
                format!("以 600 权限创建它：install -m 600 /dev/stdin '{shown}'"),
            ),
        )
    })?;
    if !about.is_file() {
        return Err((
            Text::made(format!("{shown} is not a file"), format!("{shown} 不是文件")),
            Text::new("name a file that holds the secret alone", "应指向只含密文的文件"),
        ));
    }
    let us = rustix::process::geteuid().as_raw();
    if about.uid() != us && about.uid() != 0 {
        return Err((
            Text::made(format!("{shown} belongs to another user ({})", about.uid()), format!("{shown} 属于别的用户（{}）", about.uid())),
            Text::made(format!("chown it to yourself: chown $(id -u) '{shown}'"), format!("改为自己所有：chown $(id -u) '{shown}'")),
        ));
    }
    if about.mode() & 0o006 != 0 {
        let mode = about.mode() & 0o777;
        return Err((
            Text::made(
                format!("{shown} holds a secret and others can read or change it (mode {mode:o})"),
                format!("{shown} 含密文，而其他用户可读或可改（权限 {mode:o}）"),
            ),
            Text::made(format!("chmod 600 '{shown}'"), format!("chmod 600 '{shown}'")),
        ));
    }
    Ok(())
}

pub(super) fn read_file(path: &Path) -> Result<SecretString, Fault> {
    let place = format!("file:{}", clean(&path.display().to_string()));
    let fault = |(cause, hint)| Fault::new(place.clone(), FaultKind::Config, cause, hint);
    check_file(path).map_err(fault)?;
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(SECRET_MAX + 1).read_to_string(&mut text));
    if let Err(error) = read {
        return Err(fault((
            Text::made(format!("cannot be read: {error}"), format!("无法读取：{error}")),
            Text::new("give this user the right to read it", "让当前用户可读"),
        )));
    }
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    if secret.is_empty() || secret.len() as u64 > SECRET_MAX {
        return Err(fault((
            Text::new("is empty or longer than 64 KiB", "为空，或超过 64 KiB"),
            Text::new("it must hold the secret alone", "文件应只含密文"),
        )));
    }
    Ok(secret.to_owned().into())
}
