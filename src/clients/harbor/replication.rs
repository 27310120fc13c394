//! Endpoints, policies, executions, their tasks and logs.

use serde::Serialize;

use super::wire::{WireEndpoint, WirePolicy, WirePowers, WireReplication, WireReplicationTask};
use super::{Harbor, Listing, Question, errors};
use crate::clients::http::{Ask, Method};
use crate::model::fault::{Fault, FaultKind};
use crate::model::registry::{EndpointPowers, RegistryEndpoint};
use crate::model::replication::{Execution, Policy, ReplicationTask};
use crate::model::text::clean;

const TASKS: &str = "/api/v2.0/replication/executions/{id}/tasks";
const TASK_LOG: &str = "/api/v2.0/replication/executions/{id}/tasks/{task}/log";
/// Harbor keeps 10 MB of a log.
const LOG_MOST: usize = 12 << 20;

/// What a Harbor's ping of one of its saved endpoints found. Harbor hides why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerPing {
    Answers,
    /// It answers and refuses Harbor's credential for it.
    Refused,
    /// Harbor cannot reach it.
    Unreachable,
}

impl PeerPing {
    /// The kind of trouble, for [`crate::model::replication::PeerVerdict`].
    #[must_use]
    pub fn trouble(self) -> Option<FaultKind> {
        match self {
            Self::Answers => None,
            Self::Refused => Some(FaultKind::Unauthorized),
            Self::Unreachable => Some(FaultKind::Unreachable),
        }
    }
}

/// A task's log, washed line by line. After a retry Harbor's log may begin in the middle of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskLog {
    pub lines: Vec<String>,
}

impl TaskLog {
    /// What Harbor is asked for: it writes a log as a JSON string to who asks for JSON first.
    pub(super) const ACCEPT: &str = "text/plain, application/json;q=0.5";

    /// Washes a log; the ends of its lines are the only control characters that mean anything.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let quoted = body.trim_ascii_start().starts_with(b"\"").then(|| serde_json::from_slice::<String>(body).ok()).flatten();
        let text = quoted.map_or_else(|| String::from_utf8_lossy(body), std::borrow::Cow::Owned);
        Self { lines: text.lines().map(|line| clean(line.trim_end_matches('\r')).into_owned()).collect() }
    }
}

/// The only body that makes a ping a read: an endpoint that is saved already.
#[derive(Debug, Serialize)]
pub(super) struct Saved {
    pub(super) id: i64,
}

/// What the gate calls a body of exactly `{"id":N}`.
pub(super) const SAVED: &str = r#"{"id":N}"#;

impl Harbor {
    /// The endpoints it replicates with. Their status keeps its last value when a peer is gone.
    pub async fn list_endpoints(&self) -> Result<Listing<RegistryEndpoint>, Fault> {
        let question = Question::new("/api/v2.0/registries", "/api/v2.0/registries").with("sort", "id");
        self.whole::<WireEndpoint, _>(question, |endpoint| endpoint.id).await
    }

    pub async fn fetch_endpoint(&self, id: i64) -> Result<RegistryEndpoint, Fault> {
        self.one::<WireEndpoint>(Ask::get("/api/v2.0/registries/{id}", format!("/api/v2.0/registries/{id}"))).await
    }

    /// What can be replicated with it; 0 is this Harbor itself.
    pub async fn fetch_endpoint_powers(&self, id: i64) -> Result<EndpointPowers, Fault> {
        self.one::<WirePowers>(Ask::get("/api/v2.0/registries/{id}/info", format!("/api/v2.0/registries/{id}/info"))).await
    }

    /// Has Harbor ping a saved endpoint with the credential it has for it. Nothing is changed by it.
    ///
    /// # Errors
    /// Where Harbor itself did not answer the question: not where the peer is down.
    pub async fn fetch_peer_ping(&self, id: i64) -> Result<PeerPing, Fault> {
        let path = "/api/v2.0/registries/ping";
        let ask = Ask { discriminator: SAVED.into(), ..Ask::new(Method::POST, path, path).json(&Saved { id }) };
        let answer = self.send(ask).await?;
        let errors = errors::api_errors(&answer.body);
        match (answer.status.as_u16(), errors.first()) {
            (200..=299, _) => Ok(PeerPing::Answers),
            (400, Some(error)) if error.message.contains("unhealthy") => Ok(PeerPing::Refused),
            // An error of Harbor's own making has this shape too; a proxy's page has not.
            (500, Some(_)) => Ok(PeerPing::Unreachable),
            _ => Err(errors::fault(answer)),
        }
    }

