//! A manifest as the distribution protocol has it: an image, an index, or something with a subject.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Digest, Platform};

/// What a manifest says of one piece of content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    pub media_type: Arc<str>,
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    pub platform: Option<Platform>,
    /// What a referrer is: `application/vnd.example.signature`.
    pub artifact_type: Option<Arc<str>>,
    pub annotations: BTreeMap<Arc<str>, Arc<str>>,
}

/// What a HEAD tells of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestHead {
    pub digest: Digest,
    pub media_type: Arc<str>,
    /// Bytes of the manifest itself, where it was said.
    pub size: Option<u64>,
}

/// A manifest whose bytes were checked against its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub digest: Digest,
    pub media_type: Arc<str>,
    pub artifact_type: Option<Arc<str>>,
    /// Bytes of the manifest itself.
    pub size: u64,
    pub config: Option<Descriptor>,
    pub layers: Vec<Descriptor>,
    /// Of an index.
    pub manifests: Vec<Descriptor>,
    /// What it hangs on.
    pub subject: Option<Descriptor>,
}

impl Manifest {
    #[must_use]
    pub fn is_index(&self) -> bool {
        !self.manifests.is_empty() || self.media_type.ends_with("index.v1+json") || self.media_type.ends_with("manifest.list.v2+json")
    }

    /// Bytes of the image with its config and manifest, as Harbor counts them. Of an index only the index itself.
    #[must_use]
    pub fn total(&self) -> u64 {
        let parts = self.layers.iter().chain(&self.config).map(|part| part.size);
        parts.fold(self.size, u64::saturating_add)
    }
}
