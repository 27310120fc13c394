//! An accepted connection under its endpoint's faults: it can fall silent under way and be broken off with a reset.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::trouble::{LinkState, lock};

/// What stands between an endpoint's connections and their bytes; hijacked ones too.
#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<(LinkState, Vec<Waker>)>);

impl Gate {
    /// Everyone who waits looks again.
    pub(super) fn set(&self, line: LinkState) {
        let waiting = {
            let mut held = lock(&self.0);
            held.0 = line;
            std::mem::take(&mut held.1)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    #[cfg(test)]
    pub(super) fn line(&self) -> LinkState {
        lock(&self.0).0
    }

    /// Passes where the line is open; wakes whoever asks when it changes.
    fn poll(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut held = lock(&self.0);
        let line = held.0;
        // An open line must also tell those who wait for bytes when it is shut.
        if line != LinkState::Shut && !held.1.iter().any(|waker| waker.will_wake(cx.waker())) {
            held.1.push(cx.waker().clone());
        }
        match line {
            LinkState::Open => Poll::Ready(Ok(())),
            LinkState::Silent => Poll::Pending,
            LinkState::Shut => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }
}

/// Marks a connection for a reset instead of a polite end.
#[derive(Debug, Default)]
pub(super) struct Break {
    reset: AtomicBool,
    called: Notify,
}

impl Break {
    pub(super) fn now(&self) {
        self.reset.store(true, Ordering::Relaxed);
        self.called.notify_one();
    }

    /// Ends when [`Break::now`] has been called.
    pub(super) async fn called(&self) {
        self.called.notified().await;
    }
}

/// The accepted stream; dropped after a [`Break`], it sends RST.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    broken: Arc<Break>,
    gate: Arc<Gate>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, broken: Arc<Break>, gate: Arc<Gate>) -> Self {
        Self { stream, broken, gate }
    }

    fn poll_gate(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let passed = self.gate.poll(cx);
        if matches!(passed, Poll::Ready(Err(_))) {
            self.broken.now();
        }
        passed
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.broken.reset.load(Ordering::Relaxed) {
            reset(&self.stream);
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_gate(cx))?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_gate(cx))?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_gate(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_gate(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        ready!(self.poll_gate(cx))?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Closing a socket that does not linger is a reset.
pub(super) fn reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
