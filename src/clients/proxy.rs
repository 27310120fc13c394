//! The proxies of the environment, for engines over TCP: taken where docker's own client takes them.

use std::sync::Arc;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::cause::{Place, short};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// Bytes of a proxy's answer to `CONNECT` at most.
const MOST_HEAD: usize = 16 << 10;

/// `HTTP_PROXY` for plain TCP, `HTTPS_PROXY` for TLS, `NO_PROXY`; in small letters too.
#[derive(Clone, Debug)]
pub struct Proxies(Arc<Matcher>);

/// How an engine is spoken to behind the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::clients) enum Speech {
    Plain,
    Tls,
}

/// The proxy on the way to one engine.
#[derive(Clone, Debug)]
pub(in crate::clients) struct Proxy {
    pub(in crate::clients) host: String,
    pub(in crate::clients) port: u16,
    /// For `Proxy-Authorization`; never shown.
    authorization: Option<HeaderValue>,
    speech: Speech,
    /// `socks5`, `https`: what we do not speak with a proxy.
    foreign: Option<String>,
}

impl Proxies {
    /// This process's environment.
    #[must_use]
    pub fn environment() -> Self {
        Self(Arc::new(Matcher::from_env()))
    }

    /// Given ones, as the variables of the same names write them.
    #[must_use]
    pub fn named(http: &str, https: &str, no: &str) -> Self {
        Self(Arc::new(Matcher::builder().http(http).https(https).no(no).build()))
    }

    /// The proxy for an engine at `host:port`; none for this machine itself.
    pub(in crate::clients) fn of(&self, host: &str, port: u16, speech: Speech) -> Option<Proxy> {
        let here = host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let scheme = if speech == Speech::Tls { "https" } else { "http" };
        let target: Uri = format!("{scheme}://{host}:{port}/").parse().ok().filter(|_| !here)?;
        let found = self.0.intercept(&target)?;
        let uri = found.uri();
        let foreign = uri.scheme_str().filter(|scheme| *scheme != "http").map(str::to_owned);
        Some(Proxy {
            host: uri.host()?.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(80),
            authorization: found.basic_auth().cloned(),
            speech,
            foreign,
        })
    }
}

