//! One ssh master: our own child with its standard input a pipe of ours, so that it ends when we end, however we end.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openssh::{ForwardType, Session, Socket};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{Instant, sleep, timeout};

use super::dir::Dir;
use super::settings::Settings;
use super::{Login, faults, settings};
use crate::clients::Wire;
use crate::clients::cause::short;
use crate::clients::program::not_started;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// Settings that no file of the user's may change: no questions, no new host keys, nothing forwarded,
/// and an end when we end. All are known to OpenSSH 6.8 and newer.
const FIXED: &[&str] = &[
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    "ControlPersist=no",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "ExitOnForwardFailure=no",
    "PermitLocalCommand=no",
    "RequestTTY=no",
    "StreamLocalBindUnlink=yes",
    "StreamLocalBindMask=0177",
    "LogLevel=INFO",
];

#[derive(Debug)]
pub(super) struct Master {
    pub(super) session: Arc<Session>,
    child: Mutex<Child>,
    /// Held open for its life: its end is the master's end.
    stdin: Mutex<Option<ChildStdin>>,
    /// Never read: a shell that goes on writing waits, and `cat` has nothing to write.
    _stdout: Option<ChildStdout>,
    /// What ssh writes, for the words of faults.
    log: PathBuf,
    dir: Arc<Dir>,
    /// Remote socket to local one.
    forwards: tokio::sync::Mutex<HashMap<String, PathBuf>>,
}

impl Master {
    /// Starts ssh and waits until it is let in. Bounded by three connect timeouts: a jump host is one more hop.
    pub(super) async fn start(wire: &Wire, endpoint: &str, login: &Login, settings: &Settings, dir: &Arc<Dir>) -> Result<Self, Fault> {
        let jump = settings.jump.as_deref();
        let options = &wire.shared().options;
        let (control, log) = (dir.fresh('m'), dir.fresh('e'));
        let output = std::fs::File::create(&log).map_err(|why| not_started(endpoint, "ssh", &why))?;
        // In a session of its own it has no terminal: neither it nor the ssh to a jump host can ask for anything there.
        let apart = ["/usr/bin/setsid", "/bin/setsid"].into_iter().find(|path| Path::new(path).exists());
        let mut command = wire.prepare(endpoint, "ssh -M", apart.unwrap_or("ssh"))?;
        if apart.is_some() {
            command.arg("ssh");
        }
        let (place, to) = settings::destination(login, options.ssh_config.as_deref());
        let seconds = options.connect_timeout.as_secs().max(1);
        command.args(place).arg("-M").arg("-S").arg(&control).arg("-T").arg("-o").arg(format!("ConnectTimeout={seconds}"));
        // Of two words about one setting ssh takes the first: ours stand before those of an inventory and of files.
        for fixed in FIXED.iter().chain(&settings.overrides) {
            command.arg("-o").arg(fixed);
        }
        command.args(login.arguments.iter().map(|argument| &**argument));
        command.arg("--").arg(to).arg("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::from(output)).kill_on_drop(true);
        let mut child = command.spawn().map_err(|why| not_started(endpoint, "ssh", &why))?;
        let stdin = child.stdin.take();
        // `cat` says nothing by itself: what comes is the login shell's.
        let mut stdout = child.stdout.take();
        let deadline = Instant::now() + options.connect_timeout * 3;
        loop {
            if control.exists() {
                let session = Session::resume_mux(control.clone().into_boxed_path(), None);
                if matches!(timeout(Duration::from_secs(2), session.check()).await, Ok(Ok(()))) {
                    return Ok(Self {
                        session: Arc::new(session),
                        child: Mutex::new(child),
                        stdin: Mutex::new(stdin),
                        _stdout: stdout,
                        log,
                        dir: Arc::clone(dir),
                        forwards: tokio::sync::Mutex::default(),
                    });
                }
            }
            if let Ok(Some(_)) = child.try_wait() {
                let (said, shell) = (read_tail(&log), faults::words_of(stdout.take()).await);
                return Err(faults::ended(endpoint, login, jump, &faults::Said { ssh: &said, shell: &shell }));
            }
            if Instant::now() > deadline {
                return Err(faults::timeout(endpoint, login, jump, &read_tail(&log)));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// False once ssh has ended.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait(), Ok(None))
    }

    /// The local end of a forward to a socket on the other side, made at the first call.
    pub(super) async fn forward(&self, endpoint: &str, remote: &str) -> Result<PathBuf, Fault> {
        let mut forwards = self.forwards.lock().await;
        if let Some(local) = forwards.get(remote) {
            return Ok(local.clone());
        }
        let local = self.dir.fresh('f');
        let listen = Socket::UnixSocket { path: local.as_path().into() };
        let connect = Socket::UnixSocket { path: Path::new(remote).into() };
        let asked = timeout(Duration::from_secs(5), self.session.request_port_forward(ForwardType::Local, listen, connect)).await;
        match asked {
            Ok(Ok(())) => {
                forwards.insert(remote.to_owned(), local.clone());
                Ok(local)
            }
            Ok(Err(why)) => Err(no_forward(endpoint, remote, &short(&why.to_string()))),
            Err(_) => Err(no_forward(endpoint, remote, "timeout")),
        }
    }

    /// What ssh last said, on one line.
    pub(super) fn last_words(&self) -> String {
        short(read_tail(&self.log).lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default())
    }

    /// Ends it: by closing its input, or by force where it does not go.
    pub(super) async fn stop(&self) {
        self.stdin.lock().unwrap_or_else(PoisonError::into_inner).take();
        for _ in 0..50 {
            if !self.is_alive() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        // Already gone is as good.
        let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).start_kill();
    }
}

fn no_forward(endpoint: &str, remote: &str, why: &str) -> Fault {
    let remote = short(remote);
    Fault::new(
        endpoint,
        FaultKind::Ssh,
        Text::made(format!("ssh could not forward {remote}: {why}"), format!("ssh 无法转发 {remote}:{why}")),
        Text::new("see whether sshd there allows it (AllowStreamLocalForwarding)", "请检查对端 sshd 是否允许(AllowStreamLocalForwarding)"),
    )
}

/// The last few KiB of a file that only grows.
fn read_tail(path: &Path) -> String {
    use std::io::{Read as _, Seek as _, SeekFrom};
    const MOST: u64 = 8 << 10;
    let mut said = Vec::new();
    if let Ok(mut file) = std::fs::File::open(path) {
        let length = file.metadata().map_or(0, |m| m.len());
        // What cannot be read is left out: these are only words for a Fault.
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(MOST)));
        let _ = file.take(MOST).read_to_end(&mut said);
    }
    String::from_utf8_lossy(&said).into_owned()
}
