//! One timeline of everything that changed and everything anyone did, the newest first: what this console saw, what its runs did,
//! and what the audit logs of the registries tell.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::of_registry::{self, holds, place_name, place_title, push, title};
use super::table::Table;
use crate::model::audit::{AuditEntry, Deed};
use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::registry::{Question, Registry};
use crate::model::replication::{Direction, Edge};
use crate::model::run::{Notice, Severity};
use crate::model::text::{Lang, Text};

/// A row is a notice (`a`), or an entry (`b`) of the audit log of a registry (`a`).
#[derive(Debug)]
pub(super) struct Activity;

const NOTICE: u8 = 0;
const AUDIT: u8 = 1;

/// An entry of an audit log where it is.
#[derive(Clone, Copy)]
struct Entry<'f> {
    registry: &'f Arc<Registry>,
    entry: &'f AuditEntry,
}

enum Row<'f> {
    Notice(&'f Notice),
    Entry(Entry<'f>),
}

impl Table for Activity {
    const NAME: &'static str = "activity";
    const TITLE: Text = Text::new("Activity", "动态");
    const COLUMNS: &'static [Column] = &[
        Column::moment("at", "WHEN", "时间"),
        Column::words("subject", "WHAT", "对象").width(12, 40),
        Column::words("text", "HAPPENED", "情况").width(16, 80),
        Column::words("who", "WHO", "谁").width(8, 24).drop_priority(1),
    ];
    const QUESTIONS: &'static [Question] = &[Question::Identity, Question::Audit, Question::Policies, Question::Peers, Question::System];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let is_all = scope.registry.is_none() && scope.idc.is_none();
        let notices = fleet.notices.iter().zip(0u32..).filter(|_| is_all);
        let notices = notices.map(|(notice, a)| (notice.at, RowId { kind: NOTICE, a, ..RowId::default() }));
        let registries = fleet.registries.iter().zip(0u32..).filter(|(registry, _)| holds(scope, registry));
        let entries = registries.flat_map(|(registry, a)| {
            let entries = registry.holdings.audit.iter().flat_map(|entries| entries.iter()).zip(0u32..);
            let told = entries.filter(|(entry, _)| is_told(entry));
            told.map(move |(entry, b)| (time_of(registry, entry), RowId { kind: AUDIT, a, b, ..RowId::default() }))
        });
        let mut rows: Vec<(Stamp, RowId)> = notices.chain(entries).collect();
        rows.sort_unstable_by_key(|(at, row)| std::cmp::Reverse((*at, *row)));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// Notices have no name; their time, subject and words together tell them apart as far as people can.
    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        match at(fleet, row) {
            Some(Row::Notice(notice)) => format!("{}/{}/{}", notice.at.0, notice.subject, notice.text.en).into(),
            Some(Row::Entry(Entry { registry, entry })) => format!("audit/{}/{:?}/{}", registry.spec.name, entry.log, entry.id).into(),
            None => "".into(),
        }
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        match at(cx.fleet, row) {
            Some(Row::Notice(notice)) => notice.severity.into(),
            Some(Row::Entry(Entry { entry, .. })) => if entry.succeeded == Some(false) { Mark::Bad } else { Mark::None },
            None => Mark::None,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        match at(cx.fleet, row) {
            Some(Row::Notice(notice)) => match key {
                "at" => Fact::At(notice.at),
                "subject" => Fact::Name(Cow::Borrowed(&notice.subject)),
                "text" => Fact::words(notice.text.get(cx.lang)),
                "who" => Fact::maybe(notice.who.as_deref()),
                _ => Fact::Unknown,
            },
            Some(Row::Entry(of)) => match key {
                "at" => Fact::At(time_of(of.registry, of.entry)),
                "subject" => Fact::Name(Cow::Owned(of.subject(cx))),
                "text" => Fact::Words(Cow::Owned(of.words(cx))),
                "who" => Fact::maybe(Some(&*of.entry.user).filter(|user| !user.is_empty())),
                _ => Fact::Unknown,
            },
            None => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        match (key, at(cx.fleet, row)?) {
            ("text", Row::Entry(of)) if of.entry.succeeded == Some(false) => Some(Cell::new(of.words(cx), Tone::Bad)),
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        match at(cx.fleet, row) {
            Some(Row::Notice(notice)) => push(out, &[&notice.subject, notice.text.get(cx.lang), notice.who.as_deref().unwrap_or("")]),
            Some(Row::Entry(of)) => push(out, &[&of.subject(cx), &of.registry.spec.name, &of.words(cx), &of.entry.user]),
            None => {}
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        match at(cx.fleet, row) {
            Some(Row::Notice(notice)) => vec![("name", json!(notice.subject)), ("severity", json!(notice.severity))],
            Some(Row::Entry(of)) => {
                let Entry { registry, entry } = of;
                let severity = if entry.succeeded == Some(false) { Severity::Bad } else { Severity::Good };
                vec![
                    ("name", json!(entry.resource)),
                    ("severity", json!(severity)),
                    ("registry", json!(registry.spec.name)),
                    ("idc", json!(registry.spec.idc)),
                    ("deed", json!(entry.deed)),
                    ("resource_type", json!(entry.resource_type)),
                    ("resource", json!(entry.resource)),
                    ("succeeded", json!(entry.succeeded)),
                    ("replicated_from", json!(of.replication(cx.fleet).map(|edge| place_name(&edge.from)))),
                ]
            }
            None => Vec::new(),
        }
    }
}

impl<'f> Entry<'f> {
    /// `土城 payment/web:v1`.
    fn subject(&self, cx: &Context<'_>) -> String {
        let (place, what) = (title(cx.fleet, &self.registry.spec.name), &*self.entry.resource);
        if what.is_empty() { place } else { format!("{place} {what}") }
    }

    /// The edge whose account this is: writes of replication carry the name that the other side's endpoint has.
    fn replication(&self, fleet: &'f Fleet) -> Option<&'f Edge> {
        if !matches!(self.entry.deed, Deed::Create | Deed::Delete) || self.entry.repository().is_none() && &*self.entry.resource_type != "project" {
            return None;
        }
        let is_account = |edge: &&Edge| {
            edge.policy.direction == Direction::Push
                && edge.to.registry() == Some(&self.registry.spec.name)
                && edge.policy.peer.as_ref().is_some_and(|peer| peer.account.as_deref() == Some(&*self.entry.user))
        };
        fleet.derived.topology.edges.iter().find(is_account)
    }

    /// What was done, and whether it was replication: an account that only replication has says so, one that a person may have too
    /// leaves it open.
    fn words(&self, cx: &Context<'_>) -> String {
        let entry = self.entry;
        let mut words = deed(entry, cx.lang);
        let zh = cx.lang == Lang::Zh;
        if let Some(edge) = self.replication(cx.fleet) {
            let from = place_title(cx.fleet, &edge.from);
            let is_robot = entry.user.contains('$');
            words = match (is_robot, zh) {
                (true, false) => format!("{words} by replication from {from}"),
                (true, true) => format!("由 {from} 同步：{words}"),
                (false, false) => format!("{words}, perhaps by replication from {from}: same account"),
                (false, true) => format!("{words}（可能由 {from} 同步：账号相同）"),
            };
        }
        if entry.succeeded == Some(false) {
            words = if zh { format!("失败：{words}") } else { format!("failed: {words}") };
        }
        words
    }
}

/// `artifact pushed`, `member added`; the log's own words where it is something else.
fn deed(entry: &AuditEntry, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let (kind_en, kind_zh) = match &*entry.resource_type {
        "artifact" => ("artifact", "制品"),
        "tag" => ("tag", "标签"),
        "repository" => ("repository", "镜像仓库"),
        "project" => ("project", "项目"),
        "member" | "project_member" => ("member", "成员"),
        "robot" => ("robot", "机器人账号"),
        "user" => ("user", "用户"),
        "configuration" => ("configuration", "配置"),
        other => (other, other),
    };
    let is_artifact = &*entry.resource_type == "artifact";
    match (&entry.deed, zh) {
        (Deed::Create, false) if is_artifact => "artifact pushed".to_owned(),
        (Deed::Create, true) if is_artifact => "推送制品".to_owned(),
        (Deed::Create, false) => format!("{kind_en} created"),
        (Deed::Create, true) => format!("新建{kind_zh}"),
        (Deed::Delete, false) => format!("{kind_en} deleted"),
        (Deed::Delete, true) => format!("删除{kind_zh}"),
        (Deed::Update, false) => format!("{kind_en} changed"),
        (Deed::Update, true) => format!("修改{kind_zh}"),
        (Deed::Login, false) => "login".to_owned(),
        (Deed::Login, true) => "登录".to_owned(),
        (deed, false) => format!("{kind_en}: {}", deed.word()),
        (deed, true) => format!("{kind_zh}：{}", deed.word()),
    }
}

/// Pulls change nothing, and who comes and goes is told only where it was refused.
fn is_told(entry: &AuditEntry) -> bool {
    match entry.deed {
        Deed::Pull => false,
        Deed::Login | Deed::Logout => entry.succeeded == Some(false),
        _ => true,
    }
}

/// When it was, by our clock: a registry stamps with its own.
fn time_of(registry: &Registry, entry: &AuditEntry) -> Stamp {
    registry.holdings.here(entry.at.unwrap_or_default())
}

fn at(fleet: &Fleet, row: RowId) -> Option<Row<'_>> {
    if row.kind == NOTICE {
        return fleet.notices.get(row.a as usize).map(|notice| Row::Notice(notice));
    }
    let registry = of_registry::at(fleet, row)?;
    let entry = registry.holdings.audit.as_ref()?.get(row.b as usize)?;
    Some(Row::Entry(Entry { registry, entry }))
}
