//! Words for people, in English and Chinese, and the washing of words that came from outside.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The two languages of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    En,
    Zh,
}

impl Lang {
    /// From a POSIX locale name such as `zh_CN.UTF-8`; anything that is not Chinese is English.
    #[must_use]
    pub fn from_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") { Self::Zh } else { Self::En }
    }
}

/// One sentence or label, written in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text {
    pub en: Cow<'static, str>,
    pub zh: Cow<'static, str>,
}

impl Text {
    /// Text known when the program was written.
    #[must_use]
    pub const fn new(en: &'static str, zh: &'static str) -> Self {
        Self { en: Cow::Borrowed(en), zh: Cow::Borrowed(zh) }
    }

    /// Text made at run time.
    pub fn made(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: Cow::Owned(en.into()), zh: Cow::Owned(zh.into()) }
    }

    /// The same words in both languages: names, addresses, what a remote end said. Washed with [`clean`].
    #[must_use]
    pub fn raw(words: &str) -> Self {
        let words = clean(words).into_owned();
        Self { en: Cow::Owned(words.clone()), zh: Cow::Owned(words) }
    }

    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }
}

/// True for characters that can move a cursor, reorder or hide text: C0, C1, DEL, line and paragraph
/// separators, bidirectional controls, zero-width marks other than the joiners emoji need, and tags.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2028}' | '\u{2029}'
            | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{061C}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Makes words from outside harmless on one line: whitespace controls become a space,
/// every other hostile character becomes `\u{FFFD}`.
#[must_use]
pub fn clean(words: &str) -> Cow<'_, str> {
    if !words.chars().any(is_hostile) {
        return Cow::Borrowed(words);
    }
    Cow::Owned(
        words
            .chars()
            .map(|c| match c {
                '\t' | '\n' | '\r' => ' ',
                c if is_hostile(c) => '\u{FFFD}',
                c => c,
            })
            .collect(),
    )
}

/// As [`clean`], with tabs opened to the next multiple of four so that indents stay.
#[must_use]
pub fn clean_keeping_indent(words: &str) -> String {
    let mut line = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\t' => line.push_str(&"    "[line.len() % 4..]),
            c if is_hostile(c) => line.push('\u{FFFD}'),
            c => line.push(c),
        }
    }
    line
}

/// Columns that a terminal gives to these words.
#[must_use]
pub fn width(words: &str) -> usize {
    UnicodeWidthStr::width(words)
}

/// Cuts to `max` columns in the middle and keeps the tail, which tells replicas apart: `payment-w…-7f9c`.
#[must_use]
pub fn cut_middle(words: &str, max: usize) -> Cow<'_, str> {
    if width(words) <= max {
        return Cow::Borrowed(words);
    }
    if max == 0 {
        return Cow::Borrowed("");
    }
    let tail_budget = (max - 1) / 2;
    let head_budget = max - 1 - tail_budget;
    let graphemes: Vec<&str> = words.graphemes(true).collect();
    let mut head = String::new();
    let mut used = 0;
    for g in &graphemes {
        let w = width(g);
        if used + w > head_budget {
            break;
        }
        used += w;
        head.push_str(g);
    }
    let mut tail: Vec<&str> = Vec::new();
    used = 0;
    for g in graphemes.iter().rev() {
        let w = width(g);
        if used + w > tail_budget {
            break;
        }
        used += w;
        tail.push(g);
    }
    head.push('…');
    head.extend(tail.into_iter().rev());
    Cow::Owned(head)
}

/// Cuts to `max` columns at the end: `2 hosts lost: dial ti…`.
#[must_use]
pub fn cut_end(words: &str, max: usize) -> Cow<'_, str> {
    if width(words) <= max {
        return Cow::Borrowed(words);
    }
    let mut head = String::new();
    let mut used = 0;
    for g in words.graphemes(true) {
        let w = width(g);
        if used + w + 1 > max {
            break;
        }
        used += w;
        head.push_str(g);
    }
    if max > 0 {
        head.push('…');
    }
    Cow::Owned(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_text() {
        assert_eq!(clean("a\x1b[2Jb\u{9b}c\u{202e}d\te"), "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d e");
        assert!(matches!(clean("土城 web-1"), Cow::Borrowed(_)));
    }

    #[test]
    fn cutting_keeps_the_tail_and_never_splits_a_wide_character() {
        assert_eq!(cut_middle("payment-web-7f9c", 11), "payme…-7f9c");
        assert_eq!(cut_end("2 hosts lost", 8), "2 hosts…");
        for max in 0..14 {
            assert!(width(&cut_middle("土城数据中心-主机七", max)) <= max);
            assert!(width(&cut_end("土城数据中心-主机七", max)) <= max);
        }
    }
}
