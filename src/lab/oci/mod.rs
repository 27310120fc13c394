//! The twin of a plain distribution registry, as Debian's `docker-registry` answers, and of those that can less or more.

mod auth;
mod store;
mod twin;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::clock::Stamp;

use super::exchange::{Answer, Request, decode, digest};

pub use auth::Door;
pub use store::Repository;
pub use twin::Twin;

const JSON: &str = "application/json; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
/// Uploads under way at the same time.
const UPLOADS: usize = 1000;
/// Bytes of all blobs together; what is larger than a lab needs is refused.
const ROOM: usize = 512 << 20;

/// What a registry can and cannot do.
#[allow(clippy::struct_excessive_bools, reason = "each is a power that registries have or have not")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// Some registries, the largest public one among them, list no repositories.
    pub catalogue: bool,
    pub deletes: bool,
    /// distribution 2.8 answers all tags whatever `n` says; from 3 on they come in pages.
    pub pages_tags: bool,
    /// distribution 2.8 knows no referrers: an index under a tag made of the digest stands in for them.
    pub referrers: bool,
    pub door: Door,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { catalogue: true, deletes: false, pages_tags: false, referrers: false, door: Door::Open }
    }
}

/// A registry's content and how it lets people in.
#[derive(Debug, Default)]
pub struct Registry {
    /// Its own address, without a trailing slash.
    pub url: String,
    pub knobs: Knobs,
    pub repositories: BTreeMap<String, Repository>,
    blobs: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, Vec<u8>>,
    held: usize,
}

/// One request under `/v2/`, taken apart.
struct Ask<'a> {
    request: &'a Request,
    name: &'a str,
    now: Stamp,
}

impl Registry {
    #[must_use]
    pub fn new(url: &str, knobs: Knobs) -> Self {
        Self { url: url.trim_end_matches('/').into(), knobs, ..Self::default() }
    }

    /// Answers one request.
    pub fn answer(&mut self, request: &Request, now: Stamp) -> Answer {
        let answer = self.route(request, now).with("Docker-Distribution-Api-Version", "registry/2.0");
        if request.method != "HEAD" {
            return answer;
        }
        let length = answer.header("Content-Length").map_or_else(|| answer.body.len().to_string(), str::to_owned);
        let answer = if answer.body.is_empty() { answer } else { answer.with("Content-Length", &length) };
        Answer { body: Vec::new(), ..answer }
    }

    fn route(&mut self, request: &Request, now: Stamp) -> Answer {
        if let Some(answer) = self.token(request, now) {
            return answer;
        }
        let method = request.method.as_str();
        let Some(path) = request.path.strip_prefix("/v2/") else {
            return if request.path == "/v2" {
                Answer::bytes(301, "text/html; charset=utf-8", Vec::new()).with("Location", "/v2/")
            } else {
                unknown_page()
            };
        };
        if path.is_empty() {
            return match self.refused(request, now, &[]) {
                Some(refusal) => refusal,
                None => Answer::bytes(200, JSON, b"{}".to_vec()),
            };
        }
        if path == "_catalog" {
            return self.catalogue(request, now);
        }
        let Some((name, rest)) = parted(path).filter(|(name, _)| is_name(name)) else { return unknown_page() };
        if rest.first() == Some(&"referrers") && !self.knobs.referrers {
            return unknown_page();
        }
        let action = match method {
            "GET" | "HEAD" => "pull",
            "DELETE" => "delete",
            _ => "pull,push",
        };
        let mut scopes = vec![format!("repository:{name}:{action}")];
        if let (Some(_), Some(from)) = (request.param("mount"), request.param("from")) {
            scopes.push(format!("repository:{from}:pull"));
        }
        if let Some(refusal) = self.refused(request, now, &scopes) {
            return refusal;
        }
        let ask = Ask { request, name: &name, now };
        match (method, rest.as_slice()) {
            ("GET", ["tags", "list"]) => self.tags(&ask),
            (_, ["tags", "list"]) => not_allowed("GET"),
            ("GET" | "HEAD", ["manifests", reference]) => self.manifest(&ask, &decode(reference)),
            ("PUT", ["manifests", reference]) => self.put_manifest(&ask, &decode(reference)),
            ("DELETE", ["manifests", reference]) => self.delete_manifest(&ask, &decode(reference)),
            ("GET", ["referrers", digest]) => self.referrers(&ask, &decode(digest)),
            ("GET" | "HEAD", ["blobs", digest]) => self.blob(&ask, &decode(digest)),
            ("POST", ["blobs", "uploads", ""]) => self.start_upload(&ask),
            ("PATCH", ["blobs", "uploads", id]) => self.take_piece(&ask, id),
            ("PUT", ["blobs", "uploads", id]) => self.end_upload(&ask, id),
            _ => unknown_page(),
        }
    }

