//! Robots and the audit logs, as told.

use serde::Deserialize;

use super::{FromWire, When, Word, at, some, word};
use crate::model::audit::{AuditEntry, AuditLog, Deed};
use crate::model::clock::Stamp;
use crate::model::robot::{Access, Robot, RobotGrant, RobotLevel};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireRobot {
    id: Option<i64>,
    name: Option<Word>,
    description: Option<Word>,
    level: Option<Word>,
    disable: Option<bool>,
    editable: Option<bool>,
    /// Seconds since 1970; -1 is never.
    expires_at: Option<i64>,
    /// Days; -1 is for ever.
    duration: Option<i64>,
    permissions: Option<Vec<WireGrant>>,
    creation_time: Option<When>,
    update_time: Option<When>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireGrant {
    kind: Option<Word>,
    namespace: Option<Word>,
    access: Option<Vec<WireAccess>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireAccess {
    resource: Option<Word>,
    action: Option<Word>,
    effect: Option<Word>,
}

impl FromWire for WireRobot {
    type Noun = Robot;

    fn noun(self) -> Robot {
        let access = |a: WireAccess| Access { resource: word(a.resource), action: word(a.action), effect: some(a.effect) };
        let grant = |g: WireGrant| RobotGrant {
            kind: RobotLevel::parse(&word(g.kind)),
            namespace: word(g.namespace),
            access: g.access.unwrap_or_default().into_iter().map(access).collect(),
        };
        Robot {
            id: self.id.unwrap_or_default(),
            name: word(self.name),
            description: some(self.description),
            level: RobotLevel::parse(&word(self.level)),
            disabled: self.disable.unwrap_or_default(),
            editable: self.editable.unwrap_or_default(),
            expires: self.expires_at.filter(|at| *at > 0).map(|at| Stamp(at.saturating_mul(1000))),
            days: self.duration.and_then(|days| u32::try_from(days).ok()).filter(|days| *days > 0),
            grants: self.permissions.unwrap_or_default().into_iter().map(grant).collect(),
            created: at(self.creation_time),
            updated: at(self.update_time),
        }
    }
}

/// A row of either log: the new one has two fields more.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireAudit {
    id: Option<i64>,
    username: Option<Word>,
    resource: Option<Word>,
    resource_type: Option<Word>,
    operation: Option<Word>,
    operation_description: Option<Word>,
    operation_result: Option<bool>,
    op_time: Option<When>,
}

impl FromWire for WireAudit {
    type Noun = AuditEntry;

    /// As of the new log; [`AuditEntry::log`] is set by who asked.
    fn noun(self) -> AuditEntry {
        AuditEntry {
            log: AuditLog::Ext,
            id: self.id.unwrap_or_default(),
            at: at(self.op_time),
            user: word(self.username),
            deed: Deed::parse(&word(self.operation)),
            resource_type: word(self.resource_type),
            resource: word(self.resource),
            description: some(self.operation_description),
            succeeded: self.operation_result,
        }
    }
}
