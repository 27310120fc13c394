//! The difference of two drawn screens as the fewest plain bytes; equal screens are no bytes at all.

use std::io::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Frames longer than this are wrapped in a synchronized update where the terminal knows it.
const SYNC_FROM: usize = 2048;

const SYNC_BEGIN: &[u8] = b"\x1b[?2026h";
const SYNC_END: &[u8] = b"\x1b[?2026l";

/// Whether the terminal is one that knows synchronized updates, or ignores them without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sync {
    Harmless,
    Never,
}

/// Where the cursor stands; `None`: hidden.
pub(super) type Cursor = Option<(u16, u16)>;

/// What the terminal shows, as far as we know.
#[derive(Debug)]
pub(super) struct Shown {
    screen: Buffer,
    cursor: Cursor,
    /// Nothing is known of it: paint all.
    unknown: bool,
    sync: Sync,
}

impl Shown {
    pub(super) fn new(sync: Sync) -> Self {
        Self { screen: Buffer::default(), cursor: None, unknown: true, sync }
    }

    /// Forgets what the terminal shows: the next frame is painted whole.
    pub(super) fn forget(&mut self) {
        self.unknown = true;
    }

    /// The bytes that turn what is shown into `next`; empty when it is shown already. `next` gets the old screen back to draw on.
    pub(super) fn turn_into(&mut self, next: &mut Buffer, cursor: Cursor) -> Vec<u8> {
        let whole = self.unknown || self.screen.area != next.area;
        if !whole && self.cursor == cursor && self.screen.content == next.content {
            return Vec::new();
        }
        let mut out = Vec::with_capacity(8 * 1024);
        if self.cursor.is_some() && (cursor.is_none() || self.cursor != cursor) {
            out.extend_from_slice(b"\x1b[?25l");
        }
        if whole {
            out.extend_from_slice(b"\x1b[0m\x1b[2J");
            let blank = Buffer::empty(next.area);
            encode(blank.diff_iter(next), &mut out);
        } else {
            encode(self.screen.diff_iter(next), &mut out);
        }
        if let Some((x, y)) = cursor {
            move_to(&mut out, x, y);
            out.extend_from_slice(b"\x1b[?25h");
        }
        std::mem::swap(&mut self.screen, next);
        self.cursor = cursor;
        self.unknown = false;
        if self.sync == Sync::Harmless && out.len() > SYNC_FROM {
            out.splice(0..0, SYNC_BEGIN.iter().copied());
            out.extend_from_slice(SYNC_END);
        }
        out
    }
}

fn encode<'a>(cells: impl Iterator<Item = (u16, u16, &'a Cell)>, out: &mut Vec<u8>) {
    let mut pen = Pen::default();
    let mut at = None;
    for (x, y, cell) in cells {
        if at != Some((x, y)) {
            move_to(out, x, y);
        }
        // After a wide character the place is always said: terminals disagree about widths.
        at = Some((x + 1, y));
        pen.take(cell, out);
        out.extend_from_slice(cell.symbol().as_bytes());
    }
    if pen != Pen::default() {
        out.extend_from_slice(b"\x1b[m");
    }
}

fn move_to(out: &mut Vec<u8>, x: u16, y: u16) {
    write_to(out, format_args!("\x1b[{};{}H", y + 1, x + 1));
}

fn write_to(out: &mut Vec<u8>, what: std::fmt::Arguments<'_>) {
    // Writing to a vector does not fail.
    drop(out.write_fmt(what));
}

/// The colours and attributes that the terminal writes with now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Default for Pen {
    fn default() -> Self {
        Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() }
    }
}

const ATTRIBUTES: [(Modifier, &str); 6] = [
    (Modifier::BOLD, ";1"),
    (Modifier::DIM, ";2"),
    (Modifier::ITALIC, ";3"),
    (Modifier::UNDERLINED, ";4"),
    (Modifier::REVERSED, ";7"),
    (Modifier::CROSSED_OUT, ";9"),
];

