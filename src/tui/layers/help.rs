//! All keys of the pane and of all panes, narrowed while typing: what `?` shows.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::encode::Cursor;
use super::super::input::{Code, Key, Mouse};
use super::super::keymap::verbs_of;
use super::super::panes::PANES;
use super::super::theme::Role;
use super::super::verb::Home;
use super::super::widgets::describe::Said;
use super::super::widgets::input::Entry;
use super::super::widgets::pager::{self, Scroll};
use super::{Cover, Layer, LayerContext, LayerEffect};
use crate::model::text::Text;
use crate::tables::{Noun, Tone};

/// The words that narrow it.
#[derive(Debug, Default)]
pub(in crate::tui) struct Help {
    entry: Entry,
    scroll: Scroll,
}

impl Help {
    fn lines(&self, cx: &LayerContext<'_>) -> Vec<Said> {
        let lang = cx.moment.lang;
        let needle = self.entry.text().to_lowercase();
        let mut lines = Vec::new();
        for home in cx.place.homes() {
            let mut part = Vec::new();
            for verb in verbs_of(home) {
                let keys = cx.keymap.keys_of(verb);
                let words = format!("{}  {}", verb.name.get(lang), verb.help.get(lang));
                let hay = format!("{keys} {words} {} {} {}", verb.id, verb.name.en, verb.help.en).to_lowercase();
                if needle.split_whitespace().all(|n| hay.contains(n)) {
                    part.push(Said::new(keys, words, Tone::Plain));
                }
            }
            if !part.is_empty() {
                lines.push(Said::new("", title_of(home).get(lang), Tone::Accent));
                lines.append(&mut part);
                lines.push(Said::blank());
            }
        }
        if lines.is_empty() {
            lines.push(Said::new("", Text::new("no key does that", "没有对应的按键").get(lang), Tone::Dim));
        }
        lines
    }
}

fn title_of(home: Home) -> Text {
    match home {
        Home::Tab(noun) => crate::tables::noun(noun).map_or(Text::raw(noun), Noun::title),
        Home::Pane(pane) => PANES[pane].title(),
        Home::Everywhere => Text::new("Everywhere", "所有页面"),
    }
}

impl Layer for Help {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>) {
        match key.code {
            Code::Esc if !self.entry.text().is_empty() => self.entry = Entry::default(),
            Code::Esc | Code::Enter => cx.effects.push(LayerEffect::Close),
            Code::Char('?' | 'q') if self.entry.text().is_empty() => cx.effects.push(LayerEffect::Close),
            Code::Up | Code::Down | Code::PageUp | Code::PageDown => {
                self.scroll.key(key);
            }
            _ => {
                if self.entry.key(key) {
                    self.scroll = Scroll::default();
                }
            }
        }
    }

    fn mouse(&mut self, mouse: Mouse, _: &mut LayerContext<'_>) {
        super::reading::wheel(&self.scroll, mouse);
    }

    fn cover(&self) -> Cover {
        Cover::Body
    }

    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, cx: &LayerContext<'_>) -> Cursor {
        let title = Text::new("keys; type to narrow", "按键（输入即筛选）");
        let title = canvas.word(&title).to_owned();
        let inner = canvas.frame(body, &title, None);
        if inner.height < 3 {
            return None;
        }
        let style = canvas.style(Role::Accent);
        canvas.put(inner.x + 1, inner.y, 1, "/", style);
        let cursor = self.entry.draw(canvas, (inner.x + 2, inner.y), inner.width.saturating_sub(4), style);
        let room = Rect::new(inner.x + 1, inner.y + 1, inner.width.saturating_sub(2), inner.height - 1);
        pager::draw(canvas, room, &self.lines(cx), &self.scroll);
        Some(cursor)
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        vec![("Esc", Text::new("back", "返回")), ("↑ ↓", Text::new("scroll", "滚动"))]
    }
}
