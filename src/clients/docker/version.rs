//! The API version: the smaller of ours and the engine's, really sent in front of every path.

use std::pin::Pin;
use std::sync::{Arc, PoisonError};

use hyper::StatusCode;
use serde::Deserialize;

use super::engine::{Engine, Question};
use crate::clients::cause::short;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// The newest that we have seen and read.
pub const NEWEST: ApiVersion = ApiVersion(1, 56);
/// The oldest that has all we ask for.
pub const OLDEST: ApiVersion = ApiVersion(1, 24);

/// `1.41`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion(pub u16, pub u16);

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl ApiVersion {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().trim_start_matches('v').split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

/// What `/version` says, of all that it says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Versions {
    pub(super) version: Option<String>,
    pub(super) api_version: Option<String>,
    #[serde(rename = "MinAPIVersion")]
    pub(super) min_api_version: Option<String>,
    pub(super) os: Option<String>,
    pub(super) kernel_version: Option<String>,
}

impl Engine {
    /// The version agreed on, asked for once and kept.
    /// Boxed, because it asks a question itself.
    pub(super) fn negotiated(self: &Arc<Self>) -> Pin<Box<dyn Future<Output = Result<ApiVersion, Fault>> + Send + '_>> {
        Box::pin(async {
            if let Some(version) = self.known_version() {
                return Ok(version);
            }
            let _one = self.agreeing.lock().await;
            match self.known_version() {
                Some(version) => Ok(version),
                None => self.renegotiate().await,
            }
        })
    }

    pub(super) fn known_version(&self) -> Option<ApiVersion> {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Agrees anew, as `fetch_host` does each time: engines are upgraded while we run.
    pub(super) async fn renegotiate(self: &Arc<Self>) -> Result<ApiVersion, Fault> {
        let agreed = self.negotiate().await?;
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = Some(agreed);
        Ok(agreed)
    }

    async fn negotiate(self: &Arc<Self>) -> Result<ApiVersion, Fault> {
        let reply = self.ask(&self.unversioned("/_ping")).await?;
        if reply.status != StatusCode::OK {
            return Err(self.refusal_unversioned(&reply));
        }
        let theirs = match reply.header("api-version").and_then(ApiVersion::parse) {
            Some(version) => version,
            None if reply.body.trim_ascii() == b"OK" => self.from_version().await?,
            None => return Err(self.place().garbage(&reply.body, "no Api-Version header")),
        };
        agree(theirs).ok_or_else(|| self.too_old(theirs))
    }

    /// An engine from before the header, or a proxy that strips it.
    async fn from_version(self: &Arc<Self>) -> Result<ApiVersion, Fault> {
        let reply = self.ask(&self.unversioned("/version")).await?;
        if reply.status != StatusCode::OK {
            return Err(self.refusal_unversioned(&reply));
        }
        let versions: Versions = serde_json::from_slice(&reply.body).map_err(|why| self.place().garbage(&reply.body, &why.to_string()))?;
        versions.api_version.as_deref().and_then(ApiVersion::parse).ok_or_else(|| self.place().garbage(&reply.body, "no ApiVersion"))
    }

    pub(super) fn unversioned(&self, template: &'static str) -> Question {
        Question { versioned: false, ..self.question(template, template) }
    }

    /// Fault where the engine speaks nothing as old as what we agreed on.
    pub(super) fn check_minimum(&self, agreed: ApiVersion, versions: &Versions) -> Result<(), Fault> {
        match versions.min_api_version.as_deref().and_then(ApiVersion::parse) {
            Some(min) if min > agreed => Err(self.place().fault(
                FaultKind::Version,
                Text::made(
                    format!("the engine speaks API {min} and newer, wharf {OLDEST} to {NEWEST}"),
                    format!("引擎只支持 API {min} 及以上,wharf 支持 {OLDEST} 到 {NEWEST}"),
                ),
                Text::new("update wharf", "请升级 wharf"),
            )),
            _ => Ok(()),
        }
    }

    fn too_old(&self, theirs: ApiVersion) -> Fault {
        self.place().fault(
            FaultKind::Version,
            Text::made(
                format!("the engine speaks API {theirs}, older than {OLDEST} which wharf needs"),
                format!("引擎的 API 是 {theirs},低于 wharf 需要的 {OLDEST}"),
            ),
            Text::new("update Docker on that host to 1.12 or newer", "请把该主机的 Docker 升级到 1.12 或更新"),
        )
    }

    fn refusal_unversioned(&self, reply: &super::engine::Reply) -> Fault {
        let status = reply.status.as_u16();
        let head = String::from_utf8_lossy(&reply.body[..reply.body.len().min(600)]).into_owned();
        if head.contains("HTTPS server") {
            return self.place().fault(
                FaultKind::Tls,
                Text::made(format!("{} wants TLS and none is configured", self.address), format!("{} 要求 TLS,但没有配置", self.address)),
                Text::new("give ca, cert and key under tls in the config", "请在配置的 tls 里给出 ca、cert 和 key"),
            );
        }
        if reply.is_html() || head.trim_start().starts_with('<') {
            return self.place().garbage(&reply.body, "text/html");
        }
        let words = short(&head);
        let kind = match status {
            401 => FaultKind::Unauthorized,
            403 => FaultKind::Forbidden,
            500..=599 => FaultKind::Server,
            _ => FaultKind::Protocol,
        };
        let (en, zh) = match reply.header("location") {
            Some(to) => (format!("it points to {}", short(to)), format!("它要求跳转到 {}", short(to))),
            None => (words.clone(), words),
        };
        self.place().fault(
            kind,
            Text::made(
                format!("{} answered {status} to a ping: {en}", self.address),
                format!("{} 对 ping 返回 {status}:{zh}", self.address),
            ),
            Text::new(
                "see whether a Docker Engine answers there, and whether a proxy needs a path in the address",
                "请检查那里是否是 Docker 引擎,以及代理是否需要在地址里写路径",
            ),
        )
    }
}

/// `None` where the engine is too old.
fn agree(theirs: ApiVersion) -> Option<ApiVersion> {
    (theirs >= OLDEST).then(|| theirs.min(NEWEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_version_is_agreed_on() {
        assert_eq!(agree(ApiVersion(1, 41)), Some(ApiVersion(1, 41)));
        assert_eq!(agree(ApiVersion(1, 99)), Some(NEWEST));
        assert_eq!(agree(ApiVersion(2, 0)), Some(NEWEST));
        assert_eq!(agree(ApiVersion(1, 23)), None);
        assert_eq!(ApiVersion::parse("1.9"), Some(ApiVersion(1, 9)));
        assert!(ApiVersion::parse("1.9") < ApiVersion::parse("1.41"));
        assert_eq!(ApiVersion::parse("one"), None);
    }
}
