//! VERBS. One file each: arguments, help, plan.

mod acts;
pub mod danger;
pub mod operation;
pub mod targets;

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::{FromArgMatches, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use danger::Limits;
pub use operation::Operation;
pub use targets::Targets;

use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::plan::Plan;
use crate::model::text::{Text, clean};

/// One line an operation: its file and its type. The CLI's subcommands, the palette, and how a plan is read back
/// from the journal all follow from it.
macro_rules! operations {
    ($($file:ident::$operation:ident),* $(,)?) => {
        $(mod $file; pub use $file::$operation;)*

        /// Any operation with its arguments, as the command line, the palette and the journal write it.
        #[derive(Clone, Debug, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
        #[serde(tag = "operation", content = "arguments", rename_all = "kebab-case")]
        pub enum AnyOperation {
            $(#[command(about = <$operation as Operation>::HELP.en.into_owned())] $operation($operation),)*
        }

        impl AnyOperation {
            /// Names and what they do, in the order of the help.
            pub const ALL: &'static [(&'static str, Text)] = &[$((<$operation as Operation>::NAME, <$operation as Operation>::HELP)),*];

            /// The noun whose rows the operation of this name may be for.
            #[must_use]
            pub fn rows_of(name: &str) -> Option<&'static str> {
                $(if name == <$operation as Operation>::NAME {
                    return <$operation as Operation>::ROWS;
                })*
                None
            }

            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$operation(_) => <$operation as Operation>::NAME),* }
            }

            /// What would be done, to what, and what is left out and why.
            ///
            /// # Errors
            /// Usage: as [`Operation::plan`].
            pub fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
                match self { $(Self::$operation(operation) => operation.plan(fleet, now)),* }
            }

            /// Hosts whose answers decide the plan; `None`: all.
            #[must_use]
            pub fn depends_on(&self) -> Option<BTreeSet<Arc<str>>> {
                match self { $(Self::$operation(operation) => operation.depends_on()),* }
            }

            /// The run that decides the plan, as people call it; it is in the journal.
            #[must_use]
            pub fn reads_run(&self) -> Option<&str> {
                match self { $(Self::$operation(operation) => operation.reads_run()),* }
            }
        }
    };
}

operations! {
    start_containers::StartContainers,
    stop_containers::StopContainers,
    kill_containers::KillContainers,
    restart_containers::RestartContainers,
    remove_containers::RemoveContainers,
    undo::Undo,
}

impl AnyOperation {
    /// From a plan's or a journal's own words.
    ///
    /// # Errors
    /// Usage: no such operation, or arguments that it does not have.
    pub fn read(operation: &str, arguments: &Value) -> Result<Self, Fault> {
        serde_json::from_value(json!({ "operation": operation, "arguments": arguments })).map_err(|error| {
            let why = clean(&error.to_string()).into_owned();
            let cause = Text::made(format!("cannot be read: {why}"), format!("读不通：{why}"));
            let hint = Text::new("it may come from another version of wharf", "可能来自另一版本的 wharf");
            Fault::new(clean(operation), FaultKind::Usage, cause, hint)
        })
    }

    /// From words as a person types them, the operation's name first: what the command line and the palette take.
    ///
    /// # Errors
    /// Usage, in the parser's first line.
    pub fn from_words<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, Fault> {
        let command = Self::augment_subcommands(clap::Command::new("wharf").no_binary_name(true).subcommand_required(true));
        let matches = command.try_get_matches_from(words);
        matches.and_then(|m| Self::from_arg_matches(&m)).map_err(|error| {
            let said = error.to_string();
            let why = clean(said.lines().next().unwrap_or_default().trim_start_matches("error: ")).into_owned();
            let hint =
                Text::new("an operation, then host/container, --service or --all-on", "先写操作名，再写 主机/容器、--service 或 --all-on");
            Fault::new("operation", FaultKind::Usage, Text::made(why.clone(), why), hint)
        })
    }
}

/// Plans an operation again from its own words, before it is run.
///
/// # Errors
/// Usage: as [`AnyOperation::read`] and [`Operation::plan`].
pub fn plan_again(operation: &str, arguments: &Value, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
    AnyOperation::read(operation, arguments)?.plan(fleet, now)
}

#[cfg(test)]
mod tests;
