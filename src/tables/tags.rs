//! Tags over all registries: one row a tag, with the digest that it has in each.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::artifacts::missing;
use super::fact::Fact;
use super::holders::{all, by_registry, here};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Scope, Tone};
use super::shelves::{self, Shelf};
use super::spread::Head;
use super::table::Table;
use crate::model::artifact::{Digest, PackedTag};
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;
use crate::model::union::Held;

/// A row is the first place where the tag is.
#[derive(Debug)]
pub(super) struct Tags;

/// Digits of a digest that people are shown: enough to tell two apart on one row.
const DIGITS: usize = 7;

impl Table for Tags {
    const NAME: &'static str = "tags";
    const TITLE: Text = Text::new("Tags", "标签");
    const QUESTIONS: &'static [Question] = shelves::QUESTIONS;
    const COLUMNS: &'static [Column] = &[
        Column::words("repository", "REPOSITORY", "镜像仓库").width(10, 32),
        Column::words("name", "TAG", "标签").width(6, 24),
        Column::words("digest", "DIGEST", "摘要").width(8, 9).spread().fades(3),
        Column::figure("size", "SIZE", "大小").width(7, 9).fades(2),
        Column::figure("pushed", "PUSHED", "推送").width(6, 12).fades(1),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        shelves::tags(fleet, scope)
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(shelf, tag)| format!("{}:{}", shelf.name(), tag.name()).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((shelf, tag)) = at(cx.fleet, row) else { return Mark::None };
        let mut mark = Mark::Good;
        for registry in shelves::group_of(cx.fleet, shelf.registry) {
            match shelves::digest(cx.fleet, registry, shelf.name(), tag.name()) {
                Held::Here(digest) if digest == tag.artifact().digest() => {}
                Held::Unknown => mark = Mark::Unknown,
                Held::Here(_) | Held::Absent => return Mark::Warn,
            }
        }
        mark
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((shelf, tag)) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "repository" => Fact::words(shelf.name()),
            "name" => Fact::Name(Cow::Borrowed(tag.name())),
            "size" => Fact::Bytes(tag.artifact().size()),
            "pushed" => tag.pushed().or_else(|| tag.artifact().pushed()).map_or(Fact::Unknown, |at| Fact::Since(here(cx.fleet, shelf.registry, at))),
            _ => Fact::Unknown,
        }
    }

    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        all(fleet)
    }

    fn part<'a>(&self, cx: &Context<'a>, row: RowId, _: &str, registry: usize) -> Fact<'a> {
        let Some((shelf, tag)) = at(cx.fleet, row) else { return Fact::Unknown };
        match shelves::digest(cx.fleet, registry, shelf.name(), tag.name()) {
            Held::Here(digest) => Fact::Words(Cow::Owned(digest.to_string())),
            Held::Absent => Fact::Absent,
            Held::Unknown => Fact::Unknown,
        }
    }

    /// The first one that has it says its digest, those that have the same `=`, those that differ theirs.
    fn part_dressed(&self, cx: &Context<'_>, row: RowId, _: &str, registry: usize) -> Option<Cell> {
        let (shelf, tag) = at(cx.fleet, row)?;
        let of = |at: usize| shelves::digest(cx.fleet, at, shelf.name(), tag.name());
        let first = all(cx.fleet).into_iter().find_map(|head| of(head.registry).here().map(|digest| (head.registry, digest)));
        match (of(registry), first) {
            (Held::Here(digest), Some((at, _))) if at == registry => Some(Cell::plain(short(digest))),
            (Held::Here(digest), Some((_, first))) if digest == first => Some(Cell::plain("=")),
            (Held::Here(digest), _) => Some(Cell::new(short(digest), Tone::Warn)),
            (Held::Absent, _) => Some(missing(cx, &shelf, registry)),
            (Held::Unknown, _) => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some((shelf, tag)) = at(cx.fleet, row) {
            out.push_str(shelf.name());
            out.push(':');
            out.push_str(tag.name());
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((shelf, tag)) = at(cx.fleet, row) else { return Vec::new() };
        let of = |registry: usize| shelves::packed(cx.fleet, registry, shelf.name()).here().and_then(|packed| packed.tag(tag.name()));
        let pushed = |registry: usize| of(registry).and_then(PackedTag::pushed).map_or(Value::Null, |at| json!(at.rfc3339()));
        let is_in = |registry: usize| json!(shelves::digest(cx.fleet, registry, shelf.name(), tag.name()).is_here());
        let heads = all(cx.fleet);
        vec![
            ("tag", json!(tag.name())),
            ("project", json!(shelf.project.map(|project| &project.project.name))),
            ("is_in", by_registry(&heads, &is_in)),
            ("pushed_in", by_registry(&heads, &pushed)),
        ]
    }

    fn holders(&self, fleet: &Fleet, row: RowId) -> Vec<usize> {
        at(fleet, row).map_or_else(Vec::new, |(shelf, _)| shelf.holders(fleet))
    }

    fn project<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f str> {
        at(fleet, row)?.0.project_name()
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<(Shelf<'_>, PackedTag<'_>)> {
    let shelf = Shelf::at(fleet, row)?;
    let tag = shelf.repository.artifacts.as_deref()?.tag_at(row.c as usize)?;
    Some((shelf, tag))
}

fn short(digest: &Digest) -> String {
    digest.short().chars().take(DIGITS).chain(['…']).collect()
}
