//! What a verb is: arguments that plan themselves against a Fleet.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::plan::Plan;
use crate::model::text::Text;

/// A command line that shows how an operation is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The operation's name and its arguments, as a shell takes them.
    pub line: &'static str,
    pub does: &'static str,
}

impl Example {
    /// What stands under an operation's long help.
    #[must_use]
    pub fn help(examples: &[Self]) -> String {
        let all = examples.iter().map(|example| format!("\n  wharf plan {}\n      {}", example.line, example.does));
        std::iter::once("Examples (plan shows what would be done, run does it):".to_owned()).chain(all).collect()
    }
}

/// A verb with its arguments. `plan` is pure: equal fleets give equal plans.
pub trait Operation {
    /// As people type it: `restart-containers`.
    const NAME: &'static str;
    const HELP: Text;
    /// What a person should know before using it: what it does to what, what it leaves out, what takes it back.
    const DETAILS: &'static str;
    /// Command lines that work as they are; each is parsed, and planned on a small fleet, by a test.
    const EXAMPLES: &'static [Example];
    /// Other words that people type for it.
    const SYNONYMS: &'static [&'static str] = &[];
    /// The noun whose rows it may be for, where it takes targets: `containers`.
    const ROWS: Option<&'static str> = None;

    /// What would be done, to what, and what is left out and why.
    ///
    /// # Errors
    /// Usage: a target that is not there, named ambiguously, or arguments that contradict each other.
    fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault>;

    /// Hosts whose answers decide the plan; `None`: all.
    fn depends_on(&self) -> Option<BTreeSet<Arc<str>>> {
        None
    }

    /// The run that decides the plan, as people call it: the journal has to be read first.
    fn reads_run(&self) -> Option<&str> {
        None
    }
}
