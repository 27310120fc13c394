//! The way through a master to one engine: a forward of its socket, or `docker system dial-stdio` where that fails.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use openssh::{Child, ChildStdin, ChildStdout, Session, Stdio};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::Login;
use super::complaint::Complaint;
use super::master::Master;
use super::quiet::{Noise, Quiet};
use crate::clients::Shared;
use crate::clients::cause::short;
use crate::clients::docker::Opened;
use crate::clients::gate::{Client, Passage};
use crate::model::endpoint::Address;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

const SOCKET: &str = "/var/run/docker.sock";
const DIAL: &str = "ssh docker system dial-stdio";

/// How a stream came to be.
#[derive(Debug)]
pub(in crate::clients) struct Way(Kind);

#[derive(Debug)]
enum Kind {
    Forward,
    Stdio(Complaint, Noise),
}

/// What to do after a stream failed before its first answer.
#[derive(Debug)]
pub(in crate::clients) enum After {
    /// Open another: it takes the other way.
    Again,
    Ended(Box<Fault>),
}

#[derive(Debug)]
pub(in crate::clients) struct Tunnel {
    endpoint: Arc<str>,
    login: Login,
    /// On the other side.
    socket: Arc<str>,
    /// The config names the socket: `docker` there must be told of it.
    named: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    master: Option<Arc<Master>>,
    course: Course,
}

/// Which way is taken. A forward is always made, even to a socket that is not there: only an answer proves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Course {
    #[default]
    Unknown,
    Forward,
    /// The forward gave nothing, for this reason.
    Stdio(String),
}

impl Tunnel {
    /// No I/O. For other addresses than ssh it would lead nowhere; none is given one.
    pub(in crate::clients) fn new(endpoint: &Arc<str>, address: &Address, arguments: Arc<[Arc<str>]>) -> Self {
        let (user, host, port, socket) = match address {
            Address::Ssh { user, host, port, socket } => (user.clone(), Arc::clone(host), *port, socket.clone()),
            Address::Tcp { host, .. } => (None, Arc::clone(host), None, None),
            Address::Unix(path) => (None, "localhost".into(), None, Some(Arc::clone(path))),
        };
        let named = socket.is_some();
        Self {
            endpoint: Arc::clone(endpoint),
            login: Login { user, host, port, arguments },
            socket: socket.unwrap_or_else(|| SOCKET.into()),
            named,
            state: Mutex::default(),
        }
    }

    /// Opens a stream to the engine.
    pub(in crate::clients) async fn open(&self, shared: &Arc<Shared>) -> Result<Opened, Fault> {
        let mut master = self.master(shared).await?;
        let mut opened = self.open_through(shared, &master).await;
        if opened.is_err() {
            // A master that has just died is noticed a moment later: then it was no fault of the engine's.
            tokio::time::sleep(Duration::from_millis(50)).await;
            if !master.is_alive() {
                master = self.master(shared).await?;
                opened = self.open_through(shared, &master).await;
            }
        }
        opened
    }

    async fn open_through(&self, shared: &Arc<Shared>, master: &Arc<Master>) -> Result<Opened, Fault> {
        let course = self.lock().course.clone();
        if let Course::Stdio(why) = course {
            return self.dial(shared, master, &why).await;
        }
        let connected = match master.forward(&self.endpoint, &self.socket).await {
            Ok(local) => UnixStream::connect(&local).await.map_err(|why| short(&why.to_string())),
            Err(fault) => Err(fault.cause.en.into_owned()),
        };
        match connected {
            Ok(stream) => Ok(Opened { stream: Box::new(stream), way: Some(Way(Kind::Forward)) }),
            Err(why) => {
                let opened = self.dial(shared, master, &why).await?;
                self.lock().course = Course::Stdio(why);
                Ok(opened)
            }
        }
    }

    /// An answer has come this way: it is taken from now on.
    pub(in crate::clients) fn trust(&self, way: &Way) {
        let mut state = self.lock();
        if matches!((&way.0, &state.course), (Kind::Forward, Course::Unknown)) {
            state.course = Course::Forward;
        }
    }

    /// No answer came this way.
    pub(in crate::clients) async fn failed(&self, way: Way, fault: Fault) -> After {
        let (complaint, noise) = match way.0 {
            Kind::Forward => {
                let mut state = self.lock();
                let said = state.master.as_ref().map(|m| m.last_words()).unwrap_or_default();
                if state.course == Course::Forward {
                    return After::Ended(Box::new(self.silent(&said)));
                }
                state.course = Course::Stdio(if said.is_empty() { "the forward was closed at once".to_owned() } else { said });
                return After::Again;
            }
            Kind::Stdio(complaint, noise) => (complaint, noise),
        };
        let (said, noise) = (complaint.words().await, noise.words());
        if said.is_empty() && !noise.is_empty() {
            return After::Ended(Box::new(self.noisy(&noise)));
        }
        let said = if noise.is_empty() { said } else { format!("{said}; on its standard output: {noise}") };
        // Next time from the start: the engine may be up then, or the docker command installed.
        let course = std::mem::take(&mut self.lock().course);
        let forward = if let Course::Stdio(why) = course { why } else { String::new() };
        After::Ended(Box::new(if said.is_empty() && forward.is_empty() { fault } else { self.both(&forward, &said) }))
    }