impl Proxy {
    /// The variable that names it.
    fn variable(&self) -> &'static str {
        if self.speech == Speech::Tls { "HTTPS_PROXY" } else { "HTTP_PROXY" }
    }

    fn shown(&self) -> String {
        short(&format!("{}:{}", self.host, self.port))
    }

    /// True where requests name the engine whole, as a proxy wants them.
    pub(in crate::clients) fn takes_whole_addresses(&self) -> bool {
        self.speech == Speech::Plain
    }

    pub(in crate::clients) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref().filter(|_| self.speech == Speech::Plain)
    }

    /// A Fault where we do not speak its protocol.
    pub(in crate::clients) fn check(&self, place: &Place<'_>) -> Result<(), Fault> {
        let Some(scheme) = &self.foreign else { return Ok(()) };
        let (variable, scheme) = (self.variable(), short(scheme));
        Err(place.fault(
            FaultKind::Config,
            Text::made(
                format!("{variable} names a proxy that speaks {scheme}; wharf reaches engines through http:// proxies only"),
                format!("{variable} 指定的代理使用 {scheme}；wharf 只经 http:// 代理连接引擎"),
            ),
            self.around(),
        ))
    }

    /// A failure to reach it, which is no fault of the engine's.
    pub(in crate::clients) fn unreached(&self, place: &Place<'_>, fault: &Fault) -> Fault {
        let (shown, variable) = (self.shown(), self.variable());
        place.fault(
            fault.kind,
            Text::made(
                format!("the proxy {shown} ({variable}) on the way to {} is not reached: {}", place.address, fault.cause.en),
                format!("到 {} 的代理 {shown}（{variable}）无法连接：{}", place.address, fault.cause.zh),
            ),
            self.around(),
        )
    }

    /// Has it open a way through to the engine.
    pub(in crate::clients) async fn connect<S>(&self, stream: &mut S, authority: &str, place: &Place<'_>) -> Result<(), Fault>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
        if let Some(authorization) = &self.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(authorization.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        stream.write_all(&request).await.map_err(|why| self.unreached(place, &place.explain(&why)))?;
        // A byte at a time: what comes after the head belongs to the engine.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) if head.len() < MOST_HEAD => head.push(byte),
                Ok(_) => return Err(self.refused(place, "?")),
                Err(why) => return Err(self.unreached(place, &place.explain(&why))),
            }
        }
        let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
        match line.split(' ').nth(1) {
            Some(status) if status.starts_with('2') => Ok(()),
            status => Err(self.refused(place, status.unwrap_or("?"))),
        }
    }

    fn refused(&self, place: &Place<'_>, status: &str) -> Fault {
        let (shown, variable, status) = (self.shown(), self.variable(), short(status));
        let (kind, hint) = if status == "407" {
            let hint = Text::made(
                format!("write its user and password into {variable}: http://user:password@{shown}"),
                format!("请在 {variable} 中写明用户与密码：http://user:password@{shown}"),
            );
            (FaultKind::Config, hint)
        } else {
            (FaultKind::Unreachable, self.around())
        };
        place.fault(
            kind,
            Text::made(
                format!("the proxy {shown} ({variable}) answered {status} and opens no way to {}", place.address),
                format!("代理 {shown}（{variable}）返回 {status}，没有接通 {}", place.address),
            ),
            hint,
        )
    }

    fn around(&self) -> Text {
        let variable = self.variable();
        Text::made(
            format!("see whether that proxy is right, or name the engine's host in NO_PROXY to go past {variable}"),
            format!("请确认该代理是否正确，或在 NO_PROXY 中写上该主机以绕过 {variable}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(proxies: &Proxies, host: &str, speech: Speech) -> Option<String> {
        proxies.of(host, 2375, speech).map(|proxy| proxy.shown())
    }

    #[test]
    fn plain_and_tls_have_each_their_own() {
        let proxies = Proxies::named("http://plain:3128", "http://tls:3129", "");
        assert_eq!(via(&proxies, "engine.example", Speech::Plain).as_deref(), Some("plain:3128"));
        assert_eq!(via(&proxies, "10.0.0.1", Speech::Tls).as_deref(), Some("tls:3129"));
        assert_eq!(via(&proxies, "fd00::1", Speech::Tls).as_deref(), Some("tls:3129"));
    }

    #[test]
    fn this_machine_and_what_no_proxy_names_are_reached_directly() {
        let proxies = Proxies::named("http://plain:3128", "", "engine.example,10.0.0.0/8");
        for host in ["localhost", "127.0.0.7", "::1", "engine.example", "a.engine.example", "10.2.3.4"] {
            assert_eq!(via(&proxies, host, Speech::Plain), None, "{host}");
        }
        assert!(via(&proxies, "engine.example.org", Speech::Plain).is_some());
        assert_eq!(via(&proxies, "other.example", Speech::Tls), None, "there is none for TLS");
    }

    #[test]
    fn a_proxy_without_a_scheme_is_an_http_one_and_others_are_refused_in_words() {
        let place = Place { endpoint: "web-1", address: "tcp://engine.example:2375", ca: None, identity: false };
        let of = |text: &str| Proxies::named(text, "", "").of("engine.example", 2375, Speech::Plain).expect("a proxy");
        of("plain:3128").check(&place).expect("http is spoken");
        for scheme in ["socks5", "https"] {
            let fault = of(&format!("{scheme}://plain:1080")).check(&place).expect_err(scheme);
            assert!(fault.cause.en.contains(scheme) && fault.hint.en.contains("NO_PROXY"), "{fault}");
        }
    }

    #[test]
    fn its_password_is_sent_and_never_shown() {
        let proxy = Proxies::named("http://me:s3cret@plain:3128", "", "").of("engine.example", 2375, Speech::Plain).expect("a proxy");
        assert_eq!(proxy.authorization().and_then(|v| v.to_str().ok()), Some("Basic bWU6czNjcmV0"));
        assert!(!proxy.shown().contains("s3cret"));
    }
}
