//! Machine types: what one is, what it costs, how many there are.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Column, Context, Mark, RowId, RowKey};
use super::scope::Scope;
use super::sums;
use super::table::Table;
use crate::model::cluster::Class;
use crate::model::cost::CostSum;
use crate::model::fleet::Fleet;
use crate::model::text::Text;

/// A row is a class's index.
#[derive(Debug)]
pub(super) struct Classes;

impl Table for Classes {
    const NAME: &'static str = "classes";
    const TITLE: Text = Text::new("Machine types", "机型");
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "CLASS", "机型").width(6, 24),
        Column::figure("cores", "CORES", "核").width(5, 6),
        Column::figure("memory", "MEMORY", "内存").width(7, 9),
        Column::words("tier", "TIER", "级别").width(4, 12),
        Column::figure("hosts", "HOSTS", "主机").width(5, 7),
        Column::figure("cost_per_hour", "COST/h", "单价/时").width(7, 12),
    ];

    fn rows(&self, fleet: &Fleet, _scope: &Scope) -> Vec<RowId> {
        (0u32..).take(fleet.classes.len()).map(|a| RowId { a, ..RowId::default() }).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |class| Arc::clone(&class.name))
    }

    fn mark(&self, _cx: &Context<'_>, _row: RowId) -> Mark {
        Mark::None
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(class) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "name" => Fact::Name(Cow::Borrowed(&class.name)),
            "cores" => Fact::count(class.cores),
            "memory" => Fact::Bytes(class.memory),
            "tier" => Fact::maybe(class.tier.as_deref()),
            "hosts" => {
                let count = cx.fleet.derived.total.classes.iter().find(|(name, _)| *name == class.name);
                Fact::count(count.map_or(0, |(_, count)| *count))
            }
            "cost_per_hour" => Fact::Cost(Cow::Owned(price(class))),
            _ => Fact::Unknown,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(class) = at(cx.fleet, row) {
            out.push_str(&class.name);
            out.push(' ');
            out.push_str(class.tier.as_deref().unwrap_or(""));
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(class) = at(cx.fleet, row) else { return Vec::new() };
        let mut fields = sums::money_fields(&price(class));
        fields.push(("class", json!(class.name)));
        fields
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<&Arc<Class>> {
    fleet.classes.get(row.a as usize)
}

fn price(class: &Class) -> CostSum {
    let mut sum = CostSum::default();
    sum.add(class.hourly);
    sum
}
