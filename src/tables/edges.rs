//! Edges of replication: each policy as what flows from one registry to another, and how that really goes.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::of_registry::{holds, mark, place_name, place_title, push, tone, way};
use super::policy_words;
use super::table::Table;
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::replication::{Cause, Direction, Edge, EdgeState, PeerVerdict, Place};
use crate::model::run::Severity;
use crate::model::text::Text;

/// A row is an index into the derived topology's edges.
#[derive(Debug)]
pub(super) struct Edges;

impl Table for Edges {
    const NAME: &'static str = "edges";
    const TITLE: Text = Text::new("Replication edges", "同步链路");
    const COLUMNS: &'static [Column] = &[
        Column::words("edge", "EDGE", "链路").width(14, 34),
        Column::words("policy", "POLICY", "策略").width(10, 24),
        Column::words("mode", "MODE", "方式").width(8, 26).drop_priority(2),
        Column::words("state", "STATE", "状态").width(10, 28),
        Column::figure("last_success", "LAST OK", "上次成功").width(5, 12).drop_priority(1),
        Column::words("cause", "CAUSE", "原因").width(14, 48).cut_early(),
        Column::figure("lost", "LOST", "丢失").width(4, 6).wide(),
        Column::figure("failed", "FAILED", "失败").width(4, 6).wide(),
        Column::words("peer", "PEER", "对端").width(6, 22).wide(),
        Column::words("filters", "FILTERS", "过滤").width(6, 40).wide(),
    ];
    const QUESTIONS: &'static [Question] = &[Question::Policies, Question::Peers, Question::Executions, Question::System];

    /// The worst first, what is switched off last.
    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let all = fleet.derived.topology.edges.iter().zip(0u32..);
        let wanted = all.filter(|(edge, _)| {
            let of_registry = fleet.registry(&edge.registry).is_some_and(|registry| holds(scope, registry));
            of_registry && scope.policy.is_none_or(|id| id == edge.policy.id)
        });
        let mut rows: Vec<(std::cmp::Reverse<Option<Severity>>, u32)> =
            wanted.map(|(edge, a)| (std::cmp::Reverse(edge.health.state.severity()), a)).collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, a)| RowId { a, ..RowId::default() }).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |edge| format!("{}/{}", edge.registry, edge.policy.id).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some(edge) = at(cx.fleet, row) else { return Mark::None };
        mark(cx, &edge.registry, edge.health.state.severity().map_or(Mark::None, Mark::from))
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(edge) = at(cx.fleet, row) else { return Fact::Unknown };
        let health = &edge.health;
        match key {
            "edge" => Fact::Name(Cow::Owned(format!("{} → {}", place_name(&edge.from), place_name(&edge.to)))),
            "policy" => Fact::words(&edge.policy.name),
            "mode" => Fact::Words(Cow::Owned(policy_words::mode(&edge.policy, cx.lang))),
            "state" => Fact::words(health.state.name()),
            "last_success" => health.last_success.map_or(Fact::Absent, Fact::Since),
            "cause" => match cause_name(edge) {
                Some(name) => Fact::Words(Cow::Owned(name)),
                // What failed has a cause, read or not.
                None if health.failed + health.lost + health.retrying > 0 => Fact::Unknown,
                None => Fact::Absent,
            },
            "lost" => Fact::count(health.lost),
            "failed" => Fact::count(health.failed),
            "peer" if edge.verdict == PeerVerdict::Unknown => Fact::Unknown,
            "peer" => Fact::words(edge.verdict.name()),
            "filters" => {
                let words = policy_words::filters(&edge.policy, cx.lang);
                if words.is_empty() { Fact::Absent } else { Fact::Words(Cow::Owned(words)) }
            }
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let edge = at(cx.fleet, row)?;
        match key {
            "edge" => Some(Cell::new(way(cx.fleet, edge), Tone::Name)),
            "state" => {
                let tone = edge.health.state.severity().map_or(Tone::Dim, tone);
                Some(Cell::new(edge.health.words().get(cx.lang), tone))
            }
            "cause" => edge.health.cause_words().map(|words| Cell::plain(words.get(cx.lang))),
            "last_success" if edge.health.last_success.is_none() && edge.health.state == EdgeState::Unread => Some(Cell::unknown()),
            "peer" => Some(Cell::new(edge.verdict.word().get(cx.lang), tone(edge.verdict.severity()))),
            _ => None,
        }
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        if let Some(cell) = self.render(cx, row, key) {
            push(out, &["", &cell.text]);
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(edge) = at(cx.fleet, row) {
            let health = &edge.health;
            push(out, &[&way(cx.fleet, edge), place_name(&edge.from), place_name(&edge.to), &edge.policy.name]);
            push(out, &[&policy_words::mode(&edge.policy, cx.lang), health.state.name(), health.words().get(cx.lang)]);
            push(out, &[health.cause_words().as_ref().map_or("", |words| words.get(cx.lang))]);
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        at(fleet, row).and_then(|edge| fleet.registry(&edge.registry)).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(edge) = at(cx.fleet, row) else { return Vec::new() };
        let (policy, health) = (&edge.policy, &edge.health);
        let topology = &cx.fleet.derived.topology;
        let ring = topology.rings.iter().any(|ring| ring.contains(&edge.from) && ring.contains(&edge.to));
        vec![
            ("name", json!(policy.name)),
            ("registry", json!(edge.registry)),
            ("idc", json!(cx.fleet.registry(&edge.registry).map(|r| &r.spec.idc))),
            ("from", json!(place_name(&edge.from))),
            ("to", json!(place_name(&edge.to))),
            ("declared", json!(edge.peer().registry().is_some())),
            ("policy_id", json!(policy.id)),
            ("direction", json!(if policy.direction == Direction::Push { "push" } else { "pull" })),
            ("trigger", json!(policy.trigger.kind)),
            ("cron", json!(policy.trigger.cron)),
            ("enabled", json!(policy.enabled)),
            ("deletes", json!(policy.deletes)),
            ("overrides", json!(policy.overrides)),
            ("dual_master", json!(topology.is_mutual(&edge.from, &edge.to))),
            ("in_ring", json!(ring)),
            ("claim", json!(policy.peer.as_ref().map(|peer| &peer.claim))),
            ("account", json!(policy.peer.as_ref().and_then(|peer| peer.account.as_ref()))),
            ("last_run", json!(health.last_run.map(Stamp::rfc3339))),
            ("trouble_since", json!(health.since.map(Stamp::rfc3339))),
            ("retrying", json!(health.retrying)),
            ("running", json!(health.running)),
            ("stuck", json!(health.stuck)),
            ("skipped", json!(health.skipped)),
        ]
    }

    /// Its executions.
    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let of = |edge: &Edge| Scope { registry: Some(Arc::clone(&edge.registry)), policy: Some(edge.policy.id), ..Scope::default() };
        at(fleet, row).map(of).unwrap_or_default()
    }
}

