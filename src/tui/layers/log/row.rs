//! One row of a log: when, whose, and the words.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::super::canvas::Canvas;
use super::super::super::theme::Role;
use crate::engine::TailLine;
use crate::model::clock::Stamp;
use crate::model::text::width;

/// What stands before the words of each line: when, and whose.
#[derive(Debug)]
pub(super) struct Margin<'z> {
    pub source: u16,
    pub zone: &'z jiff::tz::TimeZone,
}

impl Margin<'_> {
    fn columns(&self, line: &TailLine) -> u16 {
        1 + if line.at.is_some() { 9 } else { 0 } + if self.source > 0 { self.source + 1 } else { 0 }
    }

    /// What is left for the words.
    pub(super) fn room(&self, wide: u16, line: &TailLine) -> u16 {
        wide.saturating_sub(self.columns(line))
    }

    /// Draws it; the column where the words begin.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, (x, y): (u16, u16), line: &TailLine) -> u16 {
        let (dim, name) = (canvas.style(Role::Dim), canvas.style(Role::Name));
        let mut to = x + 1;
        if let Some(at) = line.at {
            to += canvas.put(to, y, 8, &clock_of(at, self.zone), dim) + 1;
        }
        if self.source > 0 {
            canvas.put_cut(to, y, self.source, &line.source, name);
            to += self.source + 1;
        }
        to
    }
}

/// `14:01:58` in the person's zone.
fn clock_of(at: Stamp, zone: &jiff::tz::TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".to_owned(), |t| t.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string())
}

/// Draws a row of words with what was searched for shown in them, and a sign where they are cut.
pub(super) fn draw_words(canvas: &mut Canvas<'_>, area: Rect, (words, search): (&str, &str), style: Style) {
    let (x, y, room) = (area.x, area.y, area.width);
    let found = canvas.style(Role::Match);
    let needle = search.to_lowercase();
    let lower = words.to_lowercase();
    let (mut at, mut used) = (0, 0);
    // Lowering may change lengths; then nothing is highlighted rather than the wrong words.
    while let Some(hit) = (!needle.is_empty() && lower.len() == words.len()).then(|| lower[at..].find(&needle)).flatten() {
        let (from, to) = (at + hit, at + hit + needle.len());
        if !words.is_char_boundary(from) || !words.is_char_boundary(to) {
            break;
        }
        used += canvas.put(x + used, y, room.saturating_sub(used), &words[at..from], style);
        used += canvas.put(x + used, y, room.saturating_sub(used), &words[from..to], found);
        at = to;
    }
    canvas.put(x + used, y, room.saturating_sub(used), &words[at..], style);
    if width(words) > usize::from(room) {
        let dim = canvas.style(Role::Dim);
        canvas.put_right(area.right(), y, 1, canvas.look.glyphs.ellipsis, dim);
    }
}
