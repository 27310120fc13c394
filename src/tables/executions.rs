//! Executions of replication policies: first what each has settled to, beside it what its Harbor claims.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Cell, Column, Context, Direction, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::of_registry::{self, push, title, tone, way};
use super::policy_words;
use super::table::Table;
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::registry::{Question, Registry, JudgedExecution};
use crate::model::replication::{Cause, Edge, Settled, TriggerKind};
use crate::model::text::{Lang, Text};

/// A row is a registry and the place of a run in it.
#[derive(Debug)]
pub(super) struct Executions;

impl Table for Executions {
    const NAME: &'static str = "executions";
    const TITLE: Text = Text::new("Replication executions", "同步执行");
    const COLUMNS: &'static [Column] = &[
        Column::words("state", "STATE", "状态").width(8, 16),
        Column::words("policy", "POLICY", "策略").width(8, 24),
        Column::words("edge", "EDGE", "链路").width(10, 30).drop_priority(3),
        Column::words("trigger", "BY", "触发").width(4, 9).drop_priority(4),
        Column::moment("started", "STARTED", "开始"),
        Column::figure("took_s", "TOOK", "耗时").width(4, 6).drop_priority(2),
        Column::figure("total", "TASKS", "任务").width(5, 9),
        Column::words("claim", "HARBOR SAYS", "Harbor 称").width(11, 11).drop_priority(1),
        Column::words("cause", "CAUSE", "原因").width(18, 60),
    ];
    const QUESTIONS: &'static [Question] = &[Question::Executions, Question::Policies, Question::Peers, Question::System];
    const FIRST_SORT: Option<(&'static str, Direction)> = Some(("started", Direction::Down));

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let mut rows = of_registry::rows(fleet, scope, |holdings| holdings.runs.as_ref().map_or(0, Vec::len));
        rows.retain(|row| scope.policy.is_none_or(|id| at(fleet, *row).is_some_and(|(_, run)| run.execution.policy_id == id)));
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(registry, run)| format!("{}/{}", registry.spec.name, run.execution.id).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((registry, run)) = at(cx.fleet, row) else { return Mark::None };
        // What is over stays so; what was going on is not known any more where its Harbor is silent.
        if run.settled.is_final() {
            return run.settled.severity().into();
        }
        of_registry::mark(cx, &registry.spec.name, run.settled.severity().into())
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((registry, run)) = at(cx.fleet, row) else { return Fact::Unknown };
        let e = &run.execution;
        match key {
            "state" => Fact::words(run.settled.name()),
            "policy" => match policy_name(registry, run) {
                Some(name) => Fact::Name(Cow::Borrowed(name)),
                None => Fact::Unknown,
            },
            "edge" => edge(cx.fleet, registry, run).map_or(Fact::Unknown, |edge| {
                let (from, to) = (of_registry::place_name(&edge.from), of_registry::place_name(&edge.to));
                Fact::Words(Cow::Owned(format!("{from} → {to}")))
            }),
            "trigger" => Fact::words(e.trigger.word()),
            "started" => e.started.map_or(Fact::Unknown, Fact::At),
            "took_s" => match (e.started, e.ended) {
                (Some(started), Some(ended)) => Fact::Took(ended.since(started)),
                _ => Fact::Absent,
            },
            "total" => Fact::count(e.total),
            "claim" => Fact::words(e.status.word()),
            "cause" => match cause_name(run) {
                Some(cause) => Fact::words(cause),
                // Only a log tells why, and it was not read or is gone.
                None if matches!(run.settled, Settled::Failed | Settled::Partial | Settled::Retrying) => Fact::Unknown,
                None => Fact::Absent,
            },
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let (registry, run) = at(cx.fleet, row)?;
        let e = &run.execution;
        match key {
            "state" => Some(Cell::new(run.settled.word().get(cx.lang), tone(run.settled.severity()))),
            "edge" => Some(match edge(cx.fleet, registry, run) {
                Some(edge) => Cell::plain(way(cx.fleet, edge)),
                None => Cell::plain(title(cx.fleet, &registry.spec.name)),
            }),
            "trigger" => Some(Cell::plain(match (&e.trigger, cx.lang) {
                (TriggerKind::Manual, Lang::En) => "hand",
                (TriggerKind::Manual, Lang::Zh) => "手动",
                (TriggerKind::Scheduled, Lang::En) => "clock",
                (TriggerKind::Scheduled, Lang::Zh) => "定时",
                (TriggerKind::Event, Lang::En) => "event",
                (TriggerKind::Event, Lang::Zh) => "事件",
                (TriggerKind::Other(word), _) => word,
            })),
            // Those that succeeded of all: `2/3`.
            "total" if e.total > 0 => {
                let tone = if e.failed > 0 { Tone::Warn } else { Tone::Plain };
                Some(Cell::new(format!("{}/{}", e.succeed, e.total), tone))
            }
            "claim" => Some(Cell::new(e.status.word(), Tone::Dim)),
            "cause" => cause_words(run).map(|words| Cell::plain(words.get(cx.lang))),
            _ => None,
        }
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        if let Some(cell) = self.render(cx, row, key) {
            push(out, &["", &cell.text]);
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some((registry, run)) = at(cx.fleet, row) {
            push(out, &[run.settled.name(), run.settled.word().get(cx.lang), run.execution.status.word(), &registry.spec.name]);
            push(out, &[policy_name(registry, run).unwrap_or(""), &title(cx.fleet, &registry.spec.name)]);
            push(out, &[cause_words(run).as_ref().map_or("", |words| words.get(cx.lang))]);
            if let Some(edge) = edge(cx.fleet, registry, run) {
                push(out, &[&way(cx.fleet, edge), &policy_words::mode(&edge.policy, cx.lang)]);
            }
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        at(fleet, row).map(|(registry, _)| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((registry, run)) = at(cx.fleet, row) else { return Vec::new() };
        let e = &run.execution;
        let edge = edge(cx.fleet, registry, run);
        vec![
            ("name", json!(format!("{}/{}", registry.spec.name, e.id))),
            ("registry", json!(registry.spec.name)),
            ("idc", json!(registry.spec.idc)),
            ("id", json!(e.id)),
            ("policy_id", json!(e.policy_id)),
            ("from", json!(edge.map(|edge| of_registry::place_name(&edge.from)))),
            ("to", json!(edge.map(|edge| of_registry::place_name(&edge.to)))),
            ("ended", json!(e.ended.map(Stamp::rfc3339))),
            ("succeed", json!(e.succeed)),
            ("failed", json!(e.failed)),
            ("in_progress", json!(e.in_progress)),
            ("stopped", json!(e.stopped)),
            ("status_text", if e.status_text.is_empty() { Value::Null } else { json!(e.status_text) }),
            ("final", json!(run.settled.is_final())),
        ]
    }

    /// Its tasks.
    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let of = |(registry, run): (&Arc<Registry>, &Arc<JudgedExecution>)| Scope {
            registry: Some(Arc::clone(&registry.spec.name)),
            policy: Some(run.execution.policy_id),
            execution: Some(run.execution.id),
            ..Scope::default()
        };
        at(fleet, row).map(of).unwrap_or_default()
    }
}

/// The run that a row of this noun is, and where.
#[must_use]
pub fn run_at(fleet: &Fleet, row: RowId) -> Option<(&Arc<Registry>, &Arc<JudgedExecution>)> {
    at(fleet, row)
}

fn at(fleet: &Fleet, row: RowId) -> Option<(&Arc<Registry>, &Arc<JudgedExecution>)> {
    let registry = of_registry::at(fleet, row)?;
    Some((registry, registry.holdings.runs.as_ref()?.get(row.b as usize)?))
}

/// `None` where the policy is gone.
pub(super) fn policy_name<'r>(registry: &'r Registry, run: &JudgedExecution) -> Option<&'r str> {
    registry.holdings.policy(run.execution.policy_id).map(|policy| &*policy.name)
}

fn edge<'f>(fleet: &'f Fleet, registry: &Registry, run: &JudgedExecution) -> Option<&'f Edge> {
    fleet.derived.topology.find(&registry.spec.name, run.execution.policy_id)
}

/// Why it is as it is, normalised.
fn cause_name(run: &JudgedExecution) -> Option<&str> {
    match &run.settled {
        Settled::Lost(cause) => Some(cause.name()),
        Settled::Stuck(cause) => Some(cause.name()),
        _ => run.cause.as_ref().map(Cause::name),
    }
}

fn cause_words(run: &JudgedExecution) -> Option<Text> {
    match &run.settled {
        Settled::Lost(cause) => Some(cause.word()),
        Settled::Stuck(cause) => Some(cause.word()),
        Settled::Skipped => Some(Text::new("another run of it was still going", "上一次执行尚未结束")),
        Settled::NothingToDo => Some(Text::new("its filters match nothing", "过滤条件没有匹配的制品")),
        Settled::FalseSuccess => Some(Text::new("no task ever ran", "没有执行过任何任务")),
        _ => run.cause.as_ref().map(Cause::word),
    }
}
