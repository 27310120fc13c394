//! One line that a person types in.

use ratatui::style::Style;
use tui_input::{Input, InputRequest};

use super::super::canvas::Canvas;
use super::super::input::{Code, Key};
use crate::model::text::{clean, width};

/// Longest line that can be typed, in characters.
const LONGEST: usize = 4096;

/// The line and its cursor.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Entry {
    line: Input,
}

impl Entry {
    pub(in crate::tui) fn with(text: &str) -> Self {
        Self { line: Input::new(text.to_owned()) }
    }

    pub(in crate::tui) fn text(&self) -> &str {
        self.line.value()
    }

    /// Takes a key of editing; false for any other key.
    pub(in crate::tui) fn key(&mut self, key: &Key) -> bool {
        if let Some(c) = key.typed() {
            if self.text().chars().count() < LONGEST {
                self.line.handle(InputRequest::InsertChar(c));
            }
            return true;
        }
        let ctrl = key.mods.ctrl;
        let request = match key.code {
            Code::Backspace if ctrl || key.mods.alt => InputRequest::DeletePrevWord,
            Code::Backspace => InputRequest::DeletePrevChar,
            Code::Delete => InputRequest::DeleteNextChar,
            Code::Left if ctrl => InputRequest::GoToPrevWord,
            Code::Left => InputRequest::GoToPrevChar,
            Code::Right if ctrl => InputRequest::GoToNextWord,
            Code::Right => InputRequest::GoToNextChar,
            Code::Home => InputRequest::GoToStart,
            Code::End => InputRequest::GoToEnd,
            Code::Char('a') if ctrl => InputRequest::GoToStart,
            Code::Char('e') if ctrl => InputRequest::GoToEnd,
            Code::Char('b') if ctrl => InputRequest::GoToPrevChar,
            Code::Char('f') if ctrl => InputRequest::GoToNextChar,
            Code::Char('w') if ctrl => InputRequest::DeletePrevWord,
            Code::Char('u') if ctrl => InputRequest::DeleteFromStart,
            Code::Char('k') if ctrl => InputRequest::DeleteTillEnd,
            Code::Char('h') if ctrl => InputRequest::DeletePrevChar,
            _ => return false,
        };
        self.line.handle(request);
        true
    }

    /// Takes pasted text as one line.
    pub(in crate::tui) fn paste(&mut self, text: &str) {
        let room = LONGEST.saturating_sub(self.text().chars().count());
        for c in clean(text).chars().take(room) {
            self.line.handle(InputRequest::InsertChar(c));
        }
    }

    /// Draws the line over `max` columns; where the cursor stands.
    pub(in crate::tui) fn draw(&self, canvas: &mut Canvas<'_>, place: (u16, u16), max: u16, style: Style) -> (u16, u16) {
        let (x, y) = place;
        let room = usize::from(max.saturating_sub(1));
        let before: String = self.text().chars().take(self.line.cursor()).collect();
        // What is before the cursor is cut from the left until the cursor is seen.
        let mut start = 0;
        while width(&before[start..]) > room {
            start += before[start..].chars().next().map_or(1, char::len_utf8);
        }
        canvas.put(x, y, max, &self.text()[start..], style);
        let shown = u16::try_from(width(&before[start..])).unwrap_or(0);
        (x + shown.min(max.saturating_sub(1)), y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut entry = Entry::default();
        for c in "hosts 土城 web".chars() {
            assert!(entry.key(&Key::char(c)));
        }
        assert!(entry.key(&Key::ctrl('w')));
        assert_eq!(entry.text(), "hosts 土城 ");
        entry.paste("a\nb\x1b[2J");
        assert_eq!(entry.text(), "hosts 土城 a b\u{FFFD}[2J");
        assert!(entry.key(&Key::ctrl('u')));
        assert_eq!(entry.text(), "");
        assert!(!entry.key(&Key::plain(Code::Enter)));
    }
}
