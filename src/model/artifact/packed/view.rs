//! Looking at one packed artifact or tag without unpacking the others.

use std::sync::Arc;

use super::super::{Accessory, Artifact, ArtifactType, Digest, Reference, Tag};
use super::{PackedArtifacts, Row, TagRow};
use crate::model::clock::Stamp;

/// A packed artifact, looked at.
#[derive(Clone, Copy, Debug)]
pub struct PackedArtifact<'a> {
    pub(super) all: &'a PackedArtifacts,
    pub(super) index: usize,
}

/// A packed tag, looked at.
#[derive(Clone, Copy, Debug)]
pub struct PackedTag<'a> {
    pub(super) all: &'a PackedArtifacts,
    pub(super) row: &'a TagRow,
}

impl<'a> PackedArtifact<'a> {
    fn row(self) -> &'a Row {
        &self.all.rows[self.index]
    }

    #[must_use]
    pub fn digest(self) -> &'a Digest {
        &self.row().digest
    }

    #[must_use]
    pub fn size(self) -> u64 {
        self.row().size
    }

    #[must_use]
    pub fn pushed(self) -> Option<Stamp> {
        self.row().pushed.stamp()
    }

    #[must_use]
    pub fn pulled(self) -> Option<Stamp> {
        self.row().pulled.stamp()
    }

    #[must_use]
    pub fn kind(self) -> &'a ArtifactType {
        &self.row().kind.of
    }

    /// By name, ascending.
    pub fn tags(self) -> impl Iterator<Item = PackedTag<'a>> {
        let end = self.all.rows.get(self.index + 1).map_or(self.all.by_artifact.len(), |next| next.first_tag as usize);
        let all = self.all;
        all.by_artifact[self.row().first_tag as usize..end].iter().map(move |&tag| PackedTag { all, row: &all.tags[tag as usize] })
    }

    #[must_use]
    pub fn accessories(self) -> &'a [Accessory] {
        self.row().rare.as_deref().map_or(&[], |rare| &rare.accessories)
    }

    #[must_use]
    pub fn children(self) -> &'a [Reference] {
        self.row().rare.as_deref().map_or(&[], |rare| &rare.children)
    }

    /// The artifact in full.
    #[must_use]
    pub fn unpack(self) -> Artifact {
        let row = self.row();
        let rare = row.rare.as_deref().cloned().unwrap_or_default();
        let full = |tag: PackedTag<'_>| Tag {
            name: tag.name().into(),
            pushed: tag.pushed(),
            pulled: tag.row.pulled.stamp(),
            immutable: tag.row.immutable,
        };
        Artifact {
            repository: Arc::clone(&self.all.repository),
            digest: row.digest.clone(),
            kind: row.kind.of.clone(),
            media_type: Arc::clone(&row.kind.media_type),
            manifest_media_type: Arc::clone(&row.kind.manifest_media_type),
            size: row.size,
            pushed: row.pushed.stamp(),
            pulled: row.pulled.stamp(),
            tags: self.tags().map(full).collect(),
            platform: row.kind.platform.clone(),
            children: rare.children,
            accessories: rare.accessories,
            labels: rare.labels,
        }
    }
}

impl<'a> PackedTag<'a> {
    #[must_use]
    pub fn name(self) -> &'a str {
        self.all.name(self.row)
    }

    #[must_use]
    pub fn pushed(self) -> Option<Stamp> {
        self.row.pushed.stamp()
    }

    #[must_use]
    pub fn artifact(self) -> PackedArtifact<'a> {
        PackedArtifact { all: self.all, index: self.row.artifact as usize }
    }
}
