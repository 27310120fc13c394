//! The questions that a registry is asked, each of which it may refuse while it answers others.

use serde::{Deserialize, Serialize};

use crate::model::text::Text;

/// A question that a registry may refuse while it answers others. A refused question is a column that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    Identity,
    System,
    Health,
    Projects,
    /// Of each project: counts and storage.
    Summary,
    /// Of each project.
    Members,
    /// Of each project; of a plain registry its own.
    Repositories,
    /// Of each repository, with their tags.
    Artifacts,
    /// The system's, and each project's.
    Robots,
    /// All projects' in one list.
    Quotas,
    Users,
    Groups,
    /// With a ping of our own each.
    Peers,
    Policies,
    Executions,
    /// Of executions that are not over.
    Tasks,
    Queues,
    Workers,
    Schedules,
    Audit,
    /// Instances of peer networks.
    Preheat,
    /// Of each project: preheat policies and their executions.
    PreheatRuns,
}

/// Where a robot needs a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    System,
    /// On the projects that are to be seen, best on all (`*`).
    Projects,
}

impl Question {
    pub const ALL: [Self; 22] = [
        Self::Identity,
        Self::System,
        Self::Health,
        Self::Projects,
        Self::Summary,
        Self::Members,
        Self::Repositories,
        Self::Artifacts,
        Self::Robots,
        Self::Quotas,
        Self::Users,
        Self::Groups,
        Self::Peers,
        Self::Policies,
        Self::Executions,
        Self::Tasks,
        Self::Queues,
        Self::Workers,
        Self::Schedules,
        Self::Audit,
        Self::Preheat,
        Self::PreheatRuns,
    ];

    /// Questions that go to each project by itself (robots: beside the system's).
    #[must_use]
    pub fn is_of_projects(self) -> bool {
        matches!(self, Self::Summary | Self::Members | Self::Repositories | Self::Artifacts | Self::Robots | Self::PreheatRuns)
    }

    /// The permissions that a robot needs for it, in Harbor's own words; `None` where everybody may ask.
    #[must_use]
    pub fn right(self) -> Option<(Level, &'static str)> {
        use Level::{Projects, System};
        Some(match self {
            Self::Identity | Self::System | Self::Health => return None,
            Self::Projects => (System, "project:list"),
            Self::Summary => (Projects, "project:read"),
            Self::Members => (Projects, "member:list"),
            Self::Repositories => (Projects, "repository:list"),
            Self::Artifacts => (Projects, "artifact:list, tag:list, accessory:list"),
            Self::Robots => (Projects, "robot:list (and robot:list of the system)"),
            Self::Quotas => (System, "quota:list"),
            Self::Users => (System, "user:list"),
            Self::Groups => (System, "user-group:list"),
            Self::Peers => (System, "registry:list, registry:read"),
            Self::Policies => (System, "replication-policy:list"),
            Self::Executions | Self::Tasks => (System, "replication:list"),
            Self::Queues | Self::Workers | Self::Schedules => (System, "jobservice-monitor:list"),
            Self::Audit => (System, "audit-log:list"),
            Self::Preheat => (System, "preheat-instance:list"),
            Self::PreheatRuns => (Projects, "preheat-policy:list"),
        })
    }

    /// What is asked for, in words.
    #[must_use]
    pub fn words(self) -> Text {
        match self {
            Self::Identity => Text::new("who we are", "当前身份"),
            Self::System => Text::new("version and mode", "版本与模式"),
            Self::Health => Text::new("health", "健康状况"),
            Self::Projects => Text::new("projects", "项目"),
            Self::Summary => Text::new("project summaries", "项目概要"),
            Self::Members => Text::new("members", "成员"),
            Self::Repositories => Text::new("repositories", "镜像仓库"),
            Self::Artifacts => Text::new("artifacts", "制品"),
            Self::Robots => Text::new("robots", "机器人账号"),
            Self::Quotas => Text::new("quotas", "配额"),
            Self::Users => Text::new("users", "用户"),
            Self::Groups => Text::new("groups", "用户组"),
            Self::Peers => Text::new("replication endpoints", "同步目标"),
            Self::Policies => Text::new("replication policies", "同步规则"),
            Self::Executions => Text::new("executions", "同步执行"),
            Self::Tasks => Text::new("replication tasks", "同步任务"),
            Self::Queues => Text::new("queues", "任务队列"),
            Self::Workers => Text::new("workers", "工作进程"),
            Self::Schedules => Text::new("schedules", "定时任务"),
            Self::Audit => Text::new("the audit log", "审计日志"),
            Self::Preheat => Text::new("preheat instances", "预热实例"),
            Self::PreheatRuns => Text::new("preheat policies", "预热规则"),
        }
    }
}
