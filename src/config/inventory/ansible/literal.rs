//! Values of ini inventories: words as a shell splits them, and what Python's `literal_eval` makes of each.

use serde_json::{Map, Value};

/// Splits a line as Python's `shlex.split(line, comments=True)`: quotes and backslashes hold words together, `#` ends the line.
///
/// # Errors
/// A quote that is not closed, a backslash at the end.
pub(super) fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '\\') => {
                let next = chars.next().ok_or("a backslash at the end")?;
                let word = word.get_or_insert_default();
                if next != '\\' && next != '"' {
                    word.push('\\');
                }
                word.push(next);
            }
            (None, '#') => break,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(chars.next().ok_or("a backslash at the end")?),
            (None, c) if c.is_ascii_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err("a quote is not closed") } else { Ok(words) }
}

/// The value that a text stands for: a number, `True`, a list, .. as Python writes them, or the text itself.
pub(super) fn value(text: &str) -> Value {
    let mut reader = Reader { rest: text.trim_start_matches([' ', '\t']) };
    reader.document().unwrap_or_else(|| Value::String(text.to_owned()))
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// One value, or several with commas between them, which are a list.
    fn document(&mut self) -> Option<Value> {
        let mut values = vec![self.value()?];
        let mut is_list = false;
        while self.take(',') {
            is_list = true;
            self.blanks();
            if self.rest.is_empty() || self.rest.starts_with('#') {
                break;
            }
            values.push(self.value()?);
        }
        self.blanks();
        let is_over = self.rest.is_empty() || (self.rest.starts_with('#') && !self.rest.contains('\n'));
        if !is_over {
            None
        } else if is_list {
            Some(Value::Array(values))
        } else {
            values.pop()
        }
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
    }

    fn take(&mut self, c: char) -> bool {
        self.blanks();
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn value(&mut self) -> Option<Value> {
        self.blanks();
        match self.rest.chars().next()? {
            '\'' | '"' => self.strings(),
            '[' => self.list(']').map(Value::Array),
            '(' => {
                let (before, values) = (self.rest, self.list(')')?);
                // `(1)` is 1, `(1,)` and `()` are lists.
                let inside = &before[..before.len() - self.rest.len()];
                let is_one = values.len() == 1 && !inside.trim_end_matches([')', ' ']).ends_with(',');
                if is_one { values.into_iter().next() } else { Some(Value::Array(values)) }
            }
            '{' => self.map(),
            '+' | '-' | '.' | '0'..='9' => self.number(),
            'u' | 'U' if self.rest[1..].starts_with(['\'', '"']) => {
                self.rest = &self.rest[1..];
                self.strings()
            }
            _ => {
                let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
                let (word, after) = self.rest.split_at(end);
                let value = match word {
                    "True" => Value::Bool(true),
                    "False" => Value::Bool(false),
                    "None" => Value::Null,
                    _ => return None,
                };
                self.rest = after;
                Some(value)
            }
        }
    }

    /// Strings beside each other are one.
    fn strings(&mut self) -> Option<Value> {
        let mut text = String::new();
        while self.rest.starts_with(['\'', '"']) {
            self.string(&mut text)?;
            self.blanks();
        }
        Some(Value::String(text))
    }

    fn string(&mut self, text: &mut String) -> Option<()> {
        if self.rest.starts_with("'''") || self.rest.starts_with("\"\"\"") {
            return None;
        }
        let quote = self.rest.chars().next()?;
        let mut chars = self.rest[1..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = &self.rest[1 + at + 1..];
                    return Some(());
                }
                '\n' => return None,
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'a' => text.push('\u{7}'),
                    'b' => text.push('\u{8}'),
                    'f' => text.push('\u{c}'),
                    'v' => text.push('\u{b}'),
                    '\n' => {}
                    c @ ('\\' | '\'' | '"') => text.push(c),
                    c @ ('x' | 'u' | 'U') => {
                        let digits = match c {
                            'x' => 2,
                            'u' => 4,
                            _ => 8,
                        };
                        let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                        text.push(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32)?);
                    }
                    '0'..='7' | 'N' => return None,
                    other => text.extend(['\\', other]),
                },
                c => text.push(c),
            }
        }
        None
    }

    fn list(&mut self, end: char) -> Option<Vec<Value>> {
        self.rest = &self.rest[1..];
        let mut values = Vec::new();
        while !self.take(end) {
            values.push(self.value()?);
            if !self.take(',') && !self.rest.starts_with(end) {
                return None;
            }
        }
        Some(values)
    }

    fn map(&mut self) -> Option<Value> {
        self.rest = &self.rest[1..];
        let mut map = Map::new();
        while !self.take('}') {
            let key = key(&self.value()?)?;
            if !self.take(':') {
                return None;
            }
            let value = self.value()?;
            map.insert(key, value);
            if !self.take(',') && !self.rest.starts_with('}') {
                return None;
            }
        }
        Some(Value::Object(map))
    }

    fn number(&mut self) -> Option<Value> {
        let unsigned = self.rest.trim_start_matches(['+', '-']);
        let minus = self.rest[..self.rest.len() - unsigned.len()].matches('-').count() % 2 == 1;
        let mut end = 0;
        let bytes = unsigned.as_bytes();
        while let Some(byte) = bytes.get(end) {
            let is_exponent_sign =
                matches!(byte, b'+' | b'-') && matches!(bytes.get(end.wrapping_sub(1)), Some(b'e' | b'E')) && !unsigned.starts_with("0x");
            if byte.is_ascii_alphanumeric() || *byte == b'.' || *byte == b'_' || is_exponent_sign {
                end += 1;
            } else {
                break;
            }
        }
        let (word, after) = unsigned.split_at(end);
        let value = python_number(word)?;
        self.rest = after;
        match (minus, value.as_i64(), value.as_f64()) {
            (true, Some(whole), _) => Some(Value::from(-whole)),
            (true, None, Some(number)) => Some(Value::from(-number)),
            _ => Some(value),
        }
    }
}

