//! The `:` line with what it may become.

use std::cell::{Cell, RefCell};

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::encode::Cursor;
use super::super::input::{Code, Key};
use super::super::palette;
use super::super::theme::Role;
use super::super::widgets::input::Entry;
use super::{Layer, LayerContext, LayerEffect};
use crate::model::text::Text;
use crate::operations::completion::Offer;

/// Offers shown at once.
const SHOWN: usize = 10;

/// What is typed, and which of the offers is chosen.
#[derive(Debug)]
pub(in crate::tui) struct CommandLine {
    entry: Entry,
    chosen: Option<usize>,
    top: Cell<usize>,
    /// The offers for the text that they were looked up for: a large fleet is looked through once a key, not once a frame.
    found: RefCell<Option<(String, Vec<Offer>)>>,
}

impl CommandLine {
    pub(in crate::tui) fn new(text: &str) -> Self {
        Self { entry: Entry::with(text), chosen: None, top: Cell::new(0), found: RefCell::default() }
    }

    fn offers(&self, cx: &LayerContext<'_>) -> Vec<Offer> {
        let text = self.entry.text();
        let mut found = self.found.borrow_mut();
        match &*found {
            Some((of, offers)) if of == text => offers.clone(),
            _ => {
                let offers = palette::offers(text, &cx.moment.fleet);
                *found = Some((text.to_owned(), offers.clone()));
                offers
            }
        }
    }

    fn turn(&mut self, by: isize, cx: &LayerContext<'_>) {
        let count = self.offers(cx).len();
        if count == 0 {
            self.chosen = None;
            return;
        }
        let last = count - 1;
        self.chosen = Some(match (self.chosen, by > 0) {
            (None, true) => 0,
            (None, false) => last,
            (Some(at), true) => {
                if at >= last {
                    0
                } else {
                    at + 1
                }
            }
            (Some(at), false) => {
                if at == 0 {
                    last
                } else {
                    at - 1
                }
            }
        });
    }

    /// The chosen offer, or the only one that fits, takes the place of the last word.
    fn complete(&mut self, cx: &LayerContext<'_>) {
        let offers = self.offers(cx);
        if let Some(offer) = offers.get(self.chosen.unwrap_or(0)) {
            self.entry = Entry::with(&palette::with_last(self.entry.text(), &offer.word));
            self.chosen = None;
        }
    }
}

impl Layer for CommandLine {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>) {
        match key.code {
            Code::Esc => cx.effects.push(LayerEffect::Close),
            Code::Backspace if self.entry.text().is_empty() => cx.effects.push(LayerEffect::Close),
            Code::Tab => self.complete(cx),
            Code::Down => self.turn(1, cx),
            Code::Up | Code::BackTab => self.turn(-1, cx),
            Code::Enter => {
                if self.chosen.is_some() {
                    self.complete(cx);
                }
                cx.effects.push(LayerEffect::Close);
                cx.effects.push(LayerEffect::Line(self.entry.text().trim().to_owned()));
            }
            _ => {
                self.entry.key(key);
                self.chosen = None;
            }
        }
    }

    fn paste(&mut self, text: &str, _: &mut LayerContext<'_>) {
        self.entry.paste(text.trim_end_matches(['\r', '\n']));
        self.chosen = None;
    }

    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, cx: &LayerContext<'_>) -> Cursor {
        let screen = canvas.buffer.area;
        let y = screen.bottom().saturating_sub(1);
        canvas.clear(Rect::new(0, y, screen.width, 1), canvas.style(Role::Text));
        let offers = self.offers(cx);
        let room = SHOWN.min(usize::from(body.height));
        let at = self.chosen.unwrap_or(0);
        let top = self.top.get().min(at).max((at + 1).saturating_sub(room)).min(offers.len().saturating_sub(room));
        self.top.set(top);
        let shown = offers.len().saturating_sub(top).min(room);
        let first = y.saturating_sub(u16::try_from(shown).unwrap_or(0));
        for (nth, offer) in offers.iter().enumerate().skip(top).take(room) {
            let row = first + u16::try_from(nth - top).unwrap_or(0);
            canvas.clear(Rect::new(0, row, screen.width, 1), canvas.style(Role::Text));
            let style = canvas.style(if self.chosen == Some(nth) { Role::Selected } else { Role::Key });
            let used = canvas.put(2, row, 28, &offer.word, style);
            let words = canvas.word(&offer.help).to_owned();
            let dim = canvas.style(Role::Dim);
            canvas.put(2 + used.max(26) + 2, row, screen.width.saturating_sub(32), &words, dim);
        }
        let style = canvas.style(Role::Key);
        canvas.put(1, y, 1, ":", style);
        Some(self.entry.draw(canvas, (2, y), screen.width.saturating_sub(3), canvas.style(Role::Text)))
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        Vec::new()
    }
}
