//! One listener on loopback for every endpoint of the lab: the address that was dialled tells which twin is asked.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::model::clock::Clock;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

use super::answer;
use super::record::{Asked, Record};
use super::trouble::{Faults, Rule, Trouble, lock};
use super::wire::{Break, Wire, reset};

/// Connections waiting to be accepted; a console over the target world dials thousands at once.
const BACKLOG: i32 = 4096;
/// How long the accept loop rests when this process has no descriptor left.
const NO_DESCRIPTOR_PAUSE: Duration = Duration::from_millis(50);

/// The body of an answer; an error in it breaks the connection off.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;
/// What a [`Service`] promises to answer.
pub type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// One twin: speaks its protocol over HTTP. Faults, latency and the record are the listener's affair.
pub trait Service: std::fmt::Debug + Send + Sync + 'static {
    /// Answers one request. What outlives the answer (a hijacked connection) is started on `tasks`.
    fn answer(self: Arc<Self>, asked: Request<Incoming>, tasks: Tasks) -> Answering;
}

/// In a request's extensions where [`Trouble::OldApi`] is in force: speak no newer version than this.
#[derive(Clone, Debug)]
pub struct OldApi(pub Arc<str>);

/// Starts work that ends with the lab.
#[derive(Clone, Debug)]
pub struct Tasks(CancellationToken);

impl Tasks {
    #[allow(clippy::disallowed_methods, reason = "the lab's one spawner: its tasks end with its token")]
    pub fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopped = self.0.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                () = stopped => {}
                () = work => {}
            }
        });
    }
}

/// Where a twin is found and how far away it is.
#[derive(Debug)]
pub struct Place {
    pub name: Arc<str>,
    pub address: Ipv4Addr,
    /// One way there and back: paid on connecting and on every request.
    pub latency: Duration,
    pub rules: Vec<Rule>,
}

/// A twin with its address, its faults, and what it was asked.
#[derive(Debug)]
pub struct Endpoint {
    pub name: Arc<str>,
    pub address: Ipv4Addr,
    pub faults: Faults,
    pub record: Record,
    latency: Duration,
    service: Arc<dyn Service>,
}

#[derive(Debug)]
struct Listeners {
    endpoints: Mutex<HashMap<Ipv4Addr, Arc<Endpoint>>>,
    clock: Clock,
    order: AtomicU64,
}

/// The listener. Everything it started stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    port: u16,
    listeners: Arc<Listeners>,
    tasks: Tasks,
    _stop: DropGuard,
}

impl Server {
    /// Listens on every loopback address; port 0 takes a free one. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(port: u16, clock: Clock) -> Result<Self, Fault> {
        let listener = listen(port).map_err(|why| cannot_listen(port, &why))?;
        let port = listener.local_addr().map_err(|why| cannot_listen(port, &why))?.port();
        let token = CancellationToken::new();
        let tasks = Tasks(token.clone());
        let listeners = Arc::new(Listeners { endpoints: Mutex::default(), clock, order: AtomicU64::new(0) });
        tasks.start(accept(listener, Arc::clone(&listeners), tasks.clone()));
        Ok(Self { port, listeners, tasks, _stop: token.drop_guard() })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Opens an endpoint; one that stood at the same address is replaced for new connections.
    pub fn open(&self, place: Place, service: Arc<dyn Service>) -> Arc<Endpoint> {
        let Place { name, address, latency, rules } = place;
        let endpoint = Arc::new(Endpoint { name, address, faults: Faults::new(rules), record: Record::default(), latency, service });
        lock(&self.listeners.endpoints).insert(address, Arc::clone(&endpoint));
        endpoint
    }
}

async fn accept(listener: TcpListener, listeners: Arc<Listeners>, tasks: Tasks) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(NO_DESCRIPTOR_PAUSE).await;
            continue;
        };
        let Some(IpAddr::V4(local)) = stream.local_addr().ok().map(|local| local.ip()) else { continue };
        if !local.is_loopback() || !peer.ip().is_loopback() {
            continue;
        }
        let Some(endpoint) = lock(&listeners.endpoints).get(&local).cloned() else {
            reset(&stream);
            continue;
        };
        let _ = stream.set_nodelay(true);
        tasks.start(serve(stream, endpoint, Arc::clone(&listeners), tasks.clone()));
    }
}

