//! Containers that fail: grouped by their service, by their image where they have none.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::clock::Stamp;
use crate::model::derived::{Attention, AttentionTarget};
use crate::model::host::{Container, ContainerId, ContainerState, Health, Host, HostState};
use crate::model::run::Severity;
use crate::model::text::Text;

/// Exit codes of a process that a signal meant for stopping ended: 128 + SIGINT, 128 + SIGTERM.
const STOPPED: [i32; 2] = [130, 143];

/// In which way a container fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Failure {
    Exited(i32),
    Dead,
    Unhealthy,
    Restarting(Option<i32>),
}

/// A container that fails now or ended badly a short while ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failing {
    pub(super) id: ContainerId,
    pub(super) since: Option<Stamp>,
    container: Arc<Container>,
    failure: Failure,
}

impl Failing {
    pub(super) fn is_exit(&self) -> bool {
        matches!(self.failure, Failure::Exited(_))
    }

    /// When it stops to be trouble by age alone.
    pub(super) fn until(&self) -> Option<Stamp> {
        let recent = i64::try_from(super::RECENT_MS).unwrap_or(i64::MAX);
        self.since.filter(|_| self.is_exit()).map(|since| since.plus_millis(recent))
    }
}

/// The failing containers of a host. Those of a lost host are not listed: the host is the trouble.
pub(super) fn failing(host: &Host, now: Stamp) -> Vec<Failing> {
    if host.state(now) == HostState::Lost {
        return Vec::new();
    }
    host.known_containers()
        .iter()
        .filter_map(|c| failure(c, now).map(|failure| Failing { id: c.id, since: since(c, failure), container: Arc::clone(c), failure }))
        .collect()
}

fn failure(c: &Container, now: Stamp) -> Option<Failure> {
    match &c.state {
        ContainerState::Running if c.health == Some(Health::Unhealthy) => Some(Failure::Unhealthy),
        ContainerState::Exited(Some(code)) if *code != 0 && !STOPPED.contains(code) => {
            c.since.is_some_and(|since| now.since(since) < super::RECENT_MS).then_some(Failure::Exited(*code))
        }
        ContainerState::Restarting(code) => Some(Failure::Restarting(*code)),
        ContainerState::Dead => Some(Failure::Dead),
        _ => None,
    }
}

/// Since when it fails. An engine says since when it runs, not since when its health check fails.
fn since(c: &Container, failure: Failure) -> Option<Stamp> {
    c.since.filter(|_| failure != Failure::Unhealthy)
}

/// A failing container where it is.
type Member<'f> = (&'f Arc<Host>, &'f Failing);

/// One line a service.
pub(super) fn lines<'f>(all: impl Iterator<Item = Member<'f>>) -> Vec<Attention> {
    let mut groups: BTreeMap<(bool, &Arc<str>), Vec<Member<'_>>> = BTreeMap::new();
    for (host, failing) in all {
        let container = &failing.container;
        let key = container.service.as_ref().map_or((false, &container.image), |service| (true, service));
        groups.entry(key).or_default().push((host, failing));
    }
    groups.into_iter().map(|((_, name), members)| line(name, &members)).collect()
}

fn line(group: &Arc<str>, members: &[Member<'_>]) -> Attention {
    let idc = members.first().map(|(host, _)| &host.spec.idc);
    let one_idc = idc.filter(|idc| members.iter().all(|(host, _)| host.spec.idc == **idc)).cloned();
    let names: Vec<Arc<str>> = members.iter().map(|(host, f)| format!("{}/{}", host.name(), f.container.name).into()).collect();
    let is_bad = members.iter().any(|(_, f)| !matches!(f.failure, Failure::Restarting(_)));
    let text = if let [(host, only)] = members {
        let (how, name) = (say(only.failure), &only.container.name);
        Text::made(format!("{name} on {} {}", host.name(), how.en), format!("{} 上的 {name} {}", host.name(), how.zh))
    } else {
        let mut kinds: BTreeMap<Failure, usize> = BTreeMap::new();
        for (_, failing) in members {
            *kinds.entry(failing.failure).or_default() += 1;
        }
        let en: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {}", say(*kind).en)).collect();
        let zh: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} 个{}", say(*kind).zh)).collect();
        let few = super::names(&names);
        Text::made(format!("{group}: {} ({})", en.join(", "), few.en), format!("{group}：{}（{}）", zh.join("，"), few.zh))
    };
    Attention {
        severity: if is_bad { Severity::Bad } else { Severity::Warn },
        idc: one_idc,
        text,
        since: members.iter().filter_map(|(_, f)| f.since).min(),
        about: AttentionTarget::Containers { names },
    }
}

/// What the engine said, in words; a code is given as it came and not explained away.
fn say(failure: Failure) -> Text {
    match failure {
        Failure::Exited(code) => Text::made(format!("exited {code}"), format!("异常退出（{code}）")),
        Failure::Dead => Text::new("dead", "已失效"),
        Failure::Unhealthy => Text::new("unhealthy", "健康检查不通过"),
        Failure::Restarting(Some(code)) => Text::made(format!("restarting after exit {code}"), format!("退出（{code}）后反复重启")),
        Failure::Restarting(None) => Text::new("restarting", "正在重启"),
    }
}
