//! One request as data.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// Who we say we are. Never shown: `Debug` hides the secret.
#[derive(Clone, Debug)]
pub enum Credentials {
    Basic {
        user: String,
        password: SecretString,
    },
    Bearer(SecretString),
    /// Only a token service takes it, and never in a header.
    IdentityToken(SecretString),
}

impl Credentials {
    /// The value of an Authorization header, marked so that no log prints it. `None` where it has
    /// characters that cannot stand in a header, and for what never goes into one.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::Basic { user, password } => {
                let pair = format!("{user}:{}", password.expose_secret());
                format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
            }
            Self::Bearer(token) => format!("Bearer {}", token.expose_secret()),
            Self::IdentityToken(_) => return None,
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Which credentials go with a request.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// The endpoint's own.
    #[default]
    Endpoint,
    /// None at all.
    Anonymous,
    /// Others than the endpoint's, for this request.
    Other(Credentials),
}

/// What to do with an answer that points elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// It is a Fault that says where it points.
    #[default]
    Refuse,
    /// GET and HEAD go there, three hops at most. Credentials and headers of ours go only to the same origin.
    Follow,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    /// As the gate's table has it, without the base's own path: `/api/v2.0/projects/{name}`.
    pub path_template: &'static str,
    /// The same with its segments filled in, percent-encoded by the caller.
    pub path: String,
    pub query: Vec<(Cow<'static, str>, String)>,
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
    /// What the vendor hides the verb in; empty where method and path say all.
    pub discriminator: Cow<'static, str>,
    /// Accept; `application/json` where `None`.
    pub accept: Option<&'static str>,
    /// Bytes of the answer at most; the wire's default where `None`.
    pub max_body: Option<usize>,
    /// Of all attempts together; the wire's default where `None`.
    pub timeout: Option<Duration>,
    pub auth: Auth,
    pub redirects: Redirects,
}

impl Ask {
    #[must_use]
    pub fn new(method: Method, path_template: &'static str, path: impl Into<String>) -> Self {
        Self {
            method,
            path_template,
            path: path.into(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            discriminator: Cow::Borrowed(""),
            accept: None,
            max_body: None,
            timeout: None,
            auth: Auth::Endpoint,
            redirects: Redirects::Refuse,
        }
    }

    #[must_use]
    pub fn get(path_template: &'static str, path: impl Into<String>) -> Self {
        Self::new(Method::GET, path_template, path)
    }

    #[must_use]
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// A JSON body. What cannot be written as JSON (a map with keys that are no strings) becomes `null`.
    #[must_use]
    pub fn json(mut self, body: &impl serde::Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).unwrap_or_else(|_| b"null".to_vec()).into());
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// A form as its body. The fields may be secrets: they are in no log and no address.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        if let Ok(mut url) = reqwest::Url::parse("form:") {
            url.query_pairs_mut().extend_pairs(fields);
            self.body = url.query().map(|text| Bytes::from(text.to_owned()));
        }
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))
    }

    /// True where sending it twice does no more than sending it once changes nothing.
    pub(super) fn is_safe(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_in_no_debug_output() {
        let basic = Credentials::Basic { user: "robot$x".into(), password: "hunter2".to_owned().into() };
        let value = basic.header().expect("header");
        assert_eq!(value.to_str().expect("ascii"), "Basic cm9ib3QkeDpodW50ZXIy");
        let ask = Ask { auth: Auth::Other(basic), ..Ask::get("/x", "/x") };
        let shown = format!("{ask:?} {value:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("cm9ib3"), "{shown}");
        assert!(Credentials::Bearer("a\nb".to_owned().into()).header().is_none());
    }
}
