//! One reqwest client per domain of trust, made anew when its files have changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;

use crate::clients::Shared;
use crate::clients::cause::short;
use crate::clients::tls::Domain;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// Requests to one endpoint at once, and connections kept to it.
pub(super) const AT_ONCE: usize = 8;

/// Whether connections are kept for the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Keep {
    Yes,
    /// For writes: one is never lost on a connection that the other side has just closed.
    No,
}

/// Whether the proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`, ..) are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    Environment,
    /// This machine itself: no proxy knows it.
    Direct,
}

/// For whom a reqwest client is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Whose {
    pub(super) domain: Domain,
    pub(super) keep: Keep,
    pub(super) reach: Reach,
}

/// A reqwest client, and the configuration that it was made of.
type Made = (Arc<rustls::ClientConfig>, reqwest::Client);

#[derive(Debug, Default)]
pub(in crate::clients) struct Clients(Mutex<HashMap<Whose, Made>>);

impl Reach {
    pub(super) fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let here = host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if here { Self::Direct } else { Self::Environment }
    }

    /// Where a proxy is set, it may be what could not be reached: says so.
    pub(super) fn word(self, mut fault: Fault) -> Fault {
        let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
        let set = names.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        if let (Some(name), Self::Environment, true) = (set, self, fault.kind.is_absence()) {
            fault.hint = Text::made(
                format!("{}; {name} is set: see whether that proxy reaches it, or name the host in NO_PROXY", fault.hint.en),
                format!("{};已设置 {name}:请确认该代理能到达,或在 NO_PROXY 中写上该主机", fault.hint.zh),
            );
        }
        fault
    }
}

impl Clients {
    pub(super) fn client(
        &self,
        shared: &Shared,
        endpoint: &str,
        whose: Whose,
        config: &Arc<rustls::ClientConfig>,
    ) -> Result<reqwest::Client, Fault> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((have, client)) = made.get(&whose)
            && Arc::ptr_eq(have, config)
        {
            return Ok(client.clone());
        }
        #[allow(clippy::disallowed_methods, reason = "this is the one reqwest layer")]
        let mut building = reqwest::Client::builder();
        if whose.reach == Reach::Direct {
            building = building.no_proxy();
        }
        let built = building
            .tls_backend_preconfigured(config.as_ref().clone())
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(shared.options.connect_timeout)
            .pool_max_idle_per_host(if whose.keep == Keep::Yes { AT_ONCE } else { 0 })
            .tcp_nodelay(true)
            .user_agent(concat!("wharf/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = built.map_err(|why| {
            let words = short(&why.to_string());
            Fault::new(
                endpoint,
                FaultKind::Tls,
                Text::made(format!("no HTTP client could be made: {words}"), format!("无法建立 HTTP 客户端:{words}")),
                Text::new("check HTTPS_PROXY and the CA files", "请检查 HTTPS_PROXY 和 CA 文件"),
            )
        })?;
        made.insert(whose, (Arc::clone(config), client.clone()));
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_reached_directly() {
        for (url, reach) in [
            ("http://localhost:1/", Reach::Direct),
            ("http://127.3.2.1/", Reach::Direct),
            ("https://[::1]:5000/", Reach::Direct),
            ("https://localhost.example/", Reach::Environment),
            ("https://10.0.0.1/", Reach::Environment),
        ] {
            assert_eq!(Reach::of(&Url::parse(url).expect("a url")), reach, "{url}");
        }
    }
}
