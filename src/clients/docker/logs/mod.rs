//! Follows what a container writes: decoded by us, in lines of bounded length, without escape sequences.

mod frames;
mod plain;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::engine::Engine;
use super::flow::Flow;
use super::lines::{Cut, Lines};
use super::pool::Use;
use super::version::ApiVersion;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::host::ContainerId;
use crate::model::text::Text;
use frames::{Frames, Part, Times};
use plain::plain;

/// Bytes of one line at most; the rest is skipped and flagged.
pub const MOST_LINE: usize = 16 << 10;

/// Which lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogAsk {
    pub since: Option<Stamp>,
    pub until: Option<Stamp>,
    /// The last so many lines; `None` is all that the engine keeps, which may be gigabytes.
    pub tail: Option<u32>,
    /// Stay and wait for more.
    pub follow: bool,
    /// Ask for the time of each line.
    pub timestamps: bool,
}

/// Where a container wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSource {
    Stdout,
    Stderr,
    /// A terminal: both in one.
    Console,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When the engine took it, where that was asked for.
    pub at: Option<Stamp>,
    pub stream: LogSource,
    /// Washed; of a progress bar only its last picture.
    pub text: String,
    /// Longer than [`MOST_LINE`]: the rest was skipped.
    pub truncated: bool,
}

/// Lines as they come. Dropping it closes its connection.
#[derive(Debug)]
pub struct LogStream {
    flow: Flow,
    decoder: Decoder,
    pending: Bytes,
    ended: bool,
}

#[derive(Debug)]
struct Decoder {
    /// `None` for a terminal's raw bytes.
    frames: Option<Frames>,
    /// Of stdout or the terminal, and of stderr.
    lines: [Lines; 2],
    /// Lines that came at once; a handful.
    ready: VecDeque<LogLine>,
    times: Times,
}

/// How the engine sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// A terminal's bytes as they are.
    Raw,
    Framed,
}

impl Framing {
    fn of(container: &super::Inspected) -> Self {
        if container.tty { Self::Raw } else { Self::Framed }
    }
}

impl Engine {
    pub(super) async fn logs(self: &Arc<Self>, id: &ContainerId, ask: &LogAsk) -> Result<LogStream, Fault> {
        let mut query = format!(
            "?stdout=1&stderr=1&follow={}&timestamps={}&tail={}",
            u8::from(ask.follow),
            u8::from(ask.timestamps),
            ask.tail.map_or_else(|| "all".to_owned(), |n| n.to_string())
        );
        for (name, stamp) in [("since", ask.since), ("until", ask.until)] {
            if let Some(at) = stamp {
                query.push_str(&seconds(name, at));
            }
        }
        // Engines before API 1.42 do not say in the answer whether it is framed.
        let told = self.negotiated().await? >= ApiVersion(1, 42);
        let known = if told { None } else { Some(Framing::of(&self.inspect(id).await?)) };
        let mut question = self.question("/containers/{id}/logs", format!("/containers/{id}/logs")).query(query);
        question.wanted = Use::Stream;
        let flow = self.open(&question).await?;
        let kind = flow.raw.headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let framing = match (known, kind) {
            (Some(framing), _) => framing,
            (None, "application/vnd.docker.raw-stream") => Framing::Raw,
            (None, "application/vnd.docker.multiplexed-stream") => Framing::Framed,
            (None, _) => Framing::of(&self.inspect(id).await?),
        };
        let times = if ask.timestamps { Times::Each } else { Times::None };
        Ok(LogStream { flow, decoder: Decoder::new(framing, times), pending: Bytes::new(), ended: false })
    }
}

/// A time as a parameter of a query.
pub(super) fn seconds(name: &str, at: Stamp) -> String {
    format!("&{name}={}.{:03}000000", at.seconds(), at.0.rem_euclid(1000))
}

