//! Columns that spread over registries: one column by its key, for people a part a registry.
//!
//! A part has a place of its own beside the columns' places, so that it is drawn, sorted and exported like a column.

use std::sync::Arc;

use super::noun::{Cell, Column, Mark, Noun, Tone};
use crate::model::fleet::Fleet;
use crate::model::text::{Lang, clean};

/// Places of parts begin here; columns have the places below.
const FIRST_PART: usize = 1 << 16;

/// What stands over one part of a spread column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The registry's index in the Fleet.
    pub registry: usize,
    /// Its name: `access.NAME` in CSV, the key of the JSON object.
    pub name: Arc<str>,
    /// The IDC's title, or the registry's name where the IDC has several.
    pub title: String,
    /// `None` while the registry answers.
    pub mark: Mark,
}

/// A column as it is drawn: a whole one, or the part of a spread one.
#[derive(Clone, Debug)]
pub struct Lane {
    pub place: usize,
    pub column: &'static Column,
    pub head: Option<Head>,
}

impl Lane {
    #[must_use]
    pub fn title(&self, lang: Lang) -> &str {
        self.head.as_ref().map_or_else(|| self.column.title.get(lang), |head| &head.title)
    }

    /// With the column's title before the registry: `ACCESS 土城`.
    #[must_use]
    pub fn label(&self, lang: Lang) -> String {
        let title = self.column.title.get(lang);
        self.head.as_ref().map_or_else(|| title.to_owned(), |head| format!("{title} {}", head.title))
    }

    /// `idc`, `access.yongfeng`.
    #[must_use]
    pub fn key(&self) -> String {
        self.head.as_ref().map_or_else(|| self.column.key.to_owned(), |head| format!("{}.{}", self.column.key, clean(&head.name)))
    }
}

/// The place of the part of a column that one registry has.
#[must_use]
pub fn part(column: usize, registry: usize) -> usize {
    column + (registry + 1) * FIRST_PART
}

/// A place as its column and, of a part, the registry's index.
#[must_use]
pub fn split(place: usize) -> (usize, Option<usize>) {
    (place % FIRST_PART, (place / FIRST_PART).checked_sub(1))
}

/// Everything that is drawn of a noun, from left to right.
#[must_use]
pub fn lanes(noun: &dyn Noun, fleet: &Fleet) -> Vec<Lane> {
    let heads = noun.spread(fleet);
    let mut lanes = Vec::new();
    for (place, column) in noun.columns().iter().enumerate() {
        if column.spread {
            lanes.extend(heads.iter().map(|head| Lane { place: part(place, head.registry), column, head: Some(head.clone()) }));
        } else {
            lanes.push(Lane { place, column, head: None });
        }
    }
    lanes
}

/// Heads for these registries of a Fleet.
pub(super) fn heads(fleet: &Fleet, wanted: impl Fn(usize) -> bool) -> Vec<Head> {
    let all: Vec<_> = fleet.registries.iter().enumerate().filter(|(at, _)| wanted(*at)).collect();
    let alone = |idc: &str| all.iter().filter(|(_, r)| &*r.spec.idc == idc).count() == 1;
    let mut heads: Vec<(usize, Head)> = all
        .iter()
        .map(|(registry, r)| {
            let title = if alone(&r.spec.idc) { super::idc_title(fleet, &r.spec.idc) } else { clean(&r.spec.name) }.into_owned();
            let mark = if r.freshness.is_stale() { Mark::Unknown } else { Mark::None };
            let mark = if r.freshness.fault.is_some() { Mark::Bad } else { mark };
            let idc = fleet.idcs.iter().position(|i| i.name == r.spec.idc).unwrap_or(usize::MAX);
            (idc, Head { registry: *registry, name: Arc::clone(&r.spec.name), title, mark })
        })
        .collect();
    // As people think of their places: in the order of the config's IDCs.
    heads.sort_by_key(|(idc, head)| (*idc, head.registry));
    heads.into_iter().map(|(_, head)| head).collect()
}

/// What stands for parts that have no room: whether they say the same as the first one that is shown.
#[must_use]
pub fn rest(shown: Option<&Cell>, hidden: &[&Cell]) -> Cell {
    let Some(first) = shown.or(hidden.first().copied()) else { return Cell::default() };
    if hidden.iter().all(|cell| cell.text.is_empty()) {
        return Cell::default();
    }
    if hidden.iter().any(|cell| cell.tone == Tone::Unknown) {
        return Cell::unknown();
    }
    if hidden.iter().all(|cell| cell.text == first.text) {
        return Cell::new("=", Tone::Dim);
    }
    let is_bad = hidden.iter().any(|cell| cell.tone == Tone::Bad);
    Cell::new("!=", if is_bad { Tone::Bad } else { Tone::Warn })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_column_or_its_part() {
        assert_eq!(split(3), (3, None));
        for registry in [0, 1, 254, 70_000] {
            assert_eq!(split(part(3, registry)), (3, Some(registry)));
        }
    }

    #[test]
    fn what_has_no_room_is_not_hidden() {
        let [same, other, bad] =
            [("private", Tone::Plain), ("public", Tone::Plain), ("public", Tone::Bad)].map(|(t, tone)| Cell::new(t, tone));
        assert_eq!(rest(Some(&same), &[&same, &same]).text, "=");
        assert_eq!(rest(Some(&same), &[&same, &other]), Cell::new("!=", Tone::Warn));
        assert_eq!(rest(Some(&same), &[&other, &bad]).tone, Tone::Bad);
        assert_eq!(rest(Some(&same), &[&same, &Cell::unknown()]).text, "?");
        assert_eq!(rest(None, &[]), Cell::default());
    }
}
