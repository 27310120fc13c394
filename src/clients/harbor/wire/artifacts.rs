//! Repositories, artifacts, tags, accessories and labels, as told.

use std::sync::Arc;

use serde::Deserialize;

use super::{FromWire, When, Word, at, count, some, word};
use crate::model::artifact::{
    Accessory, AccessoryKind, Artifact, ArtifactType, BuildStep, Digest, Label, Platform, Reference, Repository, Tag,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireRepository {
    id: Option<i64>,
    project_id: Option<i64>,
    name: Option<Word>,
    description: Option<Word>,
    artifact_count: Option<i64>,
    pull_count: Option<i64>,
    creation_time: Option<When>,
    update_time: Option<When>,
}

impl FromWire for WireRepository {
    type Noun = Repository;

    fn noun(self) -> Repository {
        Repository {
            id: self.id.unwrap_or_default(),
            project_id: self.project_id.unwrap_or_default(),
            name: word(self.name),
            description: some(self.description),
            artifacts: self.artifact_count.map(|n| count(Some(n))),
            pulls: self.pull_count.map(|n| count(Some(n))),
            created: at(self.creation_time),
            updated: at(self.update_time),
        }
    }
}

/// Of `extra_attrs` only the platform is read: the rest may be megabytes of the image's config.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireArtifact {
    #[serde(rename = "type")]
    kind: Option<Word>,
    media_type: Option<Word>,
    manifest_media_type: Option<Word>,
    repository_name: Option<Word>,
    digest: Option<Word>,
    size: Option<i64>,
    push_time: Option<When>,
    pull_time: Option<When>,
    extra_attrs: Option<WirePlatform>,
    tags: Option<Vec<WireTag>>,
    references: Option<Vec<WireReference>>,
    accessories: Option<Vec<WireAccessory>>,
    labels: Option<Vec<WireLabel>>,
}

impl FromWire for WireArtifact {
    type Noun = Artifact;

    fn noun(self) -> Artifact {
        fn all<T: FromWire>(list: Option<Vec<T>>) -> Vec<T::Noun> {
            list.unwrap_or_default().into_iter().map(FromWire::noun).collect()
        }
        Artifact {
            repository: word(self.repository_name),
            digest: digest(self.digest),
            kind: ArtifactType::parse(&word(self.kind)),
            media_type: word(self.media_type),
            manifest_media_type: word(self.manifest_media_type),
            size: count(self.size),
            pushed: at(self.push_time),
            pulled: at(self.pull_time),
            tags: all(self.tags),
            platform: self.extra_attrs.and_then(WirePlatform::noun),
            children: all(self.references),
            accessories: all(self.accessories),
            labels: all(self.labels),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WirePlatform {
    os: Option<Attribute>,
    architecture: Option<Attribute>,
    variant: Option<Attribute>,
}

/// An artifact of another kind may have something else under the same name.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Attribute {
    Text(Word),
    Else(serde::de::IgnoredAny),
}

impl Attribute {
    fn text(said: Option<Self>) -> Option<Arc<str>> {
        match said {
            Some(Self::Text(word)) => some(Some(word)),
            Some(Self::Else(_)) | None => None,
        }
    }
}

impl WirePlatform {
    fn noun(self) -> Option<Platform> {
        Some(Platform {
            os: Attribute::text(self.os)?,
            architecture: Attribute::text(self.architecture)?,
            variant: Attribute::text(self.variant),
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireReference {
    child_digest: Option<Word>,
    platform: Option<WirePlatform>,
}

impl FromWire for WireReference {
    type Noun = Reference;

    fn noun(self) -> Reference {
        Reference { digest: digest(self.child_digest), platform: self.platform.and_then(WirePlatform::noun) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireTag {
    name: Option<Word>,
    push_time: Option<When>,
    pull_time: Option<When>,
    immutable: Option<bool>,
}

impl FromWire for WireTag {
    type Noun = Tag;

    fn noun(self) -> Tag {
        Tag { name: word(self.name), pushed: at(self.push_time), pulled: at(self.pull_time), immutable: self.immutable }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireAccessory {
    digest: Option<Word>,
    #[serde(rename = "type")]
    kind: Option<Word>,
    size: Option<i64>,
    subject_artifact_digest: Option<Word>,
    creation_time: Option<When>,
}

impl FromWire for WireAccessory {
    type Noun = Accessory;

    fn noun(self) -> Accessory {
        Accessory {
            digest: digest(self.digest),
            kind: AccessoryKind::parse(&word(self.kind)),
            size: count(self.size),
            subject: some(self.subject_artifact_digest).map(|text| Digest::parse(&text)),
            created: at(self.creation_time),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireLabel {
    id: Option<i64>,
    name: Option<Word>,
    color: Option<Word>,
    scope: Option<Word>,
}

impl FromWire for WireLabel {
    type Noun = Label;

    fn noun(self) -> Label {
        Label { id: self.id.unwrap_or_default(), name: word(self.name), color: some(self.color), scope: word(self.scope) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireBuildStep {
    created: Option<When>,
    created_by: Option<Word>,
    empty_layer: Option<bool>,
}

impl FromWire for WireBuildStep {
    type Noun = BuildStep;

    fn noun(self) -> BuildStep {
        BuildStep { created: at(self.created), command: word(self.created_by), empty_layer: self.empty_layer.unwrap_or_default() }
    }
}

fn digest(said: Option<Word>) -> Digest {
    let text: Arc<str> = word(said);
    Digest::parse(&text)
}
