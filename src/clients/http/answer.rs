//! One answer, read whole and bounded, and what it means when it is not what was asked for.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;

use crate::clients::cause::{Place, short};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// An answer of any status.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The X-Request-Id that we sent, or the one that the other side gave instead.
    pub request_id: String,
    /// Retry-After in milliseconds, read against our clock.
    pub retry_after_ms: Option<u64>,
    pub(super) origin: Arc<Origin>,
}

/// Where an answer is from, for the words of its faults.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) endpoint: Arc<str>,
    pub(super) address: String,
    pub(super) ca: Option<PathBuf>,
}

impl Origin {
    pub(super) fn place(&self) -> Place<'_> {
        Place { endpoint: &self.endpoint, address: &self.address, ca: self.ca.clone(), identity: false }
    }
}

impl Answer {
    /// A header's text, where it is there and printable.
    #[must_use]
    pub fn header(&self, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// Itself where the status is 2xx, the Fault that it means otherwise.
    pub fn success(self) -> Result<Self, Fault> {
        if self.status.is_success() { Ok(self) } else { Err(self.into_fault()) }
    }

    /// Reads the body as JSON, whatever the status.
    ///
    /// # Errors
    /// Protocol, with the first words of what came instead.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let fail = |why: &str| self.tagged(self.origin.place().garbage(&self.body, why));
        if self.header(CONTENT_TYPE).is_some_and(|kind| kind.contains("html")) {
            return Err(fail("text/html"));
        }
        serde_json::from_slice(&self.body).map_err(|why| fail(&why.to_string()))
    }

    /// What the other side says went wrong: the messages of its error JSON, or its first words.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let words = match serde_json::from_slice::<serde_json::Value>(&self.body) {
            Ok(json) => {
                let listed = json.get("errors").and_then(|e| e.as_array()).map(|list| {
                    let each = list
                        .iter()
                        .filter_map(|e| e.get("message").and_then(|m| m.as_str()).or_else(|| e.get("code").and_then(|c| c.as_str())));
                    each.take(3).collect::<Vec<_>>().join("; ")
                });
                let single =
                    ["message", "error", "detail"].iter().find_map(|key| json.get(key).and_then(|m| m.as_str()).map(str::to_owned));
                listed.or(single)?
            }
            Err(_) if self.body.trim_ascii_start().starts_with(b"<") => return None,
            Err(_) => String::from_utf8_lossy(&self.body[..self.body.len().min(600)]).into_owned(),
        };
        let words = short(&words);
        (!words.is_empty()).then_some(words)
    }

    /// The Fault that this status means, with the other side's own words. For statuses that are no success.
    #[must_use]
    pub fn into_fault(self) -> Fault {
        let place = self.origin.place();
        let status = self.status.as_u16();
        let said = self.message();
        let (en, zh) = said.map_or((String::new(), String::new()), |words| (format!(": {words}"), format!(":{words}")));
        let address = &self.origin.address;
        let cause = Text::made(format!("{address} answered {status}{en}"), format!("{address} 返回 {status}{zh}"));
        let (kind, hint) = match status {
            401 => (
                FaultKind::Unauthorized,
                Text::new(
                    "the user or password is refused (not tried again, retries lock accounts): correct them in the config",
                    "用户或密码被拒绝(为免锁号不会自动重试):请在配置中改正",
                ),
            ),
            403 => (
                FaultKind::Forbidden,
                Text::new("this user may not do it; ask an administrator there for the role", "该用户无此权限;请向对端管理员申请角色"),
            ),
            404 => (
                FaultKind::NotFound,
                Text::new("it is not there (any more), or this user may not see it", "目标不存在(或已删除),或该用户无权查看"),
            ),
            405 => (FaultKind::Version, Text::new("this version of the service does not offer it", "对端版本不提供此功能")),
            409 | 412 | 422 => (
                FaultKind::Conflict,
                Text::new(
                    "the world is not as the request supposed: look again, then plan again",
                    "实际状态与请求所设不符:请刷新后重新计划",
                ),
            ),
            413 => (FaultKind::TooLarge, Text::new("the request is larger than the service accepts", "请求超过对端允许的大小")),
            429 => (FaultKind::Throttled, Text::new("it is asked too often; we wait as it says", "请求过于频繁;将按对端要求等待")),
            300..=399 => (
                FaultKind::Protocol,
                self.header(reqwest::header::LOCATION).map_or_else(
                    || {
                        Text::new(
                            "it points elsewhere without saying where; check the address",
                            "对端要求跳转但未给出地址,请检查配置的地址",
                        )
                    },
                    |to| {
                        let to = short(to);
                        Text::made(
                            format!("it points to {to}: if that is right, write it in the config"),
                            format!("它指向 {to}:若无误,请写进配置"),
                        )
                    },
                ),
            ),
            500..=599 => (
                FaultKind::Server,
                Text::new(
                    "the service there has trouble of its own: see its log with the request id; it is tried again",
                    "对端自身故障:请凭请求号查看其日志;会自动重试",
                ),
            ),
            _ => (
                FaultKind::Protocol,
                Text::new("the request does not suit this service: check its address and version", "请求与该服务不符:请检查地址和版本"),
            ),
        };
        self.tagged(place.fault(kind, cause, hint))
    }

    fn tagged(&self, mut fault: Fault) -> Fault {
        fault.request_id = Some(self.request_id.clone());
        fault.retry_after(self.retry_after_ms)
    }
}
