//! How a file of this floor says what its noun is; every [`Table`] is a [`Noun`].

use std::fmt::Debug;
use std::sync::Arc;

use serde_json::Value;

use super::fact::Fact;
use super::holders;
use super::noun::{Age, Cell, Column, Context, Direction, KeyLookup, Mark, Noun, RowId, RowKey, SortKey};
use super::scope::Scope;
use super::spread::{Head, split};
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fault::Fault;
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
    /// Of a column that spreads nobody asks it.
    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a>;
    /// Over which registries its spread columns go.
    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        let _ = fleet;
        Vec::new()
    }
    /// One registry's part of a column that spreads.
    fn part<'a>(&self, cx: &Context<'a>, row: RowId, key: &str, registry: usize) -> Fact<'a> {
        let _ = (cx, row, key, registry);
        Fact::Unknown
    }
    /// The part's cell where it says more or less than the fact.
    fn render_part(&self, cx: &Context<'_>, row: RowId, key: &str, registry: usize) -> Option<Cell> {
        let _ = (cx, row, key, registry);
        None
    }
    /// The cell where it says more or less than the fact: `running 2d`, `22/24`.
    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
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
    /// Of rows that stand in several registries: in which, by their places in the Fleet.
    fn holders(&self, fleet: &Fleet, row: RowId) -> Vec<usize> {
        let _ = (fleet, row);
        Vec::new()
    }
    /// The project that a row is of: what it was refused concerns the row.
    fn project<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f str> {
        let _ = (fleet, row);
        None
    }
    fn age(&self, cx: &Context<'_>, row: RowId) -> Age {
        match self.freshness(cx.fleet, row) {
            Some(freshness) => super::fresh::age(freshness, cx.now),
            None => holders::age(cx, self.holders(cx.fleet, row).into_iter()),
        }
    }
    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let _ = (cx, row);
        Vec::new()
    }
    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let _ = (fleet, row);
        Scope::default()
    }
    /// What the registries that it spreads over refused of its questions.
    fn causes(&self, cx: &Context<'_>, row: RowId) -> Vec<(Arc<Fault>, Option<Stamp>)> {
        holders::causes(cx.fleet, &self.spread(cx.fleet), self.project(cx.fleet, row), Self::QUESTIONS)
    }
    fn staleness(&self, cx: &Context<'_>, row: RowId) -> Option<(Option<Stamp>, Text)> {
        match self.freshness(cx.fleet, row) {
            Some(freshness) => super::fresh::staleness(freshness),
            None => holders::staleness(cx.fleet, self.holders(cx.fleet, row).into_iter()),
        }
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
    fn row_of(&self, fleet: &Fleet, key: &str) -> KeyLookup {
        let _ = (fleet, key);
        KeyLookup::Scan
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

    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        Table::spread(self, fleet)
    }

    fn cell(&self, cx: &Context<'_>, row: RowId, column: usize) -> Cell {
        match place::<T>(column) {
            Place::Whole(key) => self.render(cx, row, key).unwrap_or_else(|| self.fact(cx, row, key).cell(cx)),
            Place::Part(key, registry) => part_cell(self, cx, row, (key, registry)),
            Place::Spread(key) => {
                let heads = Table::spread(self, cx.fleet);
                let cells = heads.iter().map(|head| part_cell(self, cx, row, (key, head.registry)).text);
                let mut words: Vec<String> = cells.collect();
                if words.windows(2).all(|two| two[0] == two[1]) {
                    words.truncate(1);
                }
                if words.is_empty() { Cell::new("-", super::noun::Tone::Dim) } else { Cell::plain(words.join(" ")) }
            }
            Place::Absent => Cell::default(),
        }
    }

    fn value(&self, cx: &Context<'_>, row: RowId, column: usize) -> Value {
        match place::<T>(column) {
            Place::Whole(key) => self.fact(cx, row, key).value(),
            Place::Part(key, registry) => self.part(cx, row, key, registry).value(),
            Place::Spread(key) => {
                let heads = Table::spread(self, cx.fleet);
                let parts = heads.iter().map(|head| (head.name.to_string(), self.part(cx, row, key, head.registry).value()));
                Value::Object(parts.collect())
            }
            Place::Absent => Value::Null,
        }
    }

    fn sort_key(&self, cx: &Context<'_>, row: RowId, column: usize) -> SortKey {
        match place::<T>(column) {
            Place::Whole(key) => self.fact(cx, row, key).sort_key(cx),
            Place::Part(key, registry) => self.part(cx, row, key, registry).sort_key(cx),
            Place::Spread(key) => {
                let heads = Table::spread(self, cx.fleet);
                let mut words = String::new();
                for head in &heads {
                    self.part(cx, row, key, head.registry).say(&mut words);
                    words.push(' ');
                }
                words.make_ascii_lowercase();
                if words.is_empty() { SortKey::Unknown } else { SortKey::Words(words) }
            }
            Place::Absent => SortKey::Unknown,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        Table::haystack(self, cx, row, out);
    }

    fn say(&self, cx: &Context<'_>, row: RowId, column: usize, out: &mut String) {
        match place::<T>(column) {
            Place::Whole(key) => {
                self.fact(cx, row, key).say(out);
                self.aliases(cx, row, key, out);
            }
            Place::Part(key, registry) => say_part(self, cx, row, (key, registry), out),
            Place::Spread(key) => {
                for head in Table::spread(self, cx.fleet) {
                    say_part(self, cx, row, (key, head.registry), out);
                    out.push(' ');
                }
            }
            Place::Absent => {}
        }
    }

    fn staleness(&self, cx: &Context<'_>, row: RowId) -> Option<(Option<Stamp>, Text)> {
        Table::staleness(self, cx, row)
    }

    fn causes(&self, cx: &Context<'_>, row: RowId) -> Vec<(Arc<Fault>, Option<Stamp>)> {
        Table::causes(self, cx, row)
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

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        Table::freshness(self, fleet, row)
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

    fn is_volatile(&self, column: usize) -> bool {
        T::COLUMNS.get(column).is_none_or(|column| T::MOVING.contains(&column.key))
    }

    fn row_of(&self, fleet: &Fleet, key: &str) -> KeyLookup {
        Table::row_of(self, fleet, key)
    }

    fn first_sort(&self) -> Option<(usize, Direction)> {
        let (key, direction) = T::FIRST_SORT?;
        T::COLUMNS.iter().position(|c| c.key == key).map(|at| (at, direction))
    }
}

/// What stands at a place.
enum Place {
    Whole(&'static str),
    Spread(&'static str),
    Part(&'static str, usize),
    Absent,
}

fn place<T: Table>(place: usize) -> Place {
    let (column, part) = split(place);
    match (T::COLUMNS.get(column), part) {
        (Some(column), Some(registry)) if column.spread => Place::Part(column.key, registry),
        (Some(column), None) if column.spread => Place::Spread(column.key),
        (Some(column), None) => Place::Whole(column.key),
        _ => Place::Absent,
    }
}

fn part_cell<T: Table>(table: &T, cx: &Context<'_>, row: RowId, (key, registry): (&str, usize)) -> Cell {
    table.render_part(cx, row, key, registry).unwrap_or_else(|| table.part(cx, row, key, registry).cell(cx))
}

fn say_part<T: Table>(table: &T, cx: &Context<'_>, row: RowId, (key, registry): (&str, usize), out: &mut String) {
    table.part(cx, row, key, registry).say(out);
    if let Some(cell) = table.render_part(cx, row, key, registry) {
        out.push(' ');
        out.push_str(&cell.text);
    }
}
