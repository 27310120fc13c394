//! A Harbor behind the listener.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::lab::answer;
use crate::lab::exchange::{Answer, Request};
use crate::lab::server::{Answering, Body, OldApi, Service, Tasks};
use crate::lab::trouble::lock;
use crate::model::clock::Clock;

use super::Harbors;

/// The most of a request's body that is taken in.
const LARGEST: usize = 64 * 1024 * 1024;

/// One of the world's Harbors.
#[derive(Debug)]
pub struct Twin {
    harbors: Arc<Mutex<Harbors>>,
    at: usize,
    clock: Clock,
}

impl Twin {
    /// The Harbor at that place.
    pub fn new(harbors: Arc<Mutex<Harbors>>, at: usize, clock: Clock) -> Self {
        Self { harbors, at, clock }
    }

    /// Reads or changes all Harbors, after what was due until now has happened.
    pub fn with<T>(&self, look: impl FnOnce(&mut Harbors, usize) -> T) -> T {
        let mut harbors = lock(&self.harbors);
        harbors.advance(self.clock.now());
        look(&mut harbors, self.at)
    }

    fn ask(&self, request: &Request, older: Option<(u32, u32)>) -> Answer {
        let mut harbors = lock(&self.harbors);
        let Some(own) = harbors.harbor_mut(self.at).map(|harbor| harbor.knobs.version) else { return Answer::empty(502) };
        let change = |harbors: &mut Harbors, version| {
            if let Some(harbor) = harbors.harbor_mut(self.at) {
                harbor.knobs.version = version;
            }
        };
        change(&mut harbors, older.unwrap_or(own));
        let answer = harbors.answer(self.at, request, self.clock.now());
        change(&mut harbors, own);
        answer
    }
}

impl Service for Twin {
    fn answer(self: Arc<Self>, asked: http::Request<Incoming>, _: Tasks) -> Answering {
        Box::pin(async move {
            let older = asked.extensions().get::<OldApi>().and_then(|old| {
                let (major, minor) = old.0.split_once('.')?;
                Some((major.parse().ok()?, minor.parse().ok()?))
            });
            match read(asked).await {
                Some(request) => respond(self.ask(&request, older)),
                None => respond(Answer::empty(413)),
            }
        })
    }
}

/// Takes a request in whole; `None` where it is too large or breaks off.
pub(in crate::lab) async fn read(asked: http::Request<Incoming>) -> Option<Request> {
    let (head, body) = asked.into_parts();
    let body = Limited::new(body, LARGEST).collect().await.ok()?.to_bytes().to_vec();
    let headers = head.headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    Some(Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body,
    })
}

pub(in crate::lab) fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::new(answer::full(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
