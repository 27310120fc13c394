//! What the attention list says of registries and of replication.

use super::*;
use crate::model::derived::{Derived, RegistryIssue};
use crate::model::fault::Fault;
use crate::model::fixture::registries::{endpoint, harbors, policy, refuse, run, tell};
use crate::model::quota::{Quota, Usage};
use crate::model::registry::{Peer, Question, RegistryFact, SystemFacts};
use crate::model::replication::{Cause, PeerVerdict, Queue, Settled, StuckCause};
use crate::model::robot::{Robot, RobotLevel};
use crate::planning::{Deriver, derive};

fn of_registries(fleet: &Fleet) -> Vec<String> {
    en(fleet).into_iter().filter(|line| !line.contains("web-5") && !line.contains("tc-db-01")).collect()
}

fn has(fleet: &Fleet, line: &str) {
    let all = of_registries(fleet);
    assert!(all.iter().any(|have| have == line), "{line}\nis not in {all:#?}");
}

fn robot(name: &str, days: i64) -> Robot {
    Robot {
        id: 1,
        name: name.into(),
        description: None,
        level: RobotLevel::System,
        disabled: false,
        editable: true,
        expires: Some(NOW.plus_millis(days * 86_400_000 + 1_000)),
        days: None,
        grants: Vec::new(),
        created: None,
        updated: None,
    }
}

fn robots(fleet: &mut Fleet, registry: &str, robots: Vec<Robot>) {
    tell(fleet, registry, NOW, RegistryFact::Robots(Arc::new(robots)));
}

#[test]
fn the_small_world_of_harbors() {
    let all = lines(&harbors());
    let told: Vec<&(String, String)> = all.iter().filter(|(en, _)| !en.contains("web-5") && !en.contains("tc-db-01")).collect();
    assert_eq!(
        told.iter().map(|(en, _)| en.as_str()).collect::<Vec<_>>(),
        [
            "Bad aws-bj aws-bj cannot reach 10.9.0.7:8080, claimed healthy; 3 runs lost",
            "Bad aws-bj the replication queue of aws-bj is paused: 2 wait",
            "Warn yongfeng 永丰 → 土城: 2 runs lost: peer refuses connections",
        ]
    );
    assert_eq!(told[2].1, "永丰 → 土城：丢失 2 次：对端拒绝连接");
}

#[test]
fn many_of_one_cause_are_one_line_that_leads_to_all_of_them() {
    let mut fleet = harbors();
    let peers: Vec<_> = (1..=3).map(|id| endpoint(id, &format!("p{id}"), &format!("http://10.0.0.{id}"))).collect();
    let policies = peers.iter().zip(1..).map(|(peer, id)| Arc::new(policy(id, &format!("to-p{id}"), peer))).collect();
    tell(&mut fleet, "aws-sh", NOW, RegistryFact::Policies(policies));
    let up = |peer| Peer { endpoint: Arc::clone(peer), verdict: PeerVerdict::Up };
    tell(&mut fleet, "aws-sh", NOW, RegistryFact::Peers(peers.iter().map(up).collect()));
    let mut failed: Vec<_> = (1..=3).map(|id| run(90 - id, id, 60 * id, Settled::Failed)).collect();
    for run in &mut failed {
        run.cause = Some(Cause::Quota);
    }
    tell(&mut fleet, "aws-sh", NOW, RegistryFact::Runs(failed.into_iter().map(Arc::new).collect()));
    has(&fleet, "Bad aws-sh aws-sh → 10.0.0.1, aws-sh → 10.0.0.2, aws-sh → 10.0.0.3: 3 runs failed: target's quota is full");
    let derived = derive(&fleet, NOW, &Derived::default());
    let line = derived.attention.iter().find(|line| line.text.en.contains("quota")).expect("the line");
    assert_eq!(line.about, AttentionTarget::Edges { of: vec![("aws-sh".into(), 1), ("aws-sh".into(), 2), ("aws-sh".into(), 3)] });
    assert_eq!(line.since, Some(ago(180)));
}

#[test]
fn a_peer_that_nobody_replicates_to_is_no_trouble_and_a_refused_credential_has_its_own_words() {
    let mut fleet = harbors();
    let unused = endpoint(9, "old", "http://10.0.0.9");
    let peer = Peer { endpoint: unused, verdict: PeerVerdict::Down(FaultKind::Unreachable) };
    tell(&mut fleet, "aws-sh", NOW, RegistryFact::Peers(vec![peer]));
    assert!(!of_registries(&fleet).iter().any(|line| line.contains("10.0.0.9")));
    let tucheng = endpoint(1, "tucheng", "https://tucheng.example");
    let peer = Peer { endpoint: tucheng, verdict: PeerVerdict::Down(FaultKind::Unauthorized) };
    tell(&mut fleet, "yongfeng", NOW, RegistryFact::Peers(vec![peer]));
    has(&fleet, "Bad yongfeng 土城 refuses the replication credential of 永丰; 2 runs lost");
}

#[test]
fn what_stands_still_is_told_with_its_cause_and_a_running_queue_not_at_all() {
    let mut fleet = harbors();
    let queue = |paused, count| Queue { job_type: "REPLICATION".into(), count, latency_s: 0, paused };
    tell(&mut fleet, "aws-bj", NOW, RegistryFact::Queues(Arc::new(vec![queue(false, 2)])));
    tell(&mut fleet, "aws-bj", NOW, RegistryFact::Runs(vec![Arc::new(run(9, 1, 700, Settled::Stuck(StuckCause::NoTasks)))]));
    has(&fleet, "Bad aws-bj aws-bj → aws-sh: 1 run stuck: never got a task: core restarted while preparing");
    assert!(!of_registries(&fleet).iter().any(|line| line.contains("queue")));
    tell(&mut fleet, "aws-bj", NOW, RegistryFact::Queues(Arc::new(vec![queue(true, 0)])));
    has(&fleet, "Warn aws-bj the replication queue of aws-bj is paused: what comes will wait");
}

