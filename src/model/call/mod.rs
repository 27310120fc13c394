//! FAMILIES OF ACTS: one remote act as data, one file a family. The shape that every family fills in is told here.
//!
//! A family is a kind of act on one kind of far end: the verbs of containers, grants in a Harbor, answers in our own
//! record. A [`Call`] is one act of one family. It says by itself which [`Target`]s it is for, which requests it sends,
//! whether it can be undone and how, and how long it takes. Nothing here does anything: what a target is like before,
//! the requests themselves and the verdict afterwards are in `engine/steps/F.rs`; what the Fleet says of a target, for
//! plans, is in `operations/families/F.rs`.
//!
//! **Parts.** A call may have several targets, on several endpoints. Part `n` of a call is what it does to target `n`:
//! endings, counts, retry of what failed and undo go by part. A call with one target has one part.
//!
//! **A new family**: `model/call/F.rs` (its type and [`Family`]) and one line in `for_each_family!` below; then
//! `engine/steps/F.rs`, `operations/families/F.rs`, its rows in the gate, its client. Executor, reconciler, undo,
//! danger, attention and the faces know a call only through [`Call`] and [`Target`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::endpoint::EndpointId;
use super::text::Text;

/// One line a family: its file's name and its variant. `$then!` is called with the list, here and in the engine.
macro_rules! for_each_family {
    ($then:ident) => {
        $then! {
            container::Container(ContainerCall),
        }
    };
}

pub(crate) use for_each_family;

