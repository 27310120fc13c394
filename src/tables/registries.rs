//! Registries: where they are and whether they answer.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::idc_title;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::table::Table;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::registry::{Question, Registry, RegistryKind};
use crate::model::text::Text;

/// A row is a registry's index.
#[derive(Debug)]
pub(super) struct Registries;

impl Table for Registries {
    const NAME: &'static str = "registries";
    const TITLE: Text = Text::new("Registries", "仓库");
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "REGISTRY", "仓库").width(8, 24),
        Column::words("idc", "IDC", "机房").width(4, 14),
        Column::words("kind", "KIND", "类型").width(6, 7).drop_priority(2),
        Column::words("state", "STATE", "状态").width(7, 16),
        Column::figure("ping_ms", "PING ms", "延迟 ms").width(4, 8).drop_priority(3),
        Column::words("claim", "HARBOR SAYS", "Harbor 称").width(9, 11).drop_priority(4),
        Column::words("version", "VERSION", "版本").width(6, 18).drop_priority(5),
        Column::words("url", "URL", "地址").width(12, 48).drop_priority(1),
        Column::words("pull", "PULL", "拉取名").width(8, 40).wide(),
        Column::words("group", "MATCH", "对齐组").width(5, 16).wide(),
    ];

    const QUESTIONS: &'static [Question] = &[Question::Identity, Question::System, Question::Health];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let all = fleet.registries.iter().zip(0u32..).filter(|(r, _)| scope.idc.as_ref().is_none_or(|idc| *idc == r.spec.idc));
        all.map(|(_, a)| RowId { a, ..RowId::default() }).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |registry| Arc::clone(&registry.spec.name))
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        match at(cx.fleet, row).map(|r| Standing::of(r)) {
            Some(Standing::Healthy) => Mark::Good,
            Some(Standing::ReadOnly) => Mark::Warn,
            Some(Standing::Failing) => Mark::Bad,
            _ => Mark::Unknown,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(registry) = at(cx.fleet, row) else { return Fact::Unknown };
        let spec = &registry.spec;
        match key {
            "name" => Fact::Name(Cow::Borrowed(&spec.name)),
            "idc" => Fact::words(&spec.idc),
            "kind" => Fact::words(if spec.kind == RegistryKind::Harbor { "harbor" } else { "oci" }),
            "state" => Fact::words(Standing::of(registry).name()),
            "version" => registry.holdings.system.as_ref().map_or(Fact::Unknown, |system| Fact::known(system.version.as_deref())),
            "ping_ms" => registry.holdings.ping_ms.map_or(Fact::Unknown, Fact::count),
            "claim" => registry.holdings.health.as_ref().map_or(Fact::Unknown, |health| Fact::known(Some(health.claim.word()).filter(|w| !w.is_empty()))),
            "url" => Fact::words(&spec.url),
            "pull" => Fact::words(&spec.pull),
            "group" => Fact::maybe(spec.group.as_deref()),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let registry = at(cx.fleet, row)?;
        match key {
            "idc" => Some(Cell::plain(idc_title(cx.fleet, &registry.spec.idc))),
            "state" => Some(match (&registry.freshness.fault, Standing::of(registry)) {
                (Some(fault), _) => Cell::new(fault.kind.word().get(cx.lang), Tone::Bad),
                (None, Standing::Unknown) => Cell::unknown(),
                (None, standing) => {
                    let tone = match standing {
                        Standing::Healthy => Tone::Good,
                        Standing::ReadOnly => Tone::Warn,
                        _ => Tone::Unknown,
                    };
                    Cell::new(standing.word().get(cx.lang), tone)
                }
            }),
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(registry) = at(cx.fleet, row) {
            let spec = &registry.spec;
            for words in [&*spec.name, &spec.idc, &idc_title(cx.fleet, &spec.idc), &spec.url, &spec.pull, Standing::of(registry).name()] {
                out.push_str(words);
                out.push(' ');
            }
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        at(fleet, row).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        at(cx.fleet, row).map(|r| {
            let (holdings, spec) = (&r.holdings, &r.spec);
            let system = holdings.system.as_ref();
            let denied: Vec<_> = holdings.denied.keys().collect();
            vec![
                ("registry", json!(spec.name)),
                ("aliases", json!(spec.aliases)),
                ("read_only", json!(system.and_then(|system| system.read_only))),
                ("clock_skew_ms", json!(system.and_then(|system| system.skew_ms))),
                ("denied", json!(denied)),
            ]
        }).unwrap_or_default()
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Scope { idc: at(fleet, row).map(|r| Arc::clone(&r.spec.idc)), ..Scope::default() }
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<&Arc<Registry>> {
    fleet.registries.get(row.a as usize)
}

/// How a registry stands, by our own talk with it; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Failing,
    /// Answers, and refuses every write.
    ReadOnly,
    /// From an earlier run.
    Stale,
    /// Never asked.
    Unknown,
    Healthy,
}

impl Standing {
    pub(super) fn of(registry: &Registry) -> Self {
        let freshness = &registry.freshness;
        let is_read_only = registry.holdings.system.as_ref().is_some_and(|system| system.read_only == Some(true));
        match (&freshness.fault, freshness.good_at) {
            (Some(_), _) => Self::Failing,
            (None, None) => Self::Unknown,
            (None, Some(_)) if freshness.cached => Self::Stale,
            (None, Some(_)) if is_read_only => Self::ReadOnly,
            (None, Some(_)) => Self::Healthy,
        }
    }

    /// For scripts.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::ReadOnly => "read_only",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
        }
    }

    pub(super) fn word(self) -> Text {
        match self {
            Self::Failing => Text::new("failing", "异常"),
            Self::ReadOnly => Text::new("read-only", "只读"),
            Self::Stale => Text::new("stale", "过期"),
            Self::Unknown => Text::new("?", "?"),
            Self::Healthy => Text::new("healthy", "正常"),
        }
    }
}
