//! Maps and lists by their indentation, plain text, and blocks of text.

use serde_json::Value;

use super::scalar;
use super::{Kind, Read, Reader, Yaml};

impl Reader<'_> {
    /// The value whose lines are further in than `parent`; nothing there is null.
    pub(super) fn block_node(&mut self, parent: isize) -> Read<Yaml> {
        self.blanks()?;
        if self.rest().is_empty() || self.is_marker() || self.column() <= parent {
            return Ok(Yaml::new(self.line, Kind::Scalar(Value::Null)));
        }
        self.deeper(|reader| reader.node(parent))
    }

    fn node(&mut self, parent: isize) -> Read<Yaml> {
        let column = self.column();
        if self.is_dash() {
            return self.block_list(column);
        }
        if let Some(key) = self.key()? {
            return self.block_map(column, key);
        }
        let properties = self.properties();
        if self.line_is_over() && (properties.anchor.is_some() || properties.tag.is_some()) {
            self.blanks()?;
            // A list may stand right under the key that it belongs to.
            let node = if self.is_dash() && self.column() == parent { self.block_list(parent)? } else { self.block_node(parent)? };
            return self.dress(node, properties);
        }
        let line = self.line;
        let is_text = properties.tag.as_deref().is_some_and(|tag| matches!(tag, "!str" | "unsafe"));
        let node = match self.peek() {
            Some('[' | '{') => self.flow_node()?,
            Some('|' | '>') => Yaml::new(line, Kind::Scalar(Value::String(self.text_block(parent)?))),
            Some('*') => self.alias()?,
            Some(quote @ ('"' | '\'')) => Yaml::new(line, Kind::Scalar(Value::String(self.quoted(quote)?))),
            Some('@' | '`' | '%') => return Err(self.unread("a value cannot begin so: quote it")),
            _ => {
                let word = self.plain(parent)?;
                Yaml::new(line, Kind::Scalar(if is_text { Value::String(word) } else { scalar::resolve(&word) }))
            }
        };
        if !self.line_is_over() {
            return Err(self.unread("something stands behind a value"));
        }
        self.dress(node, properties)
    }

    /// `- `, the sign of a list.
    fn is_dash(&self) -> bool {
        self.rest().strip_prefix('-').is_some_and(|after| after.chars().next().is_none_or(char::is_whitespace)) && !self.is_marker()
    }

    fn block_list(&mut self, column: isize) -> Read<Yaml> {
        let line = self.line;
        let mut list = Vec::new();
        loop {
            self.skip(1);
            list.push(self.block_node(column)?);
            self.blanks()?;
            if self.rest().is_empty() || self.is_marker() || self.column() < column || !self.is_dash() {
                break;
            }
            if self.column() > column {
                return Err(self.unread("this line does not belong to what is above it"));
            }
        }
        Ok(Yaml::new(line, Kind::List(list)))
    }

    /// The key that begins here, where one does; the reading is behind its colon then.
    fn key(&mut self) -> Read<Option<String>> {
        let (at, line, begin) = (self.at, self.line, self.begin);
        if self.rest().starts_with("? ") {
            return Err(self.unread("keys of several words with '?' are not known here"));
        }
        let before = self.properties();
        let found = match self.peek() {
            Some(quote @ ('"' | '\'')) => {
                let text = self.quoted(quote)?;
                Some(text).filter(|_| self.line == line)
            }
            Some('[' | '{' | '|' | '>' | '*' | '#') | None => None,
            Some(_) => {
                let line = self.line_rest();
                let colon = line.char_indices().find(|(at, c)| *c == ':' && line[at + 1..].chars().next().is_none_or(char::is_whitespace));
                let comment = line.find(" #").unwrap_or(line.len());
                colon.filter(|(colon, _)| *colon < comment).map(|(colon, _)| {
                    self.skip(colon);
                    scalar::key(line[..colon].trim_end())
                })
            }
        };
        let is_key = found.is_some() && {
            self.spaces();
            self.rest().strip_prefix(':').is_some_and(|after| after.chars().next().is_none_or(char::is_whitespace))
        };
        if !is_key {
            (self.at, self.line, self.begin) = (at, line, begin);
            return Ok(None);
        }
        self.skip(1);
        if let (Some(anchor), Some(key)) = (before.anchor, &found) {
            self.anchors.insert(anchor, Yaml::new(line, Kind::Scalar(Value::String(key.clone()))));
        }
        Ok(found)
    }

    fn block_map(&mut self, column: isize, first: String) -> Read<Yaml> {
        let line = self.line;
        let mut pairs: Vec<(String, Yaml)> = Vec::new();
        let mut key = first;
        loop {
            let at = self.line;
            self.spaces();
            let mut value = if self.line_is_over() { self.value_below(column)? } else { self.value_beside(column)? };
            value.line = at;
            pairs.retain(|(have, _)| *have != key || key == scalar::MERGE);
            pairs.push((key, value));
            self.blanks()?;
            if self.rest().is_empty() || self.is_marker() || self.column() < column {
                break;
            }
            if self.column() > column {
                return Err(self.unread("this line does not belong to what is above it"));
            }
            key = self.key()?.ok_or_else(|| self.unread("'key: value' is expected here"))?;
        }
        Ok(Yaml::new(line, Kind::Map(self.merged(pairs)?)))
    }

    /// What stands under a key; a list may be as far out as the key itself.
    fn value_below(&mut self, column: isize) -> Read<Yaml> {
        self.blanks()?;
        if self.column() == column && self.is_dash() && !self.rest().is_empty() {
            return self.deeper(|reader| reader.block_list(column));
        }
        self.block_node(column)
    }

    /// What stands beside a key: never another map without brackets.
    fn value_beside(&mut self, column: isize) -> Read<Yaml> {
        let begins_so = self.peek().is_some_and(|c| matches!(c, '"' | '\'' | '[' | '{' | '|' | '>' | '*' | '&' | '!'));
        if self.is_dash() {
            return Err(self.unread("a list begins in a line of its own"));
        }
        if !begins_so && self.line_rest().contains(": ") && self.nested_colon() {
            return Err(self.unread("two colons in one line: quote the value"));
        }
        self.deeper(|reader| reader.beside(column))
    }

    fn nested_colon(&self) -> bool {
        let line = self.line_rest();
        let end = line.find(" #").unwrap_or(line.len());
        line[..end].contains(": ")
    }

    fn beside(&mut self, column: isize) -> Read<Yaml> {
        let properties = self.properties();
        if self.line_is_over() {
            let node = self.value_below(column)?;
            return self.dress(node, properties);
        }
        let line = self.line;
        let is_text = properties.tag.as_deref().is_some_and(|tag| matches!(tag, "!str" | "unsafe"));
        let node = match self.peek() {
            Some('[' | '{') => self.flow_node()?,
            Some('|' | '>') => Yaml::new(line, Kind::Scalar(Value::String(self.text_block(column)?))),
            Some('*') => self.alias()?,
            Some(quote @ ('"' | '\'')) => Yaml::new(line, Kind::Scalar(Value::String(self.quoted(quote)?))),
            Some('@' | '`' | '%') => return Err(self.unread("a value cannot begin so: quote it")),
            _ => {
                let word = self.plain(column)?;
                Yaml::new(line, Kind::Scalar(if is_text { Value::String(word) } else { scalar::resolve(&word) }))
            }
        };
        if !self.line_is_over() {
            return Err(self.unread("something stands behind a value"));
        }
        self.dress(node, properties)
    }

    /// Text without quotes; lines further in than `parent` go on with it.
    fn plain(&mut self, parent: isize) -> Read<String> {
        let mut text = String::new();
        loop {
            let line = self.line_rest();
            let end =
                line.match_indices('#').find(|(at, _)| *at > 0 && line[..*at].ends_with([' ', '\t'])).map_or(line.len(), |(at, _)| at);
            text.push_str(line[..end].trim());
            self.skip(line[..end].trim_end().len());
            if end < line.len() {
                break;
            }
            // Looks ahead: a line that is not further in belongs to somebody else.
            let (at, number, begin) = (self.at, self.line, self.begin);
            self.next_line();
            let mut empty = 0;
            while !self.rest().is_empty() && self.line_rest().trim().is_empty() {
                empty += 1;
                self.next_line();
            }
            self.spaces();
            let ends = self.rest().is_empty() || self.column() <= parent || self.rest().starts_with('#') || self.is_marker();
            if ends {
                (self.at, self.line, self.begin) = (at, number, begin);
                break;
            }
            let after = self.line_rest();
            if after.ends_with(':') || after.contains(": ") {
                return Err(self.unread("'key: value' where a text goes on"));
            }
            if empty == 0 {
                text.push(' ');
            }
            text.extend(std::iter::repeat_n('\n', empty));
        }
        Ok(text)
    }

    /// `|` keeps its lines, `>` folds them.
    fn text_block(&mut self, parent: isize) -> Read<String> {
        let header = self.line_rest();
        let header = header.split('#').next().unwrap_or(header).trim();
        let folds = header.starts_with('>');
        let chomp = header.chars().find(|c| matches!(c, '+' | '-'));
        let given: Option<usize> = header.chars().find_map(|c| c.to_digit(10)).and_then(|d| usize::try_from(d).ok());
        if header[1..].chars().any(|c| !matches!(c, '+' | '-' | '1'..='9')) {
            return Err(self.unread("a block of text begins in the line below its sign"));
        }
        self.next_line();
        let parent = usize::try_from(parent.max(-1) + 1).unwrap_or(0);
        let mut indent = given.map(|given| parent.saturating_sub(1) + given);
        let mut lines: Vec<&str> = Vec::new();
        while !self.rest().is_empty() {
            let line = self.line_rest();
            let own = line.len() - line.trim_start_matches(' ').len();
            if line.trim_matches(' ').is_empty() {
                lines.push(indent.and_then(|indent| line.get(indent..)).unwrap_or(""));
                self.next_line();
                continue;
            }
            let wanted = *indent.get_or_insert(own.max(parent));
            if own < wanted {
                break;
            }
            lines.push(&line[wanted..]);
            self.next_line();
        }
        // The reading stands at the beginning of a line: the caller looks at what is there.
        let kept = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        let trailing = lines.len() - kept;
        let mut text = if folds { folded(&lines[..kept]) } else { lines[..kept].join("\n") };
        match chomp {
            Some('+') => text.extend(std::iter::repeat_n('\n', trailing + usize::from(kept > 0))),
            None if kept > 0 => text.push('\n'),
            _ => {}
        }
        // Back to the end of the last line, so that what follows is seen as another one.
        if self.text[..self.at].ends_with('\n') {
            self.at -= 1;
            self.line -= 1;
            self.begin = self.text[..self.at].rfind('\n').map_or(0, |at| at + 1);
        }
        Ok(text)
    }
}

/// Lines beside each other become one; empty and further indented ones keep their ends.
fn folded(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut before: Option<&str> = None;
    let mut empty = 0;
    for line in lines {
        if line.is_empty() {
            empty += 1;
            continue;
        }
        let is_more = |line: &str| line.starts_with([' ', '\t']);
        let keeps_its_end = before.is_some_and(|last| is_more(last) || is_more(line));
        match empty + usize::from(keeps_its_end) {
            0 if before.is_some() => text.push(' '),
            ends => text.extend(std::iter::repeat_n('\n', ends)),
        }
        text.push_str(line);
        before = Some(line);
        empty = 0;
    }
    text
}
