//! A program on a terminal of its own: keys in, the screen as a person sees it out, every byte counted.
#![allow(dead_code, reason = "each suite uses its part")]
#![allow(clippy::panic, clippy::expect_used, reason = "a harness of tests: what is not as asked fails the test")]

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use vt100::{Parser, Screen};

/// What to start.
#[derive(Clone, Debug)]
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Path,
    pub(crate) args: &'a [&'a str],
    /// On top of an environment of `PATH` and `TERM=xterm-256color` only.
    pub(crate) environment: &'a [(&'a str, String)],
    pub(crate) rows: u16,
    pub(crate) columns: u16,
}

/// A running program. Dropping it kills it.
pub(crate) struct Pty {
    seen: Arc<Seen>,
    child: Box<dyn Child + Send + Sync>,
    // `None` once the terminal was closed under the program.
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    reader: Option<JoinHandle<()>>,
    started: Instant,
}

struct Seen {
    state: Mutex<State>,
    more: Condvar,
}

struct State {
    parser: Parser,
    /// Everything the program wrote, for what the screen does not keep: modes, bells, clipboards.
    raw: Vec<u8>,
    /// When the last bytes were taken in.
    at: Instant,
    closed: bool,
    /// The reader is to let go of the terminal with the next bytes.
    let_go: bool,
}

impl Pty {
    pub(crate) fn start(what: &Start<'_>) -> Self {
        let size = PtySize { rows: what.rows, cols: what.columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new(what.program);
        command.args(what.args);
        command.env_clear();
        // Its own choice would be HOME, which need not be there.
        command.cwd("/");
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        for (name, value) in what.environment {
            command.env(name, value);
        }
        let (mut from_program, writer) = (pair.master.try_clone_reader().expect("a reader"), pair.master.take_writer().expect("a writer"));
        let started = Instant::now();
        let parser = Parser::new(cells(what.rows), cells(what.columns), 0);
        let state = State { parser, raw: Vec::new(), at: started, closed: false, let_go: false };
        let seen = Arc::new(Seen { state: Mutex::new(state), more: Condvar::new() });
        let child = pair.slave.spawn_command(command).expect("the program starts");
        // Else the end of the program would not be the end of what can be read.
        drop(pair.slave);
        let sink = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            let mut chunk = vec![0_u8; 65_536];
            loop {
                let read = from_program.read(&mut chunk).unwrap_or(0);
                let mut state = sink.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.parser.process(&chunk[..read]);
                state.raw.extend_from_slice(&chunk[..read]);
                state.at = Instant::now();
                state.closed = read == 0 || state.let_go;
                sink.more.notify_all();
                if state.closed {
                    break;
                }
            }
        });
        let reader = Some(reader);
        Self { seen, child, master: Some(pair.master), writer: Some(writer), reader, started }
    }

    /// Types these bytes in one write.
    pub(crate) fn send(&mut self, keys: impl AsRef<[u8]>) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(keys.as_ref()).expect("keys");
        writer.flush().expect("keys");
    }

    /// The screen as text, a line a row.
    pub(crate) fn text(&self) -> String {
        self.look(Screen::contents)
    }

    /// One look at the screen.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Screen) -> T) -> T {
        at(self.state().parser.screen())
    }

    /// Waits until the screen is as asked; how long after `from` the bytes that made it so were taken in, or `None`.
    pub(crate) fn until(&self, from: Instant, limit: Duration, asked: impl Fn(&Screen) -> bool) -> Option<Duration> {
        let end = from + limit;
        let mut state = self.state();
        loop {
            if asked(state.parser.screen()) {
                return Some(state.at.saturating_duration_since(from));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || state.closed {
                return None;
            }
            state = self.seen.more.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the screen is as asked, and fails with the screen where it does not become so.
    pub(crate) fn expect(&self, what: &str, limit: Duration, asked: impl Fn(&Screen) -> bool) -> Duration {
        let found = self.until(Instant::now(), limit, asked);
        found.unwrap_or_else(|| panic!("not within {limit:?}: {what}; the screen:\n{}", self.text()))
    }

    /// Waits until these words stand somewhere on the screen.
    pub(crate) fn expect_text(&self, words: &str, limit: Duration) -> Duration {
        self.expect(words, limit, |screen| screen.contents().contains(words))
    }

    /// The row that has these words, if there is one.
    pub(crate) fn row_with(&self, words: &str) -> Option<String> {
        self.text().lines().find(|row| row.contains(words)).map(str::to_owned)
    }

    /// Bytes written so far.
    pub(crate) fn bytes(&self) -> usize {
        self.state().raw.len()
    }

    /// Everything written so far.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.state().raw.clone()
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.state().parser.screen_mut().set_size(cells(rows), cells(columns));
        self.master.as_ref().expect("the terminal is open").resize(size).expect("a new size");
    }

    /// Takes the terminal away, as a dropped connection does: nobody holds its other end any more.
    pub(crate) fn close(&mut self) {
        self.state().let_go = true;
        // A new size makes the program draw, and the reader wakes up with that.
        let (rows, columns) = self.look(Screen::size);
        self.resize(rows.get() + 1, columns.get());
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ends");
        }
        self.writer = None;
        self.master = None;
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Waits until the program has ended; `None` when it goes on.
    pub(crate) fn ended(&mut self, limit: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + limit;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                _ if Instant::now() >= end => return None,
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.seen.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl std::fmt::Debug for Pty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pty").field("pid", &self.child.process_id()).finish_non_exhaustive()
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a size")
}
