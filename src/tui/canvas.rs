//! Where a picture is put: one gate through which every word goes to the screen, washed, measured and cut.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::glyphs::{Glyphs, ascii_of};
use super::theme::{Role, Theme};
use crate::model::text::{Lang, Text, cut_middle, is_hostile, width};

/// How everything looks: the same for the whole screen.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub theme: Theme,
    pub glyphs: &'static Glyphs,
    pub lang: Lang,
    pub charset: Charset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Unicode,
    Ascii,
}

/// A buffer being drawn on, with the look of things.
#[derive(Debug)]
pub(super) struct Canvas<'a> {
    pub buffer: &'a mut Buffer,
    pub look: &'a Look,
}

impl Canvas<'_> {
    pub(super) fn style(&self, role: Role) -> Style {
        self.look.theme.style(role)
    }

    pub(super) fn word<'t>(&self, text: &'t Text) -> &'t str {
        text.get(self.look.lang)
    }

    /// Puts words at a place, at most `max` columns of them; the columns used. Nothing is ever put outside the buffer.
    pub(super) fn put(&mut self, x: u16, y: u16, max: u16, words: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.y || y >= area.bottom() || x < area.x || x >= area.right() {
            return 0;
        }
        let limit = max.min(area.right() - x);
        let mut used = 0u16;
        for grapheme in words.graphemes(true) {
            let shown = self.safe(grapheme);
            let columns = u16::try_from(width(shown)).unwrap_or(u16::MAX);
            if columns == 0 {
                continue;
            }
            if columns > limit - used {
                break;
            }
            let place = x + used;
            if let Some(cell) = self.buffer.cell_mut((place, y)) {
                cell.set_symbol(shown).set_style(style);
            }
            for behind in 1..columns {
                if let Some(cell) = self.buffer.cell_mut((place + behind, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
            used += columns;
            if used >= limit {
                break;
            }
        }
        used
    }

    /// Puts words so that they end before column `right`; the column where they begin.
    pub(super) fn put_right(&mut self, right: u16, y: u16, max: u16, words: &str, style: Style) -> u16 {
        let columns = u16::try_from(width(words)).unwrap_or(u16::MAX).min(max).min(right);
        let x = right - columns;
        self.put(x, y, columns, words, style);
        x
    }

    /// Puts words cut in the middle to fit.
    pub(super) fn put_cut(&mut self, x: u16, y: u16, max: u16, words: &str, style: Style) -> u16 {
        let cut = cut_middle(words, usize::from(max));
        self.put(x, y, max, &cut, style)
    }

    /// A line from `x` over `columns`.
    pub(super) fn rule(&mut self, x: u16, y: u16, columns: u16) {
        let style = self.style(Role::Border);
        let line = self.look.glyphs.line;
        for place in x..x.saturating_add(columns) {
            self.put(place, y, 1, line, style);
        }
    }

    /// Spaces over an area, in one style.
    pub(super) fn clear(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buffer.area);
        for y in area.y..area.bottom() {
            for x in area.x..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }

    /// A framed box with a title at the left and a tag at the right of its upper edge; the room inside.
    pub(super) fn frame(&mut self, area: Rect, title: &str, tag: Option<(&str, Style)>) -> Rect {
        let area = area.intersection(self.buffer.area);
        if area.width < 4 || area.height < 3 {
            return Rect::default();
        }
        self.clear(area, Style::new());
        let border = self.style(Role::Border);
        let [ul, ur, ll, lr] = self.look.glyphs.corners;
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        self.rule(area.x, area.y, area.width);
        self.rule(area.x, bottom, area.width);
        for y in area.y + 1..bottom {
            self.put(area.x, y, 1, self.look.glyphs.side, border);
            self.put(right, y, 1, self.look.glyphs.side, border);
        }
        for (x, y, corner) in [(area.x, area.y, ul), (right, area.y, ur), (area.x, bottom, ll), (right, bottom, lr)] {
            self.put(x, y, 1, corner, border);
        }
        let mut room = area.width - 4;
        if let Some((words, style)) = tag {
            let words = format!(" {words} ");
            let x = self.put_right(right.saturating_sub(1), area.y, room, &words, style);
            room = x.saturating_sub(area.x + 3);
        }
        let title = cut_middle(title, usize::from(room.saturating_sub(2)));
        self.put(area.x + 2, area.y, room, &format!(" {title} "), self.style(Role::Head));
        Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2)
    }

    /// What is really put for a grapheme: hostile ones become a sign, on ASCII terminals all others too.
    fn safe<'g>(&self, grapheme: &'g str) -> &'g str {
        if grapheme.len() == 1 && !grapheme.as_bytes()[0].is_ascii_control() {
            return grapheme;
        }
        if self.look.charset == Charset::Ascii {
            return if grapheme.is_ascii() { "?" } else { ascii_of(grapheme) };
        }
        if grapheme.chars().any(is_hostile) { "\u{FFFD}" } else { grapheme }
    }
}

/// The middle of an area, `columns` by `rows` of it.
pub(super) fn centred(area: Rect, columns: u16, rows: u16) -> Rect {
    let (columns, rows) = (columns.min(area.width), rows.min(area.height));
    Rect::new(area.x + (area.width - columns) / 2, area.y + (area.height - rows) / 2, columns, rows)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::glyphs::{ASCII, UNICODE};
    use super::super::terminal::Colours;
    use super::*;

    pub(in crate::tui) fn look(lang: Lang, charset: Charset) -> Look {
        let glyphs = match charset {
            Charset::Unicode => &UNICODE,
            Charset::Ascii => &ASCII,
        };
        Look { theme: Theme::built_in("dark", Colours::True).expect("theme"), glyphs, lang, charset }
    }

    pub(in crate::tui) fn rows_of(buffer: &Buffer) -> Vec<String> {
        super::super::frame::words_of(buffer)
    }

    proptest! {
        #[test]
        fn no_words_leave_their_room_or_carry_a_control(words in "\\PC{0,20}|[\u{0}-\u{9f}\u{202a}-\u{202e}a土🚀]{0,20}", x in 0u16..25, max in 0u16..25) {
            for charset in [Charset::Unicode, Charset::Ascii] {
                let look = look(Lang::En, charset);
                let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
                let used = Canvas { buffer: &mut buffer, look: &look }.put(x, 0, max, &words, Style::new());
                prop_assert!(used <= max);
                for (at, cell) in buffer.content.iter().enumerate() {
                    prop_assert!(!cell.symbol().chars().any(is_hostile), "{:?}", cell.symbol());
                    prop_assert!(charset == Charset::Unicode || cell.symbol().is_ascii());
                    let at = u16::try_from(at).expect("small");
                    prop_assert!(cell.symbol() == " " || (at >= x && at < x.saturating_add(max)));
                    prop_assert!(at + u16::try_from(width(cell.symbol())).expect("small") <= 20);
                }
            }
        }
    }
}
