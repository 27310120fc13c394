//! What really went over a socket: a proxy before one endpoint that takes every request apart by itself.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// One request as its bytes say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Heard {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }
}

impl std::fmt::Display for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.method, self.path, self.body)
    }
}

/// A proxy on loopback and all that it has heard. Its threads end with their connections.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Recorder {
    /// Before an endpoint at `host:port`.
    pub(crate) fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let (upstream, record) = (upstream.to_owned(), Arc::clone(&heard));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&upstream) else { continue };
                let _ = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
                let (Ok(back), Ok(answers)) = (client.try_clone(), server.try_clone()) else { continue };
                let record = Arc::clone(&record);
                std::thread::spawn(move || carry(client, server, |bytes, taken| take(bytes, taken, &record)));
                std::thread::spawn(move || carry(answers, back, |bytes, _| bytes.clear()));
            }
        });
        Self { address, heard }
    }

    /// All requests so far, each once.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        let mut all = self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort();
        all.dedup();
        all
    }

    pub(crate) fn forget(&self) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Bytes from one to the other until one of them ends; what has gone by is shown to `look`.
fn carry(mut from: TcpStream, mut to: TcpStream, look: impl Fn(&mut Vec<u8>, &mut usize)) {
    let (mut chunk, mut bytes, mut taken) = (vec![0; 64 << 10], Vec::new(), 0);
    while let Ok(n @ 1..) = from.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..n]);
        // Heard before it is passed on: what the far end has had is in the record.
        look(&mut bytes, &mut taken);
        if to.write_all(&chunk[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Takes whole requests off the front of the bytes. What is no request is recorded as it is: it is on no list.
fn take(bytes: &mut Vec<u8>, _: &mut usize, record: &Mutex<Vec<Heard>>) {
    while let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let header = |name: &str| {
            let named = |line: &&str| line.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
            head.lines().find(named).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let length: usize = header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        let whole = end + 4 + length;
        if bytes.len() < whole {
            return;
        }
        let mut words = head.lines().next().unwrap_or_default().split(' ');
        let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default());
        let path = target.split('?').next().unwrap_or_default().to_owned();
        // A body in pieces, or another protocol on this connection, is not followed: that it was asked for is enough.
        let strange = header("transfer-encoding").or_else(|| header("upgrade")).unwrap_or_default();
        let body = String::from_utf8_lossy(&bytes[end + 4..whole]).into_owned() + &strange;
        record.lock().unwrap_or_else(PoisonError::into_inner).push(Heard { method, path, body });
        bytes.drain(..whole);
    }
}

#[test]
fn requests_are_taken_apart_however_they_arrive() {
    let record = Mutex::default();
    let mut bytes = Vec::new();
    let all = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\nPOST /p HTTP/1.1\r\ncontent-length: 8\r\n\r\n{\"id\":1}DELETE /d HTTP/1.1\r\n\r\n";
    for byte in all {
        bytes.push(*byte);
        take(&mut bytes, &mut 0, &record);
    }
    let said: Vec<String> = record.lock().unwrap_or_else(PoisonError::into_inner).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["GET /a ", "POST /p {\"id\":1}", "DELETE /d "]);
    assert!(bytes.is_empty());
}
