//! Runs: what is being carried out, how far it is, and by whom.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::table::Table;
use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::run::{Run, RunState};
use crate::model::text::Text;

/// A row is a task's index; the newest is the first row.
#[derive(Debug)]
pub(super) struct Tasks;

impl Table for Tasks {
    const NAME: &'static str = "tasks";
    const TITLE: Text = Text::new("Tasks", "任务");
    const COLUMNS: &'static [Column] = &[
        Column::words("id", "RUN", "运行").width(8, 8),
        Column::words("title", "WHAT", "内容").width(16, 48),
        Column::words("state", "STATE", "状态").width(8, 10),
        Column::figure("progress", "STEPS", "步数").width(5, 11),
        Column::figure("failed", "FAILED", "失败").width(5, 6).drop_priority(3),
        Column::words("who", "WHO", "谁").width(8, 24).drop_priority(2),
        Column::figure("started", "STARTED", "开始").width(8, 11).drop_priority(1),
        Column::words("reason", "REASON", "原因").width(8, 48).wide(),
    ];

    fn rows(&self, fleet: &Fleet, _scope: &Scope) -> Vec<RowId> {
        let mut rows: Vec<RowId> = (0u32..).take(fleet.runs.len()).map(|a| RowId { a, ..RowId::default() }).collect();
        rows.reverse();
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |task| Arc::clone(&task.id.0))
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        match at(cx.fleet, row).map(|task| task.state) {
            Some(RunState::Running | RunState::Waiting) => Mark::Changing,
            Some(RunState::Abandoned | RunState::Partial) => Mark::Warn,
            Some(RunState::Done) => Mark::Good,
            Some(RunState::Failed) => Mark::Bad,
            Some(RunState::Cancelled) | None => Mark::None,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(task) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "id" => Fact::Name(Cow::Borrowed(&task.id.0)),
            "title" => Fact::words(task.title.get(cx.lang)),
            "state" => Fact::words(word(task.state).0),
            "progress" => Fact::count(task.progress().0),
            "failed" => Fact::count(task.failed()),
            "who" => Fact::words(&task.owner.who),
            "started" => Fact::At(task.started),
            "reason" => Fact::maybe(task.reason.as_deref()),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let task = at(cx.fleet, row)?;
        match key {
            "id" => {
                let id = &task.id.0;
                Some(Cell::new(id.len().checked_sub(8).and_then(|from| id.get(from..)).unwrap_or(id), Tone::Name))
            }
            "state" => {
                let (en, zh, tone) = word(task.state);
                Some(Cell::new(super::fact::either(cx.lang, en, zh), tone))
            }
            "progress" => {
                let (ended, all) = task.progress();
                Some(Cell::plain(format!("{ended}/{all}")))
            }
            "failed" if task.failed() > 0 => Some(Cell::new(task.failed().to_string(), Tone::Bad)),
            _ => None,
        }
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        if let (Some(task), "state") = (at(cx.fleet, row), key) {
            out.push(' ');
            out.push_str(word(task.state).1);
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(task) = at(cx.fleet, row) {
            let reason = task.reason.as_deref().unwrap_or("");
            for words in [&*task.id.0, task.title.get(cx.lang), word(task.state).0, &task.owner.who, reason] {
                out.push_str(words);
                out.push(' ');
            }
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(task) = at(cx.fleet, row) else { return Vec::new() };
        vec![
            ("name", json!(task.id)),
            ("operation", json!(task.operation)),
            ("steps", json!(task.steps.len())),
            ("machine", json!(task.owner.machine)),
            ("ended", json!(task.ended.map(Stamp::rfc3339))),
        ]
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<&Arc<Run>> {
    fleet.runs.get(row.a as usize)
}

fn word(state: RunState) -> (&'static str, &'static str, Tone) {
    match state {
        RunState::Running => ("running", "进行中", Tone::Changing),
        RunState::Waiting => ("waiting", "等待中", Tone::Changing),
        RunState::Abandoned => ("abandoned", "无人接管", Tone::Warn),
        RunState::Done => ("done", "完成", Tone::Good),
        RunState::Partial => ("partial", "部分失败", Tone::Warn),
        RunState::Failed => ("failed", "失败", Tone::Bad),
        RunState::Cancelled => ("cancelled", "已取消", Tone::Dim),
    }
}
