//! What the tables over registries share: rows by registry, and the names of registries, places and severities.

use std::sync::Arc;

use super::idc_title;
use super::noun::{Context, Mark, RowId, Tone};
use super::scope::Scope;
use crate::model::fleet::Fleet;
use crate::model::registry::{Holdings, Registry, RegistryKind};
use crate::model::replication::{Edge, Place};
use crate::model::run::Severity;
use crate::model::text::clean;

/// Rows of all registries in a scope: `a` is the registry, `b` the place in the list that `count` measures.
pub(super) fn rows(fleet: &Fleet, scope: &Scope, count: impl Fn(&Holdings) -> usize) -> Vec<RowId> {
    let all = fleet.registries.iter().zip(0u32..).filter(|(registry, _)| holds(scope, registry));
    all.flat_map(|(registry, a)| (0u32..).take(count(&registry.holdings)).map(move |b| RowId { a, b, ..RowId::default() })).collect()
}

pub(super) fn holds(scope: &Scope, registry: &Registry) -> bool {
    scope.idc.as_ref().is_none_or(|idc| *idc == registry.spec.idc) && scope.registry.as_ref().is_none_or(|name| *name == registry.spec.name)
}

pub(super) fn at(fleet: &Fleet, row: RowId) -> Option<&Arc<Registry>> {
    fleet.registries.get(row.a as usize)
}

/// What people call a registry: its IDC, or its own name where another Harbor is there too.
pub(super) fn title(fleet: &Fleet, name: &str) -> String {
    let Some(registry) = fleet.registry(name) else { return clean(name).into_owned() };
    let is_other = |other: &&Arc<Registry>| other.spec.idc == registry.spec.idc && other.spec.kind == RegistryKind::Harbor;
    if fleet.registries.iter().filter(is_other).count() > 1 {
        return clean(name).into_owned();
    }
    idc_title(fleet, &registry.spec.idc).into_owned()
}

/// A place of the topology: a registry's title, or the address without its scheme.
pub(super) fn place_title(fleet: &Fleet, place: &Place) -> String {
    match place {
        Place::Registry(name) => title(fleet, name),
        Place::Outside(url) => {
            let rest = url.split_once("://").map_or(&**url, |(_, rest)| rest);
            clean(rest.trim_end_matches('/')).into_owned()
        }
    }
}

/// `永丰 → 土城`.
pub(super) fn way(fleet: &Fleet, edge: &Edge) -> String {
    format!("{} → {}", place_title(fleet, &edge.from), place_title(fleet, &edge.to))
}

/// For scripts: the registry's name, or the address.
pub(super) fn place_name(place: &Place) -> &str {
    match place {
        Place::Registry(name) | Place::Outside(name) => name,
    }
}

pub(super) fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Good => Tone::Good,
        Severity::Changing => Tone::Changing,
        Severity::Unknown => Tone::Unknown,
        Severity::Warn => Tone::Warn,
        Severity::Bad => Tone::Bad,
    }
}

/// A mark that does not outlive what it was made from: what a registry said before it fell silent is not known any more.
pub(super) fn mark(cx: &Context<'_>, registry: &str, mark: Mark) -> Mark {
    let is_stale = cx.fleet.registry(registry).is_none_or(|registry| registry.freshness.is_stale());
    if is_stale && mark != Mark::None { Mark::Unknown } else { mark }
}

/// The words of a row that a plain filter looks in.
pub(super) fn push(out: &mut String, words: &[&str]) {
    for word in words {
        out.push_str(word);
        out.push(' ');
    }
}
