//! Sending: the gate first, then one of eight places in the line, attempts, redirects and a bounded body.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::BytesMut;
use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, Origin};
use super::ask::{Ask, Auth, Credentials, Redirects};
use super::domains::{AT_ONCE, Keep, Reach, Whose};
use super::retry::{ATTEMPTS, is_passing, retry_after_ms, wait_before};
use crate::clients::cause::short;
use crate::clients::gate::{Client, Passage};
use crate::clients::tls::Domain;
use crate::clients::{Pace, Shared, Wire};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

const HOPS: u32 = 3;

/// A place that speaks HTTP.
#[derive(Clone, Debug)]
pub struct HttpEndpoint {
    /// Its name in the config.
    pub name: Arc<str>,
    /// `https://host[:port][/prefix]`; a user or password in it is not used.
    pub base: Url,
    /// Trusted alone, instead of the system's roots.
    pub ca: Option<PathBuf>,
    /// Whose rows of the gate's table count.
    pub client: Client,
    pub credentials: Option<Credentials>,
}

/// A client of one endpoint. Clones share its line.
#[derive(Clone, Debug)]
pub struct Http {
    shared: Arc<Shared>,
    endpoint: Arc<HttpEndpoint>,
    line: Arc<Semaphore>,
    /// What this one's requests wait for before they take a place in the line.
    pace: Option<Arc<Pace>>,
    roots: Roots,
}

/// Whom an endpoint with a CA of its own trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Roots {
    /// That CA alone.
    Own,
    /// The system's roots as well.
    OwnAndSystem,
}

/// One attempt's target and headers.
struct Hop {
    url: Url,
    domain: Domain,
    headers: HeaderMap,
}

impl Http {
    /// No network; the CA file is read at the first request.
    ///
    /// # Errors
    /// Config, where the base is not http or https.
    pub fn new(wire: &Wire, endpoint: HttpEndpoint) -> Result<Self, Fault> {
        if !matches!(endpoint.base.scheme(), "http" | "https") || endpoint.base.host_str().is_none() {
            let shown = short(endpoint.base.as_str());
            return Err(Fault::new(
                &*endpoint.name,
                FaultKind::Config,
                Text::made(format!("'{shown}' is not an http address"), format!("“{shown}”不是 http 地址")),
                Text::new("write url = \"https://host\"", "请写成 url = \"https://host\""),
            ));
        }
        Ok(Self {
            shared: Arc::clone(wire.shared()),
            endpoint: Arc::new(endpoint),
            line: Arc::new(Semaphore::new(AT_ONCE)),
            pace: None,
            roots: Roots::Own,
        })
    }

    /// For a place that a registry with a CA of its own sends us to, such as its token service: either may have signed it.
    #[must_use]
    pub(in crate::clients) fn trusting_the_system_too(self) -> Self {
        Self { roots: Roots::OwnAndSystem, ..self }
    }

