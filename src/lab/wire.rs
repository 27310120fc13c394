//! An accepted connection that can be broken off with a reset instead of a polite end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

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
}

impl Wire {
    pub(super) fn new(stream: TcpStream, broken: Arc<Break>) -> Self {
        Self { stream, broken }
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
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
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
