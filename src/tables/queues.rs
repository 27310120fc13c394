//! Job queues of the Harbors, and the workers that empty them.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::of_registry::{self, push, title};
use super::table::Table;
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::registry::{Question, Registry};
use crate::model::replication::Queue;
use crate::model::text::Text;

/// A queue whose oldest job has waited longer than this is slow (seconds).
const SLOW_S: u64 = 600;

/// A row is a registry and the place of a queue in it.
#[derive(Debug)]
pub(super) struct Queues;

impl Table for Queues {
    const NAME: &'static str = "queues";
    const TITLE: Text = Text::new("Job queues", "作业队列");
    const COLUMNS: &'static [Column] = &[
        Column::words("registry", "IN", "所在").width(6, 16),
        Column::words("queue", "QUEUE", "队列").width(11, 28),
        Column::words("state", "STATE", "状态").width(6, 10),
        Column::figure("waiting", "WAITING", "等待数").width(7, 9),
        Column::figure("latency_s", "OLDEST WAITS", "最久等待").width(6, 12),
        Column::figure("busy_workers", "WORKERS busy/all", "工作进程 忙/全部").width(7, 16),
    ];
    const QUESTIONS: &'static [Question] = &[Question::Queues, Question::Workers];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        of_registry::rows(fleet, scope, |holdings| holdings.queues.as_ref().map_or(0, |queues| queues.len()))
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(registry, queue)| format!("{}/{}", registry.spec.name, queue.job_type).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((registry, queue)) = at(cx.fleet, row) else { return Mark::None };
        let mark = match (queue.paused, &*queue.job_type) {
            (true, "REPLICATION") if queue.count > 0 => Mark::Bad,
            (true, _) => Mark::Warn,
            (false, _) if queue.count > 0 && queue.latency_s > SLOW_S => Mark::Warn,
            _ => Mark::Good,
        };
        of_registry::mark(cx, &registry.spec.name, mark)
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((registry, queue)) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "registry" => Fact::words(&registry.spec.name),
            "queue" => Fact::Name(Cow::Borrowed(&queue.job_type)),
            "state" => Fact::words(if queue.paused { "paused" } else { "running" }),
            "waiting" => Fact::Count(queue.count),
            "latency_s" if queue.count == 0 => Fact::Absent,
            "latency_s" => Fact::Took(queue.latency_s * 1000),
            "busy_workers" => workers(registry).map_or(Fact::Unknown, |(busy, _)| Fact::Count(busy)),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let (registry, queue) = at(cx.fleet, row)?;
        match key {
            "registry" => Some(Cell::plain(title(cx.fleet, &registry.spec.name))),
            "state" if queue.paused => Some(Cell::new(either(cx.lang, "paused", "已暂停"), Tone::Warn)),
            "state" => Some(Cell::new(either(cx.lang, "running", "运行中"), Tone::Good)),
            "busy_workers" => workers(registry).map(|(busy, all)| Cell::plain(format!("{busy}/{all}"))),
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some((registry, queue)) = at(cx.fleet, row) {
            let state = if queue.paused { "paused 已暂停" } else { "running" };
            push(out, &[&registry.spec.name, &title(cx.fleet, &registry.spec.name), &queue.job_type, state]);
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        of_registry::at(fleet, row).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((registry, queue)) = at(cx.fleet, row) else { return Vec::new() };
        let pools = registry.holdings.pools.as_ref();
        let heartbeat = pools.and_then(|pools| pools.iter().filter_map(|pool| pool.heartbeat).max());
        vec![
            ("name", json!(format!("{}/{}", registry.spec.name, queue.job_type))),
            ("idc", json!(registry.spec.idc)),
            ("paused", json!(queue.paused)),
            ("workers", json!(workers(registry).map(|(_, all)| all))),
            ("heartbeat", json!(heartbeat.map(Stamp::rfc3339))),
        ]
    }
}

/// The queue of a row.
pub fn queue_at(fleet: &Fleet, row: RowId) -> Option<&Queue> {
    at(fleet, row).map(|(_, queue)| queue)
}

fn at(fleet: &Fleet, row: RowId) -> Option<(&Registry, &Queue)> {
    let registry = of_registry::at(fleet, row)?;
    Some((registry, registry.holdings.queues.as_ref()?.get(row.b as usize)?))
}

/// Busy workers and all of them: every queue of a Harbor is emptied by the same ones.
fn workers(registry: &Registry) -> Option<(u64, u64)> {
    let workers = registry.holdings.workers.as_ref()?;
    let all: u64 = registry.holdings.pools.as_ref()?.iter().map(|pool| u64::from(pool.concurrency)).sum();
    let busy = workers.iter().filter(|worker| worker.job_name.is_some()).count();
    Some((u64::try_from(busy).ok()?, all.max(u64::try_from(workers.len()).ok()?)))
}
