//! P2P preheating: Harbor's side of it. What the provider does is reported by [`super::Outside::Dragonfly`].

use serde_json::{Value, json};

use crate::lab::exchange::Answer;
use crate::model::clock::Stamp;

use super::executions::told;
use super::listing::{self, Facts};
use super::patterns::matches;
use super::refusal::{Refusal, Reply};
use super::state::{Kind, put, time};
use super::{Ask, Harbor, Outside};

/// How long a preheat takes.
const TAKES: i64 = 11_000;
const FILE: &str = "src/pkg/p2p/preheat/job.go";

#[derive(Debug, Default)]
pub(super) struct Preheats {
    instances: Vec<Instance>,
    policies: Vec<Rule>,
    executions: Vec<Warming>,
}

#[derive(Clone, Debug)]
struct Instance {
    id: i64,
    name: String,
    /// As it was asked for, without the credential.
    body: Value,
    setup: i64,
}

#[derive(Clone, Debug)]
struct Rule {
    id: i64,
    name: String,
    project: i64,
    body: Value,
    created: Stamp,
    updated: Stamp,
}

#[derive(Clone, Debug)]
struct Warming {
    id: i64,
    rule: i64,
    start: Stamp,
    tasks: Vec<Warm>,
}

#[derive(Clone, Debug)]
struct Warm {
    id: i64,
    artifact: String,
    digest: String,
    log: String,
}

