//! As much of YAML as Harbor's API description is written in: block maps and lists, plain and quoted scalars, folded text.

use serde_json::{Map, Value};

/// Reads a document. What it does not know it takes as text.
pub(crate) fn read(text: &str) -> Value {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .map(|line| (line.len() - line.trim_start().len(), line.trim_end()))
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|(depth, line)| (depth, line.trim_start()))
        .collect();
    let mut at = 0;
    block(&lines, &mut at, 0)
}

/// The map or list whose lines stand at this depth or deeper.
fn block(lines: &[(usize, &str)], at: &mut usize, depth: usize) -> Value {
    match lines.get(*at) {
        Some((own, line)) if *own >= depth && (line.starts_with("- ") || *line == "-") => list(lines, at, *own),
        Some((own, _)) if *own >= depth => Value::Object(map(lines, at, *own)),
        _ => Value::Null,
    }
}

fn list(lines: &[(usize, &str)], at: &mut usize, depth: usize) -> Value {
    let mut values = Vec::new();
    while let Some((own, line)) = lines.get(*at).filter(|(own, line)| *own == depth && line.starts_with('-')) {
        let rest = line[1..].trim_start();
        let inner = own + line.len() - rest.len();
        if split(rest).is_some() {
            // A map that begins on the line of its dash.
            let mut piece: Vec<(usize, &str)> = vec![(inner, rest)];
            *at += 1;
            while let Some(next) = lines.get(*at).filter(|(own, _)| *own > depth) {
                piece.push(*next);
                *at += 1;
            }
            values.push(block(&piece, &mut 0, inner));
        } else {
            values.push(scalar(rest));
            *at += 1;
        }
    }
    Value::Array(values)
}

fn map(lines: &[(usize, &str)], at: &mut usize, depth: usize) -> Map<String, Value> {
    let mut fields = Map::new();
    while let Some((_, line)) = lines.get(*at).filter(|(own, _)| *own == depth) {
        let Some((key, rest)) = split(line) else {
            *at += 1;
            continue;
        };
        *at += 1;
        let deeper = |line: Option<&(usize, &str)>| line.is_some_and(|(own, _)| *own > depth);
        let value = if rest.is_empty() {
            let is_list = lines.get(*at).is_some_and(|(own, line)| *own == depth && line.starts_with("- "));
            if is_list || deeper(lines.get(*at)) { block(lines, at, depth) } else { Value::Null }
        } else {
            // Folded text, and plain text that goes on: the lines that stand deeper belong to it.
            while deeper(lines.get(*at)) {
                *at += 1;
            }
            scalar(rest)
        };
        fields.insert(key, value);
    }
    fields
}

/// Key and what follows it on its line.
fn split(line: &str) -> Option<(String, &str)> {
    let quoted =
        line.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).and_then(|(key, rest)| Some((key, rest.strip_prefix(':')?)));
    let (key, rest) = quoted.or_else(|| line.split_once(": ")).or_else(|| line.strip_suffix(':').map(|key| (key, "")))?;
    Some((key.to_owned(), rest.trim()))
}

fn scalar(text: &str) -> Value {
    let quoted = |mark: char| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    if let Some(inner) = quoted('\'').or_else(|| quoted('"')) {
        return Value::String(inner.to_owned());
    }
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        number => number.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from),
    }
}

#[test]
fn maps_lists_and_folded_text_are_read() {
    let text = "a:\n  - name: x\n    in: query\n  - $ref: '#/p'\nb: |-\n  one\n  two: three\n'200':\n  type: array\nc:\n- 1\n- true\n";
    let read = read(text);
    assert_eq!(read["a"][0]["in"], "query");
    assert_eq!(read["a"][1]["$ref"], "#/p");
    assert_eq!(read["200"]["type"], "array");
    assert_eq!(read["c"], serde_json::json!([1, true]));
    assert!(read.get("two").is_none());
}
