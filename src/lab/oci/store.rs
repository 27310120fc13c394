//! Repositories of a plain registry: manifests, tags, blobs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::lab::exchange::{Answer, digest};

use super::{Ask, Registry, line, refusal};

pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A repository; it is there from the first blob on.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    pub manifests: BTreeMap<String, Manifest>,
    /// Tag and digest.
    pub tags: BTreeMap<String, String>,
    pub(super) blobs: BTreeSet<String>,
    /// It had a manifest once: without one its tags are not known, after one they may be none.
    pub(super) was_pushed_to: bool,
}

#[derive(Clone, Debug)]
pub struct Manifest {
    pub media_type: String,
    pub bytes: Vec<u8>,
}

impl Repository {
    /// By tag or digest.
    pub(super) fn manifest(&self, reference: &str) -> Option<(&str, &Manifest)> {
        let wanted = self.tags.get(reference).map_or(reference, String::as_str);
        self.manifests.get_key_value(wanted).map(|(digest, manifest)| (digest.as_str(), manifest))
    }

    /// Removes a manifest and the tags on it; false where it is not there.
    pub(super) fn drop_manifest(&mut self, digest: &str) -> bool {
        self.tags.retain(|_, own| own != digest);
        self.manifests.remove(digest).is_some()
    }
}

impl Registry {
    /// Puts an image of one layer under a tag, made for its name; the same name always gives the same digest.
    pub fn place(&mut self, name: &str, tag: &str) -> String {
        let layer = format!("layer of {name}:{tag}").into_bytes();
        let config = json!({"architecture": "amd64", "os": "linux", "created": "2026-11-20T08:00:00Z", "config": {"Cmd": ["/app"]}});
        let config = config.to_string().into_bytes();
        let parts = [(digest(&config), config), (digest(&layer), layer)];
        let manifest = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": parts[0].0, "size": parts[0].1.len()},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": parts[1].0, "size": parts[1].1.len()}]});
        for (digest, bytes) in parts {
            self.hold(name, &digest, bytes);
        }
        self.keep(name, Some(tag), OCI_MANIFEST, manifest.to_string().into_bytes())
    }

    pub(super) fn hold(&mut self, name: &str, digest: &str, bytes: Vec<u8>) {
        self.held += bytes.len();
        if let Some(old) = self.blobs.insert(digest.to_owned(), bytes) {
            self.held -= old.len();
        }
        self.repositories.entry(name.to_owned()).or_default().blobs.insert(digest.to_owned());
    }

    pub(super) fn put_manifest(&mut self, ask: &Ask<'_>, reference: &str) -> Answer {
        let bytes = ask.request.body.clone();
        let Some(manifest) = serde_json::from_slice::<Value>(&bytes).ok().filter(|manifest| manifest["schemaVersion"] == 2) else {
            return refusal(400, "MANIFEST_INVALID", "manifest invalid", &json!({}));
        };
        let own = digest(&bytes);
        let by_digest = reference.starts_with("sha256:");
        if by_digest && own != reference {
            return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content", &Value::Null);
        }
        let held = |digest: &str| self.repositories.get(ask.name).is_some_and(|repository| repository.blobs.contains(digest));
        let parts = std::iter::once(&manifest["config"]).chain(manifest["layers"].as_array().into_iter().flatten());
        let unknown = parts.filter_map(|part| part["digest"].as_str()).find(|digest| !held(digest));
        if let Some(unknown) = unknown {
            return refusal(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", &json!(unknown));
        }
        let content_type = ask.request.header("Content-Type").unwrap_or(OCI_MANIFEST).to_owned();
        let subject = manifest["subject"]["digest"].as_str().map(str::to_owned).filter(|_| self.knobs.referrers);
        self.keep(ask.name, (!by_digest).then_some(reference), &content_type, bytes);
        let answer = self.made(ask.name, "manifests", &own);
        match subject {
            Some(subject) => answer.with("Oci-Subject", &subject),
            None => answer,
        }
    }

    /// What refers to a manifest; an empty index where nothing does.
    pub(super) fn referrers(&self, ask: &Ask<'_>, wanted: &str) -> Answer {
        let held = self.repositories.get(ask.name).into_iter().flat_map(|repository| &repository.manifests);
        let rows: Vec<Value> = held
            .filter_map(|(digest, manifest)| {
                let read: Value = serde_json::from_slice(&manifest.bytes).ok()?;
                let kind = read["artifactType"].as_str().or(read["config"]["mediaType"].as_str()).unwrap_or_default();
                (read["subject"]["digest"] == wanted).then(
                    || json!({"mediaType": manifest.media_type, "digest": digest, "size": manifest.bytes.len(), "artifactType": kind}),
                )
            })
            .collect();
        Answer::bytes(200, OCI_INDEX, line(&json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": rows})))
    }

    fn keep(&mut self, name: &str, tag: Option<&str>, media_type: &str, bytes: Vec<u8>) -> String {
        let own = digest(&bytes);
        let repository = self.repositories.entry(name.to_owned()).or_default();
        repository.was_pushed_to = true;
        repository.manifests.insert(own.clone(), Manifest { media_type: media_type.to_owned(), bytes });
        if let Some(tag) = tag {
            repository.tags.insert(tag.to_owned(), own.clone());
        }
        own
    }
}
