//! P2P preheat: providers, instances, policies of projects, their executions and tasks.

use super::replication::{SAVED, Saved, TaskLog};
use super::wire::{WireExecution, WireInstance, WirePreheatPolicy, WirePreheatTask, WireProvider};
use super::{Harbor, Listing, PeerPing, Question, errors};
use crate::clients::http::{Ask, Method, segment};
use crate::model::fault::Fault;
use crate::model::preheat::{PreheatExecution, PreheatInstance, PreheatPolicy, PreheatProvider, PreheatTask};

const INSTANCES: &str = "/api/v2.0/p2p/preheat/instances";
const INSTANCE: &str = "/api/v2.0/p2p/preheat/instances/{instance}";
const POLICIES: &str = "/api/v2.0/projects/{project}/preheat/policies";
const POLICY: &str = "/api/v2.0/projects/{project}/preheat/policies/{policy}";
const EXECUTIONS: &str = "/api/v2.0/projects/{project}/preheat/policies/{policy}/executions";
const EXECUTION: &str = "/api/v2.0/projects/{project}/preheat/policies/{policy}/executions/{id}";
const TASKS: &str = "/api/v2.0/projects/{project}/preheat/policies/{policy}/executions/{id}/tasks";
const TASK_LOG: &str = "/api/v2.0/projects/{project}/preheat/policies/{policy}/executions/{id}/tasks/{task}/logs";

impl Harbor {
    pub async fn list_preheat_providers(&self) -> Result<Vec<PreheatProvider>, Fault> {
        self.all::<WireProvider>(Ask::get("/api/v2.0/p2p/preheat/providers", "/api/v2.0/p2p/preheat/providers")).await
    }

    /// The peer networks that it is connected to. Their status is always "Unknown" here.
    pub async fn list_preheat_instances(&self) -> Result<Listing<PreheatInstance>, Fault> {
        self.whole::<WireInstance, _>(Question::new(INSTANCES, INSTANCES).with("sort", "id"), |instance| instance.id).await
    }

    pub async fn fetch_preheat_instance(&self, name: &str) -> Result<PreheatInstance, Fault> {
        self.one::<WireInstance>(Ask::get(INSTANCE, format!("{INSTANCES}/{}", segment(name)))).await
    }

    /// Has Harbor ping a saved instance. Nothing is changed by it; why it fails is hidden.
    pub async fn fetch_preheat_ping(&self, id: i64) -> Result<PeerPing, Fault> {
        let path = "/api/v2.0/p2p/preheat/instances/ping";
        let ask = Ask { discriminator: SAVED.into(), ..Ask::new(Method::POST, path, path).json(&Saved { id }) };
        let answer = self.send(ask).await?;
        match answer.status.as_u16() {
            200..=299 => Ok(PeerPing::Answers),
            500 if !errors::api_errors(&answer.body).is_empty() => Ok(PeerPing::Unreachable),
            _ => Err(errors::fault(answer)),
        }
    }

    pub async fn list_preheat_policies(&self, project: &str) -> Result<Listing<PreheatPolicy>, Fault> {
        let question = Question::new(POLICIES, policies(project)).with("sort", "id");
        self.whole::<WirePreheatPolicy, _>(question, |policy| policy.id).await
    }

    pub async fn fetch_preheat_policy(&self, project: &str, policy: &str) -> Result<PreheatPolicy, Fault> {
        self.one::<WirePreheatPolicy>(Ask::get(POLICY, format!("{}/{}", policies(project), segment(policy)))).await
    }

    /// The newest runs of a policy.
    pub async fn list_preheat_executions(&self, project: &str, policy: &str, most: usize) -> Result<Listing<PreheatExecution>, Fault> {
        self.first::<WireExecution>(Question::new(EXECUTIONS, executions(project, policy)).with("sort", "-id"), most).await
    }

    pub async fn fetch_preheat_execution(&self, project: &str, policy: &str, id: i64) -> Result<PreheatExecution, Fault> {
        self.one::<WireExecution>(Ask::get(EXECUTION, format!("{}/{id}", executions(project, policy)))).await
    }

    pub async fn list_preheat_tasks(&self, project: &str, policy: &str, execution: i64) -> Result<Listing<PreheatTask>, Fault> {
        let path = format!("{}/{execution}/tasks", executions(project, policy));
        self.whole::<WirePreheatTask, _>(Question::new(TASKS, path).with("sort", "id"), |task| task.id).await
    }

    /// A task's log: the only place that names the peers that were warmed.
    pub async fn fetch_preheat_log(&self, project: &str, policy: &str, execution: i64, task: i64) -> Result<TaskLog, Fault> {
        let path = format!("{}/{execution}/tasks/{task}/logs", executions(project, policy));
        let ask = Ask { accept: Some(TaskLog::ACCEPT), ..Ask::get(TASK_LOG, path) };
        Ok(TaskLog::read(&self.answer(ask).await?.body))
    }
}

fn policies(project: &str) -> String {
    format!("/api/v2.0/projects/{}/preheat/policies", segment(project))
}

fn executions(project: &str, policy: &str) -> String {
    format!("{}/{}/executions", policies(project), segment(policy))
}
