//! What somebody waits for: a small language over what a Fleet says, read once and judged on each new Fleet.

mod grammar;
mod judge;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::fault::{Fault, FaultKind};
use super::fleet::Fleet;
use super::nearest::nearest;
use super::text::{Text, clean};

pub use grammar::forms;

/// Clauses that must all be so in one Fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    clauses: Vec<Clause>,
    words: String,
}

/// One thing that is so or not.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Clause {
    /// The run that this begins has ended with every step done.
    Run(Arc<str>),
    /// Every host, or every host of this IDC, answers.
    Hosts(Option<Arc<str>>),
    Host(Arc<str>),
    Registries,
    Registry(Arc<str>),
    Container {
        host: Arc<str>,
        name: Arc<str>,
        wanted: Wanted,
    },
    NoFaults,
}

/// What a container should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Running,
    Healthy,
    Stopped,
    Gone,
}

/// How it stands with a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Met,
    /// Not so yet, and what is missing.
    Waiting(Text),
    /// Not so, and nobody is at work on it: it may be taken up again within seconds, or never.
    Stuck(Short, Text),
    /// It has come to another end.
    Over(Short, Text),
}

/// What is told while somebody waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// Not so yet, and what is missing.
    Waiting(Text),
    /// It is over, and how it ended.
    Over(Text),
}

/// By how much a condition was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Short {
    /// Degraded or partly done.
    Partly,
    /// Failed, or there is nothing that could answer.
    Wholly,
}

impl Condition {
    /// Reads `host yf-web-01 up and no faults`.
    ///
    /// # Errors
    /// Usage: what may stand where something else stands.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let clauses = grammar::parse(text)?;
        Ok(Self { clauses, words: clean(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned() })
    }

    /// As it was written, washed.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Holds the names in it against what is declared. Containers and runs may yet come.
    ///
    /// # Errors
    /// Usage: a host, an IDC or a registry that is not declared, with the nearest name.
    pub fn check(&self, fleet: &Fleet) -> Result<(), Fault> {
        for clause in &self.clauses {
            match clause {
                Clause::Host(name) | Clause::Container { host: name, .. } if fleet.host(name).is_none() => {
                    return Err(undeclared(&Text::new("host", "主机"), name, fleet.hosts.iter().map(|h| &**h.name())));
                }
                Clause::Registry(name) if fleet.registry(name).is_none() => {
                    return Err(undeclared(&Text::new("registry", "仓库"), name, fleet.registries.iter().map(|r| &*r.spec.name)));
                }
                Clause::Hosts(Some(name)) if fleet.idc(name).is_none() => {
                    return Err(undeclared(&Text::new("IDC", "机房"), name, fleet.idcs.iter().map(|idc| &*idc.name)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn undeclared<'f>(what: &Text, name: &str, known: impl Iterator<Item = &'f str>) -> Fault {
    let near = nearest(name, known);
    let name = clean(name);
    let cause = Text::made(format!("no {} '{name}' is declared", what.en), format!("没有声明{}“{name}”", what.zh));
    let hint = match near {
        Some(near) => Text::made(format!("did you mean '{near}'?"), format!("是否想写“{near}”？")),
        None => Text::new("see the names: wharf get hosts, registries or idcs", "名称见 wharf get hosts、registries 或 idcs"),
    };
    Fault::new("--until", FaultKind::Usage, cause, hint)
}
