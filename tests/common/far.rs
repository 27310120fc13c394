//! A far end of our own: HTTP/1.1 on a thread a connection, every answer decided by the test, everything counted.
#![allow(dead_code, reason = "each runner uses its part")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) head: String,
    /// The number of its connection.
    pub(crate) connection: usize,
}

/// What to do about it.
pub(crate) enum Act {
    Answer(u16, Vec<(String, String)>, Vec<u8>),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, until the other side goes.
    Hang,
    /// A chunked body: each piece after a pause, then its end.
    Pieces(Vec<(String, String)>, Vec<(Duration, Vec<u8>)>),
    /// A chunked body that never ends.
    Flood(Vec<(String, String)>, Vec<u8>),
    After(Duration, Box<Act>),
    /// The answer, and then the end of a connection that promised to stay.
    ThenClose(Box<Act>),
}

impl Act {
    pub(crate) fn json(body: &str) -> Self {
        Self::Answer(200, vec![("Content-Type".into(), "application/json".into())], body.into())
    }
}

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) accepted: AtomicUsize,
    pub(crate) open: AtomicUsize,
    pub(crate) most_open: AtomicUsize,
    pub(crate) asked: Mutex<Vec<Asked>>,
}

type Handler = Arc<dyn Fn(&Asked) -> Act + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Far {
    pub(crate) address: SocketAddr,
    pub(crate) counts: Arc<Counts>,
}

impl Far {
    pub(crate) fn serve(handler: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        Self::listen(None, handler)
    }

    pub(crate) fn serve_tls(tls: rustls::ServerConfig, handler: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        Self::listen(Some(Arc::new(tls)), handler)
    }

    pub(crate) fn serve_unix(path: &Path, handler: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(path).expect("a socket is bound");
        let far = Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), counts: Arc::default() };
        let (counts, handler): (_, Handler) = (Arc::clone(&far.counts), Arc::new(handler));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                meet(stream, &counts, &handler);
            }
        });
        far
    }

    fn listen(tls: Option<Arc<rustls::ServerConfig>>, handler: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is bound");
        let far = Self { address: listener.local_addr().expect("an address"), counts: Arc::default() };
        let (counts, handler): (_, Handler) = (Arc::clone(&far.counts), Arc::new(handler));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                stream.set_nodelay(true).expect("nodelay");
                match &tls {
                    None => meet(stream, &counts, &handler),
                    Some(tls) => {
                        let session = rustls::ServerConnection::new(Arc::clone(tls)).expect("a session");
                        meet(rustls::StreamOwned::new(session, stream), &counts, &handler);
                    }
                }
            }
        });
        far
    }

    pub(crate) fn tcp(&self) -> String {
        format!("tcp://{}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.counts.asked.lock().expect("the log").clone()
    }

    /// `GET /v1.41/info`, ..
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|a| format!("{} {}", a.method, a.target)).collect()
    }

    pub(crate) fn accepted(&self) -> usize {
        self.counts.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn most_open(&self) -> usize {
        self.counts.most_open.load(Ordering::SeqCst)
    }
}

/// Answers as an engine of this version does; everything else is up to `rest`.
pub(crate) fn engine(api: &'static str, rest: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> impl Fn(&Asked) -> Act + Send + Sync {
    move |asked| match asked.target.as_str() {
        "/_ping" => ping(api),
        "/version" => Act::json(&format!(r#"{{"Version":"1","ApiVersion":"{api}","MinAPIVersion":"1.12"}}"#)),
        _ => rest(asked),
    }
}

pub(crate) fn ping(api: &str) -> Act {
    Act::Answer(200, vec![("Api-Version".into(), api.into())], b"OK".to_vec())
}

fn meet(stream: impl Read + Write + Send + 'static, counts: &Arc<Counts>, handler: &Handler) {
    let (counts, handler) = (Arc::clone(counts), Arc::clone(handler));
    let number = counts.accepted.fetch_add(1, Ordering::SeqCst);
    let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
    counts.most_open.fetch_max(open, Ordering::SeqCst);
    std::thread::spawn(move || {
        talk(stream, number, &counts, &handler);
        counts.open.fetch_sub(1, Ordering::SeqCst);
    });
}

fn talk(mut stream: impl Read + Write, number: usize, counts: &Counts, handler: &Handler) {
    loop {
        let mut head = Vec::new();
        let mut byte = [0u8; 1];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                _ => return,
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut words = head.split(' ').map(str::to_owned);
        let asked = Asked { method: words.next().unwrap_or_default(), target: words.next().unwrap_or_default(), head, connection: number };
        counts.asked.lock().expect("the log").push(asked.clone());
        let act = handler(&asked);
        if !carry_out(&mut stream, act) {
            return;
        }
    }
}

/// False when the connection is over.
fn carry_out(stream: &mut (impl Read + Write), act: Act) -> bool {
    match act {
        Act::Answer(status, headers, body) => {
            let mut out = format!("HTTP/1.1 {status} X\r\n");
            out += &lines(headers);
            if status != 204 && status != 304 {
                out += "Content-Length: ";
                out += &body.len().to_string();
                out += "\r\n";
            }
            out.push_str("\r\n");
            let mut bytes = out.into_bytes();
            bytes.extend(body);
            stream.write_all(&bytes).and_then(|()| stream.flush()).is_ok()
        }
        Act::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
            let _ = stream.flush();
            false
        }
        Act::Hang => {
            let _ = stream.read(&mut [0u8; 1]);
            false
        }
        Act::Pieces(headers, pieces) => {
            let mut fine = begin(stream, headers);
            for (pause, piece) in pieces {
                std::thread::sleep(pause);
                fine = fine && chunk(stream, &piece);
            }
            fine && stream.write_all(b"0\r\n\r\n").and_then(|()| stream.flush()).is_ok()
        }
        Act::Flood(headers, piece) => {
            begin(stream, headers);
            while chunk(stream, &piece) {}
            false
        }
        Act::After(pause, act) => {
            std::thread::sleep(pause);
            carry_out(stream, *act)
        }
        Act::ThenClose(act) => {
            carry_out(stream, *act);
            false
        }
    }
}

fn begin(stream: &mut impl Write, headers: Vec<(String, String)>) -> bool {
    let mut out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n".to_owned();
    out += &lines(headers);
    out.push_str("\r\n");
    stream.write_all(out.as_bytes()).and_then(|()| stream.flush()).is_ok()
}

fn lines(headers: Vec<(String, String)>) -> String {
    headers.into_iter().map(|(name, value)| [name, ": ".into(), value, "\r\n".into()].concat()).collect()
}

fn chunk(stream: &mut impl Write, piece: &[u8]) -> bool {
    let mut out = format!("{:x}\r\n", piece.len()).into_bytes();
    out.extend_from_slice(piece);
    out.extend_from_slice(b"\r\n");
    stream.write_all(&out).and_then(|()| stream.flush()).is_ok()
}
