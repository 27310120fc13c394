//! What an engine is started with, and what it is to do beside answering.

use std::path::PathBuf;

use crate::clients::Wire;
use crate::config::{Config, Places};
use crate::journal::Journal;
use crate::model::clock::Clock;
use crate::model::endpoint::EndpointKind;
use crate::model::registry::Question;
use crate::model::run::Owner;

/// What an engine is started with.
#[derive(Debug)]
pub struct Setup {
    pub config: Config,
    /// Where the config came from, to read it again when it changes; `None`: it does not change.
    pub places: Option<Places>,
    pub wire: Wire,
    /// Memory; without it nothing can be run and no earlier run is known.
    pub journal: Option<Journal>,
    pub clock: Clock,
    pub owner: Owner,
    pub runner: Option<RunnerCommand>,
    pub interest: PollMode,
    /// Which endpoints are asked; empty: all.
    pub kinds: Vec<EndpointKind>,
    /// What registries are asked; empty: all.
    pub questions: Vec<Question>,
}

/// How this same binary is started as a runner of its own session.
#[derive(Clone, Debug)]
pub struct RunnerCommand {
    pub binary: PathBuf,
    /// What stands before `run resume ID`: the config, the state directory.
    pub arguments: Vec<String>,
}

/// What the engine should do beside answering: a script wants less than a console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollMode {
    /// Everything, as long as it lives: figures, the journal of others, the cache.
    Console,
    /// One answer of every endpoint.
    Once,
    /// Every endpoint and credential tried: hosts answer again when asked, registries answer everything of one project.
    Probe,
    /// One answer of every endpoint, with the figures of running containers.
    OnceWithFigures,
}
