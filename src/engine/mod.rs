//! MOTION. The only owner and the only spawner: facts come up through one watch, commands go down one channel.

pub mod command;
pub mod tail;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

pub use command::Command;
pub use tail::{Tail, TailAsk, TailLine, TailText};

use crate::model::fleet::Fleet;
use crate::model::live::Live;
use crate::model::task::Owner;

/// Whether this process may change the world. Fixed when the engine starts; there is no setter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    ReadOnly,
    Writing,
}

/// The engine is busy: its channel of commands is full. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// A face's handle on the engine: it reads facts and sends commands, and can reach nothing else.
#[derive(Clone, Debug)]
pub struct Engine {
    commands: mpsc::Sender<Command>,
    tails: mpsc::Sender<(TailAsk, tokio::sync::oneshot::Sender<Tail>)>,
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
        self.commands.try_send(command).map_err(|_| Busy)
    }

    /// Opens a tail; it arrives on the receiver as soon as the engine has begun it.
    ///
    /// # Errors
    /// `Busy` when the engine has too much to do.
    pub fn tail(&self, ask: TailAsk) -> Result<tokio::sync::oneshot::Receiver<Tail>, Busy> {
        let (give, take) = tokio::sync::oneshot::channel();
        self.tails.try_send((ask, give)).map_err(|_| Busy)?;
        Ok(take)
    }
}
