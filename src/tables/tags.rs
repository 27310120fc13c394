//! Tags over all registries: one row a tag, with the digest that it has in each.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::artifacts::missing;
use super::fact::Fact;
use super::holders::{all, by_registry, here};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::repository_rows::{self, RepositoryRow};
use super::spread::Head;
use super::table::Table;
use crate::model::artifact::{Digest, PackedTag};
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;
use crate::model::union::Presence;

/// A row is the first place where the tag is.
#[derive(Debug)]
pub(super) struct Tags;

/// Digits of a digest that people are shown: enough to tell two apart on one row.
const DIGITS: usize = 7;

impl Table for Tags {
    const NAME: &'static str = "tags";
    const TITLE: Text = Text::new("Tags", "标签");
    const QUESTIONS: &'static [Question] = repository_rows::QUESTIONS;
    const COLUMNS: &'static [Column] = &[
        Column::words("repository", "REPOSITORY", "镜像仓库").width(10, 32),
        Column::words("name", "TAG", "标签").width(6, 24),
        Column::words("digest", "DIGEST", "摘要").width(8, 9).spread().drop_priority(3),
        Column::figure("size", "SIZE", "大小").width(7, 9).drop_priority(2),
        Column::figure("pushed", "PUSHED", "推送").width(6, 12).drop_priority(1),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        repository_rows::tags(fleet, scope)
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(row_of_repository, tag)| format!("{}:{}", row_of_repository.name(), tag.name()).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((row_of_repository, tag)) = at(cx.fleet, row) else { return Mark::None };
        let mut mark = Mark::Good;
        for registry in repository_rows::group_of(cx.fleet, row_of_repository.registry) {
            match repository_rows::digest(cx.fleet, registry, row_of_repository.name(), tag.name()) {
                Presence::Here(digest) if digest == tag.artifact().digest() => {}
                Presence::Unknown => mark = Mark::Unknown,
                Presence::Here(_) | Presence::Absent => return Mark::Warn,
            }
        }
        mark
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((row_of_repository, tag)) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "repository" => Fact::words(row_of_repository.name()),
            "name" => Fact::Name(Cow::Borrowed(tag.name())),
            "size" => Fact::Bytes(tag.artifact().size()),
            "pushed" => tag.pushed().or_else(|| tag.artifact().pushed()).map_or(Fact::Unknown, |at| Fact::Since(here(cx.fleet, row_of_repository.registry, at))),
            _ => Fact::Unknown,
        }
    }

    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        all(fleet)
    }

    fn part<'a>(&self, cx: &Context<'a>, row: RowId, _: &str, registry: usize) -> Fact<'a> {
        let Some((row_of_repository, tag)) = at(cx.fleet, row) else { return Fact::Unknown };
        match repository_rows::digest(cx.fleet, registry, row_of_repository.name(), tag.name()) {
            Presence::Here(digest) => Fact::Words(Cow::Owned(digest.to_string())),
            Presence::Absent => Fact::Absent,
            Presence::Unknown => Fact::Unknown,
        }
    }

    /// The first one that has it says its digest, those that have the same `=`, those that differ theirs.
    fn render_part(&self, cx: &Context<'_>, row: RowId, _: &str, registry: usize) -> Option<Cell> {
        let (row_of_repository, tag) = at(cx.fleet, row)?;
        let of = |at: usize| repository_rows::digest(cx.fleet, at, row_of_repository.name(), tag.name());
        let first = all(cx.fleet).into_iter().find_map(|head| of(head.registry).here().map(|digest| (head.registry, digest)));
        match (of(registry), first) {
            (Presence::Here(digest), Some((at, _))) if at == registry => Some(Cell::plain(short(digest))),
            (Presence::Here(digest), Some((_, first))) if digest == first => Some(Cell::plain("=")),
            (Presence::Here(digest), _) => Some(Cell::new(short(digest), Tone::Warn)),
            (Presence::Absent, _) => Some(missing(cx, &row_of_repository, registry)),
            (Presence::Unknown, _) => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some((row_of_repository, tag)) = at(cx.fleet, row) {
            out.push_str(row_of_repository.name());
            out.push(':');
            out.push_str(tag.name());
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((row_of_repository, tag)) = at(cx.fleet, row) else { return Vec::new() };
        let of = |registry: usize| repository_rows::packed(cx.fleet, registry, row_of_repository.name()).here().and_then(|packed| packed.tag(tag.name()));
        let pushed = |registry: usize| of(registry).and_then(PackedTag::pushed).map_or(Value::Null, |at| json!(at.rfc3339()));
        let is_in = |registry: usize| json!(repository_rows::digest(cx.fleet, registry, row_of_repository.name(), tag.name()).is_here());
        let heads = all(cx.fleet);
        vec![
            ("tag", json!(tag.name())),
            ("project", json!(row_of_repository.project.map(|project| &project.project.name))),
            ("is_in", by_registry(&heads, &is_in)),
            ("pushed_in", by_registry(&heads, &pushed)),
        ]
    }

    fn holders(&self, fleet: &Fleet, row: RowId) -> Vec<usize> {
        at(fleet, row).map_or_else(Vec::new, |(row_of_repository, _)| row_of_repository.holders(fleet))
    }

    fn project<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f str> {
        at(fleet, row)?.0.project_name()
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<(RepositoryRow<'_>, PackedTag<'_>)> {
    let row_of_repository = RepositoryRow::at(fleet, row)?;
    let tag = row_of_repository.repository.artifacts.as_deref()?.tag_at(row.c as usize)?;
    Some((row_of_repository, tag))
}

fn short(digest: &Digest) -> String {
    digest.short().chars().take(DIGITS).chain(['…']).collect()
}
