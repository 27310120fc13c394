//! One table as a person looks at it: which rows, in which order, which one is selected, which are marked.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::worker::{Ask, Sheet, Urgency};
use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::live::Live;
use crate::model::text::{Lang, Text};
use crate::tables::row_cache::Folding;
use crate::tables::sort::Order;
use crate::tables::spread::lanes;
use crate::tables::{Direction, Filter, Noun, RowId, RowKey, Scope, is_live};

/// How far a row that moved is looked for on the drawing thread.
const NEARBY: usize = 64;
/// Most rows that can be marked at once: an operation over more is not what a person means.
pub(super) const MARKS_MAX: usize = 10_000;

/// The facts that rows and cells are made from at one moment.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub fleet: Arc<Fleet>,
    pub live: Arc<Live>,
    pub now: Stamp,
    pub lang: Lang,
    pub zone: TimeZone,
}

/// Where things were put when the table was last drawn, for the mouse and for paging.
#[derive(Clone, Debug, Default)]
pub(super) struct Drawn {
    /// The rows, without the head.
    pub rows: Rect,
    /// Place of a column or of a part of one, and where it stands: from, to (exclusive).
    pub columns: Vec<(usize, u16, u16)>,
    /// Widest cell seen so far, one each: columns grow but never jump back.
    pub widest: Vec<u16>,
}

/// A table's state. Drawing changes only what is in cells.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub noun: &'static dyn Noun,
    pub scope: Arc<Scope>,
    /// What one went into to come here: a crumb a step.
    pub crumb: Option<String>,
    pub filter_text: String,
    filter: Arc<Filter>,
    pub problem: Option<Text>,
    pub sort: Option<Order>,
    pub at: usize,
    hold: Hold,
    /// The row that is described at the right; it follows the bar when the bar rests.
    pub described: usize,
    pub selected: Option<RowKey>,
    pub marks: BTreeSet<RowKey>,
    pub sheet: Option<Arc<Sheet>>,
    pub generation: u64,
    pub offset: Cell<usize>,
    pub drawn: RefCell<Drawn>,
}

impl Listing {
    pub(super) fn new(noun: &'static dyn Noun, scope: Scope, crumb: Option<String>) -> Self {
        Self {
            noun,
            scope: Arc::new(scope),
            crumb,
            filter_text: String::new(),
            filter: Arc::default(),
            problem: None,
            sort: noun.first_sort().map(|(column, direction)| Order { column, direction }),
            at: 0,
            hold: Hold::Top,
            described: 0,
            selected: None,
            marks: BTreeSet::new(),
            sheet: None,
            generation: 0,
            offset: Cell::new(0),
            drawn: RefCell::default(),
        }
    }

    /// What to ask of the worker to lay this table out from these facts.
    pub(super) fn ask(&self, moment: &Moment, urgency: Urgency, words: Folding) -> Ask {
        Ask {
            generation: self.generation,
            urgency,
            noun: self.noun,
            fleet: Arc::clone(&moment.fleet),
            live: Arc::clone(&moment.live),
            now: moment.now,
            lang: moment.lang,
            zone: moment.zone.clone(),
            scope: Arc::clone(&self.scope),
            filter: Arc::clone(&self.filter),
            words,
            sort: self.sort,
            selected: self.selected.clone(),
            near: self.at,
        }
    }

    /// Takes an answer of the worker; the sheet before, which must be let go off the drawing thread. `Err` gives back one that is too old.
    pub(super) fn take(&mut self, sheet: Arc<Sheet>) -> Result<Option<Arc<Sheet>>, Arc<Sheet>> {
        if sheet.generation != self.generation {
            return Err(sheet);
        }
        let before_at = self.at;
        self.at = if self.hold == Hold::Top {
            0
        } else if sheet.selected == self.selected {
            sheet.found.unwrap_or(self.at)
        } else {
            // The person moved on while the worker was at it: the same row is near where it was.
            let moved = sheet.found.map_or(self.at, |found| (found + self.at).saturating_sub(sheet.near));
            let near = |away: usize| [moved.checked_add(away), moved.checked_sub(away)];
            let is = |at: &usize| sheet.rows.get(*at).is_some_and(|r| Some(sheet.noun.key(&sheet.fleet, *r)) == self.selected);
            (0..NEARBY).flat_map(near).flatten().find(is).unwrap_or(moved)
        };
        self.at = self.at.min(sheet.rows.len().saturating_sub(1));
        // The same row keeps its description; one that was not described yet still waits for its turn.
        let was_described = self.described == before_at || self.sheet.as_ref().is_none_or(|old| old.generation != sheet.generation);
        self.described = if was_described { self.at } else { self.described.min(sheet.rows.len().saturating_sub(1)) };
        let before = self.sheet.replace(sheet);
        self.settle();
        Ok(before)
    }

