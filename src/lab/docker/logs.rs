//! `/containers/{id}/logs`: lines of all runs, framed or raw, from their tail on and as they come.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http::{HeaderValue, Response, header};

use crate::lab::answer;
use crate::lab::server::Body;
use crate::lab::world::{Engine, Voice};

use super::Twin;
use super::log_lines::{LogLine, Span, last_words, line, pace};
use super::query::{Query, Refusal};
use super::shell::Stream;
use super::sim_container::{Id, MILLI, Nanos, SimContainer, Work, rfc3339};

/// Lines of one run that are looked at; what is older has been rotated away.
const KEPT_LINES: i64 = 20_000;
/// How often a follower looks for new lines.
const LOOK: Duration = Duration::from_millis(250);

/// What of a log is wanted.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "the wire's own flags")]
struct LogRequest {
    /// The container has a terminal: no frames.
    tty: bool,
    out: bool,
    err: bool,
    stamps: bool,
    since: Nanos,
    /// Up to and with.
    until: Nanos,
    tail: usize,
}

/// A container's output as pieces that come.
pub(super) type Output = Pin<Box<dyn futures_util::Stream<Item = std::io::Result<Bytes>> + Send>>;

impl Twin {
    /// What a container says from now on, with what it has said where `logs` asks for it.
    pub(super) fn output(self: &Arc<Self>, what: &str, query: &Query) -> Result<Output, Refusal> {
        let (id, tty, now) =
            self.read(|state, now| state.find(what).map(|at| (state.containers[at].id, state.containers[at].spec.tty, now)))?;
        let since = if query.flag("logs") { 0 } else { now + 1 };
        let wish = LogRequest {
            tty,
            out: query.flag("stdout"),
            err: query.flag("stderr"),
            stamps: false,
            since,
            until: Nanos::MAX,
            tail: usize::MAX,
        };
        let follow = Follow { twin: Arc::clone(self), id, wish, ended: false };
        Ok(Box::pin(stream::unfold((None, follow), Follow::next)))
    }

    pub(super) fn logs(self: &Arc<Self>, what: &str, query: &Query) -> Result<Response<Body>, Refusal> {
        let mut wish = LogRequest {
            tty: false,
            out: query.flag("stdout"),
            err: query.flag("stderr"),
            stamps: query.flag("timestamps"),
            since: query.time("since")?.unwrap_or(0),
            until: query.time("until")?.unwrap_or(Nanos::MAX),
            // What is no number is everything.
            tail: query.text("tail").and_then(|tail| tail.parse().ok()).unwrap_or(usize::MAX),
        };
        if !wish.out && !wish.err {
            return Err(Refusal::bad("Bad parameters: you must choose at least one stream"));
        }
        let (id, tty, lines, seen, up) = self.read(|state, now| {
            let container = &state.containers[state.find(what)?];
            Ok((container.id, container.spec.tty, lines(container, &wish, now), now, container.phase.is_up()))
        })?;
        wish.tty = tty;
        let first = render(lines, &wish);
        let body = if query.flag("follow") && up && wish.until > seen {
            let rest = Follow { twin: Arc::clone(self), id, wish: LogRequest { since: seen + 1, tail: usize::MAX, ..wish }, ended: false };
            answer::streamed(stream::unfold((Some(first), rest), Follow::next))
        } else {
            // A stream even where all is known: engines send logs in chunks.
            answer::streamed(stream::iter((!first.is_empty()).then_some(Ok(first))))
        };
        let mut response = Response::new(body);
        if self.is(Engine::Newer) {
            let kind = if tty { "application/vnd.docker.raw-stream" } else { "application/vnd.docker.multiplexed-stream" };
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        Ok(response)
    }
}

#[derive(Debug)]
struct Follow {
    twin: Arc<Twin>,
    id: Id,
    wish: LogRequest,
    ended: bool,
}

impl Follow {
    async fn next(state: (Option<Bytes>, Self)) -> Option<(std::io::Result<Bytes>, (Option<Bytes>, Self))> {
        let (first, mut follow) = state;
        // An empty piece would end nothing, but it would say nothing either.
        if let Some(first) = first.filter(|first| !first.is_empty()) {
            return Some((Ok(first), (None, follow)));
        }
        loop {
            if follow.ended {
                return None;
            }
            tokio::time::sleep(LOOK).await;
            let (new, now, up) = follow.twin.read(|state, now| {
                let container = state.containers.iter().find(|container| container.id == follow.id)?;
                Some((lines(container, &follow.wish, now), now, container.phase.is_up()))
            })?;
            follow.ended = !up || follow.wish.until <= now;
            follow.wish.since = now + 1;
            let piece = render(new, &follow.wish);
            if !piece.is_empty() {
                return Some((Ok(piece), (None, follow)));
            }
        }
    }
}

/// The lines that are wanted and have been said by now, oldest first.
fn lines(container: &SimContainer, wish: &LogRequest, now: Nanos) -> Vec<LogLine> {
    let current = (container.phase.is_up()).then_some(Span { started: container.started, finished: 0, code: 0, oom: false });
    let ended = container.runs().iter().map(|run| Span { started: run.started, finished: run.finished, code: run.code, oom: run.oom });
    // What ended before the lab began has its one run in the container itself.
    let before = (container.runs().is_empty() && current.is_none() && container.started != 0).then_some(Span {
        started: container.started,
        finished: container.finished,
        code: container.code,
        oom: container.oom,
    });
    let spans: Vec<Span> = before.into_iter().chain(ended).chain(current).collect();
    let mut found = Found { lines: VecDeque::new(), wish, upto: wish.until.min(now) };
    for span in spans.into_iter().rev() {
        match &container.spec.work {
            Work::Script => found.add_script(container, span),
            Work::Service(habits) => found.add_service(container, habits.voice, span),
        }
        if found.is_full() || wish.since > span.started + MILLI {
            break;
        }
    }
    found.lines.into()
}

/// Lines found so far, looked for from the newest back.
struct Found<'a> {
    lines: VecDeque<LogLine>,
    wish: &'a LogRequest,
    upto: Nanos,
}

