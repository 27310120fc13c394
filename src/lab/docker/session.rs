//! The stream of a command in a container: a script's output in its own time, or a shell that listens.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Twin;
use super::exec::Exec;
use super::logs::frame_head;
use super::shell::{Ran, Said, Script, Shell, Sight, Stream};
use super::sim_container::Nanos;

/// A line typed at a terminal is no longer than this.
const LINE: usize = 4096;
const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];
const ESCAPE: u8 = 27;

/// What runs on a hijacked connection.
#[derive(Debug)]
pub(super) struct Session(Kind);

#[derive(Debug)]
enum Kind {
    /// One sentence of the engine's own, as a frame.
    Complaint(String),
    Command(Box<Command>),
}

#[derive(Debug)]
struct Command {
    twin: Arc<Twin>,
    exec: Exec,
    sight: Sight,
    script: Script,
}

/// How output goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As a terminal shows it.
    Terminal,
    /// In frames that tell the streams apart.
    Frames,
}

/// Why a session ended.
enum End {
    Code(i32),
    /// The other side went away: the process stays behind, as on a real engine.
    Gone,
}

impl Session {
    pub(super) fn new(twin: Arc<Twin>, exec: Exec, sight: Sight, script: Script) -> Self {
        Self(Kind::Command(Box::new(Command { twin, exec, sight, script })))
    }

    pub(super) fn complaint(words: String) -> Self {
        Self(Kind::Complaint(words))
    }

    pub(super) async fn run(self, mut wire: impl AsyncRead + AsyncWrite + Unpin) {
        match self.0 {
            Kind::Complaint(words) => drop(wire.write_all(&complaint(&words)).await),
            Kind::Command(command) => command.run(&mut wire).await,
        }
        let _ = wire.shutdown().await;
    }
}

impl Command {
    async fn run(self, wire: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
        let Self { twin, exec, sight, script } = self;
        let died = twin.until(|state| {
            let container = state.containers.iter().find(|container| container.id == exec.container);
            container.is_none_or(|container| !container.phase.is_up()).then_some(())
        });
        let interactive = exec.command.first().is_some_and(|program| Shell::is_shell(program)) && script.end.is_none() && exec.stdin;
        let form = if exec.tty { Form::Terminal } else { Form::Frames };
        let talk = async {
            match &script.missing {
                Some(missing) => {
                    let words = format!("OCI runtime exec failed: exec failed: unable to start container process: {missing}: unknown");
                    let bytes = if exec.tty { format!("{words}\r\n").into_bytes() } else { complaint(&words).to_vec() };
                    let _ = wire.write_all(&bytes).await;
                    End::Code(126)
                }
                None if interactive && exec.tty => terminal(wire, Shell::new(sight)).await,
                None if interactive => lines(wire, Shell::new(sight)).await,
                None => play(wire, &script, form).await,
            }
        };
        let end = tokio::select! {
            end = talk => end,
            () = died => End::Code(137),
        };
        if let End::Code(code) = end {
            twin.end_exec(&exec.id, code);
        }
    }
}

/// A command's output at its times.
async fn play(wire: &mut (impl AsyncRead + AsyncWrite + Unpin), script: &Script, form: Form) -> End {
    if speak(wire, &script.said, form).await.is_err() {
        return End::Gone;
    }
    let said = script.said.last().map_or(0, |last| last.after);
    match script.end {
        Some((after, code)) => {
            rest(after - said).await;
            End::Code(code)
        }
        None => std::future::pending().await,
    }
}

async fn speak(wire: &mut (impl AsyncWrite + Unpin), said: &[Said], form: Form) -> std::io::Result<()> {
    let mut at = 0;
    for piece in said {
        rest(piece.after - at).await;
        at = piece.after;
        if form == Form::Terminal {
            wire.write_all(piece.text.replace('\n', "\r\n").as_bytes()).await?;
        } else {
            wire.write_all(&framed(piece.stream, &piece.text)).await?;
        }
    }
    wire.flush().await
}

