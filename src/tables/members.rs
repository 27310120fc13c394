//! Members of projects over all registries: who, in which role where, and by what.

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
use crate::model::member::{MemberKind, Role};
use crate::model::registry::Question;
use crate::model::text::{Text, clean};
use crate::model::union::{Presence, MemberUnion, ProjectUnion, person};

/// A row is a project's index in the derived union and a member's in it; those that are counted and not listed are one row.
#[derive(Debug)]
pub(super) struct Members;

/// In place of a member's index.
const GHOSTS: u32 = u32::MAX;

const QUESTIONS: &[Question] = &[Question::Projects, Question::Members, Question::Users];

/// A row looked up.
struct Line<'f> {
    project: &'f ProjectUnion,
    member: Option<&'f MemberUnion>,
}

impl Table for Members {
    const NAME: &'static str = "members";
    const TITLE: Text = Text::new("Members", "成员");
    const QUESTIONS: &'static [Question] = QUESTIONS;
    const COLUMNS: &'static [Column] = &[
        Column::words("project", "PROJECT", "项目").width(7, 20),
        Column::words("name", "MEMBER", "成员").width(8, 28),
        Column::words("role", "ROLE", "角色").width(7, 13).spread().drop_priority(3),
        Column::words("via", "VIA", "途径").width(6, 24).drop_priority(4),
        Column::words("drift", "DRIFT", "差异").width(5, 6),
        Column::words("kind", "KIND", "类别").width(5, 7).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let mut rows = Vec::new();
        let projects: Vec<(&Arc<ProjectUnion>, u32)> = fleet
            .derived
            .projects
            .iter()
            .zip(0u32..)
            .filter(|(union, _)| scope.project.as_ref().is_none_or(|name| *name == union.name))
            .collect();
        for (union, a) in projects {
            let in_places = |member: &MemberUnion| {
                scope.idc.is_none() && scope.registry.is_none() || member.roles.iter().any(|(at, _)| holders::is_in(fleet, *at, scope))
            };
            let is_named = |member: &MemberUnion| scope.member.as_ref().is_none_or(|name| *name == member.name);
            let listed = union.members.iter().zip(0u32..).filter(|(member, _)| is_named(member) && in_places(member));
            rows.extend(listed.map(|(_, b)| RowId { a, b, ..RowId::default() }));
            if union.has_ghosts() && scope.member.is_none() {
                rows.push(RowId { a, b: GHOSTS, ..RowId::default() });
            }
        }
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        let Some(line) = at(fleet, row) else { return "".into() };
        match line.member {
            Some(member) => format!("{}/{}:{}", line.project.name, member.kind, member.name).into(),
            None => format!("{}/ghosts", line.project.name).into(),
        }
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some(line) = at(cx.fleet, row) else { return Mark::None };
        let Some(member) = line.member else { return Mark::Bad };
        match drifts(cx.fleet, line.project, member) {
            Some(true) => Mark::Warn,
            _ if member.roles.iter().any(|(_, role)| matches!(role, Role::Other(_))) => Mark::Warn,
            Some(false) => Mark::Good,
            None => Mark::Unknown,
        }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(line) = at(cx.fleet, row) else { return Fact::Unknown };
        match (key, line.member) {
            ("project", _) => Fact::words(&line.project.name),
            ("name", Some(member)) => Fact::Name(Cow::Borrowed(&member.name)),
            ("via", Some(member)) if member.kind == MemberKind::User => Fact::words("direct"),
            ("via", Some(member)) if member.kind == MemberKind::Group => Fact::words("group, people unknown"),
            ("via", None) => Fact::words("counted, not listed"),
            ("drift", Some(member)) => match drifts(cx.fleet, line.project, member) {
                Some(true) => Fact::words("drift"),
                Some(false) => Fact::Absent,
                None => Fact::Unknown,
            },
            ("kind", Some(member)) => Fact::words(match &member.kind {
                MemberKind::User => "user",
                MemberKind::Group => "group",
                MemberKind::Other(word) => word,
            }),
            ("kind", None) => Fact::words("ghost"),
            ("drift", None) => Fact::Absent,
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let line = at(cx.fleet, row)?;
        match (key, line.member) {
            ("name", Some(member)) => Some(Cell::new(said_name(cx, member), Tone::Name)),
            ("name", None) => {
                let counts = line.project.places.iter().filter_map(|p| line.project.ghosts_at(cx.fleet, p.registry).here());
                let most = counts.max().unwrap_or(0);
                let words = if most == 1 { "(1 ghost)".to_owned() } else { format!("({most} ghosts)") };
                Some(Cell::new(if cx.lang == crate::model::text::Lang::Zh { format!("（{most} 名隐身）") } else { words }, Tone::Bad))
            }
            ("via", Some(member)) => Some(Cell::plain(match &member.kind {
                MemberKind::User => either(cx.lang, "direct", "直接"),
                MemberKind::Group => either(cx.lang, "group, people unknown", "经用户组，人员未知"),
                MemberKind::Other(_) => "?",
            })),
            ("via", None) => Some(Cell::plain(either(cx.lang, "counted, not listed", "计数在内，未列出"))),
            ("drift", Some(member)) if drifts(cx.fleet, line.project, member) == Some(true) => {
                Some(Cell::new(either(cx.lang, "drift", "不一致"), Tone::Warn))
            }
            _ => None,
        }
    }

    fn spread(&self, fleet: &Fleet) -> Vec<Head> {
        harbors(fleet)
    }

