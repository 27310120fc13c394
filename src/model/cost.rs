//! Money: decimals with their currency, sums that say what is missing, never a float.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// ISO 4217, three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// `None` where it is not three ASCII capitals.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let code = String::deserialize(from)?;
        Self::parse(&code).ok_or_else(|| serde::de::Error::custom(format!("'{code}' is not an ISO 4217 code such as CNY")))
    }
}

/// An amount in one currency. In JSON the amount is a decimal string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    #[serde(with = "rust_decimal::serde::str")]
    pub amount: Decimal,
    pub currency: Currency,
}

/// Hours in a month, the convention of OpenCost and Infracost.
pub const HOURS_PER_MONTH: u32 = 730;

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    Hour,
    Day,
    Month,
    Year,
}

impl Per {
    /// Hours in the period: 1, 24, 730, 8760.
    #[must_use]
    pub fn hours(self) -> Decimal {
        Decimal::from(match self {
            Self::Hour => 1,
            Self::Day => 24,
            Self::Month => HOURS_PER_MONTH,
            Self::Year => 8760,
        })
    }
}

impl Money {
    /// The hourly share of an amount per period.
    #[must_use]
    pub fn hourly(self, per: Per) -> Money {
        Money { amount: self.amount / per.hours(), ..self }
    }
}

/// A sum over things that may have no price, and over several currencies. Nothing is converted, nothing missing is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSum {
    /// One amount a currency, per hour.
    pub amounts: BTreeMap<Currency, Decimal>,
    /// Things counted that have no price.
    pub unpriced: u32,
}

impl CostSum {
    pub fn add(&mut self, price: Option<Money>) {
        match price {
            Some(money) => *self.amounts.entry(money.currency).or_default() += money.amount,
            None => self.unpriced += 1,
        }
    }

    pub fn add_sum(&mut self, other: &CostSum) {
        for (currency, amount) in &other.amounts {
            *self.amounts.entry(*currency).or_default() += *amount;
        }
        self.unpriced += other.unpriced;
    }

    /// The one amount, where there is exactly one currency.
    #[must_use]
    pub fn single(&self) -> Option<Money> {
        match self.amounts.iter().next() {
            Some((currency, amount)) if self.amounts.len() == 1 => Some(Money { amount: *amount, currency: *currency }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, currency: &str) -> Money {
        Money { amount: amount.parse().expect("decimal"), currency: Currency::parse(currency).expect("code") }
    }

    #[test]
    fn sums_are_exact_and_say_what_is_missing() {
        let mut sum = CostSum::default();
        for _ in 0..10 {
            sum.add(Some(money("0.1", "CNY")));
        }
        sum.add(None);
        assert_eq!(sum.single(), Some(money("1.0", "CNY")));
        assert_eq!(sum.unpriced, 1);
        sum.add(Some(money("1", "USD")));
        assert_eq!(sum.single(), None);
    }

    #[test]
    fn a_month_is_730_hours() {
        assert_eq!(money("730", "CNY").hourly(Per::Month), money("1", "CNY"));
    }
}
