//! Who did what in a Harbor, from either of its logs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock::Stamp;
use super::words::open_words;

open_words! {
    /// What was done.
    Deed { Create = "create", Delete = "delete", Pull = "pull", Update = "update", Login = "login", Logout = "logout" }
}

/// Which log a row is from; ids are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditLog {
    /// `/audit-logs`: before 2.13, and what it kept.
    Old,
    /// `/auditlog-exts`: 2.13 and newer.
    Ext,
}

/// One row. Writes by replication carry the name of the endpoint's account: that tells them from people's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub log: AuditLog,
    pub id: i64,
    pub at: Option<Stamp>,
    pub user: Arc<str>,
    pub deed: Deed,
    pub resource_type: Arc<str>,
    /// `payment/web:v1`, `payment/web@sha256:..`, a member's or project's name; empty where Harbor kept none.
    pub resource: Arc<str>,
    pub description: Option<Arc<str>>,
    /// The old log does not tell.
    pub succeeded: Option<bool>,
}

impl AuditEntry {
    /// Whether a row is about a project or something in it, as far as its words tell.
    #[must_use]
    pub fn is_of(&self, project: &str) -> bool {
        match &*self.resource_type {
            "project" => &*self.resource == project,
            "artifact" | "tag" | "repository" => self.resource.split_once('/').is_some_and(|(first, _)| first == project),
            // A member's row names its project in words only; a robot's stands before the plus.
            "member" => {
                self.description.as_deref().is_some_and(|words| words.rsplit_once(" project ").is_some_and(|(_, p)| p.trim() == project))
            }
            "robot" => self.resource.split_once('$').and_then(|(_, name)| name.split_once('+')).is_some_and(|(first, _)| first == project),
            _ => false,
        }
    }

    /// The repository that an artifact's row is about, without tag and digest.
    #[must_use]
    pub fn repository(&self) -> Option<&str> {
        if &*self.resource_type != "artifact" && &*self.resource_type != "tag" && &*self.resource_type != "repository" {
            return None;
        }
        let name = self.resource.split('@').next()?;
        let after_slash = name.rfind('/').map_or(0, |at| at + 1);
        let end = name[after_slash..].find(':').map_or(name.len(), |at| after_slash + at);
        Some(&name[..end]).filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_of_a_row_is_found() {
        let row = |kind: &str, resource: &str| AuditEntry {
            log: AuditLog::Ext,
            id: 1,
            at: None,
            user: "admin".into(),
            deed: Deed::Create,
            resource_type: kind.into(),
            resource: resource.into(),
            description: None,
            succeeded: None,
        };
        assert_eq!(row("artifact", "payment/core/api:v1").repository(), Some("payment/core/api"));
        assert_eq!(row("artifact", "payment/web@sha256:97").repository(), Some("payment/web"));
        assert_eq!(row("member", "dave").repository(), None);
        assert_eq!(row("artifact", "").repository(), None);
        assert!(row("artifact", "payment/core/api:v1").is_of("payment") && !row("artifact", "payment-2/api:v1").is_of("payment"));
        assert!(row("project", "payment").is_of("payment") && row("robot", "robot$payment+ci").is_of("payment"));
        let member = AuditEntry { description: Some("create user member dave in project payment".into()), ..row("member", "dave") };
        assert!(member.is_of("payment") && !row("member", "dave").is_of("payment"));
    }
}
