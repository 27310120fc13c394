//! Bytes of a terminal to events. A sequence may arrive in pieces: what is not whole waits, and the reader says when it waited long enough.

use super::{Code, Focus, Key, Mods, Mouse, MouseDeed, PASTE_MAX, Stroke};

/// Longest escape sequence that is waited for; a longer one is garbage.
const SEQUENCE_MAX: usize = 64;

const PASTE_END: &[u8] = b"\x1b[201~";

/// Decoded so far, and what waits for its rest.
#[derive(Debug, Default)]
pub(in crate::tui) struct Decoder {
    waiting: Vec<u8>,
    pasting: Option<Vec<u8>>,
}

/// What stands at the front of the bytes.
enum Front {
    /// An event, or garbage that is swallowed, of this length.
    Whole(Option<Stroke>, usize),
    PasteBegins(usize),
    /// The bytes so far may be the start of something.
    Incomplete,
}

/// What an unfinished input is, which decides how long its rest is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Unfinished {
    /// A lone ESC: a key of its own, or the start of a sequence.
    Escape,
    /// The middle of a sequence or of a character.
    Sequence,
    /// A paste whose end has not come.
    Paste,
}

impl Decoder {
    /// Takes bytes as they came and appends what they mean.
    pub(in crate::tui) fn feed(&mut self, bytes: &[u8], out: &mut Vec<Stroke>) {
        self.waiting.extend_from_slice(bytes);
        let mut at = 0;
        while at < self.waiting.len() {
            if self.pasting.is_some() {
                match self.paste(at, out) {
                    Some(next) => at = next,
                    None => break,
                }
                continue;
            }
            match front(&self.waiting[at..]) {
                Front::Whole(event, length) => {
                    out.extend(event);
                    at += length;
                }
                Front::PasteBegins(length) => {
                    self.pasting = Some(Vec::new());
                    at += length;
                }
                Front::Incomplete => break,
            }
        }
        self.waiting.drain(..at);
    }

    /// What waits for more bytes, if anything does.
    pub(in crate::tui) fn unfinished(&self) -> Option<Unfinished> {
        if self.pasting.is_some() {
            return Some(Unfinished::Paste);
        }
        match self.waiting.as_slice() {
            [] => None,
            [0x1b] => Some(Unfinished::Escape),
            _ => Some(Unfinished::Sequence),
        }
    }

    /// No more came in time: a lone ESC is a key, a broken sequence is nothing, a paste ends where it is.
    pub(in crate::tui) fn settle(&mut self, out: &mut Vec<Stroke>) {
        if let Some(text) = self.pasting.take() {
            push_paste(text, out);
            self.waiting.clear();
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        match waiting.as_slice() {
            [0x1b] => out.push(Stroke::Key(Key::plain(Code::Esc))),
            // Alt-[ and Alt-O look like the start of a sequence.
            [0x1b, c @ (b'[' | b'O')] => out.push(Stroke::Key(alt(Key::char(char::from(*c))))),
            _ => {}
        }
    }

    /// Takes pasted bytes from `at`; the place after the end mark, or `None` when the end is not there yet.
    fn paste(&mut self, at: usize, out: &mut Vec<Stroke>) -> Option<usize> {
        let rest = &self.waiting[at..];
        let end = rest.windows(PASTE_END.len()).position(|w| w == PASTE_END);
        // Without an end all but what may be the first part of the mark is text.
        let keep = (1..PASTE_END.len()).rev().find(|n| rest.ends_with(&PASTE_END[..*n])).unwrap_or(0);
        let text_length = end.unwrap_or(rest.len() - keep);
        let text = self.pasting.get_or_insert_default();
        let room = PASTE_MAX.saturating_sub(text.len());
        text.extend_from_slice(&rest[..text_length.min(room)]);
        if end.is_some() {
            push_paste(self.pasting.take().unwrap_or_default(), out);
            return Some(at + text_length + PASTE_END.len());
        }
        self.waiting.drain(at..at + text_length);
        None
    }
}

fn push_paste(text: Vec<u8>, out: &mut Vec<Stroke>) {
    out.push(Stroke::Paste(String::from_utf8(text).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())));
}

fn alt(mut key: Key) -> Key {
    key.mods.alt = true;
    key
}

