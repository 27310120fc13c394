//! Which question is asked: paths with and without a version, and the answers that are the same for all.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::lab::answer;
use crate::lab::server::{Body, OldApi, Tasks};
use crate::lab::trouble::without_version;
use crate::lab::world::Engine;

use super::Twin;
use super::query::{Filters, Query, Refusal};
use super::stats::Stats;

/// The most of a request's body that is read; an import may be larger, its bytes do not matter.
const BODY: usize = 16 * 1024 * 1024;
const NO_SWARM: &str =
    "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.";

/// Everything that a twin is asked.
enum Route<'a> {
    Ping,
    Version,
    Info,
    DiskUse,
    Events,
    Images,
    Image(String),
    BringImage,
    Networks,
    Volumes,
    Swarm,
    List,
    Create,
    Prune,
    Read(&'a str, &'a str),
    Act(&'a str, &'a str),
    Remove(&'a str),
    ExecInspect(&'a str),
    ExecStart(&'a str),
    ExecResize(&'a str),
}

impl<'a> Route<'a> {
    fn of(method: &Method, path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let get = method == Method::GET;
        let post = method == Method::POST;
        Some(match parts.as_slice() {
            ["_ping"] if get || method == Method::HEAD => Self::Ping,
            ["version"] if get => Self::Version,
            ["info"] if get => Self::Info,
            ["system", "df"] if get => Self::DiskUse,
            ["events"] if get => Self::Events,
            ["images", "json"] if get => Self::Images,
            ["images", name @ .., "json"] if get && !name.is_empty() => Self::Image(name.join("/")),
            ["images", "create"] if post => Self::BringImage,
            ["networks"] if get => Self::Networks,
            ["volumes"] if get => Self::Volumes,
            ["swarm" | "nodes" | "services" | "tasks"] if get => Self::Swarm,
            ["containers", "json"] if get => Self::List,
            ["containers", "create"] if post => Self::Create,
            ["containers", "prune"] if post => Self::Prune,
            ["containers", what, of @ ("json" | "stats" | "logs" | "top")] if get => Self::Read(what, of),
            [
                "containers",
                what,
                act @ ("start" | "stop" | "restart" | "kill" | "pause" | "unpause" | "rename" | "wait" | "resize" | "exec" | "attach"),
            ] if post => Self::Act(what, act),
            ["containers", what] if method == Method::DELETE => Self::Remove(what),
            ["exec", what, "json"] if get => Self::ExecInspect(what),
            ["exec", what, "start"] if post => Self::ExecStart(what),
            ["exec", what, "resize"] if post => Self::ExecResize(what),
            _ => return None,
        })
    }
}

/// Answers one request.
pub(super) async fn answer(twin: Arc<Twin>, asked: Request<Incoming>, tasks: Tasks) -> Response<Body> {
    let path = asked.uri().path().to_owned();
    let bare = without_version(&path);
    let Some(route) = Route::of(asked.method(), bare) else {
        return answer::of(StatusCode::NOT_FOUND, "application/json", answer::full("{\"message\":\"page not found\"}\n"));
    };
    let edition = twin.edition();
    let api = asked.extensions().get::<OldApi>().map_or_else(|| edition.api.to_owned(), |old| old.0.to_string());
    let wanted = path.strip_suffix(bare).and_then(|prefix| prefix.strip_prefix("/v"));
    let mut response = match wanted {
        Some(version) if number(version) > number(&api) => {
            refused(&Refusal::bad(format!("client version {version} is too new. Maximum supported API version is {api}")))
        }
        Some(version) if number(version) < number(edition.least) => {
            let words = format!(
                "client version {version} is too old. Minimum supported API version is {}, please upgrade your client to a newer version\n",
                edition.least
            );
            let mut response = answer::of(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", answer::full(words));
            response.headers_mut().insert("X-Content-Type-Options", HeaderValue::from_static("nosniff"));
            response
        }
        _ => {
            let mut response = served(&twin, route, asked, &api, &tasks).await.unwrap_or_else(|refusal| refused(&refusal));
            response.headers_mut().insert("Docker-Experimental", HeaderValue::from_static("false"));
            response
        }
    };
    twin.headers(response.headers_mut(), &api);
    response
}

async fn served(twin: &Arc<Twin>, route: Route<'_>, asked: Request<Incoming>, api: &str, tasks: &Tasks) -> Result<Response<Body>, Refusal> {
    let query = Query::read(asked.uri().query().unwrap_or_default());
    Ok(match route {
        Route::Ping => ping(twin, asked.method()),
        Route::Version => document(&twin.version(api)),
        Route::Info => document(&twin.info()),
        Route::DiskUse => document(&twin.disk_use()),
        Route::Events => events(twin, &query)?,
        Route::Images => document(&twin.images()),
        Route::Image(name) => document(&twin.image(&name)?),
        Route::BringImage => {
            let _ = body(asked).await?;
            let lines: Vec<String> = twin.bring_image(&query)?.iter().map(Value::to_string).collect();
            answer::of(StatusCode::OK, "application/json", answer::full(lines.join("\r\n") + "\r\n"))
        }
        Route::Networks => document(&networks()),
        Route::Volumes => document(&json!({ "Volumes": [], "Warnings": null })),
        Route::Swarm => return Err(Refusal(StatusCode::SERVICE_UNAVAILABLE, NO_SWARM.to_owned())),
        Route::List => document(&twin.list(&query)?),
        Route::Create => {
            let headers = asked.headers().clone();
            let made = twin.create(&query, &headers, &body(asked).await?)?;
            with_status(StatusCode::CREATED, &made)
        }
        Route::Prune => document(&twin.prune()),
        Route::Read(what, "json") => document(&twin.inspect(what, &query)?),
        Route::Read(what, "logs") => twin.logs(what, &query)?,
        Route::Read(what, "top") => {
            let table = twin.top(what, &query)?;
            twin.note_top(what);
            document(&table)
        }
        Route::Read(what, _) => match twin.stats(what, &query).await? {
            Stats::One(line) => document(&line),
            Stats::Stream(lines) => answer::of(StatusCode::OK, "application/json", lines),
        },
        Route::Act(what, "exec") => {
            let made = twin.create_exec(what, &body(asked).await?)?;
            with_status(StatusCode::CREATED, &made)
        }
        Route::Act(what, "attach") => {
            let (parts, incoming) = asked.into_parts();
            let _ = Limited::new(incoming, BODY).collect().await;
            twin.attach(what, &query, Request::from_parts(parts, ()), tasks)?
        }
        Route::Act(what, "wait") => document(&twin.wait(what).await?),
        Route::Act(what, act) => bare(acted(twin, what, act, &query).await?),
        Route::Remove(what) => bare(twin.remove(what, &query).await?),
        Route::ExecInspect(what) => document(&twin.inspect_exec(what)?),
        Route::ExecResize(what) => bare(twin.resize_exec(what, &query).await?),
        Route::ExecStart(what) => {
            let (parts, incoming) = asked.into_parts();
            let bytes = Limited::new(incoming, BODY).collect().await.map_err(|why| Refusal::bad(why.to_string()))?.to_bytes();
            // The connection is taken over by way of the request's head; its body has been read.
            twin.start_exec(what, Request::from_parts(parts, ()), &bytes, tasks)?
        }
    })
}

async fn acted(twin: &Twin, what: &str, act: &str, query: &Query) -> Result<StatusCode, Refusal> {
    match act {
        "start" => twin.start(what),
        "stop" => twin.stop(what, query).await,
        "restart" => twin.restart(what, query).await,
        "kill" => twin.kill(what, query).await,
        "pause" => twin.pause(what),
        "unpause" => twin.unpause(what),
        "rename" => twin.rename(what, query),
        _ => twin.resize(what, query),
    }
}

fn ping(twin: &Twin, method: &Method) -> Response<Body> {
    let body = if method == Method::HEAD { answer::empty() } else { answer::full("OK") };
    let mut response = answer::of(StatusCode::OK, "text/plain; charset=utf-8", body);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    if twin.is(Engine::Newer) {
        headers.insert("Builder-Version", HeaderValue::from_static("2"));
        headers.insert("Swarm", HeaderValue::from_static("inactive"));
    }
    response
}

/// The stream of what has happened since and what happens until.
fn events(twin: &Arc<Twin>, query: &Query) -> Result<Response<Body>, Refusal> {
    let filters = query.filters()?;
    let (since, until) = (query.time("since")?, query.time("until")?);
    let first = twin.with(|state, _| {
        state.listeners += 1;
        match since {
            None => state.events.next(),
            Some(since) => state.events.from(0).find(|event| event.nano >= since).map_or(state.events.next(), |event| event.order),
        }
    });
    let listener = Listener { twin: Arc::clone(twin), filters, next: first, until };
    Ok(answer::of(StatusCode::OK, "application/json", answer::streamed(stream::unfold(listener, Listener::step))))
}

struct Listener {
    twin: Arc<Twin>,
    filters: Filters,
    next: u64,
    until: Option<i64>,
}

impl Listener {
    async fn step(mut self) -> Option<(std::io::Result<Bytes>, Self)> {
        loop {
            let (piece, after) = {
                let seen = self.twin.until(|state| (state.events.next() > self.next).then_some(()));
                let left = self.until.map(|until| u64::try_from(until - self.twin.now()).unwrap_or(0));
                match left {
                    None => seen.await,
                    // What is already there is told even when the time is over.
                    Some(left) => {
                        let _ = tokio::time::timeout(std::time::Duration::from_nanos(left), seen).await;
                    }
                }
                let engine = self.twin.machine.engine;
                self.twin.read(|state, _| {
                    let mut piece = String::new();
                    for event in state.events.from(self.next) {
                        if self.until.is_none_or(|until| event.nano <= until) && event.matches(&self.filters) {
                            let _ = writeln!(piece, "{}", event.json(engine));
                        }
                    }
                    (piece, state.events.next())
                })
            };
            self.next = after;
            if !piece.is_empty() {
                return Some((Ok(Bytes::from(piece)), self));
            }
            if self.until.is_some_and(|until| self.twin.now() >= until) {
                return None;
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.twin.with(|state, _| state.listeners = state.listeners.saturating_sub(1));
    }
}

fn networks() -> Value {
    let network = |name: &str, driver: &str| {
        json!({
            "Name": name, "Id": super::events::network_id(name), "Created": "2026-03-02T08:00:00Z", "Scope": "local", "Driver": driver,
            "EnableIPv6": false, "Internal": false, "Attachable": false, "Ingress": false, "ConfigOnly": false, "Containers": {},
            "Options": {}, "Labels": {}, "IPAM": { "Driver": "default", "Options": null, "Config": [] }, "ConfigFrom": { "Network": "" },
        })
    };
    json!([network("bridge", "bridge"), network("host", "host"), network("none", "null")])
}

async fn body(asked: Request<Incoming>) -> Result<Bytes, Refusal> {
    let read = Limited::new(asked.into_body(), BODY).collect().await;
    read.map(http_body_util::Collected::to_bytes).map_err(|why| Refusal::bad(why.to_string()))
}

fn document(value: &Value) -> Response<Body> {
    with_status(StatusCode::OK, value)
}

fn with_status(status: StatusCode, value: &Value) -> Response<Body> {
    answer::of(status, "application/json", answer::full(format!("{value}\n")))
}

fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(answer::empty());
    *response.status_mut() = status;
    response
}

fn refused(refusal: &Refusal) -> Response<Body> {
    with_status(refusal.0, &json!({ "message": refusal.1 }))
}

/// A version as a pair that can be compared; what is no version is older than all.
fn number(version: &str) -> (u32, u32) {
    let mut parts = version.splitn(2, '.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}
