//! Asking an engine: the gate, the version in front of the path, a connection, a bounded answer, and what a refusal means.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, PROXY_AUTHORIZATION, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::timeout;

use super::DockerEndpoint;
use super::connection::{Connection, Counted, Opened};
use super::flow::{Broken, Flow, Raw};
use super::pool::{Place as PoolPlace, Pool, Use};
use super::route::Route;
use super::version::ApiVersion;
use crate::clients::Shared;
use crate::clients::cause::Place;
use crate::clients::gate::{Client, Passage};
use crate::clients::proxy::Proxy;
use crate::clients::ssh::{After, Way};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

const AGENT: &str = concat!("wharf/", env!("CARGO_PKG_VERSION"));

/// One engine: its route, its connections and its version.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) shared: Arc<Shared>,
    pub(super) endpoint: DockerEndpoint,
    /// As the config writes it.
    pub(super) address: String,
    /// A reverse proxy's prefix, empty or `/x`.
    pub(super) prefix: Arc<str>,
    pub(super) route: Route,
    pub(super) pool: Pool,
    pub(super) version: Mutex<Option<ApiVersion>>,
    /// Held while it is agreed on: twenty first questions make one ping.
    pub(super) agreeing: tokio::sync::Mutex<()>,
}

/// One request to an engine.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) method: Method,
    /// As the gate's table has it.
    pub(super) template: &'static str,
    pub(super) path: String,
    /// With its `?`, or empty.
    pub(super) query: String,
    pub(super) wanted: Use,
    pub(super) timeout: Duration,
    /// Sent without the version: `/_ping`, `/version`.
    pub(super) versioned: bool,
}