impl LogStream {
    /// The next line; `None` at the end. Safe to cancel.
    pub async fn next(&mut self) -> Option<Result<LogLine, Fault>> {
        loop {
            match self.decoder.decode(&mut self.pending) {
                Ok(Some(line)) => return Some(Ok(line)),
                Ok(None) => {}
                Err(words) => {
                    self.ended = true;
                    self.pending = Bytes::new();
                    return Some(Err(self.bad(&words)));
                }
            }
            if self.ended {
                return self.decoder.finish().map(Ok);
            }
            match self.flow.chunk().await {
                Some(Ok(bytes)) => self.pending = bytes,
                Some(Err(fault)) => {
                    self.ended = true;
                    return Some(Err(fault));
                }
                None => self.ended = true,
            }
        }
    }

    fn bad(&self, words: &str) -> Fault {
        let words = crate::clients::cause::short(words);
        self.flow.engine.place().fault(
            FaultKind::Protocol,
            Text::made(format!("the log cannot be read: {words}"), format!("日志无法读取:{words}")),
            Text::new("see `docker logs` on that host", "请在该主机上用 `docker logs` 查看"),
        )
    }
}

impl Decoder {
    fn new(framing: Framing, times: Times) -> Self {
        let lines = || Lines::new(MOST_LINE);
        let frames = (framing == Framing::Framed).then(|| Frames::new(times));
        Self { frames, lines: [lines(), lines()], ready: VecDeque::new(), times }
    }

    /// One line out of what is pending, or `None` when that is used up. The error is the engine's own words or ours.
    fn decode(&mut self, pending: &mut Bytes) -> Result<Option<LogLine>, String> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Ok(Some(line));
            }
            if pending.is_empty() {
                return Ok(None);
            }
            let part = match &mut self.frames {
                None => Part::Data { at: 0, length: pending.len() },
                Some(frames) => frames.next(pending, [self.lines[0].is_open(), self.lines[1].is_open()])?,
            };
            match part {
                Part::Wait(used) => pending.advance(used),
                Part::Data { at, length } => {
                    let used = self.push(at, &pending[..length]);
                    pending.advance(used);
                    if let Some(frames) = &mut self.frames {
                        frames.took(used);
                    }
                }
                Part::Held { at, used, bytes } => {
                    pending.advance(used);
                    let mut rest = bytes.as_slice();
                    while !rest.is_empty() {
                        let taken = self.push(at, rest);
                        rest = &rest[taken..];
                    }
                }
            }
        }
    }

    /// Takes bytes up to the end of one line; how many.
    fn push(&mut self, at: usize, bytes: &[u8]) -> usize {
        let (cut, left) = self.lines[at].push(bytes);
        let used = bytes.len() - left.len();
        if let Some(cut) = cut {
            let line = self.line(at, &cut);
            self.ready.push_back(line);
        }
        used
    }

    /// What is left of unfinished lines at the end.
    fn finish(&mut self) -> Option<LogLine> {
        (0..2).find_map(|at| self.lines[at].finish().map(|cut| self.line(at, &cut)))
    }

    fn line(&self, at: usize, cut: &Cut) -> LogLine {
        let stream = match (&self.frames, at) {
            (None, _) => LogSource::Console,
            (Some(_), 0) => LogSource::Stdout,
            (Some(_), _) => LogSource::Stderr,
        };
        let (stamp, bytes) = if self.times == Times::Each { split_stamp(&cut.bytes) } else { (None, cut.bytes.as_slice()) };
        LogLine { at: stamp, stream, text: plain(bytes), truncated: cut.truncated }
    }
}

/// The time in front of a line, and the rest of it.
fn split_stamp(line: &[u8]) -> (Option<Stamp>, &[u8]) {
    let end = line.iter().take(40).position(|b| *b == b' ').unwrap_or(line.len().min(40));
    match std::str::from_utf8(&line[..end]).ok().and_then(Stamp::parse_rfc3339) {
        Some(at) => (Some(at), line.get(end + 1..).unwrap_or_default()),
        None => (None, line),
    }
}

#[cfg(test)]
mod tests;
