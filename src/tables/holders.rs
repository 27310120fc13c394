//! What rows over several registries have in common: which registries, how fresh, what they refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::noun::{Age, Context};
use super::scope::Scope;
use super::spread::{Head, heads};
use super::{fresh, idc_title};
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::registry::{Question, Registry, RegistryKind};
use crate::model::text::{Text, clean};

/// Of rows that come from nowhere.
pub(super) const NO_AGE: Age = Age { seconds: None, stale: false };

/// The Harbors: projects, members, robots and quotas are theirs alone.
pub(super) fn harbors(fleet: &Fleet) -> Vec<Head> {
    heads(fleet, |at| fleet.registries[at].spec.kind == RegistryKind::Harbor)
}

/// Every registry.
pub(super) fn all(fleet: &Fleet) -> Vec<Head> {
    heads(fleet, |_| true)
}

/// An object with a value a registry.
pub(super) fn by_registry(heads: &[Head], told: &dyn Fn(usize) -> Value) -> Value {
    Value::Object(heads.iter().map(|head| (head.name.to_string(), told(head.registry))).collect())
}

/// A moment of a registry's clock by ours.
pub(super) fn here(fleet: &Fleet, registry: usize, theirs: Stamp) -> Stamp {
    fleet.registries.get(registry).map_or(theirs, |registry| registry.holdings.here(theirs))
}

pub(super) fn name(fleet: &Fleet, registry: usize) -> &str {
    fleet.registries.get(registry).map_or("", |r| &r.spec.name)
}

/// What people call a registry: its IDC, or its own name where the IDC has several.
pub(super) fn title(fleet: &Fleet, registry: usize) -> String {
    let Some(this) = fleet.registries.get(registry) else { return "?".to_owned() };
    let alone = fleet.registries.iter().filter(|r| r.spec.idc == this.spec.idc && r.spec.kind == this.spec.kind).count() == 1;
    if alone { idc_title(fleet, &this.spec.idc) } else { clean(&this.spec.name) }.into_owned()
}

/// Whether a registry lies in a scope of IDC and registry.
pub(super) fn is_in(fleet: &Fleet, registry: usize, scope: &Scope) -> bool {
    let Some(registry) = fleet.registries.get(registry) else { return false };
    scope.idc.as_ref().is_none_or(|idc| *idc == registry.spec.idc) && scope.registry.as_ref().is_none_or(|name| *name == registry.spec.name)
}

fn those(fleet: &Fleet, registries: impl Iterator<Item = usize>) -> impl Iterator<Item = &Arc<Registry>> {
    registries.filter_map(|at| fleet.registries.get(at))
}

/// The oldest of them; stale where one is.
pub(super) fn age(cx: &Context<'_>, registries: impl Iterator<Item = usize>) -> Age {
    let ages = those(cx.fleet, registries).map(|r| fresh::age(&r.freshness, cx.now));
    let oldest = ages.reduce(|a, b| Age {
        seconds: match (a.seconds, b.seconds) {
            (Some(a), Some(b)) => Some(a.max(b)),
            _ => None,
        },
        stale: a.stale || b.stale,
    });
    oldest.unwrap_or(NO_AGE)
}

/// Since when and why, where none of them answers any more; one that does not says so over its own column.
pub(super) fn staleness(fleet: &Fleet, registries: impl Iterator<Item = usize>) -> Option<(Option<Stamp>, Text)> {
    let all: Option<Vec<_>> = those(fleet, registries).map(|r| fresh::staleness(&r.freshness)).collect();
    all?.into_iter().min_by_key(|(since, _)| *since)
}

/// Every fault and every refusal behind a row, a registry at a time. The questions are those that the row is made of.
pub(super) fn causes(fleet: &Fleet, heads: &[Head], project: Option<&str>, questions: &[Question]) -> Vec<(Arc<Fault>, Option<Stamp>)> {
    let mut causes = Vec::new();
    for registry in those(fleet, heads.iter().map(|head| head.registry)) {
        if let Some(fault) = &registry.freshness.fault {
            causes.push((Arc::clone(fault), registry.freshness.fault_since));
        }
        let mut denied: BTreeMap<Question, &Arc<Fault>> = registry.holdings.denied.iter().map(|(q, fault)| (*q, fault)).collect();
        if let Some(project) = project.and_then(|name| registry.holdings.project(name)) {
            denied.extend(project.denied.iter().map(|(q, fault)| (*q, fault)));
        }
        for (question, fault) in denied.into_iter().filter(|(question, _)| questions.contains(question)) {
            let what = question.words();
            let cause = Text::made(format!("{}: {}", what.en, fault.cause.en), format!("{}：{}", what.zh, fault.cause.zh));
            causes.push((Arc::new(Fault { cause, ..Fault::clone(fault) }), None));
        }
    }
    causes
}
