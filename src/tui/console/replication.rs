//! Into replication: the tasks of an execution, read when they are wanted, and their logs.

use std::sync::Arc;

use super::super::layers::log::{Follow, LogBox};
use super::{Console, ConsoleRequest};
use crate::engine::{Command, TailAsk};
use crate::model::replication::{ReplicationTask, TaskStatus};
use crate::model::text::{Text, clean};
use crate::tables::{Scope, task_at};

impl Console {
    /// Has the tasks of an execution read, where they are not known yet.
    pub(super) fn want_tasks(&mut self, under: &Scope) {
        let (Some(registry), Some(id)) = (&under.registry, under.execution) else { return };
        let runs = self.moment.fleet.registry(registry).and_then(|r| r.holdings.runs.as_ref());
        let is_read = runs.and_then(|runs| runs.iter().find(|run| run.execution.id == id)).is_some_and(|run| run.tasks.is_some());
        if !is_read {
            self.request(ConsoleRequest::Send(Command::ReadTasks { registry: Arc::clone(registry), execution: id }));
        }
    }

    /// The log of the task under the bar; of an execution that of its first failed task.
    pub(super) fn task_log(&mut self) {
        let Some((sheet, row)) = self.listing().row() else { return };
        let (fleet, noun) = (Arc::clone(&sheet.fleet), sheet.noun);
        let under = noun.under(&fleet, row);
        let found = match task_at(&fleet, row).filter(|_| noun.name() == "replication_tasks") {
            Some(at) => Some((Arc::clone(&at.registry.spec.name), at.task.clone())),
            None => first_of(&fleet, &under),
        };
        let Some((registry, task)) = found else {
            self.want_tasks(&under);
            return self.say(Text::new("its tasks are not read yet; Enter shows them", "尚未读取其任务；按 Enter 查看"));
        };
        let title =
            format!("{} {}/{} {}", Text::new("log", "日志").get(self.look.lang), registry, task.id, clean(task.source_repository()));
        self.layers.push(Box::new(LogBox::new(title, Follow::FromTop)));
        self.request(ConsoleRequest::Tail(TailAsk::ReplicationTask { registry, execution: task.execution_id, task: task.id }));
    }
}

/// The first task of an execution that failed, else its first.
fn first_of(fleet: &crate::model::fleet::Fleet, under: &Scope) -> Option<(Arc<str>, ReplicationTask)> {
    let registry = fleet.registry(under.registry.as_deref()?)?;
    let run = registry.holdings.runs.as_ref()?.iter().find(|run| Some(run.execution.id) == under.execution)?;
    let tasks = run.tasks.as_ref()?;
    let task = tasks.iter().find(|task| task.status == TaskStatus::Failed).or(tasks.first())?;
    Some((Arc::clone(&registry.spec.name), task.clone()))
}
