//! Commands inside running containers: created, started on a hijacked connection or detached, inspected.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::io::ReaderStream;

use crate::lab::answer;
use crate::lab::server::{Body, Tasks};
use crate::lab::world::Engine;

use super::Twin;
use super::query::{Query, Refusal, read_json};
use super::session::Session;
use super::shell::Script;
use super::sim_container::{Id, Phase, hex};

/// Commands that an engine of the lab remembers.
const REMEMBERED: usize = 256;
/// What may wait between a session and a slow reader.
const PIPE: usize = 64 * 1024;
/// An engine waits so long for a command that is resized before it is started.
const READY_WAIT: Duration = Duration::from_secs(10);

/// A command in a container.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "the wire's own flags")]
pub(super) struct Exec {
    pub(super) id: Id,
    pub(super) container: Id,
    pub(super) command: Vec<String>,
    pub(super) tty: bool,
    pub(super) stdin: bool,
    stdout: bool,
    stderr: bool,
    started: bool,
    pub(super) runs: bool,
    pub(super) code: Option<i32>,
    pid: u32,
}

impl Exec {
    pub(super) fn hex(&self) -> String {
        hex(&self.id)
    }

    /// As events tell it: a program without arguments has a space after it.
    fn words(&self) -> String {
        let (program, arguments) = self.command.split_first().map_or(("", &[][..]), |(program, rest)| (program.as_str(), rest));
        format!("{program} {}", arguments.join(" "))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[allow(clippy::struct_excessive_bools, reason = "the wire's own flags")]
struct Wanted {
    cmd: Option<Vec<String>>,
    tty: bool,
    attach_stdin: bool,
    attach_stdout: bool,
    attach_stderr: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct StartWanted {
    detach: bool,
    tty: bool,
}

impl Twin {
    pub(super) fn create_exec(&self, what: &str, body: &Bytes) -> Result<Value, Refusal> {
        let wanted: Wanted = read_json(body)?;
        let command = wanted.cmd.unwrap_or_default();
        self.with(|state, now| {
            if command.is_empty() {
                return Err(Refusal::bad("No exec command specified"));
            }
            let at = state.find(what)?;
            let container = &state.containers[at];
            match container.phase {
                Phase::Running => {}
                Phase::Paused => {
                    let word = if self.is(Engine::Classic) { "Container" } else { "container" };
                    return Err(Refusal::conflict(format!("{word} {} is paused, unpause the container before exec", container.hex())));
                }
                _ => return Err(self.not_running(container)),
            }
            let container = container.id;
            let exec = Exec {
                id: state.take_id(),
                container,
                command,
                tty: wanted.tty,
                stdin: wanted.attach_stdin,
                stdout: wanted.attach_stdout,
                stderr: wanted.attach_stderr,
                started: false,
                runs: false,
                code: None,
                pid: 0,
            };
            let id = exec.hex();
            state.events.of_cell(now, &state.containers[at], format!("exec_create: {}", exec.words()), vec![("execID", id.clone())]);
            if state.execs.len() == REMEMBERED {
                state.execs.remove(0);
            }
            state.execs.push(exec);
            Ok(json!({ "Id": id }))
        })
    }

    pub(super) fn inspect_exec(&self, what: &str) -> Result<Value, Refusal> {
        let exec = self.exec(what)?;
        Ok(json!({
            "ID": exec.hex(), "Running": exec.runs, "ExitCode": exec.code,
            "ProcessConfig": {
                "tty": exec.tty, "entrypoint": exec.command.first(), "arguments": exec.command.get(1..).unwrap_or_default(), "privileged": false,
            },
            "OpenStdin": exec.stdin, "OpenStderr": exec.stderr, "OpenStdout": exec.stdout, "CanRemove": false,
            "ContainerID": hex(&exec.container), "DetachKeys": "", "Pid": exec.pid,
        }))
    }

    pub(super) async fn resize_exec(&self, what: &str, query: &Query) -> Result<StatusCode, Refusal> {
        for side in ["h", "w"] {
            query.number(side)?;
        }
        if !self.exec(what)?.started {
            let begun = self.until(|state| state.execs.iter().any(|exec| exec.hex() == what && exec.started).then_some(()));
            if tokio::time::timeout(READY_WAIT, begun).await.is_err() {
                return Err(Refusal::broken("timeout waiting for exec session ready"));
            }
        }
        Ok(StatusCode::OK)
    }

    /// Starts a command. Attached, its stream takes the connection over.
    pub(super) fn start_exec(
        self: &Arc<Self>,
        what: &str,
        asked: Request<()>,
        body: &Bytes,
        tasks: &Tasks,
    ) -> Result<Response<Body>, Refusal> {
        let wanted: StartWanted = if body.is_empty() { StartWanted::default() } else { read_json(body)? };
        let exec = self.exec(what)?;
        let already = exec.started;
        let session = if already { None } else { Some(self.begin_exec(&exec)?) };
        if wanted.detach {
            let Some(session) = session else {
                return Err(Refusal::conflict(format!("Error: Exec command {what} has already run")));
            };
            let (near, far) = tokio::io::duplex(PIPE);
            tasks.start(async move {
                let drain = async move {
                    let mut far = far;
                    let _ = tokio::io::copy(&mut far, &mut tokio::io::sink()).await;
                };
                tokio::join!(session.run(near), drain);
            });
            let mut response = Response::new(answer::empty());
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            return Ok(response);
        }
        let upgrades = asked.headers().contains_key(header::UPGRADE);
        let raw = if self.is(Engine::Newer) && !(exec.tty || wanted.tty) {
            "application/vnd.docker.multiplexed-stream"
        } else {
            "application/vnd.docker.raw-stream"
        };
        let complaint = Session::complaint(format!("Error: Exec command {what} has already run"));
        let mut response = if upgrades {
            let on = hyper::upgrade::on(asked);
            tasks.start(async move {
                let Ok(wire) = on.await else { return };
                match session {
                    Some(session) => session.run(TokioIo::new(wire)).await,
                    None => complaint.run(TokioIo::new(wire)).await,
                }
            });
            let mut response = Response::new(answer::empty());
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("tcp"));
            response
        } else {
            let (near, far) = tokio::io::duplex(PIPE);
            tasks.start(async move {
                match session {
                    Some(session) => session.run(near).await,
                    None => complaint.run(near).await,
                }
            });
            Response::new(answer::streamed(ReaderStream::new(far)))
        };
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(raw));
        Ok(response)
    }

    /// The command is over.
    pub(super) fn end_exec(&self, id: &Id, code: i32) {
        self.with(|state, now| {
            let Some(exec) = state.execs.iter_mut().find(|exec| exec.id == *id) else { return };
            exec.runs = false;
            exec.code = Some(code);
            let (hex, owner) = (exec.hex(), exec.container);
            // A command that could not be started has not died.
            let lived = exec.pid != 0;
            if let Some(container) = state.containers.iter().find(|container| container.id == owner).filter(|_| lived) {
                state.events.of_cell(now, container, "exec_die", vec![("execID", hex), ("exitCode", code.to_string())]);
            }
        });
    }

    fn exec(&self, what: &str) -> Result<Exec, Refusal> {
        let found = self.read(|state, _| state.execs.iter().find(|exec| exec.hex() == what).cloned());
        found.ok_or_else(|| Refusal::missing(format!("No such exec instance: {what}")))
    }

    fn begin_exec(self: &Arc<Self>, exec: &Exec) -> Result<Session, Refusal> {
        self.with(|state, now| {
            let Some(container) = state.containers.iter().find(|container| container.id == exec.container) else {
                return Err(Refusal::missing(format!("No such container: {}", hex(&exec.container))));
            };
            if container.phase != Phase::Running {
                return Err(self.not_running(container));
            }
            let mut sight = self.machine.shell(container);
            sight.now = now;
            state.events.of_cell(now, container, format!("exec_start: {}", exec.words()), vec![("execID", exec.hex())]);
            let script = Script::play(&exec.command, &sight);
            let pid = if script.missing.is_some() { 0 } else { state.take_pid() };
            if let Some(mine) = state.execs.iter_mut().find(|mine| mine.id == exec.id) {
                (mine.started, mine.runs, mine.pid) = (true, true, pid);
            }
            Ok(Session::new(Arc::clone(self), exec.clone(), sight, script))
        })
    }
}
