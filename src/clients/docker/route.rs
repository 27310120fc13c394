//! The way to an engine: a socket file, TCP with or without TLS, past a proxy or through it, or ssh.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::connection::Opened;
use crate::clients::Shared;
use crate::clients::cause::Place;
use crate::clients::proxy::Proxy;
use crate::clients::ssh::Tunnel;
use crate::clients::tls::{Domain, TlsFiles};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// Without an answer for this long a connection counts as cut: an event stream says nothing for hours otherwise.
const SILENT: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) enum Route {
    Unix(PathBuf),
    Tcp { host: Arc<str>, port: u16, tls: Option<TlsFiles>, proxy: Option<Proxy> },
    Ssh(Tunnel),
}

impl Route {
    /// Opens a stream. Bounded by the connect timeout (ssh by its own).
    pub(super) async fn open(&self, shared: &Arc<Shared>, place: &Place<'_>) -> Result<Opened, Fault> {
        let limit = shared.options.connect_timeout;
        let mut stage = Stage::Dialling;
        let reached = &mut stage;
        let opening = async {
            let stage = reached;
            match self {
                Self::Unix(path) => {
                    let stream = UnixStream::connect(path).await.map_err(|why| place.explain(&why))?;
                    Ok(Opened { stream: Box::new(stream), way: None })
                }
                Self::Tcp { host, port, tls: None, proxy } => {
                    let stream = match proxy {
                        None => dial(host, *port, place).await?,
                        Some(proxy) => dial_proxy(proxy, place).await?,
                    };
                    Ok(Opened { stream: Box::new(stream), way: None })
                }
                Self::Tcp { host, port, tls: Some(files), proxy } => {
                    let config = trust(shared, place.endpoint, files).await?;
                    let name = ServerName::try_from(host.to_string()).map_err(|_| bad_name(place, host))?;
                    let tcp = match proxy {
                        None => dial(host, *port, place).await?,
                        Some(proxy) => {
                            let mut tcp = dial_proxy(proxy, place).await?;
                            proxy.connect(&mut tcp, &self.authority(), place).await?;
                            tcp
                        }
                    };
                    *stage = Stage::Handshake;
                    let stream = TlsConnector::from(config).connect(name, tcp).await.map_err(|why| place.explain(&why))?;
                    Ok(Opened { stream: Box::new(stream), way: None })
                }
                Self::Ssh(tunnel) => tunnel.open(shared).await,
            }
        };
        if matches!(self, Self::Ssh(_)) {
            return opening.await;
        }
        let opened = timeout(limit, opening).await;
        opened.unwrap_or_else(|_| Err(if stage == Stage::Handshake { no_handshake(place, limit) } else { place.timeout(Some(limit)) }))
    }

    /// The Host header.
    pub(super) fn authority(&self) -> String {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port, .. } => format!("{host}:{port}"),
            Self::Unix(_) | Self::Ssh(_) => "docker".to_owned(),
        }
    }

    /// The proxy that requests are given to, where it wants them whole.
    pub(super) fn forward_proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Tcp { proxy, .. } => proxy.as_ref().filter(|proxy| proxy.takes_whole_addresses()),
            _ => None,
        }
    }

    pub(super) fn tls(&self) -> Option<&TlsFiles> {
        match self {
            Self::Tcp { tls, .. } => tls.as_ref(),
            _ => None,
        }
    }
}

/// How far an opening came, for the words of a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Dialling,
    Handshake,
}

async fn dial(host: &str, port: u16, place: &Place<'_>) -> Result<TcpStream, Fault> {
    let stream = TcpStream::connect((host, port)).await.map_err(|why| place.explain(&why))?;
    // Without these a cut line is noticed after hours. A system that does not know one of them works without it.
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(&stream);
    let _ = socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(SILENT / 2).with_interval(SILENT / 6).with_retries(3));
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(SILENT));
    Ok(stream)
}

async fn dial_proxy(proxy: &Proxy, place: &Place<'_>) -> Result<TcpStream, Fault> {
    proxy.check(place)?;
    dial(&proxy.host, proxy.port, place).await.map_err(|fault| proxy.unreached(place, &fault))
}

async fn trust(shared: &Arc<Shared>, endpoint: &str, files: &TlsFiles) -> Result<Arc<rustls::ClientConfig>, Fault> {
    let (shared, name, domain) = (Arc::clone(shared), endpoint.to_owned(), Domain::Engine(files.clone()));
    let made = tokio::task::spawn_blocking(move || shared.trust.config(&name, &domain)).await;
    made.unwrap_or_else(|_| {
        Err(Fault::new(
            endpoint,
            FaultKind::Cancelled,
            Text::new("the console is going down", "控制台正在退出"),
            Text::new("nothing to do", "无需处理"),
        ))
    })
}

/// A port without TLS waits for the end of a line that a handshake never sends.
fn no_handshake(place: &Place<'_>, limit: Duration) -> Fault {
    let mut fault = place.timeout(Some(limit));
    let address = place.address;
    fault.cause = Text::made(
        format!("{address} accepts the connection and does not answer the TLS handshake within {:.1} s", limit.as_secs_f32()),
        format!("{address} 接受连接,但 {:.1} 秒内没有应答 TLS 握手", limit.as_secs_f32()),
    );
    fault.hint = Text::new(
        "either the engine hangs, or that port does not speak TLS (2376 usually does, 2375 does not): check the address and tls",
        "要么引擎已挂起,要么该端口不使用 TLS(2376 通常使用,2375 不使用):请检查地址和 tls",
    );
    fault
}

fn bad_name(place: &Place<'_>, host: &str) -> Fault {
    let host = crate::model::text::clean(host).into_owned();
    place.fault(
        FaultKind::Config,
        Text::made(format!("'{host}' cannot be the name in a certificate"), format!("“{host}”不能作为证书里的名字")),
        Text::new("write a DNS name or an IP address", "请写 DNS 名或 IP 地址"),
    )
}
