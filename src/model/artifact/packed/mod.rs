//! Artifacts and tags of one repository packed tight: a million tags stay below 200 MB.

mod kept;
mod view;

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use view::{PackedArtifact, PackedTag};

use super::{Accessory, Artifact, ArtifactType, Digest, Label, Platform, Reference};
use crate::model::clock::Stamp;

/// A moment in eight bytes; none is the smallest number, which no registry means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment(i64);

impl From<Option<Stamp>> for Moment {
    fn from(at: Option<Stamp>) -> Self {
        Self(at.map_or(i64::MIN, |at| at.0))
    }
}

impl Moment {
    fn stamp(self) -> Option<Stamp> {
        (self.0 != i64::MIN).then_some(Stamp(self.0))
    }
}

/// What thousands of artifacts have in common, kept once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Kind {
    of: ArtifactType,
    media_type: Arc<str>,
    manifest_media_type: Arc<str>,
    platform: Option<Platform>,
}

/// The kinds that have been seen; hand the same one to every [`PackedArtifacts::pack`] and they share them.
#[derive(Debug, Default)]
pub struct Kinds(HashSet<Arc<Kind>>);

impl Kinds {
    fn share(&mut self, kind: Kind) -> Arc<Kind> {
        if let Some(known) = self.0.get(&kind) {
            return Arc::clone(known);
        }
        let new = Arc::new(kind);
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// What few artifacts have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rare {
    children: Vec<Reference>,
    accessories: Vec<Accessory>,
    labels: Vec<Label>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    digest: Digest,
    size: u64,
    pushed: Moment,
    pulled: Moment,
    kind: Arc<Kind>,
    rare: Option<Box<Rare>>,
    /// Where its tags begin in `by_artifact`; they end where those of the next row begin.
    first_tag: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TagRow {
    pushed: Moment,
    pulled: Moment,
    name_at: u32,
    artifact: u32,
    name_len: u16,
    immutable: Option<bool>,
}

/// All artifacts of one repository. Rows are sorted by digest, tags by name. Written and read by serde as full artifacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Unpacked", into = "Unpacked")]
pub struct PackedArtifacts {
    repository: Arc<str>,
    rows: Box<[Row]>,
    tags: Box<[TagRow]>,
    /// Indices into `tags`, grouped by artifact.
    by_artifact: Box<[u32]>,
    names: Box<str>,
    /// False where some of its tags or manifests were not read: what is not in it may be there all the same.
    is_whole: bool,
}

impl PackedArtifacts {
    /// Packs the artifacts of one repository. Of two with one digest the later counts, likewise of two tags with one name.
    #[must_use]
    pub fn pack(repository: &Arc<str>, mut artifacts: Vec<Artifact>, kinds: &mut Kinds) -> Self {
        artifacts.reverse();
        artifacts.sort_by(|a, b| a.digest.cmp(&b.digest));
        artifacts.dedup_by(|later, first| later.digest == first.digest);
        let mut names = String::new();
        let mut tags: Vec<TagRow> = Vec::with_capacity(artifacts.iter().map(|a| a.tags.len()).sum());
        let mut rows = Vec::with_capacity(artifacts.len());
        for (index, artifact) in artifacts.into_iter().enumerate() {
            for tag in &artifact.tags {
                // A name is 128 characters at most by the specification; longer ones are cut at a whole character.
                let cut = tag.name.floor_char_boundary(usize::from(u16::MAX));
                tags.push(TagRow {
                    pushed: tag.pushed.into(),
                    pulled: tag.pulled.into(),
                    name_at: narrow(names.len()),
                    artifact: narrow(index),
                    name_len: u16::try_from(cut).unwrap_or(u16::MAX),
                    immutable: tag.immutable,
                });
                names.push_str(&tag.name[..cut]);
            }
            let (media_type, manifest_media_type) = (artifact.media_type, artifact.manifest_media_type);
            let rare = Rare { children: artifact.children, accessories: artifact.accessories, labels: artifact.labels };
            rows.push(Row {
                digest: artifact.digest,
                size: artifact.size,
                pushed: artifact.pushed.into(),
                pulled: artifact.pulled.into(),
                kind: kinds.share(Kind { of: artifact.kind, media_type, manifest_media_type, platform: artifact.platform }),
                rare: (rare != Rare::default()).then(|| Box::new(rare)),
                first_tag: 0,
            });
        }
        let name = |tag: &TagRow| &names[tag.name_at as usize..tag.name_at as usize + usize::from(tag.name_len)];
        tags.sort_by(|a, b| name(a).cmp(name(b)).then(b.pushed.0.cmp(&a.pushed.0)));
        tags.dedup_by(|later, first| name(later) == name(first));
        let loose = std::mem::take(&mut names);
        for tag in &mut tags {
            let at = tag.name_at as usize;
            tag.name_at = narrow(names.len());
            names.push_str(&loose[at..at + usize::from(tag.name_len)]);
        }
        Self::joined(Arc::clone(repository), rows, tags, names)
    }

    /// Rows by digest and tags by name, with the way from one to the other.
    fn joined(repository: Arc<str>, mut rows: Vec<Row>, tags: Vec<TagRow>, names: String) -> Self {
        let mut by_artifact: Vec<u32> = (0..narrow(tags.len())).collect();
        by_artifact.sort_by_key(|&tag| tags[tag as usize].artifact);
        let mut next = 0;
        for (index, row) in rows.iter_mut().enumerate() {
            row.first_tag = narrow(next);
            while by_artifact.get(next).is_some_and(|&tag| tags[tag as usize].artifact as usize == index) {
                next += 1;
            }
        }
        Self { repository, rows: rows.into(), tags: tags.into(), by_artifact: by_artifact.into(), names: names.into(), is_whole: true }
    }

    /// The same, said to be only what could be read of it.
    #[must_use]
    pub fn in_part(mut self) -> Self {
        self.is_whole = false;
        self
    }

    /// Whether what is not in it is not there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    #[must_use]
    pub fn repository(&self) -> &Arc<str> {
        &self.repository
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    #[must_use]
    pub fn tag_count(&self) -> usize {
        self.tags.len()
    }

    /// By digest, ascending.
    pub fn iter(&self) -> impl Iterator<Item = PackedArtifact<'_>> {
        (0..self.rows.len()).map(|index| PackedArtifact { all: self, index })
    }

    /// By name, ascending.
    pub fn tags(&self) -> impl Iterator<Item = PackedTag<'_>> {
        self.tags.iter().map(|row| PackedTag { all: self, row })
    }

    /// The artifact at this place of [`Self::iter`].
    #[must_use]
    pub fn get(&self, index: usize) -> Option<PackedArtifact<'_>> {
        (index < self.rows.len()).then_some(PackedArtifact { all: self, index })
    }

