//! Programs: the only place that starts any, each through the gate, with bounded output and a time limit.

use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::Wire;
use super::cause::short;
use super::gate::{Client, Passage};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// A program to run to its end.
#[derive(Debug)]
pub struct Program<'a> {
    /// Whose Fault it is when it fails.
    pub endpoint: &'a str,
    /// Its row in the gate's table: a name and what is fixed in its arguments, `ssh -G`.
    pub template: &'static str,
    pub path: &'a str,
    /// Never secrets: other users of the machine can read arguments.
    pub args: Vec<OsString>,
    /// Given on its standard input, where a secret belongs.
    pub stdin: Option<Vec<u8>>,
    pub timeout: Duration,
    /// Bytes kept of each of its two outputs; the rest is read and dropped.
    pub max_output: usize,
}

/// How it ended and what it wrote.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl std::fmt::Debug for Ended {
    /// What a program wrote may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ended").field("status", &self.status).field("stdout_bytes", &self.stdout.len()).finish_non_exhaustive()
    }
}

impl Wire {
    /// Runs a program to its end. It is killed when the time is over or the caller goes away.
    ///
    /// # Errors
    /// `ReadOnly` or `Unlisted` from the gate; not found, forbidden, timeout or own limits where it did not run to its end.
    /// An exit code other than 0 is not an error.
    pub async fn run_program(&self, program: Program<'_>) -> Result<Ended, Fault> {
        let mut command = self.prepare(program.endpoint, program.template, program.path)?;
        command.args(&program.args).stdin(if program.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|why| not_started(program.endpoint, program.path, &why))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let (Some(mut pipe), Some(bytes)) = (stdin, program.stdin) {
                // A program that does not read its input is no failure of ours.
                let _ = pipe.write_all(&bytes).await;
            }
        };
        let all = async {
            let ((), out, err) = tokio::join!(feed, drain(stdout, program.max_output), drain(stderr, program.max_output));
            (child.wait().await, out, err)
        };
        match tokio::time::timeout(program.timeout, all).await {
            Ok((Ok(status), stdout, stderr)) => Ok(Ended { status, stdout, stderr }),
            Ok((Err(why), ..)) => Err(not_started(program.endpoint, program.path, &why)),
            Err(_) => Err(too_slow(program.endpoint, program.path, program.timeout)),
        }
    }

    /// Starts a program that goes on when this process ends: no terminal, no output, a process group of its own,
    /// so that what ends this console does not end it.
    ///
    /// # Errors
    /// `ReadOnly` or `Unlisted` from the gate; not found, forbidden, own limits.
    pub fn start_detached(&self, endpoint: &str, template: &'static str, binary: &Path, args: &[OsString]) -> Result<(), Fault> {
        let path = binary.to_string_lossy();
        let mut command = self.prepare(endpoint, template, &path)?;
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        command.spawn().map(drop).map_err(|why| not_started(endpoint, &path, &why))
    }

    /// A command that the gate has let pass, with an environment in which no program asks for a password.
    pub(crate) fn prepare(&self, endpoint: &str, template: &'static str, path: &str) -> Result<Command, Fault> {
        let passage = Passage { client: Client::Program, method: "RUN", template, path: template, discriminator: "" };
        self.gate().ask(endpoint, &passage)?;
        #[allow(clippy::disallowed_methods, reason = "the one place that starts programs, past the gate")]
        let mut command = Command::new(path);
        command.env("SSH_ASKPASS_REQUIRE", "never").env_remove("SSH_ASKPASS").env_remove("DISPLAY");
        Ok(command)
    }
}

pub(crate) fn not_started(endpoint: &str, path: &str, why: &std::io::Error) -> Fault {
    let (name, words) = (short(path), short(&why.to_string()));
    let kind = match why.kind() {
        std::io::ErrorKind::NotFound => FaultKind::NotFound,
        std::io::ErrorKind::PermissionDenied => FaultKind::Forbidden,
        _ => FaultKind::Limit,
    };
    Fault::new(
        endpoint,
        kind,
        Text::made(format!("{name} could not be started: {words}"), format!("无法启动 {name}:{words}")),
        Text::made(
            format!("install {name}, or see whether it is on your PATH and executable"),
            format!("请安装 {name},或检查它是否在 PATH 中且可执行"),
        ),
    )
}

