//! Words, quotes and joins of the tiny shell.

use super::Stream;

/// When a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Always,
    And,
    Or,
}

/// A command between joins.
#[derive(Debug)]
pub(super) struct Simple {
    pub(super) join: Join,
    pub(super) words: Vec<Word>,
    /// Where its output goes instead.
    pub(super) out: Option<Stream>,
}

/// A word of parts, some of which are names of variables.
#[derive(Debug, Default)]
pub(super) struct Word(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Variable(String),
}

impl Word {
    pub(super) fn expand(&self, variable: impl Fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => variable(name),
        };
        self.0.iter().map(part).collect()
    }

    fn push(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.0.push(Part::Text(c.to_string())),
        }
    }

    fn is(&self, text: &str) -> bool {
        matches!(self.0.as_slice(), [Part::Text(only)] if only == text)
    }
}

/// Splits a line into commands. The error is what was not expected.
pub(super) fn commands(line: &str) -> Result<Vec<Simple>, String> {
    let mut done = Vec::new();
    let mut now = Simple { join: Join::Always, words: Vec::new(), out: None };
    let mut word: Option<Word> = None;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => now.words.extend(word.take()),
            '\'' => {
                let held = word.get_or_insert_default();
                held.0.push(Part::Text(rest.by_ref().take_while(|c| *c != '\'').collect()));
            }
            '"' => {
                let held = word.get_or_insert_default();
                held.0.push(Part::Text(String::new()));
                while let Some(c) = rest.next().filter(|c| *c != '"') {
                    match c {
                        '$' => held.0.push(variable(&mut rest)),
                        '\\' => held.push(rest.next().unwrap_or('\\')),
                        c => held.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(rest.next().unwrap_or('\\')),
            '$' => word.get_or_insert_default().0.push(variable(&mut rest)),
            '#' if word.is_none() => {
                let _ = rest.by_ref().take_while(|c| *c != '\n').count();
            }
            ';' | '\n' => next(&mut done, &mut now, &mut word, Join::Always),
            '&' if rest.next_if_eq(&'&').is_some() => next(&mut done, &mut now, &mut word, Join::And),
            '|' if rest.next_if_eq(&'|').is_some() => next(&mut done, &mut now, &mut word, Join::Or),
            '|' | '&' | '(' | ')' | '<' | '`' => return Err(c.to_string()),
            '>' => redirect(&mut now, &mut word, &mut rest)?,
            c => word.get_or_insert_default().push(c),
        }
    }
    next(&mut done, &mut now, &mut word, Join::Always);
    Ok(done)
}

/// `>&2` and `2>&1`; everything else that is redirected has no file to go to.
fn redirect(now: &mut Simple, word: &mut Option<Word>, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), String> {
    let from = word.take();
    if rest.next_if_eq(&'&').is_none() {
        return Err(">".to_owned());
    }
    match (from, rest.next()) {
        (Some(two), Some('1')) if two.is("2") => Ok(()),
        (None, Some('2')) => {
            now.out = Some(Stream::Err);
            Ok(())
        }
        (Some(one), Some('2')) if one.is("1") => {
            now.out = Some(Stream::Err);
            Ok(())
        }
        _ => Err(">&".to_owned()),
    }
}

fn next(done: &mut Vec<Simple>, now: &mut Simple, word: &mut Option<Word>, join: Join) {
    now.words.extend(word.take());
    let whole = std::mem::replace(now, Simple { join, words: Vec::new(), out: None });
    if !whole.words.is_empty() {
        done.push(whole);
    }
}

fn variable(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Part {
    if rest.next_if_eq(&'{').is_some() {
        return Part::Variable(rest.by_ref().take_while(|c| *c != '}').collect());
    }
    if let Some(special) = rest.next_if(|c| matches!(c, '?' | '$')) {
        return Part::Variable(special.to_string());
    }
    let mut name = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
        name.push(c);
    }
    if name.is_empty() { Part::Text("$".to_owned()) } else { Part::Variable(name) }
}
