//! What went wrong: where, what, and what to do next. Its kind decides retry and exit code.

use serde::{Deserialize, Serialize};

use super::text::Text;

/// The kinds of trouble that callers treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Nothing listens there.
    Refused,
    /// No answer in time.
    Timeout,
    /// No route, no such name, the network is down.
    Unreachable,
    /// Certificates: wrong CA, expired, wrong name, none given.
    Tls,
    /// 401: the credential itself is refused. Not tried again by itself.
    Unauthorized,
    /// 403: this credential may not do this.
    Forbidden,
    NotFound,
    /// 409, 412, 422: the world is not as the request supposed.
    Conflict,
    /// 429.
    Throttled,
    /// 5xx.
    Server,
    /// What came back is not what the protocol says.
    Protocol,
    /// An answer over our bounds.
    TooLarge,
    /// An engine or registry older or newer than we can speak with.
    Version,
    /// ssh could not be set up: key, host key, forward.
    Ssh,
    /// The remote host key is unknown or has changed.
    HostKey,
    /// Our own limits: open files, memory, disk.
    Limit,
    /// A file or the database of ours.
    Storage,
    /// The config is wrong.
    Config,
    /// Bad arguments.
    Usage,
    /// The one gate refused: read-only.
    ReadOnly,
    /// The one gate refused: no row of its table lists the request.
    Unlisted,
    /// A person or a reload cancelled it.
    Cancelled,
    /// The plan shown is no longer the plan.
    PlanChanged,
}

/// How a failed attempt may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Again after the usual backoff.
    Backoff,
    /// Only when the config changes or a person asks.
    Never,
}

impl FaultKind {
    #[must_use]
    pub fn retry(self) -> Retry {
        match self {
            Self::Unauthorized
            | Self::HostKey
            | Self::Config
            | Self::Usage
            | Self::ReadOnly
            | Self::Unlisted
            | Self::Cancelled
            | Self::PlanChanged => Retry::Never,
            _ => Retry::Backoff,
        }
    }

    /// The process's exit code when this is what ended it (PRODUCT 1).
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Forbidden | Self::ReadOnly | Self::Unlisted => 3,
            Self::PlanChanged => 4,
            Self::Usage => 64,
            Self::Config => 78,
            _ => 2,
        }
    }

    /// True where the endpoint itself was not reached or did not answer.
    #[must_use]
    pub fn is_absence(self) -> bool {
        matches!(self, Self::Refused | Self::Timeout | Self::Unreachable | Self::Ssh)
    }

    /// A short word for table cells.
    #[must_use]
    pub fn word(self) -> Text {
        match self {
            Self::Refused => Text::new("refused", "拒绝连接"),
            Self::Timeout => Text::new("timeout", "超时"),
            Self::Unreachable => Text::new("unreachable", "不可达"),
            Self::Tls => Text::new("TLS", "证书"),
            Self::Unauthorized => Text::new("bad credential", "凭证被拒"),
            Self::Forbidden => Text::new("forbidden", "无权限"),
            Self::NotFound => Text::new("not found", "不存在"),
            Self::Conflict => Text::new("conflict", "冲突"),
            Self::Throttled => Text::new("throttled", "限流"),
            Self::Server => Text::new("server error", "对端错误"),
            Self::Protocol => Text::new("garbage", "应答不合协议"),
            Self::TooLarge => Text::new("too large", "应答过大"),
            Self::Version => Text::new("version", "版本不符"),
            Self::Ssh => Text::new("ssh", "ssh 失败"),
            Self::HostKey => Text::new("host key", "主机密钥"),
            Self::Limit => Text::new("own limit", "本机限额"),
            Self::Storage => Text::new("storage", "本机存储"),
            Self::Config => Text::new("config", "配置"),
            Self::Usage => Text::new("usage", "用法"),
            Self::ReadOnly => Text::new("read-only", "只读"),
            Self::Unlisted => Text::new("not allowed", "不在清单"),
            Self::Cancelled => Text::new("cancelled", "已取消"),
            Self::PlanChanged => Text::new("plan changed", "计划已变"),
        }
    }
}

/// One failure, said in full. `cause` and `hint` are already washed and carry no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Where: the endpoint's name in the config, a file with its line, an argument.
    pub endpoint: String,
    pub kind: FaultKind,
    /// What happened.
    pub cause: Text,
    /// What to do next.
    pub hint: Text,
    /// What the other side asked us to wait, in milliseconds (Retry-After).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The id under which the other side logged the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Fault {
    pub fn new(endpoint: impl Into<String>, kind: FaultKind, cause: Text, hint: Text) -> Self {
        Self { endpoint: endpoint.into(), kind, cause, hint, retry_after_ms: None, request_id: None }
    }

    #[must_use]
    pub fn retry_after(mut self, millis: Option<u64>) -> Self {
        self.retry_after_ms = millis;
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.endpoint, self.cause.en, self.hint.en)
    }
}

impl std::error::Error for Fault {}
