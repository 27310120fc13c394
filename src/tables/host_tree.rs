//! Hosts as a tree: IDC > cluster > pool > host, rolled up at every level.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::noun::{Age, Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::table::Table;
use super::{fresh, hosts, idcs, sums};
use crate::model::derived::{ClusterRollup, IdcRollup, PoolRollup, Rollup};
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::host::{Host, HostSpec};
use crate::model::live::Usage;
use crate::model::text::Text;

/// Rows are indices into the derived tree; of a host its index in the Fleet.
#[derive(Debug)]
pub(super) struct HostTree;

const IDC: u8 = 1;
const CLUSTER: u8 = 2;
const POOL: u8 = 3;
const HOST: u8 = 4;

/// A row looked up. The pool of hosts that have none has no row where it is its cluster's only one.
enum Branch<'f> {
    Idc(&'f IdcRollup),
    Cluster(&'f IdcRollup, &'f ClusterRollup),
    Pool(&'f IdcRollup, &'f ClusterRollup, &'f PoolRollup),
    Host(&'f Arc<Host>),
}

impl<'f> Branch<'f> {
    fn at(fleet: &'f Fleet, row: RowId) -> Option<Self> {
        if row.kind == HOST {
            return fleet.hosts.get(row.a as usize).map(Self::Host);
        }
        let idc = fleet.derived.idcs.get(row.a as usize)?;
        if row.kind == IDC {
            return Some(Self::Idc(idc));
        }
        let cluster = idc.clusters.get(row.b as usize)?;
        if row.kind == CLUSTER {
            return Some(Self::Cluster(idc, cluster));
        }
        cluster.pools.get(row.c as usize).map(|pool| Self::Pool(idc, cluster, pool))
    }

    fn sum(&self) -> Option<&'f Rollup> {
        match self {
            Self::Idc(idc) => Some(&idc.sum),
            Self::Cluster(_, cluster) => Some(&cluster.sum),
            Self::Pool(_, _, pool) => Some(&pool.sum),
            Self::Host(_) => None,
        }
    }

    fn usage(&self, cx: &Context<'_>) -> Option<Usage> {
        match self {
            Self::Idc(idc) => sums::usage_of(cx.live, |(i, _, _)| *i == idc.name),
            Self::Cluster(idc, cluster) => sums::usage_of(cx.live, |(i, c, _)| *i == idc.name && *c == cluster.name),
            Self::Pool(idc, cluster, pool) => {
                sums::usage_of(cx.live, |(i, c, p)| *i == idc.name && *c == cluster.name && *p == pool.name)
            }
            Self::Host(host) => sums::host_usage(cx.live, host),
        }
    }

    fn key(&self) -> String {
        let part = |name: &Option<Arc<str>>| name.as_deref().unwrap_or("-").to_owned();
        match self {
            Self::Idc(idc) => idc.name.to_string(),
            Self::Cluster(idc, cluster) => format!("{}/{}", idc.name, part(&cluster.name)),
            Self::Pool(idc, cluster, pool) => format!("{}/{}/{}", idc.name, part(&cluster.name), part(&pool.name)),
            Self::Host(host) => {
                let spec = &host.spec;
                format!("{}/{}/{}/{}", spec.idc, part(&spec.cluster), part(&spec.pool), spec.name)
            }
        }
    }
}

impl Table for HostTree {
    const NAME: &'static str = "host_tree";
    const TITLE: Text = Text::new("Hosts", "主机");
    const IS_TREE: bool = true;
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "NAME", "名称").width(16, 40),
        Column::figure("hosts", "HOSTS", "主机").width(5, 11),
        Column::words("classes", "CLASS MIX", "机型构成").width(8, 32).cut_early().drop_priority(4),
        Column::figure("cpu", "CPU use/all", "CPU 用/全").width(7, 12).drop_priority(2),
        Column::figure("mem", "MEM", "内存").width(4, 5).drop_priority(1),
        Column::figure("containers", "CTR", "容器").width(4, 13),
        Column::figure("cost_per_hour", "COST/h", "成本/时").width(7, 20).drop_priority(3),
        Column::figure("memory", "MEMORY", "总内存").width(7, 9).wide(),
        Column::words("engine", "ENGINE", "引擎").width(6, 14).wide(),
        Column::words("address", "ADDRESS", "地址").width(8, 40).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let mut rows = Vec::new();
        for (idc, a) in fleet.derived.idcs.iter().zip(0u32..) {
            if scope.idc.as_ref().is_some_and(|wanted| *wanted != idc.name) {
                continue;
            }
            rows.push(RowId { kind: IDC, a, ..RowId::default() });
            if scope.closed.contains(&*idc.name) {
                continue;
            }
            for (cluster, b) in idc.clusters.iter().zip(0u32..) {
                if is_wanted(scope.cluster.as_deref(), cluster.name.as_deref()) {
                    push_cluster(fleet, scope, (idc, cluster), RowId { kind: CLUSTER, depth: 1, a, b, c: 0 }, &mut rows);
                }
            }
        }
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        Branch::at(fleet, row).map_or_else(|| "".into(), |branch| branch.key().into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        match Branch::at(cx.fleet, row) {
            Some(Branch::Host(host)) => fresh::host_mark(host, cx.now),
            Some(branch) => branch.sum().map_or(Mark::None, sums::mark),
            None => Mark::None,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(branch) = Branch::at(cx.fleet, row) else { return Fact::Unknown };
        if key == "name" {
            return name_of(&branch, cx);
        }
        if let Branch::Host(_) = branch {
            return match key {
                "hosts" => Fact::Count(1),
                "classes" => hosts::Hosts.fact(cx, row, "class"),
                _ => hosts::Hosts.fact(cx, row, key),
            };
        }
        let usage = if matches!(key, "cpu" | "mem") { branch.usage(cx) } else { None };
        branch.sum().and_then(|sum| sums::fact(sum, usage.as_ref(), key)).unwrap_or(Fact::Absent)
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let branch = Branch::at(cx.fleet, row)?;
        match (&branch, key) {
            (Branch::Idc(idc), "name") => Some(Cell::new(idcs::tagged(cx.fleet, &idc.name), Tone::Name)),
            (_, "cpu") => {
                let usage = branch.usage(cx);
                let all = match &branch {
                    Branch::Host(host) => cx.fleet.size_of(host).0,
                    _ => branch.sum().filter(|sum| sum.unsized_hosts < sum.hosts).map(|sum| sum.cores),
                };
                let tone = if usage.is_none() || matches!(branch, Branch::Host(host) if host.freshness.is_stale()) { Tone::Unknown } else { Tone::Plain };
                Some(Cell::new(format!("{}/{}", cores_used(usage.as_ref()), all.map_or_else(|| "?".to_owned(), |cores| cores.to_string())), tone))
            }
            (Branch::Host(host), "hosts") => Some(fresh::host_state_cell(host.state(cx.now), cx.lang)),
            (Branch::Host(_), "classes") => Some(self.fact(cx, row, key).cell(cx)),
            (_, "mem") if branch.sum().is_some() => Some(sums::use_cell(cx, branch.usage(cx).as_ref(), key)),
            (Branch::Host(_), _) => hosts::Hosts.render(cx, row, key),
            _ => branch.sum().and_then(|sum| sums::render(cx, sum, key)),
        }
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        match Branch::at(cx.fleet, row) {
            Some(Branch::Idc(idc)) if key == "name" => {
                out.push(' ');
                out.push_str(&idcs::tagged(cx.fleet, &idc.name));
            }
            Some(Branch::Host(_)) if matches!(key, "hosts" | "classes") => hosts::Hosts.aliases(cx, row, "state", out),
            _ => {}
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        match Branch::at(cx.fleet, row) {
            Some(Branch::Host(_)) => hosts::Hosts.haystack(cx, row, out),
            Some(Branch::Idc(idc)) => {
                out.push_str(&idc.name);
                out.push(' ');
                out.push_str(&idcs::tagged(cx.fleet, &idc.name));
            }
            Some(branch) => name_of(&branch, cx).say(out),
            None => {}
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        match Branch::at(fleet, row)? {
            Branch::Host(host) => Some(&host.freshness),
            _ => None,
        }
    }

    fn age(&self, cx: &Context<'_>, row: RowId) -> Age {
        let of_pools = |pools: &[PoolRollup]| sums::age(cx, pools.iter().flat_map(|pool| pool.hosts.iter().copied()));
        match Branch::at(cx.fleet, row) {
            Some(Branch::Host(host)) => fresh::age(&host.freshness, cx.now),
            Some(Branch::Idc(idc)) => {
                sums::age(cx, idc.clusters.iter().flat_map(|c| &c.pools).flat_map(|pool| pool.hosts.iter().copied()))
            }
            Some(Branch::Cluster(_, cluster)) => of_pools(&cluster.pools),
            Some(Branch::Pool(_, _, pool)) => of_pools(std::slice::from_ref(pool)),
            None => Age { seconds: None, stale: false },
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let mut fields = vec![("path", json!(self.key(cx.fleet, row)))];
        match Branch::at(cx.fleet, row) {
            Some(Branch::Host(_)) => fields.extend(hosts::Hosts.extra(cx, row)),
            Some(branch) => fields.extend(branch.sum().map(sums::fields).unwrap_or_default()),
            None => {}
        }
        fields
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let none_is_empty = |name: &Option<Arc<str>>| Some(name.clone().unwrap_or_else(|| "".into()));
        match Branch::at(fleet, row) {
            Some(Branch::Idc(idc)) => Scope { idc: Some(Arc::clone(&idc.name)), ..Scope::default() },
            Some(Branch::Cluster(idc, cluster)) => {
                Scope { idc: Some(Arc::clone(&idc.name)), cluster: none_is_empty(&cluster.name), ..Scope::default() }
            }
            Some(Branch::Pool(idc, cluster, pool)) => Scope {
                idc: Some(Arc::clone(&idc.name)),
                cluster: none_is_empty(&cluster.name),
                pool: none_is_empty(&pool.name),
                ..Scope::default()
            },
            Some(Branch::Host(host)) => Scope { host: Some(Arc::clone(host.name())), ..Scope::default() },
            None => Scope::default(),
        }
    }

    fn total(&self, cx: &Context<'_>) -> Option<Vec<Cell>> {
        let sum = &cx.fleet.derived.total;
        let mut cells = sums::total(cx, Self::COLUMNS, sum);
        if let Some(at) = Self::COLUMNS.iter().position(|c| c.key == "cpu") {
            let usage = sums::usage_of(cx.live, |_| true);
            cells[at] = Cell::plain(format!("{}/{}", cores_used(usage.as_ref()), sum.cores));
        }
        Some(cells)
    }

    fn opens(&self, fleet: &Fleet, row: RowId) -> bool {
        match Branch::at(fleet, row) {
            Some(Branch::Idc(idc)) => !idc.clusters.is_empty(),
            Some(Branch::Cluster(..) | Branch::Pool(..)) => true,
            Some(Branch::Host(_)) | None => false,
        }
    }
}

/// A host that stands in the tree is told as a row of the hosts, any other row as itself.
#[must_use]
pub fn told_as(noun: &dyn super::noun::Noun, row: RowId) -> (&dyn super::noun::Noun, RowId) {
    if noun.name() == <HostTree as Table>::NAME && row.kind == HOST {
        return (&hosts::Hosts, RowId { a: row.a, ..RowId::default() });
    }
    (noun, row)
}

fn push_cluster(fleet: &Fleet, scope: &Scope, (idc, cluster): (&IdcRollup, &ClusterRollup), row: RowId, rows: &mut Vec<RowId>) {
    rows.push(row);
    if scope.closed.contains(&*Branch::Cluster(idc, cluster).key()) {
        return;
    }
    let is_flat = matches!(&cluster.pools[..], [only] if only.name.is_none());
    for (pool, c) in cluster.pools.iter().zip(0u32..) {
        if !is_wanted(scope.pool.as_deref(), pool.name.as_deref()) {
            continue;
        }
        if !is_flat {
            rows.push(RowId { kind: POOL, depth: 2, c, ..row });
            if scope.closed.contains(&*Branch::Pool(idc, cluster, pool).key()) {
                continue;
            }
        }
        let depth = if is_flat { 2 } else { 3 };
        let is_here = |spec: &HostSpec| scope.host.as_ref().is_none_or(|wanted| *wanted == spec.name);
        let hosts = pool.hosts.iter().filter(|a| fleet.hosts.get(**a as usize).is_some_and(|host| is_here(&host.spec)));
        rows.extend(hosts.map(|a| RowId { kind: HOST, depth, a: *a, ..RowId::default() }));
    }
}

/// Whole cores in use; of a place where some hosts are not measured yet at least so many.
fn cores_used(usage: Option<&Usage>) -> String {
    let Some(usage) = usage else { return "?".to_owned() };
    let least = if usage.unmeasured > 0 { "≥" } else { "" };
    format!("{least}{}", (usage.cpu_milli + 500) / 1000)
}

fn is_wanted(wanted: Option<&str>, have: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| wanted == have.unwrap_or(""))
}

fn name_of<'a>(branch: &Branch<'a>, cx: &Context<'_>) -> Fact<'a> {
    let or = |name: &'a Option<Arc<str>>, en, zh| Fact::Name(Cow::Borrowed(name.as_deref().unwrap_or(either(cx.lang, en, zh))));
    match branch {
        Branch::Idc(idc) => Fact::Name(Cow::Borrowed(&idc.name)),
        Branch::Cluster(_, cluster) => or(&cluster.name, "no cluster", "未分集群"),
        Branch::Pool(_, _, pool) => or(&pool.name, "no pool", "未分池"),
        Branch::Host(host) => Fact::Name(Cow::Borrowed(host.name())),
    }
}
