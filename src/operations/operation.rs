//! What a verb is: arguments that plan themselves against a Fleet.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::families;
use crate::model::clock::Stamp;
use crate::model::endpoint::EndpointKind;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::plan::Plan;
use crate::model::registry::Question;
use crate::model::run::Run;
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

    /// What has to have answered before the plan is decided: exactly that is asked.
    fn needs(&self) -> Needs {
        Needs::hosts(None)
    }
}

/// What has to have answered before a plan is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub hosts: Names,
    pub registries: Names,
    /// What those registries have to have told.
    pub questions: Vec<Question>,
    pub clouds: Names,
    /// The run that decides the plan, as people call it: the journal has to be read first, and then the endpoints of
    /// its calls.
    pub run: Option<String>,
}

/// Which of the endpoints of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Names {
    #[default]
    None,
    All,
    These(BTreeSet<Arc<str>>),
}

impl Names {
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(names) => names.contains(name),
        }
    }

    fn add(&mut self, name: &Arc<str>) {
        match self {
            Self::All => {}
            Self::None => *self = Self::These(BTreeSet::from([Arc::clone(name)])),
            Self::These(names) => {
                names.insert(Arc::clone(name));
            }
        }
    }
}

impl Needs {
    /// These hosts; all, where not every target names its own.
    #[must_use]
    pub fn hosts(names: Option<BTreeSet<Arc<str>>>) -> Self {
        Self { hosts: names.map_or(Names::All, Names::These), ..Self::default() }
    }

    /// These registries, asked this; all, where not every target names its own.
    #[must_use]
    pub fn registries(names: Option<BTreeSet<Arc<str>>>, questions: &[Question]) -> Self {
        Self { registries: names.map_or(Names::All, Names::These), questions: questions.to_vec(), ..Self::default() }
    }

    /// A run, and then the endpoints of its calls.
    #[must_use]
    pub fn run(word: &str) -> Self {
        Self { run: Some(word.to_owned()), ..Self::default() }
    }

    /// The kinds of endpoints that are asked; empty: all, since only a run that is not read yet says which.
    #[must_use]
    pub fn kinds(&self) -> Vec<EndpointKind> {
        let mut kinds = Vec::new();
        if self.hosts != Names::None {
            kinds.push(EndpointKind::Docker);
        }
        if self.registries != Names::None {
            kinds.extend([EndpointKind::Harbor, EndpointKind::Oci]);
        }
        if self.clouds != Names::None {
            kinds.push(EndpointKind::Cloud);
        }
        kinds
    }

    /// What the calls of a run need so that their targets can be looked at.
    #[must_use]
    pub fn of_run(run: &Run) -> Self {
        let mut needs = Self::default();
        for call in run.steps.iter().filter_map(|step| step.step.call()) {
            for endpoint in call.endpoints() {
                match endpoint.kind {
                    EndpointKind::Docker => needs.hosts.add(&endpoint.name),
                    EndpointKind::Harbor | EndpointKind::Oci => needs.registries.add(&endpoint.name),
                    EndpointKind::Cloud => needs.clouds.add(&endpoint.name),
                    EndpointKind::Dragonfly | EndpointKind::Journal => {}
                }
            }
            for question in families::questions(call) {
                if !needs.questions.contains(question) {
                    needs.questions.push(*question);
                }
            }
        }
        needs
    }
}
