//! Registries: those that do not answer, are read-only, have another time, refuse a question; robots at their end; full projects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::clock::Stamp;
use crate::model::derived::{Attention, AttentionTarget, RegistryIssue};
use crate::model::fault::FaultKind;
use crate::model::fleet::Fleet;
use crate::model::quota::Usage;
use crate::model::registry::{Question, Registry};
use crate::model::robot::Robot;
use crate::model::run::Severity;
use crate::model::text::Text;

const DAY_MS: i64 = 86_400_000;
/// Days before its end at which a robot is spoken of.
const SOON_DAYS: u64 = 7;
/// Days after it at which it is history that nobody cleared away.
const LONG_AGO_DAYS: i64 = 30;
/// A clock that is further off than this makes lags and expiries wrong (milliseconds).
const SKEW_MS: u64 = 60_000;
/// Per cent of a quota.
const NEARLY_FULL: u32 = 90;
const FULL: u32 = 100;
/// Questions without whose answers this console cannot tell how a registry does.
const MATTER: [Question; 5] = [Question::Projects, Question::Policies, Question::Executions, Question::Peers, Question::Robots];

pub(super) fn lines(fleet: &Fleet, now: Stamp) -> Vec<Attention> {
    let mut lines = Vec::new();
    for registry in &fleet.registries {
        match &registry.freshness.fault {
            Some(_) => lines.extend(away(registry)),
            None => lines.extend([read_only(registry), clock(registry), denied(registry)].into_iter().flatten()),
        }
    }
    lines.extend(robots(fleet, now));
    lines.extend(quotas(fleet));
    lines
}

fn line(registry: &Registry, severity: Severity, text: Text, matter: RegistryIssue) -> Attention {
    let name = Arc::clone(&registry.spec.name);
    Attention { severity, idc: Some(Arc::clone(&registry.spec.idc)), text, since: None, about: AttentionTarget::Registry { name, matter } }
}

fn away(registry: &Registry) -> Option<Attention> {
    let fault = registry.freshness.fault.as_ref()?;
    let name = &registry.spec.name;
    let again = if fault.kind == FaultKind::Unauthorized {
        Text::new("; not tried again by itself, so that the account is not locked", "；不再自动重试，以免锁定账号")
    } else {
        Text::new("", "")
    };
    let text =
        Text::made(format!("registry {name}: {}{}", fault.cause.en, again.en), format!("仓库 {name}：{}{}", fault.cause.zh, again.zh));
    Some(Attention { since: registry.freshness.fault_since, ..line(registry, Severity::Bad, text, RegistryIssue::Away) })
}

fn read_only(registry: &Registry) -> Option<Attention> {
    let name = &registry.spec.name;
    (registry.holdings.system.as_ref()?.read_only == Some(true)).then(|| {
        let text = Text::made(format!("registry {name} is read-only: pushes are refused"), format!("仓库 {name} 处于只读模式：拒绝推送"));
        line(registry, Severity::Warn, text, RegistryIssue::ReadOnly)
    })
}

fn clock(registry: &Registry) -> Option<Attention> {
    let skew = registry.holdings.system.as_ref()?.skew_ms.filter(|skew| skew.unsigned_abs() > SKEW_MS)?;
    let (name, off) = (&registry.spec.name, span(skew.unsigned_abs()));
    let (en, zh) = if skew > 0 { ("ahead", "快") } else { ("behind", "慢") };
    let text = Text::made(
        format!("the clock of registry {name} is {} {en}; ages are told with that taken off", off.en),
        format!("仓库 {name} 的时钟{zh} {}；所示时长已扣除该偏差", off.zh),
    );
    Some(line(registry, Severity::Warn, text, RegistryIssue::Clock))
}

