//! Hosts that do not answer: grouped by IDC and cause, a whole IDC on one line, the whole world on one line.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::clock::Stamp;
use crate::model::derived::{Attention, AttentionTarget};
use crate::model::fault::{Fault, FaultKind};
use crate::model::fleet::Fleet;
use crate::model::host::{Host, HostState};
use crate::model::run::Severity;
use crate::model::text::Text;

/// How a host is away, `None` where it is not. A host that nobody asked yet is not away.
pub(super) fn away(host: &Host, now: Stamp) -> Option<Away> {
    host.freshness.fault.as_ref()?;
    Some(if host.state(now) == HostState::Lost { Away::Lost } else { Away::Lately })
}

/// Since when a host is away, in two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Away {
    Lost,
    Lately,
}

/// Hosts of one place and one cause.
#[derive(Default)]
struct Group<'f> {
    hosts: Vec<&'f Arc<Host>>,
}

impl Group<'_> {
    fn since(&self) -> Option<Stamp> {
        self.hosts.iter().filter_map(|h| h.freshness.fault_since).min()
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.hosts.iter().map(|h| Arc::clone(h.name())).collect()
    }

    /// The one cause where all say the same, else the kinds with their counts.
    fn cause(&self) -> Text {
        let faults: Vec<&Fault> = self.hosts.iter().filter_map(|h| h.freshness.fault.as_deref()).collect();
        let Some(first) = faults.first() else { return Text::new("unknown", "原因不明") };
        if faults.iter().all(|f| f.cause == first.cause) {
            return first.cause.clone();
        }
        let mut kinds: BTreeMap<FaultKind, usize> = BTreeMap::new();
        for fault in &faults {
            *kinds.entry(fault.kind).or_default() += 1;
        }
        if kinds.len() == 1 {
            return first.kind.word();
        }
        let en: Vec<String> = kinds.iter().map(|(kind, count)| format!("{} {count}", kind.word().en)).collect();
        let zh: Vec<String> = kinds.iter().map(|(kind, count)| format!("{} {count}", kind.word().zh)).collect();
        Text::made(en.join(", "), zh.join("，"))
    }
}

/// The lines for these hosts, by index.
pub(super) fn lines(fleet: &Fleet, away: impl Iterator<Item = (usize, Away)>) -> Vec<Attention> {
    let mut by_idc: BTreeMap<&Arc<str>, BTreeMap<(FaultKind, Away), Group<'_>>> = BTreeMap::new();
    let mut absent = Group::default();
    for (index, how) in away {
        let host = &fleet.hosts[index];
        let Some(fault) = &host.freshness.fault else { continue };
        let group = by_idc.entry(&host.spec.idc).or_default().entry((fault.kind, how)).or_default();
        group.hosts.push(host);
        if fault.kind.is_absence() {
            absent.hosts.push(host);
        }
    }
    let no_registry_answers = fleet.registries.iter().all(|r| r.freshness.fault.is_some() || r.freshness.good_at.is_none());
    if absent.hosts.len() > 1 && absent.hosts.len() == fleet.hosts.len() && no_registry_answers {
        return vec![everything(&absent, by_idc.len())];
    }
    let mut sizes: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
    for host in &fleet.hosts {
        *sizes.entry(&host.spec.idc).or_default() += 1;
    }
    let mut lines = Vec::new();
    for (idc, groups) in by_idc {
        let gone: usize = groups.iter().filter(|((kind, _), _)| kind.is_absence()).map(|(_, g)| g.hosts.len()).sum();
        if gone > 1 && sizes.get(idc) == Some(&gone) {
            let mut whole = Group::default();
            for group in groups.into_values() {
                whole.hosts.extend(group.hosts);
            }
            whole.hosts.sort_by(|a, b| a.name().cmp(b.name()));
            lines.push(whole_idc(idc, &whole));
        } else {
            lines.extend(groups.into_iter().map(|((kind, how), group)| some(idc, kind, how, &group)));
        }
    }
    lines
}

fn everything(group: &Group<'_>, idcs: usize) -> Attention {
    let (count, cause) = (group.hosts.len(), group.cause());
    let (place_en, place_zh) =
        if idcs > 1 { (format!(" in {idcs} IDCs"), format!("{idcs} 个 IDC 的")) } else { (String::new(), String::new()) };
    Attention {
        severity: Severity::Bad,
        idc: None,
        text: Text::made(
            format!("all {count} hosts{place_en} unreachable: {}; it may be this machine's own network", cause.en),
            format!("{place_zh}全部 {count} 台主机都不可达：{}；可能是本机自己的网络问题", cause.zh),
        ),
        since: group.since(),
        about: AttentionTarget::Nothing,
    }
}

fn whole_idc(idc: &Arc<str>, group: &Group<'_>) -> Attention {
    let (count, cause) = (group.hosts.len(), group.cause());
    Attention {
        severity: Severity::Bad,
        idc: Some(Arc::clone(idc)),
        text: Text::made(format!("all {count} hosts unreachable: {}", cause.en), format!("全部 {count} 台主机不可达：{}", cause.zh)),
        since: group.since(),
        about: AttentionTarget::Hosts { idc: Arc::clone(idc), names: group.names() },
    }
}

fn some(idc: &Arc<str>, kind: FaultKind, how: Away, group: &Group<'_>) -> Attention {
    let (count, cause, names) = (group.hosts.len(), group.cause(), group.names());
    let (en, zh) = match (kind.is_absence(), how) {
        (true, Away::Lost) => ("lost", "失联"),
        (true, Away::Lately) if count == 1 => ("does not answer", "没有应答"),
        (true, Away::Lately) => ("do not answer", "没有应答"),
        (false, _) => ("cannot be read", "无法读取"),
    };
    let text = if let [only] = &names[..] {
        Text::made(format!("{only} {en}: {}", cause.en), format!("{only} {zh}：{}", cause.zh))
    } else {
        let few = super::names(&names);
        Text::made(format!("{count} hosts {en}: {} ({})", cause.en, few.en), format!("{count} 台主机{zh}：{}（{}）", cause.zh, few.zh))
    };
    let severity = if how == Away::Lost || !kind.is_absence() { Severity::Bad } else { Severity::Warn };
    Attention {
        severity,
        idc: Some(Arc::clone(idc)),
        text,
        since: group.since(),
        about: AttentionTarget::Hosts { idc: Arc::clone(idc), names },
    }
}
