//! `[..]`, `{..}`, and text in quotes.

use serde_json::Value;

use super::scalar;
use super::{Kind, Read, Reader, Yaml};

impl Reader<'_> {
    /// A value inside brackets.
    pub(super) fn flow_node(&mut self) -> Read<Yaml> {
        self.blanks()?;
        let properties = self.properties();
        self.blanks()?;
        let line = self.line;
        let node = match self.peek() {
            Some('[') => self.deeper(Self::flow_list)?,
            Some('{') => self.deeper(Self::flow_map)?,
            Some('*') => self.alias()?,
            Some(quote @ ('"' | '\'')) => Yaml::new(line, Kind::Scalar(Value::String(self.quoted(quote)?))),
            Some(_) => {
                let word = self.flow_plain()?;
                let is_text = properties.tag.as_deref().is_some_and(|tag| matches!(tag, "!str" | "unsafe"));
                Yaml::new(line, Kind::Scalar(if is_text { Value::String(word) } else { scalar::resolve(&word) }))
            }
            None => return Err(self.unread("a bracket is not closed")),
        };
        self.dress(node, properties)
    }

    fn flow_list(&mut self) -> Read<Yaml> {
        let line = self.line;
        self.skip(1);
        let mut list = Vec::new();
        loop {
            self.blanks()?;
            if self.ends_with(']')? {
                return Ok(Yaml::new(line, Kind::List(list)));
            }
            let node = self.flow_node()?;
            self.blanks()?;
            if self.rest().starts_with(':') {
                // `[a: b]` is a list of one map.
                self.skip(1);
                let (key, at) = (flow_key(&node), node.line);
                let value = self.flow_node()?;
                list.push(Yaml::new(at, Kind::Map(vec![(key, value)])));
                self.blanks()?;
            } else {
                list.push(node);
            }
            self.comma(']')?;
        }
    }

    fn flow_map(&mut self) -> Read<Yaml> {
        let line = self.line;
        self.skip(1);
        let mut pairs = Vec::new();
        loop {
            self.blanks()?;
            if self.ends_with('}')? {
                return Ok(Yaml::new(line, Kind::Map(self.merged(pairs)?)));
            }
            let is_plain = !self.rest().starts_with(['"', '\'']);
            let key = if is_plain && !self.rest().starts_with(['[', '{', '*', '&', '!']) {
                scalar::key(&self.flow_plain()?)
            } else {
                flow_key(&self.flow_node()?)
            };
            self.blanks()?;
            let at = self.line;
            let value = if self.rest().starts_with(':') {
                self.skip(1);
                self.blanks()?;
                let is_none = self.rest().starts_with([',', '}']);
                if is_none { Yaml::new(at, Kind::Scalar(Value::Null)) } else { self.flow_node()? }
            } else {
                Yaml::new(at, Kind::Scalar(Value::Null))
            };
            pairs.push((key, value));
            self.blanks()?;
            self.comma('}')?;
        }
    }

    fn ends_with(&mut self, end: char) -> Read<bool> {
        match self.peek() {
            Some(c) if c == end => {
                self.skip(1);
                Ok(true)
            }
            Some(_) => Ok(false),
            None => Err(self.unread("a bracket is not closed")),
        }
    }

    fn comma(&mut self, end: char) -> Read<()> {
        match self.peek() {
            Some(',') => {
                self.skip(1);
                Ok(())
            }
            Some(c) if c == end => Ok(()),
            _ => Err(self.unread("a comma or the closing bracket is missing")),
        }
    }

    /// A word without quotes inside brackets, which may go over lines.
    fn flow_plain(&mut self) -> Read<String> {
        let mut words: Vec<&str> = Vec::new();
        loop {
            let line = self.line_rest();
            let mut end = line.len();
            for (at, c) in line.char_indices() {
                let next = line[at + c.len_utf8()..].chars().next();
                let ends = matches!(c, ',' | '[' | ']' | '{' | '}')
                    || (c == ':' && next.is_none_or(|n| n.is_whitespace() || matches!(n, ',' | '[' | ']' | '{' | '}')))
                    || (c == '#' && at > 0 && line[..at].ends_with([' ', '\t']));
                if ends {
                    end = at;
                    break;
                }
            }
            let word = line[..end].trim();
            if !word.is_empty() {
                words.push(word);
            }
            self.skip(end);
            let over = end == line.len() || line[end..].starts_with('#');
            if !over {
                break;
            }
            self.next_line();
            self.blanks()?;
            let goes_on = self.peek().is_some_and(|c| !matches!(c, ',' | '[' | ']' | '{' | '}' | ':' | '#'));
            if !goes_on {
                break;
            }
        }
        if words.is_empty() { Err(self.unread("a value is missing")) } else { Ok(words.join(" ")) }
    }

    /// Text in quotes, over lines too.
    pub(super) fn quoted(&mut self, quote: char) -> Read<String> {
        let begun = self.unread("a quote is not closed");
        self.skip(1);
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else { return Err(begun) };
            match c {
                '\n' | '\r' => self.fold(&mut text),
                '\'' if quote == '\'' => {
                    self.skip(1);
                    if !self.rest().starts_with('\'') {
                        return Ok(text);
                    }
                    self.skip(1);
                    text.push('\'');
                }
                '"' if quote == '"' => {
                    self.skip(1);
                    return Ok(text);
                }
                '\\' if quote == '"' => self.escape(&mut text)?,
                c => {
                    self.skip(c.len_utf8());
                    text.push(c);
                }
            }
        }
    }

    /// The end of a line inside quotes: a blank, or as many line ends as there are empty lines.
    fn fold(&mut self, text: &mut String) {
        text.truncate(text.trim_end_matches([' ', '\t']).len());
        let mut empty = 0;
        self.next_line();
        while self.line_rest().trim().is_empty() && !self.rest().is_empty() {
            empty += 1;
            self.next_line();
        }
        self.spaces();
        if empty == 0 {
            text.push(' ');
        }
        text.extend(std::iter::repeat_n('\n', empty));
    }

    fn escape(&mut self, text: &mut String) -> Read<()> {
        self.skip(1);
        let Some(c) = self.peek() else { return Ok(()) };
        if c == '\n' || c == '\r' {
            // The line goes on as if it had no end.
            self.next_line();
            self.spaces();
            return Ok(());
        }
        self.skip(c.len_utf8());
        let plain = match c {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            ' ' | '"' | '\\' | '/' => c,
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            'x' | 'u' | 'U' => {
                let digits = match c {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let hex = self.rest().get(..digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                let c = hex.and_then(char::from_u32).ok_or_else(|| self.unread("an escape that is none"))?;
                self.skip(digits);
                c
            }
            _ => return Err(self.unread("an escape that is none")),
        };
        text.push(plain);
        Ok(())
    }
}

fn flow_key(node: &Yaml) -> String {
    match node.value() {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
