//! THE COMMAND LINE. The same rows and verbs as the console, without a screen.

pub mod arguments;
pub mod config;
pub mod doctor;
mod first;
pub mod get;
mod out;
pub mod plan;
mod print;
pub mod run;
mod settle;
mod span;
mod streams;
pub mod watch;

pub use arguments::{Cli, Face};
pub use first::{FirstStart, first_start};
pub use out::{Marks, Out, Paper, complain};
pub use streams::{Streams, log_to};

/// Why the process ends, as scripts are told (PRODUCT 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Ok,
    /// Degraded, partial or rolled back.
    Partial,
    /// Unreachable or failed.
    Failed,
    /// Permission, read-only, image gate.
    Refused,
    PlanChanged,
    /// Waiting at a gate.
    Waiting,
    Usage,
    /// A broken config, or none.
    Config,
}

impl Exit {
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Partial => 1,
            Self::Failed => 2,
            Self::Refused => 3,
            Self::PlanChanged => 4,
            Self::Waiting => 5,
            Self::Usage => 64,
            Self::Config => 78,
        }
    }

    /// What a fault ends the process with.
    #[must_use]
    pub fn of(fault: &crate::model::fault::Fault) -> Self {
        match fault.kind.exit_code() {
            3 => Self::Refused,
            4 => Self::PlanChanged,
            64 => Self::Usage,
            78 => Self::Config,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