    fn part<'a>(&self, cx: &Context<'a>, row: RowId, _: &str, registry: usize) -> Fact<'a> {
        let Some(line) = at(cx.fleet, row) else { return Fact::Unknown };
        let Some(member) = line.member else {
            return match line.project.ghosts_at(cx.fleet, registry) {
                Presence::Here(0) | Presence::Absent => Fact::Absent,
                Presence::Here(ghosts) => Fact::Count(ghosts),
                Presence::Unknown => Fact::Unknown,
            };
        };
        match line.project.role_at(cx.fleet, member, registry) {
            Presence::Here(role) => match role.name() {
                Some(name) => Fact::words(name),
                None => Fact::Words(Cow::Owned(format!("role {}", role.id()))),
            },
            Presence::Absent => Fact::Absent,
            Presence::Unknown => Fact::Unknown,
        }
    }

    fn render_part(&self, cx: &Context<'_>, row: RowId, _: &str, registry: usize) -> Option<Cell> {
        let line = at(cx.fleet, row)?;
        let role = line.project.role_at(cx.fleet, line.member?, registry).here()?;
        let is_stale = cx.fleet.registries.get(registry).is_none_or(|r| r.freshness.is_stale());
        let tone = match role {
            Role::Other(_) => Tone::Warn,
            _ if is_stale => Tone::Unknown,
            _ => Tone::Plain,
        };
        Some(Cell::new(role.word().get(cx.lang), tone))
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        let Some(line) = at(cx.fleet, row) else { return };
        out.push_str(&line.project.name);
        out.push(' ');
        match line.member {
            Some(member) => {
                out.push_str(&said_name(cx, member));
                for (_, role) in &member.roles {
                    out.push(' ');
                    out.push_str(role.word().get(cx.lang));
                }
            }
            None => out.push_str("ghost"),
        }
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(line) = at(cx.fleet, row) else { return Vec::new() };
        let realname = line.member.filter(|m| m.kind == MemberKind::User).and_then(|m| person(&cx.fleet.derived.people, &m.name));
        let role_id = |registry: usize| {
            let role = line.member.map(|member| line.project.role_at(cx.fleet, member, registry));
            role.and_then(Presence::here).map_or(Value::Null, |role| json!(role.id()))
        };
        let is_member = |registry: usize| match line.member.map(|member| line.project.role_at(cx.fleet, member, registry)) {
            Some(Presence::Here(_)) => json!(true),
            Some(Presence::Absent) => json!(false),
            Some(Presence::Unknown) | None => Value::Null,
        };
        let heads = harbors(cx.fleet);
        let mut fields = vec![
            ("member", json!(line.member.map(|member| &member.name))),
            ("realname", json!(realname.and_then(|person| person.realname.as_ref()))),
            ("role_id", by_registry(&heads, &role_id)),
            ("is_member", by_registry(&heads, &is_member)),
        ];
        if line.member.is_none() {
            let ghosts = |registry| line.project.ghosts_at(cx.fleet, registry).here().map_or(Value::Null, |count| json!(count));
            fields.push(("ghosts", by_registry(&heads, &ghosts)));
        }
        fields
    }

    fn holders(&self, fleet: &Fleet, row: RowId) -> Vec<usize> {
        at(fleet, row).map_or_else(Vec::new, |line| line.project.places.iter().map(|place| place.registry).collect())
    }

    fn project<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f str> {
        at(fleet, row).map(|line| &*line.project.name)
    }

    /// The person in every project.
    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        Scope { member: at(fleet, row).and_then(|line| line.member).map(|member| Arc::clone(&member.name)), ..Scope::default() }
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<Line<'_>> {
    let project = fleet.derived.projects.get(row.a as usize)?;
    if row.b == GHOSTS {
        return Some(Line { project, member: None });
    }
    Some(Line { project, member: Some(project.members.get(row.b as usize)?) })
}

/// `alice 张丽`; of a group its name, with what it is.
pub(super) fn said_name(cx: &Context<'_>, member: &MemberUnion) -> String {
    let name = clean(&member.name);
    if member.kind == MemberKind::Group {
        return format!("{} {name}", either(cx.lang, "group", "组"));
    }
    let real = person(&cx.fleet.derived.people, &member.name).and_then(|person| person.realname.as_ref());
    real.filter(|real| **real != member.name).map_or_else(|| name.to_string(), |real| format!("{name} {}", clean(real)))
}

/// Whether a member's role differs between registries of one group; `None` where too little is known to say.
fn drifts(fleet: &Fleet, project: &ProjectUnion, member: &MemberUnion) -> Option<bool> {
    let mut is_known = true;
    let mut told: Vec<(&str, Presence<Role>)> = Vec::new();
    let groups: Vec<(usize, &str)> =
        fleet.registries.iter().enumerate().filter_map(|(at, registry)| Some((at, registry.spec.group.as_deref()?))).collect();
    for (registry, group) in &groups {
        let is_shared = project.places.iter().any(|place| groups.contains(&(place.registry, *group)));
        // Where there is no such project, that is what differs, and not each of its members.
        if !is_shared || matches!(project.at(fleet, *registry), Presence::Absent) {
            continue;
        }
        match project.role_at(fleet, member, *registry) {
            Presence::Unknown => is_known = false,
            role if told.iter().any(|(other, before)| other == group && *before != role) => return Some(true),
            role => told.push((group, role)),
        }
    }
    is_known.then_some(false)
}
