//! The verbs that are valid here, to choose from: what `x` shows.

use ratatui::layout::Rect;

use super::super::canvas::{Canvas, centred};
use super::super::encode::Cursor;
use super::super::input::{Code, Key};
use super::super::theme::Role;
use super::super::verb::{Needs, Verb};
use super::{Layer, LayerContext, LayerEffect};
use crate::engine::Mode;
use crate::model::text::{Text, cut_end};

/// The verbs and the chosen one.
#[derive(Debug)]
pub(in crate::tui) struct Menu {
    title: String,
    verbs: Vec<&'static Verb>,
    at: usize,
}

impl Menu {
    pub(in crate::tui) fn new(title: String, verbs: Vec<&'static Verb>) -> Self {
        Self { title, verbs, at: 0 }
    }

    fn choose(verb: &'static Verb, cx: &mut LayerContext<'_>) {
        if verb.needs == Needs::Writing && cx.mode == Mode::ReadOnly {
            cx.effects.push(LayerEffect::Say(Text::new("read-only: this console changes nothing", "只读：此控制台不做任何更改")));
            return;
        }
        cx.effects.extend([LayerEffect::Close, LayerEffect::Verb(verb)]);
    }
}

impl Layer for Menu {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>) {
        let last = self.verbs.len().saturating_sub(1);
        match key.code {
            Code::Esc => cx.effects.push(LayerEffect::Close),
            Code::Down => self.at = (self.at + 1).min(last),
            Code::Up => self.at = self.at.saturating_sub(1),
            Code::Home => self.at = 0,
            Code::End => self.at = last,
            Code::Enter => {
                if let Some(verb) = self.verbs.get(self.at) {
                    Self::choose(verb, cx);
                }
            }
            _ => {
                // The verb's own key works here too.
                let own = cx.keymap.verb(cx.place, key).filter(|v| self.verbs.iter().any(|have| have.id == v.id));
                match (own, key.code) {
                    (Some(verb), _) => Self::choose(verb, cx),
                    (None, Code::Char('j')) => self.at = (self.at + 1).min(last),
                    (None, Code::Char('k')) => self.at = self.at.saturating_sub(1),
                    (None, Code::Char('x' | 'q')) => cx.effects.push(LayerEffect::Close),
                    _ => {}
                }
            }
        }
    }

    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, cx: &LayerContext<'_>) -> Cursor {
        let high = u16::try_from(self.verbs.len()).unwrap_or(u16::MAX).saturating_add(2);
        let area = centred(body, body.width.saturating_sub(4).min(76), high.min(body.height));
        let inner = canvas.frame(area, &self.title, None);
        let room = usize::from(inner.height);
        let top = (self.at + 1).saturating_sub(room);
        for ((nth, verb), y) in self.verbs.iter().enumerate().skip(top).take(room).zip(inner.y..) {
            let barred = verb.needs == Needs::Writing && cx.mode == Mode::ReadOnly;
            let key = cx.keymap.first_key(verb).unwrap_or_default();
            let style = |role: Role| canvas.look.theme.style(if barred { Role::Dim } else { role });
            let (key_style, name_style, help_style) = (style(Role::Key), style(Role::Name), style(Role::Dim));
            if nth == self.at {
                let bar = canvas.style(Role::Accent);
                canvas.put(inner.x, y, 1, canvas.look.glyphs.selected, bar);
            }
            canvas.put(inner.x + 2, y, 8, &key, key_style);
            let name = canvas.word(&verb.name).to_owned();
            canvas.put(inner.x + 11, y, 14, &name, name_style);
            let help = match (barred, canvas.look.lang) {
                (false, lang) => verb.help.get(lang).to_owned(),
                (true, crate::model::text::Lang::En) => "read-only".to_owned(),
                (true, crate::model::text::Lang::Zh) => "只读".to_owned(),
            };
            let room = inner.width.saturating_sub(27);
            canvas.put(inner.x + 26, y, room, &cut_end(&help, usize::from(room)), help_style);
        }
        None
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        vec![("Enter", Text::new("do", "执行")), ("Esc", Text::new("back", "返回"))]
    }
}
