//! A body that goes on for hours (events, logs), read without a buffer of its own: ten thousand of them are open at once.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes};
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};

use super::chunks::{Chunks, Piece};
use super::connection::{Counted, Duplex};
use super::engine::Engine;
use super::pool::Place;
use crate::model::fault::Fault;

/// Bytes of a head at most, and headers in it.
const MOST_HEAD: usize = 64 << 10;
const MOST_HEADERS: usize = 100;
/// Bytes of one read.
const READ: usize = 8 << 10;

/// How a body ends.
#[derive(Debug)]
enum Framing {
    Chunked(Chunks),
    Length(u64),
    UntilClose,
}

/// An answer's head, and its body still to come.
pub(super) struct Raw {
    stream: Box<dyn Duplex>,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    framing: Framing,
    pending: Bytes,
    _counted: Counted,
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Raw").field("status", &self.status).field("framing", &self.framing).finish_non_exhaustive()
    }
}

/// A body that goes on. Dropping it closes its connection.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) engine: Arc<Engine>,
    pub(super) raw: Raw,
    pub(super) _place: Place,
}

/// Why there is no head, or no more of a body.
#[derive(Debug)]
pub(super) enum Broken {
    Io(std::io::Error),
    /// The other side ended before its answer did.
    Cut,
    /// Not HTTP, in words.
    Garbage(String),
}

impl Flow {
    /// The next bytes; `None` at the end. Safe to cancel.
    pub(super) async fn chunk(&mut self) -> Option<Result<Bytes, Fault>> {
        match self.raw.chunk().await {
            Ok(bytes) => bytes.map(Ok),
            Err(broken) => Some(Err(self.engine.broken(&broken))),
        }
    }
}

impl Raw {
    /// Sends a request and waits for the head of its answer.
    pub(super) async fn begin(mut stream: Box<dyn Duplex>, request: &[u8], counted: Counted) -> Result<Self, Broken> {
        stream.write_all(request).await.map_err(Broken::Io)?;
        stream.flush().await.map_err(Broken::Io)?;
        let mut head = Vec::new();
        loop {
            let more = read(&mut stream).await.map_err(Broken::Io)?;
            if more.is_empty() {
                return Err(Broken::Cut);
            }
            head.extend_from_slice(&more);
            let mut slots = [httparse::EMPTY_HEADER; MOST_HEADERS];
            let mut response = httparse::Response::new(&mut slots);
            match response.parse(&head) {
                Ok(httparse::Status::Complete(length)) => {
                    let status = response.code.unwrap_or_default();
                    let headers = header_map(response.headers);
                    let pending = Bytes::copy_from_slice(&head[length..]);
                    let framing = framing(&headers);
                    return Ok(Self { stream, status, headers, framing, pending, _counted: counted });
                }
                Ok(httparse::Status::Partial) if head.len() > MOST_HEAD => return Err(Broken::Garbage("a head without end".to_owned())),
                Ok(httparse::Status::Partial) => {}
                Err(why) => return Err(Broken::Garbage(why.to_string())),
            }
        }
    }

    /// The next bytes of the body; `None` at its end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            if self.pending.is_empty() {
                if matches!(self.framing, Framing::Length(0)) || matches!(&self.framing, Framing::Chunked(chunks) if chunks.is_over()) {
                    return Ok(None);
                }
                self.pending = read(&mut self.stream).await.map_err(Broken::Io)?;
                if self.pending.is_empty() {
                    return if matches!(self.framing, Framing::UntilClose) { Ok(None) } else { Err(Broken::Cut) };
                }
            }
            match &mut self.framing {
                Framing::UntilClose => return Ok(Some(std::mem::take(&mut self.pending))),
                Framing::Length(left) => {
                    let take = usize::try_from(*left).unwrap_or(usize::MAX).min(self.pending.len());
                    *left -= take as u64;
                    let part = self.pending.split_to(take);
                    self.pending = Bytes::new();
                    return Ok(Some(part));
                }
                Framing::Chunked(chunks) => match chunks.next(&self.pending).map_err(Broken::Garbage)? {
                    Piece::Skip(used) => self.pending.advance(used),
                    Piece::Data(length) => return Ok(Some(self.pending.split_to(length))),
                    Piece::End => {
                        self.pending = Bytes::new();
                        return Ok(None);
                    }
                },
            }
        }
    }
}

/// One read, without a buffer that waits for it. Empty at the end. Safe to cancel.
async fn read(stream: &mut Box<dyn Duplex>) -> std::io::Result<Bytes> {
    std::future::poll_fn(|context| {
        let mut space = [0u8; READ];
        let mut buffer = ReadBuf::new(&mut space);
        match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled()))),
            Poll::Ready(Err(why)) => Poll::Ready(Err(why)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn header_map(headers: &[httparse::Header<'_>]) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(headers.len());
    for header in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(header.name.as_bytes()), HeaderValue::from_bytes(header.value)) {
            map.append(name, value);
        }
    }
    map
}

fn framing(headers: &HeaderMap) -> Framing {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    if text(TRANSFER_ENCODING).is_some_and(|kind| kind.eq_ignore_ascii_case("chunked")) {
        return Framing::Chunked(Chunks::default());
    }
    text(CONTENT_LENGTH).and_then(|length| length.parse().ok()).map_or(Framing::UntilClose, Framing::Length)
}
