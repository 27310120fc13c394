//! Replication: peers that are away, runs that were lost, fail or stand still, and the paused queue. Many of one cause are one line.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::derived::{Attention, AttentionTarget};
use crate::model::fault::FaultKind;
use crate::model::fleet::Fleet;
use crate::model::replication::{Cause, Edge, EdgeState, PeerVerdict, Place, StuckCause, Topology};
use crate::model::run::Severity;
use crate::model::text::{Text, clean};

/// The queue that replication waits in.
const QUEUE: &str = "REPLICATION";

pub(super) fn lines(fleet: &Fleet, topology: &Topology) -> Vec<Attention> {
    // What a registry said before it fell silent is not spoken of: that it is silent is.
    let is_heard = |edge: &&Edge| fleet.registry(&edge.registry).is_some_and(|registry| registry.freshness.fault.is_none());
    let mut away: BTreeMap<(&Place, Absence), Vec<&Edge>> = BTreeMap::new();
    let mut failing: BTreeMap<(Severity, Option<&Cause>), Vec<&Edge>> = BTreeMap::new();
    let mut stuck: BTreeMap<(&Arc<str>, &'static str), Stands<'_>> = BTreeMap::new();
    for edge in topology.edges.iter().filter(is_heard) {
        match &edge.health.state {
            EdgeState::PeerDown(kind) => away.entry((edge.peer(), Absence::of(*kind))).or_default().push(edge),
            EdgeState::Failing => failing.entry((Severity::Bad, edge.health.cause.as_ref())).or_default().push(edge),
            EdgeState::Owing => failing.entry((Severity::Warn, edge.health.cause.as_ref())).or_default().push(edge),
            EdgeState::Stuck(cause) => stuck.entry((&edge.registry, cause.name())).or_insert_with(|| (*cause, Vec::new())).1.push(edge),
            _ => {}
        }
    }
    let mut lines: Vec<Attention> = away.into_iter().map(|((peer, kind), edges)| peer_away(fleet, peer, kind, &edges)).collect();
    lines.extend(failing.into_iter().map(|((severity, cause), edges)| failures(fleet, severity, cause, &edges)));
    // The paused queue has a line of its own.
    let of_queue = |cause: StuckCause| cause == StuckCause::QueuePaused;
    lines.extend(stuck.into_iter().filter(|(_, (cause, _))| !of_queue(*cause)).map(|(_, (cause, edges))| stands(fleet, cause, &edges)));
    lines.extend(paused(fleet));
    lines
}

/// Edges that stand still for one cause.
type Stands<'f> = (StuckCause, Vec<&'f Edge>);

/// In which way a peer is away, as far as lines are told apart by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Absence {
    Refuses,
    Away,
}

impl Absence {
    fn of(kind: FaultKind) -> Self {
        if kind == FaultKind::Unauthorized { Self::Refuses } else { Self::Away }
    }
}

fn peer_away(fleet: &Fleet, peer: &Place, kind: Absence, edges: &[&Edge]) -> Attention {
    let (peer, from) = (title(fleet, peer), owners(fleet, edges));
    let (mut en, mut zh) = match kind {
        Absence::Refuses => {
            (format!("{peer} refuses the replication credential of {}", from.en), format!("{peer} 拒绝 {} 的同步凭证", from.zh))
        }
        Absence::Away => (format!("{} cannot reach {peer}", from.en), format!("{} 无法同步到 {peer}", from.zh)),
    };
    if edges.iter().any(|edge| matches!(edge.verdict, PeerVerdict::ClaimedUpIsDown(_))) {
        en.push_str(", claimed healthy");
        zh.push_str("（Harbor 仍称正常）");
    }
    let lost: u32 = edges.iter().map(|edge| edge.health.lost).sum();
    if lost > 0 {
        en = format!("{en}; {lost} {} lost", runs(lost));
        zh = format!("{zh}；已丢失 {lost} 次");
    }
    row(fleet, Severity::Bad, Text::made(en, zh), edges)
}

