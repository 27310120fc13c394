//! Projects with their summaries, metadata, quotas, rules and webhooks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::wire::{WireDeletable, WireMetadata, WireProject, WireQuota, WireRule, WireSummary, WireWebhook, WireWebhookEvents};
use super::{Harbor, Listing, Question, errors};
use crate::clients::http::{Ask, Method, segment};
use crate::model::fault::Fault;
use crate::model::project::{Deletable, ImmutableRule, Project, ProjectSummary, Webhook, WebhookEvents};
use crate::model::quota::Quota;

const PROJECT: &str = "/api/v2.0/projects/{project}";
const SUMMARY: &str = "/api/v2.0/projects/{project}/summary";
const DELETABLE: &str = "/api/v2.0/projects/{project}/_deletable";
const METADATA: &str = "/api/v2.0/projects/{project}/metadatas/";
const RULES: &str = "/api/v2.0/projects/{project}/immutabletagrules";
const WEBHOOKS: &str = "/api/v2.0/projects/{project}/webhook/policies";
const WEBHOOK_EVENTS: &str = "/api/v2.0/projects/{project}/webhook/events";

impl Harbor {
    /// Every project that the credential may see. With a wrong password these are the public ones: see
    /// [`Harbor::fetch_identity`].
    pub async fn list_projects(&self) -> Result<Listing<Project>, Fault> {
        let question = Question::new("/api/v2.0/projects", "/api/v2.0/projects").with("with_detail", "true").with("sort", "project_id");
        self.whole::<WireProject, _>(question, |project| project.id).await
    }

    /// One project, by name even where the name is all digits.
    pub async fn fetch_project(&self, name: &str) -> Result<Project, Fault> {
        self.one::<WireProject>(Ask::get(PROJECT, format!("/api/v2.0/projects/{}", segment(name)))).await
    }

    /// Whether there is a project of this name, seen or not.
    pub async fn fetch_project_exists(&self, name: &str) -> Result<bool, Fault> {
        let ask = Ask::new(Method::HEAD, "/api/v2.0/projects", "/api/v2.0/projects").query("project_name", name);
        let answer = self.send(ask).await?;
        match answer.status.as_u16() {
            200..=299 => Ok(true),
            404 => Ok(false),
            _ => Err(errors::fault(answer)),
        }
    }

    /// Counts by role, and storage.
    pub async fn fetch_summary(&self, project: &str) -> Result<ProjectSummary, Fault> {
        self.one::<WireSummary>(of(SUMMARY, project, "summary")).await
    }

    pub async fn fetch_deletable(&self, project: &str) -> Result<Deletable, Fault> {
        self.one::<WireDeletable>(of(DELETABLE, project, "_deletable")).await
    }

    pub async fn fetch_metadata(&self, project: &str) -> Result<BTreeMap<Arc<str>, Arc<str>>, Fault> {
        self.one::<WireMetadata>(of(METADATA, project, "metadatas/")).await
    }

    /// Every project's quota; system administrators, and robots that were given it.
    pub async fn list_quotas(&self) -> Result<Listing<Quota>, Fault> {
        let question = Question::new("/api/v2.0/quotas", "/api/v2.0/quotas").with("reference", "project").with("sort", "creation_time");
        self.whole::<WireQuota, _>(question, |quota| quota.id).await
    }

    pub async fn list_immutable_rules(&self, project: &str) -> Result<Listing<ImmutableRule>, Fault> {
        self.whole::<WireRule, _>(list_of(RULES, project, "immutabletagrules"), |rule| rule.id).await
    }

    pub async fn list_webhooks(&self, project: &str) -> Result<Listing<Webhook>, Fault> {
        self.whole::<WireWebhook, _>(list_of(WEBHOOKS, project, "webhook/policies"), |hook| hook.id).await
    }

    pub async fn fetch_webhook_events(&self, project: &str) -> Result<WebhookEvents, Fault> {
        self.one::<WireWebhookEvents>(of(WEBHOOK_EVENTS, project, "webhook/events")).await
    }
}

fn of(template: &'static str, project: &str, rest: &str) -> Ask {
    Ask::get(template, format!("/api/v2.0/projects/{}/{rest}", segment(project)))
}

fn list_of(template: &'static str, project: &str, rest: &str) -> Question {
    Question::new(template, format!("/api/v2.0/projects/{}/{rest}", segment(project))).with("sort", "id")
}
