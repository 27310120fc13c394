//! STEPS: how each family of acts is observed, performed and judged. The executor knows families only through this.
//!
//! One file a family, named as in `model/call`. For each call the executor does the same:
//! 1. [`observe`]: what the targets are like now. [`Seen::Already`]: the world is as wanted, nothing is sent.
//! 2. The intent is journalled: the call with all that is resolved, what was observed, the step's token.
//! 3. [`perform`]: the requests themselves. Before each one [`PerformContext::may_send`] is asked: it fails as soon as
//!    the run is no longer ours or was stopped. The answer is one ending a part.
//! 4. Where an answer never came (a cut connection, a timeout, nonsense) [`judge`] asks the targets, and compares with
//!    what was observed. It is also what a later console asks of a call whose console is gone.
//! 5. The outcome is journalled, and the pollers of the endpoints are woken.
//!
//! **A new family** implements [`Steps`] for its call in a file here; the dispatch follows from the list in `model/call`.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use super::endpoints::Clients;
use crate::journal::Journal;
use crate::model::call::{Call, Family, Observed, Outputs, for_each_family};
use crate::model::fault::{Fault, FaultKind};
use crate::model::plan::{Ending, RunId};
use crate::model::text::Text;

/// What the targets of a call are like before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen<O> {
    As(O),
    /// They are as the call would leave them: nothing is sent.
    Already,
}

/// How the requests of a call went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Performed {
    /// One ending a part. [`Ending::Unknown`] where no answer came: the target is asked then.
    pub(super) parts: Vec<Ending>,
    /// What was made, for later steps and for people; never a secret.
    pub(super) outputs: Outputs,
}

impl Performed {
    /// One part, which ended so.
    pub(super) fn one(ending: Ending) -> Self {
        Self { parts: vec![ending], outputs: Outputs::new() }
    }
}

/// What a target says of a call whose answer never came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "for the families to come")]
pub(super) enum Verdict {
    TookEffect,
    /// It is as it was before. Final only when [`Family::settles_within`] is over: till then it may still be at work.
    DidNot,
    /// The far end is at work on it: ask again, however long it takes.
    NotYet,
    /// It did not, and sending it again cannot do it twice: the far end knows the step's token, or the request says
    /// the wanted state.
    SafeToRepeat,
}

/// What performing needs. One for each attempt of a step.
#[derive(Debug)]
pub(super) struct PerformContext<'a> {
    pub(super) clients: &'a Clients,
    /// Somebody asked for the end of the run: finish what cannot be left half done, begin nothing more.
    #[allow(dead_code, reason = "for the families to come")]
    pub(super) cancel: CancellationToken,
    pub(super) journal: &'a Journal,
    pub(super) run: &'a RunId,
}

impl PerformContext<'_> {
    /// To be asked right before each request: the run is still ours and nobody has stopped it.
    ///
    /// # Errors
    /// Conflict where another console has taken the run over, Cancelled where somebody asked for its end: the
    /// request must not be sent.
    pub(super) async fn may_send(&self) -> Result<(), Fault> {
        self.journal.still_holds(self.run).await
    }
}

/// What a family does, beside what it says of itself in [`Family`].
pub(super) trait Steps: Family {
    /// What the targets are like before the call.
    ///
    /// # Errors
    /// They do not answer, or are not there: the call is not made.
    fn observe(&self, clients: &Clients) -> impl Future<Output = Result<Seen<Self::Observed>, Fault>> + Send;

    /// The requests themselves, each after [`PerformContext::may_send`].
    ///
    /// # Errors
    /// What went wrong with the whole call. A fault for which [`may_have_arrived`] leaves the verdict to `judge`.
    fn perform(&self, before: &Self::Observed, cx: &PerformContext<'_>) -> impl Future<Output = Result<Performed, Fault>> + Send;

    /// Whether the call took effect: what the targets are like now against what they were before. One verdict a part.
    ///
    /// # Errors
    /// They do not answer: nobody knows.
    fn judge(&self, before: &Self::Observed, clients: &Clients) -> impl Future<Output = Result<Vec<Verdict>, Fault>> + Send;
}

macro_rules! dispatch {
    ($($(#[$meta:meta])* $file:ident::$variant:ident($call:ident)),* $(,)?) => {
        $($(#[$meta])* mod $file;)*

        /// See [`Steps::observe`].
        pub(super) async fn observe(call: &Call, clients: &Clients) -> Result<Seen<Observed>, Fault> {
            match call {
                $($(#[$meta])* Call::$variant(call) => Ok(match Box::pin(call.observe(clients)).await? {
                    Seen::As(observed) => Seen::As(Observed::$variant(observed)),
                    Seen::Already => Seen::Already,
                }),)*
            }
        }

        /// See [`Steps::perform`].
        pub(super) async fn perform(call: &Call, before: &Observed, cx: &PerformContext<'_>) -> Result<Performed, Fault> {
            match (call, before) {
                $($(#[$meta])* (Call::$variant(call), Observed::$variant(before)) => Box::pin(call.perform(before, cx)).await,)*
                #[allow(unreachable_patterns, reason = "reached as soon as there are two families")]
                _ => Err(foreign(call)),
            }
        }

        /// See [`Steps::judge`].
        pub(super) async fn judge(call: &Call, before: &Observed, clients: &Clients) -> Result<Vec<Verdict>, Fault> {
            match (call, before) {
                $($(#[$meta])* (Call::$variant(call), Observed::$variant(before)) => Box::pin(call.judge(before, clients)).await,)*
                #[allow(unreachable_patterns, reason = "reached as soon as there are two families")]
                _ => Err(foreign(call)),
            }
        }
    };
}

for_each_family!(dispatch);

/// True where the request may have reached the far end although no good answer came: only the target can say.
pub(super) fn may_have_arrived(fault: &Fault) -> bool {
    fault.kind.is_absence() || matches!(fault.kind, FaultKind::Protocol | FaultKind::Server | FaultKind::TooLarge)
}

#[allow(dead_code, reason = "reached as soon as there are two families")]
fn foreign(call: &Call) -> Fault {
    let cause = Text::new("what was observed is of another kind of act", "记录的状态属于另一类操作");
    let hint = Text::new("the journal is damaged: wharf doctor", "日志库可能已损坏：wharf doctor");
    Fault::new(call.target(), FaultKind::Storage, cause, hint)
}