    /// The tag at this place of [`Self::tags`].
    #[must_use]
    pub fn tag_at(&self, index: usize) -> Option<PackedTag<'_>> {
        self.tags.get(index).map(|row| PackedTag { all: self, row })
    }

    #[must_use]
    pub fn tag(&self, name: &str) -> Option<PackedTag<'_>> {
        let at = self.tags.binary_search_by(|row| self.name(row).cmp(name)).ok()?;
        Some(PackedTag { all: self, row: &self.tags[at] })
    }

    #[must_use]
    pub fn find(&self, digest: &Digest) -> Option<PackedArtifact<'_>> {
        let index = self.rows.binary_search_by(|row| row.digest.cmp(digest)).ok()?;
        Some(PackedArtifact { all: self, index })
    }

    /// Bytes it takes, without the allocator's own.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + size_of_val(&*self.rows)
            + size_of_val(&*self.tags)
            + size_of_val(&*self.by_artifact)
            + self.names.len()
            + self.rows.iter().filter_map(|row| row.rare.as_deref()).map(rare_bytes).sum::<usize>()
    }

    fn name(&self, row: &TagRow) -> &str {
        &self.names[row.name_at as usize..row.name_at as usize + usize::from(row.name_len)]
    }
}

/// What serde sees: indices from a file are never trusted.
#[derive(Serialize, Deserialize)]
struct Unpacked {
    repository: Arc<str>,
    artifacts: Vec<Artifact>,
    is_whole: bool,
}

