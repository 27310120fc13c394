//! Replication policies and the schedules that they bring.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;
use crate::model::clock::Stamp;

use super::listing::{self, Facts};
use super::refusal::{Refusal, Reply};
use super::state::{Kind, Policy, Schedule, put, time};
use super::{Ask, Harbor};

impl Harbor {
    /// Adds a policy as `POST /replication/policies` does; the body is that of the API.
    ///
    /// # Errors
    /// What the API refuses it with.
    pub fn add_policy(&mut self, asked: &Value, now: Stamp) -> Result<i64, Refusal> {
        let mut policy = self.policy_of(asked, now)?;
        let id = self.sequences.next(Kind::Policy);
        if self.policies.iter().any(|other| other.name == policy.name) {
            return Err(Refusal::conflict(format!("replication policy {} already exists", policy.name)));
        }
        policy.id = id;
        self.policies.push(policy);
        self.reschedule(id, now);
        Ok(id)
    }

    pub(super) fn list_policies(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication-policy", "list")?;
        let wanted = ask.request.param("name").unwrap_or_default();
        let policies = self.policies.iter().filter(|policy| policy.name.contains(&wanted)).collect();
        let field = |policy: &&Policy, key: &str| {
            Some(match key {
                "id" => json!(policy.id),
                "name" => json!(policy.name),
                "enabled" => json!(policy.enabled),
                "creation_time" => json!(policy.created.rfc3339()),
                "update_time" => json!(policy.updated.rfc3339()),
                _ => return None,
            })
        };
        listing::list(ask.request, policies, &Facts { field: &field, sort: "-creation_time" }, |policy| self.draw_policy(policy))
    }

    pub(super) fn read_policy(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication-policy", "read")?;
        Ok(Answer::json(200, &self.draw_policy(self.found_policy(ask.id(0))?)))
    }

    pub(super) fn create_policy(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication-policy", "create")?;
        let id = self.add_policy(&ask.request.json(), ask.now)?;
        Ok(Answer::empty(201).with("Location", &format!("/api/v2.0/replication/policies/{id}")))
    }

    /// Replaces everything: what is left out becomes false or empty.
    pub(super) fn change_policy(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication-policy", "update")?;
        let (id, created) = self.found_policy(ask.id(0)).map(|policy| (policy.id, policy.created))?;
        let mut policy = self.policy_of(&ask.request.json(), ask.now)?;
        if self.policies.iter().any(|other| other.name == policy.name && other.id != id) {
            return Err(Refusal::conflict(format!("replication policy {} already exists", policy.name)));
        }
        (policy.id, policy.created) = (id, created);
        if let Some(place) = self.policies.iter_mut().find(|policy| policy.id == id) {
            *place = policy;
        }
        self.reschedule(id, ask.now);
        Ok(Answer::empty(200))
    }