fn denied(registry: &Registry) -> Option<Attention> {
    let refused = MATTER.iter().filter_map(|question| Some((question, registry.holdings.denied.get(question)?)));
    let refused: Vec<_> = refused.collect();
    let (_, first) = refused.first()?;
    let name = &registry.spec.name;
    let en: Vec<_> = refused.iter().map(|(question, _)| question.words().en).collect();
    let zh: Vec<_> = refused.iter().map(|(question, _)| question.words().zh).collect();
    let text = if refused.iter().all(|(_, fault)| fault.kind == FaultKind::Forbidden) {
        Text::made(
            format!("our account in {name} may not read: {}", en.join(", ")),
            format!("我们在 {name} 的账号无权读取：{}", zh.join("、")),
        )
    } else {
        Text::made(
            format!("{name} does not tell {}: {}", en.join(", "), first.cause.en),
            format!("{name} 未给出{}：{}", zh.join("、"), first.cause.zh),
        )
    };
    Some(line(registry, Severity::Warn, text, RegistryIssue::Denied))
}

/// `95 s`, `12 min`: in steps that do not tremble.
fn span(millis: u64) -> Text {
    let seconds = millis / 1000;
    if seconds < 120 {
        let seconds = seconds / 5 * 5;
        Text::made(format!("{seconds} s"), format!("{seconds} 秒"))
    } else {
        Text::made(format!("{} min", seconds / 60), format!("{} 分钟", seconds / 60))
    }
}

/// A robot of a registry, and now by the clock that ends it.
type Of<'f> = (&'f Arc<str>, &'f Robot, Stamp);

fn all_robots(fleet: &Fleet, now: Stamp) -> impl Iterator<Item = Of<'_>> {
    fleet.registries.iter().flat_map(move |registry| {
        let there = registry.holdings.there(now);
        let own = registry.holdings.robots.iter().flat_map(|robots| robots.iter());
        let projects = registry.holdings.projects.iter().flatten();
        let theirs = projects.flat_map(|project| project.robots.iter().flat_map(|robots| robots.iter()));
        own.chain(theirs).filter(|robot| !robot.disabled).map(move |robot| (&registry.spec.name, robot, there))
    })
}

/// One line for those that have expired, one for those that soon will.
fn robots(fleet: &Fleet, now: Stamp) -> impl Iterator<Item = Attention> {
    let is_gone =
        |(_, robot, now): &Of<'_>| robot.is_expired(*now) && robot.expires.is_some_and(|at| at > now.plus_millis(-LONG_AGO_DAYS * DAY_MS));
    let is_soon = |(_, robot, now): &Of<'_>| !robot.is_expired(*now) && robot.expires_in_ms(*now).is_some_and(|ms| days(ms) < SOON_DAYS);
    let gone: Vec<_> = all_robots(fleet, now).filter(is_gone).collect();
    let mut soon: Vec<_> = all_robots(fleet, now).filter(is_soon).collect();
    soon.sort_by(|a, b| a.1.expires.cmp(&b.1.expires).then_with(|| a.1.name.cmp(&b.1.name)).then_with(|| a.0.cmp(b.0)));
    let first = soon.first().and_then(|(_, robot, now)| robot.expires_in_ms(*now)).map(days);
    let when = match first {
        Some(0) => Text::new("today", "今天"),
        Some(1) => Text::new("in 1 day", "1 天后"),
        Some(n) => Text::made(format!("in {n} days"), format!("{n} 天后")),
        None => Text::new("", ""),
    };
    let soon = told(&soon).map(|(named, places, count)| {
        let text = if count == 1 {
            Text::made(
                format!("{} expires {} in {}", named.en, when.en, places.en),
                format!("{} 将于{}过期（{}）", named.zh, when.zh, places.zh),
            )
        } else {
            Text::made(
                format!("{count} robots expire within {SOON_DAYS} days, the first {} ({}) in {}", when.en, named.en, places.en),
                format!("{count} 个机器人账号将在 {SOON_DAYS} 天内过期，最早{}（{}），位于 {}", when.zh, named.zh, places.zh),
            )
        };
        (text, "soon")
    });
    let gone = told(&gone).map(|(named, places, count)| {
        let text = if count == 1 {
            Text::made(format!("{} has expired in {}", named.en, places.en), format!("{} 已过期（{}）", named.zh, places.zh))
        } else {
            Text::made(
                format!("{count} robots have expired ({}) in {}", named.en, places.en),
                format!("{count} 个机器人账号已过期（{}），位于 {}", named.zh, places.zh),
            )
        };
        (text, "gone")
    });
    gone.into_iter().chain(soon).map(|(text, end)| Attention {
        severity: Severity::Warn,
        idc: None,
        text,
        since: None,
        about: AttentionTarget::Robots { end: end.into() },
    })
}

