//! Tasks of replication executions, as far as they were read: one a repository, or one an event.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::executions::policy_name;
use super::fact::Fact;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::of_registry::{self, push, title};
use super::table::Table;
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::registry::{Question, Registry, JudgedExecution};
use crate::model::replication::{Operation, ReplicationTask, TaskStatus};
use crate::model::text::{Lang, Text};

/// A row is a registry, the place of a run in it, and the place of a task in that.
#[derive(Debug)]
pub(super) struct ReplicationTasks;

/// A task where it is.
#[derive(Clone, Debug)]
pub struct TaskPlace<'f> {
    pub registry: &'f Arc<Registry>,
    pub run: &'f Arc<JudgedExecution>,
    pub task: &'f ReplicationTask,
}

impl Table for ReplicationTasks {
    const NAME: &'static str = "replication_tasks";
    const TITLE: Text = Text::new("Replication tasks", "同步任务");
    const COLUMNS: &'static [Column] = &[
        Column::words("state", "STATE", "状态").width(7, 10),
        Column::words("source", "REPOSITORY", "仓库").width(12, 48),
        Column::figure("items", "ITEMS", "制品数").width(5, 7),
        Column::words("operation", "DOES", "操作").width(4, 12).drop_priority(2),
        Column::words("target", "AS", "目标名").width(8, 48).drop_priority(3),
        Column::moment("started", "STARTED", "开始").drop_priority(1),
        Column::figure("took_s", "TOOK", "耗时").width(4, 6),
        Column::words("policy", "POLICY", "策略").width(8, 24).drop_priority(4),
        Column::words("registry", "IN", "所在").width(4, 14).wide(),
        Column::figure("execution", "RUN", "执行").width(4, 9).wide(),
    ];
    const QUESTIONS: &'static [Question] = &[Question::Executions, Question::Tasks, Question::Policies];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let runs = of_registry::rows(fleet, scope, |holdings| holdings.runs.as_ref().map_or(0, Vec::len));
        let mut rows = Vec::new();
        for row in runs {
            let Some(run) = of_registry::at(fleet, row).and_then(|r| r.holdings.runs.as_ref()?.get(row.b as usize)) else { continue };
            let wanted =
                scope.execution.is_none_or(|id| id == run.execution.id) && scope.policy.is_none_or(|id| id == run.execution.policy_id);
            let count = run.tasks.as_ref().filter(|_| wanted).map_or(0, |tasks| tasks.len());
            rows.extend((0u32..).take(count).map(|c| RowId { c, ..row }));
        }
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        let key = |at: TaskPlace<'_>| format!("{}/{}/{}", at.registry.spec.name, at.run.execution.id, at.task.id).into();
        task_at(fleet, row).map_or_else(|| "".into(), key)
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some(at) = task_at(cx.fleet, row) else { return Mark::None };
        let mark = match &at.task.status {
            TaskStatus::Succeed => return Mark::Good,
            TaskStatus::Failed if at.run.settled.is_final() => return Mark::Bad,
            TaskStatus::Failed | TaskStatus::Stopped => Mark::Warn,
            TaskStatus::InProgress | TaskStatus::Pending => Mark::Changing,
            TaskStatus::Other(_) => Mark::Unknown,
        };
        of_registry::mark(cx, &at.registry.spec.name, mark)
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(TaskPlace { registry, run, task }) = task_at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "state" => Fact::words(state(task)),
            "source" => Fact::Name(Cow::Borrowed(task.source_repository())),
            "items" => task.items().map_or(Fact::Unknown, Fact::count),
            "operation" => Fact::words(task.operation.word()),
            "target" if task.target_repository() == task.source_repository() => Fact::Absent,
            "target" => Fact::words(task.target_repository()),
            "started" => task.started.map_or(Fact::Absent, Fact::At),
            "took_s" => match (task.started, task.ended) {
                (Some(started), Some(ended)) => Fact::Took(ended.since(started)),
                _ => Fact::Absent,
            },
            "policy" => policy_name(registry, run).map_or(Fact::Unknown, Fact::words),
            "registry" => Fact::words(&registry.spec.name),
            "execution" => u64::try_from(task.execution_id).map_or(Fact::Unknown, Fact::Count),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let TaskPlace { registry, run, task } = task_at(cx.fleet, row)?;
        let zh = cx.lang == Lang::Zh;
        match key {
            "state" => {
                let (en, words, tone) = match &task.status {
                    TaskStatus::Pending => ("pending", "等待", Tone::Changing),
                    TaskStatus::InProgress => ("running", "进行中", Tone::Changing),
                    TaskStatus::Succeed => ("ok", "成功", Tone::Good),
                    TaskStatus::Failed if !run.settled.is_final() => ("retrying", "重试中", Tone::Warn),
                    TaskStatus::Failed => ("failed", "失败", Tone::Bad),
                    TaskStatus::Stopped => ("stopped", "已停止", Tone::Warn),
                    TaskStatus::Other(_) => return None,
                };
                Some(Cell::new(if zh { words } else { en }, tone))
            }
            "operation" if zh => match &task.operation {
                Operation::Copy => Some(Cell::plain("复制")),
                Operation::Deletion => Some(Cell::plain("删除")),
                Operation::TagDeletion => Some(Cell::plain("删除标签")),
                Operation::Other(_) => None,
            },
            "registry" => Some(Cell::plain(title(cx.fleet, &registry.spec.name))),
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(TaskPlace { registry, run, task }) = task_at(cx.fleet, row) {
            push(out, &[state(task), &task.source, &task.target, &registry.spec.name, &title(cx.fleet, &registry.spec.name)]);
            push(out, &[policy_name(registry, run).unwrap_or(""), task.operation.word()]);
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        of_registry::at(fleet, row).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(TaskPlace { registry, run, task }) = task_at(cx.fleet, row) else { return Vec::new() };
        vec![
            ("name", json!(format!("{}/{}/{}", registry.spec.name, task.execution_id, task.id))),
            ("idc", json!(registry.spec.idc)),
            ("id", json!(task.id)),
            ("policy_id", json!(run.execution.policy_id)),
            ("job_id", json!(task.job_id)),
            ("resource_type", json!(task.resource_type)),
            ("ended", json!(task.ended.map(Stamp::rfc3339))),
        ]
    }
}

fn state(task: &ReplicationTask) -> &str {
    match &task.status {
        TaskStatus::Pending => "pending",
        TaskStatus::InProgress => "running",
        TaskStatus::Succeed => "succeeded",
        TaskStatus::Failed => "failed",
        TaskStatus::Stopped => "stopped",
        TaskStatus::Other(word) => word,
    }
}

/// The task that a row of this noun is.
#[must_use]
pub fn task_at(fleet: &Fleet, row: RowId) -> Option<TaskPlace<'_>> {
    let registry = of_registry::at(fleet, row)?;
    let run = registry.holdings.runs.as_ref()?.get(row.b as usize)?;
    Some(TaskPlace { registry, run, task: run.tasks.as_ref()?.get(row.c as usize)? })
}
