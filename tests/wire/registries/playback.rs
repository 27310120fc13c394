//! Recorded exchanges, and a small server that answers from them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use wharf::clients::dragonfly::Dragonfly;
use wharf::clients::gate::Client;
use wharf::clients::harbor::Harbor;
use wharf::clients::http::{Credentials, HttpEndpoint, Url};
use wharf::clients::oci::Oci;
use wharf::clients::{Mode, Wire, WireOptions};
use wharf::model::clock::{Clock, Stamp};

/// One request and its answer, as they were.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) n: u32,
    #[serde(default)]
    pub(crate) user: Option<String>,
    #[serde(default)]
    pub(crate) credential: String,
    pub(crate) request: Asked,
    pub(crate) response: Answered,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) body: Option<serde_json::Value>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default)]
    pub(crate) body: Option<Box<RawValue>>,
    #[serde(default)]
    pub(crate) text: bool,
}

/// What happened between two exchanges and was not recorded itself.
#[derive(Deserialize)]
struct Step {
    step: String,
}

impl Exchange {
    /// An answer made by hand, for what no real Harbor would say.
    pub(crate) fn made(method: &str, path: &str, status: u16, body: &str) -> Self {
        let body = serde_json::value::to_raw_value(body).expect("a string");
        Self {
            n: 0,
            user: None,
            credential: "ok".into(),
            request: Asked { method: method.into(), path: path.into(), body: None },
            response: Answered { status, headers: Vec::new(), body: Some(body), text: true },
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.response.headers.push((name.into(), value.into()));
        self
    }

    /// The path without its query, percent-decoded once.
    pub(crate) fn place(&self) -> String {
        decoded(self.request.path.split('?').next().unwrap_or_default())
    }

    /// The body as it was on the wire. Manifests were written by a program that puts a space after commas and colons:
    /// with them their digests come out right.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match &self.response.body {
            None => Vec::new(),
            Some(raw) if self.is_text() => serde_json::from_str::<String>(raw.get()).expect("text").into_bytes(),
            Some(raw) => spaced(raw.get()).into_bytes(),
        }
    }

    fn is_text(&self) -> bool {
        let kind = self.response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        self.response.text || kind.is_some_and(|(_, kind)| kind.starts_with("text/plain") && self.body_is_string())
    }

    fn body_is_string(&self) -> bool {
        self.response.body.as_ref().is_some_and(|raw| raw.get().starts_with('"'))
    }

    pub(crate) fn rows(&self) -> Option<usize> {
        let raw = self.response.body.as_ref().filter(|_| !self.is_text())?;
        serde_json::from_str::<Vec<serde_json::Value>>(raw.get()).ok().map(|rows| rows.len())
    }
}

/// All exchanges of one file.
pub(crate) fn recorded(file: &str) -> Vec<Exchange> {
    let path = folder().join(format!("{file}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let rows: Vec<Box<RawValue>> = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let exchange = |row: &RawValue| match serde_json::from_str::<Step>(row.get()) {
        Ok(step) => {
            assert!(!step.step.is_empty());
            None
        }
        Err(_) => Some(serde_json::from_str::<Exchange>(row.get()).unwrap_or_else(|why| panic!("{}: {why}", path.display()))),
    };
    rows.iter().filter_map(|row| exchange(row)).collect()
}

/// One exchange by its number.
pub(crate) fn number(file: &str, n: u32) -> Exchange {
    recorded(file).into_iter().find(|exchange| exchange.n == n).unwrap_or_else(|| panic!("{file} has no exchange {n}"))
}

/// The names of all files.
pub(crate) fn files() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the recordings");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_owned));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/harbor")
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Script {
    left: Vec<Exchange>,
    seen: Vec<Seen>,
}

/// Answers from a script. Of several exchanges with one method and place each is used once, the last for ever.
#[derive(Clone, Debug)]
pub(crate) struct Playback {
    pub(crate) base: String,
    script: Arc<Mutex<Script>>,
    wire: Wire,
}