    fn catalogue(&self, request: &Request, now: Stamp) -> Answer {
        if let Some(refusal) = self.refused(request, now, &["registry:catalog:*".to_owned()]) {
            return refusal;
        }
        if request.method != "GET" {
            return not_allowed("GET");
        }
        if !self.knobs.catalogue {
            return unknown_page();
        }
        let last = request.param("last").unwrap_or_default();
        let names: Vec<&String> = self.repositories.keys().filter(|name| **name > last).collect();
        let most = request.param("n").and_then(|n| n.parse().ok()).unwrap_or(100);
        let shown = &names[..names.len().min(most)];
        let answer = Answer::bytes(200, JSON, line(&json!({ "repositories": shown })));
        match shown.last() {
            Some(end) if shown.len() < names.len() => answer.with("Link", &format!("</v2/_catalog?last={end}&n={most}>; rel=\"next\"")),
            _ => answer,
        }
    }

    fn tags(&self, ask: &Ask<'_>) -> Answer {
        let Some(repository) = self.repositories.get(ask.name).filter(|repository| repository.was_pushed_to) else {
            return refusal(404, "NAME_UNKNOWN", "repository name not known to registry", &json!({"name": ask.name}));
        };
        let last = ask.request.param("last").filter(|_| self.knobs.pages_tags).unwrap_or_default();
        let names: Vec<&String> = repository.tags.keys().filter(|name| **name > last).collect();
        let most = ask.request.param("n").and_then(|n| n.parse::<usize>().ok()).filter(|_| self.knobs.pages_tags).unwrap_or(usize::MAX);
        let shown = &names[..names.len().min(most)];
        let tags = if shown.is_empty() { Value::Null } else { json!(shown) };
        let answer = Answer::bytes(200, JSON, line(&json!({"name": ask.name, "tags": tags})));
        match shown.last() {
            Some(end) if shown.len() < names.len() => {
                answer.with("Link", &format!("</v2/{}/tags/list?last={end}&n={most}>; rel=\"next\"", ask.name))
            }
            _ => answer,
        }
    }

