//! One HTTP/1.1 connection, driven by whoever waits on it: no task in the background, nothing awake while it is idle.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::clients::connection_budget::ConnectionPermit;
use crate::clients::ssh::Way;

/// Bytes to and from an engine.
pub(in crate::clients) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A stream to an engine, and how it came to be where that is ssh.
pub(in crate::clients) struct Opened {
    pub(in crate::clients) stream: Box<dyn Duplex>,
    pub(in crate::clients) way: Option<Way>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("way", &self.way).finish_non_exhaustive()
    }
}

type Driver = Box<http1::Connection<TokioIo<Box<dyn Duplex>>, Full<Bytes>>>;

/// A connection between two questions: only its stream, since the buffers of HTTP cost 16 KiB each.
pub(super) struct Idle {
    stream: Box<dyn Duplex>,
    counted: Counted,
    since: Instant,
}

impl std::fmt::Debug for Idle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idle").field("since", &self.since).finish_non_exhaustive()
    }
}

impl Idle {
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// False where the other side has closed it, or said something unasked, while nobody was looking.
    pub(super) fn is_alive(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let mut byte = [0u8; 1];
        Pin::new(&mut self.stream).poll_read(&mut context, &mut ReadBuf::new(&mut byte)).is_pending()
    }

    pub(super) fn into_stream(self) -> (Box<dyn Duplex>, Counted) {
        (self.stream, self.counted)
    }
}

/// An open connection.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once it has ended.
    driver: Option<Driver>,
    /// What ended it, where that was an error.
    ended: Option<hyper::Error>,
    counted: Counted,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("open", &self.driver.is_some()).finish_non_exhaustive()
    }
}

/// Counts itself among the open connections of an endpoint.
#[derive(Debug)]
pub(super) struct Counted {
    open: Arc<AtomicUsize>,
    _permit: ConnectionPermit,
}

impl Counted {
    pub(super) fn new(open: &Arc<AtomicUsize>, permit: ConnectionPermit) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self { open: Arc::clone(open), _permit: permit }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connection {
    /// Bytes of an answer's head at most.
    const MOST_HEAD: usize = 64 << 10;

    /// Makes an HTTP connection of a stream. Nothing is sent yet.
    pub(super) async fn over(stream: Box<dyn Duplex>, counted: Counted) -> Result<Self, hyper::Error> {
        let (sender, driver) = Builder::new().max_buf_size(Self::MOST_HEAD).handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, driver: Some(Box::new(driver)), ended: None, counted })
    }

    /// Gives the stream back once the last answer is through; `None` where the connection does not stay.
    pub(super) async fn settle(mut self) -> Option<Idle> {
        let (driver, ended, sender) = (&mut self.driver, &mut self.ended, &mut self.sender);
        let ready = std::future::poll_fn(|context| {
            drive(driver, ended, context);
            if driver.is_none() {
                return Poll::Ready(false);
            }
            sender.poll_ready(context).map(|ready| ready.is_ok())
        })
        .await;
        let parts = self.driver.filter(|_| ready)?.into_parts();
        // Bytes that nobody asked for: this is no connection to go on with.
        parts.read_buf.is_empty().then(|| Idle { stream: parts.io.into_inner(), counted: self.counted, since: Instant::now() })
    }

    /// Sends one request and waits for the head of its answer.
    pub(super) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, hyper::Error> {
        let mut answer = pin!(self.sender.send_request(request));
        let (driver, ended) = (&mut self.driver, &mut self.ended);
        let result = std::future::poll_fn(|context| {
            drive(driver, ended, context);
            answer.as_mut().poll(context)
        })
        .await;
        match result {
            Ok(answer) => Ok(answer),
            // The connection itself knows better why than the request that it took down.
            Err(why) => Err(self.ended.take().unwrap_or(why)),
        }
    }

    /// The next bytes of an answer's body; `None` at its end. Safe to cancel.
    pub(super) async fn chunk(&mut self, body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            let (driver, ended) = (&mut self.driver, &mut self.ended);
            let frame = std::future::poll_fn(|context| {
                drive(driver, ended, context);
                pin!(body.frame()).poll(context)
            })
            .await?;
            match frame {
                // Trailers carry nothing of ours.
                Ok(frame) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Some(Ok(bytes));
                    }
                }
                Err(why) => return Some(Err(self.ended.take().unwrap_or(why))),
            }
        }
    }
}

fn drive(driver: &mut Option<Driver>, ended: &mut Option<hyper::Error>, context: &mut Context<'_>) {
    if let Some(running) = driver
        && let Poll::Ready(result) = Pin::new(running.as_mut()).poll(context)
    {
        *driver = None;
        *ended = result.err();
    }
}