    /// Narrows by what was typed so far. A filter that cannot be read leaves the one before and is a message.
    pub(super) fn narrow(&mut self, text: &str) {
        text.clone_into(&mut self.filter_text);
        match Filter::parse(text, self.noun) {
            Ok(filter) => {
                self.filter = Arc::new(filter);
                self.problem = None;
            }
            Err(fault) => self.problem = Some(fault.cause),
        }
    }

    /// True where the order or the filter looks at live figures, which change without the Fleet.
    pub(super) fn follows_figures(&self) -> bool {
        self.sort.is_some_and(|order| is_live(self.noun, order.column)) || self.filter.follows_figures(self.noun)
    }

    pub(super) fn rows(&self) -> &[RowId] {
        self.sheet.as_ref().map_or(&[], |s| &s.rows)
    }

    /// The row under the bar, in the Fleet that it points into.
    pub(super) fn row(&self) -> Option<(&Arc<Sheet>, RowId)> {
        let sheet = self.sheet.as_ref()?;
        sheet.rows.get(self.at).map(|row| (sheet, *row))
    }

    pub(super) fn key_at(&self, at: usize) -> Option<RowKey> {
        let sheet = self.sheet.as_ref()?;
        sheet.rows.get(at).map(|row| sheet.noun.key(&sheet.fleet, *row))
    }

    /// The bar is on the row that a person means: from now on it goes where that row goes.
    pub(super) fn hold_row(&mut self) {
        self.hold = Hold::Row;
    }

    /// Goes to a row.
    pub(super) fn go(&mut self, at: usize) {
        self.hold_row();
        self.at = at.min(self.rows().len().saturating_sub(1));
        self.settle();
    }

    /// Goes so many rows down, or up where negative.
    pub(super) fn step(&mut self, rows: isize) {
        self.go(self.at.saturating_add_signed(rows));
    }

    /// Rows on the screen, at least one.
    pub(super) fn page(&self) -> usize {
        usize::from(self.drawn.borrow().rows.height).max(1)
    }

    /// Marks the row under the bar, or takes its mark.
    pub(super) fn mark(&mut self) {
        self.hold_row();
        let Some(key) = self.key_at(self.at) else { return };
        if !self.marks.remove(&key) && self.marks.len() < MARKS_MAX {
            self.marks.insert(key);
        }
    }

    /// Marks all rows shown; false when they are too many.
    pub(super) fn mark_all(&mut self) -> bool {
        let Some(sheet) = &self.sheet else { return true };
        if sheet.rows.len() > MARKS_MAX {
            return false;
        }
        self.marks = sheet.rows.iter().map(|row| sheet.noun.key(&sheet.fleet, *row)).collect();
        true
    }

    /// The keys a verb works on: the marked rows, else the one under the bar.
    pub(super) fn chosen(&self) -> Vec<RowKey> {
        if self.marks.is_empty() { self.key_at(self.at).into_iter().collect() } else { self.marks.iter().cloned().collect() }
    }

    /// Sorts by the next column to the right or left of the one sorted by.
    pub(super) fn sort_aside(&mut self, columns: isize) {
        // Those that are seen: an arrow on a column that is not there says nothing.
        let drawn: Vec<usize> = self.drawn.borrow().columns.iter().map(|(place, ..)| *place).collect();
        let places: Vec<usize> = match &self.sheet {
            _ if !drawn.is_empty() => drawn,
            Some(sheet) => lanes(self.noun, &sheet.fleet).iter().map(|lane| lane.place).collect(),
            None => (0..self.noun.columns().len()).collect(),
        };
        let all = isize::try_from(places.len()).unwrap_or(1).max(1);
        let at = self.sort.and_then(|o| places.iter().position(|place| *place == o.column));
        let now = at.map_or(if columns > 0 { -1 } else { 0 }, |at| isize::try_from(at).unwrap_or(0));
        let next = usize::try_from((now + columns).rem_euclid(all)).unwrap_or(0);
        let next = places.get(next).copied().unwrap_or(0);
        self.sort = Some(Order { column: next, direction: Direction::Up });
    }

    /// Sorts by this column, the other way when it is sorted by it already.
    pub(super) fn sort_by(&mut self, column: usize) {
        let direction = match self.sort {
            Some(Order { column: at, direction: Direction::Up }) if at == column => Direction::Down,
            _ => Direction::Up,
        };
        self.sort = Some(Order { column, direction });
    }