    /// The same line, kept to a budget; other clones of it are not.
    #[must_use]
    pub fn paced(&self, pace: Option<Arc<Pace>>) -> Self {
        Self { pace, ..self.clone() }
    }

    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.endpoint.name
    }

    #[must_use]
    pub fn base(&self) -> &Url {
        &self.endpoint.base
    }

    /// Sends one request. An answer of any status is an [`Answer`]. GET and HEAD are tried again, within the same
    /// timeout, after failures to connect and after 429, 502, 503 and 504; nothing else is ever sent twice.
    ///
    /// # Errors
    /// `ReadOnly` or `Unlisted` from the gate; faults of the network, of TLS, and of an answer over its bounds.
    pub async fn send(&self, ask: Ask) -> Result<Answer, Fault> {
        let origin = Arc::new(self.origin());
        let first = self.first_hop(&ask, &origin)?;
        let request_id = request_id();
        let limit = ask.timeout.unwrap_or(self.shared.options.request_timeout);
        if let Some(pace) = &self.pace {
            pace.wait().await;
        }
        let _place = self.line.acquire().await.map_err(|_| origin.place().timeout(None))?;
        let deadline = Instant::now() + limit;
        let mut attempt = 1;
        loop {
            let outcome = match timeout_at(deadline, self.follow(&ask, &first, &request_id, &origin)).await {
                Ok(outcome) => outcome,
                Err(_) => Err((origin.place().timeout(Some(limit)), Again::No)),
            };
            attempt += 1;
            let asked = match &outcome {
                Ok(answer) if is_passing(answer.status) => answer.retry_after_ms,
                Err((_, Again::Yes)) => None,
                _ => return self.finish(outcome, request_id),
            };
            let wait = wait_before(attempt, asked).filter(|wait| ask.is_safe() && attempt <= ATTEMPTS && Instant::now() + *wait < deadline);
            let Some(wait) = wait else { return self.finish(outcome, request_id) };
            tokio::time::sleep(wait).await;
        }
    }

    fn finish(&self, outcome: Result<Answer, (Fault, Again)>, request_id: String) -> Result<Answer, Fault> {
        outcome.map_err(|(mut fault, _)| {
            fault.request_id = Some(request_id);
            tracing::debug!(endpoint = &*self.endpoint.name, fault = %fault, "request failed");
            fault
        })
    }

    fn origin(&self) -> Origin {
        let base = &self.endpoint.base;
        let port = base.port().map(|p| format!(":{p}")).unwrap_or_default();
        let address = format!("{}://{}{port}", base.scheme(), base.host_str().unwrap_or_default());
        Origin { endpoint: Arc::clone(&self.endpoint.name), address, ca: self.endpoint.ca.clone() }
    }

    fn first_hop(&self, ask: &Ask, origin: &Origin) -> Result<Hop, Fault> {
        let mut url = self.endpoint.base.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}{}", ask.path));
        url.set_query(None);
        url.set_fragment(None);
        // A base never carries credentials: they would end up in logs.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query.iter().map(|(name, value)| (name.as_ref(), value.as_str())));
        }
        // The URL as it will be sent is what the gate judges: parsing may have folded dot segments.
        let sent = url.path().strip_prefix(prefix.as_str()).unwrap_or_default().to_owned();
        self.shared.gate.ask(
            &self.endpoint.name,
            &Passage {
                client: self.endpoint.client,
                method: ask.method.as_str(),
                template: ask.path_template,
                path: &sent,
                discriminator: &ask.discriminator,
            },
        )?;
        let mut headers = ask.headers.clone();
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static(ask.accept.unwrap_or("application/json")));
        let credentials = match &ask.auth {
            Auth::Endpoint => self.endpoint.credentials.as_ref(),
            Auth::Anonymous => None,
            Auth::Other(credentials) => Some(credentials),
        };
        if let Some(credentials) = credentials {
            let value = credentials.header().ok_or_else(|| bad_secret(origin))?;
            headers.insert(AUTHORIZATION, value);
        }
        let domain = match (self.endpoint.ca.clone(), self.roots) {
            (Some(ca), Roots::Own) => Domain::Private(ca),
            (Some(ca), Roots::OwnAndSystem) => Domain::SystemAnd(ca),
            (None, _) => Domain::System,
        };
        Ok(Hop { url, domain, headers })
    }

    /// One attempt, redirects included.
    async fn follow(&self, ask: &Ask, first: &Hop, request_id: &str, origin: &Arc<Origin>) -> Result<Answer, (Fault, Again)> {
        let mut answer = self.attempt(ask, first, request_id, origin).await?;
        if ask.redirects == Redirects::Refuse || !ask.is_safe() {
            return Ok(answer);
        }
        let mut at = first.url.clone();
        for _ in 0..HOPS {
            let Some(next) = (answer.status.is_redirection()).then(|| answer.header(LOCATION).and_then(|to| at.join(to).ok())).flatten()
            else {
                return Ok(answer);
            };
            let same = next.origin() == first.url.origin();
            let downgrade = at.scheme() == "https" && next.scheme() != "https";
            if downgrade || !matches!(next.scheme(), "http" | "https") {
                return Ok(answer);
            }
            let domain = match (&self.endpoint.ca, same) {
                (Some(_), true) => first.domain.clone(),
                (Some(ca), false) => Domain::SystemAnd(ca.clone()),
                (None, _) => Domain::System,
            };
            let headers = if same { first.headers.clone() } else { HeaderMap::new() };
            let hop = Hop { url: next.clone(), domain, headers };
            answer = self.attempt(ask, &hop, request_id, origin).await?;
            at = next;
        }
        Ok(answer)
    }

    async fn attempt(&self, ask: &Ask, hop: &Hop, request_id: &str, origin: &Arc<Origin>) -> Result<Answer, (Fault, Again)> {
        let place = origin.place();
        let keep = if ask.is_safe() { Keep::Yes } else { Keep::No };
        let reach = Reach::of(&hop.url);
        let client = self.client(Whose { domain: hop.domain.clone(), keep, reach }).await.map_err(|fault| (fault, Again::No))?;
        let mut request =
            client.request(ask.method.clone(), hop.url.clone()).headers(hop.headers.clone()).header("X-Request-Id", request_id);
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let mut response = request.send().await.map_err(|why| {
            let fault = place.explain(&why);
            // Without a head: not connected, or over a connection that the other side had just closed.
            let again = match fault.kind {
                FaultKind::Refused | FaultKind::Unreachable | FaultKind::Timeout => Again::Yes,
                _ => Again::No,
            };
            (reach.word(fault), again)
        })?;
        let most = ask.max_body.unwrap_or(self.shared.options.max_body);
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|why| (place.explain(&why), Again::No))? {
            if body.len() + chunk.len() > most {
                return Err((place.too_large(most), Again::No));
            }
            body.extend_from_slice(&chunk);
        }
        let headers = std::mem::take(response.headers_mut());
        let theirs = headers.get("x-request-id").and_then(|v| v.to_str().ok()).filter(|id| !id.is_empty() && id.len() <= 100).map(short);
        Ok(Answer {
            status: response.status(),
            retry_after_ms: retry_after_ms(&headers, self.shared.options.clock.now()),
            headers,
            body: body.freeze(),
            request_id: theirs.unwrap_or_else(|| request_id.to_owned()),
            origin: Arc::clone(origin),
        })
    }

    async fn client(&self, whose: Whose) -> Result<reqwest::Client, Fault> {
        let (shared, name) = (Arc::clone(&self.shared), Arc::clone(&self.endpoint.name));
        let made = tokio::task::spawn_blocking(move || {
            let config = shared.trust.config(&name, &whose.domain)?;
            shared.http.client(&shared, &name, whose, &config)
        });
        made.await.unwrap_or_else(|_| Err(self.origin().place().timeout(None)))
    }
}

/// Whether an attempt that failed may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Yes,
    No,
}

fn bad_secret(origin: &Origin) -> Fault {
    origin.place().fault(
        FaultKind::Config,
        Text::new(
            "the user or password has characters that HTTP cannot carry (a line end?)",
            "用户名或密码含有 HTTP 不能携带的字符(换行?)",
        ),
        Text::new("look at the end of the file or variable that holds the secret", "请检查存放密码的文件或变量的末尾"),
    )
}

/// 128 random bits in the form of a UUID of version 4.
fn request_id() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Percent-encodes one segment of a path, slashes included.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_look_like_uuids_and_differ() {
        let id = request_id();
        assert_eq!(id.len(), 36);
        assert_eq!((&id[14..15], id.matches('-').count()), ("4", 4));
        assert_ne!(id, request_id());
    }

    #[test]
    fn segments_are_encoded_whole() {
        assert_eq!(segment("a/b c%土"), "a%2Fb%20c%25%E5%9C%9F");
    }
}
