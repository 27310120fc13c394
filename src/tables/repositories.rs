//! Repositories over all registries by their full name, with what each registry has of them.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::holders::{all, by_registry, here};
use super::noun::{Column, Context, Mark, RowId, RowKey};
use super::scope::Scope;
use super::repository_rows::{self, RepositoryRow};
use super::spread::Head;
use super::table::Table;
use crate::model::artifact::{PackedArtifact, Repository};
use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::registry::{Question, RepositoryHoldings};
use crate::model::text::Text;
use crate::model::union::Presence;

/// A row is the first place where the repository is.
#[derive(Debug)]
pub(super) struct Repositories;

impl Table for Repositories {
    const NAME: &'static str = "repositories";
    const TITLE: Text = Text::new("Repositories", "镜像仓库");
    const QUESTIONS: &'static [Question] = repository_rows::QUESTIONS;
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "REPOSITORY", "镜像仓库").width(12, 40),
        Column::figure("artifacts", "ARTIFACTS", "制品").width(6, 9).spread().drop_priority(3),
        Column::figure("tags", "TAGS", "标签").width(4, 6).drop_priority(4),
        Column::figure("size", "SIZE", "大小").width(7, 9).drop_priority(2),
        Column::figure("pulls", "PULLS", "拉取").width(5, 8).drop_priority(5),
        Column::figure("updated", "UPDATED", "更新").width(7, 12).drop_priority(1),
        Column::figure("created", "CREATED", "创建").width(7, 12).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        repository_rows::repositories(fleet, scope).into_values().filter_map(|places| places.first().copied()).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        RepositoryRow::at(fleet, row).map_or_else(|| "".into(), |row_of_repository| Arc::clone(row_of_repository.name()))
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some(row_of_repository) = RepositoryRow::at(cx.fleet, row) else { return Mark::None };
        let mut mark = Mark::Good;
        for registry in repository_rows::group_of(cx.fleet, row_of_repository.registry) {
            match repository_rows::find(cx.fleet, registry, row_of_repository.name()) {
                Presence::Absent => return Mark::Warn,
                Presence::Unknown => mark = Mark::Unknown,
                Presence::Here(_) => {}
            }
        }
        if cx.fleet.registries[row_of_repository.registry].freshness.is_stale() { Mark::Unknown } else { mark }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(row_of_repository) = RepositoryRow::at(cx.fleet, row) else { return Fact::Unknown };
        let of = |told: &dyn Fn(&Repository) -> Option<u64>| known(cx.fleet, &row_of_repository, |r| told(&r.repository));
        match key {
            "name" => Fact::Name(Cow::Borrowed(row_of_repository.name())),
            "tags" => most(known(cx.fleet, &row_of_repository, |r| r.whole().map(|packed| packed.tag_count() as u64))),
            "size" => {
                let size = |r: &RepositoryHoldings| r.whole().map(|all| all.iter().map(PackedArtifact::size).sum());
                known(cx.fleet, &row_of_repository, size).into_iter().max().map_or(Fact::Unknown, Fact::Bytes)
            }
            "pulls" => {
                let pulls = of(&|r| r.pulls);
                if pulls.is_empty() { Fact::Unknown } else { Fact::Count(pulls.into_iter().sum()) }
            }
            "updated" => times(cx.fleet, &row_of_repository, |r| r.repository.updated).max().map_or(Fact::Unknown, Fact::Since),
            "created" => times(cx.fleet, &row_of_repository, |r| r.repository.created).min().map_or(Fact::Unknown, Fact::Since),
            _ => Fact::Unknown,
        }
    }

    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        all(fleet)
    }

    fn part<'a>(&self, cx: &Context<'a>, row: RowId, _: &str, registry: usize) -> Fact<'a> {
        let Some(row_of_repository) = RepositoryRow::at(cx.fleet, row) else { return Fact::Unknown };
        match repository_rows::find(cx.fleet, registry, row_of_repository.name()) {
            Presence::Here(here) => {
                let counted = here.whole().map(|packed| packed.len() as u64).or(here.repository.artifacts);
                counted.map_or(Fact::Unknown, Fact::Count)
            }
            Presence::Absent => Fact::Absent,
            Presence::Unknown => Fact::Unknown,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(row_of_repository) = RepositoryRow::at(cx.fleet, row) {
            out.push_str(row_of_repository.name());
            if let Some(words) = &row_of_repository.repository.repository.description {
                out.push(' ');
                out.push_str(words);
            }
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(row_of_repository) = RepositoryRow::at(cx.fleet, row) else { return Vec::new() };
        let is_in = |registry: usize| json!(repository_rows::find(cx.fleet, registry, row_of_repository.name()).is_here());
        let tags = |registry| repository_rows::find(cx.fleet, registry, row_of_repository.name()).here().and_then(|r| r.whole()).map_or(Value::Null, |packed| json!(packed.tag_count()));
        let heads = all(cx.fleet);
        vec![
            ("repository", json!(row_of_repository.name())),
            ("project", json!(row_of_repository.project.map(|project| &project.project.name))),
            ("is_in", by_registry(&heads, &is_in)),
            ("tags_in", by_registry(&heads, &tags)),
            ("description", json!(row_of_repository.repository.repository.description)),
        ]
    }

    fn holders(&self, fleet: &Fleet, row: RowId) -> Vec<usize> {
        RepositoryRow::at(fleet, row).map_or_else(Vec::new, |row_of_repository| row_of_repository.holders(fleet))
    }

    fn project<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f str> {
        RepositoryRow::at(fleet, row)?.project_name()
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let row_of_repository = RepositoryRow::at(fleet, row);
        Scope {
            project: row_of_repository.and_then(|row_of_repository| row_of_repository.project).map(|project| Arc::clone(&project.project.name)),
            repository: row_of_repository.map(|row_of_repository| Arc::clone(row_of_repository.name())),
            ..Scope::default()
        }
    }
}

/// What each registry that has it tells.
fn known<T>(fleet: &Fleet, row_of_repository: &RepositoryRow<'_>, told: impl Fn(&RepositoryHoldings) -> Option<T>) -> Vec<T> {
    (0..fleet.registries.len()).filter_map(|at| told(repository_rows::find(fleet, at, row_of_repository.name()).here()?)).collect()
}

/// Moments in all registries that have it, by our clock.
fn times(fleet: &Fleet, row_of_repository: &RepositoryRow<'_>, told: impl Fn(&RepositoryHoldings) -> Option<Stamp>) -> impl Iterator<Item = Stamp> {
    (0..fleet.registries.len()).filter_map(move |at| {
        let theirs = told(repository_rows::find(fleet, at, row_of_repository.name()).here()?)?;
        Some(here(fleet, at, theirs))
    })
}

fn most<'a>(counts: Vec<u64>) -> Fact<'a> {
    counts.into_iter().max().map_or(Fact::Unknown, Fact::Count)
}
