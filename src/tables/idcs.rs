//! IDCs: what stands in each, what of it answers, what it costs.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::registries::Standing;
use super::noun::{Age, Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::sums;
use super::table::Table;
use crate::model::derived::IdcRollup;
use crate::model::fleet::Fleet;
use crate::model::live::Usage;
use crate::model::registry::Question;
use crate::model::text::{Text, clean};

/// A row is an index into the derived IDCs.
#[derive(Debug)]
pub(super) struct Idcs;

impl Table for Idcs {
    const NAME: &'static str = "idcs";
    const TITLE: Text = Text::new("IDCs", "机房");
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "IDC", "机房").width(8, 24),
        Column::words("registry", "REGISTRY", "仓库").width(9, 18).drop_priority(4),
        Column::figure("hosts", "HOSTS", "主机").width(5, 11),
        Column::figure("containers", "CTR run/all", "容器 运行/全部").width(9, 16),
        Column::figure("cpu", "CPU", "CPU").width(4, 5).drop_priority(2),
        Column::figure("mem", "MEM", "内存").width(4, 5).drop_priority(3),
        Column::figure("cost_per_hour", "COST/h", "成本/时").width(7, 20).drop_priority(1),
        Column::words("classes", "CLASS MIX", "机型构成").width(8, 40).wide(),
        Column::figure("cores", "CORES", "核").width(5, 8).wide(),
        Column::figure("memory", "MEMORY", "总内存").width(7, 9).wide(),
        Column::words("environment", "ENV", "环境").width(4, 12).wide(),
        Column::words("parent", "PARENT", "上级").width(6, 14).wide(),
    ];
    const QUESTIONS: &'static [Question] = &[Question::Identity, Question::System];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let all = fleet.derived.idcs.iter().zip(0u32..);
        all.filter(|(idc, _)| scope.idc.as_ref().is_none_or(|name| *name == idc.name)).map(|(_, a)| RowId { a, ..RowId::default() }).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |idc| Arc::clone(&idc.name))
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        at(cx.fleet, row).map_or(Mark::None, |idc| {
            let mark = sums::mark(&idc.sum);
            // Hosts that are all well do not make an IDC well whose registry nobody can read.
            let is_blind = worst(cx.fleet, &idc.name).is_some_and(|(standing, _)| standing == Standing::Failing);
            if is_blind && mark == Mark::Good { Mark::Unknown } else { mark }
        })
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(idc) = at(cx.fleet, row) else { return Fact::Unknown };
        let declared = cx.fleet.idc(&idc.name);
        match key {
            "name" => Fact::Name(Cow::Borrowed(&idc.name)),
            "environment" => Fact::maybe(declared.map(|d| &*d.environment).filter(|e| !e.is_empty())),
            "parent" => Fact::maybe(declared.and_then(|d| d.parent.as_deref())),
            "registry" => match worst(cx.fleet, &idc.name) {
                Some((Standing::Unknown, _)) => Fact::Unknown,
                Some((standing, _)) => Fact::words(standing.name()),
                None => Fact::Absent,
            },
            _ => sums::fact(&idc.sum, usage(cx, idc, key).as_ref(), key).unwrap_or(Fact::Unknown),
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let idc = at(cx.fleet, row)?;
        if key == "name" {
            return Some(Cell::new(tagged(cx.fleet, &idc.name), Tone::Name));
        }
        if matches!(key, "cpu" | "mem") {
            return Some(sums::use_cell(cx, usage(cx, idc, key).as_ref(), key));
        }
        if key == "registry" {
            return worst(cx.fleet, &idc.name).map(|(standing, of)| registry_cell(cx, &idc.name, standing, of));
        }
        sums::render(cx, &idc.sum, key)
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        if let (Some(idc), "name") = (at(cx.fleet, row), key) {
            out.push(' ');
            out.push_str(&tagged(cx.fleet, &idc.name));
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(idc) = at(cx.fleet, row) {
            out.push_str(&idc.name);
            out.push(' ');
            out.push_str(&tagged(cx.fleet, &idc.name));
        }
    }

    fn age(&self, cx: &Context<'_>, row: RowId) -> Age {
        let pools = at(cx.fleet, row).into_iter().flat_map(|idc| idc.clusters.iter().flat_map(|c| &c.pools));
        sums::age(cx, pools.flat_map(|pool| pool.hosts.iter().copied()))
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(idc) = at(cx.fleet, row) else { return Vec::new() };
        let mut fields = sums::fields(&idc.sum);
        fields.extend([("idc", json!(idc.name)), ("title", json!(cx.fleet.idc(&idc.name).map(|d| &d.title)))]);
        fields
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Scope { idc: at(fleet, row).map(|idc| Arc::clone(&idc.name)), ..Scope::default() }
    }

    fn total(&self, cx: &Context<'_>) -> Option<Vec<Cell>> {
        Some(sums::total(cx, Self::COLUMNS, &cx.fleet.derived.total))
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<&IdcRollup> {
    fleet.derived.idcs.get(row.a as usize)
}

fn usage(cx: &Context<'_>, idc: &IdcRollup, key: &str) -> Option<Usage> {
    if matches!(key, "cpu" | "mem") { sums::usage_of(cx.live, |(name, _, _)| *name == idc.name) } else { None }
}

/// The worst of an IDC's registries, and how many of how many do as badly.
fn worst(fleet: &Fleet, idc: &str) -> Option<(Standing, (usize, usize))> {
    let all: Vec<Standing> = fleet.registries.iter().filter(|r| *r.spec.idc == *idc).map(|r| Standing::of(r)).collect();
    let worst = *all.iter().min()?;
    Some((worst, (all.iter().filter(|standing| **standing == worst).count(), all.len())))
}

/// `● healthy`, `✖ refused`, `▲ read-only 1/2`.
fn registry_cell(cx: &Context<'_>, idc: &str, standing: Standing, (as_badly, all): (usize, usize)) -> Cell {
    let (sign, tone) = match standing {
        Standing::Failing => ("✖", Tone::Bad),
        Standing::ReadOnly => ("▲", Tone::Warn),
        Standing::Stale => ("◌", Tone::Unknown),
        Standing::Unknown => return Cell::unknown(),
        Standing::Healthy => ("●", Tone::Good),
    };
    let share = if as_badly < all { format!(" {as_badly}/{all}") } else { String::new() };
    let mut here = cx.fleet.registries.iter().filter(|r| *r.spec.idc == *idc);
    let word = here.find_map(|r| r.freshness.fault.as_ref()).map_or_else(|| standing.word(), |fault| fault.kind.word());
    Cell::new(format!("{sign} {}{share}", word.get(cx.lang)), tone)
}

/// The title with the environment as its tag: `永丰 PROD`.
pub(super) fn tagged(fleet: &Fleet, name: &str) -> String {
    let title = super::idc_title(fleet, name);
    match fleet.idc(name).map(|idc| clean(&idc.environment).to_uppercase()) {
        Some(tag) if !tag.is_empty() => format!("{title} {tag}"),
        _ => title.into_owned(),
    }
}
