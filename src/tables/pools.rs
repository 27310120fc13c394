//! Service pools over all IDCs, with what they may hold at most.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::clusters::parts;
use super::fact::{Fact, either};
use super::noun::{Age, Cell, Column, Context, Mark, RowId, RowKey};
use super::scope::Scope;
use super::table::Table;
use super::{figures, sums};
use crate::model::cluster::{Cluster, Pool, PoolEngine};
use crate::model::cost::Per;
use crate::model::derived::{PoolRollup, Rollup};
use crate::model::fleet::Fleet;
use crate::model::live::Usage;
use crate::model::text::Text;
use crate::planning::capacity;

/// A row is the index of a declared cluster and of a pool in it.
#[derive(Debug)]
pub(super) struct Pools;

impl Table for Pools {
    const NAME: &'static str = "pools";
    const TITLE: Text = Text::new("Pools", "服务池");
    const COLUMNS: &'static [Column] = &[
        Column::words("cluster", "CLUSTER", "集群").width(6, 20),
        Column::words("name", "POOL", "服务池").width(6, 24),
        Column::words("engine", "ENGINE", "引擎").width(6, 7).drop_priority(4),
        Column::words("shared", "SHARED", "共享").width(6, 7).drop_priority(5),
        Column::figure("hosts", "HOSTS", "主机").width(5, 11),
        Column::figure("containers", "CTR run/all", "容器 运行/全部").width(9, 16),
        Column::figure("cpu", "CPU", "CPU").width(4, 5).drop_priority(1),
        Column::figure("mem", "MEM", "内存").width(4, 5).drop_priority(2),
        Column::figure("cost_per_hour", "COST/h", "成本/时").width(7, 20),
        Column::figure("budget", "BUDGET", "预算").width(8, 20).wide(),
        Column::words("classes", "CLASS MIX", "机型构成").width(8, 40).wide(),
        Column::figure("cores", "CORES", "核").width(5, 8).wide(),
        Column::figure("quota_cores", "QUOTA CORES", "核配额").width(6, 11).wide(),
        Column::figure("memory", "MEMORY", "总内存").width(7, 9).wide(),
        Column::figure("quota_memory", "QUOTA MEM", "内存配额").width(6, 11).wide(),
        Column::figure("quota_hosts", "QUOTA HOSTS", "主机配额").width(6, 11).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let mut rows = Vec::new();
        for (cluster, a) in fleet.clusters.iter().zip(0u32..).filter(|(c, _)| scope.cluster.as_ref().is_none_or(|name| *name == c.name)) {
            rows.extend((0u32..).take(cluster.pools.len()).map(|b| RowId { a, b, ..RowId::default() }));
        }
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(cluster, pool)| format!("{}/{}", cluster.name, pool.name).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        at(cx.fleet, row).map_or(Mark::None, |place| sums::mark(&sum(cx.fleet, place)))
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((cluster, pool)) = at(cx.fleet, row) else { return Fact::Unknown };
        let most = |count: Option<u32>| count.map_or(Fact::Absent, Fact::count);
        match key {
            "cluster" => Fact::words(&cluster.name),
            "name" => Fact::Name(Cow::Borrowed(&pool.name)),
            "engine" => Fact::words(if pool.engine == PoolEngine::Swarm { "swarm" } else { "direct" }),
            "shared" => pool.shared.then_some("shared").map_or(Fact::Absent, Fact::words),
            "cpu" | "mem" => sums::use_of(usage(cx, cluster, pool).as_ref(), key),
            "budget" => pool.budget.map_or(Fact::Absent, |(money, _)| Fact::Words(Cow::Owned(money.amount.normalize().to_string()))),
            "quota_cores" => most(pool.quota.cores),
            "quota_memory" => pool.quota.memory.map_or(Fact::Absent, Fact::Bytes),
            "quota_hosts" => most(pool.quota.hosts),
            _ => sums::fact(&sum(cx.fleet, (cluster, pool)), None, key).unwrap_or(Fact::Unknown),
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let (cluster, pool) = at(cx.fleet, row)?;
        if matches!(key, "cpu" | "mem") {
            return Some(sums::use_cell(cx, usage(cx, cluster, pool).as_ref(), key));
        }
        if key == "budget" {
            let (money, per) = pool.budget?;
            let per = match per {
                Per::Hour => either(cx.lang, "hour", "时"),
                Per::Day => either(cx.lang, "day", "日"),
                Per::Month => either(cx.lang, "month", "月"),
                Per::Year => either(cx.lang, "year", "年"),
            };
            return Some(Cell::plain(format!("{} {}/{per}", figures::amount(money.amount), money.currency.code())));
        }
        sums::render(cx, &sum(cx.fleet, (cluster, pool)), key)
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some((cluster, pool)) = at(cx.fleet, row) {
            out.push_str(&cluster.name);
            out.push(' ');
            out.push_str(&pool.name);
        }
    }

    fn age(&self, cx: &Context<'_>, row: RowId) -> Age {
        let pools = at(cx.fleet, row).into_iter().flat_map(|place| pool_parts(cx.fleet, place));
        sums::age(cx, pools.flat_map(|part| part.hosts.iter().copied()))
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((cluster, pool)) = at(cx.fleet, row) else { return Vec::new() };
        let mut fields = sums::fields(&sum(cx.fleet, (cluster, pool)));
        fields.extend([
            ("pool", json!(pool.name)),
            ("shared", json!(pool.shared)),
            ("init", json!(pool.init)),
            ("budget_currency", json!(pool.budget.map(|(money, _)| money.currency))),
            ("budget_per", json!(pool.budget.map(|(_, per)| per))),
        ]);
        fields
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        at(fleet, row).map_or_else(Scope::default, |(cluster, pool)| Scope {
            cluster: Some(Arc::clone(&cluster.name)),
            pool: Some(Arc::clone(&pool.name)),
            ..Scope::default()
        })
    }
}

fn usage(cx: &Context<'_>, cluster: &Cluster, pool: &Pool) -> Option<Usage> {
    sums::usage_of(cx.live, |(_, c, p)| c.as_ref() == Some(&cluster.name) && p.as_ref() == Some(&pool.name))
}

fn at(fleet: &Fleet, row: RowId) -> Option<(&Cluster, &Pool)> {
    let cluster = fleet.clusters.get(row.a as usize)?;
    cluster.pools.get(row.b as usize).map(|pool| (&**cluster, pool))
}

fn pool_parts<'f>(fleet: &'f Fleet, (cluster, pool): (&Cluster, &'f Pool)) -> impl Iterator<Item = &'f PoolRollup> {
    parts(fleet, cluster).flat_map(|(_, part)| &part.pools).filter(|part| part.name.as_ref() == Some(&pool.name))
}

fn sum(fleet: &Fleet, place: (&Cluster, &Pool)) -> Rollup {
    let mut sum = Rollup::default();
    for part in pool_parts(fleet, place) {
        capacity::add(&mut sum, &part.sum);
    }
    sum
}
