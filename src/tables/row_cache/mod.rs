//! A long list kept in order from one Fleet to the next: what has not changed is not read, folded or sorted again.

use std::cmp::Ordering;
use std::sync::{Arc, Weak};

use super::filter::{Filter, Scratch, SearchIndex};
use super::noun::{Context, Direction, Noun, RowId};
use super::scope::Scope;
use super::sort::{Order, SortHead};
use crate::model::host::Host;
use crate::model::idc::Idc;

/// Batches between two questions whether to go on.
const SLICE: usize = 512;

/// Rows of a noun whose words and order depend on one thing each ([`Noun::origin`]), by that thing.
#[derive(Debug, Default)]
pub struct RowCache {
    question: Option<Question>,
    /// By the first index of their rows.
    batches: Vec<Batch>,
    /// All rows in their natural order, and where those of each batch begin.
    rows: Vec<RowId>,
    begins: Vec<usize>,
    sorted: Vec<Place>,
}

/// What the kept rows are an answer to.
#[derive(Clone, Debug)]
struct Question {
    noun: &'static str,
    scope: Scope,
    order: Option<Order>,
    lang: crate::model::text::Lang,
    idcs: Vec<Arc<Idc>>,
}

/// The rows of one origin.
#[derive(Debug, Default)]
struct Batch {
    /// Not held, but its place in memory is not used again while this is here.
    origin: Weak<Host>,
    length: u32,
    keys: Vec<SortHead>,
    /// What does not fit into the heads, one after the other, and where each ends.
    tails: String,
    tail_ends: Vec<u32>,
    hay: Option<SearchIndex>,
}

/// A row by its batch and its place there.
#[derive(Clone, Copy, Debug)]
struct Place {
    batch: u32,
    nth: u32,
}

/// Whether the words of the rows are wanted too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    Wanted,
    /// Given up where they are kept: nobody filters.
    Needless,
}

impl RowCache {
    /// Brings the rows of a noun up to this Fleet. False where it has no origins, or no rows: nothing is kept then.
    pub fn renew(&mut self, cx: &Context<'_>, noun: &dyn Noun, ask: Wanted<'_>) -> bool {
        let order = ask.order.filter(|order| !noun.is_volatile(order.column));
        let is_same = self.question.as_ref().is_some_and(|q| {
            q.noun == noun.name() && q.scope == *ask.scope && q.order == order && q.lang == cx.lang && q.idcs == cx.fleet.idcs
        });
        if !is_same {
            *self = Self::default();
        }
        self.rows = noun.rows(cx.fleet, ask.scope);
        let changed = if self.rows.is_empty() { None } else { self.gather(cx, noun) };
        let Some(changed) = changed else {
            *self = Self::default();
            return false;
        };
        if !is_same {
            self.question =
                Some(Question { noun: noun.name(), scope: ask.scope.clone(), order, lang: cx.lang, idcs: cx.fleet.idcs.clone() });
        }
        for at in &changed {
            self.read(cx, noun, *at, order);
        }
        for at in 0..self.batches.len() {
            match (ask.words, self.batches[at].hay.is_some()) {
                (Folding::Wanted, false) => self.batches[at].hay = Some(SearchIndex::of(cx, noun, self.rows_of(at))),
                (Folding::Needless, true) => self.batches[at].hay = None,
                _ => {}
            }
        }
        self.put_in_order(&changed, order.map_or(Direction::Up, |o| o.direction));
        true
    }

    /// Rows before any filter.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows, in order.
    #[must_use]
    pub fn all(&self) -> Vec<RowId> {
        self.sorted.iter().filter_map(|place| self.row(*place)).collect()
    }

    /// The rows that a filter lets through, in order; `None` when `go_on` said no, which is asked now and then.
    pub fn keep(&self, cx: &Context<'_>, noun: &dyn Noun, filter: &Filter, go_on: impl Fn() -> bool) -> Option<Vec<RowId>> {
        let mut scratch = Scratch::default();
        let mut bits = vec![0_u64; self.rows.len().div_ceil(64)];
        let sieve = filter.sieve();
        let mut kept = 0;
        for (at, batch) in self.batches.iter().enumerate() {
            if at % SLICE == 0 && !go_on() {
                return None;
            }
            let Some(hay) = &batch.hay else { continue };
            let begin = self.begins[at];
            sieve.filter(cx, noun, (hay, self.rows_of(at)), &mut scratch, |nth| {
                let bit = begin + nth;
                bits[bit / 64] |= 1 << (bit % 64);
                kept += 1;
            });
        }
        let mut rows = Vec::with_capacity(kept);
        for place in &self.sorted {
            let bit = self.begins[place.batch as usize] + place.nth as usize;
            if bits[bit / 64] & 1 << (bit % 64) != 0 {
                rows.push(self.rows[bit]);
            }
        }
        Some(rows)
    }

