//! Who may push where, as sentences: one row a member of a project, one answer a registry.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::Fact;
use super::holders::{by_registry, harbors};
use super::members::{Members, said_name};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::table::Table;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;
use crate::model::union::{MemberUnion, ProjectUnion};
use crate::planning::access::{Answer, may_push, sentence};

/// Rows are those of the members that are listed.
#[derive(Debug)]
pub(super) struct Access;

impl Table for Access {
    const NAME: &'static str = "access";
    const TITLE: Text = Text::new("Access", "权限");
    const QUESTIONS: &'static [Question] = &[Question::Projects, Question::Members, Question::Users];
    const COLUMNS: &'static [Column] = &[
        Column::words("project", "PROJECT", "项目").width(7, 20),
        Column::words("name", "WHO", "谁").width(8, 24),
        Column::words("answer", "MAY PUSH", "能否推送").width(30, 160),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        Table::rows(&Members, fleet, scope).into_iter().filter(|row| at(fleet, *row).is_some()).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        Table::key(&Members, fleet, row)
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let all: Vec<Option<bool>> = answers(cx.fleet, row).into_iter().map(|(_, answer)| answer.may()).collect();
        match (all.contains(&Some(true)), all.contains(&Some(false)), all.contains(&None)) {
            (true, true, _) => Mark::Warn,
            (_, _, true) => Mark::Unknown,
            _ => Mark::Good,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((project, member)) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "project" => Fact::words(&project.name),
            "name" => Fact::Name(Cow::Borrowed(&member.name)),
            "answer" => Fact::Words(Cow::Owned(said(cx, row, member))),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let (_, member) = at(cx.fleet, row)?;
        (key == "name").then(|| Cell::new(said_name(cx, member), Tone::Name))
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some((project, member)) = at(cx.fleet, row) {
            out.push_str(&project.name);
            out.push(' ');
            out.push_str(&said_name(cx, member));
            out.push(' ');
            out.push_str(&said(cx, row, member));
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((project, member)) = at(cx.fleet, row) else { return Vec::new() };
        let push = |registry| may_push(cx.fleet, project, member, registry).may().map_or(Value::Null, |may| json!(may));
        let mut fields = vec![("member", json!(member.name)), ("kind", json!(member.kind)), ("push", by_registry(&harbors(cx.fleet), &push))];
        fields.push(("sentence", json!(said(cx, row, member))));
        fields
    }

    fn holders(&self, fleet: &Fleet, row: RowId) -> Vec<usize> {
        at(fleet, row).map_or_else(Vec::new, |(project, _)| project.places.iter().map(|place| place.registry).collect())
    }

    fn causes(&self, cx: &Context<'_>, row: RowId) -> Vec<(Arc<Fault>, Option<Stamp>)> {
        Table::causes(&Members, cx, row)
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<(&Arc<ProjectUnion>, &MemberUnion)> {
    let project = fleet.derived.projects.get(row.a as usize)?;
    Some((project, project.members.get(row.b as usize)?))
}

fn answers(fleet: &Fleet, row: RowId) -> Vec<(String, Answer)> {
    let Some((project, member)) = at(fleet, row) else { return Vec::new() };
    harbors(fleet).into_iter().map(|head| (head.title, may_push(fleet, project, member, head.registry))).collect()
}

fn said(cx: &Context<'_>, row: RowId, member: &MemberUnion) -> String {
    sentence(&answers(cx.fleet, row), &member.kind).get(cx.lang).to_owned()
}
