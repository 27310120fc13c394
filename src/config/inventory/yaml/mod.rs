//! Reads the YAML that inventories and their variables are written in, as `PyYAML` does (1.1); what it does not know it says
//! with the line, and reads nothing wrong.

mod block;
mod flow;
mod scalar;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Levels inside each other at most.
const DEEPEST: usize = 64;
/// Nodes that aliases may stand for in all.
const ALIASED_MOST: usize = 100_000;

/// A value and the line that it begins in, from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Yaml {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Scalar(Value),
    /// Text that only a vault opens.
    Vault,
    List(Vec<Yaml>),
    /// In the order of the file; the last of equal keys counts.
    Map(Vec<(String, Yaml)>),
}

/// Why a text is not read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) line: usize,
    pub(super) why: &'static str,
}

type Read<T> = Result<T, Unread>;

/// Reads the first document.
///
/// # Errors
/// What is no YAML, or YAML that is not known here: complex keys, tags of other programs.
pub(super) fn read(text: &str) -> Read<Yaml> {
    let mut reader = Reader { text, at: 0, line: 1, begin: 0, anchors: HashMap::new(), aliased: 0, depth: 0 };
    if text.starts_with('\u{feff}') {
        reader.at = '\u{feff}'.len_utf8();
        reader.begin = reader.at;
    }
    reader.prologue()?;
    let node = reader.block_node(-1)?;
    reader.blanks()?;
    if reader.rest().is_empty() || reader.is_marker() {
        Ok(node)
    } else {
        Err(reader.unread("this line does not belong to what is above it"))
    }
}

impl Yaml {
    fn new(line: usize, kind: Kind) -> Self {
        Self { line, kind }
    }

    pub(super) fn is_null(&self) -> bool {
        self.kind == Kind::Scalar(Value::Null)
    }

    /// As JSON; a vault's text as Ansible's own JSON shows it, without its content.
    pub(super) fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::Vault => Value::Object(Map::from_iter([("__ansible_vault".to_owned(), Value::Null)])),
            Kind::List(list) => Value::Array(list.iter().map(Self::value).collect()),
            Kind::Map(pairs) => Value::Object(pairs.iter().map(|(key, node)| (key.clone(), node.value())).collect()),
        }
    }
}

/// Where the reading is.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Where this line begins.
    begin: usize,
    anchors: HashMap<String, Yaml>,
    aliased: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Characters of this line before here.
    fn column(&self) -> isize {
        isize::try_from(self.text[self.begin..self.at].chars().count()).unwrap_or(isize::MAX)
    }

    fn unread(&self, why: &'static str) -> Unread {
        Unread { line: self.line, why }
    }

    /// Goes over this many bytes, none of them a line end.
    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    fn next_line(&mut self) {
        match self.rest().find('\n') {
            Some(end) => {
                self.at += end + 1;
                self.line += 1;
            }
            None => self.at = self.text.len(),
        }
        self.begin = self.at;
    }

    /// The rest of this line, without its end.
    fn line_rest(&self) -> &'a str {
        let rest = self.rest();
        let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// True where nothing but a comment stands in the rest of this line.
    fn line_is_over(&self) -> bool {
        let line = self.line_rest();
        let trimmed = line.trim_start_matches([' ', '\t']);
        let after_blank = line.len() != trimmed.len() || self.at == self.begin || self.text[..self.at].ends_with([' ', '\t']);
        trimmed.is_empty() || (after_blank && trimmed.starts_with('#'))
    }

    /// To the next word, over comments and line ends.
    fn blanks(&mut self) -> Read<()> {
        while !self.rest().is_empty() {
            if !self.line_is_over() {
                let indent = self.text[self.begin..self.at].trim_start_matches(' ').is_empty();
                if indent && self.rest().trim_start_matches(' ').starts_with('\t') {
                    return Err(self.unread("a tab in the indentation"));
                }
                self.spaces();
                return Ok(());
            }
            self.next_line();
        }
        Ok(())
    }

    /// `---` or `...` at the beginning of a line.
    fn is_marker(&self) -> bool {
        let rest = self.rest();
        self.at == self.begin
            && (rest.starts_with("---") || rest.starts_with("..."))
            && rest[3..].chars().next().is_none_or(char::is_whitespace)
    }

    /// Directives and the mark of the first document.
    fn prologue(&mut self) -> Read<()> {
        loop {
            self.blanks()?;
            if self.at == self.begin && self.rest().starts_with('%') {
                self.next_line();
            } else {
                break;
            }
        }
        if self.is_marker() && self.rest().starts_with("---") {
            self.skip(3);
        }
        Ok(())
    }

    fn alias(&mut self) -> Read<Yaml> {
        let name = self.name();
        let node = self.anchors.get(&name).cloned().ok_or_else(|| self.unread("an alias whose anchor is not above it"))?;
        self.aliased += nodes(&node);
        if self.aliased > ALIASED_MOST {
            return Err(self.unread("aliases that stand for too much"));
        }
        Ok(node)
    }

    /// The name behind a `&`, `*` or `!`.
    fn name(&mut self) -> String {
        let rest = self.rest();
        let end = rest[1..].find(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}')).map_or(rest.len(), |at| at + 1);
        self.skip(end);
        rest[1..end].to_owned()
    }

    /// Enters one level more.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth >= DEEPEST {
            return Err(self.unread("too many levels"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }
}