fn failures(fleet: &Fleet, severity: Severity, cause: Option<&Cause>, edges: &[&Edge]) -> Attention {
    let (lost, failed) = edges.iter().fold((0, 0), |(lost, failed), edge| (lost + edge.health.lost, failed + edge.health.failed));
    let (mut en, mut zh) = (Vec::new(), Vec::new());
    if lost > 0 {
        en.push(format!("{lost} {} lost", runs(lost)));
        zh.push(format!("丢失 {lost} 次"));
    }
    if failed > 0 {
        en.push(format!("{failed} {} failed", runs(failed)));
        zh.push(format!("失败 {failed} 次"));
    }
    let why = cause.map_or(Text::new("", ""), |cause| {
        let word = cause.word();
        Text::made(format!(": {}", word.en), format!("：{}", word.zh))
    });
    let on = ways(fleet, edges);
    let text = Text::made(format!("{}: {}{}", on.en, en.join(", "), why.en), format!("{}：{}{}", on.zh, zh.join("，"), why.zh));
    row(fleet, severity, text, edges)
}

fn stands(fleet: &Fleet, cause: StuckCause, edges: &[&Edge]) -> Attention {
    let stuck: u32 = edges.iter().map(|edge| edge.health.stuck).sum();
    let (on, why) = (ways(fleet, edges), cause.word());
    let text =
        Text::made(format!("{}: {stuck} {} stuck: {}", on.en, runs(stuck), why.en), format!("{}：{stuck} 次执行卡住：{}", on.zh, why.zh));
    row(fleet, Severity::Bad, text, edges)
}

fn paused(fleet: &Fleet) -> impl Iterator<Item = Attention> {
    fleet.registries.iter().filter(|registry| registry.freshness.fault.is_none()).filter_map(|registry| {
        let queues = registry.holdings.queues.as_ref()?;
        let queue = queues.iter().find(|queue| queue.paused && &*queue.job_type == QUEUE)?;
        let (name, count) = (&registry.spec.name, queue.count);
        let (severity, text) = if count > 0 {
            let wait = if count == 1 { "waits" } else { "wait" };
            let text = Text::made(
                format!("the replication queue of {name} is paused: {count} {wait}"),
                format!("{name} 的同步队列已暂停：{count} 个作业在等待"),
            );
            (Severity::Bad, text)
        } else {
            let text = Text::made(
                format!("the replication queue of {name} is paused: what comes will wait"),
                format!("{name} 的同步队列已暂停：后续作业都将等待"),
            );
            (Severity::Warn, text)
        };
        let idc = Some(Arc::clone(&registry.spec.idc));
        Some(Attention { severity, idc, text, since: None, about: AttentionTarget::Queue { registry: Arc::clone(name) } })
    })
}

fn row(fleet: &Fleet, severity: Severity, text: Text, edges: &[&Edge]) -> Attention {
    let mut idcs: Vec<&Arc<str>> =
        edges.iter().filter_map(|edge| fleet.registry(&edge.registry)).map(|registry| &registry.spec.idc).collect();
    idcs.dedup();
    Attention {
        severity,
        idc: if let [only] = &idcs[..] { Some(Arc::clone(only)) } else { None },
        text,
        since: edges.iter().filter_map(|edge| edge.health.since).min(),
        about: AttentionTarget::Edges { of: edges.iter().map(|edge| (Arc::clone(&edge.registry), edge.policy.id)).collect() },
    }
}

fn runs(count: u32) -> &'static str {
    if count == 1 { "run" } else { "runs" }
}

/// What people call a place: the title of its registry's IDC, or its address.
fn title(fleet: &Fleet, place: &Place) -> String {
    match place {
        Place::Registry(name) => {
            let idc = fleet.registry(name).and_then(|registry| fleet.idc(&registry.spec.idc));
            idc.map_or_else(|| clean(name).into_owned(), |idc| clean(&idc.title).into_owned())
        }
        Place::Outside(url) => clean(url.split_once("://").map_or(&**url, |(_, rest)| rest).trim_end_matches('/')).into_owned(),
    }
}

fn owners(fleet: &Fleet, edges: &[&Edge]) -> Text {
    let mut titles: Vec<Arc<str>> = edges.iter().map(|edge| title(fleet, &Place::Registry(Arc::clone(&edge.registry))).into()).collect();
    titles.sort_unstable();
    titles.dedup();
    super::names(&titles)
}

fn ways(fleet: &Fleet, edges: &[&Edge]) -> Text {
    let mut ways: Vec<Arc<str>> =
        edges.iter().map(|edge| format!("{} → {}", title(fleet, &edge.from), title(fleet, &edge.to)).into()).collect();
    ways.dedup();
    super::names(&ways)
}
