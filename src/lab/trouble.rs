//! What can be wrong with an endpoint of the lab: rules set by the world file or at run time, for ever or for N requests.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::wire::Gate;

/// One way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The connection is reset: at once, or when the request has been read.
    Refuse,
    /// Accepts and never says a word; streams under way fall silent.
    Drop,
    /// Answers this many milliseconds late.
    Delay(u64),
    /// Answers with this status and a body that is no JSON.
    Status(u16),
    /// A proxy's HTML page with status 200 where JSON was expected.
    Garbage,
    /// Half of the answer's body, then the connection is gone.
    Cut,
    /// One JSON line that never ends.
    EndlessLine,
    /// The twin speaks no newer API than this; protocols without versions ignore it.
    OldApi(String),
}

/// A [`Trouble`] with its bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub trouble: Trouble,
    /// Only for paths that begin so, with or without the API version before it.
    #[serde(default)]
    pub path: Option<String>,
    /// Only for so many requests from now on.
    #[serde(default)]
    pub requests: Option<u32>,
}

impl Rule {
    /// For every request, until healed.
    pub fn always(trouble: Trouble) -> Self {
        Self { trouble, path: None, requests: None }
    }

    /// Only where the path begins so.
    #[must_use]
    pub fn on(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Only for so many requests.
    #[must_use]
    pub fn times(mut self, requests: u32) -> Self {
        self.requests = Some(requests);
        self
    }

    /// Concerns whole connections, not single requests.
    fn is_of_the_line(&self) -> bool {
        self.path.is_none() && self.requests.is_none() && matches!(self.trouble, Trouble::Refuse | Trouble::Drop)
    }

    fn is_spent(&self) -> bool {
        self.requests == Some(0)
    }
}

/// How an endpoint treats its connections just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LinkState {
    #[default]
    Open,
    /// Nothing is read or written.
    Silent,
    /// Reset.
    Shut,
}

/// The rules of one endpoint.
#[derive(Debug)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
    gate: Arc<Gate>,
}

impl Faults {
    pub fn new(rules: Vec<Rule>) -> Self {
        let gate = Arc::new(Gate::default());
        gate.set(line_of(&rules));
        Self { rules: Mutex::new(rules), gate }
    }

    /// Adds a rule; it stands beside those already there.
    pub fn add(&self, rule: Rule) {
        self.change(|rules| rules.push(rule));
    }

    /// Everything is well again.
    pub fn heal(&self) {
        self.change(Vec::clear);
    }

    /// What stands in the way of every connection's bytes.
    pub(super) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// What is to happen to a request for this path; counted rules are used up by it.
    pub fn meet(&self, path: &str) -> Vec<Trouble> {
        let mut rules = lock(&self.rules);
        if rules.is_empty() {
            return Vec::new();
        }
        let mut met = Vec::new();
        for rule in rules.iter_mut().filter(|rule| !rule.is_of_the_line()) {
            let here = rule.path.as_deref().is_none_or(|prefix| path.starts_with(prefix) || without_version(path).starts_with(prefix));
            if here && !rule.is_spent() {
                met.push(rule.trouble.clone());
                rule.requests = rule.requests.map(|left| left - 1);
            }
        }
        rules.retain(|rule| !rule.is_spent());
        met
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Rule>)) {
        let mut rules = lock(&self.rules);
        change(&mut rules);
        self.gate.set(line_of(&rules));
    }
}

/// The path after a leading `/v1.41`, the whole path where there is none.
pub fn without_version(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/v") else { return path };
    let end = rest.find('/').unwrap_or(rest.len());
    if end > 0 && rest[..end].bytes().all(|b| b.is_ascii_digit() || b == b'.') { &rest[end..] } else { path }
}

/// A lock whose holder panicked is taken over: the far end goes on.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn line_of(rules: &[Rule]) -> LinkState {
    let mut line = LinkState::Open;
    for rule in rules.iter().filter(|rule| rule.is_of_the_line()) {
        match rule.trouble {
            Trouble::Refuse => return LinkState::Shut,
            _ => line = LinkState::Silent,
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_rules_are_used_up_and_paths_are_met_with_and_without_version() {
        let faults = Faults::new(vec![Rule::always(Trouble::Status(503)).on("/containers").times(2)]);
        assert!(faults.meet("/v1.41/info").is_empty());
        assert_eq!(faults.meet("/v1.41/containers/json"), [Trouble::Status(503)]);
        assert_eq!(faults.meet("/containers/json"), [Trouble::Status(503)]);
        assert!(faults.meet("/containers/json").is_empty());
    }

    #[test]
    fn the_line_follows_the_rules() {
        let faults = Faults::new(Vec::new());
        assert_eq!(faults.gate().line(), LinkState::Open);
        faults.add(Rule::always(Trouble::Drop));
        assert_eq!(faults.gate().line(), LinkState::Silent);
        faults.add(Rule::always(Trouble::Refuse));
        assert_eq!(faults.gate().line(), LinkState::Shut);
        faults.heal();
        assert_eq!(faults.gate().line(), LinkState::Open);
    }

    #[test]
    fn only_a_version_is_taken_off() {
        assert_eq!(without_version("/v1.41/info"), "/info");
        assert_eq!(without_version("/volumes"), "/volumes");
        assert_eq!(without_version("/v2/x"), "/x");
        assert_eq!(without_version("/v1.41"), "");
    }

    #[test]
    fn rules_are_read_from_toml() {
        let rule: Rule = toml::from_str("trouble = { delay = 3000 }\npath = \"/info\"").expect("toml");
        assert_eq!(rule, Rule::always(Trouble::Delay(3000)).on("/info"));
        assert!(toml::from_str::<Rule>("trouble = \"drop\"\npth = \"/x\"").is_err());
    }
}
