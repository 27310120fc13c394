//! Answers as bodies on the wire, good ones and the broken ones that faults ask for.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full, Limited, StreamBody};
use hyper::body::Frame;

use super::server::Body;

/// The most of an answer that is gathered before it is cut.
const CUT_BOUND: usize = 64 * 1024 * 1024;
/// How long the first part of a stream is waited for before it is cut.
const CUT_WAIT: Duration = Duration::from_millis(500);
/// One piece of the endless line.
const PIECE: &[u8] = &[b'x'; 16 * 1024];

/// A body of known bytes.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// No body at all.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is sent piece by piece as it comes.
pub fn streamed(pieces: impl futures_util::Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(pieces.map(|piece| piece.map(Frame::data))).boxed_unsync()
}

/// An answer with a content type.
pub fn of(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What a load balancer says for an engine that is not well.
pub fn trouble_status(code: u16) -> Response<Body> {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    of(status, "text/plain; charset=utf-8", full(format!("upstream request failed ({status})\n")))
}

/// The page of a proxy between the console and the endpoint.
pub fn garbage() -> Response<Body> {
    const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in to the corporate network</title></head>\n\
        <body><h1>Access requires authentication</h1><p>\u{1b}[31mPlease sign in.\u{1b}[0m</p></body></html>\n";
    of(StatusCode::OK, "text/html; charset=utf-8", full(PAGE))
}

/// A JSON string that goes on for as long as anyone reads.
pub fn endless_line() -> Response<Body> {
    let head = stream::once(async { Ok(Bytes::from_static(b"[{\"Id\":\"")) });
    let tail = stream::repeat_with(|| Ok(Bytes::from_static(PIECE)));
    of(StatusCode::OK, "application/json", streamed(head.chain(tail)))
}

/// The first half of an answer, then a broken connection. A stream breaks off after its first piece.
pub async fn cut(whole: Response<Body>) -> Response<Body> {
    let (mut head, mut body) = whole.into_parts();
    let (bytes, total) = match head.headers.get(header::TRANSFER_ENCODING) {
        None if hyper::body::Body::size_hint(&body).exact().is_some() => {
            let bytes = Limited::new(body, CUT_BOUND).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let total = bytes.len();
            (bytes, Some(total))
        }
        _ => {
            let first = tokio::time::timeout(CUT_WAIT, body.frame()).await;
            let bytes = first.ok().flatten().and_then(Result::ok).and_then(|frame| frame.into_data().ok()).unwrap_or_default();
            (bytes, None)
        }
    };
    let half = bytes.slice(..bytes.len() / 2);
    if let Some(total) = total {
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(total));
    }
    let broken = stream::once(async {
        // The half must reach the wire before the break does.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by the lab"))
    });
    Response::from_parts(head, streamed(stream::iter([Ok(half)]).chain(broken)))
}
