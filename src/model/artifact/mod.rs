//! Repositories and what is in them: artifacts, their tags, platforms, accessories and labels.

mod digest;
mod manifest;
mod packed;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use digest::Digest;
pub use manifest::{Descriptor, Manifest, ManifestHead};
pub use packed::{Kinds, PackedArtifact, PackedArtifacts, PackedTag};

use super::clock::Stamp;
use super::words::open_words;

open_words! {
    /// What an artifact is, as Harbor sorts them.
    ArtifactType { Image = "IMAGE", Chart = "CHART", Cnab = "CNAB", Wasm = "WASM", Model = "MODEL" }
}

open_words! {
    /// What hangs on an artifact.
    AccessoryKind {
        Cosign = "signature.cosign",
        Notation = "signature.notation",
        Sbom = "sbom.harbor",
        Nydus = "accelerator.nydus",
        Subject = "subject.accessory",
    }
}

/// A repository. `name` is in full: `payment/core/api`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    pub id: i64,
    pub project_id: i64,
    pub name: Arc<str>,
    pub description: Option<Arc<str>>,
    pub artifacts: Option<u64>,
    pub pulls: Option<u64>,
    pub created: Option<Stamp>,
    /// Moves with each push and delete from 2.16 on; older versions do not move it.
    pub updated: Option<Stamp>,
}

impl Repository {
    /// `payment/core/api` into the project and the rest.
    #[must_use]
    pub fn split(&self) -> (&str, &str) {
        self.name.split_once('/').unwrap_or(("", &self.name))
    }
}

/// A name for an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub name: Arc<str>,
    pub pushed: Option<Stamp>,
    pub pulled: Option<Stamp>,
    /// `None` where it was not asked for.
    pub immutable: Option<bool>,
}

/// A machine that an image is for: `linux/arm64/v8`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Platform {
    pub os: Arc<str>,
    pub architecture: Arc<str>,
    pub variant: Option<Arc<str>>,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

/// A child of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    pub digest: Digest,
    pub platform: Option<Platform>,
}

/// Something that hangs on an artifact: a signature, a bill of materials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accessory {
    pub digest: Digest,
    pub kind: AccessoryKind,
    pub size: u64,
    pub subject: Option<Digest>,
    pub created: Option<Stamp>,
}

/// A label of a Harbor. Labels are not replicated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    pub id: i64,
    pub name: Arc<str>,
    pub color: Option<Arc<str>>,
    /// `g` for all projects, `p` for one.
    pub scope: Arc<str>,
}

/// An artifact in full, as one answer tells it. Many are kept as [`PackedArtifacts`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The full name of its repository.
    pub repository: Arc<str>,
    pub digest: Digest,
    pub kind: ArtifactType,
    /// Of its config: `application/vnd.oci.image.config.v1+json`.
    pub media_type: Arc<str>,
    pub manifest_media_type: Arc<str>,
    /// Bytes with all its layers, as the registry counts them.
    pub size: u64,
    pub pushed: Option<Stamp>,
    pub pulled: Option<Stamp>,
    pub tags: Vec<Tag>,
    /// Its own platform; an index has one a child.
    pub platform: Option<Platform>,
    pub children: Vec<Reference>,
    pub accessories: Vec<Accessory>,
    pub labels: Vec<Label>,
}

impl Artifact {
    /// The platforms that it serves; attestations hang in an index as `unknown/unknown` and are left out.
    #[must_use]
    pub fn platforms(&self) -> Vec<&Platform> {
        let own = self.platform.iter();
        let children = self.children.iter().filter_map(|child| child.platform.as_ref());
        own.chain(children).filter(|p| &*p.os != "unknown").collect()
    }
}

/// One step of an image's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildStep {
    pub created: Option<Stamp>,
    pub command: Arc<str>,
    pub empty_layer: bool,
}
