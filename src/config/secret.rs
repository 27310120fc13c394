//! Secrets by reference: where each one is kept, and reading those that this process may read itself.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use serde::Deserialize;

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// A secret is never longer than this (bytes); a key file with comments fits.
const SECRET_MAX: u64 = 64 * 1024;

/// The ways to name a secret, as the config writes them.
pub const WAYS: &str = "env:NAME, file:PATH, command:PROGRAM ARGS or docker-helper:NAME";

/// Where a secret is kept. It holds no secret itself, so it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// `env:NAME`, an environment variable of this process.
    Env(Arc<str>),
    /// `file:PATH`, absolute once read from the config.
    File(PathBuf),
    /// `command:PROGRAM ARGS`, split into words, started without a shell. The first line it prints is the secret.
    Command(Vec<String>),
    /// `docker-helper:NAME`: `docker-credential-NAME get`, asked for the address of the registry.
    DockerHelper(Arc<str>),
}

/// A user name: plain, or kept where the password is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum User {
    Plain(Arc<str>),
    Kept(SecretRef),
}

/// What asking for a secret gives: the secret, or what the engine must run through the clients to have it.
#[derive(Debug)]
pub enum Resolved {
    Known(SecretString),
    Run(Asking),
}

/// A program to be run for a secret. There is no secret in its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    pub argv: Vec<String>,
    /// What it is given on its standard input.
    pub input: Option<String>,
    shape: AnswerShape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerShape {
    FirstLine,
    DockerCredential,
}

/// What a program answered.
#[derive(Debug)]
pub struct Credential {
    /// Credential helpers know the user too.
    pub user: Option<String>,
    pub secret: SecretString,
}

/// Why a text is not a reference to a secret. Never holds the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotARef {
    ClearText,
    Empty(&'static str),
    Quotes,
}

impl SecretRef {
    /// Reads `env:`, `file:`, `command:`, `docker-helper:`; relative files start from `folder`.
    pub(super) fn read(text: &str, folder: &Path) -> Result<Self, NotARef> {
        let (way, rest) = text.split_once(':').ok_or(NotARef::ClearText)?;
        let rest = rest.trim();
        match way {
            "env" if rest.is_empty() => Err(NotARef::Empty("env:NAME")),
            "env" => Ok(Self::Env(rest.into())),
            "file" if rest.is_empty() => Err(NotARef::Empty("file:PATH")),
            "file" => Ok(Self::File(folder.join(rest))),
            "command" => match words(rest) {
                Some(words) if words.is_empty() => Err(NotARef::Empty("command:PROGRAM ARGS")),
                Some(words) => Ok(Self::Command(words)),
                None => Err(NotARef::Quotes),
            },
            "docker-helper" if rest.is_empty() || rest.contains(['/', ' ']) => Err(NotARef::Empty("docker-helper:NAME")),
            "docker-helper" => Ok(Self::DockerHelper(rest.into())),
            _ => Err(NotARef::ClearText),
        }
    }

    /// Reads the secret, or says which program to run for it. `server` is the address a credential helper is asked for.
    ///
    /// # Errors
    /// A variable that is not set; a file that is missing, empty, too long, or that others can read.
    pub fn resolve(&self, server: &str) -> Result<Resolved, Fault> {
        match self {
            Self::Env(name) => match std::env::var(&**name) {
                Ok(secret) if !secret.is_empty() => Ok(Resolved::Known(secret.into())),
                Ok(_) | Err(std::env::VarError::NotPresent) => Err(self.fault(
                    Text::made(format!("the environment variable {name} is not set"), format!("环境变量 {name} 没有设置")),
                    Text::made(format!("export {name} before starting wharf"), format!("启动 wharf 之前先 export {name}")),
                )),
                Err(std::env::VarError::NotUnicode(_)) => Err(self.fault(
                    Text::made(format!("the environment variable {name} is not UTF-8"), format!("环境变量 {name} 不是 UTF-8")),
                    Text::new("set it to text", "应设为文本"),
                )),
            },
            Self::File(path) => read_file(path).map(Resolved::Known),
            Self::Command(argv) => Ok(Resolved::Run(Asking { argv: argv.clone(), input: None, shape: AnswerShape::FirstLine })),
            Self::DockerHelper(name) => Ok(Resolved::Run(Asking {
                argv: vec![format!("docker-credential-{name}"), "get".to_owned()],
                input: Some(server.to_owned()),
                shape: AnswerShape::DockerCredential,
            })),
        }
    }

    fn fault(&self, cause: Text, hint: Text) -> Fault {
        Fault::new(self.to_string(), FaultKind::Config, cause, hint)
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{}", clean(name)),
            Self::File(path) => write!(f, "file:{}", clean(&path.display().to_string())),
            Self::Command(argv) => write!(f, "command:{}", clean(argv.first().map_or("", String::as_str))),
            Self::DockerHelper(name) => write!(f, "docker-helper:{}", clean(name)),
        }
    }
}

