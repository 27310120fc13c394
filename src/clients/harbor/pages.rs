//! Reading a paged list that changes while it is read. Pure: it says which page comes next.

use std::collections::HashMap;
use std::hash::Hash;

/// Rows a page: the most that Harbor gives (more is answered 422, and 0 would be everything at once).
pub(super) const PAGE_SIZE: usize = 100;
/// Rows of one list at most.
const ROWS_MOST: usize = 200_000;
/// Times that a list is read over when it changed under the reading.
const PASSES: u32 = 3;

/// A list as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing<T> {
    pub rows: Vec<T>,
    /// `X-Total-Count` of the last page; `None` where a proxy took it away.
    pub total: Option<u64>,
    /// It changed during each of the readings: a row that moved may be missing. The next sweep mends it.
    pub torn: bool,
}

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Page(usize),
    Done,
    /// More rows than anybody has: not a list we should hold.
    TooMany,
}

/// A list being read. Links are never followed: Harbor writes their queries unescaped.
#[derive(Debug)]
pub(super) struct Reading<T, K> {
    key: fn(&T) -> K,
    listing: Listing<T>,
    places: HashMap<K, usize>,
    page: usize,
    pass: u32,
    moved: bool,
}

impl<T, K: Eq + Hash> Reading<T, K> {
    pub(super) fn new(key: fn(&T) -> K) -> Self {
        let listing = Listing { rows: Vec::new(), total: None, torn: false };
        Self { key, listing, places: HashMap::new(), page: 1, pass: 1, moved: false }
    }

    /// Takes the rows of the page that was asked for. A row that comes twice counts once, as it came last.
    pub(super) fn take(&mut self, rows: Vec<T>, total: Option<u64>) -> Next {
        let (came, first) = (rows.len(), self.page == 1);
        self.moved |= !first && total != self.listing.total;
        self.listing.total = total;
        for row in rows {
            match self.places.entry((self.key)(&row)) {
                std::collections::hash_map::Entry::Occupied(place) => self.listing.rows[*place.get()] = row,
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(self.listing.rows.len());
                    self.listing.rows.push(row);
                }
            }
        }
        if self.listing.rows.len() > ROWS_MOST {
            return Next::TooMany;
        }
        // A short page is not the end where a total says more: members that are counted and never listed shorten pages.
        let more = match total {
            Some(total) => came > 0 && (self.page * PAGE_SIZE) as u64 <= total.saturating_sub(1),
            None => came >= PAGE_SIZE,
        };
        if more {
            self.page += 1;
            return Next::Page(self.page);
        }
        if self.moved && self.pass < PASSES {
            self.pass += 1;
            self.page = 1;
            self.moved = false;
            self.places.clear();
            self.listing.rows.clear();
            return Next::Page(1);
        }
        self.listing.torn = self.moved;
        Next::Done
    }

    pub(super) fn finish(self) -> Listing<T> {
        self.listing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server whose list changes between pages; answers like Harbor: offset paging over what there is now.
    fn read(mut list: Vec<u32>, mut change: impl FnMut(usize, &mut Vec<u32>)) -> (Listing<u32>, usize) {
        let mut reading = Reading::new(|row: &u32| *row);
        let (mut page, mut asked) = (1, 0);
        loop {
            asked += 1;
            assert!(asked < 100, "never ends");
            let rows = list.iter().skip((page - 1) * PAGE_SIZE).take(PAGE_SIZE).copied().collect();
            let next = reading.take(rows, Some(list.len() as u64));
            change(asked, &mut list);
            match next {
                Next::Page(next) => page = next,
                Next::Done => return (reading.finish(), asked),
                Next::TooMany => panic!("too many"),
            }
        }
    }

    #[test]
    fn a_quiet_list_is_read_once_page_by_page() {
        for (rows, pages) in [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2), (250, 3)] {
            let (listing, asked) = read((0..rows).collect(), |_, _| {});
            assert_eq!((listing.rows.len(), asked, listing.torn), (rows as usize, pages, false));
        }
    }

    #[test]
    fn a_delete_under_the_reading_loses_no_row() {
        let (listing, asked) = read((0..250).collect(), |asked, list| {
            if asked == 1 {
                list.remove(0);
            }
        });
        assert_eq!(listing.rows, (1..250).collect::<Vec<_>>());
        assert_eq!(asked, 6, "read over once");
    }

    #[test]
    fn a_row_that_comes_in_front_is_seen_and_none_comes_twice() {
        let (listing, _) = read((0..150).collect(), |asked, list| {
            if asked == 1 {
                list.insert(0, 999);
            }
        });
        let mut rows = listing.rows.clone();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!((rows.len(), listing.rows.len(), listing.torn), (151, 151, false));
    }

    #[test]
    fn a_list_that_never_rests_ends_and_says_so() {
        let mut next = 1_000;
        let (listing, asked) = read((0..150).collect(), |_, list| {
            list.push(next);
            next += 1;
        });
        assert!(listing.torn);
        assert_eq!(asked, 6);
    }

    #[test]
    fn without_a_total_a_short_page_is_the_last() {
        let mut reading = Reading::new(|row: &u32| *row);
        assert_eq!(reading.take((0..100).collect(), None), Next::Page(2));
        assert_eq!(reading.take(vec![100], None), Next::Done);
        assert_eq!(reading.finish().rows.len(), 101);
    }

    #[test]
    fn rows_that_are_counted_and_not_listed_do_not_end_the_list_early() {
        let mut reading = Reading::new(|row: &u32| *row);
        assert_eq!(reading.take((0..99).collect(), Some(150)), Next::Page(2));
        assert_eq!(reading.take((100..150).collect(), Some(150)), Next::Done);
        let listing = reading.finish();
        assert_eq!((listing.rows.len(), listing.total, listing.torn), (149, Some(150), false));
    }

    #[test]
    fn a_total_without_end_stops_at_an_empty_page() {
        let mut reading = Reading::new(|row: &u32| *row);
        assert_eq!(reading.take(vec![1], Some(u64::MAX)), Next::Page(2));
        assert_eq!(reading.take(vec![], Some(u64::MAX)), Next::Done);
    }
}
