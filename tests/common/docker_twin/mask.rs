//! Times and ids, which are never the same twice.

/// Now, as the engine takes it: seconds with their fraction.
pub(crate) fn seconds() -> String {
    let now = jiff::Timestamp::now().as_nanosecond();
    format!("{}.{:09}", now / 1_000_000_000, now % 1_000_000_000)
}

/// Hexadecimal ids as `HEX`.
pub(crate) fn mask_hex(text: &str) -> String {
    let mut masked = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if bare.len() >= 12 && bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            masked.push_str("HEX");
            masked.push_str(&word[bare.len()..]);
        } else {
            masked.push_str(word);
        }
    }
    masked
}

/// Stamps as `TIME`, heads of frames as their streams.
pub(crate) fn mask_times(text: &str) -> String {
    let stamp = regex::Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z").expect("a pattern");
    let frame = regex::Regex::new(r"([\x01\x02])\x00\x00\x00\x00\x00\x00.").expect("a pattern");
    mask_hex(&frame.replace_all(&stamp.replace_all(text, "TIME"), "<$1>").replace("<\u{1}>", "<out>").replace("<\u{2}>", "<err>"))
}
