//! The registry API of a Harbor: the distribution API with Harbor's own refusals.

mod token;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::lab::exchange::{Answer, decode, digest};

use super::caller::Caller;
use super::image::{Image, OCI_INDEX};
use super::refusal::{Refusal, Reply};
use super::storage::{Push, not_found};
use super::{Ask, Harbor};

const JSON: &str = "application/json; charset=utf-8";
/// Uploads under way at the same time, and the bytes of one blob that are kept.
const UPLOADS: usize = 1000;
const KEPT: usize = 64 * 1024;

impl Harbor {
    pub(super) fn registry(&mut self, ask: &mut Ask<'_>) -> Reply {
        let path = ask.request.path.trim_start_matches("/v2/");
        let method = ask.request.method.as_str();
        if path.is_empty() {
            let known = ask.caller != Caller::Anonymous || ask.request.bearer().is_some_and(|token| self.granted(token, ask.now).is_some());
            return if known { Ok(json_answer(&json!({}))) } else { Err(self.challenge(ask, "unauthorized", None)) };
        }
        if path == "_catalog" {
            return self.catalogue(ask);
        }
        let Some((name, rest)) = parted(path) else {
            return Err(Refusal::not_found(format!("path {} was not found", ask.request.path)));
        };
        let action = match method {
            "GET" | "HEAD" => "pull",
            "DELETE" => "delete",
            _ => "push",
        };
        self.authorize(ask, &name, action)?;
        if self.knobs.storage_down {
            return Ok(Answer::empty(502));
        }
        let Some((project, repository)) = name.split_once('/') else {
            return Err(Refusal::not_found(format!("repository {name} not found")));
        };
        let place = Place { project, repository, name: &name };
        match (method, rest.as_slice()) {
            ("GET" | "HEAD", ["manifests", reference]) => self.manifest(ask, &place, &decode(reference)),
            ("PUT", ["manifests", reference]) => self.put_manifest(ask, &place, &decode(reference)),
            ("DELETE", ["manifests", reference]) => self.delete_manifest(ask, &place, &decode(reference)),
            ("GET", ["tags", "list"]) => self.tags(ask, &place),
            ("GET", ["referrers", digest]) => Ok(self.referrers(&place, &decode(digest))),
            ("GET" | "HEAD", ["blobs", digest]) => self.blob(ask, &place, &decode(digest)),
            ("POST", ["blobs", "uploads", ""] | ["blobs", "uploads"]) => Ok(self.start_upload(ask, &place)),
            ("PATCH", ["blobs", "uploads", id]) => self.take_piece(ask, &place, id),
            ("PUT", ["blobs", "uploads", id]) => self.end_upload(ask, &place, id),
            _ => Err(Refusal::method_not_allowed()),
        }
    }

    /// A token is good for what it says, Basic credentials for what the rights say.
    fn authorize(&self, ask: &mut Ask<'_>, name: &str, action: &str) -> Result<(), Refusal> {
        let granted = ask.request.bearer().and_then(|token| self.granted(token, ask.now));
        let allowed = match &granted {
            Some(grant) => grant.access.iter().any(|(own, actions)| own == name && actions.iter().any(|own| own == action)),
            None => self.lets(&ask.caller, name, action),
        };
        if let Some(grant) = granted {
            ask.caller = grant.caller;
        }
        let why = format!("unauthorized to access repository: {name}, action: {action}");
        if allowed { Ok(()) } else { Err(self.challenge(ask, &why, Some(&format!("repository:{name}:{action}")))) }
    }

    /// Whoever came without credentials is sent to the token service.
    fn challenge(&self, ask: &Ask<'_>, why: &str, scope: Option<&str>) -> Refusal {
        let challenge = match (ask.request.header("Authorization"), scope) {
            (Some(_), _) => "Basic realm=\"harbor\"".to_owned(),
            (None, None) => format!("Bearer realm=\"{}/service/token\",service=\"harbor-registry\"", self.url),
            (None, Some(scope)) => format!("Bearer realm=\"{}/service/token\",service=\"harbor-registry\",scope=\"{scope}\"", self.url),
        };
        Refusal::challenged(why, challenge)
    }

    fn catalogue(&self, ask: &Ask<'_>) -> Reply {
        let allowed = self.is_admin(&ask.caller) || self.require_system(ask, "catalog", "read").is_ok();
        if !allowed {
            return Err(self.challenge(ask, "unauthorized to list catalog", Some("registry:catalog:*")));
        }
        let all =
            self.projects.iter().flat_map(|project| project.repositories.iter().map(move |own| format!("{}/{}", project.name, own.name)));
        let mut names: Vec<String> = all.collect();
        names.sort();
        Ok(paged(ask, names, |names| json!({ "repositories": names })))
    }

    fn tags(&self, ask: &Ask<'_>, place: &Place<'_>) -> Reply {
        let repository = self.project(place.project).and_then(|project| project.repository(place.repository));
        let repository = repository.ok_or_else(|| Refusal::not_found(format!("repository {} not found", place.name)))?;
        let mut names: Vec<String> =
            repository.artifacts.iter().flat_map(|artifact| artifact.tags.iter().map(|tag| tag.name.clone())).collect();
        names.sort();
        Ok(paged(ask, names, |names| json!({ "name": place.name, "tags": names })))
    }

