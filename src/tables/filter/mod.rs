//! The filter language of the `/` line and of `wharf get --filter`.
//!
//! Words between spaces must all be found: `web` a substring in any case, `!web` its absence, `~wb1` a fuzzy word,
//! `state:exited` in one column, `host:=a,b` the whole of one, `cpu:>50` `mem:<1GiB` `created:>2h` by figure,
//! `/v4[12]/` a regular expression, `"web:v41"` the words as they stand.

mod figure;
mod sieve;

use std::fmt::Debug;

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::is_live;
use super::noun::{Context, Noun, RowId, SortKey};
use crate::model::fault::{Fault, FaultKind};
use crate::model::nearest::nearest;
use crate::model::text::{Text, clean};

pub(super) use sieve::SearchIndex;

/// Rows between two questions whether to go on.
const SLICE: usize = 4096;

/// A filter as read, for one noun.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    is_inverse: bool,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    /// Lower-cased.
    Words(Needle),
    Fuzzy(Box<Atom>),
    Regex(Regex),
    Column {
        column: usize,
        needle: Needle,
    },
    /// The whole cell is one of these, in any case.
    Whole {
        column: usize,
        any: Vec<String>,
    },
    Figure {
        column: usize,
        compare: figure::Compare,
    },
}

/// Words to look for, and whether they need more than ASCII folding.
#[derive(Clone, Debug)]
struct Needle {
    lower: String,
    has_case_beyond_ascii: bool,
}

/// Room that a filter works in; keep one and no row costs an allocation.
pub struct Scratch {
    hay: String,
    column: String,
    chars: Vec<char>,
    matcher: Matcher,
    /// Which rows of a batch are left.
    left: Vec<bool>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { hay: String::new(), column: String::new(), chars: Vec::new(), matcher: Matcher::new(Config::DEFAULT), left: Vec::new() }
    }
}

impl Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

impl Filter {
    /// Reads a filter. What is still being typed (`!`, `state:`) narrows nothing yet.
    ///
    /// # Errors
    /// Usage: a bad regular expression, a column that the noun has not (with the nearest one), a figure that is none.
    pub fn parse(text: &str, noun: &dyn Noun) -> Result<Self, Fault> {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let is_inverse = rest.starts_with('!');
            rest = rest.strip_prefix('!').unwrap_or(rest);
            let (test, after) = read_test(rest, noun)?;
            terms.extend(test.map(|test| Term { is_inverse, test }));
            rest = after.trim_start();
        }
        Ok(Self { terms })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// True where a term is about a live figure.
    #[must_use]
    pub fn follows_figures(&self, noun: &dyn Noun) -> bool {
        self.terms.iter().any(|term| match &term.test {
            Test::Column { column, .. } | Test::Whole { column, .. } | Test::Figure { column, .. } => is_live(noun, *column),
            Test::Words(_) | Test::Fuzzy(_) | Test::Regex(_) => false,
        })
    }

    #[must_use]
    pub fn matches(&self, cx: &Context<'_>, noun: &dyn Noun, row: RowId, scratch: &mut Scratch) -> bool {
        if self.terms.iter().any(|t| !matches!(t.test, Test::Column { .. } | Test::Whole { .. } | Test::Figure { .. })) {
            scratch.hay.clear();
            noun.haystack(cx, row, &mut scratch.hay);
        }
        self.terms.iter().all(|term| term.test.holds(cx, noun, row, scratch) != term.is_inverse)
    }

    /// The rows that match, in their order; of trees also the rows above them. `None` when `go_on` said no,
    /// which is asked every few thousand rows. In a tree only open rows are here: open all before filtering.
    pub fn keep(&self, cx: &Context<'_>, noun: &dyn Noun, rows: &[RowId], go_on: impl Fn() -> bool) -> Option<Vec<RowId>> {
        if self.is_empty() {
            return Some(rows.to_vec());
        }
        let mut scratch = Scratch::default();
        let mut kept = Vec::new();
        // From below, so that a kept row is known before the rows above it are asked.
        let mut needed_depth = 0;
        for (count, row) in rows.iter().rev().enumerate() {
            if count % SLICE == 0 && !go_on() {
                return None;
            }
            let is_above = noun.is_tree() && row.depth < needed_depth;
            if is_above || self.matches(cx, noun, *row, &mut scratch) {
                kept.push(*row);
                needed_depth = row.depth;
            }
        }
        kept.reverse();
        Some(kept)
    }
}

impl Test {
    fn holds(&self, cx: &Context<'_>, noun: &dyn Noun, row: RowId, scratch: &mut Scratch) -> bool {
        match self {
            Self::Words(needle) => {
                scratch.column.clear();
                scratch.column.push_str(&scratch.hay);
                needle.is_in(&mut scratch.column)
            }
            Self::Regex(regex) => regex.is_match(&scratch.hay),
            Self::Fuzzy(atom) => {
                let Scratch { hay, chars, matcher, .. } = scratch;
                hay.split(' ').any(|word| atom.score(Utf32Str::new(word, chars), matcher).is_some())
            }
            Self::Column { column, needle } => {
                scratch.column.clear();
                noun.say(cx, row, *column, &mut scratch.column);
                needle.is_in(&mut scratch.column)
            }
            Self::Whole { column, any } => {
                let cell = noun.cell(cx, row, *column).text.to_lowercase();
                let value = match noun.value(cx, row, *column) {
                    Value::String(words) => words.to_lowercase(),
                    other => other.to_string(),
                };
                any.iter().any(|one| *one == cell || *one == value)
            }
            Self::Figure { column, compare } => match noun.sort_key(cx, row, *column) {
                SortKey::Number(number) => compare.holds(number),
                SortKey::Words(_) | SortKey::Unknown => false,
            },
        }
    }
}