impl Harbor {
    pub(super) fn list_preheat_providers(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "preheat-instance", "list")?;
        let providers = json!([
            {"id": "dragonfly", "name": "Dragonfly", "version": "2.1.59", "maintainers": ["chlins.zhang@gmail.com", "gaius.qi@gmail.com"],
                "source": "https://github.com/dragonflyoss/Dragonfly2",
                "icon": "https://raw.githubusercontent.com/dragonflyoss/Dragonfly2/master/docs/images/logo/dragonfly-linear.png"},
            {"id": "kraken", "name": "Kraken", "version": "0.1.3", "maintainers": ["mmpei/peimingming@corp.netease.com"],
                "source": "https://github.com/uber/kraken",
                "icon": "https://github.com/uber/kraken/blob/master/assets/kraken-logo-color.svg"}]);
        Ok(Answer::json(200, &providers))
    }

    pub(super) fn list_preheat_instances(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "preheat-instance", "list")?;
        let field = |instance: &&Instance, key: &str| (key == "name").then(|| json!(instance.name));
        let facts = Facts { field: &field, sort: "" };
        listing::list(ask.request, self.preheats.instances.iter().collect(), &facts, |instance| draw_instance(instance))
    }

    pub(super) fn read_preheat_instance(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "preheat-instance", "read")?;
        self.found_instance(ask.part(0)).map(|instance| Answer::json(200, &draw_instance(instance)))
    }

    /// A name that is taken and a vendor that is not known are both said as a 500.
    pub(super) fn create_preheat_instance(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "preheat-instance", "create")?;
        let mut body = ask.request.json();
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        let known = matches!(body["vendor"].as_str(), Some("dragonfly" | "kraken"));
        if !known || self.found_instance(&name).is_ok() {
            return Err(Refusal::internal());
        }
        if let Value::Object(fields) = &mut body {
            fields.remove("auth_info");
        }
        let id = self.sequences.next(Kind::Instance);
        let place = format!("/api/v2.0/p2p/preheat/instances/{name}");
        self.preheats.instances.push(Instance { id, name, body, setup: ask.now.seconds() });
        Ok(Answer::empty(201).with("Location", &place))
    }

    pub(super) fn ping_preheat_instance(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "preheat-instance", "read")?;
        let asked = ask.request.json();
        let endpoint = asked["endpoint"].as_str().unwrap_or_default();
        if ask.peers.dragonfly(endpoint) { Ok(Answer::empty(200)) } else { Err(Refusal::internal()) }
    }

    pub(super) fn remove_preheat_instance(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "preheat-instance", "delete")?;
        let id = self.found_instance(ask.part(0))?.id;
        if self.preheats.policies.iter().any(|rule| rule.body["provider_id"] == id) {
            let name = ask.part(0);
            return Err(Refusal::precondition(format!("Provider [{name}] cannot be deleted as some preheat policies are using it")));
        }
        self.preheats.instances.retain(|instance| instance.id != id);
        Ok(Answer::empty(200))
    }

    pub(super) fn list_preheat_policies(&mut self, ask: &Ask<'_>) -> Reply {
        let project = self.projects[self.place_of_project(ask, "preheat-policy", "list")?].id;
        let rules = self.preheats.policies.iter().filter(|rule| rule.project == project).collect();
        let field = |rule: &&Rule, key: &str| (key == "name").then(|| json!(rule.name));
        listing::list(ask.request, rules, &Facts { field: &field, sort: "" }, |rule| self.draw_rule(rule))
    }

    pub(super) fn read_preheat_policy(&mut self, ask: &Ask<'_>) -> Reply {
        let rule = self.found_rule(ask, "read")?;
        Ok(Answer::json(200, &self.draw_rule(rule)))
    }

    pub(super) fn create_preheat_policy(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "preheat-policy", "create")?;
        let body = ask.request.json();
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        let (project, taken) = (self.projects[at].id, self.preheats.policies.iter().any(|rule| rule.name == name));
        if taken {
            return Err(Refusal::conflict(format!("preheat policy {name} already exists")));
        }
        let id = self.sequences.next(Kind::Preheat);
        self.preheats.policies.push(Rule { id, name: name.clone(), project, body, created: ask.now, updated: ask.now });
        Ok(Answer::empty(201).with("Location", &format!("{}/{name}", ask.request.path)))
    }

    pub(super) fn remove_preheat_policy(&mut self, ask: &Ask<'_>) -> Reply {
        let id = self.found_rule(ask, "delete")?.id;
        self.preheats.policies.retain(|rule| rule.id != id);
        Ok(Answer::empty(200))
    }

    /// The place that the answer names lacks the API's base.
    pub(super) fn start_preheat(&mut self, ask: &Ask<'_>) -> Reply {
        let rule = self.found_rule(ask, "update")?.clone();
        let at = self.place_of_project(ask, "preheat-policy", "update")?;
        let project = &self.projects[at];
        let parsed = |key: &str| rule.body[key].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
        let filters = parsed("filters");
        let passes = |kind: &str, text: &str| {
            let own = filters.as_array().into_iter().flatten().filter(|filter| filter["type"] == kind);
            own.into_iter().all(|filter| matches(filter["value"].as_str().unwrap_or_default(), text))
        };
        let mut found = Vec::new();
        for repository in project.repositories.iter().filter(|repository| passes("repository", &repository.name)) {
            for artifact in repository.artifacts.iter().rev() {
                for tag in artifact.tags.iter().filter(|tag| passes("tag", &tag.name)) {
                    found.push((format!("{}/{}:{}", project.name, repository.name, tag.name), artifact.digest.to_string()));
                }
            }
        }
        let instance = self.preheats.instances.iter().find(|instance| rule.body["provider_id"] == instance.id);
        let (name, endpoint) =
            instance.map_or_else(Default::default, |own| (own.name.clone(), own.body["endpoint"].as_str().unwrap_or_default().to_owned()));
        let dragonfly = ask.peers.outside.iter().find_map(|place| match place {
            Outside::Dragonfly { url, next_job, report } if *url == endpoint => Some((*next_job, report.clone())),
            _ => None,
        });
        let id = self.sequences.next(Kind::Execution);
        let mut tasks = Vec::new();
        for (job, (artifact, digest)) in (0_u64..).zip(found) {
            let log = dragonfly.as_ref().map_or_else(String::new, |(next, report)| {
                let provider = (name.as_str(), endpoint.as_str());
                log_of(&TaskLog { artifact: &artifact, digest: &digest, provider, job: next + job, report }, ask.now)
            });
            tasks.push(Warm { id: self.sequences.next(Kind::Task), artifact, digest, log });
        }
        let project = self.projects[at].name.clone();
        self.preheats.executions.push(Warming { id, rule: rule.id, start: ask.now, tasks });
        Ok(Answer::empty(201).with("Location", &format!("/projects/{project}/preheat/policies/{}/executions/{id}", rule.name)))
    }

    pub(super) fn list_preheat_executions(&mut self, ask: &Ask<'_>) -> Reply {
        let rule = self.found_rule(ask, "read")?.id;
        let executions = self.preheats.executions.iter().filter(|execution| execution.rule == rule).rev().collect();
        let facts = Facts { field: &|_: &&Warming, _: &str| None, sort: "" };
        listing::list(ask.request, executions, &facts, |execution| draw_warming(execution, ask.now))
    }

    pub(super) fn read_preheat_execution(&mut self, ask: &Ask<'_>) -> Reply {
        Ok(Answer::json(200, &draw_warming(self.found_warming(ask)?, ask.now)))
    }

    pub(super) fn list_preheat_tasks(&mut self, ask: &Ask<'_>) -> Reply {
        let execution = self.found_warming(ask)?;
        let facts = Facts { field: &|_: &&Warm, _: &str| None, sort: "" };
        let (begin, end, status) = span(execution, ask.now);
        listing::list(ask.request, execution.tasks.iter().rev().collect(), &facts, |task| {
            json!({"id": task.id, "execution_id": execution.id, "status": status, "run_count": 1, "creation_time": begin, "start_time": begin,
                "end_time": end, "update_time": end, "extra_attrs": {"artifact": task.artifact, "digest": task.digest, "kind": "image"}})
        })
    }

    pub(super) fn preheat_log(&mut self, ask: &Ask<'_>) -> Reply {
        let id = ask.id(3);
        let task = self.found_warming(ask)?.tasks.iter().find(|task| task.id == id);
        let task = task.ok_or_else(|| Refusal::not_found(format!("task {id} not found")))?;
        Ok(told(ask, &task.log))
    }

    fn found_instance(&self, name: &str) -> Result<&Instance, Refusal> {
        let found = self.preheats.instances.iter().find(|instance| instance.name == name);
        found.ok_or_else(|| Refusal::not_found(format!("preheat instance {name} not found")))
    }

    fn found_rule(&self, ask: &Ask<'_>, action: &str) -> Result<&Rule, Refusal> {
        let project = self.projects[self.place_of_project(ask, "preheat-policy", action)?].id;
        let found = self.preheats.policies.iter().find(|rule| rule.project == project && rule.name == ask.part(1));
        found.ok_or_else(|| Refusal::not_found(format!("preheat policy {} not found", ask.part(1))))
    }

    fn found_warming(&self, ask: &Ask<'_>) -> Result<&Warming, Refusal> {
        let (rule, id) = (self.found_rule(ask, "read")?.id, ask.id(2));
        let found = self.preheats.executions.iter().find(|execution| execution.rule == rule && execution.id == id);
        found.ok_or_else(|| Refusal::not_found(format!("execution {id} not found")))
    }

    fn draw_rule(&self, rule: &Rule) -> Value {
        let provider = self.preheats.instances.iter().find(|instance| rule.body["provider_id"] == instance.id);
        let mut row = json!({"id": rule.id, "name": rule.name, "project_id": rule.project,
            "creation_time": time(Some(rule.created)), "update_time": time(Some(rule.updated))});
        for key in ["description", "provider_id", "filters", "trigger", "enabled", "extra_attrs"] {
            put(&mut row, key, rule.body[key].clone());
        }
        put(&mut row, "provider_name", provider.map_or("", |instance| instance.name.as_str()));
        row
    }
}