/// An answer, read whole.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Engine {
    /// A GET under the version.
    pub(super) fn question(&self, template: &'static str, path: impl Into<String>) -> Question {
        Question {
            method: Method::GET,
            template,
            path: path.into(),
            query: String::new(),
            wanted: Use::Question,
            timeout: self.shared.options.request_timeout,
            versioned: true,
        }
    }

    pub(super) fn place(&self) -> Place<'_> {
        let tls = self.route.tls();
        Place {
            endpoint: &self.endpoint.name,
            address: &self.address,
            ca: tls.and_then(|t| t.ca.clone()),
            identity: tls.is_some_and(|t| t.identity.is_some()),
        }
    }

    /// Asks and reads the whole answer, whatever its status.
    pub(super) async fn ask(self: &Arc<Self>, question: &Question) -> Result<Reply, Fault> {
        let (mut line, response, place) = self.send(question).await?;
        let most = self.shared.options.max_body;
        let (head, mut body) = response.into_parts();
        let reading = async {
            let mut bytes = BytesMut::new();
            while let Some(chunk) = line.chunk(&mut body).await {
                let chunk = chunk.map_err(|why| self.place().explain(&why))?;
                if bytes.len() + chunk.len() > most {
                    return Err(self.place().too_large(most));
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes.freeze())
        };
        let bytes = timeout(question.timeout, reading).await.unwrap_or_else(|_| Err(self.place().timeout(Some(question.timeout))))?;
        if let Ok(Some(idle)) = timeout(Duration::from_millis(50), line.settle()).await {
            self.pool.put(idle, place);
        }
        Ok(Reply { status: head.status, headers: head.headers, body: bytes })
    }

    /// Asks for a body that goes on; an answer without success is read and becomes its Fault.
    pub(super) async fn open(self: &Arc<Self>, question: &Question) -> Result<Flow, Fault> {
        let (version, place) = self.prepare(question).await?;
        let request = self.raw_request(question, version);
        let limit = question.timeout;
        let raw = loop {
            let (opened, counted) = self.open_new(&place, question.wanted).await?;
            let begun = timeout(limit, Raw::begin(opened.stream, &request, counted)).await;
            match begun {
                Ok(Ok(raw)) => {
                    self.trust(opened.way.as_ref());
                    break raw;
                }
                Ok(Err(broken)) => self.after(opened.way, self.broken(&broken), question.wanted).await?,
                Err(_) => return Err(self.place().timeout(Some(limit))),
            }
        };
        let mut flow = Flow { engine: Arc::clone(self), raw, _place: place };
        if flow.raw.status == 200 {
            return Ok(flow);
        }
        let mut said = BytesMut::new();
        let reading = async {
            while let Some(Ok(chunk)) = flow.chunk().await {
                said.extend_from_slice(&chunk[..chunk.len().min(4096)]);
                if said.len() > 4096 {
                    break;
                }
            }
        };
        // What it says is only words for the Fault: half of them will do.
        let _ = timeout(limit, reading).await;
        let status = StatusCode::from_u16(flow.raw.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Err(self.refusal(&Reply { status, headers: std::mem::take(&mut flow.raw.headers), body: said.freeze() }))
    }

    /// The gate, the version, and a place among the connections.
    async fn prepare(self: &Arc<Self>, question: &Question) -> Result<(Option<ApiVersion>, PoolPlace), Fault> {
        self.shared.gate.ask(
            &self.endpoint.name,
            &Passage {
                client: Client::Docker,
                method: question.method.as_str(),
                template: question.template,
                path: &question.path,
                discriminator: "",
            },
        )?;
        let version = if question.versioned { Some(self.negotiated().await?) } else { None };
        let place = timeout(question.timeout, self.pool.place(question.wanted)).await;
        Ok((version, place.ok().flatten().ok_or_else(|| self.busy(question.wanted))?))
    }

    /// Sends a question and waits for the head of its answer. A read that met a connection which the other side
    /// had closed in the meantime is sent once more on a new one.
    async fn send(self: &Arc<Self>, question: &Question) -> Result<(Connection, Response<Incoming>, PoolPlace), Fault> {
        let (version, place) = self.prepare(question).await?;
        let limit = question.timeout;
        if question.wanted != Use::Act
            && let Some(idle) = self.pool.take(&place)
        {
            let (stream, counted) = idle.into_stream();
            let mut line = Connection::over(stream, counted).await.map_err(|why| self.place().explain(&why))?;
            match timeout(limit, line.send(self.request(question, version)?)).await {
                Ok(Ok(response)) => return Ok((line, response, place)),
                Ok(Err(why)) if is_stale(&why) => {}
                Ok(Err(why)) => return Err(self.place().explain(&why)),
                Err(_) => {
                    self.pool.clear();
                    return Err(self.place().timeout(Some(limit)));
                }
            }
        }
        let (line, response) = self.send_new(question, version, &place).await?;
        Ok((line, response, place))
    }

    /// Over a new connection; over ssh, where the forward proves dead, once more through the other way.
    async fn send_new(
        &self,
        question: &Question,
        version: Option<ApiVersion>,
        place: &PoolPlace,
    ) -> Result<(Connection, Response<Incoming>), Fault> {
        loop {
            let (opened, counted) = self.open_new(place, question.wanted).await?;
            let mut line = Connection::over(opened.stream, counted).await.map_err(|why| self.place().explain(&why))?;
            match timeout(question.timeout, line.send(self.request(question, version)?)).await {
                Ok(Ok(response)) => {
                    self.trust(opened.way.as_ref());
                    return Ok((line, response));
                }
                Ok(Err(why)) => self.after(opened.way, self.place().explain(&why), question.wanted).await?,
                Err(_) => return Err(self.place().timeout(Some(question.timeout))),
            }
        }
    }

    /// A new connection. Where this process has no room for one, that is waited for: it is no fault of the host.
    async fn open_new(&self, place: &PoolPlace, wanted: Use) -> Result<(Opened, Counted), Fault> {
        self.pool.make_room(place);
        let permit = self.pool.room(wanted).await.ok_or_else(|| self.place().no_more_files())?;
        Ok((self.route.open(&self.shared, &self.place()).await?, Counted::new(self.pool.counter(), permit)))
    }

    fn trust(&self, way: Option<&Way>) {
        if let (Route::Ssh(tunnel), Some(way)) = (&self.route, way) {
            tunnel.trust(way);
        }
    }

    /// What a failure before the first answer means: nothing where another way may be tried.
    async fn after(&self, way: Option<Way>, fault: Fault, wanted: Use) -> Result<(), Fault> {
        let (Route::Ssh(tunnel), Some(way)) = (&self.route, way) else {
            let silent = fault.kind == FaultKind::Unreachable && self.route.tls().is_some();
            return Err(if silent { self.shown_the_door() } else { fault });
        };
        match tunnel.failed(way, fault).await {
            // A write is not sent again: nobody knows how far it came.
            After::Again if wanted == Use::Act => Err(self.place().cut()),
            After::Again => Ok(()),
            After::Ended(fault) => Err(*fault),
        }
    }

    pub(super) fn broken(&self, broken: &Broken) -> Fault {
        match broken {
            Broken::Io(why) => self.place().explain(why),
            Broken::Cut => self.place().cut(),
            Broken::Garbage(words) => self.place().not_http(words),
        }
    }

    /// The same request as bytes, for a stream that is read without hyper.
    fn raw_request(&self, question: &Question, version: Option<ApiVersion>) -> Vec<u8> {
        let (method, target, host) = (&question.method, self.target(question, version), self.route.authority());
        let mut request =
            format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {AGENT}\r\naccept: application/json\r\n").into_bytes();
        if let Some(secret) = self.route.forward_proxy().and_then(Proxy::authorization) {
            request.extend_from_slice(b"proxy-authorization: ");
            request.extend_from_slice(secret.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request
    }

    fn target(&self, question: &Question, version: Option<ApiVersion>) -> String {
        let versioned = version.map(|v| format!("/v{v}")).unwrap_or_default();
        let whole = self.route.forward_proxy().map(|_| format!("http://{}", self.route.authority())).unwrap_or_default();
        format!("{whole}{}{versioned}{}{}", self.prefix, question.path, question.query)
    }

    fn request(&self, question: &Question, version: Option<ApiVersion>) -> Result<Request<Full<Bytes>>, Fault> {
        let mut request = Request::builder()
            .method(&question.method)
            .uri(self.target(question, version))
            .header(HOST, self.route.authority())
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "application/json");
        if let Some(secret) = self.route.forward_proxy().and_then(Proxy::authorization) {
            request = request.header(PROXY_AUTHORIZATION, secret);
        }
        if question.method == Method::POST {
            request = request.header(CONTENT_LENGTH, "0");
        }
        request.body(Full::default()).map_err(|why| self.place().not_http(&why.to_string()))
    }

    fn busy(&self, wanted: Use) -> Fault {
        let kind = if matches!(wanted, Use::Stream | Use::Events) { FaultKind::Limit } else { FaultKind::Timeout };
        let (en, zh) = match wanted {
            Use::Stream | Use::Events => ("as many streams as we hold to one engine are open", "到该引擎的流已达上限"),
            _ => ("all eight connections to the engine wait for an answer", "到该引擎的八个连接都在等待应答"),
        };
        self.place().fault(
            kind,
            Text::new(en, zh),
            Text::new("close another log of this host, or wait: the engine is slow", "请关闭该主机的其它日志,或稍候:引擎应答缓慢"),
        )
    }

    fn shown_the_door(&self) -> Fault {
        let address = &self.address;
        self.place().fault(
            FaultKind::Tls,
            Text::made(
                format!("{address} closed the connection right after the TLS handshake: most often it does not accept our certificate"),
                format!("{address} 在 TLS 握手后立即断开:多半是不接受我们的客户端证书"),
            ),
            Text::new(
                "see the engine's log; use a certificate signed by the CA in its --tlscacert",
                "请查看引擎日志;使用其 --tlscacert 的 CA 签发的证书",
            ),
        )
    }
}

impl Question {
    pub(super) fn query(mut self, query: impl Into<String>) -> Self {
        self.query = query.into();
        self
    }
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    pub(super) fn is_html(&self) -> bool {
        self.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).is_some_and(|kind| kind.contains("html"))
    }
}

/// True for what happens when the other side closed a connection while it was idle.
fn is_stale(why: &hyper::Error) -> bool {
    use std::error::Error as _;
    let reset = why.source().and_then(|s| s.downcast_ref::<std::io::Error>()).is_some_and(|io| {
        matches!(io.kind(), std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionAborted)
    });
    why.is_incomplete_message() || why.is_canceled() || why.is_closed() || reset
}
