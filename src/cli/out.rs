//! Where words go: standard output for the one document, standard error for everything else.

use std::io::{self, IsTerminal, Write};

use crate::model::clock::Clock;
use crate::model::fault::Fault;
use crate::model::text::{Lang, clean};
use crate::tables::{Mark, Tone};

/// Which signs may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marks {
    Unicode,
    Ascii,
}

/// What is written on: its width where it has one, colours where it shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Columns of the terminal; `None` for a file or a pipe, which hold any width.
    pub width: Option<usize>,
    pub colour: bool,
    pub marks: Marks,
}

impl Paper {
    /// Plain and endless, as a pipe is.
    pub const PIPE: Self = Self { width: None, colour: false, marks: Marks::Unicode };

    /// The process's own standard output; `locale` is `LC_ALL`, `LC_CTYPE` or `LANG`.
    #[must_use]
    pub fn standard(locale: &str) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let marks = if locale.to_ascii_lowercase().replace('-', "").contains("utf8") { Marks::Unicode } else { Marks::Ascii };
        if !io::stdout().is_terminal() {
            return Self { marks, ..Self::PIPE };
        }
        let is_dumb = std::env::var("TERM").map_or(true, |term| term.is_empty() || term == "dumb");
        let width = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
        Self { width, colour: !is_dumb && !set("NO_COLOR"), marks }
    }

    pub(super) fn mark(self, mark: Mark) -> &'static str {
        let (sign, ascii) = match mark {
            Mark::Bad => ("✖", "X"),
            Mark::Warn => ("▲", "!"),
            Mark::Absent => ("◇", "o"),
            Mark::Changing => ("◐", "~"),
            Mark::Unknown => ("◌", "?"),
            Mark::Good => ("●", "*"),
            Mark::None => ("·", "."),
        };
        if self.marks == Marks::Unicode { sign } else { ascii }
    }

    /// The sequence that begins a tone, empty where there is none.
    pub(super) fn begin(self, tone: Tone) -> &'static str {
        match tone {
            _ if !self.colour => "",
            Tone::Plain => "",
            Tone::Name | Tone::Accent => "\x1b[1m",
            Tone::Dim | Tone::Unknown => "\x1b[2m",
            Tone::Good => "\x1b[32m",
            Tone::Warn => "\x1b[33m",
            Tone::Bad => "\x1b[31m",
            Tone::Changing => "\x1b[36m",
        }
    }

    pub(super) fn end(self, tone: Tone) -> &'static str {
        if self.begin(tone).is_empty() { "" } else { "\x1b[0m" }
    }
}

/// What a face of the command line writes with.
pub struct Out<'o> {
    /// The one document.
    pub out: &'o mut dyn Write,
    /// Progress, questions, errors.
    pub err: &'o mut dyn Write,
    pub paper: Paper,
    pub lang: Lang,
    pub zone: jiff::tz::TimeZone,
    pub clock: Clock,
}

impl std::fmt::Debug for Out<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Out").field("paper", &self.paper).field("lang", &self.lang).finish_non_exhaustive()
    }
}

impl Out<'_> {
    /// Writes the document. A reader that went away is not an error: it has what it wanted.
    pub fn document(&mut self, text: &str) {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            let why = format!("wharf: standard output: {error}");
            self.line(&why);
        }
    }

    /// A line on standard error. Where even that is gone, nobody is left to be told.
    pub(super) fn line(&mut self, text: &str) {
        let _ = writeln!(self.err, "{text}").and_then(|()| self.err.flush());
    }

    pub(super) fn say(&mut self, en: &str, zh: &str) {
        let text = if self.lang == Lang::Zh { zh } else { en };
        let text = text.to_owned();
        self.line(&text);
    }

    pub fn complain(&mut self, fault: &Fault) {
        let text = complain(fault, self.lang);
        self.line(&text);
    }
}

/// A fault as the command line says it: where, what, and what to do next.
#[must_use]
pub fn complain(fault: &Fault, lang: Lang) -> String {
    let colon = if lang == Lang::Zh { "：" } else { ": " };
    let semicolon = if lang == Lang::Zh { "；" } else { "; " };
    let (cause, hint) = (fault.cause.get(lang), fault.hint.get(lang));
    let hint = if hint.is_empty() { String::new() } else { format!("{semicolon}{hint}") };
    format!("wharf: {}{colon}{cause}{hint}", clean(&fault.endpoint))
}
