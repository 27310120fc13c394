//! The plainest HTTP client: what is compared here must not pass through the console's own.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// Where an engine listens.
#[derive(Clone, Debug)]
pub(crate) enum At {
    Unix(PathBuf),
    Tcp(String),
}

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) trait Stream: Read + Write + Send {
    /// How long a read waits.
    fn set_patience(&self, patience: Duration);
}

impl Stream for TcpStream {
    fn set_patience(&self, patience: Duration) {
        self.set_read_timeout(Some(patience)).expect("a timeout");
    }
}

impl Stream for UnixStream {
    fn set_patience(&self, patience: Duration) {
        self.set_read_timeout(Some(patience)).expect("a timeout");
    }
}

impl At {
    pub(crate) fn connect(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                Box::new(stream)
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                Box::new(stream)
            }
        })
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<&Body>) -> std::io::Result<Answer> {
        let mut stream = self.connect()?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n");
        let bytes = body.map(|body| body.bytes.as_slice()).unwrap_or_default();
        if let Some(body) = body {
            let _ = write!(head, "Content-Type: {}\r\nContent-Length: {}\r\n", body.kind, bytes.len());
        } else if method == "POST" {
            head.push_str("Content-Length: 0\r\n");
        }
        // In one piece, and read even where it was not wanted to its end: a refusal may come before the body.
        let whole = [format!("{head}\r\n").as_bytes(), bytes].concat();
        if let Err(why) = stream.write_all(&whole)
            && why.kind() != std::io::ErrorKind::BrokenPipe
        {
            return Err(why);
        }
        let mut all = Vec::new();
        stream.read_to_end(&mut all)?;
        read(&all, method)
    }
}

/// A request's body with its type.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) kind: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Body {
    pub(crate) fn json(value: &Value) -> Self {
        Self { kind: "application/json", bytes: value.to_string().into_bytes() }
    }

    pub(crate) fn tar(bytes: Vec<u8>) -> Self {
        Self { kind: "application/x-tar", bytes }
    }
}

/// The head and the decoded body of a response.
pub(crate) fn read(all: &[u8], method: &str) -> std::io::Result<Answer> {
    let broken = |why: &str| std::io::Error::other(format!("{why}: {}", String::from_utf8_lossy(&all[..all.len().min(200)])));
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| broken("no head"))?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(|| broken("no status"))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: all[end + 4..].to_vec() };
    if answer.header("transfer-encoding") == Some("chunked") && method != "HEAD" {
        answer.body = unchunk(&answer.body).ok_or_else(|| broken("bad chunks"))?;
    }
    Ok(answer)
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
