//! The signals that end the console, and those that say that the terminal is not as it was.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// What a console listens to.
#[derive(Debug)]
pub(super) struct Signals {
    term: Signal,
    hup: Signal,
    int: Signal,
    winch: Signal,
    cont: Signal,
}

/// What a signal means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalEffect {
    /// The end, with the signal's number.
    End(i32),
    /// The terminal has another size, or was painted over.
    Size,
    /// We were stopped and go on: the shell has changed the terminal meanwhile.
    Continued,
}

impl Signals {
    /// From here on these signals end nothing by themselves.
    ///
    /// # Errors
    /// Limit: the system gives no handler.
    pub(super) fn new() -> Result<Self, Fault> {
        let one = |kind| signal(kind).map_err(|e| own_limit(&e));
        Ok(Self {
            term: one(SignalKind::terminate())?,
            hup: one(SignalKind::hangup())?,
            int: one(SignalKind::interrupt())?,
            winch: one(SignalKind::window_change())?,
            cont: one(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// The next one that comes.
    pub(super) async fn next(&mut self) -> SignalEffect {
        tokio::select! {
            _ = self.term.recv() => SignalEffect::End(SignalKind::terminate().as_raw_value()),
            _ = self.hup.recv() => SignalEffect::End(SignalKind::hangup().as_raw_value()),
            _ = self.int.recv() => SignalEffect::End(SignalKind::interrupt().as_raw_value()),
            _ = self.winch.recv() => SignalEffect::Size,
            _ = self.cont.recv() => SignalEffect::Continued,
        }
    }
}

/// The system gave no thread, handler or descriptor.
pub(super) fn own_limit(error: &std::io::Error) -> Fault {
    let hint = Text::new("look at ulimit -u and ulimit -n", "请检查 ulimit -u 与 ulimit -n");
    Fault::new("terminal", FaultKind::Limit, Text::raw(&error.to_string()), hint)
}