/// Names, places and how many there are: the same name in several registries is one robot to a person, and several to mend.
fn told(robots: &[Of<'_>]) -> Option<(Text, Text, usize)> {
    let mut seen = BTreeSet::new();
    let names: Vec<Arc<str>> =
        robots.iter().filter(|(_, robot, _)| seen.insert(&robot.name)).map(|(_, r, _)| Arc::clone(&r.name)).collect();
    let places: BTreeSet<&Arc<str>> = robots.iter().map(|(registry, ..)| *registry).collect();
    let places: Vec<Arc<str>> = places.into_iter().cloned().collect();
    (!robots.is_empty()).then(|| (super::names(&names), super::names(&places), robots.len()))
}

fn days(millis: u64) -> u64 {
    millis / DAY_MS.unsigned_abs()
}

/// When the lines about robots will read otherwise by time alone.
pub(super) fn until(fleet: &Fleet, now: Stamp) -> Option<Stamp> {
    let next = |(_, robot, there): Of<'_>| {
        // On our clock, which is asked when it is time.
        let at = robot.expires?.plus_millis(now.0 - there.0);
        // Each full day before its end, the end itself, and when it has become history.
        let steps = (0..=i64::try_from(SOON_DAYS).unwrap_or(0)).map(|day| at.plus_millis(-day * DAY_MS));
        steps.chain([at.plus_millis(LONG_AGO_DAYS * DAY_MS)]).filter(|step| *step > now).min()
    };
    all_robots(fleet, now).filter_map(next).min()
}

/// Per cent used, the project, its registry.
type Full = (u32, Arc<str>, Arc<str>);

/// One line for the full, one for the nearly full.
fn quotas(fleet: &Fleet) -> impl Iterator<Item = Attention> {
    let mut full: BTreeMap<Severity, Vec<Full>> = BTreeMap::new();
    for registry in &fleet.registries {
        let mut take = |project: &Arc<str>, usage: Usage| {
            let Some(percent) = usage.percent().filter(|percent| *percent >= NEARLY_FULL) else { return };
            let severity = if percent >= FULL { Severity::Bad } else { Severity::Warn };
            full.entry(severity).or_default().push((percent, Arc::clone(project), Arc::clone(&registry.spec.name)));
        };
        match &registry.holdings.quotas {
            Some(quotas) => {
                for quota in quotas.iter() {
                    take(&quota.project, quota.usage);
                }
            }
            None => {
                for project in registry.holdings.projects.iter().flatten() {
                    let usage = project.summary.as_ref().and_then(|summary| summary.usage);
                    if let Some(usage) = usage {
                        take(&project.project.name, usage);
                    }
                }
            }
        }
    }
    full.into_iter().map(|(severity, mut projects)| {
        projects.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)).then_with(|| a.2.cmp(&b.2)));
        let said: Vec<Arc<str>> =
            projects.iter().map(|(percent, project, registry)| format!("{project} {percent}% {registry}").into()).collect();
        let (said, count) = (super::names(&said), projects.len());
        let mut names: Vec<Arc<str>> = projects.into_iter().map(|(_, project, _)| project).collect();
        names.sort_unstable();
        names.dedup();
        let text = match (severity, count) {
            (Severity::Bad, 1) => Text::made(format!("a project is over its quota: {}", said.en), format!("项目超出配额：{}", said.zh)),
            (Severity::Bad, n) => {
                Text::made(format!("{n} projects are over their quotas: {}", said.en), format!("{n} 个项目超出配额：{}", said.zh))
            }
            (_, 1) => Text::made(format!("a project is near its quota: {}", said.en), format!("项目接近配额：{}", said.zh)),
            (_, n) => Text::made(format!("{n} projects are near their quotas: {}", said.en), format!("{n} 个项目接近配额：{}", said.zh)),
        };
        Attention { severity, idc: None, text, since: None, about: AttentionTarget::Projects { names } }
    })
}
