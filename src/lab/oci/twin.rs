//! A plain registry behind the listener.

use std::sync::{Arc, Mutex};

use hyper::body::Incoming;

use crate::lab::exchange::Answer;
use crate::lab::harbor::{read, respond};
use crate::lab::server::{Answering, Service, Tasks};
use crate::lab::trouble::lock;
use crate::model::clock::Clock;

use super::Registry;

/// One of the world's plain registries.
#[derive(Debug)]
pub struct Twin {
    registry: Mutex<Registry>,
    clock: Clock,
}

impl Twin {
    pub fn new(registry: Registry, clock: Clock) -> Self {
        Self { registry: Mutex::new(registry), clock }
    }

    /// Reads or changes it.
    pub fn with<T>(&self, look: impl FnOnce(&mut Registry) -> T) -> T {
        look(&mut lock(&self.registry))
    }
}

impl Service for Twin {
    fn answer(self: Arc<Self>, asked: http::Request<Incoming>, _: Tasks) -> Answering {
        Box::pin(async move {
            match read(asked).await {
                Some(request) => respond(self.with(|registry| registry.answer(&request, self.clock.now()))),
                None => respond(Answer::empty(413)),
            }
        })
    }
}