impl Found<'_> {
    fn is_full(&self) -> bool {
        self.lines.len() >= self.wish.tail
    }

    fn add(&mut self, line: LogLine) {
        let of_stream = if line.stream == Stream::Out { self.wish.out } else { self.wish.err };
        if of_stream && !self.is_full() && line.at >= self.wish.since && line.at <= self.upto {
            self.lines.push_front(line);
        }
    }

    fn add_script(&mut self, container: &SimContainer, span: Span) {
        let Some(script) = container.extra.as_ref().and_then(|extra| extra.script.as_ref()) else { return };
        let end = if span.finished == 0 { self.upto } else { span.finished };
        let said: Vec<_> = script.until(end - span.started).collect();
        for said in said.into_iter().rev() {
            for text in said.text.lines().rev() {
                self.add(LogLine { at: span.started + said.after, stream: said.stream, text: text.to_owned() });
            }
        }
    }

    fn add_service(&mut self, container: &SimContainer, voice: Voice, span: Span) {
        if span.finished != 0 {
            for line in last_words(container, voice, span).into_iter().rev() {
                self.add(line);
            }
        }
        let end = if span.finished == 0 { self.upto } else { span.finished.min(self.upto) };
        let newest = (end - span.started) / pace(voice);
        let oldest = (newest - KEPT_LINES).max((self.wish.since - span.started) / pace(voice) - 1).max(0);
        for index in (oldest..=newest).rev() {
            if self.is_full() {
                break;
            }
            if let Some(line) = line(container, voice, span, index) {
                self.add(line);
            }
        }
    }
}

/// As frames of eight bytes of head and a line, or as they are where there is a terminal.
fn render(lines: Vec<LogLine>, wish: &LogRequest) -> Bytes {
    let mut bytes = BytesMut::new();
    for line in lines {
        let stamp = if wish.stamps { format!("{} ", rfc3339(line.at)) } else { String::new() };
        let end = if wish.tty { "\r\n" } else { "\n" };
        let text = format!("{stamp}{}{end}", line.text);
        if !wish.tty {
            frame_head(&mut bytes, line.stream, text.len());
        }
        bytes.put_slice(text.as_bytes());
    }
    bytes.freeze()
}

/// Stream, three zeros, length: the head of a frame of a multiplexed stream.
pub(super) fn frame_head(bytes: &mut BytesMut, stream: Stream, length: usize) {
    bytes.put_u32(if stream == Stream::Out { 1 << 24 } else { 2 << 24 });
    bytes.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
}
