//! Endpoints that fail now: where, what, since when, and what to do next.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Age, Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::table::Table;
use super::{fresh, idc_title};
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;

/// A row is the index of a host or a registry, or the config.
#[derive(Debug)]
pub(super) struct Faults;

const HOST: u8 = 1;
const REGISTRY: u8 = 2;
const CONFIG: u8 = 3;

/// A fault where it stands.
struct Standing<'f> {
    fault: &'f Arc<Fault>,
    since: Option<Stamp>,
    idc: Option<&'f str>,
    freshness: Option<&'f Freshness>,
}

impl Table for Faults {
    const NAME: &'static str = "faults";
    const TITLE: Text = Text::new("Faults", "故障");
    const COLUMNS: &'static [Column] = &[
        Column::words("endpoint", "WHERE", "哪里").width(10, 32),
        Column::words("idc", "IDC", "机房").width(4, 14).drop_priority(2),
        Column::words("kind", "KIND", "类别").width(7, 14).drop_priority(1),
        Column::words("cause", "CAUSE", "原因").width(16, 80),
        Column::figure("since", "SINCE", "多久").width(5, 6),
        Column::words("hint", "NEXT", "怎么办").width(16, 80).wide(),
    ];

    const QUESTIONS: &'static [Question] = &[Question::Identity];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let hosts = fleet.hosts.iter().zip(0u32..).filter(|(host, _)| host.freshness.fault.is_some() && scope.holds(&host.spec));
        let registries = fleet.registries.iter().zip(0u32..).filter(|(registry, _)| registry.freshness.fault.is_some());
        let hosts = hosts.map(|(_, a)| RowId { kind: HOST, a, ..RowId::default() });
        let registries = registries.map(|(_, a)| RowId { kind: REGISTRY, a, ..RowId::default() });
        let config = fleet.config_fault.iter().map(|_| RowId { kind: CONFIG, ..RowId::default() });
        config.chain(registries).chain(hosts).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |s| s.fault.endpoint.as_str().into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        match (row.kind, cx.fleet.hosts.get(row.a as usize)) {
            (HOST, Some(host)) => fresh::host_mark(host, cx.now),
            (CONFIG, _) => Mark::Warn,
            _ => Mark::Bad,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(standing) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "endpoint" => Fact::Name(Cow::Borrowed(&standing.fault.endpoint)),
            "idc" => Fact::maybe(standing.idc),
            "kind" => json!(standing.fault.kind).as_str().map_or(Fact::Unknown, |kind| Fact::Words(Cow::Owned(kind.to_owned()))),
            "cause" => Fact::words(standing.fault.cause.get(cx.lang)),
            "hint" => Fact::words(standing.fault.hint.get(cx.lang)),
            "since" => standing.since.map_or(Fact::Absent, Fact::Since),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let standing = at(cx.fleet, row)?;
        match key {
            "kind" => Some(Cell::new(standing.fault.kind.word().get(cx.lang), Tone::Bad)),
            "idc" => standing.idc.map(|idc| Cell::plain(idc_title(cx.fleet, idc))),
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(standing) = at(cx.fleet, row) {
            let idc = standing.idc.unwrap_or("");
            let kind = standing.fault.kind.word();
            for words in [&*standing.fault.endpoint, idc, &idc_title(cx.fleet, idc), kind.get(cx.lang), standing.fault.cause.get(cx.lang)] {
                out.push_str(words);
                out.push(' ');
            }
        }
    }

    fn age(&self, cx: &Context<'_>, row: RowId) -> Age {
        // The row itself says since when and why; it is not staleness beside that.
        let freshness = at(cx.fleet, row).and_then(|standing| standing.freshness);
        freshness.map_or(Age { seconds: None, stale: false }, |freshness| fresh::age(freshness, cx.now))
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        at(cx.fleet, row).map(|s| vec![("name", json!(s.fault.endpoint))]).unwrap_or_default()
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let host = (row.kind == HOST).then(|| fleet.hosts.get(row.a as usize)).flatten();
        Scope { host: host.map(|host| Arc::clone(host.name())), ..Scope::default() }
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<Standing<'_>> {
    let of = |freshness: &'_ Freshness| freshness.fault_since;
    match row.kind {
        HOST => {
            let host = fleet.hosts.get(row.a as usize)?;
            let freshness = &host.freshness;
            Some(Standing { fault: freshness.fault.as_ref()?, since: of(freshness), idc: Some(&host.spec.idc), freshness: Some(freshness) })
        }
        REGISTRY => {
            let registry = fleet.registries.get(row.a as usize)?;
            let freshness = &registry.freshness;
            let idc = Some(&*registry.spec.idc);
            Some(Standing { fault: freshness.fault.as_ref()?, since: of(freshness), idc, freshness: Some(freshness) })
        }
        _ => fleet.config_fault.as_ref().map(|fault| Standing { fault, since: None, idc: None, freshness: None }),
    }
}
