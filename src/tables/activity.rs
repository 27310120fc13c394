//! One timeline of everything that changed and everything anyone did, the newest first.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Column, Context, Mark, RowId, RowKey, Scope};
use super::table::Table;
use crate::model::fleet::Fleet;
use crate::model::task::Notice;
use crate::model::registry::Question;
use crate::model::text::Text;

/// A row is a notice's index.
#[derive(Debug)]
pub(super) struct Activity;

impl Table for Activity {
    const NAME: &'static str = "activity";
    const TITLE: Text = Text::new("Activity", "动态");
    const COLUMNS: &'static [Column] = &[
        Column::words("at", "WHEN", "时间").width(8, 11),
        Column::words("subject", "WHAT", "对象").width(12, 40),
        Column::words("text", "HAPPENED", "情况").width(16, 80),
        Column::words("who", "WHO", "谁").width(8, 24).fades(1),
    ];

    const QUESTIONS: &'static [Question] = &[Question::Identity];

    fn rows(&self, fleet: &Fleet, _scope: &Scope) -> Vec<RowId> {
        let mut rows: Vec<RowId> = (0u32..).take(fleet.notices.len()).map(|a| RowId { a, ..RowId::default() }).collect();
        rows.reverse();
        rows
    }

    /// Notices have no name; their time, subject and words together tell them apart as far as people can.
    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |notice| format!("{}/{}/{}", notice.at.0, notice.subject, notice.text.en).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        at(cx.fleet, row).map_or(Mark::None, |notice| notice.severity.into())
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(notice) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "at" => Fact::At(notice.at),
            "subject" => Fact::Name(Cow::Borrowed(&notice.subject)),
            "text" => Fact::words(notice.text.get(cx.lang)),
            "who" => Fact::maybe(notice.who.as_deref()),
            _ => Fact::Unknown,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(notice) = at(cx.fleet, row) {
            out.push_str(&notice.subject);
            out.push(' ');
            out.push_str(notice.text.get(cx.lang));
            out.push(' ');
            out.push_str(notice.who.as_deref().unwrap_or(""));
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        at(cx.fleet, row).map(|notice| vec![("name", json!(notice.subject)), ("severity", json!(notice.severity))]).unwrap_or_default()
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<&Notice> {
    fleet.notices.get(row.a as usize).map(AsRef::as_ref)
}