    fn manifest(&mut self, ask: &Ask<'_>, place: &Place<'_>, reference: &str) -> Reply {
        let at = self.projects.iter().position(|project| project.name == place.project);
        let artifact = at.and_then(|at| self.projects[at].repository(place.repository)?.artifact(reference));
        let (Some(at), Some(artifact)) = (at, artifact) else { return Err(Refusal::not_found(not_found(place.name, reference))) };
        let image = Arc::clone(&artifact.image);
        if ask.request.method == "GET" {
            let by = self.name_of(&ask.caller);
            self.pulled(at, place.repository, reference, &by, ask.now);
        }
        let answer = Answer::bytes(200, &image.media_type, image.bytes.clone());
        Ok(content(answer, &image.digest).with("Content-Length", &image.bytes.len().to_string()))
    }

    fn put_manifest(&mut self, ask: &Ask<'_>, place: &Place<'_>, reference: &str) -> Reply {
        let content_type = ask.request.header("Content-Type").unwrap_or_default();
        let config = |digest: &str| self.contents.get(digest).and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(Value::Null);
        let image = Image::read(&ask.request.body, content_type, config).map_err(Refusal::bad_request)?;
        let by_digest = reference.starts_with("sha256:");
        if by_digest && *image.digest != *reference {
            return Err(Refusal::digest_invalid("provided digest did not match uploaded content"));
        }
        let project = self.project(place.project).ok_or_else(|| Refusal::not_found(format!("project {} not found", place.project)))?;
        if let Some(missing) = image.blobs.iter().find(|blob| !project.blobs.holds(place.repository, &blob.digest)) {
            return Err(Refusal::not_found(format!("blob unknown to registry: {}", missing.digest)));
        }
        let (digest, subject) = (Arc::clone(&image.digest), image.subject.clone());
        let by = self.name_of(&ask.caller);
        let tag = (!by_digest).then_some(reference);
        self.push(&Push { project: place.project, repository: place.repository, tag, image: Arc::new(image), by: &by }, ask.now)?;
        let answer = self.made(place, "manifests", &digest);
        Ok(match subject {
            Some(subject) => answer.with("Oci-Subject", &subject),
            None => answer,
        })
    }

    fn delete_manifest(&mut self, ask: &Ask<'_>, place: &Place<'_>, reference: &str) -> Reply {
        let at = self.projects.iter().position(|project| project.name == place.project);
        let at = at.ok_or_else(|| Refusal::not_found(not_found(place.name, reference)))?;
        let by = self.name_of(&ask.caller);
        self.drop_artifact(at, place.repository, reference, &by, ask.now)?;
        Ok(Answer::empty(202).with("Docker-Distribution-Api-Version", "registry/2.0"))
    }

    fn referrers(&self, place: &Place<'_>, digest: &str) -> Answer {
        let repository = self.project(place.project).and_then(|project| project.repository(place.repository));
        let held = repository.into_iter().flat_map(|repository| &repository.artifacts);
        let rows: Vec<Value> = held
            .filter(|artifact| artifact.image.subject.as_deref() == Some(digest))
            .map(|artifact| {
                json!({"mediaType": artifact.image.media_type, "digest": &*artifact.digest, "size": artifact.image.bytes.len(),
                    "artifactType": artifact.image.artifact_type})
            })
            .collect();
        let total = rows.len().to_string();
        let body = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": rows});
        Answer::json(200, &body).with("Content-Type", OCI_INDEX).with("X-Total-Count", &total)
    }

    fn blob(&self, ask: &Ask<'_>, place: &Place<'_>, digest: &str) -> Reply {
        let project = self.project(place.project).filter(|project| project.blobs.holds(place.repository, digest));
        let size = project.and_then(|project| project.blobs.size(digest));
        let size = size.ok_or_else(|| Refusal::not_found(format!("blob {digest} not found")))?;
        let bytes = self.contents.get(digest).cloned().or_else(|| self.config_of(digest));
        if ask.request.method == "GET" && bytes.is_none() {
            return Err(Refusal::not_found(format!("the bytes of blob {digest} are not kept by the lab")));
        }
        let answer = Answer::bytes(200, "application/octet-stream", bytes.unwrap_or_default()).with("Accept-Ranges", "bytes");
        Ok(content(answer, digest).with("Cache-Control", "max-age=31536000").with("Content-Length", &size.to_string()))
    }

    /// The config of an image that was made for the lab.
    fn config_of(&self, wanted: &str) -> Option<Vec<u8>> {
        let mut images =
            self.projects.iter().flat_map(|project| &project.repositories).flat_map(|own| &own.artifacts).map(|own| &own.image);
        let image = images.find(|image| image.blobs.first().is_some_and(|blob| *blob.digest == *wanted))?;
        Some(image.config.to_string().into_bytes()).filter(|bytes| digest(bytes) == wanted)
    }

