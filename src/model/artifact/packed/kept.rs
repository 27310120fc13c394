//! Packed artifacts as bytes for the cache: about 60 a tag, and read back without trust.

use std::sync::Arc;

use super::{Kind, Kinds, Moment, PackedArtifacts, Rare, Row, TagRow, narrow};
use crate::model::artifact::{Accessory, ArtifactType, Digest, Label, Platform, Reference};
use crate::model::compact::{Reader, Writer};

/// Media types that nearly all artifacts have, by their place: only ever added to.
const USUAL: &[&str] = &[
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.cncf.helm.config.v1+json",
];

impl PackedArtifacts {
    /// The same as bytes, behind what was written already.
    pub fn write(&self, to: &mut Writer) {
        let mut kinds: Vec<&Arc<Kind>> = Vec::new();
        let places: Vec<usize> = self
            .rows
            .iter()
            .map(|row| {
                kinds.iter().position(|kind| **kind == row.kind).unwrap_or_else(|| {
                    kinds.push(&row.kind);
                    kinds.len() - 1
                })
            })
            .collect();
        to.number(kinds.len() as u64);
        for kind in kinds {
            write_kind(kind, to);
        }
        to.number(self.rows.len() as u64);
        for (row, place) in self.rows.iter().zip(places) {
            match &row.digest {
                Digest::Sha256(bytes) => {
                    to.number(0);
                    to.bytes(bytes);
                }
                Digest::Other(words) => {
                    to.number(1);
                    to.words(words);
                }
            }
            to.number(row.size);
            write_moment(row.pushed, to);
            write_moment(row.pulled, to);
            to.number(place as u64);
            let rare = row.rare.as_deref().and_then(|rare| serde_json::to_string(&(&rare.children, &rare.accessories, &rare.labels)).ok());
            to.words(rare.as_deref().unwrap_or_default());
        }
        to.number(self.tags.len() as u64);
        for tag in &self.tags {
            to.words(self.name(tag));
            write_moment(tag.pushed, to);
            write_moment(tag.pulled, to);
            to.number(u64::from(tag.artifact));
            to.number(tag.immutable.map_or(0, |is| 1 + u64::from(is)));
        }
        to.number(u64::from(self.is_whole));
    }

    /// What [`PackedArtifacts::write`] wrote; `None` where it is not that.
    #[must_use]
    pub fn read(repository: &Arc<str>, from: &mut Reader<'_>, known: &mut Kinds) -> Option<Self> {
        let kinds: Vec<Arc<Kind>> = (0..from.count()?).map(|_| Some(known.share(read_kind(from)?))).collect::<Option<_>>()?;
        let count = from.count()?;
        let mut rows: Vec<Row> = Vec::with_capacity(count);
        for _ in 0..count {
            let digest = match from.number()? {
                0 => Digest::Sha256(from.bytes(32)?.try_into().ok()?),
                _ => Digest::parse(from.words()?),
            };
            let (size, pushed, pulled) = (from.number()?, read_moment(from)?, read_moment(from)?);
            let kind = Arc::clone(kinds.get(usize::try_from(from.number()?).ok()?)?);
            let rare = match from.words()? {
                "" => None,
                words => {
                    let (children, accessories, labels): (Vec<Reference>, Vec<Accessory>, Vec<Label>) = serde_json::from_str(words).ok()?;
                    Some(Box::new(Rare { children, accessories, labels }))
                }
            };
            if rows.last().is_some_and(|last| last.digest >= digest) {
                return None;
            }
            rows.push(Row { digest, size, pushed, pulled, kind, rare, first_tag: 0 });
        }
        let count = from.count()?;
        let mut tags: Vec<TagRow> = Vec::with_capacity(count);
        let mut names = String::new();
        for _ in 0..count {
            let name = from.words()?;
            let is_next = tags.last().is_none_or(|last| &names.as_bytes()[last.name_at as usize..] < name.as_bytes());
            let name_len = u16::try_from(name.len()).ok().filter(|_| is_next)?;
            let name_at = narrow(names.len());
            names.push_str(name);
            let (pushed, pulled) = (read_moment(from)?, read_moment(from)?);
            let artifact = u32::try_from(from.number()?).ok().filter(|at| (*at as usize) < rows.len())?;
            let immutable = match from.number()? {
                0 => None,
                is => Some(is == 2),
            };
            tags.push(TagRow { pushed, pulled, name_at, artifact, name_len, immutable });
        }
        let is_whole = from.number()? == 1;
        let packed = Self::joined(Arc::clone(repository), rows, tags, names);
        Some(if is_whole { packed } else { packed.in_part() })
    }
}

fn write_kind(kind: &Kind, to: &mut Writer) {
    to.words(kind.of.word());
    write_media(&kind.media_type, to);
    write_media(&kind.manifest_media_type, to);
    match &kind.platform {
        None => to.number(0),
        Some(platform) => {
            to.number(1 + u64::from(platform.variant.is_some()));
            to.words(&platform.os);
            to.words(&platform.architecture);
            if let Some(variant) = &platform.variant {
                to.words(variant);
            }
        }
    }
}

