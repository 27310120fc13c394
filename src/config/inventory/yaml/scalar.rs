//! What a plain word of YAML 1.1 stands for, as `PyYAML` resolves it.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// The key under which other maps are merged; no text can be equal to it.
pub(super) const MERGE: &str = "\u{0}<<";

macro_rules! pattern {
    ($name:ident $text:literal) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
    };
}

pattern!(FLOAT r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$");
pattern!(INT r"^[-+]?(?:0b[0-1_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$");
// Sixtieths, which times of a day and colons in general are taken for.
pattern!(SIXTIETHS r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$");

fn is(pattern: &LazyLock<Option<Regex>>, word: &str) -> bool {
    pattern.as_ref().is_some_and(|regex| regex.is_match(word))
}

/// The value of a plain scalar.
pub(super) fn resolve(word: &str) -> Value {
    let text = || Value::String(word.to_owned());
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        _ => {}
    }
    if !word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return text();
    }
    let plain = word.replace('_', "");
    if is(&INT, word) {
        return int(&plain).map_or_else(text, Value::from);
    }
    if is(&FLOAT, word) {
        return plain.parse::<f64>().map_or_else(|_| text(), Value::from);
    }
    let is_zero_led = plain.trim_start_matches(['+', '-']).starts_with('0');
    if is(&SIXTIETHS, word) && (plain.contains('.') || !is_zero_led) {
        return sixtieths(&plain).unwrap_or_else(text);
    }
    text()
}

fn int(plain: &str) -> Option<i64> {
    let digits = plain.trim_start_matches(['+', '-']);
    let number = if let Some(bits) = digits.strip_prefix("0b") {
        i64::from_str_radix(bits, 2)
    } else if let Some(hex) = digits.strip_prefix("0x") {
        i64::from_str_radix(hex, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        i64::from_str_radix(digits, 8)
    } else {
        digits.parse()
    };
    number.ok().map(|n| if plain.starts_with('-') { -n } else { n })
}

fn sixtieths(plain: &str) -> Option<Value> {
    let (minus, digits) = (plain.starts_with('-'), plain.trim_start_matches(['+', '-']));
    if digits.contains('.') {
        let sum = digits.split(':').try_fold(0.0, |sum: f64, part| part.parse::<f64>().ok().map(|part| sum.mul_add(60.0, part)))?;
        return Some(Value::from(if minus { -sum } else { sum }));
    }
    let sum = digits.split(':').try_fold(0i64, |sum, part| sum.checked_mul(60)?.checked_add(part.parse().ok()?))?;
    Some(Value::from(if minus { -sum } else { sum }))
}

/// A key as JSON writes it: `yes` is `true`, `0x10` is `16`.
pub(super) fn key(word: &str) -> String {
    if word == "<<" {
        return MERGE.to_owned();
    }
    match resolve(word) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
