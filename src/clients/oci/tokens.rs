//! Tokens of a registry's token service: asked for with the endpoint's credential, kept until shortly before they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::clients::Wire;
use crate::clients::cause::short;
use crate::clients::gate::Client;
use crate::clients::http::{Ask, Auth, Credentials, Http, HttpEndpoint, Method, Url};
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
    /// `asked` is the address whose answer named the realm: one without a host is relative to it.
    ///
    /// # Errors
    /// Protocol, where the realm is no address.
    pub(super) fn new(endpoint: &str, asked: &Url, realm: &str, service: Option<String>) -> Result<Self, Fault> {
        let realm = asked.join(realm.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
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

/// What a token service answers, field by field: an odd one costs only itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireToken {
    token: Value,
    access_token: Value,
    expires_in: Value,
}

impl WireToken {
    fn secret(self) -> Option<String> {
        [self.token, self.access_token].into_iter().find_map(|field| match field {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => None,
        })
    }

    /// Seconds, also where they are written as text or with a fraction; `None` where they make no sense.
    fn life_s(&self) -> Option<f64> {
        let seconds = match &self.expires_in {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
    }
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
        let ask = ask(service, scope, credentials.as_ref());
        let ca = self.endpoint.ca.clone();
        let endpoint = HttpEndpoint { name: Arc::clone(&self.endpoint.name), base, ca, client: Client::Oci, credentials };
        let http = Http::new(&self.wire, endpoint)?;
        let answer = if same { http } else { http.trusting_the_system_too() }.send(ask).await?.success()?;
        // Never shown: a body that cannot be read may be a token all the same.
        let wire: WireToken = serde_json::from_slice(&answer.body).unwrap_or_default();
        let life = wire.life_s();
        let Some(token) = wire.secret() else { return Err(self.no_token()) };
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

/// The request for a token: a GET with the credential in its header, or, for an identity token, a POST that carries it
/// (the distribution project's "Authenticate via `OAuth2`").
fn ask(service: &Service, scope: &str, credentials: Option<&Credentials>) -> Ask {
    let path = service.realm.path();
    let own = service.service.as_deref().map(|service| ("service", service));
    let scope = Some(("scope", scope)).filter(|(_, scope)| !scope.is_empty());
    let fields: Vec<(&str, &str)> = own.into_iter().chain(scope).collect();
    let mut ask = match credentials {
        Some(Credentials::IdentityToken(token)) => {
            let given = [("grant_type", "refresh_token"), ("client_id", "wharf"), ("refresh_token", token.expose_secret())];
            let form: Vec<(&str, &str)> = given.into_iter().chain(fields).collect();
            Ask { auth: Auth::Anonymous, ..Ask::new(Method::POST, "/{path+}", path).form(&form) }
        }
        other => {
            let auth = if other.is_some() { Auth::Endpoint } else { Auth::Anonymous };
            let plain = Ask { auth, ..Ask::get("/{path+}", path) };
            fields.into_iter().fold(plain, |ask, (name, value)| ask.query(name.to_owned(), value))
        }
    };
    ask.discriminator = "token".into();
    let own = service.realm.query_pairs().map(|(name, value)| (name.into_owned().into(), value.into_owned()));
    ask.query.splice(0..0, own);
    ask
}

/// A password may go to a token service over TLS, or where the registry itself is: never from https down to http,
/// and never in the clear to another host.
fn is_safe(registry: &Url, realm: &Url) -> bool {
    realm.scheme() == "https" || (registry.scheme() == "http" && registry.host_str() == realm.host_str())
}

/// How long a token is used: a little less than it lives.
fn lifetime(said_s: Option<f64>) -> Duration {
    let said = said_s.map_or(USUAL_LIFE, |s| Duration::try_from_secs_f64(s).unwrap_or(LONGEST_LIFE)).min(LONGEST_LIFE);
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
        assert_eq!(lifetime(Some(1800.0)), Duration::from_secs(1790));
        assert_eq!(lifetime(Some(f64::MAX)), Duration::from_secs(3590));
        assert_eq!(lifetime(Some(4.0)), Duration::from_secs(2));
        assert_eq!(lifetime(Some(0.0)), Duration::ZERO);
    }

    fn read(json: &str) -> (Option<String>, Option<f64>) {
        let wire: WireToken = serde_json::from_str(json).expect("json");
        let life = wire.life_s();
        (wire.secret(), life)
    }

    #[test]
    fn lifetimes_as_text_or_with_a_fraction_are_read() {
        for (json, life) in [
            (r#"{"token":"t","expires_in":"300"}"#, Some(300.0)),
            (r#"{"token":"t","expires_in":" 12.5 "}"#, Some(12.5)),
            (r#"{"token":"t","expires_in":3600.0}"#, Some(3600.0)),
        ] {
            assert_eq!(read(json), (Some("t".into()), life), "{json}");
        }
    }

    #[test]
    fn lifetimes_that_make_no_sense_are_left_out() {
        for odd in ["-1", "null", "true", "[]", r#""soon""#, r#""""#, r#""NaN""#, r#""inf""#, "{}"] {
            assert_eq!(read(&format!(r#"{{"token":"t","expires_in":{odd}}}"#)), (Some("t".into()), None), "{odd}");
        }
    }

    #[test]
    fn a_token_under_its_other_name_is_found_beside_an_odd_one() {
        for odd in ["null", r#""""#, "7", "{}"] {
            assert_eq!(read(&format!(r#"{{"token":{odd},"access_token":"t"}}"#)).0, Some("t".into()), "{odd}");
        }
        assert_eq!(read(r#"{"token":null}"#).0, None);
    }

    #[test]
    fn realms_without_a_host_are_relative_to_what_was_asked() {
        let asked = Url::parse("https://r.example:5000/v2/").expect("url");
        let realm = |text: &str| Service::new("r", &asked, text, None).map(|s| s.realm.to_string()).ok();
        for (text, wanted) in [
            ("/service/token", Some("https://r.example:5000/service/token")),
            ("token", Some("https://r.example:5000/v2/token")),
            ("//auth.example/token", Some("https://auth.example/token")),
            ("https://auth.example/token?x=1", Some("https://auth.example/token?x=1")),
            (" https://auth.example/token ", Some("https://auth.example/token")),
            ("ftp://auth.example/token", None),
            ("https://", None),
        ] {
            assert_eq!(realm(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn an_identity_token_is_posted_and_stands_in_no_address() {
        let realm = Url::parse("https://auth.example/oauth?account=a").expect("url");
        let service = Service { realm, service: Some("r.example".into()) };
        let sent = ask(&service, "repository:a/b:pull", Some(&Credentials::IdentityToken("s3cret&x".to_owned().into())));
        let body = String::from_utf8(sent.body.clone().expect("a body").to_vec()).expect("text");
        assert_eq!(sent.method, Method::POST);
        assert!(body.contains("refresh_token=s3cret%26x&service=r.example&scope=repository%3Aa%2Fb%3Apull"), "{body}");
        assert!(sent.query.iter().all(|(_, value)| !value.contains("s3cret")), "{:?}", sent.query);
        let plain = ask(&service, "", None);
        assert_eq!((plain.method, plain.query.len(), plain.body), (Method::GET, 2, None));
    }
}
