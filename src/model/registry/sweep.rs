//! Where a cheap sweep of a Harbor has come to, and what it found changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::audit::AuditLog;
use crate::model::clock::Stamp;
use crate::model::text::Text;

/// Where the last sweep has come to. Kept over a restart: a console that is opened again reads what changed and no more.
/// All ids and times in it are that Harbor's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepCursor {
    /// The log that is followed; `None` where none may be read.
    pub log: Option<AuditLog>,
    /// The newest row that was seen.
    pub audit_id: i64,
    /// Ids just below it that were seen: rows may become visible out of order.
    #[serde(default)]
    pub seen: BTreeSet<i64>,
    /// The newest time at which a repository was said to have changed.
    pub updated: Option<Stamp>,
}

/// A list that has to be read again as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedList {
    Projects,
    Users,
    SystemRobots,
    Settings,
}

/// Why everything has to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WholeBecause {
    /// Nobody has looked yet.
    FirstTime,
    /// The log is shorter than it was: purged to the ground, or another Harbor under the old address.
    LogCut,
    /// More happened than is worth following.
    TooMuch,
}

/// By what a Harbor's changes are found between two full passes. What it cannot tell is found by the pass only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follows {
    /// The log that is followed; `None`: there is none, or this credential may not read it.
    pub log: Option<AuditLog>,
    /// Whether a repository's time moves with each push and delete: from 2.16 on.
    pub times: bool,
}

impl Follows {
    /// What is found late, in a sentence; `None` where nothing is.
    #[must_use]
    pub fn gap(self) -> Option<Text> {
        match (self.log, self.times) {
            (Some(AuditLog::Ext), true) => None,
            (Some(AuditLog::Ext), false) => Some(Text::new(
                "before 2.16 update times do not move: pushes are found by the audit log, everything else by the hourly pass",
                "2.16 之前更新时间不变：推送靠审计日志发现，其余靠每小时一次的全面核对",
            )),
            (Some(AuditLog::Old), _) => Some(Text::new(
                "the old audit log says nothing of members and settings: they are found by the hourly pass",
                "旧版审计日志不含成员与设置的变更：由每小时一次的全面核对发现",
            )),
            (None, true) => Some(Text::new(
                "may not read the audit log: pushes are found by their times, everything else by the hourly pass",
                "不能读审计日志：推送靠更新时间发现，其余靠每小时一次的全面核对",
            )),
            (None, false) => Some(Text::new(
                "neither an audit log nor moving update times: changes are found by the hourly pass only",
                "既无审计日志，更新时间也不变：变更只能由每小时一次的全面核对发现",
            )),
        }
    }
}

/// What changed since a cursor. Names, so that they mean the same in every IDC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Where the next sweep begins. Taken before anything is read again: what changes meanwhile is found by the next.
    pub cursor: SweepCursor,
    pub whole: Option<WholeBecause>,
    /// In full: `payment/core/api`.
    pub repositories: BTreeSet<Arc<str>>,
    /// Their settings.
    pub projects: BTreeSet<Arc<str>>,
    /// Their members.
    pub members: BTreeSet<Arc<str>>,
    /// Their robots.
    pub robots: BTreeSet<Arc<str>>,
    pub lists: BTreeSet<ChangedList>,
}

impl Changes {
    /// True where nothing has to be read again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { cursor: _, whole, repositories, projects, members, robots, lists } = self;
        whole.is_none() && lists.is_empty() && [repositories, projects, members, robots].iter().all(|names| names.is_empty())
    }
}
