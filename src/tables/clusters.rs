//! Clusters over all IDCs.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Age, Cell, Column, Context, Mark, RowId, RowKey};
use super::scope::Scope;
use super::sums;
use super::table::Table;
use crate::model::cluster::Cluster;
use crate::model::derived::{ClusterRollup, Rollup};
use crate::model::fleet::Fleet;
use crate::model::live::Usage;
use crate::model::text::Text;
use crate::planning::capacity;

/// A row is the index of a declared cluster.
#[derive(Debug)]
pub(super) struct Clusters;

impl Table for Clusters {
    const NAME: &'static str = "clusters";
    const TITLE: Text = Text::new("Clusters", "集群");
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "CLUSTER", "集群").width(8, 32),
        Column::words("idcs", "IDCS", "机房").width(6, 32).drop_priority(3),
        Column::figure("pools", "POOLS", "服务池").width(5, 6).drop_priority(4),
        Column::figure("hosts", "HOSTS", "主机").width(5, 11),
        Column::figure("containers", "CTR run/all", "容器 运行/全部").width(9, 16),
        Column::figure("cpu", "CPU", "CPU").width(4, 5).drop_priority(1),
        Column::figure("mem", "MEM", "内存").width(4, 5).drop_priority(2),
        Column::figure("cost_per_hour", "COST/h", "成本/时").width(7, 20),
        Column::words("classes", "CLASS MIX", "机型构成").width(8, 40).wide(),
        Column::figure("cores", "CORES", "核").width(5, 8).wide(),
        Column::figure("memory", "MEMORY", "总内存").width(7, 9).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let all = fleet.clusters.iter().zip(0u32..).filter(|(cluster, _)| scope.cluster.as_ref().is_none_or(|name| *name == cluster.name));
        all.map(|(_, a)| RowId { a, ..RowId::default() }).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |cluster| Arc::clone(&cluster.name))
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        at(cx.fleet, row).map_or(Mark::None, |cluster| sums::mark(&sum(cx.fleet, cluster)))
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(cluster) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "name" => Fact::Name(Cow::Borrowed(&cluster.name)),
            "idcs" => Fact::List(parts(cx.fleet, cluster).map(|(idc, _)| Cow::Borrowed(&**idc)).collect()),
            "pools" => Fact::count(cluster.pools.len()),
            "cpu" | "mem" => sums::use_of(usage(cx, cluster).as_ref(), key),
            _ => sums::fact(&sum(cx.fleet, cluster), None, key).unwrap_or(Fact::Unknown),
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let cluster = at(cx.fleet, row)?;
        if matches!(key, "cpu" | "mem") {
            return Some(sums::use_cell(cx, usage(cx, cluster).as_ref(), key));
        }
        sums::render(cx, &sum(cx.fleet, cluster), key)
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        out.push_str(at(cx.fleet, row).map_or("", |cluster| &cluster.name));
    }

    fn age(&self, cx: &Context<'_>, row: RowId) -> Age {
        let pools = at(cx.fleet, row).into_iter().flat_map(|cluster| parts(cx.fleet, cluster)).flat_map(|(_, part)| &part.pools);
        sums::age(cx, pools.flat_map(|pool| pool.hosts.iter().copied()))
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(cluster) = at(cx.fleet, row) else { return Vec::new() };
        let mut fields = sums::fields(&sum(cx.fleet, cluster));
        fields.push(("cluster", json!(cluster.name)));
        fields
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Scope { cluster: at(fleet, row).map(|cluster| Arc::clone(&cluster.name)), ..Scope::default() }
    }
}

fn usage(cx: &Context<'_>, cluster: &Cluster) -> Option<Usage> {
    sums::usage_of(cx.live, |(_, name, _)| name.as_ref() == Some(&cluster.name))
}

fn at(fleet: &Fleet, row: RowId) -> Option<&Arc<Cluster>> {
    fleet.clusters.get(row.a as usize)
}

/// The cluster's parts, with the IDC of each.
pub(super) fn parts<'f>(fleet: &'f Fleet, cluster: &Cluster) -> impl Iterator<Item = (&'f Arc<str>, &'f ClusterRollup)> {
    fleet.derived.idcs.iter().flat_map(|idc| idc.clusters.iter().map(|part| (&idc.name, part))).filter(|(_, part)| part.name.as_ref() == Some(&cluster.name))
}

fn sum(fleet: &Fleet, cluster: &Cluster) -> Rollup {
    let mut sum = Rollup::default();
    for (_, part) in parts(fleet, cluster) {
        capacity::add(&mut sum, &part.sum);
    }
    sum
}
