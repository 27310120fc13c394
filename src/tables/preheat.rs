//! What the Harbors have fetched ahead: their peer networks, and the policies of projects with their last run.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::of_registry::{self, holds, push, title};
use super::table::Table;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::preheat::{JobStatus, PreheatExecution, PreheatInstance, PreheatPolicy};
use crate::model::registry::{ProjectHoldings, Question, Registry};
use crate::model::text::Text;

/// A row is a peer network (`b`), or a policy (`c`) of a project (`b`), of a registry (`a`).
#[derive(Debug)]
pub(super) struct Preheat;

const NETWORK: u8 = 1;
const POLICY: u8 = 2;

#[derive(Clone, Copy)]
enum Row<'f> {
    Network(&'f PreheatInstance),
    Policy(&'f ProjectHoldings, &'f PreheatPolicy),
}

impl Table for Preheat {
    const NAME: &'static str = "preheat";
    const TITLE: Text = Text::new("Preheat", "预热");
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "NAME", "名称").width(8, 28),
        Column::words("kind", "KIND", "类型").width(7, 8),
        Column::words("registry", "IN", "所在").width(4, 14),
        Column::words("project", "PROJECT", "项目").width(6, 24),
        Column::words("target", "NETWORK", "P2P 网络").width(8, 40).drop_priority(1),
        Column::words("state", "STATE", "状态").width(7, 14),
        Column::moment("last_run", "LAST RUN", "上次运行").drop_priority(2),
        Column::figure("warmed", "WARMED", "已预热").width(6, 9),
    ];
    const QUESTIONS: &'static [Question] = &[Question::Preheat, Question::PreheatRuns, Question::System];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let mut rows = Vec::new();
        for (registry, a) in fleet.registries.iter().zip(0u32..).filter(|(registry, _)| holds(scope, registry)) {
            let networks = registry.holdings.preheat.as_ref().map_or(0, |all| all.len());
            rows.extend((0u32..).take(networks).map(|b| RowId { kind: NETWORK, a, b, ..RowId::default() }));
            for (project, b) in registry.holdings.projects.iter().flatten().zip(0u32..) {
                let policies = project.preheat.as_ref().map_or(0, |all| all.len());
                rows.extend((0u32..).take(policies).map(|c| RowId { kind: POLICY, a, b, c, ..RowId::default() }));
            }
        }
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        match at(fleet, row) {
            Some((registry, Row::Network(network))) => format!("{}/{}", registry.spec.name, network.name).into(),
            Some((registry, Row::Policy(of, policy))) => format!("{}/{}/{}", registry.spec.name, of.project.name, policy.name).into(),
            None => "".into(),
        }
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((registry, found)) = at(cx.fleet, row) else { return Mark::None };
        let mark = match found {
            // Harbor's own word for a network is always "Unknown", and nobody has pinged it.
            Row::Network(network) => if network.enabled { Mark::Unknown } else { Mark::None },
            Row::Policy(_, policy) if !policy.enabled => Mark::None,
            Row::Policy(of, policy) => match last_run(of, policy).map(|run| (&run.status, run.counts.error)) {
                Some((JobStatus::Success, 0)) => Mark::Good,
                Some((JobStatus::Error, _)) => Mark::Bad,
                Some((JobStatus::Success | JobStatus::Stopped, _)) => Mark::Warn,
                Some((JobStatus::Pending | JobStatus::Scheduled | JobStatus::Running, _)) => Mark::Changing,
                Some((JobStatus::Other(_), _)) | None => Mark::Unknown,
            },
        };
        of_registry::mark(cx, &registry.spec.name, mark)
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((registry, found)) = at(cx.fleet, row) else { return Fact::Unknown };
        match (key, found) {
            ("registry", _) => Fact::words(&registry.spec.name),
            ("name", Row::Network(network)) => Fact::Name(Cow::Borrowed(&network.name)),
            ("name", Row::Policy(_, policy)) => Fact::Name(Cow::Borrowed(&policy.name)),
            ("kind", Row::Network(_)) => Fact::words("network"),
            ("kind", Row::Policy(..)) => Fact::words("policy"),
            ("project", Row::Policy(of, _)) => Fact::words(&of.project.name),
            ("target", Row::Network(network)) => Fact::words(&network.endpoint),
            ("target", Row::Policy(_, policy)) => Fact::known(policy.provider_name.as_deref()),
            ("state", Row::Network(network)) => Fact::words(if network.enabled { "enabled" } else { "disabled" }),
            ("state", Row::Policy(_, policy)) if !policy.enabled => Fact::words("disabled"),
            ("state", Row::Policy(of, policy)) => match last_run(of, policy) {
                Some(run) => Fact::Words(Cow::Owned(run.status.word().to_lowercase())),
                None if of.preheat_executions.is_some() => Fact::words("never_ran"),
                None => Fact::Unknown,
            },
            ("last_run", Row::Policy(of, policy)) => {
                last_run(of, policy).and_then(|run| run.started).map_or(Fact::Absent, |at| Fact::At(registry.holdings.here(at)))
            }
            ("warmed", Row::Policy(of, policy)) => last_run(of, policy).map_or(Fact::Absent, |run| Fact::count(run.counts.success)),
            ("project" | "last_run" | "warmed", _) => Fact::Absent,
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let (registry, found) = at(cx.fleet, row)?;
        match (key, found) {
            ("registry", _) => Some(Cell::plain(title(cx.fleet, &registry.spec.name))),
            ("kind", Row::Network(_)) => Some(Cell::plain(either(cx.lang, "network", "网络"))),
            ("kind", Row::Policy(..)) => Some(Cell::plain(either(cx.lang, "policy", "策略"))),
            ("state", Row::Network(PreheatInstance { enabled: true, .. })) => Some(Cell::new(either(cx.lang, "on, unasked", "启用，未探测"), Tone::Unknown)),
            ("state", Row::Network(_)) => Some(Cell::new(either(cx.lang, "off", "已停用"), Tone::Dim)),
            ("state", Row::Policy(_, policy)) if !policy.enabled => Some(Cell::new(either(cx.lang, "off", "已停用"), Tone::Dim)),
            ("state", Row::Policy(of, policy)) => {
                let (en, zh, tone) = match last_run(of, policy).map(|run| (&run.status, run.counts.error)) {
                    Some((JobStatus::Success, 0)) => ("ok", "成功", Tone::Good),
                    Some((JobStatus::Success, _)) => ("partly failed", "部分失败", Tone::Warn),
                    Some((JobStatus::Error, _)) => ("failed", "失败", Tone::Bad),
                    Some((JobStatus::Stopped, _)) => ("stopped", "已停止", Tone::Warn),
                    Some((JobStatus::Pending | JobStatus::Scheduled | JobStatus::Running, _)) => ("running", "进行中", Tone::Changing),
                    None if of.preheat_executions.is_some() => ("never ran", "从未运行", Tone::Unknown),
                    Some((JobStatus::Other(_), _)) | None => return None,
                };
                Some(Cell::new(either(cx.lang, en, zh), tone))
            }
            ("warmed", Row::Policy(of, policy)) => {
                last_run(of, policy).map(|run| Cell::plain(format!("{}/{}", run.counts.success, run.counts.total)))
            }
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        match at(cx.fleet, row) {
            Some((registry, Row::Network(network))) => {
                push(out, &[&network.name, &registry.spec.name, &title(cx.fleet, &registry.spec.name), &network.endpoint, "network"]);
            }
            Some((registry, Row::Policy(of, policy))) => {
                push(out, &[&policy.name, &registry.spec.name, &title(cx.fleet, &registry.spec.name), &of.project.name, "policy"]);
            }
            None => {}
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        of_registry::at(fleet, row).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((registry, found)) = at(cx.fleet, row) else { return Vec::new() };
        let mut fields = vec![("idc", json!(registry.spec.idc))];
        match found {
            Row::Network(network) => fields.extend([
                ("vendor", json!(network.vendor)),
                ("auth_mode", json!(network.auth_mode)),
                ("default", json!(network.default)),
                ("insecure", json!(network.insecure)),
                ("claim", json!(network.claim)),
            ]),
            Row::Policy(of, policy) => fields.extend([
                ("trigger", json!(policy.trigger.kind)),
                ("cron", json!(policy.trigger.cron)),
                ("scope", json!(policy.scope)),
                ("filters", json!(policy.filters.iter().map(|f| format!("{}={}", f.kind, f.value)).collect::<Vec<_>>())),
                ("message", json!(last_run(of, policy).and_then(|run| run.message.as_ref()))),
            ]),
        }
        fields
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<(&Arc<Registry>, Row<'_>)> {
    let registry = of_registry::at(fleet, row)?;
    let (b, c) = (row.b as usize, row.c as usize);
    let found = if row.kind == NETWORK {
        Row::Network(registry.holdings.preheat.as_ref()?.get(b)?)
    } else {
        let project = registry.holdings.projects.as_ref()?.get(b)?;
        Row::Policy(project, project.preheat.as_ref()?.get(c)?)
    };
    Some((registry, found))
}

fn last_run<'f>(project: &'f ProjectHoldings, policy: &PreheatPolicy) -> Option<&'f PreheatExecution> {
    project.preheat_executions.as_ref()?.iter().filter(|run| run.policy_id == policy.id).max_by_key(|run| run.id)
}
