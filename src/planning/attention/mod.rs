//! What needs a person: many of one cause are one line, the gravest first.

mod containers;
mod hosts;
mod registries;
mod replication;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::clock::Stamp;
use crate::model::derived::{Attention, AttentionTarget};
use crate::model::fleet::Fleet;
use crate::model::plan::RunId;
use crate::model::replication::Topology;
use crate::model::run::{RunState, Severity};
use crate::model::text::Text;

use containers::Failing;
use hosts::Away;

/// A container that ended badly longer ago than this is history, not trouble (milliseconds).
pub const RECENT_MS: u64 = 3_600_000;

/// How far an engine's rough "5 minutes ago" may lie before the call that caused it (milliseconds).
const ROUGH_MS: i64 = 120_000;

/// Names that a line gives before it only counts.
const NAMED: usize = 3;

/// What is wrong, kept host by host so that one change looks at one host.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    /// Hosts that have any, by index.
    hosts: BTreeMap<usize, Trouble>,
    /// Containers that somebody of ours stopped, and when that run began: their exit is what was asked for.
    asked: BTreeMap<Arc<str>, Stamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Trouble {
    failing: Vec<Failing>,
    /// The host itself does not answer.
    away: Option<Away>,
    /// The fault in words, so that a changed cause is noticed.
    fault: Option<Arc<crate::model::fault::Fault>>,
}

impl Troubles {
    #[must_use]
    pub fn of(fleet: &Fleet, now: Stamp) -> Self {
        let mut troubles = Self::default();
        for index in 0..fleet.hosts.len() {
            troubles.change(fleet, index, now);
        }
        troubles.change_runs(fleet);
        troubles
    }

    /// Takes up what changed on one host. True when the list may read differently now.
    pub fn change(&mut self, fleet: &Fleet, index: usize, now: Stamp) -> bool {
        let Some(host) = fleet.hosts.get(index) else { return self.hosts.remove(&index).is_some() };
        let trouble =
            Trouble { failing: containers::failing(host, now), away: hosts::away(host, now), fault: host.freshness.fault.clone() };
        if trouble == Trouble::default() {
            return self.hosts.remove(&index).is_some();
        }
        self.hosts.insert(index, trouble.clone()) != Some(trouble)
    }

    /// Takes up what changed in the runs.
    pub fn change_runs(&mut self, fleet: &Fleet) {
        self.asked.clear();
        // Older runs stopped nothing whose end is recent; measured against the newest run, so that time alone changes nothing.
        let newest = fleet.runs.iter().map(|t| t.started).max().unwrap_or_default();
        for task in fleet.runs.iter().filter(|t| newest.since(t.started) < 2 * RECENT_MS) {
            for call in task.steps.iter().filter_map(|step| step.step.call()).filter(|call| call.stops_targets()) {
                for target in call.targets() {
                    self.asked.insert(target.key, task.started);
                }
            }
        }
    }

    /// Hosts with a failure that is too old now to be trouble.
    #[must_use]
    pub fn outdated(&self, now: Stamp) -> Vec<usize> {
        let is_old = |f: &Failing| f.until().is_some_and(|until| until <= now);
        self.hosts.iter().filter(|(_, t)| t.failing.iter().any(is_old)).map(|(index, _)| *index).collect()
    }

    /// The lines: by severity, then the newest first.
    #[must_use]
    pub fn list(&self, fleet: &Fleet, topology: &Topology, now: Stamp) -> Vec<Attention> {
        let mut lines = hosts::lines(fleet, self.hosts.iter().filter_map(|(index, t)| t.away.map(|how| (*index, how))));
        let failing = self.hosts.iter().flat_map(|(index, t)| t.failing.iter().map(|f| (&fleet.hosts[*index], f)));
        lines.extend(containers::lines(failing.filter(|(host, f)| !self.was_asked(host.name(), f))));
        lines.extend(registries::lines(fleet, now));
        lines.extend(replication::lines(fleet, topology));
        lines.extend(runs(fleet));
        lines.extend(config(fleet));
        lines.sort_by(|a, b| b.severity.cmp(&a.severity).then(b.since.cmp(&a.since)).then_with(|| a.text.en.cmp(&b.text.en)));
        lines
    }

    fn was_asked(&self, host: &Arc<str>, failing: &Failing) -> bool {
        if !failing.is_exit() || self.asked.is_empty() {
            return false;
        }
        let began = self.asked.get(&*format!("{host}/{}", failing.id));
        began.zip(failing.since).is_some_and(|(began, ended)| ended.plus_millis(ROUGH_MS) >= *began)
    }
}

/// When the list will read otherwise by time alone, beside what [`Troubles::outdated`] tells.
#[must_use]
pub fn until(fleet: &Fleet, now: Stamp) -> Option<Stamp> {
    registries::until(fleet, now)
}

/// Endpoints that are failing now.
#[must_use]
pub fn faults(fleet: &Fleet) -> u32 {
    let hosts = fleet.hosts.iter().filter(|h| h.freshness.fault.is_some()).count();
    let registries = fleet.registries.iter().filter(|r| r.freshness.fault.is_some()).count();
    u32::try_from(hosts + registries).unwrap_or(u32::MAX)
}

fn runs(fleet: &Fleet) -> impl Iterator<Item = Attention> {
    fleet.runs.iter().filter(|t| t.state == RunState::Abandoned).map(|task| {
        let (ended, all) = task.progress();
        let open = all - ended;
        let id = short(&task.id);
        Attention {
            severity: Severity::Warn,
            idc: None,
            text: Text::made(
                format!("run {id} ({}): its console is gone, {open} of {all} steps open; go on or leave it", task.title.en),
                format!("运行 {id}（{}）：发起它的控制台已不在，{all} 步中还有 {open} 步未完；可继续或放弃", task.title.zh),
            ),
            since: Some(task.started),
            about: AttentionTarget::Run { id: task.id.clone() },
        }
    })
}

fn config(fleet: &Fleet) -> Option<Attention> {
    let fault = fleet.config_fault.as_ref()?;
    Some(Attention {
        severity: Severity::Warn,
        idc: None,
        text: Text::made(
            format!("the config cannot be read, the one before it stays in force: {}: {}", fault.endpoint, fault.cause.en),
            format!("配置读不通，仍用上一份：{}：{}", fault.endpoint, fault.cause.zh),
        ),
        since: None,
        about: AttentionTarget::Config,
    })
}

/// The part of a run's id that people say aloud.
fn short(id: &RunId) -> &str {
    id.0.len().checked_sub(8).and_then(|from| id.0.get(from..)).unwrap_or(&id.0)
}

/// A few names and how many more there are: `a, b, c and 21 more`.
fn names(all: &[Arc<str>]) -> Text {
    let few = &all[..all.len().min(NAMED)];
    let more = all.len() - few.len();
    let (en, zh) = (few.join(", "), few.join("、"));
    if more == 0 { Text::made(en, zh) } else { Text::made(format!("{en} and {more} more"), format!("{zh} 等 {} 个", all.len())) }
}

#[cfg(test)]
mod tests;
