//! `POST /containers/{id}/attach`: a container's own output on a hijacked connection, from now on or with what was before.

use std::sync::Arc;

use futures_util::StreamExt;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::lab::answer;
use crate::lab::server::{Body, Tasks};
use crate::lab::world::Engine;

use super::Twin;
use super::logs::Output;
use super::query::{Query, Refusal};

impl Twin {
    pub(super) fn attach(
        self: &Arc<Self>,
        what: &str,
        query: &Query,
        asked: Request<()>,
        tasks: &Tasks,
    ) -> Result<Response<Body>, Refusal> {
        let tty = self.with(|state, now| {
            let at = state.find(what)?;
            let container = &state.containers[at];
            state.events.of_cell(now, container, "attach", Vec::new());
            Ok(container.spec.tty)
        })?;
        let output = if query.flag("stream") { Some(self.output(what, query)?) } else { None };
        let kind =
            if self.is(Engine::Newer) && !tty { "application/vnd.docker.multiplexed-stream" } else { "application/vnd.docker.raw-stream" };
        let upgrades = asked.headers().contains_key(header::UPGRADE);
        let mut response = Response::new(answer::empty());
        if upgrades {
            let on = hyper::upgrade::on(asked);
            tasks.start(async move {
                if let Ok(wire) = on.await {
                    relay(TokioIo::new(wire), output).await;
                }
            });
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("tcp"));
        } else if let Some(output) = output {
            response = Response::new(answer::streamed(output));
        }
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(response)
    }
}

/// Output goes out; what is typed reaches a process that does not listen.
async fn relay(wire: impl AsyncRead + AsyncWrite, output: Option<Output>) {
    let (mut typed, mut shown) = tokio::io::split(wire);
    let out = async {
        let Some(mut output) = output else { return };
        while let Some(Ok(piece)) = output.next().await {
            if shown.write_all(&piece).await.is_err() || shown.flush().await.is_err() {
                return;
            }
        }
        let _ = shown.shutdown().await;
    };
    let ignored = async {
        let mut buffer = [0u8; 256];
        // Closing the writing half is not leaving.
        while typed.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = out => {}
        () = ignored => {}
    }
}
