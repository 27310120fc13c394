//! The audit log: who did what, and the two questions about it.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;
use crate::model::clock::Stamp;

use super::listing::{self, Facts, Page};
use super::refusal::Reply;
use super::state::{AuditEntry, Kind, put, time};
use super::{Ask, Harbor};

/// Lines kept; the oldest go first.
const KEPT: usize = 20_000;

const EVENTS: [&str; 18] = [
    "create_artifact",
    "delete_artifact",
    "pull_artifact",
    "create_project",
    "delete_project",
    "delete_repository",
    "login_user",
    "logout_user",
    "create_user",
    "delete_user",
    "update_user",
    "create_robot",
    "delete_robot",
    "update_configuration",
    "create_member",
    "delete_member",
    "update_member",
    "update_project",
];

/// A line for the log before it has its number.
#[derive(Clone, Debug)]
pub(super) struct Note<'a> {
    pub operation: &'static str,
    pub kind: &'static str,
    pub resource: &'a str,
    pub description: String,
    pub succeeded: bool,
    pub project: Option<i64>,
}

impl Harbor {
    pub(super) fn note(&mut self, user: &str, at: Stamp, note: Note<'_>) {
        let id = self.sequences.next(Kind::Audit);
        if self.deeds.len() >= KEPT {
            self.deeds.drain(..KEPT / 10);
        }
        self.deeds.push(AuditEntry {
            id,
            at,
            operation: note.operation,
            description: note.description,
            succeeded: note.succeeded,
            resource: note.resource.to_owned(),
            resource_kind: note.kind,
            user: user.to_owned(),
            project: note.project,
        });
    }

    pub(super) fn list_old_audit(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "audit-log", "list")?;
        let page = Page::of(ask.request)?;
        Ok(listing::answer(ask.request, page, 0, Vec::new()))
    }

    pub(super) fn list_audit(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "audit-log", "list")?;
        listing::list(
            ask.request,
            self.deeds.iter().rev().collect(),
            &Facts { field: &|deed: &&AuditEntry, key: &str| field(deed, key), sort: "" },
            |deed| drawn(deed),
        )
    }

    pub(super) fn list_audit_events(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "audit-log", "list")?;
        let events: Vec<Value> = EVENTS.iter().map(|event| json!({ "event_type": event })).collect();
        Ok(Answer::json(200, &Value::Array(events)))
    }

    pub(super) fn list_project_audit(&mut self, ask: &Ask<'_>) -> Reply {
        let project = self.find_project(ask, 0)?;
        self.require_project(ask, project, "log", "list")?;
        let id = project.id;
        let deeds = self.deeds.iter().rev().filter(|deed| deed.project == Some(id)).collect();
        listing::list(ask.request, deeds, &Facts { field: &|deed: &&AuditEntry, key: &str| field(deed, key), sort: "" }, |deed| drawn(deed))
    }
}

fn field(deed: &AuditEntry, key: &str) -> Option<Value> {
    Some(match key {
        "id" => json!(deed.id),
        "operation" => json!(deed.operation),
        "resource" => json!(deed.resource),
        "resource_type" => json!(deed.resource_kind),
        "username" => json!(deed.user),
        "operation_result" => json!(deed.succeeded),
        "op_time" => json!(deed.at.rfc3339()),
        _ => return None,
    })
}

fn drawn(deed: &AuditEntry) -> Value {
    let mut row = json!({"id": deed.id, "op_time": time(Some(deed.at)), "operation": deed.operation,
        "operation_description": deed.description, "operation_result": deed.succeeded,
        "resource_type": deed.resource_kind, "username": deed.user});
    put(&mut row, "resource", deed.resource.as_str());
    row
}
