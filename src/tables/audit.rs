//! Who did what in the Harbors, the newest first: as many entries of each log as are kept.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::holders::{self, harbors};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::table::Table;
use crate::model::audit::{AuditEntry, AuditLog, Deed};
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::{Text, clean};

/// `a` is the registry's index, `b` the entry's in its log.
#[derive(Debug)]
pub(super) struct Audit;

impl Table for Audit {
    const NAME: &'static str = "audit";
    const TITLE: Text = Text::new("Audit", "审计");
    const QUESTIONS: &'static [Question] = &[Question::Audit, Question::System];
    const COLUMNS: &'static [Column] = &[
        Column::moment("at", "AT", "时间"),
        Column::words("registry", "REGISTRY", "仓库").width(6, 16),
        Column::words("user", "WHO", "谁").width(6, 28),
        Column::words("deed", "DID", "操作").width(6, 10),
        Column::words("resource_type", "WHAT", "对象").width(6, 14).drop_priority(1),
        Column::words("name", "ON", "名称").width(10, 60),
        Column::words("result", "RESULT", "结果").width(4, 7).drop_priority(2),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let mut rows = Vec::new();
        for (registry, a) in fleet.registries.iter().zip(0u32..).filter(|(_, at)| holders::is_in(fleet, *at as usize, scope)) {
            let entries = registry.holdings.audit.iter().flat_map(|log| log.iter()).zip(0u32..);
            let of_project = |entry: &AuditEntry| scope.project.as_ref().is_none_or(|project| entry.is_of(project));
            let row = |(entry, b): (&AuditEntry, u32)| (entry.at.map(|at| registry.holdings.here(at)), RowId { a, b, ..RowId::default() });
            rows.extend(entries.filter(|(entry, _)| of_project(entry)).map(row));
        }
        rows.sort_by_key(|(at, row)| (std::cmp::Reverse(*at), *row));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        let log = |entry: &AuditEntry| if entry.log == AuditLog::Old { "old" } else { "ext" };
        let named = at(fleet, row).map(|entry| format!("{}/{}/{}", holders::name(fleet, row.a as usize), log(entry), entry.id));
        named.unwrap_or_default().into()
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        match at(cx.fleet, row).and_then(|entry| entry.succeeded) {
            Some(false) => Mark::Bad,
            _ => Mark::None,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(entry) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "at" => entry.at.map_or(Fact::Unknown, |at| Fact::At(holders::here(cx.fleet, row.a as usize, at))),
            "registry" => Fact::words(holders::name(cx.fleet, row.a as usize)),
            "user" => Fact::words(&entry.user),
            "deed" => Fact::words(entry.deed.word()),
            "resource_type" => Fact::words(&entry.resource_type),
            "name" if entry.resource.is_empty() => Fact::Absent,
            "name" => Fact::Name(Cow::Borrowed(&entry.resource)),
            "result" => match entry.succeeded {
                Some(true) => Fact::words("ok"),
                Some(false) => Fact::words("refused"),
                None => Fact::Unknown,
            },
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let entry = at(cx.fleet, row)?;
        match key {
            "registry" => Some(Cell::plain(holders::title(cx.fleet, row.a as usize))),
            "deed" if cx.lang == crate::model::text::Lang::Zh => Some(Cell::plain(match &entry.deed {
                Deed::Create => Cow::Borrowed("创建"),
                Deed::Delete => Cow::Borrowed("删除"),
                Deed::Pull => Cow::Borrowed("拉取"),
                Deed::Update => Cow::Borrowed("修改"),
                Deed::Login => Cow::Borrowed("登录"),
                Deed::Logout => Cow::Borrowed("退出"),
                Deed::Other(word) => clean(word),
            })),
            "result" => match entry.succeeded {
                Some(true) => Some(Cell::plain(either(cx.lang, "ok", "成功"))),
                Some(false) => Some(Cell::new(either(cx.lang, "refused", "被拒"), Tone::Bad)),
                None => None,
            },
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(entry) = at(cx.fleet, row) {
            for words in [holders::name(cx.fleet, row.a as usize), &entry.user, entry.deed.word(), &entry.resource_type, &entry.resource] {
                out.push_str(words);
                out.push(' ');
            }
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        fleet.registries.get(row.a as usize).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        at(cx.fleet, row).map(|entry| vec![("description", json!(entry.description)), ("succeeded", json!(entry.succeeded))]).unwrap_or_default()
    }

    fn causes(&self, cx: &Context<'_>, row: RowId) -> Vec<(Arc<Fault>, Option<Stamp>)> {
        let heads: Vec<_> = harbors(cx.fleet).into_iter().filter(|head| head.registry == row.a as usize).collect();
        holders::causes(cx.fleet, &heads, None, Self::QUESTIONS)
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<&AuditEntry> {
    fleet.registries.get(row.a as usize)?.holdings.audit.as_ref()?.get(row.b as usize)
}
