//! Executions, tasks and logs as the API tells of them.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;
use crate::model::clock::Stamp;

use super::listing::{self, Facts, Page};
use super::refusal::{Refusal, Reply};
use super::run::{Execution, Scope, Status, Step, Task};
use super::{Ask, Harbor};

impl Harbor {
    pub(super) fn list_executions(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication", "list")?;
        let wanted = |key: &str| ask.request.param(key).filter(|value| !value.is_empty());
        let policy = wanted("policy_id").and_then(|id| id.parse::<i64>().ok());
        let (status, trigger) = (wanted("status"), wanted("trigger"));
        let executions = self.executions.iter().filter(|execution| {
            !execution.orphan
                && policy.is_none_or(|id| execution.policy == id)
                && status.as_ref().is_none_or(|status| execution.status.word() == status)
                && trigger.as_ref().is_none_or(|trigger| execution.trigger == trigger)
        });
        let field = |execution: &&Execution, key: &str| {
            Some(match key {
                "id" => json!(execution.id),
                "start_time" => json!(execution.start.0),
                _ => return None,
            })
        };
        let facts = Facts { field: &field, sort: "-start_time,-id" };
        listing::list(ask.request, executions.collect(), &facts, |execution| execution.draw(self.knobs.skew_millis))
    }

    /// Accepted whether or not the other end can be reached.
    pub(super) fn start_execution(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication", "create")?;
        let id = ask.request.json()["policy_id"].as_i64().unwrap_or_default();
        let policy = self.found_policy(id)?;
        if !policy.enabled {
            return Err(Refusal::precondition(format!("the policy {id} is disabled")));
        }
        let execution = self.start(id, "manual", Scope::All, ask.world);
        Ok(Answer::empty(201).with("Location", &format!("/api/v2.0/replication/executions/{execution}")))
    }

    pub(super) fn read_execution(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication", "read")?;
        let execution = self.found_execution(ask.id(0))?;
        Ok(Answer::json(200, &execution.draw(self.knobs.skew_millis)))
    }

    /// Tasks that have not begun are stopped; one that has begun goes on. The answer is `null`.
    pub(super) fn stop_execution(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication", "create")?;
        let id = self.found_execution(ask.id(0))?.id;
        self.stop_waiting(id, ask.world);
        Ok(Answer::json(200, &Value::Null))
    }

    /// Empties the queue of replication.
    pub(super) fn stop_queued(&mut self, world: Stamp) {
        for id in self.live.clone() {
            self.stop_waiting(id, world);
        }
    }

    fn stop_waiting(&mut self, id: i64, world: Stamp) {
        let mut stopped = false;
        for execution in self.executions.iter_mut().filter(|execution| execution.id == id) {
            for task in execution.tasks.iter_mut().filter(|task| matches!(task.step, Step::Queued(_) | Step::Waiting(_))) {
                (task.status, task.step, task.end) = (Status::Stopped, Step::Done, Some(world));
                stopped = true;
            }
        }
        if stopped {
            self.changed(id, world);
        }
    }

    pub(super) fn list_tasks(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication", "list")?;
        let execution = self.found_execution(ask.id(0))?;
        let status = ask.request.param("status").filter(|status| !status.is_empty());
        let tasks: Vec<&Task> =
            execution.tasks.iter().filter(|task| status.as_ref().is_none_or(|status| task.status.word() == status)).collect();
        let field = |task: &&Task, key: &str| (key == "id").then(|| json!(task.id));
        let facts = Facts { field: &field, sort: "-id" };
        listing::list(ask.request, tasks, &facts, |task| task.draw(execution.id, self.knobs.skew_millis))
    }

    pub(super) fn task_log(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication", "read")?;
        let (execution, id) = (self.found_execution(ask.id(0))?, ask.id(1));
        let found = execution.tasks.iter().find(|task| task.id == id);
        let task = found.ok_or_else(|| Refusal::not_found(format!("replication task {id} not found")))?;
        if task.log.is_empty() {
            return Err(Refusal::not_found(format!("{{\"code\":10010,\"message\":\"object is not found: log of job {}\"}}", task.job)));
        }
        Ok(told(ask, &task.log).with("Content-Type", "text/plain"))
    }

    fn found_execution(&self, id: i64) -> Result<&Execution, Refusal> {
        self.execution(id)
            .filter(|execution| !execution.orphan)
            .ok_or_else(|| Refusal::not_found(format!("replication execution {id} not found")))
    }

    pub(super) fn webhook_events(&mut self, ask: &Ask<'_>) -> Reply {
        self.place_of_project(ask, "notification-policy", "read")?;
        let events = [
            "PUSH_ARTIFACT",
            "PULL_ARTIFACT",
            "DELETE_ARTIFACT",
            "QUOTA_EXCEED",
            "QUOTA_WARNING",
            "SCANNING_FAILED",
            "SCANNING_STOPPED",
            "SCANNING_COMPLETED",
            "REPLICATION",
            "TAG_RETENTION",
        ];
        let formats = json!([{"notify_type": "http", "formats": ["Default", "CloudEvents"]}]);
        Ok(Answer::json(200, &json!({"event_type": events, "notify_type": ["http", "slack"], "payload_formats": formats})))
    }

    pub(super) fn webhook_policies(&mut self, ask: &Ask<'_>) -> Reply {
        self.place_of_project(ask, "notification-policy", "list")?;
        let page = Page::of(ask.request)?;
        Ok(listing::answer(ask.request, page, 0, Vec::new()))
    }
}

/// A log: to whoever asks for JSON alone it comes as one JSON string, whatever the content type says.
pub(super) fn told(ask: &Ask<'_>, log: &str) -> Answer {
    let json_only =
        ask.request.header("Accept").is_some_and(|accept| accept.starts_with("application/json") && !accept.contains("text/plain"));
    if json_only { Answer::json(200, &json!(log)) } else { Answer::bytes(200, "text/plain", log.as_bytes().to_vec()) }
}