impl Asking {
    /// Reads what the program printed on its standard output.
    ///
    /// # Errors
    /// Nothing was printed, or not what a credential helper prints. The output itself is never in the fault.
    pub fn answer(&self, output: &[u8]) -> Result<Credential, Fault> {
        let program = self.argv.first().map_or("", String::as_str);
        let fault = |cause, hint| Fault::new(clean(program).into_owned(), FaultKind::Config, cause, hint);
        match self.shape {
            AnswerShape::FirstLine => {
                let text = String::from_utf8_lossy(output);
                let line = text.lines().next().unwrap_or("").trim_end();
                if line.is_empty() {
                    return Err(fault(
                        Text::new("printed no secret", "没有输出密文"),
                        Text::new("run it by hand: its first line must be the secret", "手工运行一次：第一行应是密文"),
                    ));
                }
                Ok(Credential { user: None, secret: line.to_owned().into() })
            }
            AnswerShape::DockerCredential => {
                let read: Result<StoredCredential, _> = serde_json::from_slice(output);
                match read {
                    Ok(StoredCredential { username, secret: Some(secret) }) if !secret.is_empty() => {
                        Ok(Credential { user: username.filter(|u| !u.is_empty()), secret: secret.into() })
                    }
                    _ => Err(fault(
                        Text::new("did not answer as a docker credential helper does", "没有按 docker 凭证助手的格式应答"),
                        Text::new("docker login to this registry first, or name another helper", "先对该仓库 docker login，或换一个助手"),
                    )),
                }
            }
        }
    }
}

/// What `docker-credential-* get` prints (docker-credential-helpers, `credentials.Credentials`).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StoredCredential {
    username: Option<String>,
    secret: Option<String>,
}

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

fn read_file(path: &Path) -> Result<SecretString, Fault> {
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

/// Splits a command line into words at blanks; quotes and backslashes hold words together. No shell, no variables.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    fn known(secret: &SecretRef) -> Result<String, Fault> {
        match secret.resolve("https://r")? {
            Resolved::Known(text) => Ok(text.expose_secret().to_owned()),
            Resolved::Run(asking) => panic!("{asking:?}"),
        }
    }

    #[test]
    fn references_are_read_and_clear_text_is_not_one() {
        let folder = Path::new("/etc/wharf");
        let read = |text| SecretRef::read(text, folder);
        assert_eq!(read("env:A"), Ok(SecretRef::Env("A".into())));
        assert_eq!(read("file:ca/token"), Ok(SecretRef::File("/etc/wharf/ca/token".into())));
        assert_eq!(read("file:/run/t"), Ok(SecretRef::File("/run/t".into())));
        assert_eq!(read("command:pass show 'yf harbor'"), Ok(SecretRef::Command(vec!["pass".into(), "show".into(), "yf harbor".into()])));
        assert_eq!(read("docker-helper:osxkeychain"), Ok(SecretRef::DockerHelper("osxkeychain".into())));
        assert_eq!(read("Harbor12345"), Err(NotARef::ClearText));
        assert_eq!(read("a:b"), Err(NotARef::ClearText));
        assert_eq!(read("command:x 'y"), Err(NotARef::Quotes));
        assert!(matches!(read("env:"), Err(NotARef::Empty(_))));
        assert!(matches!(read("docker-helper:../x"), Err(NotARef::Empty(_))));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_and_its_words_are_not_told() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("token");
        std::fs::write(&path, "s3cret\n").expect("write");
        let secret = SecretRef::File(path.clone());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("chmod");
        let fault = known(&secret).expect_err("world readable");
        assert!(fault.cause.en.contains("mode 644") && fault.hint.en.contains("chmod 600"), "{fault}");
        assert!(!format!("{fault:?}").contains("s3cret"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
        assert_eq!(known(&secret), Ok("s3cret".to_owned()));
        std::fs::write(&path, "\n").expect("write");
        assert!(known(&secret).is_err());
    }

    #[test]
    fn programs_are_described_and_their_answers_are_read() {
        let helper = SecretRef::DockerHelper("pass".into());
        let Ok(Resolved::Run(asking)) = helper.resolve("https://harbor.example") else { panic!("must be run") };
        assert_eq!(asking.argv, ["docker-credential-pass", "get"]);
        assert_eq!(asking.input.as_deref(), Some("https://harbor.example"));
        let answer = asking.answer(br#"{"ServerURL":"x","Username":"ops","Secret":"pw"}"#).expect("answer");
        assert_eq!((answer.user.as_deref(), answer.secret.expose_secret()), (Some("ops"), "pw"));
        assert!(asking.answer(b"credentials not found in native keychain").is_err());

        let Ok(Resolved::Run(asking)) = SecretRef::Command(vec!["p".into()]).resolve("") else { panic!("must be run") };
        assert_eq!(asking.answer(b"pw\nuser: x\n").expect("answer").secret.expose_secret(), "pw");
        let fault = asking.answer(b"\npw").expect_err("an empty first line");
        assert!(!fault.to_string().contains("pw"));
        assert!(!format!("{:?}", asking.answer(b"hidden")).contains("hidden"));
    }
}