    /// Opens or closes a branch of a tree.
    pub(super) fn fold(&mut self, key: &RowKey, shut: Shut) {
        let scope = Arc::make_mut(&mut self.scope);
        match shut {
            Shut::Closed => scope.closed.insert(Arc::clone(key)),
            Shut::Open => scope.closed.remove(key),
        };
    }

    fn settle(&mut self) {
        self.selected = self.key_at(self.at);
    }
}

/// What the bar keeps to while rows come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Nobody has moved it yet: the first row, whichever that is.
    Top,
    Row,
}

/// How a branch of a tree stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    Open,
    Closed,
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW, Words, context_of};
    use super::super::worker::lay_out;
    use super::*;
    use crate::tables::row_cache::RowCache;

    fn moment(names: &[&str]) -> Moment {
        let (fleet, live) = context_of(names);
        Moment { fleet: Arc::new(fleet), live: Arc::new(live), now: NOW, lang: Lang::En, zone: TimeZone::UTC }
    }

    fn answer(listing: &Listing, names: &[&str]) -> Arc<Sheet> {
        let ask = listing.ask(&moment(names), Urgency::Refresh, Folding::Needless);
        Arc::new(lay_out(&ask, &mut RowCache::default(), || false).expect("sheet"))
    }

    fn listing(names: &[&str]) -> Listing {
        let mut listing = Listing::new(&Words, Scope::default(), None);
        let sheet = answer(&listing, names);
        listing.take(sheet).expect("fresh");
        listing
    }

    #[test]
    fn the_bar_stays_on_its_row_when_others_come_and_go() {
        let mut listing = listing(&["b", "c", "d"]);
        listing.go(1);
        let sheet = answer(&listing, &["a", "b", "c", "d"]);
        listing.take(sheet).expect("fresh");
        assert_eq!((listing.at, listing.selected.as_deref()), (2, Some("c")));
        // Its row goes: the bar stays at its place.
        let sheet = answer(&listing, &["a", "b", "d"]);
        listing.take(sheet).expect("fresh");
        assert_eq!((listing.at, listing.selected.as_deref()), (2, Some("d")));
        let sheet = answer(&listing, &[]);
        listing.take(sheet).expect("fresh");
        assert_eq!((listing.at, listing.selected.as_deref()), (0, None));
    }

    #[test]
    fn the_bar_stays_at_the_top_until_somebody_means_a_row() {
        let mut listing = listing(&["c", "d"]);
        let sheet = answer(&listing, &["b", "c", "d"]);
        listing.take(sheet).expect("fresh");
        assert_eq!((listing.at, listing.selected.as_deref()), (0, Some("b")));
        listing.hold_row();
        let sheet = answer(&listing, &["a", "b", "c", "d"]);
        listing.take(sheet).expect("fresh");
        assert_eq!((listing.at, listing.selected.as_deref()), (1, Some("b")));
    }

    #[test]
    fn moving_while_the_worker_is_at_it_is_not_undone() {
        let mut listing = listing(&["b", "c", "d", "e"]);
        listing.go(1);
        let late = answer(&listing, &["a", "b", "c", "d", "e"]);
        listing.step(2);
        listing.take(late).expect("fresh");
        assert_eq!(listing.selected.as_deref(), Some("e"));
    }

    #[test]
    fn an_answer_to_an_older_question_is_not_shown() {
        let mut listing = listing(&["a"]);
        let late = answer(&listing, &["a", "b"]);
        listing.generation += 1;
        assert!(listing.take(late).is_err());
        assert_eq!(listing.rows().len(), 1);
    }

    #[test]
    fn marks_are_of_rows_not_of_places() {
        let mut listing = listing(&["a", "b", "c"]);
        listing.go(2);
        listing.mark();
        let sheet = answer(&listing, &["0", "a", "c"]);
        listing.take(sheet).expect("fresh");
        assert_eq!(listing.chosen(), vec![RowKey::from("c")]);
        listing.mark();
        assert!(listing.mark_all());
        assert_eq!(listing.marks.len(), 3);
    }

    #[test]
    fn sorting_turns_around_and_wraps() {
        let mut listing = listing(&["a"]);
        let sorted = |listing: &Listing| listing.sort.map(|o| (o.column, o.direction));
        listing.sort_aside(1);
        assert_eq!(sorted(&listing), Some((0, Direction::Up)));
        listing.sort_by(0);
        assert_eq!(sorted(&listing), Some((0, Direction::Down)));
        listing.sort_aside(-1);
        assert_eq!(sorted(&listing), Some((1, Direction::Up)));
        listing.sort_aside(1);
        assert_eq!(sorted(&listing), Some((0, Direction::Up)));
    }
}