/// The credential is never shown, the status is never known.
fn draw_instance(instance: &Instance) -> Value {
    let mut row = json!({"id": instance.id, "name": instance.name, "setup_timestamp": instance.setup, "status": "Unknown"});
    for key in ["description", "vendor", "endpoint", "auth_mode", "enabled", "default", "insecure"] {
        put(&mut row, key, instance.body[key].clone());
    }
    row
}

fn draw_warming(execution: &Warming, now: Stamp) -> Value {
    let (begin, end, status) = span(execution, now);
    let amount = execution.tasks.len();
    let count = if status == "Success" { "success_task_count" } else { "running_task_count" };
    json!({"id": execution.id, "vendor_type": "P2P_PREHEAT", "vendor_id": execution.rule, "status": status, "trigger": "manual",
        "start_time": begin, "end_time": end, "metrics": {"task_count": amount, count: amount},
        "extra_attrs": {"totalCount": amount, "trigger": "manual", "triggerSetting": "-"}})
}

fn span(execution: &Warming, now: Stamp) -> (Value, Value, &'static str) {
    let seconds = |at: Stamp| json!(Stamp(at.seconds() * 1000).rfc3339().replace(".000Z", "Z"));
    let end = execution.start.plus_millis(TAKES);
    let done = end <= now;
    let shown = if done { seconds(end) } else { json!("0001-01-01T00:00:00Z") };
    (seconds(execution.start), shown, if done { "Success" } else { "Running" })
}

/// What the log of a task is made of.
struct TaskLog<'a> {
    artifact: &'a str,
    digest: &'a str,
    /// Name and address of the provider.
    provider: (&'a str, &'a str),
    job: u64,
    report: &'a str,
}

fn log_of(log: &TaskLog<'_>, now: Stamp) -> String {
    let TaskLog { artifact, digest, provider: (name, endpoint), job, report } = log;
    let line = |after: i64, line: u32, text: &str| {
        let at = Stamp((now.seconds() + after) * 1000).rfc3339().replace(".000Z", "Z");
        format!("{at} [INFO] [{FILE}:{line}]: {text}\n")
    };
    [
        line(1, 93, &format!("Preheating image '{artifact}@{digest}' to the target preheat provider: dragonfly {name}:{endpoint}")),
        line(1, 120, "Get preheat provider driver: dragonfly"),
        line(1, 134, "Check health of preheat provider instance: Healthy"),
        line(1, 146, "Sending preheat request is successfully done"),
        line(1, 170, "Start to loop check the preheating status until it's success or timeout(30m)"),
        line(11, 186, &format!("Check preheat progress: Task [{job}] is success with duration: 1s")),
        line(11, 196, &format!("Preheat job finished, message from provider: \n{report}")),
    ]
    .concat()
    .trim_end()
    .to_owned()
        + "\n"
}
