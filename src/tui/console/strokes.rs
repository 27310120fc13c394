//! What a person does, taken in order: by the topmost layer, else by the verb of the key.

use std::time::Duration;

use tokio::time::Instant;

use super::super::input::{Code, Key, Mods, Stroke};
use super::super::layers::{Layer, LayerContext, LayerEffect};
use super::{Console, ConsoleRequest};

/// How long keys wait for rows at most.
pub(super) const ROWS_WAIT: Duration = Duration::from_secs(1);
/// Keys that may wait.
const HELD_MAX: usize = 4096;

impl Console {
    /// Takes what a person did.
    pub(in crate::tui) fn take_stroke(&mut self, stroke: Stroke, now: Instant) {
        self.now = now;
        self.stroke_at = now;
        // Keys that were typed ahead wait for the rows that they are meant for.
        if !self.held.is_empty() || (self.awaits_rows() && self.layers.is_empty() && stroke != Stroke::Key(Key::ctrl('c'))) {
            if self.held.len() < HELD_MAX {
                self.held.push_back(stroke);
            }
            return;
        }
        self.take_now(stroke);
    }

    /// The rows that were asked for by a person are not there yet, and it is not long since.
    fn awaits_rows(&self) -> bool {
        let listing = self.listing();
        let answered = listing.sheet.as_ref().is_some_and(|sheet| sheet.generation == listing.generation);
        !answered && self.now.duration_since(self.asked_at) < ROWS_WAIT
    }

    /// Takes the keys that were typed ahead, until one of them asks for other rows.
    pub(super) fn take_held(&mut self) {
        while !(self.awaits_rows() && self.layers.is_empty()) {
            let Some(stroke) = self.held.pop_front() else { return };
            self.take_now(stroke);
        }
    }

    fn take_now(&mut self, stroke: Stroke) {
        match stroke {
            Stroke::Key(key) => self.take_key(&key),
            Stroke::Paste(text) => self.with_layer(|layer, cx| layer.paste(&text, cx)),
            Stroke::Mouse(mouse) => self.take_mouse(mouse),
            Stroke::Focus(_) | Stroke::Closed => {}
        }
    }

    fn take_key(&mut self, key: &Key) {
        if self.said.as_ref().is_some_and(|(_, since)| self.now.duration_since(*since) > Duration::from_millis(500)) {
            self.said = None;
        }
        if *key == Key::ctrl('c') {
            return self.request(ConsoleRequest::Quit);
        }
        // Escape and a key that a slow link brought together look like Alt and the key, which nothing here means.
        let is_alt = key.mods.alt && key.code != Code::Backspace && self.keymap.verb(self.verb_place(), key).is_none();
        if is_alt {
            self.take_key(&Key::plain(Code::Esc));
            return self.take_key(&Key { mods: Mods { alt: false, ..key.mods }, ..*key });
        }
        if self.layers.is_empty() {
            if let Some(verb) = self.keymap.verb(self.verb_place(), key) {
                self.run(verb);
            } else if let Some(digit) = key.typed().filter(char::is_ascii_digit) {
                self.show_digit(digit);
            }
            return;
        }
        self.with_layer(|layer, cx| layer.key(key, cx));
    }

    /// Lets the topmost layer take something, then does what it wants.
    pub(super) fn with_layer(&mut self, take: impl FnOnce(&mut Box<dyn Layer>, &mut LayerContext<'_>)) {
        let Some(mut layer) = self.layers.pop() else { return };
        let mut cx = self.layer_context();
        take(&mut layer, &mut cx);
        let effects = cx.effects;
        self.layers.push(layer);
        let mut place = self.layers.len() - 1;
        for effect in effects {
            match effect {
                LayerEffect::Close => {
                    self.layers.remove(place);
                    place = place.saturating_sub(1);
                }
                LayerEffect::Open(layer) => self.layers.push(layer),
                LayerEffect::Verb(verb) => self.run(verb),
                LayerEffect::Narrow(text) => {
                    self.listing_mut().narrow(&text);
                    self.ask_anew();
                }
                LayerEffect::Line(line) => self.carry_out(&line),
                LayerEffect::Send(command) => {
                    let number = self.next_generation();
                    self.request(ConsoleRequest::Await(number, command));
                }
                LayerEffect::Run { plan, rows } => self.begin_run(&plan, rows),
                LayerEffect::Tail(ask) => self.request(ConsoleRequest::Tail(ask)),
                LayerEffect::Copy(text) => self.copy(&text),
                LayerEffect::Say(text) => self.say(text),
            }
        }
    }
}
