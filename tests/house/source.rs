//! Reads Rust source as far as the house rules need it: the words outside comments and strings, and the paths they form.

use std::fs;
use std::path::{Path, PathBuf};

/// One word or sign, and the line it stands on, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// A file of the tree.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the crate, with `/` between.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
}

/// A path as it is named somewhere. `super`, `self` and `crate` are resolved: a path into this crate begins with `crate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

/// Every `.rs` file under the given folders of the crate, in order of their names.
pub(crate) fn read_all(root: &Path, folders: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    for folder in folders {
        walk(&root.join(folder), &mut files);
    }
    files.retain(|f| f.extension().is_some_and(|e| e == "rs"));
    files.sort();
    files.iter().map(|file| read(root, file)).collect()
}

/// Every file under a folder. A folder that is not there has none.
pub(crate) fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder entry").path();
        if path.is_dir() {
            walk(&path, into);
        } else {
            into.push(path);
        }
    }
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), tokens: tokens(text) }
    }

    /// The floor a file of `src/` belongs to: its folder, or its name where it lies at the top.
    pub(crate) fn floor(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    /// Every path of two or more segments, `use` groups taken apart.
    pub(crate) fn named(&self) -> Vec<Named> {
        let home = module_of(&self.path);
        let mut found = Vec::new();
        let mut module = home;
        // Braces open now, and for each inline module at which depth it began.
        let (mut depth, mut inline) = (0_usize, Vec::new());
        let t = &self.tokens;
        let mut at = 0;
        while at < t.len() {
            match t[at].text.as_str() {
                "{" => {
                    depth += 1;
                    if at >= 2 && t[at - 2].text == "mod" {
                        module.push(t[at - 1].text.clone());
                        inline.push(depth);
                    }
                }
                "}" => {
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        module.pop();
                    }
                    depth = depth.saturating_sub(1);
                }
                "use" => {
                    let leading = usize::from(t.get(at + 1).is_some_and(|n| n.text == "::"));
                    at = tree(t, at + 1 + leading, &module, Vec::new(), &mut found);
                    continue;
                }
                word if is_word(word) => {
                    let begins = at == 0 || !matches!(t[at - 1].text.as_str(), "::" | ".");
                    if begins && t.get(at + 1).is_some_and(|n| n.text == "::") {
                        tree(t, at, &module, Vec::new(), &mut found);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        // `use $file::..` inside a macro names what its caller gives.
        found.retain(|named| !named.segments.is_empty());
        found
    }

    /// The names of the types, traits and functions that the file declares, as (`struct`, name, line).
    pub(crate) fn declared(&self) -> Vec<(&str, &str, usize)> {
        let pairs = self.tokens.windows(2);
        pairs
            .filter(|p| matches!(p[0].text.as_str(), "struct" | "enum" | "trait" | "type" | "union" | "fn" | "mod") && is_word(&p[1].text))
            .map(|p| (p[0].text.as_str(), p[1].text.as_str(), p[1].line))
            .collect()
    }
}

/// Follows one path from `at`; `{` branches. Ends where the path ends, and returns where that is.
fn tree(t: &[Token], mut at: usize, module: &[String], mut so_far: Vec<String>, found: &mut Vec<Named>) -> usize {
    let Some(first) = t.get(at) else { return at };
    let line = first.line;
    while let Some(token) = t.get(at) {
        match token.text.as_str() {
            "{" => {
                at += 1;
                while t.get(at).is_some_and(|n| n.text != "}") {
                    let before = at;
                    at = tree(t, at, module, so_far.clone(), found);
                    // `as name` and the comma after a branch.
                    while t.get(at).is_some_and(|n| !matches!(n.text.as_str(), "," | "}")) {
                        at += 1;
                    }
                    at += usize::from(t.get(at).is_some_and(|n| n.text == ","));
                    assert!(at > before, "a use group that does not go on");
                }
                return at + 1;
            }
            "super" if so_far.is_empty() => {
                so_far.push("crate".to_owned());
                so_far.extend(module.iter().take(module.len().saturating_sub(1)).cloned());
            }
            "super" => {
                so_far.pop();
            }
            "self" if so_far.is_empty() => {
                so_far.push("crate".to_owned());
                so_far.extend(module.iter().cloned());
            }
            "self" => {}
            // The library's own name: how the binary, tests and benches name it.
            "wharf" if so_far.is_empty() => so_far.push("crate".to_owned()),
            word if is_word(word) || word == "*" => so_far.push(word.to_owned()),
            _ => break,
        }
        at += 1;
        if t.get(at).is_none_or(|n| n.text != "::") {
            break;
        }
        at += 1;
    }
    // `use<'a>` names nothing.
    if !so_far.is_empty() {
        found.push(Named { segments: so_far, line });
    }
    at
}

/// The modules from the crate's root to the file: `src/tui/panes/mod.rs` is `[tui, panes]`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

fn read(root: &Path, file: &Path) -> Source {
    let text = fs::read_to_string(file).expect("source is text");
    let path = file.strip_prefix(root).expect("under the crate").to_string_lossy().replace('\\', "/");
    Source::new(&path, &text)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::` and single signs; comments, strings and characters are left out.
fn tokens(text: &str) -> Vec<Token> {
    let c: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < c.len() {
        let from = at;
        let next = c.get(at + 1).copied().unwrap_or(' ');
        match c[at] {
            '/' if next == '/' => at = until(&c, at, |c, i| c[i] == '\n'),
            '/' if next == '*' => at = block_comment(&c, at),
            '"' => at = quoted(&c, at),
            '\'' => at = quote(&c, at),
            ch if ch.is_alphabetic() || ch == '_' => {
                at = until(&c, at, |c, i| !(c[i].is_alphanumeric() || c[i] == '_'));
                let word: String = c[from..at].iter().collect();
                let hashes = c[at..].iter().take_while(|h| **h == '#').count();
                if matches!(word.as_str(), "r" | "br" | "cr") && c.get(at + hashes) == Some(&'"') {
                    at = raw(&c, at + hashes + 1, hashes);
                } else {
                    out.push(Token { text: word, line });
                }
            }
            ':' if next == ':' => {
                out.push(Token { text: "::".to_owned(), line });
                at += 2;
            }
            ch => {
                if !ch.is_whitespace() {
                    out.push(Token { text: ch.to_string(), line });
                }
                at += 1;
            }
        }
        line += c[from..at.min(c.len())].iter().filter(|ch| **ch == '\n').count();
    }
    out
}

fn until(c: &[char], from: usize, stop: impl Fn(&[char], usize) -> bool) -> usize {
    (from..c.len()).find(|i| stop(c, *i)).unwrap_or(c.len())
}

fn block_comment(c: &[char], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at + 1 < c.len() {
        match (c[at], c[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') if depth == 1 => return at + 2,
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    c.len()
}

fn quoted(c: &[char], mut at: usize) -> usize {
    at += 1;
    while at < c.len() && c[at] != '"' {
        at += 1 + usize::from(c[at] == '\\');
    }
    at + 1
}

fn raw(c: &[char], mut at: usize, hashes: usize) -> usize {
    while at < c.len() {
        if c[at] == '"' && c[at + 1..].iter().take(hashes).filter(|h| **h == '#').count() == hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

/// A character (`'a'`, `'\n'`, `'\u{1F600}'`), or the sign of a lifetime.
fn quote(c: &[char], at: usize) -> usize {
    match c.get(at + 1) {
        Some('\\') => until(c, at + 3, |c, i| c[i] == '\'') + 1,
        Some(_) if c.get(at + 2) == Some(&'\'') => at + 3,
        _ => at + 1,
    }
}