/// A number as Python writes it: `10`, `1_000`, `0x1F`, `0o17`, `0b1`, `1.5`, `.5`, `1e3`. Not `010`.
fn python_number(word: &str) -> Option<Value> {
    let well_placed = |text: &str| !text.starts_with('_') && !text.ends_with('_') && !text.contains("__");
    let plain = word.replace('_', "");
    let lower = plain.to_ascii_lowercase();
    let of_radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(Value::from);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return of_radix(digits, radix).filter(|_| well_placed(word));
        }
    }
    if !well_placed(word) {
        return None;
    }
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        let leads = plain.starts_with('0') && plain.bytes().any(|b| b != b'0');
        return of_radix(&plain, 10).filter(|_| !leads && !plain.is_empty());
    }
    let is_float = plain.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let number: f64 = plain.parse().ok().filter(|_| is_float)?;
    Some(Value::from(number))
}

/// A key as JSON writes it.
fn key(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_those_of_python() {
        for (text, wanted) in [
            ("22", json!(22)),
            ("-3", json!(-3)),
            ("1_000", json!(1000)),
            ("0x1F", json!(31)),
            ("1.10", json!(1.1)),
            ("1e3", json!(1000.0)),
            ("True", json!(true)),
            ("None", json!(null)),
            ("'r 7'", json!("r 7")),
            ("\"a\" 'b'", json!("ab")),
            ("[1, 'x', [True]]", json!([1, "x", [true]])),
            ("{'a': 1, 2: (3, 4)}", json!({"a": 1, "2": [3, 4]})),
            ("1,2", json!([1, 2])),
            ("22 # a note", json!(22)),
            ("(1)", json!(1)),
            ("(1,)", json!([1])),
        ] {
            assert_eq!(value(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_literal_stays_text() {
        for text in
            ["010", "true", "yes", "10.0.0.1", "1.2.3", "~/.ssh/id", "[a, b]", "-o X=y", "", "'open", "1-2", "00:11:22", "{{ x }}", "{'a'}"]
        {
            assert_eq!(value(text), json!(text), "{text}");
        }
    }

    #[test]
    fn words_are_those_of_a_shell() {
        let split = |line: &str| words(line).map(|words| words.join("|"));
        assert_eq!(split(r#"h a=1 b="x y" c='d "e"' # more"#), Ok(r#"h|a=1|b=x y|c=d "e""#.into()));
        assert_eq!(split("h a=x#y"), Ok("h|a=x".into()));
        assert_eq!(split(r#"h a="\d \" \\" b=\ c"#), Ok(r#"h|a=\d " \|b= c"#.into()));
        assert!(words("h a='x").is_err() && words("h a=\\").is_err());
    }
}