    /// Mounts a blob that another repository holds, or opens an upload.
    fn start_upload(&mut self, ask: &Ask<'_>, place: &Place<'_>) -> Answer {
        if let (Some(digest), Some(from)) = (ask.request.param("mount"), ask.request.param("from")) {
            let source = from.split_once('/').filter(|_| self.lets(&ask.caller, &from, "pull"));
            let size = source.and_then(|(project, name)| {
                let project = self.project(project).filter(|project| project.blobs.holds(name, &digest))?;
                project.blobs.size(&digest)
            });
            if let (Some(size), Some(project)) = (size, self.project_mut(place.project)) {
                project.blobs.link(place.repository, &digest.as_str().into(), size);
                return self.made(place, "blobs", &digest);
            }
        }
        let seed = format!("{} {:?} {}", place.name, ask.now, self.uploads.len());
        let hex = digest(seed.as_bytes());
        let id = format!("{}-{}-{}-{}-{}", &hex[7..15], &hex[15..19], &hex[19..23], &hex[23..27], &hex[27..39]);
        if self.uploads.len() >= UPLOADS {
            self.uploads.pop_first();
        }
        self.uploads.insert(id.clone(), Vec::new());
        self.under_way(place, &id, 0)
    }

    fn take_piece(&mut self, ask: &Ask<'_>, place: &Place<'_>, id: &str) -> Reply {
        let upload = self.uploads.get_mut(id).ok_or_else(|| Refusal::not_found("blob upload unknown to registry"))?;
        upload.extend_from_slice(&ask.request.body);
        let size = upload.len();
        Ok(self.under_way(place, id, size))
    }

    fn end_upload(&mut self, ask: &Ask<'_>, place: &Place<'_>, id: &str) -> Reply {
        let mut bytes = self.uploads.remove(id).ok_or_else(|| Refusal::not_found("blob upload unknown to registry"))?;
        bytes.extend_from_slice(&ask.request.body);
        let wanted = ask.request.param("digest").unwrap_or_default();
        if digest(&bytes) != wanted {
            return Err(Refusal::digest_invalid("provided digest did not match uploaded content"));
        }
        let project = self.project_mut(place.project).ok_or_else(|| Refusal::not_found(format!("project {} not found", place.project)))?;
        project.blobs.link(place.repository, &wanted.as_str().into(), bytes.len() as u64);
        if bytes.len() <= KEPT {
            self.contents.insert(wanted.clone(), bytes);
        }
        Ok(self.made(place, "blobs", &wanted))
    }

    fn under_way(&self, place: &Place<'_>, id: &str, size: usize) -> Answer {
        let location = format!("{}/v2/{}/blobs/uploads/{id}?_state=bGFi", self.url, place.name);
        Answer::empty(202)
            .with("Docker-Distribution-Api-Version", "registry/2.0")
            .with("Docker-Upload-Uuid", id)
            .with("Location", &location)
            .with("Range", &format!("0-{}", size.saturating_sub(1)))
    }

    fn made(&self, place: &Place<'_>, what: &str, digest: &str) -> Answer {
        Answer::empty(201)
            .with("Docker-Content-Digest", digest)
            .with("Docker-Distribution-Api-Version", "registry/2.0")
            .with("Location", &format!("{}/v2/{}/{what}/{digest}", self.url, place.name))
    }
}

/// A repository as the path names it.
struct Place<'a> {
    project: &'a str,
    repository: &'a str,
    name: &'a str,
}

/// The repository's name and what of it is asked for.
fn parted(path: &str) -> Option<(String, Vec<&str>)> {
    for mark in ["manifests", "blobs", "tags", "referrers"] {
        let found = path.rfind(&format!("/{mark}/")).map(|at| (decode(&path[..at]), path[at + 1..].splitn(3, '/').collect()));
        if found.is_some() {
            return found;
        }
    }
    None
}

fn json_answer(body: &Value) -> Answer {
    Answer::json(200, body).with("Content-Type", JSON)
}

fn content(answer: Answer, digest: &str) -> Answer {
    answer
        .with("Docker-Content-Digest", digest)
        .with("Docker-Distribution-Api-Version", "registry/2.0")
        .with("Etag", &format!("\"{digest}\""))
}

/// Names after `last`, at most `n` of them, with a link to what follows.
fn paged(ask: &Ask<'_>, names: Vec<String>, draw: impl FnOnce(&[String]) -> Value) -> Answer {
    let last = ask.request.param("last").unwrap_or_default();
    let most = ask.request.param("n").and_then(|n| n.parse::<usize>().ok());
    let rest: Vec<String> = names.into_iter().filter(|name| *name > last).collect();
    let shown = &rest[..most.unwrap_or(rest.len()).min(rest.len())];
    let answer = json_answer(&draw(shown));
    match (most, shown.last()) {
        (Some(most), Some(end)) if shown.len() < rest.len() => {
            answer.with("Link", &format!("<{}?last={end}&n={most}>; rel=\"next\"", ask.request.path))
        }
        _ => answer,
    }
}
