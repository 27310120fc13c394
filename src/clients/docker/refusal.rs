//! What an engine's refusals mean.

use std::sync::PoisonError;

use hyper::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::engine::{Engine, Reply};
use crate::clients::cause::short;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

#[derive(Deserialize)]
struct Said {
    message: Option<String>,
}

impl Engine {
    /// The JSON of a good answer.
    pub(super) fn json<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, Fault> {
        self.good(reply)?;
        serde_json::from_slice(&reply.body).map_err(|why| self.place().garbage(&reply.body, &why.to_string()))
    }

    /// Nothing where the answer is 200, 204 or so; its Fault otherwise.
    pub(super) fn good(&self, reply: &Reply) -> Result<(), Fault> {
        if reply.status.is_success() {
            return if reply.is_html() { Err(self.place().garbage(&reply.body, "text/html")) } else { Ok(()) };
        }
        Err(self.refusal(reply))
    }

    /// The Fault that an answer without success means.
    pub(super) fn refusal(&self, reply: &Reply) -> Fault {
        let place = self.place();
        let said = match serde_json::from_slice::<Said>(&reply.body) {
            Ok(said) => said.message.unwrap_or_default(),
            Err(_) if reply.is_html() || reply.body.trim_ascii_start().starts_with(b"<") => return place.garbage(&reply.body, "text/html"),
            Err(_) => String::from_utf8_lossy(&reply.body[..reply.body.len().min(600)]).into_owned(),
        };
        let words = short(&said);
        let status = reply.status.as_u16();
        let cause = if words.is_empty() {
            Text::made(format!("{} answered {status}", self.address), format!("{} 返回 {status}", self.address))
        } else {
            Text::made(format!("the engine says: {words}"), format!("引擎答复:{words}"))
        };
        let (kind, hint) = match reply.status {
            StatusCode::BAD_REQUEST if said.contains("HTTPS server") => (
                FaultKind::Tls,
                Text::new(
                    "it wants TLS: give ca, cert and key under tls in the config",
                    "它要求 TLS:请在配置的 tls 里给出 ca、cert 和 key",
                ),
            ),
            StatusCode::BAD_REQUEST if said.contains("client version") => {
                // What was negotiated holds no longer: the engine was changed under us.
                *self.version.lock().unwrap_or_else(PoisonError::into_inner) = None;
                (
                    FaultKind::Version,
                    Text::made(
                        format!(
                            "wharf speaks API {} to {}: it agrees on one anew at the next try, or needs an update",
                            super::version::OLDEST,
                            super::version::NEWEST
                        ),
                        format!("wharf 支持 API {} 到 {}:下次会重新协商,否则需要升级", super::version::OLDEST, super::version::NEWEST),
                    ),
                )
            }
            StatusCode::BAD_REQUEST => (
                FaultKind::Protocol,
                Text::new("the engine does not understand the request: tell us its version", "引擎不理解该请求:请把引擎版本告诉我们"),
            ),
            StatusCode::UNAUTHORIZED => (
                FaultKind::Unauthorized,
                Text::new("a proxy or plugin before the engine wants a credential", "引擎前面的代理或插件要求凭证"),
            ),
            StatusCode::FORBIDDEN => (
                FaultKind::Forbidden,
                Text::new("an authorization plugin of the engine forbids it; ask who runs it", "引擎的授权插件禁止该操作;请联系管理员"),
            ),
            StatusCode::NOT_FOUND => {
                (FaultKind::NotFound, Text::new("it is gone, or the address has a wrong path", "目标已不存在,或地址里的路径有误"))
            }
            StatusCode::CONFLICT => (
                FaultKind::Conflict,
                Text::new("the container is not in a state for this: look again, then plan again", "容器当前状态不允许:请刷新后重新计划"),
            ),
            StatusCode::TOO_MANY_REQUESTS => (FaultKind::Throttled, Text::new("it is asked too often; we wait", "请求过于频繁;稍后重试")),
            StatusCode::NOT_IMPLEMENTED => {
                (FaultKind::Version, Text::new("this engine, or the container's log driver, cannot do it", "该引擎或容器的日志驱动不支持"))
            }
            s if s.is_server_error() => (
                FaultKind::Server,
                Text::new("see the engine's own log (`journalctl -u docker`)", "请查看引擎日志(`journalctl -u docker`)"),
            ),
            s if s.is_redirection() => {
                let to = short(reply.header("location").unwrap_or("?"));
                (
                    FaultKind::Protocol,
                    Text::made(
                        format!("it points to {to}; an engine never does: correct the address"),
                        format!("它要求跳转到 {to};引擎不会这样做:请改正地址"),
                    ),
                )
            }
            _ => (FaultKind::Protocol, Text::new("this is not how an engine answers: check the address", "引擎不会这样应答:请检查地址")),
        };
        place.fault(kind, cause, hint)
    }
}