fn nodes(node: &Yaml) -> usize {
    match &node.kind {
        Kind::Scalar(_) | Kind::Vault => 1,
        Kind::List(list) => 1 + list.iter().map(nodes).sum::<usize>(),
        Kind::Map(pairs) => 1 + pairs.iter().map(|(_, node)| nodes(node)).sum::<usize>(),
    }
}

/// What stands in front of a value.
#[derive(Debug, Default)]
struct Properties {
    anchor: Option<String>,
    tag: Option<String>,
}

impl Reader<'_> {
    fn properties(&mut self) -> Properties {
        let mut found = Properties::default();
        loop {
            match self.peek() {
                Some('&') => found.anchor = Some(self.name()),
                Some('!') => found.tag = Some(self.name()),
                _ => return found,
            }
            self.spaces();
        }
    }

    /// Gives a value its tag and keeps it under its anchor.
    fn dress(&mut self, node: Yaml, properties: Properties) -> Read<Yaml> {
        let node = match properties.tag.as_deref() {
            None | Some("" | "!map" | "!seq" | "!int" | "!float" | "!bool" | "!null") => node,
            Some("!str" | "unsafe") => {
                let kind = match node.kind {
                    Kind::Scalar(Value::String(text)) => Kind::Scalar(Value::String(text)),
                    // The text was read as something else: what it was is lost for all but the plain ones.
                    Kind::Scalar(Value::Null) => Kind::Scalar(Value::String(String::new())),
                    Kind::Scalar(other) => Kind::Scalar(Value::String(other.to_string())),
                    other => other,
                };
                Yaml { kind, ..node }
            }
            Some("vault" | "vault-encrypted") => Yaml { kind: Kind::Vault, ..node },
            Some(_) => return Err(Unread { line: node.line, why: "a tag that only another program knows" }),
        };
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// Takes `<<` apart: what is merged counts less than what is said.
    fn merged(&self, pairs: Vec<(String, Yaml)>) -> Read<Vec<(String, Yaml)>> {
        if pairs.iter().all(|(key, _)| key != scalar::MERGE) {
            return Ok(pairs);
        }
        let (merges, said): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| key == scalar::MERGE);
        let mut all: Vec<(String, Yaml)> = Vec::new();
        for (_, node) in merges {
            let sources = match node.kind {
                Kind::Map(_) => vec![node],
                Kind::List(list) => list,
                _ => return Err(self.unread("'<<' takes a map")),
            };
            for source in sources {
                let Kind::Map(pairs) = source.kind else { return Err(self.unread("'<<' takes a map")) };
                for (key, node) in pairs {
                    if !all.iter().any(|(have, _)| *have == key) {
                        all.push((key, node));
                    }
                }
            }
        }
        all.retain(|(key, _)| !said.iter().any(|(have, _)| have == key));
        all.extend(said);
        Ok(all)
    }
}
