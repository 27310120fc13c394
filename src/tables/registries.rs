//! Registries: where they are and whether they answer.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::idc_title;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Scope, Tone};
use super::table::Table;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::registry::{Question, Registry, RegistryKind};
use crate::model::text::Text;

/// A row is a registry's index.
#[derive(Debug)]
pub(super) struct Registries;

impl Table for Registries {
    const NAME: &'static str = "registries";
    const TITLE: Text = Text::new("Registries", "仓库");
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "REGISTRY", "仓库").width(8, 24),
        Column::words("idc", "IDC", "机房").width(4, 14),
        Column::words("kind", "KIND", "类型").width(6, 7).fades(2),
        Column::words("state", "STATE", "状态").width(7, 16),
        Column::words("url", "URL", "地址").width(12, 48).fades(1),
        Column::words("pull", "PULL", "拉取名").width(8, 40).wide(),
        Column::words("group", "MATCH", "对齐组").width(5, 16).wide(),
    ];

    const QUESTIONS: &'static [Question] = &[Question::Identity, Question::System, Question::Health];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let all = fleet.registries.iter().zip(0u32..).filter(|(r, _)| scope.idc.as_ref().is_none_or(|idc| *idc == r.spec.idc));
        all.map(|(_, a)| RowId { a, ..RowId::default() }).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |registry| Arc::clone(&registry.spec.name))
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        match at(cx.fleet, row).map(|r| state(&r.freshness)) {
            Some("healthy") => Mark::Good,
            Some("failing") => Mark::Bad,
            _ => Mark::Unknown,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(registry) = at(cx.fleet, row) else { return Fact::Unknown };
        let spec = &registry.spec;
        match key {
            "name" => Fact::Name(Cow::Borrowed(&spec.name)),
            "idc" => Fact::words(&spec.idc),
            "kind" => Fact::words(if spec.kind == RegistryKind::Harbor { "harbor" } else { "oci" }),
            "state" => Fact::words(state(&registry.freshness)),
            "url" => Fact::words(&spec.url),
            "pull" => Fact::words(&spec.pull),
            "group" => Fact::maybe(spec.group.as_deref()),
            _ => Fact::Unknown,
        }
    }

    fn dressed(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let registry = at(cx.fleet, row)?;
        match key {
            "idc" => Some(Cell::plain(idc_title(cx.fleet, &registry.spec.idc))),
            "state" => Some(match (&registry.freshness.fault, state(&registry.freshness)) {
                (Some(fault), _) => Cell::new(fault.kind.word().get(cx.lang), Tone::Bad),
                (None, "healthy") => Cell::new(either(cx.lang, "healthy", "正常"), Tone::Good),
                (None, "stale") => Cell::new(either(cx.lang, "stale", "过期"), Tone::Unknown),
                (None, _) => Cell::unknown(),
            }),
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(registry) = at(cx.fleet, row) {
            let spec = &registry.spec;
            for words in [&*spec.name, &spec.idc, &idc_title(cx.fleet, &spec.idc), &spec.url, &spec.pull, state(&registry.freshness)] {
                out.push_str(words);
                out.push(' ');
            }
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        at(fleet, row).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        at(cx.fleet, row).map(|r| vec![("registry", json!(r.spec.name)), ("aliases", json!(r.spec.aliases))]).unwrap_or_default()
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Scope { idc: at(fleet, row).map(|r| Arc::clone(&r.spec.idc)), ..Scope::default() }
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<&Arc<Registry>> {
    fleet.registries.get(row.a as usize)
}

/// `healthy`, `failing`, `stale` (from an earlier run) or `unknown` (never asked).
fn state(freshness: &Freshness) -> &'static str {
    match (&freshness.fault, freshness.good_at) {
        (Some(_), _) => "failing",
        (None, None) => "unknown",
        (None, Some(_)) if freshness.cached => "stale",
        (None, Some(_)) => "healthy",
    }
}
