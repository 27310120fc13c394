//! The token service: Basic credentials for a bearer token that says which repositories it is good for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::lab::exchange::{Answer, Request, digest};
use crate::lab::harbor::caller::Caller;
use crate::lab::harbor::{Harbor, Refusal};
use crate::model::clock::Stamp;

/// Begins as a signed token's head does.
const HEAD: &str = "eyJhbGciOiJSUzI1NiIs";
const LIVES: i64 = 1800;

/// What a bearer token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub caller: Caller,
    /// Repository and actions.
    pub access: Vec<(String, Vec<String>)>,
}

impl Harbor {
    /// Nobody may have a token too, for what is public. A scope that is not allowed is left out without a word.
    pub(in crate::lab::harbor) fn token(&mut self, request: &Request, now: Stamp, world: Stamp) -> Answer {
        let caller = self.identify(request, world);
        let scopes: Vec<String> = request.pairs().into_iter().filter(|(key, _)| key == "scope").map(|(_, scope)| scope).collect();
        if caller == Caller::Anonymous && (scopes.is_empty() || request.basic().is_some()) {
            return Refusal::unauthorized().answer();
        }
        let mut access = Vec::new();
        for scope in scopes.iter().flat_map(|scope| scope.split(' ')) {
            let Some((name, actions)) = scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':')) else { continue };
            let allowed: Vec<&str> = actions.split(',').filter(|action| self.lets(&caller, name, action)).collect();
            access.push(json!([name, allowed]));
        }
        let (kind, id) = match caller {
            Caller::Anonymous => ("none", 0),
            Caller::User(id) => ("user", id),
            Caller::Robot(id) => ("robot", id),
        };
        let claims = json!({"kind": kind, "id": id, "access": access, "until": now.seconds() + LIVES}).to_string();
        let body = json!({"token": format!("{HEAD}.{}.{}", URL_SAFE_NO_PAD.encode(&claims), self.signed(&claims)), "access_token": "",
            "expires_in": LIVES, "issued_at": Stamp(now.seconds() * 1000).rfc3339().replace(".000Z", "Z")});
        // The one answer of a Harbor that names no content type.
        Answer { status: 200, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    /// What a token is good for; `None` where it is none of this Harbor's, or too old.
    pub(super) fn granted(&self, token: &str, now: Stamp) -> Option<Grant> {
        let mut parts = token.split('.').skip(1);
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok()?;
        if parts.next()? != self.signed(&claims) {
            return None;
        }
        let claims: Value = serde_json::from_str(&claims).ok()?;
        if claims["until"].as_i64()? < now.seconds() {
            return None;
        }
        let id = claims["id"].as_i64()?;
        let caller = match claims["kind"].as_str()? {
            "user" => Caller::User(id),
            "robot" => Caller::Robot(id),
            _ => Caller::Anonymous,
        };
        let words = |value: &Value| value.as_array().into_iter().flatten().filter_map(|word| Some(word.as_str()?.to_owned())).collect();
        let access = claims["access"].as_array()?.iter().filter_map(|row| Some((row[0].as_str()?.to_owned(), words(&row[1])))).collect();
        Some(Grant { caller, access })
    }

    /// Whether the rights in the repository's project allow it.
    pub(super) fn lets(&self, caller: &Caller, repository: &str, action: &str) -> bool {
        let project = repository.split_once('/').and_then(|(name, _)| self.project(name));
        let (resource, action) = match action {
            "pull" | "push" => ("repository", action),
            "delete" => ("artifact", "delete"),
            _ => return false,
        };
        project.is_some_and(|project| self.allows(caller, project, resource, action))
    }

    fn signed(&self, claims: &str) -> String {
        digest(format!("{} {:?} {claims}", self.url, self.started).as_bytes())[7..39].to_owned()
    }
}
