//! Standard output and error, as one face writes on them.

use std::io::{Stderr, Stdout, stderr, stdout};
use std::path::Path;

use jiff::tz::TimeZone;
use tracing_subscriber::EnvFilter;

use super::out::{Out, Paper};
use crate::model::clock::Clock;
use crate::model::text::Lang;

/// The process's own streams, and how words are written on them.
#[derive(Debug)]
pub struct Streams {
    paper: Paper,
    lang: Lang,
    zone: TimeZone,
    clock: Clock,
    stdout: Stdout,
    stderr: Stderr,
}

impl Streams {
    /// `locale` is `LC_ALL`, `LC_CTYPE` or `LANG`.
    #[must_use]
    pub fn standard(locale: &str, lang: Lang, zone: TimeZone, clock: Clock) -> Self {
        Self { paper: Paper::standard(locale), lang, zone, clock, stdout: stdout(), stderr: stderr() }
    }

    /// What a face writes with.
    pub fn lend(&mut self) -> Out<'_> {
        Out {
            out: &mut self.stdout,
            err: &mut self.stderr,
            paper: self.paper,
            lang: self.lang,
            zone: self.zone.clone(),
            clock: self.clock.clone(),
        }
    }
}

/// A log in the state directory, one file a day, seven kept. Nothing is ever logged to the terminal.
/// What is still to be written is written when the guard is dropped.
#[must_use]
pub fn log_to(state: &Path) -> Option<tracing_appender::non_blocking::WorkerGuard> {
    let files = tracing_appender::rolling::Builder::new()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("wharf")
        .filename_suffix("log")
        .max_log_files(7)
        .build(state)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let filter = EnvFilter::try_from_env("WHARF_LOG").unwrap_or_else(|_| EnvFilter::new("wharf=info"));
    tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_env_filter(filter).try_init().ok()?;
    Some(guard)
}
