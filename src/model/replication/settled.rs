//! Results of the judgements on replication: what an execution has come to, why, and whether a peer is there.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::fault::FaultKind;
use crate::model::run::Severity;
use crate::model::text::Text;

/// Why something failed, normalised from status texts and task logs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Nothing listens at the peer.
    Refused,
    /// No answer in time, no route, the connection was cut.
    Unreachable,
    /// The peer's name is not known.
    NoSuchName,
    /// Certificates.
    Tls,
    /// 401 from either side.
    BadCredential,
    /// 403: an account may not do it.
    Forbidden,
    /// The account may not create the project at the target.
    MayNotCreateProject,
    /// 412: a tag at the target is immutable.
    Immutable,
    /// The target's quota is full.
    Quota,
    /// The target is read-only.
    ReadOnly,
    /// A blob or manifest is gone at the source, or was never whole.
    MissingContent,
    /// Disk full.
    NoSpace,
    /// 429.
    Throttled,
    /// 5xx of the peer.
    PeerError(u16),
    /// Something else: the last words of it.
    Said(Arc<str>),
}

impl Cause {
    /// For scripts.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::NoSuchName => "no_such_name",
            Self::Tls => "tls",
            Self::BadCredential => "bad_credential",
            Self::Forbidden => "forbidden",
            Self::MayNotCreateProject => "may_not_create_project",
            Self::Immutable => "immutable",
            Self::Quota => "quota",
            Self::ReadOnly => "read_only",
            Self::MissingContent => "missing_content",
            Self::NoSpace => "no_space",
            Self::Throttled => "throttled",
            Self::PeerError(_) => "peer_error",
            Self::Said(words) => words,
        }
    }

    #[must_use]
    pub fn word(&self) -> Text {
        match self {
            Self::Refused => Text::new("peer refuses connections", "对端拒绝连接"),
            Self::Unreachable => Text::new("peer unreachable", "对端不可达"),
            Self::NoSuchName => Text::new("peer's name is unknown", "对端域名解析失败"),
            Self::Tls => Text::new("certificate of the peer", "对端证书问题"),
            Self::BadCredential => Text::new("credential refused", "凭证被拒"),
            Self::Forbidden => Text::new("account has no right", "账号无权限"),
            Self::MayNotCreateProject => Text::new("account may not create the project", "账号无权创建项目"),
            Self::Immutable => Text::new("tag is immutable at the target", "目标端标签不可变"),
            Self::Quota => Text::new("target's quota is full", "目标端配额已满"),
            Self::ReadOnly => Text::new("target is read-only", "目标端只读"),
            Self::MissingContent => Text::new("content missing at the source", "源端内容缺失"),
            Self::NoSpace => Text::new("no space left", "磁盘已满"),
            Self::Throttled => Text::new("throttled", "被限流"),
            Self::PeerError(code) => Text::made(format!("peer answers {code}"), format!("对端返回 {code}")),
            Self::Said(words) => Text::raw(words),
        }
    }
}

/// Why an execution stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StuckCause {
    /// The queue is paused: somebody has to resume it.
    QueuePaused,
    /// The Harbor is read-only: it refuses its own jobs' status reports.
    ReadOnly,
    /// It never got a task: its core went away while it prepared.
    NoTasks,
    /// Jobs wait and every worker is busy with something else.
    WorkersBusy,
    /// No pool of workers has a heartbeat.
    NoWorkers,
    /// All tasks have ended and the execution was not told.
    NotRefreshed,
    /// Tasks run for too long, or are pending while nothing explains it.
    Unknown,
}

impl StuckCause {
    /// For scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::QueuePaused => "queue_paused",
            Self::ReadOnly => "read_only",
            Self::NoTasks => "no_tasks",
            Self::WorkersBusy => "workers_busy",
            Self::NoWorkers => "no_workers",
            Self::NotRefreshed => "not_refreshed",
            Self::Unknown => "unknown",
        }
    }

    #[must_use]
    pub fn word(self) -> Text {
        match self {
            Self::QueuePaused => Text::new("queue is paused", "队列已暂停"),
            Self::ReadOnly => Text::new("Harbor is read-only and refuses its jobs' reports", "Harbor 只读，拒收作业状态"),
            Self::NoTasks => Text::new("never got a task: core restarted while preparing", "未产生任务：core 在准备时重启"),
            Self::WorkersBusy => Text::new("workers are busy with other jobs", "工作进程被其他作业占满"),
            Self::NoWorkers => Text::new("no worker has a heartbeat", "没有存活的工作进程"),
            Self::NotRefreshed => Text::new("all tasks have ended, status not refreshed", "任务均已结束，状态未刷新"),
            Self::Unknown => Text::new("stands still, cause not visible from here", "停滞，原因不明"),
        }
    }
}

/// What an execution has come to, judged and not repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// Its tasks run or are about to.
    Running,
    /// A task has failed and will be tried again, or is being tried again, whatever the status says.
    Retrying,
    Succeeded,
    /// Some tasks succeeded, some failed for good.
    Partial,
    Failed,
    /// It failed before it had a task: nothing will try again, and it does not say which artifacts it was about.
    Lost(Cause),
    /// Nothing matched its filters.
    NothingToDo,
    /// Another run of the same policy was still going.
    Skipped,
    Stopped,
    Stuck(StuckCause),
    /// Says success, but no task ever ran and no reason is given: swept as dangling.
    FalseSuccess,
    /// A status that is not known here.
    Unknown(Arc<str>),
}

