//! How a plain registry lets people in: not at all guarded, by Basic credentials, or by tokens of its own service.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::lab::exchange::{Answer, Request, digest};
use crate::model::clock::Stamp;

use super::{JSON, Registry, line, refusal};

const LIVES: i64 = 300;

/// Who is let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Door {
    #[default]
    Open,
    Basic {
        user: String,
        password: String,
    },
    /// Bearer tokens from `/token`; nobody's token pulls where `public` says so.
    Token {
        user: String,
        password: String,
        public: bool,
    },
}

impl Registry {
    /// The answer of the token service; `None` where something else is asked.
    pub(super) fn token(&self, request: &Request, now: Stamp) -> Option<Answer> {
        let Door::Token { user, password, public } = &self.knobs.door else { return None };
        if request.path != "/token" {
            return None;
        }
        let known = match request.basic() {
            None => false,
            Some((name, secret)) if name == *user && secret == *password => true,
            Some(_) => return Some(refusal(401, "UNAUTHORIZED", "incorrect username or password", &Value::Null)),
        };
        let scopes = request.pairs().into_iter().filter(|(key, _)| key == "scope").map(|(_, scope)| scope);
        let granted: Vec<String> = scopes
            .flat_map(|scope| scope.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .filter_map(|scope| {
                let (what, actions) = scope.rsplit_once(':')?;
                let actions: Vec<&str> = actions.split(',').filter(|action| known || (*public && *action == "pull")).collect();
                (!actions.is_empty()).then(|| format!("{what}:{}", actions.join(",")))
            })
            .collect();
        let claims = json!({"until": now.seconds() + LIVES, "access": granted}).to_string();
        let token = format!("{}.{}", URL_SAFE_NO_PAD.encode(&claims), self.signed(&claims));
        let issued = Stamp(now.seconds() * 1000).rfc3339().replace(".000Z", "Z");
        let body = json!({"token": token, "access_token": token, "expires_in": LIVES, "issued_at": issued});
        Some(Answer::bytes(200, JSON, line(&body)))
    }

    /// The refusal of a request that may not do this; `None` where it may. No scopes are the question whether anybody is known.
    pub(super) fn refused(&self, request: &Request, now: Stamp, scopes: &[String]) -> Option<Answer> {
        let challenge = match &self.knobs.door {
            Door::Open => return None,
            Door::Basic { user, password } => {
                if request.basic().is_some_and(|(name, secret)| name == *user && secret == *password) {
                    return None;
                }
                "Basic realm=\"lab\"".to_owned()
            }
            Door::Token { .. } => {
                let access = request.bearer().and_then(|token| self.granted(token, now));
                let allowed = access.as_ref().is_some_and(|access| scopes.iter().all(|scope| covers(access, scope)));
                if allowed {
                    return None;
                }
                let asked = if scopes.is_empty() { String::new() } else { format!(",scope=\"{}\"", scopes.join(" ")) };
                let error = match (request.bearer(), access) {
                    (None, _) => "",
                    (Some(_), None) => ",error=\"invalid_token\"",
                    (Some(_), Some(_)) => ",error=\"insufficient_scope\"",
                };
                format!("Bearer realm=\"{}/token\",service=\"lab\"{asked}{error}", self.url)
            }
        };
        let rows = scopes.iter().flat_map(|scope| {
            let (kind, rest) = scope.split_once(':').unwrap_or_default();
            let (name, actions) = rest.rsplit_once(':').unwrap_or_default();
            actions.split(',').map(move |action| json!({"Type": kind, "Class": "", "Name": name, "Action": action}))
        });
        let detail = if scopes.is_empty() { Value::Null } else { rows.collect() };
        let error = json!({"code": "UNAUTHORIZED", "message": "authentication required", "detail": detail});
        let answer = Answer::bytes(401, JSON, line(&json!({ "errors": [error] })));
        Some(answer.with("Www-Authenticate", &challenge))
    }

    fn granted(&self, token: &str, now: Stamp) -> Option<Vec<String>> {
        let (claims, mark) = token.split_once('.')?;
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        let read: Value = serde_json::from_str(&claims).ok().filter(|_| mark == self.signed(&claims))?;
        let fresh = read["until"].as_i64()? >= now.seconds();
        let access = read["access"].as_array()?.iter().filter_map(|scope| Some(scope.as_str()?.to_owned())).collect();
        fresh.then_some(access)
    }

    fn signed(&self, claims: &str) -> String {
        digest(format!("{} {claims}", self.url).as_bytes())[7..39].to_owned()
    }
}

/// Whether the granted scopes have all actions that are asked for.
fn covers(access: &[String], scope: &str) -> bool {
    let Some((what, wanted)) = scope.rsplit_once(':') else { return false };
    let own = access.iter().filter_map(|granted| granted.rsplit_once(':')).filter(|(own, _)| *own == what);
    let held: Vec<&str> = own.flat_map(|(_, actions)| actions.split(',')).collect();
    wanted.split(',').all(|action| held.contains(&action) || held.contains(&"*"))
}
