//! What a verb is: arguments that plan themselves against a Fleet.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::plan::Plan;
use crate::model::text::Text;

/// A verb with its arguments. `plan` is pure: equal fleets give equal plans.
pub trait Operation {
    /// As people type it: `restart-containers`.
    const NAME: &'static str;
    const HELP: Text;
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
