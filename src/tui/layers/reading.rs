//! A box to read in: describe, why.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::encode::Cursor;
use super::super::input::{Code, Key, Mouse, MouseDeed};
use super::super::widgets::describe::Said;
use super::super::widgets::pager::{self, Scroll};
use super::{Cover, Layer, LayerContext, LayerEffect};
use crate::model::text::Text;

/// Lines that were true when the box was opened.
#[derive(Debug)]
pub(in crate::tui) struct Reading {
    title: String,
    lines: Vec<Said>,
    scroll: Scroll,
}

impl Reading {
    pub(in crate::tui) fn new(title: String, lines: Vec<Said>) -> Self {
        Self { title, lines, scroll: Scroll::default() }
    }
}

impl Layer for Reading {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>) {
        match key.code {
            Code::Esc | Code::Char('q' | 'd' | 'w') | Code::Enter => cx.effects.push(LayerEffect::Close),
            Code::Char('c') => {
                let text: Vec<String> = self.lines.iter().map(|l| format!("{}\t{}", l.label, l.words)).collect();
                cx.effects.push(LayerEffect::Copy(text.join("\n")));
            }
            _ => {
                self.scroll.key(key);
            }
        }
    }

    fn mouse(&mut self, mouse: Mouse, _: &mut LayerContext<'_>) {
        wheel(&self.scroll, mouse);
    }

    fn cover(&self) -> Cover {
        Cover::Body
    }

    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, _: &LayerContext<'_>) -> Cursor {
        let inner = canvas.frame(body, &self.title, None);
        pager::draw(canvas, Rect::new(inner.x + 1, inner.y, inner.width.saturating_sub(2), inner.height), &self.lines, &self.scroll);
        None
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        vec![("Esc", Text::new("back", "返回")), ("j k", Text::new("scroll", "滚动")), ("c", Text::new("copy", "复制"))]
    }
}

/// Three rows a turn of the wheel.
pub(super) fn wheel(scroll: &Scroll, mouse: Mouse) {
    let key = match mouse.effect {
        MouseDeed::WheelUp => Key::plain(Code::Up),
        MouseDeed::WheelDown => Key::plain(Code::Down),
        MouseDeed::Press => return,
    };
    for _ in 0..3 {
        scroll.key(&key);
    }
}
