//! Bytes of a log line to harmless text: escape sequences removed, of a progress bar the last picture, the rest washed.

use crate::model::text::clean;

enum State {
    Text,
    Escape,
    /// `ESC [ .. letter`.
    Control,
    /// `ESC ] ..`, up to BEL or `ESC \`.
    Words,
    WordsEscape,
}

/// Reads as UTF-8, what is none of it becomes U+FFFD.
pub(super) fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let stripped = strip(&text);
    let whole = stripped.trim_end_matches('\r');
    let last = whole.rsplit('\r').next().unwrap_or(whole);
    clean(if last.is_empty() { whole } else { last }).into_owned()
}

fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut state = State::Text;
    for c in text.chars() {
        let next = match state {
            State::Text => in_text(c),
            State::Escape => in_escape(c),
            State::Control => in_control(c),
            State::Words => match c {
                '\u{7}' | '\u{9c}' => Some(State::Text),
                '\u{1b}' => Some(State::WordsEscape),
                _ => Some(State::Words),
            },
            State::WordsEscape => Some(if c == '\\' { State::Text } else { State::Words }),
        };
        state = next.unwrap_or_else(|| {
            out.push(c);
            State::Text
        });
    }
    out
}

/// Where a character leads; `None` where it is text.
fn in_text(c: char) -> Option<State> {
    match c {
        '\u{1b}' => Some(State::Escape),
        '\u{9b}' => Some(State::Control),
        '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => Some(State::Words),
        '\u{7}' | '\u{8}' => Some(State::Text),
        _ => None,
    }
}

fn in_escape(c: char) -> Option<State> {
    match c {
        '[' => Some(State::Control),
        ']' | 'P' | 'X' | '^' | '_' => Some(State::Words),
        ' '..='/' | '\u{1b}' => Some(State::Escape),
        '0'..='~' => Some(State::Text),
        _ => None,
    }
}

fn in_control(c: char) -> Option<State> {
    match c {
        ' '..='?' => Some(State::Control),
        '@'..='~' => Some(State::Text),
        '\u{1b}' => Some(State::Escape),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::is_hostile;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_go_and_words_stay() {
        for (line, wanted) in [
            (&b"\x1b[1;31mred\x1b[0m plain"[..], "red plain"),
            (b"\x1b]0;title\x07text \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "text link"),
            (b"\x1b(Bx\x1b=y\x1b[?25lz", "xyz"),
            (b" 10%\r 50%\r100%\r", "100%"),
            (b"tab\there", "tab here"),
            (b"\xff\xfe bad", "\u{FFFD}\u{FFFD} bad"),
            ("土城\u{202e}x".as_bytes(), "土城\u{FFFD}x"),
            (b"\x1b[31", ""),
            (b"\x1bPdevice", ""),
            (b"", ""),
        ] {
            assert_eq!(plain(line), wanted, "{}", String::from_utf8_lossy(line));
        }
    }

    proptest! {
        #[test]
        fn nothing_hostile_comes_through(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(!plain(&bytes).chars().any(is_hostile));
        }
    }
}
