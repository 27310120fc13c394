//! Sending with the credential that a registry wants: none, basic, or a token for the scope.

use std::sync::{Arc, Mutex, PoisonError};

use super::challenge::{Challenge, best};
use super::tokens::{Service, Tokens};
use crate::clients::Wire;
use crate::clients::http::header::WWW_AUTHENTICATE;
use crate::clients::http::{Answer, Ask, Auth, Credentials, Http, HttpEndpoint, StatusCode, Url};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// How a registry is spoken to, found out with the first request.
#[derive(Clone, Debug)]
enum Way {
    Open,
    Basic,
    Token(Service),
}

/// What we have to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credential {
    None,
    Password,
    IdentityToken,
}

#[derive(Debug)]
pub(super) struct Sender {
    http: Http,
    tokens: Tokens,
    credential: Credential,
    way: Mutex<Option<Way>>,
}

impl Sender {
    pub(super) fn new(wire: &Wire, endpoint: HttpEndpoint) -> Result<Self, Fault> {
        let tokens = Tokens::new(wire, &endpoint);
        let credential = match &endpoint.credentials {
            None => Credential::None,
            Some(Credentials::IdentityToken(_)) => Credential::IdentityToken,
            Some(_) => Credential::Password,
        };
        Ok(Self { http: Http::new(wire, endpoint)?, tokens, credential, way: Mutex::new(None) })
    }

    pub(super) fn name(&self) -> &Arc<str> {
        self.http.name()
    }

    /// Sends a request that needs a scope (empty: none). An answer of any status but 401 comes back; a 401 is a Fault that
    /// tells a refused credential from one that may not do this.
    pub(super) async fn send(&self, ask: Ask, scope: &str) -> Result<Answer, Fault> {
        let mut way = self.way().await?;
        let mut answer = self.send_by(&way, ask.clone(), scope).await?;
        if answer.status == StatusCode::UNAUTHORIZED
            && matches!(way, Way::Open)
            && let Some(asked) = self.way_asked(&answer)?
        {
            // Open at the door and not inside.
            way = asked;
            self.keep_way(Some(way.clone()));
            answer = self.send_by(&way, ask.clone(), scope).await?;
        }
        if answer.status == StatusCode::UNAUTHORIZED && matches!(way, Way::Token(_)) && matches!(self.way_asked(&answer)?, Some(Way::Basic))
        {
            // Harbor's catalogue takes a password and never a token, and says so in this answer only.
            answer = self.send_by(&Way::Basic, ask, scope).await?;
        }
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        // The registry may have been given a password, or another kind of one, since we found out.
        self.keep_way(None);
        let credential_is_good = match &way {
            Way::Token(_) => true,
            Way::Basic if !scope.is_empty() => self.ping(Auth::Endpoint).await?.status.is_success(),
            Way::Basic | Way::Open => false,
        };
        let mut fault = answer.into_fault();
        if credential_is_good {
            fault.kind = FaultKind::Forbidden;
            fault.hint = Text::new(
                "the credential is good but may not read this; ask an administrator there",
                "凭证有效，但无权读取此内容；请联系对端管理员",
            );
        }
        Err(fault)
    }

    async fn send_by(&self, way: &Way, ask: Ask, scope: &str) -> Result<Answer, Fault> {
        let service = match way {
            Way::Open => return self.http.send(Ask { auth: Auth::Anonymous, ..ask }).await,
            Way::Basic => return self.http.send(Ask { auth: Auth::Endpoint, ..ask }).await,
            Way::Token(service) => service,
        };
        let credentials = self.tokens.fetch(service, scope).await?;
        let answer = self.http.send(Ask { auth: Auth::Other(credentials), ..ask.clone() }).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        // It may have been revoked, or the registry's key has changed: once more with a new one.
        self.tokens.forget(scope);
        let credentials = self.tokens.fetch(service, scope).await?;
        self.http.send(Ask { auth: Auth::Other(credentials), ..ask }).await
    }

    async fn way(&self) -> Result<Way, Fault> {
        let known = self.way.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(way) = known {
            return Ok(way);
        }
        let way = self.find_way().await?;
        self.keep_way(Some(way.clone()));
        Ok(way)
    }

    fn keep_way(&self, way: Option<Way>) {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = way;
    }

    /// Asks `/v2/` without a credential: what it answers says how it wants to be asked.
    async fn find_way(&self) -> Result<Way, Fault> {
        let answer = self.ping(Auth::Anonymous).await?;
        if answer.status.is_success() {
            return Ok(Way::Open);
        }
        if answer.status != StatusCode::UNAUTHORIZED {
            return Err(self.no_registry(answer));
        }
        match self.way_asked(&answer)? {
            Some(way) => Ok(way),
            None => Err(answer.into_fault()),
        }
    }

    /// What a 401 asks for, where we can give it.
    fn way_asked(&self, answer: &Answer) -> Result<Option<Way>, Fault> {
        let values = answer.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        match best(values) {
            Some(Challenge::Bearer { realm, service, .. }) => {
                Ok(Some(Way::Token(Service::new(self.name(), &self.door(), &realm, service)?)))
            }
            Some(Challenge::Basic) if self.credential == Credential::IdentityToken => Err(self.no_token_service()),
            Some(Challenge::Basic) if self.credential == Credential::Password => Ok(Some(Way::Basic)),
            Some(Challenge::Basic) | None => Ok(None),
        }
    }

    /// `/v2/` of this registry: what relative realms start from.
    fn door(&self) -> Url {
        let mut door = self.http.base().clone();
        door.set_path(&format!("{}/v2/", door.path().trim_end_matches('/')));
        door
    }

    fn no_token_service(&self) -> Fault {
        Fault::new(
            &**self.name(),
            FaultKind::Config,
            Text::new(
                "docker keeps an identity token for it, and this registry asks for a user and a password",
                "docker 为它保存的是身份令牌，而该仓库要求用户与密码",
            ),
            Text::new("write user and password in this [[registry]]", "请在该 [[registry]] 中写明 user 与 password"),
        )
    }

    async fn ping(&self, auth: Auth) -> Result<Answer, Fault> {
        self.http.send(Ask { auth, ..Ask::get("/v2/", "/v2/") }).await
    }

    /// Something else than a registry answers there, or it is in trouble.
    fn no_registry(&self, answer: Answer) -> Fault {
        if answer.status != StatusCode::NOT_FOUND {
            return answer.into_fault();
        }
        let request_id = answer.request_id;
        let mut fault = Fault::new(
            &**self.name(),
            FaultKind::Protocol,
            Text::new("no registry answers there: /v2/ is not found", "那里没有镜像仓库应答：/v2/ 不存在"),
            Text::new("check the address and its port", "请检查地址和端口"),
        );
        fault.request_id = Some(request_id);
        fault
    }
}
