//! The Docker Engine twin.

use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::answer;
use super::server::{Answering, Body, Service, Tasks};

/// One simulated engine.
#[derive(Debug, Default)]
pub struct Twin {}

impl Service for Twin {
    fn answer(self: Arc<Self>, asked: Request<Incoming>, _tasks: Tasks) -> Answering {
        Box::pin(async move { route(&asked) })
    }
}

fn route(asked: &Request<Incoming>) -> Response<Body> {
    let mut response = match super::trouble::without_version(asked.uri().path()) {
        "/_ping" => answer::of(StatusCode::OK, "text/plain; charset=utf-8", answer::full("OK")),
        _ => answer::of(StatusCode::NOT_FOUND, "application/json", answer::full("{\"message\":\"page not found\"}\n")),
    };
    response.headers_mut().insert("Api-Version", HeaderValue::from_static("1.41"));
    response
}