/// One connection from its first byte to its last, under the endpoint's faults.
async fn serve(stream: TcpStream, endpoint: Arc<Endpoint>, listeners: Arc<Listeners>, tasks: Tasks) {
    let broken = Arc::new(Break::default());
    let wire = Wire::new(stream, Arc::clone(&broken), Arc::clone(endpoint.faults.gate()));
    tokio::time::sleep(endpoint.latency).await;
    let (place, brake) = (Arc::clone(&endpoint), Arc::clone(&broken));
    let service = service_fn(move |asked| {
        let (endpoint, listeners, tasks, brake) = (Arc::clone(&place), Arc::clone(&listeners), tasks.clone(), Arc::clone(&brake));
        async move { Ok::<_, Infallible>(respond(asked, endpoint, listeners, tasks, brake).await) }
    });
    let talk = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .title_case_headers(true)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(wire), service)
        .with_upgrades();
    tokio::select! {
        _ = talk => {}
        () = broken.called() => {}
    }
}

async fn respond(
    mut asked: Request<Incoming>,
    endpoint: Arc<Endpoint>,
    listeners: Arc<Listeners>,
    tasks: Tasks,
    broken: Arc<Break>,
) -> Response<Body> {
    let path = asked.uri().path().to_owned();
    endpoint.record.note(Asked {
        order: listeners.order.fetch_add(1, Ordering::Relaxed),
        at: listeners.clock.now(),
        method: asked.method().to_string(),
        path: path.clone(),
        query: asked.uri().query().unwrap_or("").to_owned(),
    });
    tokio::time::sleep(endpoint.latency).await;
    let mut cut = false;
    for trouble in endpoint.faults.meet(&path) {
        match trouble {
            Trouble::Refuse => {
                broken.now();
                std::future::pending::<()>().await;
            }
            Trouble::Drop => std::future::pending::<()>().await,
            Trouble::Delay(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Trouble::Status(code) => return answer::trouble_status(code),
            Trouble::Garbage => return answer::garbage(),
            Trouble::EndlessLine => return answer::endless_line(),
            Trouble::Cut => cut = true,
            Trouble::OldApi(version) => {
                asked.extensions_mut().insert(OldApi(version.into()));
            }
        }
    }
    let whole = Arc::clone(&endpoint.service).answer(asked, tasks).await;
    if cut { answer::cut(whole).await } else { whole }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    // Nothing from the network ever reaches this listener; where the kernel does not allow the binding
    // to the device, the check of both addresses on accept stands alone.
    let _ = socket.bind_device(Some(b"lo"));
    socket.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

fn cannot_listen(port: u16, why: &io::Error) -> Fault {
    let kind = if why.kind() == io::ErrorKind::AddrInUse { FaultKind::Conflict } else { FaultKind::Limit };
    Fault::new(
        format!("lab port {port}"),
        kind,
        Text::made(format!("cannot listen on loopback: {why}"), format!("无法在本机回环地址监听: {why}")),
        Text::new("choose another port, or 0 for any free one", "换一个端口, 或用 0 任选空闲端口"),
    )
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[derive(Debug)]
    struct Hello;

    impl Service for Hello {
        fn answer(self: Arc<Self>, _asked: Request<Incoming>, _tasks: Tasks) -> Answering {
            Box::pin(async { answer::of(http::StatusCode::OK, "text/plain", answer::full("hello, lab")) })
        }
    }

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 9);

    fn start() -> (Server, Arc<Endpoint>) {
        let server = Server::start(0, Clock::system()).expect("a free port");
        let place = Place { name: "h".into(), address: ADDRESS, latency: Duration::ZERO, rules: Vec::new() };
        let endpoint = server.open(place, Arc::new(Hello));
        (server, endpoint)
    }

    async fn ask(server: &Server) -> io::Result<String> {
        let mut stream = TcpStream::connect((ADDRESS, server.port())).await?;
        stream.write_all(b"GET /x?y=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await?;
        let mut text = Vec::new();
        match tokio::time::timeout(Duration::from_millis(400), stream.take(1 << 20).read_to_end(&mut text)).await {
            Ok(read) => read.map(|_| String::from_utf8_lossy(&text).into_owned()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    #[tokio::test]
    async fn an_endpoint_answers_at_its_own_address_and_remembers() {
        let (server, endpoint) = start();
        assert!(ask(&server).await.expect("an answer").ends_with("hello, lab"));
        let asked = endpoint.record.requests();
        assert_eq!((asked[0].method.as_str(), asked[0].path.as_str(), asked[0].query.as_str()), ("GET", "/x", "y=1"));
        let stranger = TcpStream::connect(("127.77.0.8", server.port())).await;
        assert!(match stranger {
            Ok(mut stream) => !matches!(stream.read(&mut [0; 8]).await, Ok(1..)),
            Err(_) => true,
        });
    }

    #[tokio::test]
    async fn every_trouble_looks_like_itself_and_heals() {
        let (server, endpoint) = start();
        endpoint.faults.add(Rule::always(Trouble::Refuse));
        assert_eq!(ask(&server).await.expect_err("reset").kind(), io::ErrorKind::ConnectionReset);
        endpoint.faults.heal();
        endpoint.faults.add(Rule::always(Trouble::Refuse).on("/x"));
        assert_eq!(ask(&server).await.expect_err("reset").kind(), io::ErrorKind::ConnectionReset);
        endpoint.faults.heal();
        endpoint.faults.add(Rule::always(Trouble::Drop));
        assert_eq!(ask(&server).await.expect_err("silence").kind(), io::ErrorKind::TimedOut);
        endpoint.faults.heal();
        endpoint.faults.add(Rule::always(Trouble::Cut));
        let cut = ask(&server).await.expect("half");
        assert!(cut.ends_with("\r\n\r\nhello") && cut.contains("Content-Length: 10"), "{cut}");
        endpoint.faults.heal();
        endpoint.faults.add(Rule::always(Trouble::Status(503)).times(1));
        assert!(ask(&server).await.expect("503").starts_with("HTTP/1.1 503"));
        assert!(ask(&server).await.expect("healed by itself").starts_with("HTTP/1.1 200"));
        endpoint.faults.add(Rule::always(Trouble::EndlessLine));
        let long = ask(&server).await.expect("as much as was read");
        assert!(long.len() == 1 << 20 && long.ends_with("xxx"));
        endpoint.faults.heal();
        endpoint.faults.add(Rule::always(Trouble::Garbage));
        assert!(ask(&server).await.expect("a page").contains("<html>"));
    }

    #[tokio::test]
    async fn a_dropped_line_falls_silent_under_way_and_goes_on_when_healed() {
        let (server, endpoint) = start();
        let mut stream = TcpStream::connect((ADDRESS, server.port())).await.expect("connected");
        let mut buffer = [0; 4096];
        for silent in [false, true] {
            if silent {
                endpoint.faults.add(Rule::always(Trouble::Drop));
            }
            stream.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.expect("written");
            let read = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut buffer)).await;
            assert_eq!(read.is_err(), silent);
        }
        endpoint.faults.heal();
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut buffer)).await.expect("in time");
        assert!(read.expect("an answer") > 0);
        endpoint.faults.add(Rule::always(Trouble::Refuse));
        let end = stream.read(&mut buffer).await;
        assert_eq!(end.expect_err("reset").kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn everything_stops_with_the_server() {
        let (server, _endpoint) = start();
        let mut stream = TcpStream::connect((ADDRESS, server.port())).await.expect("connected");
        drop(server);
        let end = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0; 8])).await.expect("in time");
        assert!(!matches!(end, Ok(1..)));
    }
}
