//! What the Fleet says of the targets of a call, for plans: one file a family, beside what its operations share.

use std::sync::Arc;

use crate::model::call::{Call, Family, Observed, for_each_family};
use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;

/// Why the Fleet does not say what a target is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotSeen {
    /// It is not there any more: nothing can be done to it.
    Gone(Text),
    /// Its endpoint does not answer: nobody can say.
    Unknown(Text),
}

/// How a family's targets are found in a Fleet.
pub(super) trait InFleet: Family {
    /// What registries have to be asked so that [`InFleet::now`] can be said.
    const QUESTIONS: &'static [Question] = &[];

    /// What the target of one part is like now.
    fn now(&self, part: usize, fleet: &Fleet, now: Stamp) -> Result<Self::Observed, NotSeen>;

    /// What it is a part of, where people name it by that: the service of a container.
    fn belongs_to(&self, _part: usize, _fleet: &Fleet) -> Option<Arc<str>> {
        None
    }
}

macro_rules! dispatch {
    ($($(#[$meta:meta])* $file:ident::$variant:ident($call:ident)),* $(,)?) => {
        $($(#[$meta])* pub(super) mod $file;)*

        /// See [`InFleet::now`].
        pub(super) fn now(call: &Call, part: usize, fleet: &Fleet, now: Stamp) -> Result<Observed, NotSeen> {
            match call { $($(#[$meta])* Call::$variant(call) => call.now(part, fleet, now).map(Observed::$variant),)* }
        }

        /// See [`InFleet::belongs_to`].
        pub(super) fn belongs_to(call: &Call, part: usize, fleet: &Fleet) -> Option<Arc<str>> {
            match call { $($(#[$meta])* Call::$variant(call) => call.belongs_to(part, fleet),)* }
        }

        /// See [`InFleet::QUESTIONS`].
        pub(super) fn questions(call: &Call) -> &'static [Question] {
            fn of<F: InFleet>(_: &F) -> &'static [Question] {
                F::QUESTIONS
            }
            match call { $($(#[$meta])* Call::$variant(call) => of(call),)* }
        }
    };
}

for_each_family!(dispatch);
