//! Sorting rows by a column: both ways, unknown last, equal ones in their natural order, trees among siblings.

use std::cmp::Ordering;

use super::noun::{Context, Direction, Noun, RowId, SortKey};

/// By which column, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub column: usize,
    pub direction: Direction,
}

/// Sorts rows that are in their natural order. Names compare with their numbers as numbers: `web-2` before `web-10`.
pub fn sort(cx: &Context<'_>, noun: &dyn Noun, rows: &mut [RowId], order: Order) {
    let mut keyed: Vec<Keyed> = rows.iter().map(|row| Keyed::new(noun.sort_key(cx, *row, order.column), *row)).collect();
    if noun.is_tree() {
        sort_siblings(&mut keyed, order.direction);
    } else {
        keyed.sort_by(|a, b| a.compare(b, order.direction));
    }
    for (place, keyed) in rows.iter_mut().zip(keyed) {
        *place = keyed.row;
    }
}

/// A row with its sort key made cheap to compare.
struct Keyed {
    row: RowId,
    head: SortHead,
    tail: String,
}

impl Keyed {
    fn new(key: SortKey, row: RowId) -> Self {
        let (head, tail) = SortHead::new(key);
        Self { row, head, tail }
    }

    fn compare(&self, other: &Self, direction: Direction) -> Ordering {
        self.head.compare(&other.head, direction, || self.tail.cmp(&other.tail))
    }
}

/// The beginning of a sort key, which mostly decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct SortHead {
    /// Numbers, then words, then unknown.
    rank: u8,
    /// The number, or the first eight bytes of the words, as an integer of the same order.
    head: u64,
}

impl SortHead {
    /// A key's head, and the words that it begins.
    pub(super) fn new(key: SortKey) -> (Self, String) {
        match key {
            SortKey::Number(number) => (Self { rank: 0, head: ordered(number) }, String::new()),
            SortKey::Words(words) => {
                let words = with_numbers(words);
                let mut head = [0u8; 8];
                for (place, byte) in head.iter_mut().zip(words.bytes()) {
                    *place = byte;
                }
                (Self { rank: 1, head: u64::from_be_bytes(head) }, words)
            }
            SortKey::Unknown => (Self { rank: 2, head: 0 }, String::new()),
        }
    }

    /// `tails` compares what the heads leave open. Unknown is last both ways.
    pub(super) fn compare(&self, other: &Self, direction: Direction, tails: impl FnOnce() -> Ordering) -> Ordering {
        if self.rank == 2 || other.rank == 2 {
            return self.rank.cmp(&other.rank);
        }
        let up = (self.rank, self.head).cmp(&(other.rank, other.head)).then_with(tails);
        if direction == Direction::Up { up } else { up.reverse() }
    }
}

/// An integer that orders as the float does.
fn ordered(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Writes each run of digits with its length before it, so that bytes compare as numbers do.
fn with_numbers(words: String) -> String {
    if !words.bytes().any(|b| b.is_ascii_digit()) {
        return words;
    }
    let mut out = String::with_capacity(words.len() + 4);
    let mut rest = words.as_str();
    while let Some(from) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        let run = rest[from..from + digits].trim_start_matches('0');
        out.push_str(&rest[..from]);
        out.push(char::from(b'0' + u8::try_from(run.len().min(9)).unwrap_or(9)));
        out.push_str(run);
        rest = &rest[from + digits..];
    }
    out.push_str(rest);
    out
}

/// Sorts each group of siblings with what is under them, from the given rows in tree order.
fn sort_siblings(rows: &mut Vec<Keyed>, direction: Direction) {
    let Some(depth) = rows.iter().map(|k| k.row.depth).min() else { return };
    let mut families: Vec<Vec<Keyed>> = Vec::new();
    for keyed in rows.drain(..) {
        match families.last_mut() {
            Some(family) if keyed.row.depth > depth => family.push(keyed),
            _ => families.push(vec![keyed]),
        }
    }
    families.sort_by(|a, b| a[0].compare(&b[0], direction));
    for mut family in families {
        let mut under = family.split_off(1);
        sort_siblings(&mut under, direction);
        rows.append(&mut family);
        rows.append(&mut under);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{NOW, fleet};
    use crate::model::live::Live;
    use crate::model::text::Lang;
    use crate::tables::{Scope, noun};

    fn names(noun_name: &str, column: &str, direction: Direction) -> Vec<String> {
        let fleet = fleet();
        let cx = Context { fleet: &fleet, live: &Live::default(), now: NOW, lang: Lang::En, zone: &jiff::tz::TimeZone::UTC };
        let noun = noun(noun_name).expect("a noun");
        let at = |key: &str| noun.columns().iter().position(|c| c.key == key).expect("a column");
        let mut rows = noun.rows(&fleet, &Scope::default());
        sort(&cx, noun, &mut rows, Order { column: at(column), direction });
        let name = noun.columns().iter().position(|c| matches!(c.key, "container" | "name")).expect("a name");
        rows.iter().map(|row| noun.cell(&cx, *row, name).text).collect()
    }

    #[test]
    fn numbers_in_names_are_numbers() {
        let all = names("containers", "container", Direction::Up);
        assert_eq!(all, ["cache-1", "db-1", "db-2", "job", "web-1", "web-2", "web-4", "web-5", "web-7", "web-8", "web-11"]);
        let mut down = names("containers", "container", Direction::Down);
        down.reverse();
        assert_eq!(down, all);
    }

    #[test]
    fn unknown_is_last_both_ways_and_equals_keep_their_order() {
        // aws-1 was never asked; tc-db-01 has no class.
        assert_eq!(names("hosts", "containers", Direction::Up), ["yf-core-01", "tc-db-01", "yf-web-02", "tc-web-01", "yf-web-01", "aws-1"]);
        assert_eq!(
            names("hosts", "containers", Direction::Down),
            ["tc-web-01", "yf-web-01", "tc-db-01", "yf-web-02", "yf-core-01", "aws-1"]
        );
        assert_eq!(names("hosts", "class", Direction::Down).last().map(String::as_str), Some("tc-db-01"));
    }

    #[test]
    fn the_integer_of_a_float_orders_like_it() {
        let numbers = [f64::NEG_INFINITY, -3.5, -0.1, 0.0, 1e-9, 2.0, 1e300];
        assert!(numbers.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
    }
}