impl Playback {
    pub(crate) async fn start() -> Self {
        // Read-only: a client that reads needs no more.
        Self::start_in(Mode::ReadOnly).await
    }

    pub(crate) async fn start_in(mode: Mode) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let script: Arc<Mutex<Script>> = Arc::default();
        let (inside, origin) = (Arc::clone(&script), base.clone());
        let app = axum::Router::new().fallback(move |request| answer(Arc::clone(&inside), origin.clone(), request));
        #[allow(clippy::disallowed_methods, reason = "the far end of a test, gone with its runtime")]
        let _server = tokio::spawn(async move { axum::serve(listener, app).await });
        let clock = Clock::manual(Stamp::parse_rfc3339("2026-11-23T02:10:00Z").expect("a time"));
        let options = WireOptions::new(mode, clock, std::env::temp_dir());
        Self { base, script, wire: Wire::new(options).expect("a wire") }
    }

    /// Sets what is answered from now on, and forgets what was asked.
    pub(crate) fn play(&self, exchanges: impl IntoIterator<Item = Exchange>) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Script { left: exchanges.into_iter().collect(), seen: Vec::new() };
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    pub(crate) fn endpoint(&self, client: Client, user: Option<&str>) -> HttpEndpoint {
        let basic = |user: &str| Credentials::Basic { user: user.into(), password: "pass+word".to_owned().into() };
        let credentials = match client {
            Client::Dragonfly => user.map(|_| Credentials::Bearer("a-token".to_owned().into())),
            _ => user.map(basic),
        };
        HttpEndpoint { name: "yongfeng".into(), base: Url::parse(&self.base).expect("a url"), ca: None, client, credentials }
    }

    pub(crate) fn harbor(&self, user: Option<&str>) -> Harbor {
        Harbor::new(&self.wire, self.endpoint(Client::Harbor, user)).expect("a client")
    }

    pub(crate) fn oci(&self, user: Option<&str>) -> Oci {
        Oci::new(&self.wire, self.endpoint(Client::Oci, user), Vec::new()).expect("a client")
    }

    pub(crate) fn dragonfly(&self, user: Option<&str>) -> Dragonfly {
        Dragonfly::new(&self.wire, self.endpoint(Client::Dragonfly, user)).expect("a client")
    }
}

async fn answer(script: Arc<Mutex<Script>>, origin: String, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default().to_vec();
    let (method, path) = (parts.method.as_str().to_owned(), parts.uri.path().to_owned());
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let found = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        script.seen.push(Seen { method: method.clone(), path: path.clone(), query, headers: parts.headers, body });
        let fits = |e: &&Exchange| e.request.method == method && e.place() == decoded(&path);
        let several = script.left.iter().filter(fits).count() > 1;
        let at = script.left.iter().position(|e| fits(&e));
        at.map(|at| if several { script.left.remove(at) } else { script.left[at].clone() })
    };
    let Some(exchange) = found else {
        return Response::builder().status(418).body(Body::from(format!("not in the script: {method} {path}"))).expect("an answer");
    };
    let mut response = Response::builder().status(exchange.response.status);
    for (name, value) in &exchange.response.headers {
        if !name.eq_ignore_ascii_case("transfer-encoding") {
            response = response.header(name, value.replace("http://127.0.0.1:8080", &origin));
        }
    }
    response.body(Body::from(exchange.bytes())).expect("an answer")
}

/// One round of percent-decoding.
pub(crate) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = hex.filter(|_| bytes[at] == b'%') {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// JSON with a space after each comma and colon and none elsewhere.
fn spaced(json: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::new(), false, false);
    for c in json.chars() {
        if inside {
            out.push(c);
            (inside, escaped) = (escaped || c != '"', !escaped && c == '\\');
            continue;
        }
        match c {
            '"' => {
                inside = true;
                out.push(c);
            }
            ',' | ':' => {
                out.push(c);
                out.push(' ');
            }
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}
