//! What is wrong with a config: the file, the line, what it is, and what to write instead.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Lang, Text, clean};

/// Problems listed of one load; a file that is wrong in more places is not being read, it is being searched.
const PROBLEMS_KEPT: usize = 200;

/// One thing wrong with a config. Values are shown only where they cannot be secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    /// From 1; 0 where the trouble is with the file as a whole.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub what: Text,
    /// What to write instead.
    pub instead: Text,
}

impl Problem {
    /// `file:line: what; instead` in one language.
    #[must_use]
    pub fn shown(&self, lang: Lang) -> String {
        let semicolon = if lang == Lang::Zh { "；" } else { "; " };
        format!("{}: {}{semicolon}{}", self.place(), self.what.get(lang), self.instead.get(lang))
    }

    /// As a fault of the config, whose endpoint is `file:line`.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::new(self.place(), FaultKind::Config, self.what.clone(), self.instead.clone())
    }

    /// `file:line`, or the file alone.
    #[must_use]
    pub fn place(&self) -> String {
        let file = self.file.display().to_string();
        let file = clean(&file);
        if self.line == 0 { file.into_owned() } else { format!("{file}:{}", self.line) }
    }

    /// Trouble with a file as a whole.
    pub(super) fn of_file(file: &Path, what: Text, instead: Text) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0, what, instead }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown(Lang::En))
    }
}

impl std::error::Error for Problem {}

/// One fault for a whole load that failed: the first problem, and how many more there are.
///
/// `None` where there are no problems.
#[must_use]
pub fn fault_of(problems: &[Problem]) -> Option<Fault> {
    let first = problems.first()?;
    let mut fault = first.fault();
    if problems.len() > 1 {
        let more = problems.len() - 1;
        fault.hint = Text::made(
            format!("{}; {more} more: wharf config check", fault.hint.en),
            format!("{}；另有 {more} 处：wharf config check", fault.hint.zh),
        );
    }
    Some(fault)
}

/// Where something was said: for problems that are found only after all files are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: Arc<Path>,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    pub(super) fn problem(&self, what: Text, instead: Text) -> Problem {
        Problem { file: self.file.to_path_buf(), line: self.line, column: self.column, what, instead }
    }

    /// `line 12`, with the file where it is another one than `seen_from`.
    pub(super) fn beside(&self, seen_from: &Place) -> Text {
        if self.file == seen_from.file {
            return Text::made(format!("line {}", self.line), format!("第 {} 行", self.line));
        }
        let file = self.file.display().to_string();
        Text::raw(&format!("{file}:{}", self.line))
    }
}

/// A value and where it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

impl<T> Said<T> {
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Said<U> {
        Said { value: change(self.value), place: self.place }
    }
}

/// One text being read: finds lines of offsets and collects what is wrong with it.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) file: Arc<Path>,
    text: Box<str>,
    /// Offsets at which lines begin.
    lines: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
    notes: RefCell<Vec<Problem>>,
}

impl Sheet {
    pub(super) fn new(file: &Path, text: &str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file: file.into(), text: text.into(), lines, problems: RefCell::default(), notes: RefCell::default() }
    }

    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(1, |before| before.chars().count() + 1);
        Place { file: Arc::clone(&self.file), line, column }
    }

    /// The place of a whole line, counted from 1.
    pub(super) fn line(&self, line: usize) -> Place {
        Place { file: Arc::clone(&self.file), line, column: 1 }
    }

    /// What makes the config unusable.
    pub(super) fn wrong(&self, place: &Place, what: Text, instead: Text) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < PROBLEMS_KEPT {
            problems.push(place.problem(what, instead));
        }
    }

    /// What a person should know of and that stops nothing.
    pub(super) fn note(&self, place: &Place, what: Text, instead: Text) {
        let mut notes = self.notes.borrow_mut();
        if notes.len() < PROBLEMS_KEPT {
            notes.push(place.problem(what, instead));
        }
    }

    /// The folder that relative paths start from.
    pub(super) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or_else(|| Path::new(""))
    }

    /// What is wrong, and what is only worth saying.
    pub(super) fn findings(self) -> (Vec<Problem>, Vec<Problem>) {
        (self.problems.into_inner(), self.notes.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns_in_characters() {
        let sheet = Sheet::new(Path::new("a.toml"), "ab\n永丰 = 1\n\nlast");
        for (offset, line, column) in [(0, 1, 1), (2, 1, 3), (3, 2, 1), (9, 2, 3), (15, 4, 1), (999, 4, 5)] {
            let place = sheet.place(offset);
            assert_eq!((place.line, place.column), (line, column), "offset {offset}");
        }
    }

    #[test]
    fn a_problem_reads_as_a_compiler_would_say_it() {
        let sheet = Sheet::new(Path::new("/etc/w.toml"), "x");
        sheet.wrong(&sheet.line(1), Text::new("unknown key 'x'", "未知的键 x"), Text::new("write 'y'", "应写 y"));
        let (problems, _) = sheet.findings();
        assert_eq!(problems[0].to_string(), "/etc/w.toml:1: unknown key 'x'; write 'y'");
        assert_eq!(problems[0].shown(Lang::Zh), "/etc/w.toml:1: 未知的键 x；应写 y");
        assert_eq!(fault_of(&problems).map(|f| f.kind), Some(FaultKind::Config));
    }
}
