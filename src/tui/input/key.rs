//! A key as people name it in a keymap: `ctrl-s`, `space`, `D`, `f5`.

use std::fmt;

/// What was pressed, without its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::tui) enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Insert,
    Home,
    End,
    PageUp,
    PageDown,
    Up,
    Down,
    Left,
    Right,
    F(u8),
}

/// Modifiers held. Shift is not kept for characters: it is in the character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::tui) struct Mods {
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::tui) struct Key {
    pub code: Code,
    pub mods: Mods,
}

const NAMES: [(&str, Code); 18] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("backtab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("space", Code::Char(' ')),
    ("minus", Code::Char('-')),
    ("comma", Code::Char(',')),
];

impl Key {
    #[must_use]
    pub(in crate::tui) const fn plain(code: Code) -> Self {
        Self { code, mods: Mods { ctrl: false, alt: false, shift: false } }
    }

    #[must_use]
    pub(in crate::tui) const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    #[must_use]
    pub(in crate::tui) const fn ctrl(c: char) -> Self {
        Self { code: Code::Char(c), mods: Mods { ctrl: true, alt: false, shift: false } }
    }

    /// The character that this key types, where it types one.
    #[must_use]
    pub(in crate::tui) fn typed(&self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.mods.ctrl && !self.mods.alt => Some(c),
            _ => None,
        }
    }

    /// Reads `ctrl-s`, `alt-x`, `shift-tab`, `space`, `f5`, `D`, `-`.
    ///
    /// # Errors
    /// A sentence that says what is not a key.
    pub(in crate::tui) fn parse(text: &str) -> Result<Self, String> {
        let mut mods = Mods::default();
        let mut rest = text;
        loop {
            let lower = rest.to_ascii_lowercase();
            let cut = if lower.starts_with("ctrl-") && rest.len() > 5 {
                mods.ctrl = true;
                5
            } else if lower.starts_with("alt-") && rest.len() > 4 {
                mods.alt = true;
                4
            } else if lower.starts_with("shift-") && rest.len() > 6 {
                mods.shift = true;
                6
            } else {
                break;
            };
            rest = &rest[cut..];
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => Code::Char(c),
            _ => named(rest)
                .ok_or_else(|| format!("'{text}' is no key; write a character, f1 to f12, or a name such as ctrl-s, space, pgdn"))?,
        };
        Ok(Self { code, mods }.settled())
    }

    /// Folds the spellings of one key into one: ctrl letters are small, shift is in the character.
    fn settled(mut self) -> Self {
        match self.code {
            Code::Char(c) => {
                if self.mods.shift && !self.mods.ctrl {
                    self.code = Code::Char(c.to_ascii_uppercase());
                }
                if self.mods.ctrl {
                    self.code = Code::Char(c.to_ascii_lowercase());
                }
                self.mods.shift = false;
            }
            Code::Tab if self.mods.shift => {
                self.code = Code::BackTab;
                self.mods.shift = false;
            }
            _ => {}
        }
        self
    }
}

fn named(name: &str) -> Option<Code> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, code)) = NAMES.iter().find(|(have, _)| *have == lower) {
        return Some(*code);
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then_some(Code::F(number))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mods.ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.mods.alt {
            f.write_str("Alt-")?;
        }
        if self.mods.shift {
            f.write_str("Shift-")?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "F{n}"),
            Code::PageUp => f.write_str("PgUp"),
            Code::PageDown => f.write_str("PgDn"),
            Code::BackTab => f.write_str("Shift-Tab"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_people_write_them() {
        assert_eq!(Key::parse("D"), Ok(Key::char('D')));
        assert_eq!(Key::parse("ctrl-S"), Ok(Key::ctrl('s')));
        assert_eq!(Key::parse("-"), Ok(Key::char('-')));
        assert_eq!(Key::parse("shift-d"), Ok(Key::char('D')));
        assert_eq!(Key::parse("shift-tab"), Ok(Key::plain(Code::BackTab)));
        assert_eq!(Key::parse("F5"), Ok(Key::plain(Code::F(5))));
        assert_eq!(Key::parse("space"), Ok(Key::char(' ')));
        for wrong in ["", "ctrl-", "f13", "hyper-x", "DD"] {
            assert!(Key::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read_back() {
        for key in
            [Key::ctrl('r'), Key::char('G'), Key::plain(Code::PageUp), Key::plain(Code::F(2)), Key::char(' '), Key::plain(Code::BackTab)]
        {
            assert_eq!(Key::parse(&key.to_string()), Ok(key));
        }
    }
}