fn too_slow(endpoint: &str, path: &str, limit: Duration) -> Fault {
    let (name, limit) = (short(path), limit.as_secs());
    Fault::new(
        endpoint,
        FaultKind::Timeout,
        Text::made(format!("{name} did not end within {limit} s and was stopped"), format!("{name} 在 {limit} 秒内没有结束,已被终止")),
        Text::made(format!("run {name} by hand to see what it waits for"), format!("请手工运行 {name} 看它在等什么")),
    )
}

/// Reads to the end and keeps the first `most` bytes.
async fn drain(pipe: Option<impl AsyncRead + Unpin>, most: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else { return kept };
    let mut chunk = vec![0u8; 8192];
    while let Ok(n @ 1..) = pipe.read(&mut chunk).await {
        let room = most.saturating_sub(kept.len()).min(n);
        kept.extend_from_slice(&chunk[..room]);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::{Mode, WireOptions};
    use crate::model::clock::Clock;

    fn wire(mode: Mode) -> Wire {
        Wire::new(WireOptions::new(mode, Clock::system(), std::env::temp_dir())).expect("wire")
    }

    fn shell(script: &str, template: &'static str, timeout: Duration) -> Program<'static> {
        let args = vec!["-c".into(), script.into()];
        Program { endpoint: "x", template, path: "sh", args, stdin: Some(b"hello".to_vec()), timeout, max_output: 100 }
    }

    #[tokio::test]
    async fn a_program_that_changes_things_is_started_only_where_writing_is_on_and_a_stranger_nowhere() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mark = dir.path().join("mark");
        let script = format!("touch {}", mark.display());
        for (mode, template, kind) in [
            (Mode::ReadOnly, "wharf run resume", FaultKind::ReadOnly),
            (Mode::ReadOnly, "rm -rf", FaultKind::Unlisted),
            (Mode::Writing, "rm -rf", FaultKind::Unlisted),
        ] {
            let fault = wire(mode).run_program(shell(&script, template, Duration::from_secs(5))).await.expect_err("refused");
            assert_eq!(fault.kind, kind);
            assert!(!mark.exists());
        }
        wire(Mode::Writing).run_program(shell(&script, "wharf run resume", Duration::from_secs(5))).await.expect("runs");
        assert!(mark.exists());
    }

    #[tokio::test]
    async fn output_is_bounded_and_input_is_given() {
        let ended = wire(Mode::ReadOnly)
            .run_program(shell("cat; head -c 100000 /dev/zero; exit 3", "secret command", Duration::from_secs(5)))
            .await
            .expect("ended");
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(3), 100));
        assert!(ended.stdout.starts_with(b"hello"));
        assert!(!format!("{ended:?}").contains("104"), "what it wrote is not in Debug: {ended:?}");
    }

    #[tokio::test]
    async fn a_detached_program_outlives_its_handle_and_is_refused_when_read_only() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mark = dir.path().join("mark");
        let args = ["-c".into(), format!("sleep 0.1; touch {}", mark.display()).into()];
        let start = |mode| wire(mode).start_detached("x", "wharf run resume", Path::new("/bin/sh"), &args);
        assert_eq!(start(Mode::ReadOnly).expect_err("refused").kind, FaultKind::ReadOnly);
        start(Mode::Writing).expect("started");
        for _ in 0..100 {
            if mark.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it did not go on");
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_stopped() {
        let fault =
            wire(Mode::ReadOnly).run_program(shell("sleep 60", "secret command", Duration::from_millis(100))).await.expect_err("stopped");
        assert_eq!(fault.kind, FaultKind::Timeout);
        let mut missing = shell("", "secret command", Duration::from_secs(1));
        missing.path = "/no/such/program";
        assert_eq!(wire(Mode::ReadOnly).run_program(missing).await.expect_err("missing").kind, FaultKind::NotFound);
    }
}
