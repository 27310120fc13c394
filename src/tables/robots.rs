//! Robot accounts of all registries with their days to expiry: each registry has its own, with its own secret.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fact::{Fact, either};
use super::holders::{self, harbors};
use super::noun::{Cell, Column, Context, Direction, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::table::Table;
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::registry::{ProjectHoldings, Question, Registry};
use crate::model::robot::Robot;
use crate::model::text::{Lang, Text};

/// `kind` is the registry's index, `a` the project's in it, `b` the robot's in that.
#[derive(Debug)]
pub(super) struct Robots;

/// In place of a project's index: a robot of the whole system.
const SYSTEM: u32 = u32::MAX;

const QUESTIONS: &[Question] = &[Question::Projects, Question::Robots, Question::System];
const DAY: u64 = 86_400_000;

/// A row looked up.
struct Line<'f> {
    registry: &'f Arc<Registry>,
    project: Option<&'f Arc<ProjectHoldings>>,
    robot: &'f Robot,
}

impl Line<'_> {
    /// By the clock that ends it.
    fn now(&self, cx: &Context<'_>) -> Stamp {
        self.registry.holdings.there(cx.now)
    }
}

impl Table for Robots {
    const NAME: &'static str = "robots";
    const TITLE: Text = Text::new("Robots", "机器人账号");
    const QUESTIONS: &'static [Question] = QUESTIONS;
    const FIRST_SORT: Option<(&'static str, Direction)> = Some(("expires", Direction::Up));
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "ROBOT", "机器人账号").width(10, 32),
        Column::words("registry", "REGISTRY", "仓库").width(6, 16),
        Column::words("project", "PROJECT", "项目").width(7, 20).drop_priority(3),
        Column::words("state", "STATE", "状态").width(7, 9),
        Column::figure("expires", "EXPIRES", "到期").width(7, 14),
        Column::words("may", "MAY", "权限").width(8, 40).drop_priority(2),
        Column::figure("created", "CREATED", "创建").width(7, 12).drop_priority(4),
        Column::words("level", "LEVEL", "级别").width(6, 7).wide(),
    ];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let mut rows = Vec::new();
        // A row names its registry in one byte.
        for (registry, kind) in fleet.registries.iter().zip(0..=u8::MAX) {
            if !holders::is_in(fleet, usize::from(kind), scope) {
                continue;
            }
            let mut put = |robots: &Option<Arc<Vec<Robot>>>, a: u32| {
                let count = robots.as_ref().map_or(0, |robots| robots.len());
                rows.extend((0..count).zip(0u32..).map(|(_, b)| RowId { kind, a, b, ..RowId::default() }));
            };
            if scope.project.is_none() {
                put(&registry.holdings.robots, SYSTEM);
            }
            for (project, a) in registry.holdings.projects.iter().flatten().zip(0u32..) {
                if scope.project.as_ref().is_none_or(|name| *name == project.project.name) {
                    put(&project.robots, a);
                }
            }
        }
        rows
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |line| format!("{}/{}", line.registry.spec.name, line.robot.name).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some(line) = at(cx.fleet, row) else { return Mark::None };
        if line.robot.disabled || line.robot.is_expired(line.now(cx)) {
            return Mark::Bad;
        }
        if line.registry.freshness.is_stale() {
            return Mark::Unknown;
        }
        if line.robot.expires_soon(line.now(cx)) { Mark::Warn } else { Mark::Good }
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some(line) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "name" => Fact::Name(Cow::Borrowed(&line.robot.name)),
            "registry" => Fact::words(&line.registry.spec.name),
            "project" => Fact::maybe(line.project.map(|project| &*project.project.name)),
            "state" => Fact::words(match (line.robot.disabled, line.robot.is_expired(line.now(cx))) {
                (true, _) => "disabled",
                (false, true) => "expired",
                (false, false) => "enabled",
            }),
            "expires" => line.robot.expires.map_or(Fact::Absent, Fact::At),
            "may" => Fact::List(may(line.robot).into_iter().map(Cow::Owned).collect()),
            "created" => line.robot.created.map_or(Fact::Unknown, |at| Fact::Since(line.registry.holdings.here(at))),
            "level" => Fact::Words(Cow::Owned(line.robot.level.word().to_owned())),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let line = at(cx.fleet, row)?;
        match key {
            "registry" => Some(Cell::plain(holders::title(cx.fleet, usize::from(row.kind)))),
            "state" => Some(match (line.robot.disabled, line.robot.is_expired(line.now(cx))) {
                (true, _) => Cell::new(either(cx.lang, "disabled", "已停用"), Tone::Bad),
                (false, true) => Cell::new(either(cx.lang, "expired", "已过期"), Tone::Bad),
                (false, false) => Cell::new(either(cx.lang, "enabled", "启用"), Tone::Good),
            }),
            "expires" => Some(match line.robot.expires {
                None => Cell::new(either(cx.lang, "never", "永不"), Tone::Dim),
                Some(at) if at <= line.now(cx) => Cell::new(days(line.now(cx).since(at), cx.lang, "ago", "前"), Tone::Bad),
                Some(at) => {
                    let tone = if line.robot.expires_soon(line.now(cx)) { Tone::Warn } else { Tone::Plain };
                    Cell::new(days(at.since(line.now(cx)), cx.lang, "left", "后"), tone)
                }
            }),
            _ => None,
        }
    }

    fn aliases(&self, cx: &Context<'_>, row: RowId, key: &str, out: &mut String) {
        if key == "registry" {
            out.push(' ');
            out.push_str(&holders::title(cx.fleet, usize::from(row.kind)));
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some(line) = at(cx.fleet, row) {
            for words in [&*line.robot.name, &line.registry.spec.name, line.project.map_or("", |p| &p.project.name)] {
                out.push_str(words);
                out.push(' ');
            }
            out.push_str(line.robot.description.as_deref().unwrap_or_default());
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        at(fleet, row).map(|line| &line.registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some(line) = at(cx.fleet, row) else { return Vec::new() };
        let days = line.robot.expires.map(|at| (at.0 - line.now(cx).0).div_euclid(i64::try_from(DAY).unwrap_or(1)));
        vec![
            ("robot", json!(line.robot.name)),
            ("idc", json!(line.registry.spec.idc)),
            ("days_left", json!(days)),
            ("description", json!(line.robot.description)),
            ("disabled", json!(line.robot.disabled)),
            ("grants", json!(line.robot.grants)),
        ]
    }

    fn causes(&self, cx: &Context<'_>, row: RowId) -> Vec<(Arc<Fault>, Option<Stamp>)> {
        let Some(line) = at(cx.fleet, row) else { return Vec::new() };
        let heads: Vec<_> = harbors(cx.fleet).into_iter().filter(|head| head.registry == usize::from(row.kind)).collect();
        holders::causes(cx.fleet, &heads, line.project.map(|project| &*project.project.name), QUESTIONS)
    }
}

fn at(fleet: &Fleet, row: RowId) -> Option<Line<'_>> {
    let registry = fleet.registries.get(usize::from(row.kind))?;
    if row.a == SYSTEM {
        return Some(Line { registry, project: None, robot: registry.holdings.robots.as_ref()?.get(row.b as usize)? });
    }
    let project = registry.holdings.projects.as_ref()?.get(row.a as usize)?;
    Some(Line { registry, project: Some(project), robot: project.robots.as_ref()?.get(row.b as usize)? })
}

/// `2d left`, `3d ago`; below a day in hours.
fn days(millis: u64, lang: Lang, en: &str, zh: &str) -> String {
    let (count, unit, single) = if millis >= DAY { (millis / DAY, "d", "天") } else { (millis / 3_600_000, "h", "小时") };
    if lang == Lang::Zh { format!("{count}{single}{zh}") } else { format!("{count}{unit} {en}") }
}

/// `payment: repository pull push`; a place a grant.
fn may(robot: &Robot) -> Vec<String> {
    let one = |grant: &crate::model::robot::RobotGrant| {
        let mut by_resource: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
        for access in &grant.access {
            let refused = if access.effect.as_deref() == Some("deny") { "!" } else { "" };
            by_resource.entry(&access.resource).or_default().push(format!("{refused}{}", access.action));
        }
        let deeds: Vec<String> = by_resource.into_iter().map(|(resource, actions)| format!("{resource} {}", actions.join(" "))).collect();
        format!("{}: {}", grant.namespace, deeds.join("; "))
    };
    robot.grants.iter().map(one).collect()
}
