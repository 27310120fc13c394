//! The `/` line: words narrow, `!` turns around, `~` is fuzzy, `col:value` looks in one column, `/../` is a regex.

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex::{Regex, RegexBuilder};

use crate::model::text::Text;
use crate::tables::{Column, Context, Noun, RowId, SortKey};

/// What a row must be like to be shown. All terms must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    sense: Sense,
    /// Looks in this column only.
    column: Option<usize>,
    needle: Needle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Is,
    IsNot,
}

#[derive(Clone, Debug)]
enum Needle {
    /// Lower-cased.
    Words(String),
    Fuzzy(Atom),
    Regex(Regex),
    /// Numbers of the column over or under this one.
    Over(f64),
    Under(f64),
}

/// Room that is used again from row to row.
#[derive(Debug)]
pub(super) struct Scratch {
    haystack: String,
    chars: Vec<char>,
    matcher: Matcher,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { haystack: String::with_capacity(256), chars: Vec::new(), matcher: Matcher::new(Config::DEFAULT) }
    }
}

impl Filter {
    /// Reads what was typed.
    ///
    /// # Errors
    /// A message: a regex that is none.
    pub(super) fn parse(text: &str, columns: &[Column]) -> Result<Self, Text> {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (term, after) = term(rest, columns)?;
            terms.extend(term);
            rest = after.trim_start();
        }
        Ok(Self { terms })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) fn matches(&self, scratch: &mut Scratch, cx: &Context<'_>, noun: &dyn Noun, row: RowId) -> bool {
        let mut have = None;
        self.terms.iter().all(|term| {
            let found = match (&term.needle, term.column) {
                (Needle::Over(limit), Some(at)) => matches!(noun.sort_key(cx, row, at), SortKey::Number(n) if n > *limit),
                (Needle::Under(limit), Some(at)) => matches!(noun.sort_key(cx, row, at), SortKey::Number(n) if n < *limit),
                (needle, column) => {
                    if have != Some(column) {
                        scratch.haystack.clear();
                        match column {
                            Some(at) => scratch.haystack.push_str(&noun.cell(cx, row, at).text),
                            None => noun.haystack(cx, row, &mut scratch.haystack),
                        }
                        have = Some(column);
                    }
                    needle.is_in(scratch)
                }
            };
            found == (term.sense == Sense::Is)
        })
    }
}

impl Needle {
    fn is_in(&self, scratch: &mut Scratch) -> bool {
        match self {
            Self::Words(words) => {
                // Regexes and fuzzy terms ignore case themselves, so lowering here harms none of them.
                scratch.haystack.make_ascii_lowercase();
                if words.is_ascii() || !words.chars().any(char::is_lowercase) {
                    scratch.haystack.contains(words.as_str())
                } else {
                    scratch.haystack.to_lowercase().contains(words.as_str())
                }
            }
            Self::Fuzzy(atom) => atom.score(Utf32Str::new(&scratch.haystack, &mut scratch.chars), &mut scratch.matcher).is_some(),
            Self::Regex(regex) => regex.is_match(&scratch.haystack),
            Self::Over(_) | Self::Under(_) => false,
        }
    }
}

/// One term from the front, `None` for one that is not typed out yet, and what follows it.
fn term<'t>(text: &'t str, columns: &[Column]) -> Result<(Option<Term>, &'t str), Text> {
    let (sense, text) = match text.strip_prefix('!') {
        Some(rest) => (Sense::IsNot, rest),
        None => (Sense::Is, text),
    };
    let colon = text.find(':').filter(|at| !text[..*at].contains(char::is_whitespace));
    let column = colon.and_then(|at| columns.iter().position(|c| c.key.eq_ignore_ascii_case(&text[..at])));
    let text = match (column, colon) {
        (Some(_), Some(at)) => &text[at + 1..],
        _ => text,
    };
    if let Some(body) = text.strip_prefix('/') {
        let end = closing_slash(body);
        let regex = compile(&body[..end.unwrap_or(body.len())])?;
        return Ok((Some(Term { sense, column, needle: Needle::Regex(regex) }), end.map_or("", |at| &body[at + 1..])));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let number = |prefix: char| word.strip_prefix(prefix).and_then(|n| n.trim_end_matches('%').parse::<f64>().ok());
    let needle = if let Some(fuzzy) = word.strip_prefix('~') {
        Needle::Fuzzy(Atom::new(fuzzy, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy, false))
    } else if let Some(limit) = column.and_then(|_| number('>')) {
        Needle::Over(limit)
    } else if let Some(limit) = column.and_then(|_| number('<')) {
        Needle::Under(limit)
    } else {
        Needle::Words(word.to_lowercase())
    };
    let typed_out = !word.trim_start_matches('~').is_empty();
    Ok((typed_out.then_some(Term { sense, column, needle }), rest))
}

fn closing_slash(body: &str) -> Option<usize> {
    let mut escaped = false;
    body.char_indices().find_map(|(at, c)| {
        let closes = c == '/' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })
}

fn compile(pattern: &str) -> Result<Regex, Text> {
    RegexBuilder::new(pattern).case_insensitive(true).size_limit(1 << 20).build().map_err(|error| {
        let text = error.to_string();
        let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Text::made(format!("not a regex: {why}"), format!("正则有误：{why}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Words, context_of};
    use super::*;

    fn kept(filter: &str) -> Vec<String> {
        let (fleet, live) = context_of(&["yf-web-01", "yf-web-02", "tc-db-01", "Tc-Cache-É"]);
        let cx = Context { fleet: &fleet, live: &live, now: fleet.at, lang: crate::model::text::Lang::En };
        let filter = Filter::parse(filter, Words.columns()).expect("filter");
        let mut scratch = Scratch::default();
        let rows = Words.rows(&fleet, &crate::tables::Scope::default());
        rows.into_iter().filter(|r| filter.matches(&mut scratch, &cx, &Words, *r)).map(|r| Words.cell(&cx, r, 0).text).collect()
    }

    #[test]
    fn words_narrow_and_may_be_turned_around() {
        assert_eq!(kept("web"), ["yf-web-01", "yf-web-02"]);
        assert_eq!(kept("WEB 02"), ["yf-web-02"]);
        assert_eq!(kept("!web cache"), ["Tc-Cache-É"]);
        assert_eq!(kept("cache-é"), ["Tc-Cache-É"]);
        assert_eq!(kept("!"), ["Tc-Cache-É", "tc-db-01", "yf-web-01", "yf-web-02"]);
    }

    #[test]
    fn fuzzy_column_regex_and_numbers() {
        assert_eq!(kept("~yw2"), ["yf-web-02"]);
        assert_eq!(kept("name:db"), ["tc-db-01"]);
        assert_eq!(kept("web:db"), Vec::<String>::new());
        assert_eq!(kept("/^(yf|TC)-.*1$/"), ["tc-db-01", "yf-web-01"]);
        assert_eq!(kept("!/01$/ yf"), ["yf-web-02"]);
        assert_eq!(kept("length:>9"), ["Tc-Cache-É"]);
        assert_eq!(kept("length:<9"), ["tc-db-01"]);
    }

    #[test]
    fn a_bad_regex_is_a_message() {
        let why = Filter::parse("/a(b/", Words.columns()).expect_err("bad");
        assert!(why.en.contains("unclosed group"), "{}", why.en);
    }
}