fn read_kind(from: &mut Reader<'_>) -> Option<Kind> {
    let of = ArtifactType::parse(from.words()?);
    let (media_type, manifest_media_type) = (read_media(from)?, read_media(from)?);
    let platform = match from.number()? {
        0 => None,
        parts => {
            let (os, architecture) = (from.words()?.into(), from.words()?.into());
            let variant = if parts == 2 { Some(from.words()?.into()) } else { None };
            Some(Platform { os, architecture, variant })
        }
    };
    Some(Kind { of, media_type, manifest_media_type, platform })
}

fn write_media(media: &str, to: &mut Writer) {
    if let Some(place) = USUAL.iter().position(|usual| *usual == media) {
        to.number(place as u64 + 1);
    } else {
        to.number(0);
        to.words(media);
    }
}

fn read_media(from: &mut Reader<'_>) -> Option<Arc<str>> {
    match from.number()?.checked_sub(1) {
        None => from.words().map(Into::into),
        Some(place) => USUAL.get(usize::try_from(place).ok()?).map(|usual| (*usual).into()),
    }
}

fn write_moment(moment: Moment, to: &mut Writer) {
    to.maybe_signed(moment.stamp().map(|at| at.0));
}

fn read_moment(from: &mut Reader<'_>) -> Option<Moment> {
    Some(Moment(from.maybe_signed()?.unwrap_or(i64::MIN)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::artifact::{AccessoryKind, Artifact, Tag};
    use crate::model::clock::Stamp;

    fn artifact(number: u32, tags: &[&str]) -> Artifact {
        let tag = |name: &&str| Tag { name: (*name).into(), pushed: Some(Stamp(-7)), pulled: None, immutable: Some(true) };
        let accessory =
            Accessory { digest: Digest::of(b"s"), kind: AccessoryKind::Cosign, size: 9, subject: None, created: Some(Stamp(8)) };
        Artifact {
            repository: "p/r".into(),
            digest: if number == 3 { Digest::parse("sha512:ab") } else { Digest::of(&number.to_be_bytes()) },
            kind: ArtifactType::Image,
            media_type: USUAL[0].into(),
            manifest_media_type: "application/x-odd".into(),
            size: u64::from(number) << 33,
            pushed: Some(Stamp(1_795_406_400_000)),
            pulled: None,
            tags: tags.iter().map(tag).collect(),
            platform: Some(Platform { os: "linux".into(), architecture: "arm64".into(), variant: Some("v8".into()) }),
            children: vec![Reference { digest: Digest::of(b"c"), platform: None }],
            accessories: vec![accessory],
            labels: Vec::new(),
        }
    }

    fn written(packed: &PackedArtifacts) -> Vec<u8> {
        let mut writer = Writer::default();
        packed.write(&mut writer);
        writer.finish()
    }

    #[test]
    fn what_was_written_is_read_back_and_what_is_cut_is_not() {
        let all = vec![artifact(1, &["v1", "latest"]), artifact(2, &[]), artifact(3, &["a"])];
        let packed = PackedArtifacts::pack(&"p/r".into(), all, &mut Kinds::default());
        let bytes = written(&packed);
        let mut known = Kinds::default();
        let read = |bytes: &[u8], known: &mut Kinds| PackedArtifacts::read(&"p/r".into(), &mut Reader::new(bytes), known);
        assert_eq!(read(&bytes, &mut known), Some(packed));
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut], &mut known), None, "cut at {cut}");
        }
    }

    #[test]
    fn any_bytes_at_all_are_read_without_harm() {
        let packed = PackedArtifacts::pack(&"p/r".into(), vec![artifact(1, &["v1"]), artifact(2, &["v2"])], &mut Kinds::default());
        let bytes = written(&packed);
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..5_000 {
            let mut other = bytes.clone();
            let at = random.usize(..other.len());
            other[at] = random.u8(..);
            if let Some(read) = PackedArtifacts::read(&"p/r".into(), &mut Reader::new(&other), &mut Kinds::default()) {
                assert!(read.tags().map(|tag| tag.name().len() + tag.artifact().kind().word().len()).sum::<usize>() < 1_000);
                assert_eq!(read.iter().map(|artifact| artifact.tags().count()).sum::<usize>(), read.tag_count());
            }
        }
    }

    #[test]
    fn a_usual_tag_takes_few_bytes() {
        let plain = |n: u32| Artifact { children: Vec::new(), accessories: Vec::new(), ..artifact(n + 10, &[&format!("release-{n:06}")]) };
        let packed = PackedArtifacts::pack(&"p/r".into(), (0..1_000).map(plain).collect(), &mut Kinds::default());
        let each = written(&packed).len() / 1_000;
        assert!(each < 90, "{each} bytes a tag");
    }
}
