//! Patterns as Harbor matches them: `*` and `?` inside a path segment, `**` over segments, `{a,b}` for either.

/// An empty pattern matches everything.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    pattern.is_empty() || spread(pattern).iter().any(|pattern| glob(pattern.as_bytes(), text.as_bytes()))
}

/// The pattern with each choice of its braces; more than 64 of them are cut.
fn spread(pattern: &str) -> Vec<String> {
    let Some(open) = pattern.find('{') else { return vec![pattern.to_owned()] };
    let mut depth = 0;
    let close = pattern[open..].char_indices().find_map(|(at, c)| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        (depth == 0).then_some(open + at)
    });
    let Some(close) = close else { return vec![pattern.to_owned()] };
    let (head, tail) = (&pattern[..open], &pattern[close + 1..]);
    let mut depth = 0;
    let choices = pattern[open + 1..close].split(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    choices.flat_map(|choice| spread(&format!("{head}{choice}{tail}"))).take(64).collect()
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', b'*', b'/', rest @ ..] => glob(rest, text) || (0..text.len()).any(|at| text[at] == b'/' && glob(rest, &text[at + 1..])),
        [b'*', b'*', rest @ ..] => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        [b'*', rest @ ..] => {
            let end = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
            (0..=end).any(|at| glob(rest, &text[at..]))
        }
        [b'?', rest @ ..] => text.first().is_some_and(|byte| *byte != b'/') && glob(rest, &text[1..]),
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => text.first() == Some(byte) && glob(rest, &text[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stay_in_their_segment_and_double_stars_do_not() {
        assert!(matches("payment/**", "payment/core/api") && !matches("payment/*", "payment/core/api"));
        assert!(matches("**/api", "payment/core/api") && matches("**", "v1") && matches("", "anything"));
        assert!(matches("v?", "v1") && !matches("v?", "v12") && matches("v*", "v1.0_build.7"));
    }

    #[test]
    fn braces_are_choices() {
        assert!(matches("{library,pay*}/web", "payment/web") && !matches("{a,b}", "c"));
        assert!(matches("{a,{b,c}x}", "cx") && matches("{open", "{open"));
    }
}
