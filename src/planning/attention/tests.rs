//! What the attention list says of small worlds.

mod registries;

use super::*;
use crate::model::fault::FaultKind;
use crate::model::fixture::{NOW, ago, container, failed, fleet, online};
use crate::model::host::{ContainerState, Health};

fn lines(fleet: &Fleet) -> Vec<(String, String)> {
    let list = crate::planning::derive(fleet, NOW, &crate::model::derived::Derived::default()).attention;
    list.iter().map(|a| (format!("{:?} {} {}", a.severity, a.idc.as_deref().unwrap_or("-"), a.text.en), a.text.zh.to_string())).collect()
}

fn en(fleet: &Fleet) -> Vec<String> {
    lines(fleet).into_iter().map(|(en, _)| en).collect()
}

#[test]
fn newest_first_among_the_grave() {
    assert_eq!(en(&fleet()), ["Bad yongfeng web-5 on yf-web-02 exited 137", "Bad tucheng tc-db-01 lost: dial timeout"]);
}

#[test]
fn hosts_of_one_cause_are_one_line_and_a_whole_idc_too() {
    let mut fleet = fleet();
    failed(&mut fleet, "yf-web-01", ago(240), FaultKind::Timeout);
    failed(&mut fleet, "yf-core-01", ago(200), FaultKind::Timeout);
    let all = lines(&fleet);
    assert!(all.contains(&(
        "Bad yongfeng 2 hosts lost: dial timeout (yf-core-01, yf-web-01)".into(),
        "2 台主机失联：连接超时（yf-core-01、yf-web-01）".into()
    )));
    failed(&mut fleet, "yf-web-02", ago(10), FaultKind::Timeout);
    let all = lines(&fleet);
    assert!(
        all.contains(&("Bad yongfeng all 3 hosts unreachable: dial timeout".into(), "全部 3 台主机不可达：连接超时".into())),
        "{all:?}"
    );
    assert_eq!(all.iter().filter(|(en, _)| en.contains("yongfeng") && en.contains("hosts")).count(), 1, "{all:?}");
}

#[test]
fn everything_gone_is_one_line_that_suspects_this_machine() {
    let mut fleet = fleet();
    for host in ["yf-web-01", "yf-web-02", "yf-core-01", "tc-web-01", "aws-1"] {
        failed(&mut fleet, host, ago(100), FaultKind::Timeout);
    }
    assert_eq!(en(&fleet), ["Bad - all 6 hosts in 3 IDCs unreachable: dial timeout; it may be this machine's own network"]);
}

#[test]
fn a_refused_credential_is_not_called_lost_and_a_short_absence_is_a_warning() {
    let mut fleet = fleet();
    failed(&mut fleet, "yf-web-01", ago(5), FaultKind::Unauthorized);
    failed(&mut fleet, "tc-web-01", ago(5), FaultKind::Refused);
    let all = en(&fleet);
    assert!(all.contains(&"Bad yongfeng yf-web-01 cannot be read: bad credential".to_owned()), "{all:?}");
    // All of 土城 is away now, one of the two lost: one line, both causes.
    assert!(all.contains(&"Bad tucheng all 2 hosts unreachable: refused 1, timeout 1".to_owned()), "{all:?}");
    let mut fleet = super::tests::fleet();
    failed(&mut fleet, "yf-web-01", ago(5), FaultKind::Refused);
    assert!(en(&fleet).contains(&"Warn yongfeng yf-web-01 does not answer: refused".to_owned()));
}

#[test]
fn failing_containers_are_grouped_by_service() {
    let mut fleet = fleet();
    let mut sick = container(20, "web-20", Some("web"), ContainerState::Running);
    sick.health = Some(Health::Unhealthy);
    let old = container(21, "web-21", Some("web"), ContainerState::Exited(Some(1)));
    let mut stopped = container(22, "web-22", Some("web"), ContainerState::Exited(Some(143)));
    stopped.since = Some(ago(5));
    let looping = container(23, "job", None, ContainerState::Restarting(Some(2)));
    online(&mut fleet, "tc-web-01", ago(1), vec![sick, old, stopped, looping]);
    let all = en(&fleet);
    assert!(all.contains(&"Bad - web: 1 exited 137, 1 unhealthy (tc-web-01/web-20, yf-web-02/web-5)".to_owned()), "{all:?}");
    assert!(all.contains(&"Warn tucheng job on tc-web-01 restarting after 2".to_owned()), "{all:?}");
}

#[test]
fn a_long_list_of_names_is_cut() {
    let all: Vec<Arc<str>> = (1..=5).map(|n| format!("h{n}").into()).collect();
    assert_eq!(names(&all), Text::made("h1, h2, h3 and 2 more", "h1、h2、h3 等 5 个"));
}
