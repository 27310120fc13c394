//! Projects over all registries: where they are and how visible, their members, robots and storage, and what drifts.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::figures;
use super::holders::{self, by_registry, harbors};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::spread::Head;
use super::table::Table;
use crate::model::fleet::Fleet;
use crate::model::quota::Usage;
use crate::model::registry::Question;
use crate::model::text::{Lang, Text};
use crate::model::union::{Drift, Presence, ProjectUnion};

/// A row is an index into the derived union.
#[derive(Debug)]
pub(super) struct Projects;

const QUESTIONS: &[Question] = &[
    Question::Projects,
    Question::Summary,
    Question::Members,
    Question::Robots,
    Question::Repositories,
    Question::Quotas,
    Question::System,
];

impl Table for Projects {
    const NAME: &'static str = "projects";
    const TITLE: Text = Text::new("Projects", "项目");
    const QUESTIONS: &'static [Question] = QUESTIONS;
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "PROJECT", "项目").width(7, 24),
        Column::words("access", "ACCESS", "可见性").width(7, 9).spread().drop_priority(3),
        Column::figure("repositories", "REPOS", "镜像仓库").width(5, 8).drop_priority(5),
        Column::figure("used", "SIZE/QUOTA", "用量/配额").width(9, 20),
        Column::figure("members", "MEMBERS", "成员").width(4, 7).drop_priority(4),
        Column::figure("robots", "ROBOTS", "机器人").width(4, 6).drop_priority(6),
        Column::words("drift", "DRIFT", "差异").width(10, 40),
        Column::words("owner", "OWNER", "所有者").width(5, 16).wide(),
        Column::figure("updated", "UPDATED", "更新").width(7, 12).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let all = fleet.derived.projects.iter().zip(0u32..);
        let is_here = |union: &ProjectUnion| {
            scope.project.as_ref().is_none_or(|name| *name == union.name)
                && (scope.idc.is_none() && scope.registry.is_none()
                    || union.places.iter().any(|place| holders::is_in(fleet, place.registry, scope)))
        };
        all.filter(|(union, _)| is_here(union)).map(|(_, a)| RowId { a, ..RowId::default() }).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |union| Arc::clone(&union.name))
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some(union) = at(cx.fleet, row) else { return Mark::None };
        let fullest = quota_mark(usages(cx.fleet, union).filter_map(Usage::percent).max());
        if union.drift.visibility || fullest == Mark::Bad {
            return Mark::Bad;
        }
        if union.drift.is_any() || union.has_ghosts() || fullest == Mark::Warn {
            return Mark::Warn;
        }
        let is_stale = union.places.iter().all(|p| cx.fleet.registries.get(p.registry).is_none_or(|r| r.freshness.is_stale()));
        if union.drift.unknown || is_stale { Mark::Unknown } else { Mark::Good }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(union) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "name" => Fact::Name(Cow::Borrowed(&union.name)),
            "repositories" => largest(union, |p| p.repositories.as_ref().map(|all| all.len() as u64).or(p.project.repositories)),
            "used" => usages(cx.fleet, union).map(|usage| usage.used).max().map_or(Fact::Unknown, Fact::Bytes),
            "members" => members_told(union),
            "robots" => largest(union, |p| p.robots.as_ref().map(|all| all.len() as u64)),
            "drift" if union.drift == Drift::default() => Fact::Absent,
            "drift" if union.drift.is_any() => Fact::List(drift_words(cx.fleet, &union.drift, Lang::En)),
            "owner" => Fact::known(union.places.iter().find_map(|p| p.holdings.project.owner.as_deref())),
            "updated" => {
                let times = union.places.iter().filter_map(|p| Some(holders::here(cx.fleet, p.registry, p.holdings.project.updated?)));
                times.max().map_or(Fact::Unknown, Fact::Since)
            }
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let union = at(cx.fleet, row)?;
        match key {
            "used" => {
                let fullest = usages(cx.fleet, union).max_by_key(|usage| (usage.percent(), usage.used))?;
                Some(usage_cell(fullest))
            }
            "drift" if union.drift.is_any() => {
                let tone = if union.drift.visibility { Tone::Bad } else { Tone::Warn };
                Some(Cell::new(drift_words(cx.fleet, &union.drift, cx.lang).join(", "), tone))
            }
            _ => None,
        }
    }

    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        harbors(fleet)
    }

    fn part<'a>(&self, cx: &Context<'a>, row: RowId, _: &str, registry: usize) -> Fact<'a> {
        let Some(union) = at(cx.fleet, row) else { return Fact::Unknown };
        match union.at(cx.fleet, registry) {
            Presence::Here(place) => Fact::words(if place.project.is_public() { "public" } else { "private" }),
            Presence::Absent => Fact::Absent,
            Presence::Unknown => Fact::Unknown,
        }
    }

    fn render_part(&self, cx: &Context<'_>, row: RowId, _: &str, registry: usize) -> Option<Cell> {
        let union = at(cx.fleet, row)?;
        let place = union.at(cx.fleet, registry).here()?;
        let is_stale = cx.fleet.registries.get(registry).is_none_or(|r| r.freshness.is_stale());
        let plain = if is_stale { Tone::Unknown } else { Tone::Plain };
        Some(match (place.project.is_public(), union.drift.visibility) {
            // Loud where others of its group are private.
            (true, true) => Cell::new(either(cx.lang, "PUBLIC", "公开！"), Tone::Bad),
            (true, false) => Cell::new(either(cx.lang, "public", "公开"), plain),
            (false, _) => Cell::new(either(cx.lang, "private", "私有"), plain),
        })
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        let Some(union) = at(cx.fleet, row) else { return };
        out.push_str(&union.name);
        for place in &union.places {
            out.push(' ');
            out.push_str(if place.holdings.project.is_public() { "public" } else { "private" });
            if let Some(registry) = cx.fleet.registries.get(place.registry) {
                out.push(' ');
                out.push_str(&registry.spec.name);
            }
        }
        if union.drift.is_any() {
            out.push_str(" drift ");
            out.push_str(&drift_words(cx.fleet, &union.drift, cx.lang).join(" "));
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(union) = at(cx.fleet, row) else { return Vec::new() };
        let each = |told: &dyn Fn(usize) -> Value| by_registry(&harbors(cx.fleet), told);
        let usage = |registry| union.usage_at(cx.fleet, registry);
        vec![
            ("project", json!(union.name)),
            ("registries", json!(union.places.iter().map(|p| holders::name(cx.fleet, p.registry)).collect::<Vec<_>>())),
            ("used_in", each(&|registry| usage(registry).here().map_or(Value::Null, |usage| json!(usage.used)))),
            ("quota_in", each(&|registry| usage(registry).here().map_or(Value::Null, |usage| json!(usage.hard)))),
            ("unlimited_in", each(&|registry| usage(registry).here().map_or(Value::Null, |usage| json!(usage.hard.is_none())))),
            ("ghosts", each(&|registry| union.ghosts_at(cx.fleet, registry).here().map_or(Value::Null, |ghosts| json!(ghosts)))),
            ("drift_known", json!(!union.drift.unknown)),
        ]
    }

    fn holders(&self, fleet: &Fleet, row: RowId) -> Vec<usize> {
        at(fleet, row).map_or_else(Vec::new, |union| union.places.iter().map(|place| place.registry).collect())
    }

    fn project<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f str> {
        at(fleet, row).map(|union| &*union.name)
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Scope { project: at(fleet, row).map(|union| Arc::clone(&union.name)), ..Scope::default() }
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<&Arc<ProjectUnion>> {
    fleet.derived.projects.get(row.a as usize)
}

fn usages<'a>(fleet: &'a Fleet, union: &'a ProjectUnion) -> impl Iterator<Item = Usage> + 'a {
    union.places.iter().filter_map(move |place| union.usage_at(fleet, place.registry).here())
}

fn largest<'a>(union: &ProjectUnion, count: impl Fn(&crate::model::registry::ProjectHoldings) -> Option<u64>) -> Fact<'a> {
    union.places.iter().filter_map(|place| count(&place.holdings)).max().map_or(Fact::Unknown, Fact::Count)
}

/// People and groups in any registry; unknown while none was told.
fn members_told<'a>(union: &ProjectUnion) -> Fact<'a> {
    if union.places.iter().all(|place| place.holdings.members.is_none()) { Fact::Unknown } else { Fact::count(union.members.len()) }
}

/// `8.1/20 GiB  40%`, `300 MiB/20 GiB   1%`, `3.0 GiB/∞`.
pub(super) fn usage_cell(usage: Usage) -> Cell {
    let used = figures::bytes(usage.used);
    let tone = match quota_mark(usage.percent()) {
        Mark::Bad => Tone::Bad,
        Mark::Warn => Tone::Warn,
        _ => Tone::Plain,
    };
    match (usage.hard, usage.percent()) {
        (Some(hard), percent) => {
            let hard = figures::bytes(hard);
            let unit = hard.rsplit(' ').next();
            // One unit is enough where both have it.
            let used = used.rsplit_once(' ').filter(|(_, own)| Some(*own) == unit).map_or(used.as_str(), |(figure, _)| figure);
            let full = percent.filter(|percent| *percent < 1000).map_or_else(|| ">999%".to_owned(), |percent| format!("{percent:>3}%"));
            Cell::new(format!("{used}/{hard} {full}"), tone)
        }
        (None, _) => Cell::new(format!("{used}/∞     "), tone),
    }
}

/// How full is full: pushes fail at 100 %, and a large image is some per cent of a usual quota.
pub(super) fn quota_mark(percent: Option<u32>) -> Mark {
    match percent {
        Some(95..) => Mark::Bad,
        Some(85..) => Mark::Warn,
        _ => Mark::Good,
    }
}

/// What differs, a word each: `public`, `quota`, `2 members`, `missing in 土城`.
fn drift_words<'a>(fleet: &Fleet, drift: &Drift, lang: Lang) -> Vec<Cow<'a, str>> {
    let say = |en: String, zh: String| Cow::Owned(if lang == Lang::Zh { zh } else { en });
    let mut words = Vec::new();
    if drift.visibility {
        words.push(say("public".into(), "公开性".into()));
    }
    if drift.quota {
        words.push(say("quota".into(), "配额".into()));
    }
    match drift.members {
        0 => {}
        1 => words.push(say("1 member".into(), "1 名成员".into())),
        n => words.push(say(format!("{n} members"), format!("{n} 名成员"))),
    }
    for registry in &drift.missing {
        let name = holders::title(fleet, *registry);
        words.push(say(format!("missing in {name}"), format!("{name}没有")));
    }
    words
}
