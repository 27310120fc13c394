//! Quotas of projects.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;

use super::listing::{self, Facts};
use super::refusal::{Refusal, Reply};
use super::state::{Project, time};
use super::{Ask, Harbor};

impl Harbor {
    pub(super) fn list_quotas(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "quota", "list")?;
        let reference = ask.request.param("reference_id").and_then(|id| id.parse::<i64>().ok());
        let projects = self.projects.iter().filter(|project| reference.is_none_or(|id| project.id == id)).collect();
        let field = |project: &&Project, key: &str| {
            Some(match key {
                "id" => json!(project.quota.id),
                "creation_time" => json!(project.quota.created.rfc3339()),
                "update_time" => json!(project.quota.updated.rfc3339()),
                "used.storage" => json!(project.blobs.total()),
                "hard.storage" => json!(project.quota.hard),
                _ => return None,
            })
        };
        listing::list(ask.request, projects, &Facts { field: &field, sort: "-creation_time" }, |project| drawn(project))
    }

    pub(super) fn read_quota(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "quota", "read")?;
        let id = ask.id(0);
        let found = self.projects.iter().find(|project| project.quota.id == id);
        found.map(|project| Answer::json(200, &drawn(project))).ok_or_else(|| Refusal::not_found(format!("quota {id} not found")))
    }

    pub(super) fn change_quota(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "quota", "update")?;
        let id = ask.id(0);
        let hard = ask.request.json()["hard"]["storage"].as_i64();
        let found = self.projects.iter_mut().find(|project| project.quota.id == id);
        let project = found.ok_or_else(|| Refusal::not_found(format!("quota {id} not found")))?;
        let hard = hard.ok_or_else(|| Refusal::bad_request("hard limit of storage is missing"))?;
        if hard <= 0 && hard != -1 {
            return Err(Refusal::bad_request(format!("invalid non-positive value for quota limit, value={hard}")));
        }
        project.quota.hard = hard;
        project.quota.updated = ask.now;
        Ok(Answer::empty(200))
    }
}

fn drawn(project: &Project) -> Value {
    json!({"id": project.quota.id, "ref": {"id": project.id, "name": project.name, "owner_name": ""},
        "hard": {"storage": project.quota.hard}, "used": {"storage": project.blobs.total()},
        "creation_time": time(Some(project.quota.created)), "update_time": time(Some(project.quota.updated))})
}