#[test]
fn a_registry_that_is_away_speaks_only_of_that() {
    let mut fleet = harbors();
    let fault = |kind| Fault::new("aws-bj", kind, Text::new("refuses the credential", "拒绝凭证"), Text::new("mend it", "请更新"));
    refuse(&mut fleet, "aws-bj", ago(60), fault(FaultKind::Unauthorized));
    let about: Vec<String> = of_registries(&fleet).into_iter().filter(|line| line.contains("aws-bj")).collect();
    assert_eq!(about, ["Bad aws-bj registry aws-bj: refuses the credential; not tried again by itself, so that the account is not locked"]);
}

#[test]
fn read_only_clocks_and_refused_questions() {
    let mut fleet = harbors();
    let system = |read_only, skew_ms| {
        RegistryFact::System(Arc::new(SystemFacts { read_only: Some(read_only), skew_ms: Some(skew_ms), ..SystemFacts::default() }))
    };
    tell(&mut fleet, "aws-sh", NOW, system(true, -59_000));
    tell(&mut fleet, "tucheng", NOW, system(false, 95_400));
    tell(&mut fleet, "yongfeng", NOW, system(false, -900_000));
    let denied = |kind| Arc::new(Fault::new("aws-bj", kind, Text::new("may not", "无权"), Text::new("ask", "请申请")));
    for question in [Question::Policies, Question::Robots, Question::Users, Question::Workers] {
        tell(&mut fleet, "aws-bj", NOW, RegistryFact::Denied(question, denied(FaultKind::Forbidden)));
    }
    has(&fleet, "Warn aws-sh registry aws-sh is read-only: pushes are refused");
    has(&fleet, "Warn tucheng the clock of registry tucheng is 95 s ahead; ages are told with that taken off");
    has(&fleet, "Warn yongfeng the clock of registry yongfeng is 15 min behind; ages are told with that taken off");
    has(&fleet, "Warn aws-bj our account in aws-bj may not read: replication policies, robots");
    let derived = derive(&fleet, NOW, &Derived::default());
    let matters: Vec<RegistryIssue> = derived
        .attention
        .iter()
        .filter_map(|line| if let AttentionTarget::Registry { matter, .. } = &line.about { Some(*matter) } else { None })
        .collect();
    assert_eq!(matters.len(), 4, "{matters:?}");
}

#[test]
fn a_robot_ends_by_the_clock_of_its_registry() {
    let mut fleet = harbors();
    // It has a second left by our clock; there it is over since 94.
    robots(&mut fleet, "tucheng", vec![robot("robot$ci", 0)]);
    assert!(of_registries(&fleet).iter().any(|line| line.contains("robot$ci expires today")), "{:?}", of_registries(&fleet));
    let system = SystemFacts { skew_ms: Some(95_000), ..SystemFacts::default() };
    tell(&mut fleet, "tucheng", NOW, RegistryFact::System(Arc::new(system)));
    has(&fleet, "Warn - robot$ci has expired in tucheng");
}

#[test]
fn robots_of_all_registries_are_one_line_for_each_end() {
    let mut fleet = harbors();
    let disabled = Robot { disabled: true, ..robot("robot$off", 1) };
    robots(&mut fleet, "yongfeng", vec![robot("robot$ci", 3), robot("robot$late", 40), robot("robot$old", -90), disabled]);
    robots(&mut fleet, "tucheng", vec![robot("robot$ci", 3), robot("robot$gone", -2)]);
    has(&fleet, "Warn - 2 robots expire within 7 days, the first in 3 days (robot$ci) in tucheng, yongfeng");
    has(&fleet, "Warn - robot$gone has expired in tucheng");
    // Time alone changes the words, and the list beside the keeper with them.
    let mut deriver = Deriver::new();
    deriver.apply(&fleet, &crate::model::fleet::Applied::Everything, NOW);
    let first = deriver.derived(&fleet, NOW);
    let later = NOW.plus_millis(3 * 86_400_000 + 2_000);
    deriver.tick(&fleet, later);
    let second = deriver.derived(&fleet, later);
    assert_ne!(first.attention, second.attention);
    assert_eq!(second.attention, derive(&fleet, later, &first).attention);
    assert!(second.attention.iter().any(|line| line.text.en.starts_with("3 robots have expired (robot$ci, robot$gone)")));
}

#[test]
fn projects_over_and_near_their_quotas() {
    let mut fleet = harbors();
    let quota = |project: &str, used| Quota {
        id: 1,
        project_id: 1,
        project: project.into(),
        usage: Usage { used, hard: Some(100) },
        updated: None,
    };
    tell(&mut fleet, "yongfeng", NOW, RegistryFact::Quotas(Arc::new(vec![quota("search", 91), quota("user", 97), quota("web", 89)])));
    tell(&mut fleet, "tucheng", NOW, RegistryFact::Quotas(Arc::new(vec![quota("user", 104)])));
    has(&fleet, "Bad - a project is over its quota: user 104% tucheng");
    has(&fleet, "Warn - 2 projects are near their quotas: user 97% yongfeng, search 91% yongfeng");
}