    pub(super) fn remove_policy(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "replication-policy", "delete")?;
        let id = self.found_policy(ask.id(0))?.id;
        if self.executions.iter().any(|execution| execution.policy == id && !execution.is_final()) {
            return Err(Refusal::precondition(format!("the policy {id} has running executions, can not be deleted")));
        }
        self.policies.retain(|policy| policy.id != id);
        for execution in self.executions.iter_mut().filter(|execution| execution.policy == id) {
            execution.orphan = true;
        }
        let live = &self.live;
        self.executions.retain(|execution| !execution.orphan || live.contains(&execution.id));
        self.schedules.retain(|schedule| schedule.vendor != "REPLICATION" || schedule.vendor_id != id);
        Ok(Answer::empty(200))
    }

    pub(super) fn found_policy(&self, id: i64) -> Result<&Policy, Refusal> {
        let found = self.policies.iter().find(|policy| policy.id == id);
        found.ok_or_else(|| Refusal::not_found(format!("replication policy {id} not found")))
    }

    pub(super) fn add_schedule(&mut self, vendor: &'static str, vendor_id: i64, cron: &str, now: Stamp) {
        let id = self.sequences.next(Kind::Schedule);
        self.schedules.push(Schedule { id, vendor, vendor_id, cron: cron.to_owned(), updated: now });
    }

    pub(super) fn list_schedules(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "jobservice-monitor", "list")?;
        let field = |schedule: &&Schedule, key: &str| (key == "id").then(|| json!(schedule.id));
        let facts = Facts { field: &field, sort: "" };
        listing::list(ask.request, self.schedules.iter().collect(), &facts, |schedule| {
            let mut row = json!({"id": schedule.id, "vendor_type": schedule.vendor, "cron": schedule.cron, "update_time": time(Some(schedule.updated))});
            put(&mut row, "vendor_id", schedule.vendor_id);
            row
        })
    }

    pub(super) fn schedules_paused(&mut self, ask: &Ask<'_>) -> Reply {
        Self::require_somebody(ask)?;
        Ok(Answer::json(200, &json!({"paused": self.paused.contains("SCHEDULER")})))
    }

    fn reschedule(&mut self, id: i64, now: Stamp) {
        self.schedules.retain(|schedule| schedule.vendor != "REPLICATION" || schedule.vendor_id != id);
        let policy = self.policies.iter().find(|policy| policy.id == id && policy.trigger["type"] == "scheduled");
        let cron = policy.and_then(|policy| policy.trigger["trigger_settings"]["cron"].as_str()).map(str::to_owned);
        if let Some(cron) = cron {
            self.add_schedule("REPLICATION", id, &cron, now);
        }
    }

    fn policy_of(&self, asked: &Value, now: Stamp) -> Result<Policy, Refusal> {
        let name = asked["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::bad_request("empty policy name"));
        }
        let end = |key: &str| asked[key]["id"].as_i64().unwrap_or_default();
        let (source, target) = (end("src_registry"), end("dest_registry"));
        if (source == 0) == (target == 0) {
            return Err(Refusal::bad_request("either src_registry or dest_registry should be empty and the other one shouldn't be empty"));
        }
        let trigger = match &asked["trigger"] {
            Value::Null => json!({"type": "manual"}),
            trigger => trigger.clone(),
        };
        if trigger["type"] == "scheduled" {
            check_cron(trigger["trigger_settings"]["cron"].as_str().unwrap_or_default())?;
        }
        self.found_registry(source.max(target))?;
        let single = asked["single_active_replication"] == true;
        if single && trigger["type"] == "event_based" {
            return Err(Refusal::internal());
        }
        Ok(Policy {
            id: 0,
            name: name.into(),
            description: asked["description"].as_str().unwrap_or_default().into(),
            source,
            target,
            namespace: asked["dest_namespace"].as_str().unwrap_or_default().into(),
            replace: asked["dest_namespace_replace_count"].as_i64().unwrap_or(-1),
            trigger,
            filters: if asked["filters"].is_array() { asked["filters"].clone() } else { json!([]) },
            // `replicate_deletion` alone is not read.
            deletion: asked["deletion"] == true,
            replace_existing: asked["override"] == true,
            enabled: asked["enabled"] == true,
            speed: asked["speed"].as_i64().unwrap_or_default().max(0),
            by_chunk: asked["copy_by_chunk"] == true,
            single,
            created: now,
            updated: now,
        })
    }

    fn draw_policy(&self, policy: &Policy) -> Value {
        let mut row = json!({"id": policy.id, "name": policy.name, "src_registry": self.draw_endpoint(policy.source),
            "dest_registry": self.draw_endpoint(policy.target), "dest_namespace_replace_count": policy.replace,
            "trigger": policy.trigger, "filters": policy.filters,
            "speed": policy.speed, "copy_by_chunk": policy.by_chunk, "single_active_replication": policy.single,
            "creation_time": time(Some(policy.created)), "update_time": time(Some(policy.updated))});
        put(&mut row, "description", policy.description.as_str());
        put(&mut row, "dest_namespace", policy.namespace.as_str());
        put(&mut row, "override", policy.replace_existing);
        put(&mut row, "enabled", policy.enabled);
        put(&mut row, "deletion", policy.deletion);
        put(&mut row, "replicate_deletion", policy.deletion);
        row
    }
}

/// Six fields, of which the seconds must be 0.
fn check_cron(cron: &str) -> Result<(), Refusal> {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let is_plain = |field: &&str| field.bytes().all(|byte| byte.is_ascii_digit() || b"*/,-?".contains(&byte));
    if fields.len() != 6 || !fields.iter().all(is_plain) {
        return Err(Refusal::bad_request(format!("invalid cron string for scheduled trigger: {cron}")));
    }
    if fields[0] != "0" {
        return Err(Refusal::bad_request("the 1st field (indicating Seconds of time) of the cron setting must be 0"));
    }
    if fields[1] == "*" {
        return Err(Refusal::bad_request("* is not allowed for the Minutes field of the cron setting of replication policy"));
    }
    Ok(())
}
