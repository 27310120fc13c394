//! Folds what an engine said into its host, and says what changed in words.

use std::sync::Arc;

use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::host::{Container, ContainerId, Host};
use crate::model::report::Fact;
use crate::model::run::{Notice, Severity};
use crate::model::text::Text;

/// Whether anybody needs to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It answered, and everything is as it was.
    OnlyFresher,
    Something,
}

pub(super) fn apply(host: &mut Host, at: Stamp, fact: Fact, notices: &mut Vec<Notice>) -> Change {
    if let Fact::Failed(fault) = fact {
        fail(host, at, fault, notices);
        return Change::Something;
    }
    let mut change = Change::OnlyFresher;
    if host.freshness.fault.take().is_some() {
        host.freshness.fault_since = None;
        let text = Text::new("answers again", "恢复应答");
        notices.push(Notice { at, severity: Severity::Good, subject: Arc::clone(host.name()), text, who: None });
        change = Change::Something;
    }
    if host.freshness.good_at.replace(at).is_none() {
        change = Change::Something;
    }
    let changed = match fact {
        // A registry's words have no place on a host.
        Fact::Answered | Fact::Failed(_) | Fact::Registry(_) => false,
        Fact::Host(facts) => {
            let changed = *host.facts != facts;
            if changed {
                host.facts = Arc::new(facts);
            }
            changed
        }
        Fact::Containers(list) => apply_list(host, at, list, notices),
        Fact::Changed { now, gone } => apply_changes(host, at, now, &gone, notices),
    };
    if changed { Change::Something } else { change }
}

fn fail(host: &mut Host, at: Stamp, fault: Fault, notices: &mut Vec<Notice>) {
    let name = Arc::clone(host.name());
    let fresh = &mut host.freshness;
    let same = fresh.fault.as_ref().is_some_and(|old| old.kind == fault.kind);
    if fresh.fault.is_none() {
        fresh.fault_since = Some(at);
    }
    if !same {
        let text = Text::made(format!("does not answer: {}", fault.cause.en), format!("没有应答：{}", fault.cause.zh));
        notices.push(Notice { at, severity: Severity::Bad, subject: name, text, who: None });
    }
    fresh.fault = Some(Arc::new(fault));
}

/// The whole list: what is not in it is gone. True when it differs from what was known.
fn apply_list(host: &mut Host, at: Stamp, mut list: Vec<Container>, notices: &mut Vec<Notice>) -> bool {
    let was_cached = std::mem::take(&mut host.freshness.cached);
    list.sort_unstable_by_key(|c| c.id);
    list.dedup_by_key(|c| c.id);
    let known = host.containers.take();
    let is_first = known.is_none() || was_cached;
    let old = known.as_deref().unwrap_or_default();
    if !is_first {
        for gone in old.iter().filter(|c| list.binary_search_by(|n| n.id.cmp(&c.id)).is_err()) {
            notices.push(gone_notice(host, gone, at));
        }
    }
    let mut merged = Vec::with_capacity(list.len());
    for new in list {
        let before = old.binary_search_by(|c| c.id.cmp(&new.id)).ok().map(|i| &old[i]);
        let container = merge_container(before, new, at);
        if !is_first && before.is_none_or(|old| old.state != container.state) {
            notices.push(state_notice(host.name(), &container, at));
        }
        merged.push(container);
    }
    let same = known.as_ref().is_some_and(|old| old.len() == merged.len() && old.iter().zip(&merged).all(|(a, b)| Arc::ptr_eq(a, b)));
    host.containers = Some(merged);
    !same || was_cached
}