macro_rules! families {
    ($($(#[$meta:meta])* $file:ident::$variant:ident($call:ident)),* $(,)?) => {
        $($(#[$meta])* pub mod $file;)*

        /// One remote act as data. Each family is a power over the world; adding one is deliberate.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Call { $($(#[$meta])* $variant($file::$call),)* }

        /// What a call's targets were like just before it, tagged by family.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case", from = "written::Written")]
        pub enum Observed { $($(#[$meta])* $variant(<$file::$call as Family>::Observed),)* }

        impl Call {
            /// The family's name: `container`.
            #[must_use]
            pub fn family(&self) -> &'static str {
                match self { $($(#[$meta])* Self::$variant(_) => $file::$call::NAME,)* }
            }

            /// What it acts on; never empty. Part `n` of the call is what it does to target `n`.
            #[must_use]
            pub fn targets(&self) -> Vec<Target> {
                match self { $($(#[$meta])* Self::$variant(call) => call.targets(),)* }
            }

            /// The exact requests, as the plan shows them.
            #[must_use]
            pub fn requests(&self) -> Vec<String> {
                match self { $($(#[$meta])* Self::$variant(call) => call.requests(),)* }
            }

            #[must_use]
            pub fn reversibility(&self) -> Reversibility {
                match self { $($(#[$meta])* Self::$variant(call) => call.reversibility(),)* }
            }

            /// How long the far end may still be at work on it when its answer never came.
            #[must_use]
            pub fn settles_within(&self) -> Duration {
                match self { $($(#[$meta])* Self::$variant(call) => call.settles_within(),)* }
            }

            /// About how long it takes.
            #[must_use]
            pub fn seconds(&self) -> u32 {
                match self { $($(#[$meta])* Self::$variant(call) => call.seconds(),)* }
            }

            /// True where its targets are expected to stop by it: their end is then no trouble.
            #[must_use]
            pub fn stops_targets(&self) -> bool {
                match self { $($(#[$meta])* Self::$variant(call) => call.stops_targets(),)* }
            }

            /// Locks that its run holds from its beginning to its end.
            #[must_use]
            pub fn locks(&self) -> Vec<Arc<str>> {
                match self { $($(#[$meta])* Self::$variant(call) => call.locks(),)* }
            }

            /// The same act for these of its parts only.
            #[must_use]
            pub fn only(&self, parts: &[usize]) -> Self {
                match self { $($(#[$meta])* Self::$variant(call) => Self::$variant(call.only(parts)),)* }
            }

            /// The call with what earlier steps made filled in.
            ///
            /// # Errors
            /// The output that has not been made.
            pub fn resolve(&self, made: &dyn Fn(&OutputRef) -> Option<Output>) -> Result<Self, OutputRef> {
                match self { $($(#[$meta])* Self::$variant(call) => call.resolve(made).map(Self::$variant),)* }
            }

            /// What takes one part back, by what was observed before it.
            ///
            /// # Errors
            /// Why it cannot be taken back.
            pub fn inverse(&self, part: usize, before: &Observed) -> Result<Inverse, Text> {
                match (self, before) {
                    $($(#[$meta])* (Self::$variant(call), Observed::$variant(before)) => {
                        let (call, only_if) = call.inverse(part, before)?;
                        Ok(Inverse { call: Self::$variant(call), only_if: only_if.map(Observed::$variant) })
                    })*
                    #[allow(unreachable_patterns, reason = "reached as soon as there are two families")]
                    _ => Err(foreign()),
                }
            }

            /// Whether one part's target is now as the call left it.
            ///
            /// # Errors
            /// What it is instead.
            pub fn is_as_left(&self, part: usize, now: &Observed) -> Result<(), Text> {
                match (self, now) {
                    $($(#[$meta])* (Self::$variant(call), Observed::$variant(now)) => call.is_as_left(part, now),)*
                    #[allow(unreachable_patterns, reason = "reached as soon as there are two families")]
                    _ => Err(foreign()),
                }
            }
        }

        impl Observed {
            /// Whether what is said here is also said there.
            #[must_use]
            pub fn still_holds(&self, now: &Self) -> bool {
                match (self, now) {
                    $($(#[$meta])* (Self::$variant(wanted), Self::$variant(now)) => $file::$call::still_holds(wanted, now),)*
                    #[allow(unreachable_patterns, reason = "reached as soon as there are two families")]
                    _ => false,
                }
            }
        }

        mod written {
            //! How an [`Observed`] is read: tagged by family, or as journals before families wrote it.

            use serde::Deserialize;

            use super::{Family, Observed};

            #[derive(Deserialize)]
            #[serde(rename_all = "snake_case")]
            pub(super) enum Tagged { $($(#[$meta])* $variant(<super::$file::$call as Family>::Observed),)* }

            /// Before there were families everything observed was a container.
            #[derive(Deserialize)]
            #[serde(untagged)]
            pub(super) enum Written {
                Tagged(Tagged),
                Bare(super::container::ContainerObserved),
            }

            impl From<Written> for Observed {
                fn from(written: Written) -> Self {
                    match written {
                        $($(#[$meta])* Written::Tagged(Tagged::$variant(observed)) => Self::$variant(observed),)*
                        Written::Bare(observed) => Self::Container(observed),
                    }
                }
            }
        }

        $($(#[$meta])* impl From<<$file::$call as Family>::Observed> for Observed {
            fn from(observed: <$file::$call as Family>::Observed) -> Self {
                Self::$variant(observed)
            }
        })*

        $($(#[$meta])* impl From<$file::$call> for Call {
            fn from(call: $file::$call) -> Self {
                Self::$variant(call)
            }
        })*
    };
}

for_each_family!(families);

/// What every family says of its calls. Pure: no clock, no I/O.
pub trait Family: Sized + Clone {
    /// As the journal tags it: `container`.
    const NAME: &'static str;
    /// What its targets were like before a call, as far as a verdict or an undo needs it. Never a secret: it is journalled.
    type Observed: Clone + std::fmt::Debug + PartialEq + Eq + Serialize + for<'de> Deserialize<'de>;

    /// What it acts on; never empty. Part `n` of the call is what it does to target `n`.
    fn targets(&self) -> Vec<Target>;

    /// The exact requests, as the plan shows them.
    fn requests(&self) -> Vec<String>;

    fn reversibility(&self) -> Reversibility;

    /// How long the far end may still be at work on it when its answer never came: before this is over "it did not"
    /// is no verdict.
    fn settles_within(&self) -> Duration;

    /// About how long it takes.
    fn seconds(&self) -> u32;

    /// What takes one part back, and what must still be so when that is done.
    ///
    /// # Errors
    /// Why it cannot be taken back.
    fn inverse(&self, part: usize, before: &Self::Observed) -> Result<(Self, Option<Self::Observed>), Text>;

    /// Whether one part's target is now as the call left it.
    ///
    /// # Errors
    /// What it is instead.
    fn is_as_left(&self, part: usize, now: &Self::Observed) -> Result<(), Text>;

    /// Whether what is wanted still holds; what `wanted` does not say does not matter.
    fn still_holds(wanted: &Self::Observed, now: &Self::Observed) -> bool {
        wanted == now
    }

    /// True where its targets are expected to stop by it.
    fn stops_targets(&self) -> bool {
        false
    }

    /// Locks that its run holds from its beginning to its end, by name; two runs never hold one lock.
    fn locks(&self) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// The same act for these of its parts only. A call with one target is itself.
    #[must_use]
    fn only(&self, _parts: &[usize]) -> Self {
        self.clone()
    }

    /// The call with what earlier steps made filled in (see [`Input`]).
    ///
    /// # Errors
    /// The output that has not been made.
    fn resolve(&self, _made: &dyn Fn(&OutputRef) -> Option<Output>) -> Result<Self, OutputRef> {
        Ok(self.clone())
    }
}

/// One thing that a call acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where the request goes.
    pub endpoint: EndpointId,
    /// The noun in whose table it is a row: `containers`.
    pub noun: &'static str,
    /// Its row's key in that table.
    pub key: Arc<str>,
    /// As people write it: `host/name`.
    pub label: String,
    /// What a person types to confirm an act on it alone: its name, or its id where it has none. Never empty.
    pub name: Arc<str>,
}

/// What a call does that cannot be had back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversibility {
    Reversible,
    /// It makes something that is paid for by the hour.
    Paid,
    Destructive,
}

/// What takes a part of a call back, and what must still be so when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inverse {
    pub call: Call,
    pub only_if: Option<Observed>,
}

/// Something that a step made or found, for later steps and for people. Never a secret: it is journalled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    Id(Arc<str>),
    Address(Arc<str>),
    Number(i64),
    Text(Arc<str>),
    /// A file of this machine: a secret that was written there, say.
    File(Arc<str>),
}

/// The outputs of one step by their names.
pub type Outputs = BTreeMap<Arc<str>, Output>;

/// An output of an earlier step of the same run.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OutputRef {
    pub step: u32,
    pub output: Arc<str>,
}

/// A word in a call: known when it is planned, or what an earlier step will have made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    Known(Arc<str>),
    Of(OutputRef),
}

impl Input {
    /// The word itself.
    ///
    /// # Errors
    /// The output that has not been made.
    pub fn resolve(&self, made: &dyn Fn(&OutputRef) -> Option<Output>) -> Result<Self, OutputRef> {
        match self {
            Self::Known(word) => Ok(Self::Known(Arc::clone(word))),
            Self::Of(output) => made(output).map(|made| Self::Known(made.to_string().into())).ok_or_else(|| output.clone()),
        }
    }
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(word) => f.write_str(word),
            Self::Of(OutputRef { step, output }) => write!(f, "<{output} of step {}>", step + 1),
        }
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(word) | Self::Address(word) | Self::Text(word) | Self::File(word) => f.write_str(word),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl Call {
    /// Its targets as people write them: `host/name`, or the first of several and how many more.
    #[must_use]
    pub fn target(&self) -> String {
        let mut targets = self.targets();
        match targets.len() {
            0 => String::new(),
            1 => targets.swap_remove(0).label,
            several => format!("{} +{}", targets[0].label, several - 1),
        }
    }

    /// The exact requests in one line.
    #[must_use]
    pub fn shown(&self) -> String {
        self.requests().join("; ")
    }

    /// The endpoints it is sent to, each once, in the order of its parts.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointId> {
        let mut endpoints: Vec<EndpointId> = Vec::new();
        for target in self.targets() {
            if !endpoints.contains(&target.endpoint) {
                endpoints.push(target.endpoint);
            }
        }
        endpoints
    }
}

#[allow(dead_code, reason = "reached as soon as there are two families")]
fn foreign() -> Text {
    Text::new("what was observed is of another kind of act", "记录的状态属于另一类操作")
}
