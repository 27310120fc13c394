//! A filter over many rows whose words are kept together, folded, so that one search goes through all of them.

use memchr::memmem::Finder;

use super::{Filter, Scratch, Term, Test};
use crate::tables::noun::{Context, Noun, RowId};

/// Between the words of two rows: what is looked for never holds it.
const SEAM: char = '\n';

/// What plain words are looked for in, of several rows: folded as far as ASCII goes, one after the other.
#[derive(Debug)]
pub(in crate::tables) struct SearchIndex {
    words: String,
    /// Where the words of each row end, the seam not counted.
    ends: Vec<u32>,
}

impl SearchIndex {
    pub(in crate::tables) fn of(cx: &Context<'_>, noun: &dyn Noun, rows: &[RowId]) -> Self {
        let (mut words, mut ends) = (String::new(), Vec::with_capacity(rows.len()));
        for row in rows {
            noun.haystack(cx, *row, &mut words);
            ends.push(u32::try_from(words.len()).unwrap_or(u32::MAX));
            words.push(SEAM);
        }
        words.make_ascii_lowercase();
        words.shrink_to_fit();
        Self { words, ends }
    }

    fn row(&self, nth: usize) -> &str {
        let from = if nth == 0 { 0 } else { self.ends[nth - 1] as usize + SEAM.len_utf8() };
        &self.words[from..self.ends[nth] as usize]
    }
}

/// A filter made ready for many rows.
pub(in crate::tables) struct Sieve<'f> {
    /// Plain words, found by one search over all rows of a batch.
    plain: Vec<(Finder<'f>, &'f Term)>,
    /// What is asked of each row that is left.
    rest: Vec<&'f Term>,
}

impl Filter {
    pub(in crate::tables) fn sieve(&self) -> Sieve<'_> {
        let mut sieve = Sieve { plain: Vec::new(), rest: Vec::new() };
        for term in &self.terms {
            match &term.test {
                Test::Words(needle) if !needle.has_case_beyond_ascii && !needle.lower.contains(SEAM) => {
                    sieve.plain.push((Finder::new(needle.lower.as_bytes()), term));
                }
                _ => sieve.rest.push(term),
            }
        }
        sieve
    }
}

impl Sieve<'_> {
    /// Calls `take` with each row of a batch that passes, by its place there, in order.
    pub(in crate::tables) fn filter(
        &self,
        cx: &Context<'_>,
        noun: &dyn Noun,
        (hay, rows): (&SearchIndex, &[RowId]),
        scratch: &mut Scratch,
        mut take: impl FnMut(usize),
    ) {
        let mut left = std::mem::take(&mut scratch.left);
        left.clear();
        left.resize(rows.len(), true);
        for (finder, term) in &self.plain {
            // Where a row must not have the words, those that have them fall out; else those that have them not.
            let mut next = 0;
            let mut from = 0;
            while let Some(at) = finder.find(&hay.words.as_bytes()[from..]).map(|at| from + at) {
                let nth = next + hay.ends[next..].partition_point(|end| (*end as usize) <= at);
                if nth >= rows.len() {
                    break;
                }
                if term.is_inverse {
                    left[nth] = false;
                } else {
                    left[next..nth].fill(false);
                }
                next = nth + 1;
                from = hay.ends[nth] as usize + SEAM.len_utf8();
            }
            if !term.is_inverse {
                left[next..].fill(false);
            }
        }
        for (nth, row) in rows.iter().enumerate().filter(|(nth, _)| left[*nth]) {
            if self.rest.iter().all(|term| holds(term, cx, noun, (*row, hay.row(nth)), scratch) != term.is_inverse) {
                take(nth);
            }
        }
        scratch.left = left;
    }
}

fn holds(term: &Term, cx: &Context<'_>, noun: &dyn Noun, (row, words): (RowId, &str), scratch: &mut Scratch) -> bool {
    match &term.test {
        Test::Column { .. } | Test::Whole { .. } | Test::Figure { .. } => {}
        Test::Words(_) | Test::Fuzzy(_) => {
            scratch.hay.clear();
            scratch.hay.push_str(words);
        }
        // It may ask for capitals.
        Test::Regex(_) => {
            scratch.hay.clear();
            noun.haystack(cx, row, &mut scratch.hay);
        }
    }
    term.test.holds(cx, noun, row, scratch)
}