fn apply_changes(host: &mut Host, at: Stamp, now: Vec<Container>, gone: &[ContainerId], notices: &mut Vec<Notice>) -> bool {
    // What changed says nothing about the rest: a host that was never listed stays unlisted.
    let Some(mut list) = host.containers.take() else { return false };
    let mut changed = false;
    for id in gone {
        if let Ok(i) = list.binary_search_by(|c| c.id.cmp(id)) {
            let was = list.remove(i);
            notices.push(gone_notice(host, &was, at));
            changed = true;
        }
    }
    for new in now {
        let place = list.binary_search_by(|c| c.id.cmp(&new.id));
        let before = place.ok().map(|i| &list[i]);
        let container = merge_container(before, new, at);
        if before.is_some_and(|old| Arc::ptr_eq(old, &container)) {
            continue;
        }
        changed = true;
        if before.is_none_or(|old| old.state != container.state) {
            notices.push(state_notice(host.name(), &container, at));
        }
        match place {
            Ok(i) => list[i] = container,
            Err(i) => list.insert(i, container),
        }
    }
    host.containers = Some(list);
    changed
}

/// Keeps the old `Arc` where nothing changed, and the old `since` where a list only knows it roughly.
fn merge_container(before: Option<&Arc<Container>>, mut new: Container, at: Stamp) -> Arc<Container> {
    if let Some(old) = before {
        if old.state == new.state && same_since(old.since, new.since, at) {
            new.since = old.since;
        }
        if **old == new {
            return Arc::clone(old);
        }
        if old.labels == new.labels {
            new.labels = Arc::clone(&old.labels);
        }
    }
    Arc::new(new)
}

/// A list tells since-when only as "3 hours": two readings agree when they differ by less than that coarseness,
/// which is at most half of the age itself, or two minutes.
fn same_since(old: Option<Stamp>, new: Option<Stamp>, at: Stamp) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => {
            let apart = old.0.abs_diff(new.0);
            apart <= 120_000.max(at.since(new) / 2)
        }
        (_, None) => true,
        (None, Some(_)) => false,
    }
}

fn state_notice(host: &Arc<str>, c: &Container, at: Stamp) -> Notice {
    use crate::model::host::ContainerState as S;
    let (severity, text) = match &c.state {
        S::Running => (Severity::Good, Text::new("is running", "已运行")),
        S::Created => (Severity::Changing, Text::new("was created", "已创建")),
        S::Paused => (Severity::Warn, Text::new("was paused", "已暂停")),
        S::Removing => (Severity::Changing, Text::new("is being removed", "正在删除")),
        S::Exited(Some(0)) => (Severity::Unknown, Text::new("exited with code 0", "正常退出（0）")),
        S::Exited(Some(code)) => (Severity::Bad, Text::made(format!("exited with code {code}"), format!("异常退出（{code}）"))),
        S::Exited(None) => (Severity::Warn, Text::new("exited", "已退出")),
        S::Restarting(code) => {
            let code = code.map_or_else(|| "?".to_owned(), |c| c.to_string());
            (Severity::Warn, Text::made(format!("is restarting after code {code}"), format!("退出（{code}）后正在重启")))
        }
        S::Dead => (Severity::Bad, Text::new("is dead", "已失效")),
        S::Other(word) => (Severity::Unknown, Text::made(format!("is '{word}'"), format!("状态为“{word}”"))),
    };
    Notice { at, severity, subject: format!("{host}/{}", c.name).into(), text, who: None }
}

