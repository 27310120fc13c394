//! People over all registries by name, and what they are in each.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::holders::{self, by_registry, harbors};
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::spread::Head;
use super::table::Table;
use crate::model::fleet::Fleet;
use crate::model::registry::Question;
use crate::model::text::Text;
use crate::model::union::{Presence, Person, Power};

/// A row is an index into the derived people.
#[derive(Debug)]
pub(super) struct Users;

const QUESTIONS: &[Question] = &[Question::Users];

impl Table for Users {
    const NAME: &'static str = "users";
    const TITLE: Text = Text::new("Users", "用户");
    const QUESTIONS: &'static [Question] = QUESTIONS;
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "USER", "用户").width(8, 28),
        Column::words("realname", "REAL NAME", "姓名").width(6, 20),
        Column::words("power", "POWER", "身份").width(5, 9).spread().drop_priority(3),
        Column::words("email", "EMAIL", "邮箱").width(8, 32).drop_priority(2),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let is_here = |person: &Person| {
            scope.idc.is_none() && scope.registry.is_none() || person.places.iter().any(|(at, _)| holders::is_in(fleet, *at, scope))
        };
        let all = fleet.derived.people.iter().zip(0u32..).filter(|(person, _)| is_here(person));
        all.map(|(_, a)| RowId { a, ..RowId::default() }).collect()
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |person| Arc::clone(&person.name))
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some(person) = at(cx.fleet, row) else { return Mark::None };
        let is_known = harbors(cx.fleet).iter().all(|head| person.at(cx.fleet, head.registry) != Presence::Unknown);
        if is_known { Mark::Good } else { Mark::Unknown }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(person) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "name" => Fact::Name(Cow::Borrowed(&person.name)),
            "realname" => Fact::maybe(person.realname.as_deref()),
            "email" => Fact::maybe(person.email.as_deref()),
            _ => Fact::Unknown,
        }
    }

    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        harbors(fleet)
    }

    fn part<'a>(&self, cx: &Context<'a>, row: RowId, _: &str, registry: usize) -> Fact<'a> {
        match at(cx.fleet, row).map_or(Presence::Unknown, |person| person.at(cx.fleet, registry)) {
            Presence::Here(Power::Sysadmin) => Fact::words("sysadmin"),
            Presence::Here(Power::User) => Fact::words("user"),
            Presence::Absent => Fact::Absent,
            Presence::Unknown => Fact::Unknown,
        }
    }

    fn render_part(&self, cx: &Context<'_>, row: RowId, _: &str, registry: usize) -> Option<Cell> {
        match at(cx.fleet, row)?.at(cx.fleet, registry) {
            Presence::Here(Power::Sysadmin) => Some(Cell::new(either(cx.lang, "sysadmin", "系统管理"), Tone::Accent)),
            Presence::Here(Power::User) => Some(Cell::plain(either(cx.lang, "user", "用户"))),
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(person) = at(cx.fleet, row) {
            for words in [Some(&person.name), person.realname.as_ref(), person.email.as_ref()].into_iter().flatten() {
                out.push_str(words);
                out.push(' ');
            }
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(person) = at(cx.fleet, row) else { return Vec::new() };
        let sysadmin = |registry: usize| match person.at(cx.fleet, registry) {
            Presence::Here(power) => json!(power == Power::Sysadmin),
            Presence::Absent | Presence::Unknown => Value::Null,
        };
        let is_known = |registry: usize| json!(person.at(cx.fleet, registry).is_here());
        let heads = harbors(cx.fleet);
        vec![("user", json!(person.name)), ("sysadmin", by_registry(&heads, &sysadmin)), ("is_in", by_registry(&heads, &is_known))]
    }

    fn holders(&self, fleet: &Fleet, row: RowId) -> Vec<usize> {
        at(fleet, row).map_or_else(Vec::new, |person| person.places.iter().map(|(registry, _)| *registry).collect())
    }

    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Scope { member: at(fleet, row).map(|person| Arc::clone(&person.name)), ..Scope::default() }
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<&Person> {
    fleet.derived.people.get(row.a as usize)
}
