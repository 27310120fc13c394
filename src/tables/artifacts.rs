//! Artifacts of all registries by digest, with their tags and where they are.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::holders::{self, all, by_registry};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Scope, Tone};
use super::shelves::{self, Shelf};
use super::spread::Head;
use super::table::Table;
use crate::model::artifact::{Artifact, PackedArtifact};
use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;
use crate::model::union::Held;

/// A row is the first place where the digest is.
#[derive(Debug)]
pub(super) struct Artifacts;

impl Table for Artifacts {
    const NAME: &'static str = "artifacts";
    const TITLE: Text = Text::new("Artifacts", "制品");
    const QUESTIONS: &'static [Question] = shelves::QUESTIONS;
    const COLUMNS: &'static [Column] = &[
        Column::words("repository", "REPOSITORY", "镜像仓库").width(10, 32),
        Column::words("name", "DIGEST", "摘要").width(12, 14),
        Column::words("tags", "TAGS", "标签").width(6, 24),
        Column::words("in", "IN", "所在").width(4, 8).spread().fades(3),
        Column::figure("size", "SIZE", "大小").width(7, 9).fades(2),
        Column::words("platforms", "PLATFORMS", "平台").width(8, 24).fades(4),
        Column::figure("pushed", "PUSHED", "推送").width(6, 12).fades(1),
        Column::words("type", "TYPE", "类型").width(5, 8).wide(),
        Column::words("accessories", "WITH", "附件").width(6, 30).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        shelves::artifacts(fleet, scope)
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(shelf, artifact)| format!("{}@{}", shelf.name(), artifact.digest()).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((shelf, artifact)) = at(cx.fleet, row) else { return Mark::None };
        let mut mark = Mark::Good;
        for registry in shelves::group_of(cx.fleet, shelf.registry) {
            match in_registry(cx.fleet, registry, &shelf, artifact) {
                Held::Absent => return Mark::Warn,
                Held::Unknown => mark = Mark::Unknown,
                Held::Here(_) => {}
            }
        }
        mark
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((shelf, artifact)) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "repository" => Fact::words(shelf.name()),
            "name" => Fact::Name(Cow::Owned(artifact.digest().to_string())),
            "tags" => {
                let here = places(cx.fleet, &shelf, artifact);
                let tags: BTreeSet<String> = here.iter().flat_map(|(_, one)| one.tags()).map(|tag| tag.name().to_owned()).collect();
                Fact::List(tags.into_iter().map(Cow::Owned).collect())
            }
            "size" => Fact::Bytes(artifact.size()),
            "platforms" => {
                let full = artifact.unpack();
                Fact::List(full.platforms().into_iter().map(|platform| Cow::Owned(platform.to_string())).collect())
            }
            "pushed" => {
                let places = places(cx.fleet, &shelf, artifact);
                let pushed = places.iter().filter_map(|(at, one)| Some(holders::here(cx.fleet, *at, one.pushed()?)));
                pushed.min().map_or(Fact::Unknown, Fact::Since)
            }
            "type" => Fact::words(artifact.kind().word()),
            "accessories" => {
                let kinds: BTreeSet<&str> = artifact.accessories().iter().map(|a| a.kind.word()).collect();
                Fact::List(kinds.into_iter().map(Cow::Borrowed).collect())
            }
            _ => Fact::Unknown,
        }
    }

    fn dressed(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        (key == "name").then(|| at(cx.fleet, row)).flatten().map(|(_, artifact)| Cell::new(artifact.digest().short(), Tone::Name))
    }

    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        all(fleet)
    }

    /// When it was pushed there; each registry stamps its own.
    fn part<'a>(&self, cx: &Context<'a>, row: RowId, _: &str, registry: usize) -> Fact<'a> {
        let Some((shelf, artifact)) = at(cx.fleet, row) else { return Fact::Unknown };
        match in_registry(cx.fleet, registry, &shelf, artifact) {
            Held::Here(_) => Fact::words("yes"),
            Held::Absent => Fact::words("no"),
            Held::Unknown => Fact::Unknown,
        }
    }

    fn part_dressed(&self, cx: &Context<'_>, row: RowId, _: &str, registry: usize) -> Option<Cell> {
        let (shelf, artifact) = at(cx.fleet, row)?;
        match in_registry(cx.fleet, registry, &shelf, artifact) {
            Held::Here(_) => Some(Cell::plain(either(cx.lang, "yes", "有"))),
            Held::Absent => Some(missing(cx, &shelf, registry)),
            Held::Unknown => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        use std::fmt::Write as _;
        if let Some((shelf, artifact)) = at(cx.fleet, row) {
            let written = write!(out, "{}@{}", shelf.name(), artifact.digest());
            // Writing to a String cannot fail.
            debug_assert!(written.is_ok());
            for tag in artifact.tags() {
                out.push(' ');
                out.push_str(tag.name());
            }
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((shelf, artifact)) = at(cx.fleet, row) else { return Vec::new() };
        let heads = all(cx.fleet);
        let time = |at: Option<Stamp>| at.map_or(Value::Null, |at| json!(at.rfc3339()));
        let here = |registry: usize| in_registry(cx.fleet, registry, &shelf, artifact).here();
        let is_in = |registry: usize| json!(in_registry(cx.fleet, registry, &shelf, artifact).is_here());
        let tags_in = |registry: usize| {
            here(registry).map_or(Value::Null, |one| json!(one.tags().map(|tag| tag.name().to_owned()).collect::<Vec<_>>()))
        };
        let labels_in = |registry: usize| {
            let names = here(registry).map(|one| one.unpack().labels.iter().map(|label| label.name.to_string()).collect::<Vec<_>>());
            names.map_or(Value::Null, |names| json!(names))
        };
        let mut fields = vec![
            ("digest", json!(artifact.digest())),
            ("project", json!(shelf.project.map(|project| &project.project.name))),
            ("is_in", by_registry(&heads, &is_in)),
            ("tags_in", by_registry(&heads, &tags_in)),
            ("pushed_in", by_registry(&heads, &|registry| time(here(registry).and_then(PackedArtifact::pushed)))),
            ("pulled_in", by_registry(&heads, &|registry| time(here(registry).and_then(PackedArtifact::pulled)))),
            ("labels_in", by_registry(&heads, &labels_in)),
        ];
        fields.extend(in_full(&artifact.unpack()));
        fields
    }

    fn holders(&self, fleet: &Fleet, row: RowId) -> Vec<usize> {
        at(fleet, row).map_or_else(Vec::new, |(shelf, _)| shelf.holders(fleet))
    }

    fn project<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f str> {
        at(fleet, row)?.0.project_name()
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<(Shelf<'_>, PackedArtifact<'_>)> {
    let shelf = Shelf::at(fleet, row)?;
    Some((shelf, shelf.artifact(row)?))
}

/// What is not there and should be is told apart from what need not be.
pub(super) fn missing(cx: &Context<'_>, shelf: &Shelf<'_>, registry: usize) -> Cell {
    let should = shelves::group_of(cx.fleet, shelf.registry).any(|at| at == registry);
    if should { Cell::new(either(cx.lang, "missing", "缺"), Tone::Warn) } else { Cell::new("-", Tone::Dim) }
}

fn in_registry<'f>(fleet: &'f Fleet, registry: usize, shelf: &Shelf<'_>, artifact: PackedArtifact<'_>) -> Held<PackedArtifact<'f>> {
    shelves::look(fleet, registry, shelf.name(), |packed| packed.find(artifact.digest()))
}

fn places<'f>(fleet: &'f Fleet, shelf: &Shelf<'_>, artifact: PackedArtifact<'_>) -> Vec<(usize, PackedArtifact<'f>)> {
    let all = 0..fleet.registries.len();
    all.filter_map(|registry| Some((registry, in_registry(fleet, registry, shelf, artifact).here()?))).collect()
}

/// What the digest itself determines.
fn in_full(artifact: &Artifact) -> Vec<(&'static str, Value)> {
    let accessories = artifact.accessories.iter().map(|a| json!({"kind": a.kind, "digest": a.digest, "size": a.size}));
    let children = artifact.children.iter().map(|c| json!({"digest": c.digest, "platform": c.platform.as_ref().map(ToString::to_string)}));
    vec![
        ("media_type", json!(artifact.media_type)),
        ("manifest_media_type", json!(artifact.manifest_media_type)),
        ("hangs_on_it", json!(accessories.collect::<Vec<_>>())),
        ("children", json!(children.collect::<Vec<_>>())),
    ]
}
