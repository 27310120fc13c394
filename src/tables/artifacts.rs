//! Artifacts of all registries by digest, with their tags and where they are.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::holders::{self, all, by_registry};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::repository_rows::{self, RepositoryRow};
use super::spread::Head;
use super::table::Table;
use crate::model::artifact::{Artifact, PackedArtifact};
use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;
use crate::model::union::Presence;

/// A row is the first place where the digest is.
#[derive(Debug)]
pub(super) struct Artifacts;

impl Table for Artifacts {
    const NAME: &'static str = "artifacts";
    const TITLE: Text = Text::new("Artifacts", "制品");
    const QUESTIONS: &'static [Question] = repository_rows::QUESTIONS;
    const COLUMNS: &'static [Column] = &[
        Column::words("repository", "REPOSITORY", "镜像仓库").width(10, 32),
        Column::words("name", "DIGEST", "摘要").width(12, 14),
        Column::words("tags", "TAGS", "标签").width(6, 24),
        Column::words("in", "IN", "所在").width(4, 8).spread().drop_priority(3),
        Column::figure("size", "SIZE", "大小").width(7, 9).drop_priority(2),
        Column::words("platforms", "PLATFORMS", "平台").width(8, 24).drop_priority(4),
        Column::figure("pushed", "PUSHED", "推送").width(6, 12).drop_priority(1),
        Column::words("type", "TYPE", "类型").width(5, 8).wide(),
        Column::words("accessories", "WITH", "附件").width(6, 30).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        repository_rows::artifacts(fleet, scope)
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(row_of_repository, artifact)| format!("{}@{}", row_of_repository.name(), artifact.digest()).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((row_of_repository, artifact)) = at(cx.fleet, row) else { return Mark::None };
        let mut mark = Mark::Good;
        for registry in repository_rows::group_of(cx.fleet, row_of_repository.registry) {
            match in_registry(cx.fleet, registry, &row_of_repository, artifact) {
                Presence::Absent => return Mark::Warn,
                Presence::Unknown => mark = Mark::Unknown,
                Presence::Here(_) => {}
            }
        }
        mark
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((row_of_repository, artifact)) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "repository" => Fact::words(row_of_repository.name()),
            "name" => Fact::Name(Cow::Owned(artifact.digest().to_string())),
            "tags" => {
                let here = places(cx.fleet, &row_of_repository, artifact);
                let tags: BTreeSet<String> = here.iter().flat_map(|(_, one)| one.tags()).map(|tag| tag.name().to_owned()).collect();
                Fact::List(tags.into_iter().map(Cow::Owned).collect())
            }
            "size" => Fact::Bytes(artifact.size()),
            "platforms" => {
                let full = artifact.unpack();
                Fact::List(full.platforms().into_iter().map(|platform| Cow::Owned(platform.to_string())).collect())
            }
            "pushed" => {
                let places = places(cx.fleet, &row_of_repository, artifact);
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

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        (key == "name").then(|| at(cx.fleet, row)).flatten().map(|(_, artifact)| Cell::new(artifact.digest().short(), Tone::Name))
    }

    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        all(fleet)
    }

    /// When it was pushed there; each registry stamps its own.
    fn part<'a>(&self, cx: &Context<'a>, row: RowId, _: &str, registry: usize) -> Fact<'a> {
        let Some((row_of_repository, artifact)) = at(cx.fleet, row) else { return Fact::Unknown };
        match in_registry(cx.fleet, registry, &row_of_repository, artifact) {
            Presence::Here(_) => Fact::words("yes"),
            Presence::Absent => Fact::words("no"),
            Presence::Unknown => Fact::Unknown,
        }
    }

    fn render_part(&self, cx: &Context<'_>, row: RowId, _: &str, registry: usize) -> Option<Cell> {
        let (row_of_repository, artifact) = at(cx.fleet, row)?;
        match in_registry(cx.fleet, registry, &row_of_repository, artifact) {
            Presence::Here(_) => Some(Cell::plain(either(cx.lang, "yes", "有"))),
            Presence::Absent => Some(missing(cx, &row_of_repository, registry)),
            Presence::Unknown => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        use std::fmt::Write as _;
        if let Some((row_of_repository, artifact)) = at(cx.fleet, row) {
            let written = write!(out, "{}@{}", row_of_repository.name(), artifact.digest());
            // Writing to a String cannot fail.
            debug_assert!(written.is_ok());
            for tag in artifact.tags() {
                out.push(' ');
                out.push_str(tag.name());
            }
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((row_of_repository, artifact)) = at(cx.fleet, row) else { return Vec::new() };
        let heads = all(cx.fleet);
        let time = |at: Option<Stamp>| at.map_or(Value::Null, |at| json!(at.rfc3339()));
        let here = |registry: usize| in_registry(cx.fleet, registry, &row_of_repository, artifact).here();
        let is_in = |registry: usize| json!(in_registry(cx.fleet, registry, &row_of_repository, artifact).is_here());
        let tags_in = |registry: usize| {
            here(registry).map_or(Value::Null, |one| json!(one.tags().map(|tag| tag.name().to_owned()).collect::<Vec<_>>()))
        };
        let labels_in = |registry: usize| {
            let names = here(registry).map(|one| one.unpack().labels.iter().map(|label| label.name.to_string()).collect::<Vec<_>>());
            names.map_or(Value::Null, |names| json!(names))
        };
        let mut fields = vec![
            ("digest", json!(artifact.digest())),
            ("project", json!(row_of_repository.project.map(|project| &project.project.name))),
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
        at(fleet, row).map_or_else(Vec::new, |(row_of_repository, _)| row_of_repository.holders(fleet))
    }

    fn project<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f str> {
        at(fleet, row)?.0.project_name()
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<(RepositoryRow<'_>, PackedArtifact<'_>)> {
    let row_of_repository = RepositoryRow::at(fleet, row)?;
    Some((row_of_repository, row_of_repository.artifact(row)?))
}

/// What is not there and should be is told apart from what need not be.
pub(super) fn missing(cx: &Context<'_>, row_of_repository: &RepositoryRow<'_>, registry: usize) -> Cell {
    let should = repository_rows::group_of(cx.fleet, row_of_repository.registry).any(|at| at == registry);
    if should { Cell::new(either(cx.lang, "missing", "缺"), Tone::Warn) } else { Cell::new("-", Tone::Dim) }
}

fn in_registry<'f>(fleet: &'f Fleet, registry: usize, row_of_repository: &RepositoryRow<'_>, artifact: PackedArtifact<'_>) -> Presence<PackedArtifact<'f>> {
    repository_rows::look(fleet, registry, row_of_repository.name(), |packed| packed.find(artifact.digest()))
}

fn places<'f>(fleet: &'f Fleet, row_of_repository: &RepositoryRow<'_>, artifact: PackedArtifact<'_>) -> Vec<(usize, PackedArtifact<'f>)> {
    let all = 0..fleet.registries.len();
    all.filter_map(|registry| Some((registry, in_registry(fleet, registry, row_of_repository, artifact).here()?))).collect()
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
