//! VERBS. One file each: arguments, help, plan.

mod command_line;
pub mod completion;
pub mod danger;
mod families;
pub mod operation;
pub mod shell;
pub mod targets;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use danger::Limits;
pub use operation::{Example, Names, Needs, Operation};
pub use targets::Targets;

use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::plan::Plan;
use crate::model::text::Text;

/// One line an operation: its file and its type. The CLI's subcommands, the palette, and how a plan is read back
/// from the journal all follow from it.
macro_rules! operations {
    ($($file:ident::$operation:ident),* $(,)?) => {
        $(mod $file; pub use $file::$operation;)*

        /// Any operation with its arguments, as the command line, the palette and the journal write it.
        #[derive(Clone, Debug, PartialEq, Eq, Subcommand, Serialize, Deserialize)]
        #[serde(tag = "operation", content = "arguments", rename_all = "kebab-case")]
        pub enum AnyOperation {
            $(#[command(
                about = <$operation as Operation>::HELP.en.into_owned(),
                long_about = format!("{}\n\n{}", <$operation as Operation>::HELP.en, <$operation as Operation>::DETAILS),
                after_long_help = Example::help(<$operation as Operation>::EXAMPLES),
                aliases = <$operation as Operation>::SYNONYMS.iter().copied(),
            )] $operation($operation),)*
        }

        impl AnyOperation {
            /// Names and what they do, in the order of the help.
            pub const ALL: &'static [(&'static str, Text)] = &[$((<$operation as Operation>::NAME, <$operation as Operation>::HELP)),*];

            /// The name of the operation that people mean by this word: its name or a synonym.
            #[must_use]
            pub fn named(word: &str) -> Option<&'static str> {
                $(if word == <$operation as Operation>::NAME || <$operation as Operation>::SYNONYMS.contains(&word) {
                    return Some(<$operation as Operation>::NAME);
                })*
                None
            }

            /// Other words for operations, each with the name that it stands for.
            pub fn synonyms() -> impl Iterator<Item = (&'static str, &'static str)> {
                let all: [(&'static str, &'static [&'static str]); Self::ALL.len()] =
                    [$((<$operation as Operation>::NAME, <$operation as Operation>::SYNONYMS)),*];
                all.into_iter().flat_map(|(name, synonyms)| synonyms.iter().map(move |word| (*word, name)))
            }

            /// The examples in the long help of the operation of this name.
            #[must_use]
            pub fn examples_of(name: &str) -> &'static [Example] {
                $(if name == <$operation as Operation>::NAME {
                    return <$operation as Operation>::EXAMPLES;
                })*
                &[]
            }

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

            /// What has to have answered before the plan is decided.
            #[must_use]
            pub fn needs(&self) -> Needs {
                match self { $(Self::$operation(operation) => operation.needs()),* }
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

/// Plans an operation again from its own words, before it is run.
///
/// # Errors
/// Usage: as [`AnyOperation::read`] and [`Operation::plan`].
pub fn plan_again(operation: &str, arguments: &Value, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
    AnyOperation::read(operation, arguments)?.plan(fleet, now)
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
