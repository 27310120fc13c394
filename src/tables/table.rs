//! How a file of this floor says what its noun is; every [`Table`] is a [`Noun`].

use std::fmt::Debug;
use std::sync::Arc;

use serde_json::Value;

use super::fact::Fact;
use super::noun::{Age, Cell, Column, Context, Direction, Mark, Noun, RowId, RowKey, Scope, SortKey, Sought};
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::host::Host;
use crate::model::registry::Question;
use crate::model::text::Text;

/// A noun, said once: a fact for each column key, from which cells, values and sort keys follow.
pub(super) trait Table: Sync + Debug {
    const NAME: &'static str;
    const TITLE: Text;
    const COLUMNS: &'static [Column];
    /// A column's key and a direction.
    const FIRST_SORT: Option<(&'static str, Direction)> = None;
    const IS_TREE: bool = false;
    /// What each registry has to be asked for these rows: [`Noun::questions`].
    const QUESTIONS: &'static [Question] = &[];
    /// Keys of columns whose sort keys change with the time or with live figures.
    const MOVING: &'static [&'static str] = &[];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId>;
    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey;
    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark;
    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a>;
    /// The cell where it says more or less than the fact: `running 2d`, `22/24`.
    fn dressed(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let _ = (cx, row, key);
        None
    }
    /// Words under a column that people know and its fact does not say: an IDC's title, a state in Chinese.
    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        let _ = (cx, row, key, out);
    }
    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String);
    /// Of rows that are, or are on, one endpoint.
    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        let _ = (fleet, row);
        None
    }
    fn age(&self, cx: &Context<'_>, row: RowId) -> Age {
        self.freshness(cx.fleet, row).map_or(Age { seconds: None, stale: false }, |f| super::fresh::age(f, cx.now))
    }
    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let _ = (cx, row);
        Vec::new()
    }
    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let _ = (fleet, row);
        Scope::default()
    }
    fn total(&self, cx: &Context<'_>) -> Option<Vec<Cell>> {
        let _ = cx;
        None
    }
    fn opens(&self, fleet: &Fleet, row: RowId) -> bool {
        let _ = (fleet, row);
        false
    }
    /// Of long lists: [`Noun::origin`].
    fn origin<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Arc<Host>> {
        let _ = (fleet, row);
        None
    }
    fn row_of(&self, fleet: &Fleet, key: &str) -> Sought {
        let _ = (fleet, key);
        Sought::LookForIt
    }
}

impl<T: Table> Noun for T {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn title(&self) -> Text {
        T::TITLE
    }

    fn columns(&self) -> &'static [Column] {
        T::COLUMNS
    }

    fn questions(&self) -> &'static [Question] {
        T::QUESTIONS
    }

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        Table::rows(self, fleet, scope)
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        Table::key(self, fleet, row)
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        Table::mark(self, cx, row)
    }

    fn cell(&self, cx: &Context<'_>, row: RowId, column: usize) -> Cell {
        let Some(column) = T::COLUMNS.get(column) else { return Cell::default() };
        self.dressed(cx, row, column.key).unwrap_or_else(|| self.fact(cx, row, column.key).cell(cx))
    }

    fn value(&self, cx: &Context<'_>, row: RowId, column: usize) -> Value {
        T::COLUMNS.get(column).map_or(Value::Null, |column| self.fact(cx, row, column.key).value())
    }

    fn sort_key(&self, cx: &Context<'_>, row: RowId, column: usize) -> SortKey {
        T::COLUMNS.get(column).map_or(SortKey::Unknown, |column| self.fact(cx, row, column.key).sort_key(cx))
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        Table::haystack(self, cx, row, out);
    }

    fn say(&self, cx: &Context<'_>, row: RowId, column: usize, out: &mut String) {
        if let Some(column) = T::COLUMNS.get(column) {
            self.fact(cx, row, column.key).say(out);
            self.aliases(cx, row, column.key, out);
        }
    }

    fn overdue(&self, cx: &Context<'_>, row: RowId) -> Option<(Option<Stamp>, Text)> {
        self.freshness(cx.fleet, row).and_then(super::fresh::overdue)
    }

    fn is_tree(&self) -> bool {
        T::IS_TREE
    }

    fn opens(&self, fleet: &Fleet, row: RowId) -> bool {
        Table::opens(self, fleet, row)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        Table::extra(self, cx, row)
    }

    fn age(&self, cx: &Context<'_>, row: RowId) -> Age {
        Table::age(self, cx, row)
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Table::under(self, fleet, row)
    }

    fn total(&self, cx: &Context<'_>) -> Option<Vec<Cell>> {
        Table::total(self, cx)
    }

    fn origin<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Arc<Host>> {
        Table::origin(self, fleet, row)
    }

    fn moves(&self, column: usize) -> bool {
        T::COLUMNS.get(column).is_none_or(|column| T::MOVING.contains(&column.key))
    }

    fn row_of(&self, fleet: &Fleet, key: &str) -> Sought {
        Table::row_of(self, fleet, key)
    }

    fn first_sort(&self) -> Option<(usize, Direction)> {
        let (key, direction) = T::FIRST_SORT?;
        T::COLUMNS.iter().position(|c| c.key == key).map(|at| (at, direction))
    }
}
