//! Replication policies as the Harbors have them, with how each does.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::of_registry::{self, place_name, place_title, push, title, tone};
use super::policy_words;
use super::table::Table;
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::replication::{Direction, Edge, Policy};
use crate::model::text::{Lang, Text};

/// A row is a registry and the place of a policy in it.
#[derive(Debug)]
pub(super) struct Policies;

impl Table for Policies {
    const NAME: &'static str = "policies";
    const TITLE: Text = Text::new("Replication policies", "同步策略");
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "POLICY", "策略").width(8, 28),
        Column::words("registry", "IN", "所在").width(4, 14),
        Column::words("direction", "WAY", "方向").width(4, 5),
        Column::words("peer", "PEER", "对端").width(6, 24),
        Column::words("trigger", "TRIGGER", "触发").width(6, 18).uncut(),
        Column::words("filters", "ABOUT", "范围").width(6, 36).cut_early().drop_priority(4),
        Column::words("deletes", "DELETES", "删除").width(4, 7).drop_priority(2),
        Column::words("overrides", "OVERWRITES", "覆盖").width(4, 10).drop_priority(3),
        Column::words("state", "STATE", "状态").width(10, 28),
        Column::words("enabled", "ON", "启用").width(3, 4).wide(),
        Column::words("namespace", "NAMESPACE", "命名空间").width(6, 20).wide(),
        Column::figure("speed_kbps", "KBPS", "限速 Kbps").width(5, 9).wide(),
        Column::words("single_active", "SINGLE", "单次运行").width(4, 8).wide(),
    ];
    const QUESTIONS: &'static [Question] = &[Question::Policies, Question::Peers, Question::Executions, Question::System];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let mut rows = of_registry::rows(fleet, scope, |holdings| holdings.policies.as_ref().map_or(0, Vec::len));
        rows.retain(|row| scope.policy.is_none_or(|id| at(fleet, *row).is_some_and(|(_, policy)| policy.id == id)));
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(registry, policy)| format!("{registry}/{}", policy.id).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((registry, _)) = at(cx.fleet, row) else { return Mark::None };
        let severity = edge_of_policy(cx.fleet, row).and_then(|edge| edge.health.state.severity());
        of_registry::mark(cx, registry, severity.map_or(Mark::None, Mark::from))
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((registry, policy)) = at(cx.fleet, row) else { return Fact::Unknown };
        let owned = |words: String| if words.is_empty() { Fact::Absent } else { Fact::Words(Cow::Owned(words)) };
        match key {
            "name" => Fact::Name(Cow::Borrowed(&policy.name)),
            "registry" => Fact::words(registry),
            "direction" => Fact::words(direction(policy)),
            "peer" => edge_of_policy(cx.fleet, row).map_or(Fact::Unknown, |edge| Fact::words(place_name(edge.peer()))),
            "trigger" => Fact::words(policy.trigger.kind.word()),
            "filters" => owned(policy_words::filters(policy, Lang::En)),
            "deletes" => Fact::YesNo(policy.deletes),
            "overrides" => Fact::YesNo(policy.overrides),
            "enabled" => Fact::YesNo(policy.enabled),
            "state" => edge_of_policy(cx.fleet, row).map_or(Fact::Unknown, |edge| Fact::words(edge.health.state.name())),
            "namespace" => Fact::maybe(policy.namespace.as_deref().filter(|name| !name.is_empty())),
            "speed_kbps" => policy.speed_kbps.map_or(Fact::Absent, Fact::count),
            "single_active" => policy.single_active.map_or(Fact::Unknown, Fact::YesNo),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let (registry, policy) = at(cx.fleet, row)?;
        let edge = edge_of_policy(cx.fleet, row);
        match key {
            "registry" => Some(Cell::plain(title(cx.fleet, registry))),
            "direction" if cx.lang == Lang::Zh => Some(Cell::plain(if policy.direction == Direction::Push { "推送" } else { "拉取" })),
            "peer" => edge.map(|edge| Cell::plain(place_title(cx.fleet, edge.peer()))),
            "trigger" => Some(Cell::plain(policy_words::trigger(policy, cx.lang))),
            "filters" => {
                let words = policy_words::filters(policy, cx.lang);
                let all = if cx.lang == Lang::Zh { "全部" } else { "everything" };
                Some(if words.is_empty() { Cell::new(all, Tone::Dim) } else { Cell::plain(words) })
            }
            "state" => edge.map(|edge| Cell::new(edge.health.words().get(cx.lang), edge.health.state.severity().map_or(Tone::Dim, tone))),
            _ => None,
        }
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        if let Some(cell) = self.render(cx, row, key) {
            push(out, &["", &cell.text]);
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some((registry, policy)) = at(cx.fleet, row) {
            push(out, &[&policy.name, registry, &title(cx.fleet, registry), &policy_words::filters(policy, cx.lang)]);
            if let Some(edge) = edge_of_policy(cx.fleet, row) {
                push(out, &[place_name(edge.peer()), &place_title(cx.fleet, edge.peer()), edge.health.words().get(cx.lang)]);
            }
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        of_registry::at(fleet, row).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((registry, policy)) = at(cx.fleet, row) else { return Vec::new() };
        let filter = |f: &crate::model::replication::Filter| json!({"kind": f.kind, "decoration": f.decoration, "values": f.values});
        vec![
            ("idc", json!(cx.fleet.registry(registry).map(|r| &r.spec.idc))),
            ("id", json!(policy.id)),
            ("description", json!(policy.description)),
            ("cron", json!(policy.trigger.cron)),
            ("filter_list", json!(policy.filters.iter().map(filter).collect::<Vec<_>>())),
            ("replace_count", json!(policy.replace_count)),
            ("copy_by_chunk", json!(policy.copy_by_chunk)),
            ("endpoint", json!(policy.peer.as_ref().map(|peer| &peer.name))),
            ("endpoint_url", json!(policy.peer.as_ref().map(|peer| &peer.url))),
            ("created", json!(policy.created.map(Stamp::rfc3339))),
            ("updated", json!(policy.updated.map(Stamp::rfc3339))),
        ]
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let of = |(registry, policy): (&Arc<str>, &Arc<Policy>)| Scope {
            registry: Some(Arc::clone(registry)),
            policy: Some(policy.id),
            ..Scope::default()
        };
        at(fleet, row).map(of).unwrap_or_default()
    }
}

fn direction(policy: &Policy) -> &'static str {
    if policy.direction == Direction::Push { "push" } else { "pull" }
}

fn at(fleet: &Fleet, row: RowId) -> Option<(&Arc<str>, &Arc<Policy>)> {
    let registry = of_registry::at(fleet, row)?;
    Some((&registry.spec.name, registry.holdings.policies.as_ref()?.get(row.b as usize)?))
}

/// The edge that a policy draws.
pub fn edge_of_policy(fleet: &Fleet, row: RowId) -> Option<&Edge> {
    let (registry, policy) = at(fleet, row)?;
    fleet.derived.topology.find(registry, policy.id)
}
