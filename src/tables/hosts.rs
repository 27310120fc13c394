//! Hosts as a flat list: what is declared, what their engines say, what they cost.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::table::Table;
use super::{fresh, idc_title, sums};
use crate::model::cost::CostSum;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::host::Host;
use crate::model::text::Text;

/// A row is a host's index.
#[derive(Debug)]
pub(super) struct Hosts;

/// The host of a row of this noun.
#[must_use]
pub fn host_at(fleet: &Fleet, row: RowId) -> Option<&Arc<Host>> {
    fleet.hosts.get(row.a as usize)
}

impl Table for Hosts {
    const NAME: &'static str = "hosts";
    const TITLE: Text = Text::new("Hosts", "主机");
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "NAME", "主机").width(8, 32),
        Column::words("idc", "IDC", "机房").width(4, 14).drop_priority(3),
        Column::words("cluster", "CLUSTER", "集群").width(4, 16).drop_priority(4),
        Column::words("pool", "POOL", "服务池").width(4, 16).drop_priority(5),
        Column::words("class", "CLASS", "机型").width(5, 14).drop_priority(6),
        Column::words("state", "STATE", "状态").width(6, 8),
        Column::figure("cpu", "CPU", "CPU").width(4, 5).drop_priority(1),
        Column::figure("mem", "MEM", "内存").width(4, 5).drop_priority(2),
        Column::figure("containers", "CTR", "容器").width(4, 6),
        Column::figure("cost_per_hour", "COST/h", "成本/时").width(6, 10).drop_priority(7),
        Column::figure("running", "RUN", "运行").width(4, 6).wide(),
        Column::figure("cores", "CORES", "核").width(5, 6).wide(),
        Column::figure("memory", "MEMORY", "总内存").width(7, 8).wide(),
        Column::words("engine", "ENGINE", "引擎").width(6, 14).wide(),
        Column::words("api", "API", "API").width(4, 6).wide(),
        Column::words("os", "OS", "系统").width(6, 32).wide(),
        Column::words("kernel", "KERNEL", "内核").width(6, 24).wide(),
        Column::words("address", "ADDRESS", "地址").width(8, 40).wide(),
        Column::words("labels", "LABELS", "标签").width(8, 60).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        fleet.hosts.iter().zip(0u32..).filter(|(host, _)| scope.holds(&host.spec)).map(|(_, a)| RowId { a, ..RowId::default() }).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        host_at(fleet, row).map_or_else(|| "".into(), |host| Arc::clone(host.name()))
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        host_at(cx.fleet, row).map_or(Mark::None, |host| fresh::host_mark(host, cx.now))
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(host) = host_at(cx.fleet, row) else { return Fact::Unknown };
        let (spec, facts) = (&host.spec, &host.facts);
        match key {
            "name" => Fact::Name(Cow::Borrowed(&spec.name)),
            "idc" => Fact::words(&spec.idc),
            "cluster" => Fact::maybe(spec.cluster.as_deref()),
            "pool" => Fact::maybe(spec.pool.as_deref()),
            "class" => Fact::maybe(spec.class.as_deref()),
            "state" => Fact::words(fresh::host_word(host.state(cx.now))),
            "cpu" | "mem" => sums::use_of(sums::host_usage(cx.live, host).as_ref(), key),
            "containers" => host.containers.as_ref().map_or(Fact::Unknown, |list| Fact::count(list.len())),
            "running" => host.running().map_or(Fact::Unknown, Fact::count),
            "cost_per_hour" => Fact::Cost(Cow::Owned(cost_of(cx.fleet, host))),
            "cores" => cx.fleet.size_of(host).0.map_or(Fact::Unknown, Fact::count),
            "memory" => cx.fleet.size_of(host).1.map_or(Fact::Unknown, Fact::Bytes),
            "engine" => Fact::known(facts.engine.as_deref()),
            "api" => Fact::known(facts.api.as_deref()),
            "os" => Fact::known(facts.os.as_deref()),
            "kernel" => Fact::known(facts.kernel.as_deref()),
            "address" => Fact::Words(Cow::Owned(spec.address.to_string())),
            "labels" => Fact::Labels(&spec.labels),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let host = host_at(cx.fleet, row)?;
        match key {
            "state" => Some(fresh::host_state_cell(host.state(cx.now), cx.lang)),
            "idc" => Some(Cell::plain(idc_title(cx.fleet, &host.spec.idc))),
            "cpu" | "mem" | "containers" | "running" if host.freshness.is_stale() => {
                Some(Cell::new(self.fact(cx, row, key).cell(cx).text, Tone::Unknown))
            }
            _ => None,
        }
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        let Some(host) = host_at(cx.fleet, row) else { return };
        let words = match key {
            "idc" => idc_title(cx.fleet, &host.spec.idc),
            "state" => fresh::host_state_cell(host.state(cx.now), cx.lang).text.into(),
            _ => return,
        };
        out.push(' ');
        out.push_str(&words);
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        let Some(host) = host_at(cx.fleet, row) else { return };
        let spec = &host.spec;
        out.push_str(&spec.name);
        let title = cx.fleet.idc(&spec.idc).map_or("", |idc| &*idc.title);
        let state = fresh::host_word(host.state(cx.now));
        let place = [spec.cluster.as_deref(), spec.pool.as_deref(), spec.class.as_deref()].map(Option::unwrap_or_default);
        for words in [&spec.idc, title].into_iter().chain(place).chain([state]) {
            out.push(' ');
            out.push_str(words);
        }
        for (key, value) in spec.labels.iter() {
            out.push(' ');
            out.push_str(key);
            out.push('=');
            out.push_str(value);
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        host_at(fleet, row).map(|host| &host.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(host) = host_at(cx.fleet, row) else { return Vec::new() };
        let facts = &host.facts;
        let mut fields = sums::money_fields(&cost_of(cx.fleet, host));
        fields.extend([
            ("host", json!(host.name())),
            ("login", json!(host.spec.login.as_ref().map(ToString::to_string))),
            ("hostname", json!(facts.hostname)),
            ("images", json!(facts.images)),
            ("swarm", json!(facts.swarm)),
            ("warnings", json!(facts.warnings)),
            ("cause", json!(host.freshness.fault.as_ref().map(|f| &f.cause.en))),
        ]);
        fields
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Scope { host: host_at(fleet, row).map(|host| Arc::clone(host.name())), ..Scope::default() }
    }
}

pub(super) fn cost_of(fleet: &Fleet, host: &Host) -> CostSum {
    let mut sum = CostSum::default();
    sum.add(fleet.hourly_of(host));
    sum
}
