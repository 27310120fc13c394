//! The one thread that reads the terminal and settles what waited long enough.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;

use super::decode::Unfinished;
use super::{Decoder, Stroke};

/// How long after ESC the rest of a sequence may come: links split packets, people type no faster than this.
const ESCAPE_WAIT: Duration = Duration::from_millis(50);
/// How long the middle of a sequence is waited for.
const SEQUENCE_WAIT: Duration = Duration::from_millis(250);
/// How long a paste may pause before it is taken to have lost its end.
const PASTE_WAIT: Duration = Duration::from_secs(2);

/// Reads until it is dropped. Each batch is what one read brought.
#[derive(Debug)]
pub(in crate::tui) struct Reader {
    batches: Option<mpsc::Receiver<Vec<Stroke>>>,
    wake: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    /// Starts reading `tty`.
    ///
    /// # Errors
    /// When the system gives no socket pair or no thread.
    pub(in crate::tui) fn start(tty: OwnedFd) -> io::Result<Self> {
        let (wake, woken) = UnixStream::pair()?;
        let (give, take) = mpsc::channel(64);
        let thread = std::thread::Builder::new().name("tui-input".to_owned()).spawn(move || read(&tty, &woken, &give))?;
        Ok(Self { batches: Some(take), wake, thread: Some(thread) })
    }

    /// The next batch; pends for ever once the terminal is closed and that was told.
    pub(in crate::tui) async fn next(&mut self) -> Vec<Stroke> {
        let next = match &mut self.batches {
            Some(batches) => batches.recv().await,
            None => None,
        };
        match next {
            Some(batch) => batch,
            None => std::future::pending().await,
        }
    }

    /// A batch that is there already.
    pub(in crate::tui) fn try_next(&mut self) -> Option<Vec<Stroke>> {
        self.batches.as_mut()?.try_recv().ok()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // The receiver goes first, so that a thread which waits for room in the channel wakes too.
        self.batches = None;
        let _ = rustix::io::write(&self.wake, &[1]);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn read(tty: &OwnedFd, woken: &UnixStream, give: &mpsc::Sender<Vec<Stroke>>) {
    let mut decoder = Decoder::default();
    let mut bytes = [0u8; 4096];
    loop {
        let wait = decoder.unfinished().map(|what| match what {
            Unfinished::Escape => ESCAPE_WAIT,
            Unfinished::Sequence => SEQUENCE_WAIT,
            Unfinished::Paste => PASTE_WAIT,
        });
        let mut batch = Vec::new();
        match wait_for(tty, woken, wait) {
            Ready::Stop => return,
            Ready::Nothing => decoder.settle(&mut batch),
            Ready::Again => {}
            Ready::Bytes => match rustix::io::read(tty, &mut bytes) {
                Ok(0) => batch.push(Stroke::Closed),
                Ok(n) => decoder.feed(&bytes[..n], &mut batch),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(_) => batch.push(Stroke::Closed),
            },
        }
        let closed = batch.last() == Some(&Stroke::Closed);
        if (!batch.is_empty() && give.blocking_send(batch).is_err()) || closed {
            return;
        }
    }
}

enum Ready {
    Bytes,
    Nothing,
    Again,
    Stop,
}

fn wait_for(tty: &OwnedFd, woken: &UnixStream, wait: Option<Duration>) -> Ready {
    let timeout = wait.and_then(|w| Timespec::try_from(w).ok());
    let mut fds = [PollFd::from_borrowed_fd(tty.as_fd(), PollFlags::IN), PollFd::from_borrowed_fd(woken.as_fd(), PollFlags::IN)];
    match poll(&mut fds, timeout.as_ref()) {
        Ok(0) => Ready::Nothing,
        Ok(_) if !fds[1].revents().is_empty() => Ready::Stop,
        Err(rustix::io::Errno::INTR) => Ready::Again,
        // What is wrong with the terminal is told by reading it.
        Ok(_) | Err(_) => Ready::Bytes,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::{Code, Key};
    use super::*;

    async fn next_keys(reader: &mut Reader) -> Vec<Stroke> {
        tokio::time::timeout(Duration::from_secs(5), reader.next()).await.expect("an event")
    }

    #[tokio::test]
    async fn a_lone_escape_acts_soon_and_a_split_arrow_is_an_arrow() {
        let (mut far, near) = UnixStream::pair().expect("pair");
        let mut reader = Reader::start(near.into()).expect("start");
        let begun = tokio::time::Instant::now();
        far.write_all(b"\x1b").expect("write");
        assert_eq!(next_keys(&mut reader).await, vec![Stroke::Key(Key::plain(Code::Esc))]);
        assert!(begun.elapsed() >= ESCAPE_WAIT);
        for pause in [5, 15, 30] {
            far.write_all(b"\x1b").expect("write");
            tokio::time::sleep(Duration::from_millis(pause)).await;
            far.write_all(b"[A").expect("write");
            assert_eq!(next_keys(&mut reader).await, vec![Stroke::Key(Key::plain(Code::Up))]);
        }
        drop(far);
        assert_eq!(next_keys(&mut reader).await, vec![Stroke::Closed]);
    }

    #[test]
    fn dropping_the_reader_ends_its_thread() {
        let (_far, near) = UnixStream::pair().expect("pair");
        let reader = Reader::start(near.into()).expect("start");
        drop(reader);
    }
}
