//! How figures are said: at most three significant digits, coarse ages, money that admits what is missing.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::cost::CostSum;
use crate::model::text::Lang;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// An age in steps that grow with it, so that a screen of ages changes seldom: `<1m`, `4m`, `40m`, `3h`, `2d`.
#[must_use]
pub fn age(millis: u64, lang: Lang) -> String {
    let (count, en, zh) = match millis {
        0..MINUTE => return if lang == Lang::Zh { "<1分" } else { "<1m" }.to_owned(),
        MINUTE..600_000 => (millis / MINUTE, "m", "分"),
        600_000..HOUR => (millis / 600_000 * 10, "m", "分"),
        HOUR..DAY => (millis / HOUR, "h", "小时"),
        _ => (millis / DAY, "d", "天"),
    };
    format!("{count}{}", if lang == Lang::Zh { zh } else { en })
}

/// Bytes in powers of 1024: `412 MiB`, `1.1 GiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    let (value, unit) = scaled(count, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]);
    format!("{value} {unit}")
}

/// Bytes a second, short: `1.2M/s`.
#[must_use]
pub fn rate(count: u64) -> String {
    let (value, unit) = scaled(count, &["B", "K", "M", "G", "T", "P", "E"]);
    format!("{value}{unit}/s")
}

/// A percentage: `0.4%`, `31%`, `250%`.
#[must_use]
pub fn percent(value: f64) -> String {
    if value > 0.0 && value < 0.95 { format!("{:.1}%", value.max(0.1)) } else { format!("{value:.0}%") }
}

/// An amount of money: two decimals, more where it is tiny, none where it is huge.
#[must_use]
pub fn amount(value: Decimal) -> String {
    let places = if value.is_zero() || value.abs() >= Decimal::ONE_HUNDRED * Decimal::TEN {
        u32::from(value.is_zero()) * 2
    } else if value.abs() < Decimal::new(1, 2) {
        4
    } else {
        2
    };
    let rounded = value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    format!("{rounded:.*}", places as usize)
}

/// Whether a sum names its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coded {
    /// The head or the total says it.
    Bare,
    Named,
}

/// A sum of costs: `18.40`, `≥ 18.40` where a price is missing, `no price` where all are, several currencies side by side.
#[must_use]
pub fn cost(sum: &CostSum, coded: Coded, lang: Lang) -> String {
    if sum.amounts.is_empty() && sum.unpriced > 0 {
        return if lang == Lang::Zh { "无价格" } else { "no price" }.to_owned();
    }
    let at_least = if sum.unpriced > 0 { "≥" } else { "" };
    let parts: Vec<String> = sum
        .amounts
        .iter()
        .map(|(currency, value)| match coded {
            Coded::Bare if sum.amounts.len() == 1 => amount(*value),
            _ => format!("{} {}", amount(*value), currency.code()),
        })
        .collect();
    if parts.is_empty() { amount(Decimal::ZERO) } else { format!("{at_least}{}", parts.join(" + ")) }
}

/// At most three digits and the unit that makes it so.
fn scaled(count: u64, units: &[&'static str]) -> (String, &'static str) {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = count as f64;
    let mut at = 0;
    while value >= 999.5 && at + 1 < units.len() {
        value /= 1024.0;
        at += 1;
    }
    let text = if at > 0 && value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
    (text, units.get(at).copied().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cost::{Currency, Money};

    #[test]
    fn ages_move_in_steps() {
        let en: Vec<String> = [0, 59_999, 60_000, 599_000, 600_000, 3_599_000, 3_600_000, 86_399_000, 200_000_000]
            .iter()
            .map(|ms| age(*ms, Lang::En))
            .collect();
        assert_eq!(en, ["<1m", "<1m", "1m", "9m", "10m", "50m", "1h", "23h", "2d"]);
        assert_eq!(age(7_200_000, Lang::Zh), "2小时");
    }

    #[test]
    fn figures_have_three_digits_at_most() {
        for (count, said) in
            [(0, "0 B"), (999, "999 B"), (1000, "1.0 KiB"), (432_013_312, "412 MiB"), (1_181_116_006, "1.1 GiB"), (u64::MAX, "16 EiB")]
        {
            assert_eq!(bytes(count), said);
        }
        assert_eq!(rate(1_258_291), "1.2M/s");
        assert_eq!([0.0, 0.04, 0.5, 31.2, 250.0].map(percent), ["0%", "0.1%", "0.5%", "31%", "250%"]);
    }

    #[test]
    fn a_sum_says_what_is_missing() {
        let price = |amount: &str, currency: &str| {
            Some(Money { amount: amount.parse().expect("decimal"), currency: Currency::parse(currency).expect("code") })
        };
        let mut sum = CostSum::default();
        assert_eq!(cost(&sum, Coded::Bare, Lang::En), "0.00");
        sum.add(None);
        assert_eq!(cost(&sum, Coded::Bare, Lang::En), "no price");
        sum.add(price("18.4", "CNY"));
        assert_eq!(cost(&sum, Coded::Bare, Lang::En), "≥18.40");
        assert_eq!(cost(&sum, Coded::Named, Lang::En), "≥18.40 CNY");
        sum.add(price("0.0042", "USD"));
        assert_eq!(cost(&sum, Coded::Bare, Lang::En), "≥18.40 CNY + 0.0042 USD");
        assert_eq!(amount("12345.678".parse().expect("decimal")), "12346");
    }
}