fn gone_notice(host: &Host, c: &Container, at: Stamp) -> Notice {
    let text = Text::new("was removed", "已删除");
    Notice { at, severity: Severity::Changing, subject: format!("{}/{}", host.name(), c.name).into(), text, who: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::endpoint::EndpointId;
    use crate::model::fault::FaultKind;
    use crate::model::fixture::{NOW, ago, container, failed, fleet, id, online, report};
    use crate::model::fleet::{Applied, Fleet};
    use crate::model::host::{ContainerState, HostState};
    use crate::model::report::Report;

    fn running(n: u64) -> Container {
        container(n, &format!("c-{n}"), None, ContainerState::Running)
    }

    fn last_words(fleet: &Fleet) -> String {
        fleet.notices.back().map(|n| format!("{} {}", n.subject, n.text.en)).unwrap_or_default()
    }

    #[test]
    fn a_late_answer_of_an_older_connection_changes_nothing() {
        let mut fleet = fleet();
        let say = |generation, list| Report::Endpoint {
            endpoint: EndpointId::docker("aws-1"),
            generation,
            at: NOW,
            fact: Fact::Containers(list),
        };
        assert_eq!(fleet.apply(say(7, vec![running(1)])), Applied::Host(fleet.host_index("aws-1").expect("declared")));
        let before = fleet.clone();
        assert_eq!(fleet.apply(say(6, vec![])), Applied::Nothing);
        assert_eq!(fleet.host("aws-1"), before.host("aws-1"));
        assert_eq!(fleet.revision, before.revision);
    }

    #[test]
    fn an_answer_with_nothing_new_is_no_reason_to_draw_and_still_counts_as_fresh() {
        let mut fleet = fleet();
        online(&mut fleet, "aws-1", ago(10), vec![running(1)]);
        let revision = fleet.revision;
        assert_eq!(report(&mut fleet, "aws-1", NOW, Fact::Answered), Applied::Nothing);
        assert_eq!(report(&mut fleet, "aws-1", NOW, Fact::Containers(vec![running(1)])), Applied::Nothing);
        assert_eq!(fleet.revision, revision);
        assert_eq!(fleet.host("aws-1").expect("host").freshness.good_at, Some(NOW));
    }

    #[test]
    fn a_failure_keeps_the_values_and_says_why_and_a_recovery_clears_it() {
        let mut fleet = fleet();
        online(&mut fleet, "aws-1", ago(120), vec![running(1)]);
        failed(&mut fleet, "aws-1", ago(90), FaultKind::Timeout);
        failed(&mut fleet, "aws-1", ago(30), FaultKind::Timeout);
        let host = fleet.host("aws-1").expect("host");
        assert_eq!((host.known_containers().len(), host.freshness.fault_since), (1, Some(ago(90))));
        assert_eq!((host.state(ago(60)), host.state(NOW)), (HostState::Stale, HostState::Lost));
        let words = fleet.notices.iter().filter(|n| &*n.subject == "aws-1").count();
        report(&mut fleet, "aws-1", NOW, Fact::Answered);
        assert_eq!(fleet.host("aws-1").expect("host").state(NOW), HostState::Online);
        assert_eq!(fleet.notices.iter().filter(|n| &*n.subject == "aws-1").count(), words + 1, "one line for the recovery");
    }

    #[test]
    fn changes_come_and_go_and_leave_a_line_each() {
        let mut fleet = fleet();
        online(&mut fleet, "aws-1", ago(10), vec![running(1), running(2)]);
        let killed = container(1, "c-1", None, ContainerState::Exited(Some(137)));
        report(&mut fleet, "aws-1", NOW, Fact::Changed { now: vec![killed], gone: vec![] });
        assert_eq!(last_words(&fleet), "aws-1/c-1 exited with code 137");
        report(&mut fleet, "aws-1", NOW, Fact::Changed { now: vec![running(3)], gone: vec![id(2)] });
        let names: Vec<_> = fleet.host("aws-1").expect("host").known_containers().iter().map(|c| c.name.clone()).collect();
        assert_eq!(names.len(), 2);
        assert!(names.contains(&"c-3".into()) && !names.contains(&"c-2".into()));
        assert!(fleet.host("aws-1").expect("host").known_containers().is_sorted_by_key(|c| c.id));
    }

    #[test]
    fn a_change_does_not_make_an_unlisted_host_look_listed() {
        let mut fleet = fleet();
        report(&mut fleet, "aws-1", NOW, Fact::Changed { now: vec![running(3)], gone: vec![] });
        assert_eq!(fleet.host("aws-1").expect("host").containers, None);
    }

    #[test]
    fn a_rough_age_from_a_list_does_not_replace_the_exact_one() {
        let mut fleet = fleet();
        let mut exact = running(1);
        exact.since = Some(ago(3_700));
        online(&mut fleet, "aws-1", ago(3_600), vec![exact.clone()]);
        let rough = Container { since: Some(ago(3_600)), ..exact };
        assert_eq!(report(&mut fleet, "aws-1", NOW, Fact::Containers(vec![rough])), Applied::Nothing);
        assert_eq!(fleet.host("aws-1").expect("host").known_containers()[0].since, Some(ago(3_700)));
    }
}
