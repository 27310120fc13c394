//! What stands under a column of a row, as one fact from which the cell, the script's value and the sort key all come.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::figures::{self, Coded};
use super::noun::{Cell, Context, SortKey, Tone};
use crate::model::clock::Stamp;
use crate::model::cluster::Labels;
use crate::model::cost::CostSum;
use crate::model::text::{Lang, clean};

/// One fact.
#[derive(Clone, Debug)]
pub(super) enum Fact<'a> {
    /// Nobody told us: `?`.
    Unknown,
    /// There is none: `-`.
    Absent,
    /// The row's own name.
    Name(Cow<'a, str>),
    Words(Cow<'a, str>),
    Count(u64),
    Bytes(u64),
    /// Bytes a second.
    Rate(u64),
    Percent(f64),
    Cost(Cow<'a, CostSum>),
    /// Since when: an age for people, a time for scripts.
    Since(Stamp),
    /// A time of day.
    At(Stamp),
    /// Milliseconds that something took: seconds for scripts.
    Took(u64),
    YesNo(bool),
    Labels(&'a Labels),
    List(Vec<Cow<'a, str>>),
}

impl<'a> Fact<'a> {
    pub(super) fn words(words: &'a str) -> Self {
        Self::Words(Cow::Borrowed(words))
    }

    /// Words, `-` where there are none.
    pub(super) fn maybe(words: Option<&'a str>) -> Self {
        words.map_or(Self::Absent, Self::words)
    }

    /// Words that the other side did not tell: `?`.
    pub(super) fn known(words: Option<&'a str>) -> Self {
        words.map_or(Self::Unknown, Self::words)
    }

    pub(super) fn count(count: impl TryInto<u64>) -> Self {
        count.try_into().map_or(Self::Unknown, Self::Count)
    }

    pub(super) fn cell(&self, cx: &Context<'_>) -> Cell {
        match self {
            Self::Unknown => Cell::unknown(),
            Self::Absent => Cell::new("-", Tone::Dim),
            Self::Name(words) => Cell::new(clean(words), Tone::Name),
            Self::Words(words) => Cell::plain(clean(words)),
            Self::Count(count) => Cell::plain(count.to_string()),
            Self::Bytes(count) => Cell::plain(figures::bytes(*count)),
            Self::Rate(count) => Cell::plain(figures::rate(*count)),
            Self::Percent(value) => Cell::plain(figures::percent(*value)),
            Self::Cost(sum) => cost_cell(cx, sum),
            Self::Since(at) => Cell::plain(figures::age(cx.now.since(*at), cx.lang)),
            Self::At(at) => Cell::plain(clock(cx, *at)),
            Self::Took(millis) => Cell::plain(took(*millis)),
            Self::YesNo(true) => Cell::plain(either(cx.lang, "yes", "是")),
            Self::YesNo(false) => Cell::new(either(cx.lang, "no", "否"), Tone::Dim),
            Self::Labels(labels) if labels.is_empty() => Cell::new("-", Tone::Dim),
            Self::Labels(labels) => {
                let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                Cell::plain(clean(&pairs.join(",")))
            }
            Self::List(list) if list.is_empty() => Cell::new("-", Tone::Dim),
            Self::List(list) => Cell::plain(clean(&list.join(", "))),
        }
    }

    pub(super) fn value(&self) -> Value {
        match self {
            Self::Unknown | Self::Absent => Value::Null,
            Self::Name(words) | Self::Words(words) => json!(words),
            Self::Count(count) | Self::Bytes(count) | Self::Rate(count) => json!(count),
            Self::Percent(value) => json!((value * 10.0).round() / 10.0),
            Self::Cost(sum) => sum.single().map_or(Value::Null, |money| json!(money.amount.normalize().to_string())),
            Self::Since(at) | Self::At(at) => json!(at.rfc3339()),
            Self::Took(millis) => json!(millis / 1000),
            Self::YesNo(is) => json!(is),
            Self::Labels(labels) => json!(labels),
            Self::List(list) => json!(list),
        }
    }

    pub(super) fn sort_key(&self, cx: &Context<'_>) -> SortKey {
        #[allow(clippy::cast_precision_loss, reason = "an order, not a sum")]
        match self {
            Self::Unknown | Self::Absent => SortKey::Unknown,
            Self::Name(words) | Self::Words(words) => SortKey::Words(words.to_lowercase()),
            Self::Count(count) | Self::Bytes(count) | Self::Rate(count) => SortKey::Number(*count as f64),
            Self::Percent(value) => SortKey::Number(*value),
            Self::Cost(sum) => sum.single().and_then(|money| money.amount.try_into().ok()).map_or(SortKey::Unknown, SortKey::Number),
            // Seconds: what `age:>5m` compares with.
            Self::Since(at) => SortKey::Number((cx.now.since(*at) / 1000) as f64),
            Self::At(at) => SortKey::Number(at.0 as f64),
            Self::Took(millis) => SortKey::Number((millis / 1000) as f64),
            Self::YesNo(is) => SortKey::Number(f64::from(u8::from(*is))),
            Self::Labels(_) | Self::List(_) => {
                let mut words = String::new();
                self.say(&mut words);
                words.make_ascii_lowercase();
                SortKey::Words(words)
            }
        }
    }

    /// What `column:words` looks in, as scripts know it.
    pub(super) fn say(&self, out: &mut String) {
        use std::fmt::Write as _;
        let told = match self {
            Self::Unknown => out.write_str("?"),
            Self::Absent => out.write_str("-"),
            Self::Name(words) | Self::Words(words) => out.write_str(words),
            Self::Count(count) | Self::Bytes(count) | Self::Rate(count) => write!(out, "{count}"),
            Self::Percent(value) => write!(out, "{value:.1}"),
            Self::Cost(sum) => sum.amounts.iter().try_for_each(|(currency, amount)| write!(out, "{amount} {} ", currency.code())),
            Self::Since(at) | Self::At(at) => out.write_str(&at.rfc3339()),
            Self::Took(millis) => write!(out, "{}", millis / 1000),
            Self::YesNo(is) => write!(out, "{is}"),
            Self::Labels(labels) => labels.iter().try_for_each(|(key, value)| write!(out, "{key}={value},")),
            Self::List(list) => list.iter().try_for_each(|words| write!(out, "{words} ")),
        };
        // Writing to a String cannot fail.
        debug_assert!(told.is_ok());
    }
}

/// `8s`, `2m31`, `1h04`.
fn took(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0..=59 => format!("{seconds}s"),
        60..=3_599 => format!("{}m{:02}", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A cost as a table shows it: its currency only where the fleet has several.
fn cost_cell(cx: &Context<'_>, sum: &CostSum) -> Cell {
    let coded = if cx.fleet.derived.total.cost.amounts.len() > 1 { Coded::Named } else { Coded::Bare };
    let tone = if sum.unpriced > 0 { Tone::Unknown } else { Tone::Plain };
    Cell::new(figures::cost(sum, coded, cx.lang), tone)
}

/// Chooses a word by language.
pub(super) fn either<'w>(lang: Lang, en: &'w str, zh: &'w str) -> &'w str {
    if lang == Lang::Zh { zh } else { en }
}

/// A time as a clock on the wall shows it, with the day where it is not today's.
fn clock(cx: &Context<'_>, at: Stamp) -> String {
    let zoned = |stamp: Stamp| jiff::Timestamp::from_millisecond(stamp.0).ok().map(|t| t.to_zoned(cx.zone.clone()));
    match (zoned(at), zoned(cx.now)) {
        (Some(then), Some(now)) if then.date() == now.date() => then.strftime("%H:%M:%S").to_string(),
        (Some(then), Some(now)) if then.year() == now.year() => then.strftime("%m-%d %H:%M").to_string(),
        (Some(then), _) => then.strftime("%Y-%m-%d").to_string(),
        (None, _) => "?".to_owned(),
    }
}