fn front(bytes: &[u8]) -> Front {
    let Some((&first, rest)) = bytes.split_first() else { return Front::Incomplete };
    let key = |key: Key| Front::Whole(Some(Stroke::Key(key)), 1);
    match first {
        0x1b => match rest.first() {
            None => Front::Incomplete,
            Some(b'[') => csi(bytes),
            Some(b'O') => match bytes.get(2) {
                None => Front::Incomplete,
                Some(c) => Front::Whole(ss3(*c).map(|code| Stroke::Key(Key::plain(code))), 3),
            },
            Some(0x1b) => key(Key::plain(Code::Esc)),
            Some(_) => match front(rest) {
                Front::Whole(Some(Stroke::Key(inner)), length) => Front::Whole(Some(Stroke::Key(alt(inner))), length + 1),
                Front::Whole(other, length) => Front::Whole(other, length + 1),
                Front::PasteBegins(length) => Front::PasteBegins(length + 1),
                Front::Incomplete => Front::Incomplete,
            },
        },
        b'\r' => key(Key::plain(Code::Enter)),
        b'\t' => key(Key::plain(Code::Tab)),
        0x7f => key(Key::plain(Code::Backspace)),
        0 => key(Key::ctrl(' ')),
        1..=26 => key(Key::ctrl(char::from(first - 1 + b'a'))),
        0x1c..=0x1f => key(Key::ctrl(char::from(first - 0x1c + b'4'))),
        0x20..=0x7e => key(Key::char(char::from(first))),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Front {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Front::Whole(None, 1),
    };
    match std::str::from_utf8(&bytes[..length.min(bytes.len())]) {
        Ok(text) => Front::Whole(text.chars().next().map(|c| Stroke::Key(Key::char(c))), length),
        Err(e) if e.error_len().is_none() && bytes.len() < length => Front::Incomplete,
        Err(_) => Front::Whole(None, 1),
    }
}

fn ss3(c: u8) -> Option<Code> {
    Some(match c {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'M' => Code::Enter,
        b'P'..=b'S' => Code::F(c - b'P' + 1),
        _ => return None,
    })
}

/// `ESC [` parameters intermediates final; also the Linux console's `ESC [ [ A` and the old mouse's `ESC [ M` with three bytes.
fn csi(bytes: &[u8]) -> Front {
    match bytes.get(2) {
        Some(b'[') => {
            return match bytes.get(3) {
                None => Front::Incomplete,
                Some(c @ b'A'..=b'E') => Front::Whole(Some(Stroke::Key(Key::plain(Code::F(c - b'A' + 1)))), 4),
                Some(_) => Front::Whole(None, 4),
            };
        }
        Some(b'M') => {
            return match bytes.get(3..6) {
                None => Front::Incomplete,
                Some(m) => {
                    let place = |b: u8| u16::from(b.saturating_sub(33));
                    Front::Whole(mouse(u16::from(m[0].saturating_sub(32)), place(m[1]), place(m[2])), 6)
                }
            };
        }
        _ => {}
    }
    for (at, byte) in bytes.iter().enumerate().skip(2) {
        match byte {
            0x40..=0x7e => return whole_csi(&bytes[2..at], *byte, at + 1),
            0x20..=0x3f if at < SEQUENCE_MAX => {}
            // A broken sequence: swallow it up to here, and look at this byte again.
            _ => return Front::Whole(None, at),
        }
    }
    Front::Incomplete
}

fn whole_csi(parameters: &[u8], last: u8, length: usize) -> Front {
    if let (Some(b'<'), b'M' | b'm') = (parameters.first(), last) {
        let n = numbers(&parameters[1..]);
        let event = match (n.as_slice(), last) {
            ([button, x, y], b'M') => mouse(*button, x.saturating_sub(1), y.saturating_sub(1)),
            _ => None,
        };
        return Front::Whole(event, length);
    }
    let n = numbers(parameters);
    let first = n.first().copied().unwrap_or(0);
    let mods = modifiers(n.get(1).copied().unwrap_or(1));
    let code = match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'Z' => Code::BackTab,
        b'P'..=b'S' => Code::F(last - b'P' + 1),
        b'I' => return Front::Whole(Some(Stroke::Focus(Focus::Gained)), length),
        b'O' => return Front::Whole(Some(Stroke::Focus(Focus::Lost)), length),
        b'~' => match first {
            200 => return Front::PasteBegins(length),
            1 | 7 => Code::Home,
            2 => Code::Insert,
            3 => Code::Delete,
            4 | 8 => Code::End,
            5 => Code::PageUp,
            6 => Code::PageDown,
            11..=15 => Code::F(u8::try_from(first - 10).unwrap_or(1)),
            17..=21 => Code::F(u8::try_from(first - 11).unwrap_or(1)),
            23 | 24 => Code::F(u8::try_from(first - 12).unwrap_or(1)),
            _ => return Front::Whole(None, length),
        },
        b'u' => match char::from_u32(u32::from(first)) {
            Some('\r') => Code::Enter,
            Some('\u{1b}') => Code::Esc,
            Some('\t') => Code::Tab,
            Some('\u{7f}') => Code::Backspace,
            Some(c) if !c.is_control() => Code::Char(c),
            _ => return Front::Whole(None, length),
        },
        _ => return Front::Whole(None, length),
    };
    Front::Whole(Some(Stroke::Key(Key { code, mods })), length)
}

fn numbers(parameters: &[u8]) -> Vec<u16> {
    parameters
        .split(|b| *b == b';')
        .map(|part| {
            part.iter().take_while(|b| b.is_ascii_digit()).fold(0u16, |n, b| n.saturating_mul(10).saturating_add(u16::from(b - b'0')))
        })
        .collect()
}

/// xterm's modifier parameter: 1 + shift 1 + alt 2 + ctrl 4.
fn modifiers(parameter: u16) -> Mods {
    let bits = parameter.saturating_sub(1);
    Mods { shift: bits & 1 != 0, alt: bits & 2 != 0, ctrl: bits & 4 != 0 }
}

/// Presses of the left button and the wheel; everything else of a mouse is nothing.
fn mouse(button: u16, column: u16, row: u16) -> Option<Stroke> {
    let effect = match button & !0b1_1100 {
        0 => MouseDeed::Press,
        64 => MouseDeed::WheelUp,
        65 => MouseDeed::WheelDown,
        _ => return None,
    };
    Some(Stroke::Mouse(Mouse { effect, column, row }))
}

#[cfg(test)]
mod tests;