    /// Kinds of endpoints that this Harbor can speak with.
    pub async fn list_adapters(&self) -> Result<Vec<String>, Fault> {
        let answer = self.answer(Ask::get("/api/v2.0/replication/adapters", "/api/v2.0/replication/adapters")).await?;
        let names = answer.json::<Option<Vec<String>>>()?.unwrap_or_default();
        Ok(names.into_iter().map(|name| clean(&name).into_owned()).collect())
    }

    /// What kinds of endpoints want to be told: names only, their forms are for the web console.
    pub async fn list_adapter_forms(&self) -> Result<Vec<String>, Fault> {
        let answer = self.answer(Ask::get("/api/v2.0/replication/adapterinfos", "/api/v2.0/replication/adapterinfos")).await?;
        let forms = answer.json::<Option<serde_json::Map<String, serde_json::Value>>>()?.unwrap_or_default();
        Ok(forms.keys().map(|name| clean(name).into_owned()).collect())
    }

    pub async fn list_policies(&self) -> Result<Listing<Policy>, Fault> {
        let question = Question::new("/api/v2.0/replication/policies", "/api/v2.0/replication/policies").with("sort", "id");
        self.whole::<WirePolicy, _>(question, |policy| policy.id).await
    }

    pub async fn fetch_policy(&self, id: i64) -> Result<Policy, Fault> {
        self.one::<WirePolicy>(Ask::get("/api/v2.0/replication/policies/{id}", format!("/api/v2.0/replication/policies/{id}"))).await
    }

    /// The newest executions, of one policy or of all. Each row costs Harbor a query: at most 50 are asked for.
    pub async fn list_executions(&self, policy: Option<i64>, most: usize) -> Result<Listing<Execution>, Fault> {
        let question = Question::new("/api/v2.0/replication/executions", "/api/v2.0/replication/executions").with("sort", "-id");
        let question = match policy {
            Some(id) => question.with("policy_id", id.to_string()),
            None => question,
        };
        self.first::<WireReplication>(question, most.min(50)).await
    }

    pub async fn fetch_execution(&self, id: i64) -> Result<Execution, Fault> {
        let path = format!("/api/v2.0/replication/executions/{id}");
        self.one::<WireReplication>(Ask::get("/api/v2.0/replication/executions/{id}", path)).await
    }

    pub async fn list_tasks(&self, execution: i64) -> Result<Listing<ReplicationTask>, Fault> {
        let question = Question::new(TASKS, format!("/api/v2.0/replication/executions/{execution}/tasks")).with("sort", "id");
        self.whole::<WireReplicationTask, _>(question, |task| task.id).await
    }

    /// A task's log: the only place that says why it failed, and which tags it was about.
    ///
    /// # Errors
    /// `NotFound` where it was swept or nobody took the task.
    pub async fn fetch_task_log(&self, execution: i64, task: i64) -> Result<TaskLog, Fault> {
        let path = format!("/api/v2.0/replication/executions/{execution}/tasks/{task}/log");
        let ask = Ask { accept: Some(TaskLog::ACCEPT), max_body: Some(LOG_MOST), ..Ask::get(TASK_LOG, path) };
        Ok(TaskLog::read(&self.answer(ask).await?.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_washed_and_keeps_its_lines() {
        let log = TaskLog::read(b"a\x1b[2J\r\n\xffb\n\nc");
        assert_eq!(log.lines, ["a\u{FFFD}[2J", "\u{FFFD}b", "", "c"]);
        assert_eq!(TaskLog::read(br#""one\ntwo\u001b""#).lines, ["one", "two\u{FFFD}"]);
        assert_eq!(TaskLog::read(br#""broken"#).lines, [r#""broken"#]);
    }
}