    /// Finds the batches of the rows, and which of them have another origin than before.
    fn gather(&mut self, cx: &Context<'_>, noun: &dyn Noun) -> Option<Vec<usize>> {
        let mut changed = Vec::new();
        self.begins.clear();
        let mut from = 0;
        while let Some(first) = self.rows.get(from) {
            let (slot, origin) = (first.a as usize, noun.origin(cx.fleet, *first)?);
            if slot < self.begins.len() {
                return None;
            }
            let length = self.rows[from..].iter().take_while(|row| row.a == first.a).count();
            if self.batches.len() <= slot {
                self.batches.resize_with(slot + 1, Batch::default);
            }
            self.clear_until(slot, from, &mut changed);
            let batch = &mut self.batches[slot];
            if !std::ptr::eq(batch.origin.as_ptr(), Arc::as_ptr(origin)) {
                *batch = Batch { origin: Arc::downgrade(origin), length: u32::try_from(length).ok()?, ..Batch::default() };
                changed.push(slot);
            }
            self.begins.push(from);
            from += length;
        }
        self.clear_until(self.batches.len(), from, &mut changed);
        Some(changed)
    }

    /// The next batches up to this one have no rows any more.
    fn clear_until(&mut self, slot: usize, begin: usize, changed: &mut Vec<usize>) {
        for at in self.begins.len()..slot {
            if self.batches[at].length > 0 {
                self.batches[at] = Batch::default();
                changed.push(at);
            }
            self.begins.push(begin);
        }
    }

    fn rows_of(&self, at: usize) -> &[RowId] {
        let begin = self.begins[at];
        &self.rows[begin..begin + self.batches[at].length as usize]
    }

    fn row(&self, place: Place) -> Option<RowId> {
        self.rows.get(self.begins[place.batch as usize] + place.nth as usize).copied()
    }

    /// Reads the sort keys of a batch.
    fn read(&mut self, cx: &Context<'_>, noun: &dyn Noun, at: usize, order: Option<Order>) {
        let Some(order) = order else { return };
        let (mut keys, mut tails, mut ends) = (Vec::new(), String::new(), Vec::new());
        for row in self.rows_of(at) {
            let (head, tail) = SortHead::new(noun.sort_key(cx, *row, order.column));
            keys.push(head);
            tails.push_str(&tail);
            ends.push(u32::try_from(tails.len()).unwrap_or(u32::MAX));
        }
        let batch = &mut self.batches[at];
        (batch.keys, batch.tails, batch.tail_ends) = (keys, tails, ends);
    }

    /// Takes the rows of changed batches out of the order and puts them in anew.
    fn put_in_order(&mut self, changed: &[usize], direction: Direction) {
        if changed.is_empty() {
            return;
        }
        let mut is_changed = vec![false; self.batches.len()];
        for at in changed {
            is_changed[*at] = true;
        }
        let mut fresh: Vec<Place> = Vec::new();
        for at in changed {
            let batch = u32::try_from(*at).unwrap_or(u32::MAX);
            fresh.extend((0..self.batches[*at].length).map(|nth| Place { batch, nth }));
        }
        let mut sorted = std::mem::take(&mut self.sorted);
        fresh.sort_unstable_by(|a, b| self.compare(*a, *b, direction));
        sorted.retain(|place| is_changed.get(place.batch as usize) == Some(&false));
        if sorted.is_empty() {
            self.sorted = fresh;
            return;
        }
        let mut merged = Vec::with_capacity(sorted.len() + fresh.len());
        let mut rest = sorted.as_slice();
        for place in fresh {
            let before = self.how_many_before(rest, place, direction);
            merged.extend_from_slice(&rest[..before]);
            merged.push(place);
            rest = &rest[before..];
        }
        merged.extend_from_slice(rest);
        self.sorted = merged;
    }

    /// How many of `rest` stand before a place: near ones are found in few steps.
    fn how_many_before(&self, rest: &[Place], place: Place, direction: Direction) -> usize {
        let is_before = |other: &Place| self.compare(*other, place, direction) == Ordering::Less;
        let mut reach = 1;
        while reach <= rest.len() && is_before(&rest[reach - 1]) {
            reach *= 2;
        }
        let from = reach / 2;
        from + rest[from..reach.min(rest.len())].partition_point(is_before)
    }

    /// The order of [`super::sort::sort`]: equal rows in their natural order both ways.
    fn compare(&self, a: Place, b: Place, direction: Direction) -> Ordering {
        let (of_a, of_b) = (&self.batches[a.batch as usize], &self.batches[b.batch as usize]);
        let keys = match (of_a.keys.get(a.nth as usize), of_b.keys.get(b.nth as usize)) {
            (Some(one), Some(other)) => one.compare(other, direction, || of_a.tail(a.nth).cmp(of_b.tail(b.nth))),
            _ => Ordering::Equal,
        };
        keys.then((a.batch, a.nth).cmp(&(b.batch, b.nth)))
    }
}

/// Which rows are wanted, in which order.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub scope: &'a Scope,
    /// One that moves by itself ([`Noun::moves`]) is left to the asker; the rows stay in their natural order.
    pub order: Option<Order>,
    pub words: Folding,
}

impl Batch {
    fn tail(&self, nth: u32) -> &str {
        let nth = nth as usize;
        let from = if nth == 0 { 0 } else { self.tail_ends[nth - 1] as usize };
        &self.tails[from..self.tail_ends[nth] as usize]
    }
}

#[cfg(test)]
mod tests;
