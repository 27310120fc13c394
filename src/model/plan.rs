//! What is going to be done: a Plan of Steps, each with its intent before and its outcome after.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock::Stamp;
use super::cost::Money;
use super::fault::Fault;
use super::host::ContainerId;
use super::text::Text;

/// What to do with one container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerVerb {
    Start,
    /// Seconds to wait before it is killed; `None` is the container's own.
    Stop {
        timeout_s: Option<u32>,
    },
    /// `SIGKILL`, `SIGHUP`, ..
    Kill {
        signal: Arc<str>,
    },
    Restart {
        timeout_s: Option<u32>,
    },
    Remove {
        force: bool,
        volumes: bool,
    },
}

/// One remote act as data. Each variant is a power over the world; adding one is deliberate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Container { host: Arc<str>, id: ContainerId, name: Arc<str>, verb: ContainerVerb },
}

impl Call {
    /// The row it acts on, as people write it: `host/name`.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Container { host, name, .. } => format!("{host}/{name}"),
        }
    }

    /// The exact request, as the plan shows it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Container { id, verb, .. } => {
                let id = id.short();
                match verb {
                    ContainerVerb::Start => format!("POST /containers/{id}/start"),
                    ContainerVerb::Stop { timeout_s } => format!("POST /containers/{id}/stop{}", query_t(*timeout_s)),
                    ContainerVerb::Kill { signal } => format!("POST /containers/{id}/kill?signal={signal}"),
                    ContainerVerb::Restart { timeout_s } => format!("POST /containers/{id}/restart{}", query_t(*timeout_s)),
                    ContainerVerb::Remove { force, volumes } => format!("DELETE /containers/{id}?force={force}&v={volumes}"),
                }
            }
        }
    }

    /// The endpoint it is sent to.
    #[must_use]
    pub fn endpoint(&self) -> super::endpoint::EndpointId {
        match self {
            Self::Container { host, .. } => super::endpoint::EndpointId::docker(Arc::clone(host)),
        }
    }
}

fn query_t(timeout_s: Option<u32>) -> String {
    timeout_s.map(|t| format!("?t={t}")).unwrap_or_default()
}

/// One decided step. Its place in [`Plan::steps`] is its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub call: Call,
    /// Steps of one group run together, groups run one after another.
    pub group: u32,
    /// About how long it takes.
    pub seconds: u32,
    /// What must still be so when its turn comes; what is `None` in it does not matter. Else the call is not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Before>,
}

/// A target that was asked for and gets no step, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    pub target: String,
    pub why: Text,
}

/// How much care a plan wants before it is run (promise 4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Danger {
    /// The environments it touches, `prod` first.
    pub environments: Vec<Arc<str>>,
    /// What a person must type to go on; `None`: choosing Run is enough.
    pub typed: Option<String>,
    /// It cannot be undone.
    pub destructive: bool,
}

/// An operation with its arguments, decided against one revision of the Fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// `restart-containers`.
    pub operation: String,
    /// The operation's arguments, from which the engine plans again before it runs.
    pub arguments: serde_json::Value,
    pub title: Text,
    pub revision: u64,
    pub steps: Vec<Step>,
    pub skipped: Vec<Skipped>,
    /// What could not be decided from what is known, with the reason.
    pub undecided: Vec<Skipped>,
    /// Change of the hourly cost, one amount a currency.
    pub cost_delta: Vec<Money>,
    pub danger: Danger,
    /// The run whose effects it takes back. A run is taken back by one other at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<RunId>,
}

impl Plan {
    /// Equal in what it would do to the world; figures, revisions and words do not count.
    #[must_use]
    pub fn same_effects(&self, other: &Plan) -> bool {
        self.operation == other.operation
            && self.steps.len() == other.steps.len()
            && self.steps.iter().zip(&other.steps).all(|(a, b)| a.call == b.call && a.group == b.group && a.only_if == b.only_if)
            && self.undoes == other.undoes
    }

    /// About how long it takes: the longest of each group, one group after another.
    #[must_use]
    pub fn seconds(&self) -> u32 {
        let mut total = 0u32;
        let mut group: Option<(u32, u32)> = None;
        for step in &self.steps {
            group = match group {
                Some((number, longest)) if number == step.group => Some((number, longest.max(step.seconds))),
                Some((_, longest)) => {
                    total = total.saturating_add(longest);
                    Some((step.group, step.seconds))
                }
                None => Some((step.group, step.seconds)),
            };
        }
        total.saturating_add(group.map_or(0, |(_, longest)| longest))
    }
}

/// Identity of a plan that is carried out: time-ordered, unique across consoles, short enough to say aloud.
/// 16 hexadecimal digits; people may write any unambiguous prefix of the last eight.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub Arc<str>);

impl RunId {
    /// True where people may mean it by this word.
    #[must_use]
    pub fn is_called(&self, word: &str) -> bool {
        !word.is_empty() && (self.0.starts_with(word) || self.0.get(8..).is_some_and(|tail| tail.starts_with(word)))
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the target was like just before the call, so that a later start can tell whether the call took effect
/// without trusting anybody's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    pub state: Option<String>,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    pub restarts: Option<i64>,
}

impl Before {
    /// Whether what is said here is also said there.
    #[must_use]
    pub fn still_holds(&self, now: &Self) -> bool {
        let same = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
        same(&self.state, &now.state)
            && same(&self.started_at, &now.started_at)
            && same(&self.finished_at, &now.finished_at)
            && (self.restarts.is_none() || self.restarts == now.restarts)
    }
}

/// Written before the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub run: RunId,
    pub step: u32,
    pub at: Stamp,
    pub call: Call,
    pub before: Before,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Done,
    /// The world was already so; nothing was sent.
    Already,
    Failed(Fault),
    /// Found out afterwards, by asking the target: it took effect.
    FoundDone,
    /// Found out afterwards: it did not take effect.
    FoundNotDone,
    /// Nobody can say yet: the call was sent and the target does not answer.
    Unknown(Fault),
    /// Cancelled before its call.
    Cancelled,
}

/// Written after the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub run: RunId,
    pub step: u32,
    pub at: Stamp,
    pub ending: Ending,
}