/// A shell without a terminal: a line, its output.
async fn lines(wire: &mut (impl AsyncRead + AsyncWrite + Unpin), mut shell: Shell) -> End {
    let mut typed = Vec::new();
    let mut code = 0;
    let mut buffer = [0u8; 1024];
    loop {
        let Ok(count) = wire.read(&mut buffer).await else { return End::Gone };
        let end = count == 0;
        typed.extend_from_slice(&buffer[..count]);
        if end && !typed.is_empty() {
            typed.push(b'\n');
        }
        while let Some(at) = typed.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = typed.drain(..=at).collect();
            let ran = shell.run(String::from_utf8_lossy(&line).trim_end());
            if finish(wire, &ran, Form::Frames).await.is_err() {
                return End::Gone;
            }
            code = ran.code;
            if ran.exits {
                return End::Code(code);
            }
        }
        if end || typed.len() > LINE {
            return End::Code(code);
        }
    }
}

/// A shell at a terminal: echo, a little editing, a prompt.
async fn terminal(wire: &mut (impl AsyncRead + AsyncWrite + Unpin), mut shell: Shell) -> End {
    let mut typed: Vec<u8> = Vec::new();
    let mut buffer = [0u8; 256];
    let mut code = 0;
    if wire.write_all(shell.prompt().as_bytes()).await.is_err() {
        return End::Gone;
    }
    loop {
        let count = match wire.read(&mut buffer).await {
            Ok(0) | Err(_) => return End::Gone,
            Ok(count) => count,
        };
        let mut echo = BytesMut::new();
        let mut keys = buffer[..count].iter().copied();
        while let Some(key) = keys.next() {
            match key {
                b'\r' | b'\n' => {
                    echo.put_slice(b"\r\n");
                    let line = std::mem::take(&mut typed);
                    let ran = shell.run(&String::from_utf8_lossy(&line));
                    let told = async {
                        wire.write_all(&echo).await?;
                        finish(wire, &ran, Form::Terminal).await
                    };
                    if told.await.is_err() {
                        return End::Gone;
                    }
                    echo.clear();
                    code = ran.code;
                    if ran.exits {
                        return End::Code(code);
                    }
                    echo.put_slice(shell.prompt().as_bytes());
                }
                CTRL_C => {
                    typed.clear();
                    echo.put_slice(format!("^C\r\n{}", shell.prompt()).as_bytes());
                }
                CTRL_D if typed.is_empty() => return End::Code(code),
                key if BACKSPACE.contains(&key) => {
                    // A character of several bytes goes as a whole.
                    while typed.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
                    echo.put_slice(b"\x08 \x08");
                }
                // Arrows and the like: the sequence is left out.
                ESCAPE => drop(keys.find(|byte| byte.is_ascii_alphabetic() || *byte == b'~')),
                key if key >= b' ' && typed.len() < LINE => {
                    typed.push(key);
                    echo.put_u8(key);
                }
                _ => {}
            }
        }
        if wire.write_all(&echo).await.is_err() || wire.flush().await.is_err() {
            return End::Gone;
        }
    }
}

async fn finish(wire: &mut (impl AsyncWrite + Unpin), ran: &Ran, form: Form) -> std::io::Result<()> {
    speak(wire, &ran.said, form).await?;
    rest(ran.took - ran.said.last().map_or(0, |last| last.after)).await;
    Ok(())
}

async fn rest(nanos: Nanos) {
    if let Ok(nanos) = u64::try_from(nanos) {
        tokio::time::sleep(Duration::from_nanos(nanos)).await;
    }
}

/// What the engine itself says in a stream stands among the output.
fn complaint(words: &str) -> BytesMut {
    framed(Stream::Out, &format!("{words}\r\n"))
}

fn framed(stream: Stream, text: &str) -> BytesMut {
    let mut bytes = BytesMut::with_capacity(text.len() + 8);
    frame_head(&mut bytes, stream, text.len());
    bytes.put_slice(text.as_bytes());
    bytes
}
