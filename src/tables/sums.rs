//! Cells that every table of sums has: hosts up of all, use, class mix, cost.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::fact::Fact;
use super::figures;
use super::fresh;
use super::noun::{Age, Cell, Context, Mark, Tone};
use crate::model::cost::CostSum;
use crate::model::derived::Rollup;
use crate::model::host::Host;
use crate::model::live::{Live, Place, Usage};

/// What the containers of a host use, where all were measured.
pub(super) fn host_usage(live: &Live, host: &Host) -> Option<Usage> {
    live.host(host.name()).and_then(|h| h.usage)
}

/// What the places that are wanted use together; `None` where nothing was measured.
pub(super) fn usage_of(live: &Live, is_wanted: impl Fn(&Place) -> bool) -> Option<Usage> {
    let mut sum = Usage::default();
    for (_, usage) in live.places.iter().filter(|(place, _)| is_wanted(place)) {
        sum.add(usage);
    }
    (sum.measured > 0).then_some(sum)
}

/// `cpu` or `mem` in percent.
pub(super) fn use_of(usage: Option<&Usage>, key: &str) -> Fact<'static> {
    let percent = usage.and_then(|u| if key == "cpu" { u.cpu_percent() } else { u.memory_percent() });
    #[allow(clippy::cast_precision_loss, reason = "a percentage")]
    percent.map_or(Fact::Unknown, |p| Fact::Percent(p as f64))
}

/// `cpu` or `mem` of a place in percent; `~` where some of its hosts are not measured yet.
pub(super) fn use_cell(cx: &Context<'_>, usage: Option<&Usage>, key: &str) -> Cell {
    let cell = use_of(usage, key).cell(cx);
    match usage {
        Some(usage) if usage.unmeasured > 0 && cell.tone != Tone::Unknown => Cell::new(format!("~{}", cell.text), Tone::Unknown),
        _ => cell,
    }
}

/// The fact of a column that sums have in common; `None` for others. Where nobody was listed or sized, nothing is known.
pub(super) fn fact(sum: &Rollup, usage: Option<&Usage>, key: &str) -> Option<Fact<'static>> {
    let listed = |count: u32| if sum.hosts > 0 && sum.unlisted == sum.hosts { Fact::Unknown } else { Fact::count(count) };
    let sized = |fact| if sum.hosts > 0 && sum.unsized_hosts == sum.hosts { Fact::Unknown } else { fact };
    Some(match key {
        "hosts" => Fact::count(sum.hosts),
        "containers" => listed(sum.containers),
        "running" => listed(sum.running),
        "cpu" | "mem" => use_of(usage, key),
        "cores" => sized(Fact::count(sum.cores)),
        "memory" => sized(Fact::Bytes(sum.memory)),
        "cost_per_hour" => Fact::Cost(Cow::Owned(sum.cost.clone())),
        "classes" => Fact::List(sum.classes.iter().map(|(name, count)| Cow::Owned(format!("{name} {count}"))).collect()),
        _ => return None,
    })
}

/// The cell of a column that sums have in common, where it says more than its fact.
pub(super) fn render(cx: &Context<'_>, sum: &Rollup, key: &str) -> Option<Cell> {
    match key {
        "hosts" => {
            let tone = if sum.lost > 0 { Tone::Bad } else { Tone::Plain };
            Some(Cell::new(format!("{}/{}", sum.up, sum.hosts), tone))
        }
        "containers" if sum.hosts > 0 && sum.unlisted == sum.hosts => Some(Cell::unknown()),
        // Hosts that never listed theirs are left out: the sum is a least one.
        "containers" if sum.unlisted > 0 => Some(Cell::new(format!("≥{}/{}", sum.running, sum.containers), Tone::Unknown)),
        // Hosts that are away count with what they last said.
        "containers" => {
            let tone = if sum.up < sum.hosts { Tone::Unknown } else { Tone::Plain };
            Some(Cell::new(format!("{}/{}", sum.running, sum.containers), tone))
        }
        "cores" | "memory" if sum.unsized_hosts > 0 && sum.unsized_hosts < sum.hosts => {
            let cell = fact(sum, None, key)?.cell(cx);
            Some(Cell::new(format!("≥{}", cell.text), Tone::Unknown))
        }
        "classes" => {
            let mix: Vec<String> = sum.classes.iter().map(|(name, count)| format!("{name} {count}")).collect();
            Some(if mix.is_empty() { Cell::new("-", Tone::Dim) } else { Cell::plain(mix.join("  ")) })
        }
        _ => None,
    }
}

/// Grave where a host is lost, unknown where one is not known, good else.
pub(super) fn mark(sum: &Rollup) -> Mark {
    if sum.hosts == 0 {
        Mark::None
    } else if sum.lost == sum.hosts {
        Mark::Bad
    } else if sum.lost > 0 {
        Mark::Warn
    } else if sum.up < sum.hosts {
        Mark::Unknown
    } else {
        Mark::Good
    }
}

/// Fields of every sum for scripts: the counts that the columns say together, the class mix, the money.
pub(super) fn fields(sum: &Rollup) -> Vec<(&'static str, Value)> {
    let classes: serde_json::Map<String, Value> = sum.classes.iter().map(|(name, count)| (name.to_string(), json!(count))).collect();
    let mut fields = money_fields(&sum.cost);
    fields.extend([
        ("up", json!(sum.up)),
        ("lost", json!(sum.lost)),
        ("unlisted", json!(sum.unlisted)),
        ("running", fact(sum, None, "running").map_or(Value::Null, |f| f.value())),
        ("classes", Value::Object(classes)),
    ]);
    fields
}

/// The age of the oldest of some hosts.
pub(super) fn age(cx: &Context<'_>, hosts: impl Iterator<Item = u32>) -> Age {
    let mut all = hosts.filter_map(|index| cx.fleet.hosts.get(index as usize)).map(|host| fresh::age(&host.freshness, cx.now));
    let Some(mut oldest) = all.next() else { return Age { seconds: None, stale: false } };
    for next in all {
        // Never is older than any age.
        oldest.seconds = oldest.seconds.zip(next.seconds).map(|(a, b)| a.max(b));
        oldest.stale |= next.stale;
    }
    oldest
}

/// The currency beside the amount; where there are several, all amounts in a list; and what has no price.
pub(super) fn money_fields(sum: &CostSum) -> Vec<(&'static str, Value)> {
    let all: Vec<Value> = sum
        .amounts
        .iter()
        .map(|(currency, amount)| json!({ "amount": amount.normalize().to_string(), "currency": currency.code() }))
        .collect();
    vec![("currency", json!(sum.single().map(|money| money.currency))), ("costs_per_hour", json!(all)), ("unpriced", json!(sum.unpriced))]
}

/// The cells of a table's last line.
pub(super) fn total(cx: &Context<'_>, columns: &[super::noun::Column], sum: &Rollup) -> Vec<Cell> {
    let usage = usage_of(cx.live, |_| true);
    let cell = |key: &str| match key {
        "name" => Some(Cell::new(super::fact::either(cx.lang, "total", "合计"), Tone::Dim)),
        "cost_per_hour" => Some(Cell::plain(figures::cost(&sum.cost, figures::Coded::Named, cx.lang))),
        "cpu" | "mem" => Some(use_cell(cx, usage.as_ref(), key)),
        _ => render(cx, sum, key).or_else(|| fact(sum, usage.as_ref(), key).map(|f| f.cell(cx))),
    };
    columns.iter().map(|column| cell(column.key).unwrap_or_default()).collect()
}
