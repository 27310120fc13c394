//! The distribution API's JSON as it comes, and the nouns it becomes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::model::artifact::{Descriptor, Digest, Manifest, Platform};
use crate::model::text::clean;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireCatalogue {
    repositories: Option<Vec<Option<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireTags {
    tags: Option<Vec<Option<String>>>,
}

impl WireCatalogue {
    pub(super) fn names(self) -> Vec<Arc<str>> {
        names(self.repositories)
    }
}

impl WireTags {
    pub(super) fn names(self) -> Vec<Arc<str>> {
        names(self.tags)
    }
}

fn names(list: Option<Vec<Option<String>>>) -> Vec<Arc<str>> {
    list.unwrap_or_default().into_iter().flatten().filter(|name| !name.is_empty()).map(|name| clean(&name).into()).collect()
}

fn text(said: Option<String>) -> Option<Arc<str>> {
    said.filter(|text| !text.is_empty()).map(|text| clean(&text).into())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WireManifest {
    schema_version: Option<i64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<WireDescriptor>,
    layers: Option<Vec<WireDescriptor>>,
    manifests: Option<Vec<WireDescriptor>>,
    subject: Option<WireDescriptor>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireDescriptor {
    media_type: Option<String>,
    digest: Option<String>,
    size: Option<i64>,
    platform: Option<WirePlatform>,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WirePlatform {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
}

impl WireDescriptor {
    fn noun(self) -> Descriptor {
        let platform =
            self.platform.and_then(|p| Some(Platform { os: text(p.os)?, architecture: text(p.architecture)?, variant: text(p.variant) }));
        let annotations = self.annotations.unwrap_or_default().into_iter();
        Descriptor {
            media_type: text(self.media_type).unwrap_or_default(),
            digest: Digest::parse(&self.digest.unwrap_or_default()),
            size: u64::try_from(self.size.unwrap_or_default()).unwrap_or_default(),
            platform,
            artifact_type: text(self.artifact_type),
            annotations: annotations.map(|(key, value)| (clean(&key).into(), clean(&value).into())).collect(),
        }
    }
}

impl WireManifest {
    /// True for the format of before 2017, whose digest cannot be told from its bytes.
    pub(super) fn is_schema_1(&self) -> bool {
        self.schema_version == Some(1)
    }

    /// The descriptors of an index: what referrers are listed as.
    pub(super) fn descriptors(self) -> Vec<Descriptor> {
        self.manifests.unwrap_or_default().into_iter().map(WireDescriptor::noun).collect()
    }

    pub(super) fn noun(self, digest: Digest, media_type: Option<&str>, size: u64) -> Manifest {
        let all = |list: Option<Vec<WireDescriptor>>| list.unwrap_or_default().into_iter().map(WireDescriptor::noun).collect();
        Manifest {
            digest,
            media_type: text(self.media_type).or_else(|| media_type.map(|t| clean(t).into())).unwrap_or_default(),
            artifact_type: text(self.artifact_type),
            size,
            config: self.config.map(WireDescriptor::noun),
            layers: all(self.layers),
            manifests: all(self.manifests),
            subject: self.subject.map(WireDescriptor::noun),
        }
    }
}