impl Needle {
    fn new(words: &str) -> Self {
        let has_case_beyond_ascii = words.chars().any(|c| !c.is_ascii() && (c.is_lowercase() || c.is_uppercase()));
        Self { lower: words.to_lowercase(), has_case_beyond_ascii }
    }

    /// Looks in these words and folds them on the way.
    fn is_in(&self, words: &mut str) -> bool {
        if self.has_case_beyond_ascii {
            return words.to_lowercase().contains(&self.lower);
        }
        words.make_ascii_lowercase();
        words.contains(&self.lower)
    }
}

/// One test and what comes after it; `None` where there is nothing to test yet.
fn read_test<'t>(text: &'t str, noun: &dyn Noun) -> Result<(Option<Test>, &'t str), Fault> {
    if let Some(rest) = text.strip_prefix('/') {
        let (pattern, after) = until_slash(rest)?;
        return Ok((Some(Test::Regex(read_regex(pattern)?)), after));
    }
    let (word, after) = split_word(text);
    if let Some(fuzzy) = word.strip_prefix('~') {
        let atom = Atom::new(&unquoted(fuzzy), CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy, false);
        return Ok(((!fuzzy.is_empty()).then(|| Test::Fuzzy(Box::new(atom))), after));
    }
    if let Some((name, wanted)) = word.split_once(':').filter(|(name, _)| is_column_like(name)) {
        return Ok((read_column(name, wanted, noun)?, after));
    }
    let words = unquoted(word);
    Ok(((!words.is_empty()).then(|| Test::Words(Needle::new(&words))), after))
}

fn read_column(name: &str, wanted: &str, noun: &dyn Noun) -> Result<Option<Test>, Fault> {
    let column = column_named(name, noun).map_err(|fault| {
        let words = format!("{name}:{wanted}");
        let hint = Text::made(
            format!("{}; for the words themselves write \"{words}\"", fault.hint.en),
            format!("{}；若要找这些字，请加引号：\"{words}\"", fault.hint.zh),
        );
        Fault { hint, ..fault }
    })?;
    if wanted.is_empty() {
        return Ok(None);
    }
    if wanted.starts_with(['>', '<']) {
        return Ok(figure::Compare::parse(wanted)?.map(|compare| Test::Figure { column, compare }));
    }
    if let Some(whole) = wanted.strip_prefix('=') {
        let any: Vec<String> = unquoted(whole).split(',').filter(|one| !one.is_empty()).map(str::to_lowercase).collect();
        return Ok((!any.is_empty()).then_some(Test::Whole { column, any }));
    }
    Ok(Some(Test::Column { column, needle: Needle::new(&unquoted(wanted)) }))
}

/// A column's place by its key.
///
/// # Errors
/// Usage: no such column, with the nearest one.
pub fn column_named(name: &str, noun: &dyn Noun) -> Result<usize, Fault> {
    let columns = noun.columns();
    if let Some(at) = columns.iter().position(|c| c.key == name) {
        return Ok(at);
    }
    let cause = Text::made(format!("{} have no column '{name}'", noun.name()), format!("{}没有“{name}”这一列", noun.title().zh));
    let hint = if let Some(near) = nearest(name, columns.iter().map(|c| c.key)) {
        Text::made(format!("the nearest is '{near}'"), format!("最接近的是“{near}”"))
    } else {
        let all: Vec<&str> = columns.iter().map(|c| c.key).collect();
        Text::made(format!("the columns are {}", all.join(" ")), format!("有这些列：{}", all.join(" ")))
    };
    Err(Fault::new("filter", FaultKind::Usage, Text::made(clean(&cause.en), clean(&cause.zh)), hint))
}

fn is_column_like(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

/// A regular expression ends at a slash that no backslash stands before.
fn until_slash(text: &str) -> Result<(&str, &str), Fault> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '/' if !escaped => return Ok((&text[..at], &text[at + 1..])),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    let cause = Text::new("the regular expression has no end", "正则表达式没有结尾");
    Err(Fault::new("filter", FaultKind::Usage, cause, Text::new("close it with '/'", "请用“/”结尾")))
}

fn read_regex(pattern: &str) -> Result<Regex, Fault> {
    RegexBuilder::new(&pattern.replace("\\/", "/")).case_insensitive(true).size_limit(1 << 20).build().map_err(|error| {
        // The library draws a picture of several lines; the last one says what is wrong.
        let said = error.to_string();
        let why = clean(said.lines().last().unwrap_or("").trim_start_matches("error: ")).into_owned();
        let cause = Text::made(format!("bad regular expression: {why}"), format!("正则表达式有误：{why}"));
        Fault::new(
            "filter",
            FaultKind::Usage,
            cause,
            Text::new("mend it, or drop the slashes to look for the words", "请改正；若要找原文请去掉斜杠"),
        )
    })
}

/// A word up to the next space that no quotes enclose.
fn split_word(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => return text.split_at(at),
            _ => {}
        }
    }
    (text, "")
}

fn unquoted(word: &str) -> String {
    word.replace('"', "")
}

#[cfg(test)]
mod tests;
