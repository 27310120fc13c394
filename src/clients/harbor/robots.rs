//! Robots of the system and of projects, and both audit logs.

use std::sync::Arc;

use super::names::Conditions;
use super::pages::PAGE_SIZE;
use super::wire::{WireAudit, WireEvent, WireRobot};
use super::{Harbor, Listing, Question};
use crate::clients::http::{Ask, segment};
use crate::model::audit::{AuditEntry, AuditLog};
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::robot::Robot;

const AUDIT_OF_PROJECT: &str = "/api/v2.0/projects/{project}/auditlog-exts";

/// Which rows of an audit log: all conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub since: Option<Stamp>,
    /// Creations, deletions and updates only: pulls and logins are most of a log and change nothing.
    pub changes_only: bool,
    /// `create`, `delete`, `pull`, ..
    pub operation: Option<String>,
    /// `artifact`, `member`, `project`, ..
    pub resource_type: Option<String>,
}

impl AuditFilter {
    fn conditions(&self) -> Option<Conditions> {
        let mut conditions = Conditions::default();
        if self.changes_only {
            conditions = conditions.any("operation", &["create", "delete", "update"]);
        }
        if let Some(operation) = &self.operation {
            conditions = conditions.exact("operation", operation);
        }
        if let Some(kind) = &self.resource_type {
            conditions = conditions.exact("resource_type", kind);
        }
        if let Some(since) = self.since {
            conditions = conditions.since("op_time", since);
        }
        (*self != Self::default()).then_some(conditions)
    }
}

impl Harbor {
    /// Robots of the system level.
    pub async fn list_robots(&self) -> Result<Listing<Robot>, Fault> {
        let question = Question::new("/api/v2.0/robots", "/api/v2.0/robots").with("sort", "id");
        self.whole::<WireRobot, _>(question, |robot| robot.id).await
    }

    /// Robots of one project, by its id in this Harbor: without it Harbor answers 400.
    pub async fn list_robots_of(&self, project_id: i64) -> Result<Listing<Robot>, Fault> {
        let q = Conditions::default().word("Level", "project").number("ProjectID", project_id).text(self.name())?;
        let question = Question::new("/api/v2.0/robots", "/api/v2.0/robots").with("q", q).with("sort", "id");
        self.whole::<WireRobot, _>(question, |robot| robot.id).await
    }

    pub async fn fetch_robot(&self, id: i64) -> Result<Robot, Fault> {
        self.one::<WireRobot>(Ask::get("/api/v2.0/robots/{id}", format!("/api/v2.0/robots/{id}"))).await
    }

    /// The newest rows of a log of the whole Harbor, so many at most, newest first. The log grows in front of its pages: a row
    /// that comes twice counts once.
    pub async fn list_audit(&self, log: AuditLog, filter: &AuditFilter, most: usize) -> Result<Listing<AuditEntry>, Fault> {
        let (template, path) = place(log);
        let mut listing = self.newest(Question::new(template, path), filter, most, i64::MIN).await?;
        listing.rows.iter_mut().for_each(|row| row.log = log);
        Ok(listing)
    }

    /// The newest rows down to an id, so many at most.
    pub(super) async fn list_audit_until(
        &self,
        log: AuditLog,
        filter: &AuditFilter,
        most: usize,
        until: i64,
    ) -> Result<Vec<AuditEntry>, Fault> {
        let (template, path) = place(log);
        let mut listing = self.newest(Question::new(template, path), filter, most, until).await?;
        listing.rows.iter_mut().for_each(|row| row.log = log);
        Ok(listing.rows)
    }

    /// The same of one project, from the new log: project administrators may read it.
    pub async fn list_audit_of(&self, project: &str, filter: &AuditFilter, most: usize) -> Result<Listing<AuditEntry>, Fault> {
        let path = format!("/api/v2.0/projects/{}/auditlog-exts", segment(project));
        self.newest(Question::new(AUDIT_OF_PROJECT, path), filter, most, i64::MIN).await
    }

    /// What the new log can tell of.
    pub async fn list_audit_events(&self) -> Result<Vec<Arc<str>>, Fault> {
        self.all::<WireEvent>(Ask::get("/api/v2.0/auditlog-exts/events", "/api/v2.0/auditlog-exts/events")).await
    }

    async fn newest(&self, question: Question, filter: &AuditFilter, most: usize, until: i64) -> Result<Listing<AuditEntry>, Fault> {
        let question = match filter.conditions() {
            Some(conditions) => question.with("q", conditions.text(self.name())?),
            None => question,
        };
        let question = question.with("sort", "-id");
        let (mut rows, mut oldest) = (Vec::<AuditEntry>::new(), i64::MAX);
        let size = most.clamp(1, PAGE_SIZE);
        let mut page = 1_usize;
        loop {
            let ask = question.ask().query("page", page.to_string()).query("page_size", size.to_string());
            let (came, total) = self.page::<WireAudit>(ask).await?;
            let full = came.len() >= size;
            let news = came.into_iter().filter(|row: &AuditEntry| row.id < oldest).collect::<Vec<_>>();
            let Some(last) = news.last().map(|row| row.id) else { return Ok(Listing { rows, total, torn: false }) };
            oldest = last;
            rows.extend(news);
            if rows.len() >= most || !full || oldest <= until {
                rows.truncate(most.max(1));
                return Ok(Listing { rows, total, torn: false });
            }
            page += 1;
        }
    }
}

fn place(log: AuditLog) -> (&'static str, &'static str) {
    match log {
        AuditLog::Old => ("/api/v2.0/audit-logs", "/api/v2.0/audit-logs"),
        AuditLog::Ext => ("/api/v2.0/auditlog-exts", "/api/v2.0/auditlog-exts"),
    }
}
