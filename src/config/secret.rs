//! Secrets by reference: where each one is kept, and reading those that this process may read itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use serde::Deserialize;

use super::credential_keys::credential_keys;
use super::secret_file::read_file;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean, cut_middle};

/// The user under which docker keeps an identity token (docker/cli, `tokenUsername`).
const TOKEN_USER: &str = "<token>";

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
    /// What it is given on its standard input: it is run once for each, until one gives a secret. Empty: run once, without input.
    pub inputs: Vec<String>,
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
    pub form: SecretForm,
}

/// What a secret is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretForm {
    Password,
    /// Only a token service takes it; a credential helper gives it under the user `<token>`.
    IdentityToken,
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
            Self::Command(argv) => Ok(Resolved::Run(Asking { argv: argv.clone(), inputs: Vec::new(), shape: AnswerShape::FirstLine })),
            Self::DockerHelper(name) => Ok(Resolved::Run(Asking {
                argv: vec![format!("docker-credential-{name}"), "get".to_owned()],
                inputs: credential_keys(server),
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
    /// Why a run that failed gave no secret; `None` where the program does not know this key and may know the next
    /// (docker-credential-helpers print their errors, never a secret, on standard output).
    #[must_use]
    pub fn refusal(&self, code: Option<i32>, output: &[u8]) -> Option<Fault> {
        let said = String::from_utf8_lossy(output);
        if self.shape == AnswerShape::DockerCredential && said.to_ascii_lowercase().contains("credentials not found") {
            return None;
        }
        let program = clean(self.argv.first().map_or("", String::as_str)).into_owned();
        let code = code.map_or_else(|| "?".to_owned(), |c| c.to_string());
        let words = match self.shape {
            AnswerShape::DockerCredential => cut_middle(&clean(said.trim()), 160).into_owned(),
            AnswerShape::FirstLine => String::new(),
        };
        let (en, zh) = if words.is_empty() { (String::new(), String::new()) } else { (format!(": {words}"), format!("：{words}")) };
        Some(Fault::new(
            program.clone(),
            FaultKind::Config,
            Text::made(format!("{program} ended with code {code}{en}"), format!("{program} 以 {code} 退出{zh}")),
            Text::made(format!("run it by hand to see why: {}", self.by_hand()), format!("请手工运行看看原因：{}", self.by_hand())),
        ))
    }

    /// The program knows none of the keys.
    #[must_use]
    pub fn unknown(&self) -> Fault {
        let program = clean(self.argv.first().map_or("", String::as_str)).into_owned();
        let host = self.inputs.first().map_or("", String::as_str);
        let keys = clean(&self.inputs.join(", ")).into_owned();
        Fault::new(
            program.clone(),
            FaultKind::Config,
            Text::made(format!("{program} has no credential under {keys}"), format!("{program} 中没有 {keys} 的凭证")),
            Text::made(
                format!("docker login {} first; what is kept there: {program} list", clean(host)),
                format!("请先 docker login {}；已保存的条目：{program} list", clean(host)),
            ),
        )
    }

    /// The same by hand, for a shell.
    fn by_hand(&self) -> String {
        let line = clean(&self.argv.join(" ")).into_owned();
        match self.inputs.first() {
            Some(input) => format!("echo {} | {line}", clean(input)),
            None => line,
        }
    }

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
                Ok(Credential { user: None, secret: line.to_owned().into(), form: SecretForm::Password })
            }
            AnswerShape::DockerCredential => {
                let read: Result<StoredCredential, _> = serde_json::from_slice(output);
                match read {
                    Ok(StoredCredential { username, secret: Some(secret) }) if !secret.is_empty() => {
                        let user = username.filter(|u| !u.is_empty());
                        let form = if user.as_deref() == Some(TOKEN_USER) { SecretForm::IdentityToken } else { SecretForm::Password };
                        Ok(Credential { user: user.filter(|_| form == SecretForm::Password), secret: secret.into(), form })
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
        assert_eq!(asking.inputs[0], "harbor.example");
        let answer = asking.answer(br#"{"ServerURL":"x","Username":"ops","Secret":"pw"}"#).expect("answer");
        assert_eq!((answer.user.as_deref(), answer.secret.expose_secret()), (Some("ops"), "pw"));
        assert!(asking.answer(b"credentials not found in native keychain").is_err());
        assert_eq!(asking.refusal(Some(1), b"credentials not found in native keychain\n"), None);
        let locked = asking.refusal(Some(2), b"the keychain is locked").expect("a refusal");
        assert!(locked.cause.en.contains("keychain is locked"), "{locked}");
        assert!(locked.hint.en.ends_with("echo harbor.example | docker-credential-pass get"), "{locked}");
        assert!(asking.unknown().hint.en.contains("docker login harbor.example"));
        let token = asking.answer(br#"{"Username":"<token>","Secret":"refresh"}"#).expect("answer");
        assert_eq!((token.user, token.form), (None, SecretForm::IdentityToken));

        let Ok(Resolved::Run(asking)) = SecretRef::Command(vec!["p".into()]).resolve("") else { panic!("must be run") };
        assert_eq!(asking.answer(b"pw\nuser: x\n").expect("answer").secret.expose_secret(), "pw");
        let fault = asking.answer(b"\npw").expect_err("an empty first line");
        assert!(!fault.to_string().contains("pw"));
        assert!(!format!("{:?}", asking.answer(b"hidden")).contains("hidden"));
    }
}
