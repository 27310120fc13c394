//! The `/` line: the rows narrow while it is typed.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::encode::Cursor;
use super::super::input::{Code, Key};
use super::super::theme::Role;
use super::super::widgets::input::Entry;
use super::{Layer, LayerContext, LayerEffect};
use crate::model::text::Text;

/// What is typed, and what Esc goes back to.
#[derive(Debug)]
pub(in crate::tui) struct FilterLine {
    entry: Entry,
}

impl FilterLine {
    /// What is typed behind a filter that is there already is a further term.
    pub(in crate::tui) fn new(text: &str) -> Self {
        let text = if text.is_empty() || text.ends_with(' ') { text.to_owned() } else { format!("{text} ") };
        Self { entry: Entry::with(&text) }
    }
}

impl Layer for FilterLine {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>) {
        match key.code {
            Code::Enter => cx.effects.push(LayerEffect::Close),
            Code::Esc => cx.effects.extend([LayerEffect::Narrow(String::new()), LayerEffect::Close]),
            Code::Backspace if self.entry.text().is_empty() => cx.effects.push(LayerEffect::Close),
            _ => {
                let before = self.entry.text().to_owned();
                if self.entry.key(key) && self.entry.text() != before {
                    cx.effects.push(LayerEffect::Narrow(self.entry.text().to_owned()));
                }
            }
        }
    }

    fn paste(&mut self, text: &str, cx: &mut LayerContext<'_>) {
        self.entry.paste(text.trim_end_matches(['\r', '\n']));
        cx.effects.push(LayerEffect::Narrow(self.entry.text().to_owned()));
    }

    fn narrows(&self) -> bool {
        true
    }

    fn draw(&self, canvas: &mut Canvas<'_>, _: Rect, _: &LayerContext<'_>) -> Cursor {
        let screen = canvas.buffer.area;
        let y = screen.bottom().saturating_sub(1);
        canvas.clear(Rect::new(0, y, screen.width, 1), canvas.style(Role::Text));
        let style = canvas.style(Role::Key);
        canvas.put(1, y, 1, "/", style);
        let help = Text::new(
            "word  !not  ~fuzzy  col:value  col:=a,b  col:>9  /regex/   Enter keep  Esc clear",
            "词  !排除  ~模糊  列:值  列:=甲,乙  列:>9  /正则/   Enter 保留  Esc 清除",
        );
        let words = canvas.word(&help).to_owned();
        let room = screen.width.saturating_sub(2) / 2;
        let dim = canvas.style(Role::Dim);
        if screen.width >= 100 {
            canvas.put_right(screen.width - 1, y, room + 20, &words, dim);
        }
        Some(self.entry.draw(canvas, (2, y), room, canvas.style(Role::Text)))
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        Vec::new()
    }
}