impl Pen {
    fn take(&mut self, cell: &Cell, out: &mut Vec<u8>) {
        let next = Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier };
        if next == *self {
            return;
        }
        if next.modifier == self.modifier {
            // Only colours change: say those, without a reset.
            let mut said = String::new();
            if next.fg != self.fg {
                colour(next.fg, Layer::Fore, &mut said);
            }
            if next.bg != self.bg {
                colour(next.bg, Layer::Back, &mut said);
            }
            write_to(out, format_args!("\x1b[{}m", said.trim_start_matches(';')));
        } else {
            let mut said = String::new();
            for (flag, code) in ATTRIBUTES {
                if next.modifier.contains(flag) {
                    said.push_str(code);
                }
            }
            if next.fg != Color::Reset {
                colour(next.fg, Layer::Fore, &mut said);
            }
            if next.bg != Color::Reset {
                colour(next.bg, Layer::Back, &mut said);
            }
            write_to(out, format_args!("\x1b[0{said}m"));
        }
        *self = next;
    }
}

#[derive(Clone, Copy)]
enum Layer {
    Fore,
    Back,
}

/// Appends `;code` of a colour.
fn colour(colour: Color, layer: Layer, out: &mut String) {
    use std::fmt::Write;
    let base = match layer {
        Layer::Fore => 30,
        Layer::Back => 40,
    };
    let wrote = match colour {
        Color::Reset => write!(out, ";{}", base + 9),
        Color::Rgb(r, g, b) => write!(out, ";{};2;{r};{g};{b}", base + 8),
        Color::Indexed(n @ 0..=7) => write!(out, ";{}", base + i32::from(n)),
        Color::Indexed(n @ 8..=15) => write!(out, ";{}", base + 60 + i32::from(n) - 8),
        Color::Indexed(n) => write!(out, ";{};5;{n}", base + 8),
        // Themes give indices and RGB only.
        _ => Ok(()),
    };
    let _ = wrote;
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn screen(lines: &[(&str, Style)]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 3));
        for (y, (line, style)) in lines.iter().enumerate() {
            buffer.set_string(0, u16::try_from(y).expect("small"), line, *style);
        }
        buffer
    }

    fn replay(parser: &mut vt100::Parser, bytes: &[u8]) -> String {
        parser.process(bytes);
        parser.screen().contents().lines().map(|l| l.trim_end().to_owned() + "\n").collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn equal_screens_are_no_bytes() {
        let mut shown = Shown::new(Sync::Harmless);
        let mut next = screen(&[("hello 土城", Style::new())]);
        assert!(!shown.turn_into(&mut next, None).is_empty());
        let mut again = screen(&[("hello 土城", Style::new())]);
        assert_eq!(shown.turn_into(&mut again, None), b"");
        assert!(!shown.turn_into(&mut again, Some((1, 1))).is_empty());
        let mut again = screen(&[("hello 土城", Style::new())]);
        assert_eq!(shown.turn_into(&mut again, Some((1, 1))), b"");
    }

    #[test]
    fn a_terminal_shows_what_was_drawn() {
        let mut parser = vt100::Parser::new(3.try_into().expect("rows"), 20.try_into().expect("columns"), 0);
        let mut shown = Shown::new(Sync::Never);
        let bold = Style::new().fg(Color::Indexed(1)).add_modifier(Modifier::BOLD);
        let dim = Style::new().bg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::REVERSED);
        let mut next = screen(&[("永丰 up", bold), ("second", dim), ("third", Style::new())]);
        assert_eq!(replay(&mut parser, &shown.turn_into(&mut next, None)), "永丰 up\nsecond\nthird");
        let cell = parser.screen().cell(0, 0).expect("cell");
        assert!(cell.bold() && cell.fgcolor() == vt100::Color::Idx(1));
        let mut next = screen(&[("a 永丰", Style::new()), ("", Style::new()), ("third", bold)]);
        assert_eq!(replay(&mut parser, &shown.turn_into(&mut next, None)), "a 永丰\n\nthird");
        assert!(!parser.screen().cell(0, 0).expect("cell").bold());
        assert!(!parser.screen().cell(1, 0).expect("cell").inverse());
        assert!(parser.screen().cell(2, 0).expect("cell").bold());
    }
}
