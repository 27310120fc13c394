//! What is going to be done: a Plan of Steps, each with its intent before and its outcome after.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::call::{Call, Observed, Target};
use super::clock::Stamp;
use super::cost::Money;
use super::fault::Fault;
use super::text::Text;

/// One decided step. Its place in [`Plan::steps`] is its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    #[serde(flatten)]
    pub act: StepAct,
    /// Steps of one group run together, groups run one after another.
    pub group: u32,
    /// About how long it takes.
    pub seconds: u32,
    /// What must still be so when its turn comes; what is `None` in it does not matter. Else the call is not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Observed>,
}

/// What a step does when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAct {
    Call(Call),
    /// Waits until a person has said yes or no.
    Gate(Gate),
    /// Waits until something is so.
    Wait(Wait),
}

/// A question that a person answers before the run goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub question: Text,
}

/// Something that must come true before the run goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// In the words of `wharf until`: `host yf-1 up`.
    pub condition: String,
    /// Seconds after which the step fails, counted from its beginning.
    pub within_s: u32,
}

impl Step {
    /// A call in a group, as long as the call says.
    #[must_use]
    pub fn new(call: impl Into<Call>, group: u32) -> Self {
        let call = call.into();
        Self { seconds: call.seconds(), act: StepAct::Call(call), group, only_if: None }
    }

    /// The same, made only while this still holds.
    #[must_use]
    pub fn only_if(mut self, wanted: Option<Observed>) -> Self {
        self.only_if = wanted;
        self
    }

    #[must_use]
    pub fn gate(question: Text, group: u32) -> Self {
        Self { act: StepAct::Gate(Gate { question }), group, seconds: 0, only_if: None }
    }

    #[must_use]
    pub fn wait(condition: impl Into<String>, within_s: u32, group: u32) -> Self {
        Self { act: StepAct::Wait(Wait { condition: condition.into(), within_s }), group, seconds: 0, only_if: None }
    }

    /// The remote act, where it is one.
    #[must_use]
    pub fn call(&self) -> Option<&Call> {
        match &self.act {
            StepAct::Call(call) => Some(call),
            StepAct::Gate(_) | StepAct::Wait(_) => None,
        }
    }

    /// What its call acts on; empty for a step without a call.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        self.call().map(Call::targets).unwrap_or_default()
    }

    /// What it acts on, as people write it: `host/name`; for a step without a call what is waited for.
    #[must_use]
    pub fn target(&self) -> String {
        match &self.act {
            StepAct::Call(call) => call.target(),
            StepAct::Gate(_) => "gate".to_owned(),
            StepAct::Wait(wait) => wait.condition.clone(),
        }
    }

    /// The exact request, as the plan shows it; for a step without a call what it waits for.
    #[must_use]
    pub fn shown(&self) -> String {
        match &self.act {
            StepAct::Call(call) => call.shown(),
            StepAct::Gate(gate) => format!("wait for a person: {}", gate.question.en),
            StepAct::Wait(wait) => format!("wait up to {} s", wait.within_s),
        }
    }

    /// True where it waits for a person or for something to come true.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.call().is_none()
    }
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
    /// A plan without steps, to be filled in.
    #[must_use]
    pub fn empty(operation: impl Into<String>, title: Text) -> Self {
        Self {
            operation: operation.into(),
            arguments: serde_json::Value::Null,
            title,
            revision: 0,
            steps: Vec::new(),
            skipped: Vec::new(),
            undecided: Vec::new(),
            cost_delta: Vec::new(),
            danger: Danger::default(),
            undoes: None,
        }
    }

    /// Equal in what it would do to the world; figures, revisions and words do not count.
    #[must_use]
    pub fn same_effects(&self, other: &Plan) -> bool {
        self.operation == other.operation
            && self.steps.len() == other.steps.len()
            && self.steps.iter().zip(&other.steps).all(|(a, b)| a.act == b.act && a.group == b.group && a.only_if == b.only_if)
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

/// Written before the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub run: RunId,
    pub step: u32,
    pub at: Stamp,
    pub call: Call,
    #[serde(alias = "before")]
    pub observed: Observed,
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

impl Ending {
    /// The target is as the step wanted it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Done | Self::Already | Self::FoundDone)
    }

    /// The step changed its target.
    #[must_use]
    pub fn took_effect(&self) -> bool {
        matches!(self, Self::Done | Self::FoundDone)
    }

    /// It failed, or nobody can say.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Unknown(_) | Self::FoundNotDone)
    }
}

/// Written after the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub run: RunId,
    pub step: u32,
    pub at: Stamp,
    pub ending: Ending,
}