impl Settled {
    /// True when it will not change any more by itself.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Running | Self::Retrying | Self::Stuck(_) | Self::Unknown(_))
    }

    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::Succeeded | Self::NothingToDo => Severity::Good,
            Self::Running => Severity::Changing,
            Self::Retrying | Self::Skipped | Self::Stopped => Severity::Warn,
            Self::Partial | Self::Failed | Self::Lost(_) | Self::Stuck(_) | Self::FalseSuccess => Severity::Bad,
            Self::Unknown(_) => Severity::Unknown,
        }
    }

    /// For scripts.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Lost(_) => "lost",
            Self::NothingToDo => "nothing_to_do",
            Self::Skipped => "skipped",
            Self::Stopped => "stopped",
            Self::Stuck(_) => "stuck",
            Self::FalseSuccess => "false_success",
            Self::Unknown(word) => word,
        }
    }

    /// One word for a table; the cause of a loss or of standing still is beside it.
    #[must_use]
    pub fn word(&self) -> Text {
        match self {
            Self::Running => Text::new("running", "进行中"),
            Self::Retrying => Text::new("retrying", "重试中"),
            Self::Succeeded => Text::new("ok", "成功"),
            Self::Partial => Text::new("partly failed", "部分失败"),
            Self::Failed => Text::new("failed", "失败"),
            Self::Lost(_) => Text::new("lost", "丢失"),
            Self::NothingToDo => Text::new("nothing to do", "无需同步"),
            Self::Skipped => Text::new("skipped", "已跳过"),
            Self::Stopped => Text::new("stopped", "已停止"),
            Self::Stuck(_) => Text::new("stuck", "卡住"),
            Self::FalseSuccess => Text::new("false success", "虚假成功"),
            Self::Unknown(word) => Text::raw(word),
        }
    }
}

/// Whether a peer is there: what Harbor claims, beside what a ping of our own found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerVerdict {
    /// Our ping went through.
    Up,
    /// Our ping failed, whatever is claimed.
    Down(FaultKind),
    /// Our ping failed while Harbor still claims healthy: the claim is stale.
    ClaimedUpIsDown(FaultKind),
    /// Our ping went through while Harbor still claims unhealthy.
    ClaimedDownIsUp,
    /// Nobody of ours has pinged; Harbor claims it is up.
    OnlyClaimedUp,
    /// Nobody of ours has pinged; Harbor claims it is down.
    OnlyClaimedDown,
    Unknown,
}

impl PeerVerdict {
    /// For scripts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down(_) => "down",
            Self::ClaimedUpIsDown(_) => "claimed_up_is_down",
            Self::ClaimedDownIsUp => "claimed_down_is_up",
            Self::OnlyClaimedUp => "only_claimed_up",
            Self::OnlyClaimedDown => "only_claimed_down",
            Self::Unknown => "unknown",
        }
    }

    /// What our own ping found, whatever is claimed.
    #[must_use]
    pub fn trouble(self) -> Option<FaultKind> {
        match self {
            Self::Down(kind) | Self::ClaimedUpIsDown(kind) => Some(kind),
            _ => None,
        }
    }

    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Up | Self::ClaimedDownIsUp => Severity::Good,
            Self::Down(_) | Self::ClaimedUpIsDown(_) => Severity::Bad,
            Self::OnlyClaimedUp | Self::OnlyClaimedDown | Self::Unknown => Severity::Unknown,
        }
    }

    #[must_use]
    pub fn word(self) -> Text {
        match self {
            Self::Up => Text::new("answers", "应答"),
            Self::Down(FaultKind::Unauthorized) | Self::ClaimedUpIsDown(FaultKind::Unauthorized) => Text::new("refuses us", "拒绝凭证"),
            Self::Down(_) => Text::new("away", "不可达"),
            Self::ClaimedUpIsDown(_) => Text::new("away, claimed healthy", "不可达，却称正常"),
            Self::ClaimedDownIsUp => Text::new("answers, claimed sick", "应答，却称异常"),
            Self::OnlyClaimedUp => Text::new("claimed healthy", "自称正常"),
            Self::OnlyClaimedDown => Text::new("claimed sick", "自称异常"),
            Self::Unknown => Text::new("?", "?"),
        }
    }
}

/// What a task's log tells: which of its tags were pushed, were there already, or were kept different.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSummary {
    /// Manifests written at the target; the children of an index count each.
    pub pushed: u32,
    /// Tags and digests that were there already.
    pub existed: u32,
    /// `repository:tag` with another digest at the target, left so because override is off. The task says success.
    pub kept_different: Vec<Arc<str>>,
    pub cause: Option<Cause>,
    /// The last error in its own words.
    pub last_error: Option<Arc<str>>,
}

impl LogSummary {
    /// It carried nothing because everything was there: what an echo of the other master looks like.
    #[must_use]
    pub fn is_echo(&self) -> bool {
        self.pushed == 0 && self.existed > 0 && self.kept_different.is_empty() && self.cause.is_none()
    }
}
