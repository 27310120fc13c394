//! Storage of each project in each Harbor: used, allowed, and how full that is.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::holders::{self, harbors};
use super::noun::{Cell, Column, Context, Direction, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::projects::quota_mark;
use super::table::Table;
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::quota::Usage;
use crate::model::registry::Question;
use crate::model::text::Text;
use crate::model::union::ProjectUnion;

/// `a` is the project's index in the derived union, `b` the registry's.
#[derive(Debug)]
pub(super) struct Quotas;

const QUESTIONS: &[Question] = &[Question::Projects, Question::Quotas, Question::Summary];

impl Table for Quotas {
    const NAME: &'static str = "quotas";
    const TITLE: Text = Text::new("Quotas", "配额");
    const QUESTIONS: &'static [Question] = QUESTIONS;
    const FIRST_SORT: Option<(&'static str, Direction)> = Some(("percent", Direction::Down));
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "PROJECT", "项目").width(7, 32),
        Column::words("registry", "REGISTRY", "仓库").width(6, 16),
        Column::figure("used", "USED", "已用").width(6, 9),
        Column::figure("hard", "QUOTA", "配额").width(6, 9),
        Column::figure("percent", "FULL", "占比").width(4, 6),
        Column::figure("free", "FREE", "剩余").width(6, 9).drop_priority(1),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let wanted = fleet.derived.projects.iter().zip(0u32..).filter(|(union, _)| scope.project.as_ref().is_none_or(|n| *n == union.name));
        wanted
            .flat_map(|(union, a)| {
                let places = union.places.iter().filter(|place| holders::is_in(fleet, place.registry, scope));
                places.filter_map(move |place| Some(RowId { a, b: u32::try_from(place.registry).ok()?, ..RowId::default() }))
            })
            .collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(union, registry)| format!("{}/{}", holders::name(fleet, registry), union.name).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        match usage(cx.fleet, row) {
            Some(usage) => match quota_mark(usage.percent()) {
                Mark::Good if self.freshness(cx.fleet, row).is_none_or(Freshness::is_stale) => Mark::Unknown,
                mark => mark,
            },
            None => Mark::Unknown,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((union, registry)) = at(cx.fleet, row) else { return Fact::Unknown };
        let usage = usage(cx.fleet, row);
        let of = |told: fn(Usage) -> Option<Fact<'static>>| usage.map_or(Fact::Unknown, |usage| told(usage).unwrap_or(Fact::Absent));
        match key {
            "name" => Fact::Name(Cow::Borrowed(&union.name)),
            "registry" => Fact::words(holders::name(cx.fleet, registry)),
            "used" => of(|usage| Some(Fact::Bytes(usage.used))),
            "hard" => of(|usage| usage.hard.map(Fact::Bytes)),
            "free" => of(|usage| usage.free().map(Fact::Bytes)),
            "percent" => of(|usage| usage.percent().map(|percent| Fact::Percent(f64::from(percent)))),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        match (key, usage(cx.fleet, row)) {
            ("registry", _) => Some(Cell::plain(holders::title(cx.fleet, at(cx.fleet, row)?.1))),
            ("hard", Some(Usage { hard: None, .. })) => Some(Cell::new(either(cx.lang, "no limit", "不限"), Tone::Dim)),
            ("percent", Some(usage)) => {
                let percent = usage.percent()?;
                let tone = match quota_mark(Some(percent)) {
                    Mark::Bad => Tone::Bad,
                    Mark::Warn => Tone::Warn,
                    _ => Tone::Plain,
                };
                (tone != Tone::Plain).then(|| Cell::new(if percent > 999 { ">999%".to_owned() } else { format!("{percent}%") }, tone))
            }
            _ => None,
        }
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        if let (Some((_, registry)), "registry") = (at(cx.fleet, row), key) {
            out.push(' ');
            out.push_str(&holders::title(cx.fleet, registry));
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some((union, registry)) = at(cx.fleet, row) {
            for words in [&*union.name, holders::name(cx.fleet, registry), &holders::title(cx.fleet, registry)] {
                out.push_str(words);
                out.push(' ');
            }
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        fleet.registries.get(row.b as usize).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((union, registry)) = at(cx.fleet, row) else { return Vec::new() };
        vec![
            ("project", json!(union.name)),
            ("idc", json!(cx.fleet.registries.get(registry).map(|r| &r.spec.idc))),
            ("unlimited", json!(usage(cx.fleet, row).map(|usage| usage.hard.is_none()))),
        ]
    }

    fn causes(&self, cx: &Context<'_>, row: RowId) -> Vec<(Arc<Fault>, Option<Stamp>)> {
        let heads: Vec<_> = harbors(cx.fleet).into_iter().filter(|head| head.registry == row.b as usize).collect();
        holders::causes(cx.fleet, &heads, at(cx.fleet, row).map(|(union, _)| &*union.name), QUESTIONS)
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Scope { project: at(fleet, row).map(|(union, _)| Arc::clone(&union.name)), ..Scope::default() }
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<(&Arc<ProjectUnion>, usize)> {
    fleet.derived.projects.get(row.a as usize).map(|union| (union, row.b as usize))
}

fn usage(fleet: &Fleet, row: RowId) -> Option<Usage> {
    let (union, registry) = at(fleet, row)?;
    union.usage_at(fleet, registry).here()
}