impl From<Unpacked> for PackedArtifacts {
    fn from(full: Unpacked) -> Self {
        let packed = Self::pack(&full.repository, full.artifacts, &mut Kinds::default());
        if full.is_whole { packed } else { packed.in_part() }
    }
}

impl From<PackedArtifacts> for Unpacked {
    fn from(packed: PackedArtifacts) -> Self {
        let artifacts = packed.iter().map(PackedArtifact::unpack).collect();
        Self { repository: Arc::clone(&packed.repository), artifacts, is_whole: packed.is_whole }
    }
}

fn rare_bytes(rare: &Rare) -> usize {
    size_of::<Rare>() + size_of_val(&*rare.children) + size_of_val(&*rare.accessories) + size_of_val(&*rare.labels)
}

/// A place in one repository's arrays. Answers are bounded far below this, see `clients`.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::Tag;
    use super::*;

    fn artifact(number: u32, tags: &[&str]) -> Artifact {
        let tag = |name: &&str| Tag { name: (*name).into(), pushed: Some(Stamp(i64::from(number))), pulled: None, immutable: Some(false) };
        Artifact {
            repository: "payment/web".into(),
            digest: Digest::of(&number.to_be_bytes()),
            kind: ArtifactType::Image,
            media_type: "application/vnd.oci.image.config.v1+json".into(),
            manifest_media_type: "application/vnd.oci.image.manifest.v1+json".into(),
            size: u64::from(number) * 100,
            pushed: Some(Stamp(5)),
            pulled: None,
            tags: tags.iter().map(tag).collect(),
            platform: Some(Platform { os: "linux".into(), architecture: "amd64".into(), variant: None }),
            children: Vec::new(),
            accessories: Vec::new(),
            labels: Vec::new(),
        }
    }

    #[test]
    fn packing_keeps_everything_and_finds_by_tag_and_digest() {
        let all = vec![artifact(1, &["v1"]), artifact(2, &["v2", "latest"]), artifact(3, &[])];
        let packed = PackedArtifacts::pack(&"payment/web".into(), all.clone(), &mut Kinds::default());
        assert_eq!((packed.len(), packed.tag_count()), (3, 3));
        let latest = packed.tag("latest").expect("latest");
        assert_eq!(latest.artifact().digest(), &all[1].digest);
        assert_eq!(packed.tags().map(PackedTag::name).collect::<Vec<_>>(), ["latest", "v1", "v2"]);
        assert!(packed.tag("v3").is_none());
        let mut second = packed.find(&all[1].digest).expect("second").unpack();
        second.tags.reverse();
        assert_eq!(second, all[1]);
        assert!(packed.is_whole());
        let packed = packed.in_part();
        let json = serde_json::to_string(&packed).expect("json");
        assert_eq!(serde_json::from_str::<PackedArtifacts>(&json).expect("back"), packed);
    }

    #[test]
    fn a_tag_that_moved_between_two_pages_counts_where_it_was_pushed_last() {
        let packed = PackedArtifacts::pack(&"r".into(), vec![artifact(1, &["t"]), artifact(2, &["t"])], &mut Kinds::default());
        assert_eq!(packed.tag_count(), 1);
        assert_eq!(packed.tag("t").expect("t").artifact().size(), 200);
        assert_eq!(packed.iter().flat_map(PackedArtifact::tags).count(), 1);
    }

    #[test]
    fn a_million_tags_stay_below_200_megabytes() {
        let mut kinds = Kinds::default();
        let all: Vec<Artifact> = (0..2_000).map(|n| artifact(n, &[&format!("release-{n:06}")])).collect();
        let packed = PackedArtifacts::pack(&"payment/web".into(), all, &mut kinds);
        let each = packed.bytes() / packed.tag_count();
        assert!(each < 200, "{each} bytes a tag with an artifact of its own");
        assert_eq!(kinds.0.len(), 1);
    }
}
