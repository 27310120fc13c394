//! Words of a command line: split and quoted as a shell does it.

/// Words as a shell splits them: spaces separate, quotes keep together, a backslash takes the next character as it is.
#[must_use]
pub fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// A word that every POSIX shell, and [`split`], reads back as it is.
#[must_use]
pub fn quote(word: &str) -> String {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@,+%=".contains(c));
    if is_plain && !word.is_empty() { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Words as one line of a shell.
#[must_use]
pub fn join<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().map(quote).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        assert_eq!(split("stop-containers 'a b' c\"d e\"f ''"), ["stop-containers", "a b", "cd ef", ""]);
        assert_eq!(split(r"a\ b 'c\d'"), ["a b", r"c\d"]);
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        assert_eq!(join(["stop-containers", "h/web-1"]), "stop-containers h/web-1");
        assert_eq!(quote("h/it's $HOME"), "'h/it'\\''s $HOME'");
        assert_eq!(quote(""), "''");
    }

    proptest! {
        #[test]
        fn quoted_words_come_back(words in prop::collection::vec(any::<String>(), 0..5)) {
            prop_assert_eq!(split(&join(words.iter().map(String::as_str))), words);
        }
    }
}
