//! Sizes, times and amounts as people write them.

use std::time::Duration;

use rust_decimal::Decimal;

/// Bytes from `16GiB`, `512MiB`, `1.5TiB`, `16GB`, or Docker's own `16g` and `512m` (powers of 1024).
/// `None` where it is none of these, is negative, or is over 64 bits.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: u64 = match unit.trim_start() {
        "" | "B" | "b" => 1,
        "KiB" | "Ki" | "K" | "k" => 1 << 10,
        "MiB" | "Mi" | "M" | "m" => 1 << 20,
        "GiB" | "Gi" | "G" | "g" => 1 << 30,
        "TiB" | "Ti" | "T" | "t" => 1 << 40,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    let amount = decimal(number)?.checked_mul(Decimal::from(factor))?;
    u64::try_from(amount.trunc()).ok()
}

/// A time from `10s`, `250ms`, `1m30s`, `2h`, `1d`. `None` where it is none of these or longer than ten years.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let factor = match &rest[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        rest = &rest[letters..];
        millis = millis.checked_add(number.checked_mul(factor)?)?;
    }
    (millis <= 10 * 365 * 86_400_000).then(|| Duration::from_millis(millis))
}

/// A plain decimal: digits with at most one point, no sign, no separators, no exponent.
pub(super) fn decimal(text: &str) -> Option<Decimal> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.bytes().any(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, want) in [
            ("16GiB", Some(16 << 30)),
            ("16 GiB", Some(16 << 30)),
            ("1.5GiB", Some(3 << 29)),
            ("512m", Some(512 << 20)),
            ("16GB", Some(16_000_000_000)),
            ("0", Some(0)),
            ("1048576", Some(1 << 20)),
            ("16 GiBs", None),
            ("-1GiB", None),
            ("GiB", None),
            ("1.2.3GiB", None),
            ("99999999999999TiB", None),
            ("", None),
        ] {
            assert_eq!(bytes(text), want, "{text}");
        }
    }

    #[test]
    fn times() {
        for (text, want) in [
            ("10s", Some(10_000)),
            ("250ms", Some(250)),
            ("1m30s", Some(90_000)),
            ("2h", Some(7_200_000)),
            ("1d", Some(86_400_000)),
            ("0s", Some(0)),
            ("10", None),
            ("s", None),
            ("1x", None),
            ("", None),
            ("99999999999999999999s", None),
            ("99999d", None),
        ] {
            assert_eq!(duration(text), want.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn amounts_are_plain_decimals() {
        assert_eq!(decimal("0.42").map(|d| d.to_string()), Some("0.42".to_owned()));
        for bad in ["1e3", "-1", "+1", "1,000", "¥1", "", "."] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }
}