/// The edge that a row of this noun is.
#[must_use]
pub fn edge_at(fleet: &Fleet, row: RowId) -> Option<&Edge> {
    at(fleet, row)
}

fn at(fleet: &Fleet, row: RowId) -> Option<&Edge> {
    fleet.derived.topology.edges.get(row.a as usize)
}

fn cause_name(edge: &Edge) -> Option<String> {
    match &edge.health.state {
        EdgeState::Disabled | EdgeState::NeverFires => None,
        EdgeState::Stuck(cause) => Some(cause.name().to_owned()),
        EdgeState::PeerDown(kind) => Some(edge.health.cause.as_ref().map_or_else(
            || json!(kind).as_str().unwrap_or_default().to_owned(),
            |cause| cause.name().to_owned(),
        )),
        _ => edge.health.cause.as_ref().map(Cause::name).map(str::to_owned),
    }
}

/// One end of an edge in a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub title: String,
    pub mark: Mark,
}

/// An end's title and whether it is there: a registry by our own reading of it, an outside address by the pings of those that use it.
#[must_use]
pub fn end_of(cx: &Context<'_>, place: &Place) -> End {
    let mark = match place.registry().and_then(|name| cx.fleet.registry(name)) {
        Some(registry) if registry.freshness.fault.is_some() => Mark::Bad,
        Some(registry) if registry.freshness.is_stale() => Mark::Unknown,
        Some(registry) if registry.holdings.system.as_ref().is_some_and(|system| system.read_only == Some(true)) => Mark::Warn,
        Some(_) => Mark::Good,
        None => {
            let mut verdicts = cx.fleet.derived.topology.edges.iter().filter(|e| e.peer() == place).map(|e| e.verdict.severity());
            verdicts.next().map_or(Mark::Unknown, Mark::from)
        }
    };
    End { title: place_title(cx.fleet, place), mark }
}