    fn manifest(&self, ask: &Ask<'_>, reference: &str) -> Answer {
        let repository = self.repositories.get(ask.name);
        let found = repository.and_then(|repository| repository.manifest(reference));
        let Some((digest, manifest)) = found else {
            let detail =
                if reference.starts_with("sha256:") { json!({"Name": ask.name, "Revision": reference}) } else { json!({"Tag": reference}) };
            return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown", &detail);
        };
        let accepted: Vec<&str> =
            ask.request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Accept")).map(|(_, value)| value.as_str()).collect();
        let takes = |media_type: &str| {
            accepted.iter().any(|value| value.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == media_type)))
        };
        // Whoever does not name the OCI types is taken for a client from before them.
        let word = match manifest.media_type.as_str() {
            store::OCI_MANIFEST if !takes(store::OCI_MANIFEST) => Some("manifest"),
            store::OCI_INDEX if !takes(store::OCI_INDEX) => Some("index"),
            _ => None,
        };
        if let Some(word) = word.filter(|_| !self.knobs.pages_tags) {
            let message = format!(
                "OCI {word} found, but accept header does not support OCI {}",
                if word == "index" { "indexes" } else { "manifests" }
            );
            return refusal(404, "MANIFEST_UNKNOWN", &message, &Value::Null);
        }
        if ask.request.header("If-None-Match").is_some_and(|mark| mark.trim_matches('"') == digest) {
            return Answer::empty(304);
        }
        let answer = Answer::bytes(200, &manifest.media_type, manifest.bytes.clone());
        answer
            .with("Content-Length", &manifest.bytes.len().to_string())
            .with("Docker-Content-Digest", digest)
            .with("Etag", &format!("\"{digest}\""))
    }

    fn delete_manifest(&mut self, ask: &Ask<'_>, reference: &str) -> Answer {
        if !self.knobs.deletes {
            return refusal(405, "UNSUPPORTED", "The operation is unsupported.", &Value::Null);
        }
        if !reference.starts_with("sha256:") {
            return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content", &Value::Null);
        }
        let gone = self.repositories.get_mut(ask.name).is_some_and(|repository| repository.drop_manifest(reference));
        if gone { Answer::empty(202) } else { refusal(404, "MANIFEST_UNKNOWN", "manifest unknown", &Value::Null) }
    }

    fn blob(&self, ask: &Ask<'_>, wanted: &str) -> Answer {
        let held = self.repositories.get(ask.name).is_some_and(|repository| repository.blobs.contains(wanted));
        let Some(bytes) = self.blobs.get(wanted).filter(|_| held) else {
            return refusal(404, "BLOB_UNKNOWN", "blob unknown to registry", &json!(wanted));
        };
        Answer::bytes(200, "application/octet-stream", bytes.clone())
            .with("Accept-Ranges", "bytes")
            .with("Cache-Control", "max-age=31536000")
            .with("Content-Length", &bytes.len().to_string())
            .with("Docker-Content-Digest", wanted)
            .with("Etag", &format!("\"{wanted}\""))
    }

    fn start_upload(&mut self, ask: &Ask<'_>) -> Answer {
        if let (Some(wanted), Some(from)) = (ask.request.param("mount"), ask.request.param("from"))
            && self.repositories.get(&from).is_some_and(|repository| repository.blobs.contains(&wanted))
        {
            self.repositories.entry(ask.name.to_owned()).or_default().blobs.insert(wanted.clone());
            return self.made(ask.name, "blobs", &wanted);
        }
        if self.uploads.len() >= UPLOADS {
            self.uploads.pop_first();
        }
        let hex = digest(format!("{} {:?} {}", ask.name, ask.now, self.uploads.len()).as_bytes());
        let id = format!("{}-{}-{}-{}-{}", &hex[7..15], &hex[15..19], &hex[19..23], &hex[23..27], &hex[27..39]);
        self.uploads.insert(id.clone(), Vec::new());
        self.under_way(ask.name, &id, 0)
    }

    fn take_piece(&mut self, ask: &Ask<'_>, id: &str) -> Answer {
        let Some(upload) = self.uploads.get_mut(id) else {
            return refusal(404, "BLOB_UPLOAD_INVALID", "blob upload invalid", &json!({}));
        };
        upload.extend_from_slice(&ask.request.body);
        let size = upload.len();
        self.under_way(ask.name, id, size)
    }

    fn end_upload(&mut self, ask: &Ask<'_>, id: &str) -> Answer {
        let Some(mut bytes) = self.uploads.remove(id) else {
            return refusal(404, "BLOB_UPLOAD_INVALID", "blob upload invalid", &json!({}));
        };
        bytes.extend_from_slice(&ask.request.body);
        let wanted = ask.request.param("digest").unwrap_or_default();
        if digest(&bytes) != wanted || self.held + bytes.len() > ROOM {
            let detail = json!({"Digest": wanted, "Reason": {}});
            return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content", &detail);
        }
        self.hold(ask.name, &wanted, bytes);
        self.made(ask.name, "blobs", &wanted)
    }

    fn under_way(&self, name: &str, id: &str, size: usize) -> Answer {
        Answer::empty(202)
            .with("Docker-Upload-Uuid", id)
            .with("Location", &format!("{}/v2/{name}/blobs/uploads/{id}?_state=bGFi", self.url))
            .with("Range", &format!("0-{}", size.saturating_sub(1)))
    }

    fn made(&self, name: &str, what: &str, digest: &str) -> Answer {
        Answer::empty(201).with("Docker-Content-Digest", digest).with("Location", &format!("{}/v2/{name}/{what}/{digest}", self.url))
    }
}

/// One error in the list, with its detail where there is one.
fn refusal(status: u16, code: &str, message: &str, detail: &Value) -> Answer {
    let mut error = json!({"code": code, "message": message});
    if !detail.is_null() {
        error["detail"] = detail.clone();
    }
    Answer::bytes(status, JSON, line(&json!({ "errors": [error] })))
}

fn unknown_page() -> Answer {
    Answer::bytes(404, TEXT, b"404 page not found\n".to_vec())
}

fn not_allowed(allow: &str) -> Answer {
    Answer::bytes(405, TEXT, b"Method not allowed\n".to_vec()).with("Allow", allow)
}

fn line(value: &Value) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

/// The repository's name and what of it is asked for.
fn parted(path: &str) -> Option<(String, Vec<&str>)> {
    ["/manifests/", "/blobs/", "/tags/", "/referrers/"]
        .iter()
        .find_map(|mark| path.rfind(mark).map(|at| (decode(&path[..at]), path[at + 1..].splitn(3, '/').collect())))
}

/// Lower case words of letters and digits, parted by `.`, `_`, `__`, dashes and slashes.
fn is_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.split('/').all(|part| {
        part.starts_with(is_word) && part.ends_with(is_word) && part.chars().all(|c| is_word(c) || matches!(c, '.' | '_' | '-'))
    })
}
