//! Tokens of a registry's token service: asked for with the endpoint's credential, kept until shortly before they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::Instant;

use crate::clients::Wire;
use crate::clients::cause::short;
use crate::clients::gate::Client;
use crate::clients::http::{Ask, Auth, Credentials, Http, HttpEndpoint, Url};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// A token without a lifetime lives this long by the specification.
const USUAL_LIFE: Duration = Duration::from_mins(1);
const LONGEST_LIFE: Duration = Duration::from_hours(1);
const KEPT_MOST: usize = 4_096;

/// Where a registry's tokens come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) realm: Url,
    pub(super) service: Option<String>,
}

impl Service {
    /// # Errors
    /// Protocol, where the realm is no address.
    pub(super) fn new(endpoint: &str, realm: &str, service: Option<String>) -> Result<Self, Fault> {
        let realm = Url::parse(realm).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
        let realm = realm.ok_or_else(|| {
            Fault::new(
                endpoint,
                FaultKind::Protocol,
                Text::new("the registry names a token service that is no address", "仓库给出的令牌服务不是有效地址"),
                Text::new(
                    "see the registry's auth.token.realm (Harbor: its external_url)",
                    "请检查仓库的 auth.token.realm（Harbor 为 external_url）",
                ),
            )
        })?;
        Ok(Self { realm, service })
    }
}

#[derive(Clone, Debug)]
struct Token {
    secret: SecretString,
    until: Instant,
}

/// Asks for tokens and keeps them by scope.
#[derive(Debug)]
pub(super) struct Tokens {
    wire: Wire,
    endpoint: HttpEndpoint,
    kept: Mutex<HashMap<String, Token>>,
}

#[derive(Deserialize)]
struct WireToken {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Tokens {
    pub(super) fn new(wire: &Wire, endpoint: &HttpEndpoint) -> Self {
        Self { wire: wire.clone(), endpoint: endpoint.clone(), kept: Mutex::default() }
    }

    /// A token for a scope, kept or new.
    pub(super) async fn fetch(&self, service: &Service, scope: &str) -> Result<Credentials, Fault> {
        if let Some(token) = self.kept(scope) {
            return Ok(Credentials::Bearer(token));
        }
        let credentials = self.endpoint.credentials.clone();
        if credentials.is_some() && !is_safe(&self.endpoint.base, &service.realm) {
            return Err(self.unsafe_realm(&service.realm));
        }
        let mut base = service.realm.clone();
        base.set_path("");
        base.set_query(None);
        let same = base.origin() == self.endpoint.base.origin();
        let ca = self.endpoint.ca.clone().filter(|_| same);
        let endpoint = HttpEndpoint { name: Arc::clone(&self.endpoint.name), base, ca, client: Client::Oci, credentials };
        let auth = if endpoint.credentials.is_some() { Auth::Endpoint } else { Auth::Anonymous };
        let mut ask = Ask { discriminator: "token".into(), auth, ..Ask::get("/{path+}", service.realm.path()) };
        for (name, value) in service.realm.query_pairs() {
            ask = ask.query(name.into_owned(), value.into_owned());
        }
        if let Some(service) = &service.service {
            ask = ask.query("service", service.clone());
        }
        if !scope.is_empty() {
            ask = ask.query("scope", scope);
        }
        let answer = Http::new(&self.wire, endpoint)?.send(ask).await?.success()?;
        // Never shown: a body that cannot be read may be a token all the same.
        let told: Option<WireToken> = serde_json::from_slice(&answer.body).ok();
        let life = told.as_ref().and_then(|told| told.expires_in);
        let token = told.and_then(|told| told.token.filter(|t| !t.is_empty()).or(told.access_token)).filter(|t| !t.is_empty());
        let Some(token) = token else { return Err(self.no_token()) };
        let secret = SecretString::from(token);
        self.keep(scope, &secret, lifetime(life));
        Ok(Credentials::Bearer(secret))
    }

    /// Forgets a token that was refused.
    pub(super) fn forget(&self, scope: &str) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(scope);
    }

    fn kept(&self, scope: &str) -> Option<SecretString> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(scope).filter(|token| token.until > Instant::now()).map(|token| token.secret.clone())
    }

    fn keep(&self, scope: &str, secret: &SecretString, life: Duration) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MOST {
            let now = Instant::now();
            kept.retain(|_, token| token.until > now);
        }
        if kept.len() < KEPT_MOST {
            kept.insert(scope.to_owned(), Token { secret: secret.clone(), until: Instant::now() + life });
        }
    }

    fn unsafe_realm(&self, realm: &Url) -> Fault {
        let shown = short(realm.as_str());
        Fault::new(
            &*self.endpoint.name,
            FaultKind::Config,
            Text::made(
                format!("its token service is {shown}: the password was not sent there in the clear"),
                format!("它的令牌服务是 {shown}：为免明文传送，密码没有发出"),
            ),
            Text::new(
                "give the registry an https realm (Harbor: external_url in harbor.yml)",
                "请为仓库配置 https 的令牌服务（Harbor 为 harbor.yml 的 external_url）",
            ),
        )
    }

    fn no_token(&self) -> Fault {
        Fault::new(
            &*self.endpoint.name,
            FaultKind::Protocol,
            Text::new("the token service answered without a token", "令牌服务的应答里没有令牌"),
            Text::new("a proxy may answer in its place; check the registry's realm", "应答的可能是代理，请检查仓库的令牌服务地址"),
        )
    }
}

/// A password may go to a token service over TLS, or where the registry itself is: never from https down to http,
/// and never in the clear to another host.
fn is_safe(registry: &Url, realm: &Url) -> bool {
    realm.scheme() == "https" || (registry.scheme() == "http" && registry.host_str() == realm.host_str())
}

/// How long a token is used: a little less than it lives.
fn lifetime(said_s: Option<u64>) -> Duration {
    let said = said_s.map_or(USUAL_LIFE, Duration::from_secs).min(LONGEST_LIFE);
    if said > Duration::from_secs(30) { said.saturating_sub(Duration::from_secs(10)) } else { said / 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_goes_out_in_the_clear_to_somebody_else() {
        let safe = |registry: &str, realm: &str| is_safe(&Url::parse(registry).expect("url"), &Url::parse(realm).expect("url"));
        assert!(safe("https://r.example", "https://auth.example/token"));
        assert!(safe("http://10.0.0.1:8080", "http://10.0.0.1:8080/service/token"));
        assert!(safe("http://10.0.0.1:8080", "https://elsewhere/token"));
        assert!(!safe("https://r.example", "http://r.example/token"));
        assert!(!safe("http://r.example", "http://elsewhere/token"));
    }

    #[test]
    fn tokens_are_used_for_less_than_they_live() {
        assert_eq!(lifetime(None), Duration::from_secs(50));
        assert_eq!(lifetime(Some(1800)), Duration::from_secs(1790));
        assert_eq!(lifetime(Some(u64::MAX)), Duration::from_secs(3590));
        assert_eq!(lifetime(Some(4)), Duration::from_secs(2));
        assert_eq!(lifetime(Some(0)), Duration::ZERO);
    }
}
