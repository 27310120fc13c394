//! What needs a person, the gravest first.

use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::idc_title;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::table::Table;
use crate::model::derived::{AttentionTarget, Attention};
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;

/// A row is an index into the derived list.
#[derive(Debug)]
pub(super) struct AttentionList;

impl Table for AttentionList {
    const NAME: &'static str = "attention";
    const TITLE: Text = Text::new("Needs attention", "需要处理");
    const COLUMNS: &'static [Column] = &[
        Column::words("idc", "IDC", "机房").width(4, 14),
        Column::words("text", "WHAT", "情况").width(24, 100),
        Column::figure("since", "SINCE", "多久").width(5, 6),
    ];

    const QUESTIONS: &'static [Question] = &[
        Question::Identity,
        Question::System,
        Question::Peers,
        Question::Policies,
        Question::Executions,
        Question::Queues,
        Question::Quotas,
        Question::Projects,
        Question::Robots,
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let all = fleet.derived.attention.iter().zip(0u32..).filter(|(a, _)| scope.idc.is_none() || a.idc == scope.idc);
        all.map(|(_, a)| RowId { a, ..RowId::default() }).collect()
    }

    /// What the line is about; its words and counts may change under the same key.
    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        attention_at(fleet, row).map_or_else(
            || "".into(),
            |line| match &line.about {
                AttentionTarget::Hosts { idc, names } => format!("hosts/{idc}/{}", names.first().map_or("", |n| &**n)).into(),
                AttentionTarget::Containers { names } => format!("containers/{}", names.first().map_or("", |n| &**n)).into(),
                AttentionTarget::Registry { name, matter } => format!("registry/{name}/{}", matter.name()).into(),
                AttentionTarget::Edges { of } => {
                    format!("edges/{}", of.first().map_or_else(String::new, |(registry, policy)| format!("{registry}/{policy}"))).into()
                }
                AttentionTarget::Queue { registry } => format!("queue/{registry}").into(),
                AttentionTarget::Robots { end } => format!("robots/{end}").into(),
                // Full and nearly full are two lines.
                AttentionTarget::Projects { names } => format!("projects/{:?}/{}", line.severity, names.first().map_or("", |n| &**n)).into(),
                AttentionTarget::Run { id } => format!("run/{id}").into(),
                AttentionTarget::Config => "config".into(),
                AttentionTarget::Nothing => "everything".into(),
            },
        )
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        attention_at(cx.fleet, row).map_or(Mark::None, |line| line.severity.into())
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(line) = attention_at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "idc" => Fact::maybe(line.idc.as_deref()),
            "text" => Fact::words(line.text.get(cx.lang)),
            "since" => line.since.map_or(Fact::Absent, Fact::Since),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let line = attention_at(cx.fleet, row)?;
        match (key, &line.idc, &line.about) {
            ("idc", Some(idc), _) => Some(Cell::plain(idc_title(cx.fleet, idc))),
            ("idc", None, AttentionTarget::Hosts { .. } | AttentionTarget::Containers { .. }) => {
                Some(Cell::new(super::fact::either(cx.lang, "several", "多处"), Tone::Dim))
            }
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(line) = attention_at(cx.fleet, row) {
            let idc = line.idc.as_deref().unwrap_or("");
            for words in [idc, &idc_title(cx.fleet, idc), line.text.get(cx.lang)] {
                out.push_str(words);
                out.push(' ');
            }
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(line) = attention_at(cx.fleet, row) else { return Vec::new() };
        vec![("name", json!(self.key(cx.fleet, row))), ("severity", json!(line.severity)), ("about", json!(line.about))]
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        match attention_at(fleet, row).map(|line| &line.about) {
            Some(AttentionTarget::Hosts { idc, names }) => {
                let host = if let [only] = &names[..] { Some(Arc::clone(only)) } else { None };
                Scope { idc: Some(Arc::clone(idc)), host, ..Scope::default() }
            }
            _ => Scope::default(),
        }
    }
}

/// The line of a row.
#[must_use]
pub fn attention_at(fleet: &Fleet, row: RowId) -> Option<&Attention> {
    fleet.derived.attention.get(row.a as usize)
}