    async fn master(&self, shared: &Arc<Shared>) -> Result<Arc<Master>, Fault> {
        shared.ssh.check_open(&self.endpoint)?;
        if let Some(master) = self.lock().master.clone().filter(|m| m.is_alive()) {
            return Ok(master);
        }
        let master = shared.ssh.master(shared, &self.endpoint, &self.login).await?;
        let mut state = self.lock();
        // Another sshd may have other rules than the one before.
        if state.master.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &master)) {
            *state = State { master: Some(Arc::clone(&master)), course: Course::Unknown };
        }
        Ok(master)
    }

    async fn dial(&self, shared: &Arc<Shared>, master: &Arc<Master>, why: &str) -> Result<Opened, Fault> {
        let passage = Passage { client: Client::Program, method: "RUN", template: DIAL, path: DIAL, discriminator: "" };
        shared.gate.ask(&self.endpoint, &passage)?;
        let mut command = Arc::clone(&master.session).arc_command("docker");
        if self.named {
            command.arg("-H").arg(format!("unix://{}", self.socket));
        }
        command.args(["system", "dial-stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = timeout(shared.options.connect_timeout.max(Duration::from_secs(1)), command.spawn()).await;
        let mut child = match spawned {
            Ok(Ok(child)) => child,
            Ok(Err(error)) => return Err(self.both(why, &short(&error.to_string()))),
            Err(_) => return Err(self.both(why, "timeout")),
        };
        match (child.stdin().take(), child.stdout().take(), child.stderr().take()) {
            (Some(input), Some(output), Some(errors)) => {
                let noise = Noise::default();
                let stream = Remote { input, output, quiet: Some(Quiet::new(noise.clone())), answer: Vec::new(), _child: child };
                Ok(Opened { stream: Box::new(stream), way: Some(Way(Kind::Stdio(Complaint(errors), noise))) })
            }
            _ => Err(self.both(why, "no pipes")),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way was good before: now the engine itself is away.
    fn silent(&self, said: &str) -> Fault {
        let (login, socket) = (&self.login, short(&self.socket));
        let (en, zh) = if said.is_empty() { (String::new(), String::new()) } else { (format!(" ({said})"), format!("({said})")) };
        Fault::new(
            &*self.endpoint,
            FaultKind::Refused,
            Text::made(
                format!("ssh to {login} works, but {socket} there does not answer{en}"),
                format!("ssh 到 {login} 正常,但那里的 {socket} 没有应答{zh}"),
            ),
            Text::new(
                "see whether the engine runs there (`systemctl status docker`)",
                "请检查那里的引擎是否在运行(`systemctl status docker`)",
            ),
        )
    }

    /// Something else than the engine answered through the shell there.
    fn noisy(&self, noise: &str) -> Fault {
        let (login, to) = (&self.login, super::faults::to(&self.login));
        Fault::new(
            &*self.endpoint,
            FaultKind::Ssh,
            Text::made(
                format!("ssh to {login} works, but its login shell writes, and no engine answers: {noise}"),
                format!("ssh 到 {login} 正常，但其登录 shell 有输出，而引擎没有应答：{noise}"),
            ),
            Text::made(
                format!("run `ssh {to} docker version` by hand; `ssh {to} true` should print nothing"),
                format!("请手工执行 `ssh {to} docker version`；`ssh {to} true` 应无输出"),
            ),
        )
    }

    /// Both ways failed.
    fn both(&self, forward: &str, dial: &str) -> Fault {
        let (login, socket) = (&self.login, short(&self.socket));
        let dial = if dial.is_empty() { "no answer" } else { dial };
        Fault::new(
            &*self.endpoint,
            FaultKind::Ssh,
            Text::made(
                format!(
                    "ssh to {login} works, but the engine is not reached: forward of {socket}: {forward}; `docker system dial-stdio`: {dial}"
                ),
                format!("ssh 到 {login} 正常,但到不了引擎:转发 {socket}:{forward};`docker system dial-stdio`:{dial}"),
            ),
            Text::new(
                "see whether the engine runs there and its socket is this one, that the user may open it (group docker), and that sshd allows the forward (AllowStreamLocalForwarding) or the docker command is installed",
                "请检查引擎是否在运行、套接字路径是否正确、该用户能否打开(docker 组),以及 sshd 是否允许转发(AllowStreamLocalForwarding)或已安装 docker 命令",
            ),
        )
    }
}

/// The standard input and output of a program on the other side as one stream.
struct Remote {
    input: ChildStdin,
    output: ChildStdout,
    /// Until the first answer has begun.
    quiet: Option<Quiet>,
    /// What of it was read ahead.
    answer: Vec<u8>,
    _child: Child<Arc<Session>>,
}

impl AsyncRead for Remote {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        loop {
            if !self.answer.is_empty() {
                let given = self.answer.len().min(buffer.remaining());
                buffer.put_slice(&self.answer[..given]);
                self.answer.drain(..given);
                return Poll::Ready(Ok(()));
            }
            if self.quiet.is_none() {
                return Pin::new(&mut self.output).poll_read(context, buffer);
            }
            let mut space = [0u8; 4096];
            let mut piece = ReadBuf::new(&mut space);
            std::task::ready!(Pin::new(&mut self.output).poll_read(context, &mut piece))?;
            let ended = piece.filled().is_empty();
            let Some(quiet) = &mut self.quiet else { continue };
            if let Some(answer) = if ended { Some(quiet.end()) } else { quiet.take(piece.filled()) } {
                self.answer = answer;
                self.quiet = None;
                if ended && self.answer.is_empty() {
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Remote {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.input).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.input).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(context)
    }
}
