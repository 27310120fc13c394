//! MOTION. The only owner and the only spawner: facts come up through one watch, commands go down one channel.

mod backoff;
mod cache;
pub mod command;
mod endpoints;
mod executor;
mod figures;
pub mod keeper;
mod poller;
mod reconcile;
mod registries;
mod runs;
mod setup;
mod start;
mod steps;
mod supervisor;
pub mod tail;
mod tailing;
mod tasks;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

pub use command::{Answer, Command};
pub use setup::{PollMode, RunnerCommand, Setup};
pub use start::{Running, start};
pub use tail::{TAIL_SOURCES, Tail, TailAsk, TailLine, TailText};

pub use crate::clients::Mode;
use command::Asked;

use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::live::Live;
use crate::model::run::Owner;

/// The engine is busy: its channel of commands is full. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// A face's handle on the engine: it reads facts and sends commands, and can reach nothing else.
#[derive(Clone, Debug)]
pub struct Engine {
    commands: mpsc::Sender<Asked>,
    tails: mpsc::Sender<(TailAsk, oneshot::Sender<Tail>)>,
    fleet: watch::Receiver<Arc<Fleet>>,
    live: watch::Receiver<Arc<Live>>,
    mode: Mode,
    owner: Arc<Owner>,
}

impl Engine {
    /// The world as it is known; changed at most 20 times a second.
    #[must_use]
    pub fn fleet(&self) -> watch::Receiver<Arc<Fleet>> {
        self.fleet.clone()
    }

    /// Live figures; changed at most 4 times a second.
    #[must_use]
    pub fn live(&self) -> watch::Receiver<Arc<Live>> {
        self.live.clone()
    }

    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Who this console is, as the journal and the frame say it.
    #[must_use]
    pub fn owner(&self) -> &Arc<Owner> {
        &self.owner
    }

    /// Asks something of the engine without waiting.
    ///
    /// # Errors
    /// `Busy` when the channel is full or the engine has stopped.
    pub fn send(&self, command: Command) -> Result<(), Busy> {
        self.commands.try_send(Asked { command, answer: None }).map_err(|_| Busy)
    }

    /// Asks something of the engine; what became of it arrives on the receiver.
    ///
    /// # Errors
    /// `Busy` when the channel is full or the engine has stopped.
    pub fn ask(&self, command: Command) -> Result<oneshot::Receiver<Result<Answer, Fault>>, Busy> {
        let (give, take) = oneshot::channel();
        self.commands.try_send(Asked { command, answer: Some(give) }).map_err(|_| Busy)?;
        Ok(take)
    }

    /// Opens a tail; it arrives on the receiver as soon as the engine has begun it.
    ///
    /// # Errors
    /// `Busy` when the engine has too much to do.
    pub fn tail(&self, ask: TailAsk) -> Result<oneshot::Receiver<Tail>, Busy> {
        let (give, take) = oneshot::channel();
        self.tails.try_send((ask, give)).map_err(|_| Busy)?;
        Ok(take)
    }
}
