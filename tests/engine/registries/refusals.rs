//! A credential that is refused is not tried again; a question that is refused is one column, and the rest lives.

use wharf::lab::trouble::{Rule, Trouble};
use wharf::model::fault::FaultKind;
use wharf::model::registry::Identity;

use super::*;

const PLAIN: &str = r#"
[[registry]]
name = "mirror"
kind = "oci"
idc = "yongfeng"
user = "mirror"
password = "Mirror-2026"
no_catalogue = true
no_delete = true
project = [{ name = "library", repositories = ["redis", "mysql"], tags = 5 }]
"#;

/// The password that every Harbor of the lab has.
const PASSWORD: &str = "Harbor12345";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_credential_is_not_tried_again_until_a_person_asks() {
    let lab = lab(TWO).await;
    let bench = Bench::over(&lab, Ask { edits: &[(PASSWORD, "not-it")], ..Ask::console() }).await;
    let fleet = bench.until("yongfeng", "refused", |r| r.freshness.fault.is_some()).await;
    let registry = fleet.registry("yongfeng").expect("declared");
    assert_eq!(registry.freshness.fault.as_ref().map(|f| f.kind), Some(FaultKind::Unauthorized));
    assert!(registry.holdings.projects.is_none(), "what an anonymous caller may see is not believed");
    let hand = lab.registry("yongfeng").expect("a hand");
    let before = hand.requests_seen();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(hand.requests_seen(), before, "retries lock accounts");
    bench.refresh();
    let begun = Instant::now();
    while hand.requests_seen() == before {
        assert!(begun.elapsed() < Duration::from_secs(10), "a person asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_robot_is_refused_as_a_whole_and_one_with_few_rights_in_its_columns() {
    let lab = lab(TWO).await;
    let hand = lab.registry("yongfeng").expect("a hand");
    let secret = |name: &str| {
        hand.with(|harbors, at| {
            let robots = &harbors.harbor_mut(at).expect("a harbor").robots;
            robots.iter().find(|robot| robot.name == name).map(|robot| robot.secret.clone()).expect("a robot")
        })
    };
    let admin = "user = \"admin\"";
    let (old, reader) = (secret("old"), secret("reader"));
    let edits = [(admin, "user = \"robot$old\""), (PASSWORD, old.as_str())];
    let bench = Bench::over(&lab, Ask { edits: &edits, ..Ask::console() }).await;
    let fleet = bench.until("yongfeng", "refused", |r| r.freshness.fault.is_some()).await;
    let fault = fleet.registry("yongfeng").expect("declared").freshness.fault.clone().expect("a fault");
    assert_eq!(fault.kind, FaultKind::Unauthorized, "{fault}");
    bench.close().await;

    let edits = [(admin, "user = \"robot$reader\""), (PASSWORD, reader.as_str())];
    let bench = Bench::over(&lab, Ask { edits: &edits, ..Ask::console() }).await;
    let fleet = bench.whole("yongfeng").await;
    let registry = fleet.registry("yongfeng").expect("declared");
    assert!(matches!(registry.holdings.identity, Some(Identity::Robot(_))));
    assert!(registry.freshness.fault.is_none() && registry.holdings.projects.is_some(), "what it may read lives");
    assert!(registry.holdings.denied.contains_key(&Question::Policies), "{:?}", registry.holdings.denied.keys());
    assert!(registry.holdings.denied.values().all(|fault| fault.kind == FaultKind::Forbidden), "{:?}", registry.holdings.denied);
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_question_refused_broken_or_answered_by_a_proxy_spoils_only_itself() {
    let lab = lab(TWO).await;
    let hand = lab.registry("yongfeng").expect("a hand");
    for (path, trouble) in [
        ("/api/v2.0/projects/payment/members", Trouble::Status(403)),
        ("/api/v2.0/usergroups", Trouble::Status(500)),
        ("/api/v2.0/quotas", Trouble::Garbage),
        ("/api/v2.0/replication/policies", Trouble::Status(412)),
        ("/api/v2.0/schedules", Trouble::Status(422)),
    ] {
        hand.fault(Rule::always(trouble).on(path));
    }
    let bench = Bench::over(&lab, Ask { questions: &[], interest: PollMode::Once, ..Ask::console() }).await;
    let fleet = bench.whole("yongfeng").await;
    let registry = fleet.registry("yongfeng").expect("declared");
    let holdings = &registry.holdings;
    let kind = |question| holdings.denied.get(&question).map(|fault| fault.kind);
    assert_eq!((kind(Question::Quotas), kind(Question::Groups)), (Some(FaultKind::Protocol), Some(FaultKind::Server)));
    assert_eq!((kind(Question::Policies), kind(Question::Schedules)), (Some(FaultKind::Conflict), Some(FaultKind::Conflict)));
    let payment = holdings.project("payment").expect("payment");
    assert_eq!(payment.denied.get(&Question::Members).map(|fault| fault.kind), Some(FaultKind::Forbidden));
    assert!(holdings.project("search").expect("search").members.is_some());
    assert_eq!(tags(holdings, "payment/web").len(), 3);
    // The list of quotas is gone: each project's own summary says what it uses.
    assert!(payment.summary.as_ref().is_some_and(|summary| summary.usage.is_some()));
    let said = holdings.refusals(&Question::ALL);
    assert!(said.iter().all(|fault| fault.request_id.is_some()), "each can be looked up at the other side: {said:?}");
    let members = said.iter().find(|fault| fault.cause.en.starts_with("members of a project"));
    assert_eq!(members.map(|fault| fault.kind), Some(FaultKind::Forbidden), "{said:?}");
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_registry_without_a_catalogue_says_so_or_looks_where_it_is_told() {
    let lab = lab(PLAIN).await;
    let questions = &[Question::Artifacts, Question::Members];
    let bench = Bench::over(&lab, Ask { interest: PollMode::Once, questions, ..Ask::console() }).await;
    let fleet = bench.until("mirror", "told", |r| questions.iter().all(|q| r.holdings.complete.contains(q))).await;
    let mirror = fleet.registry("mirror").expect("declared");
    assert!(mirror.freshness.fault.is_none());
    let known = mirror.holdings.repositories.as_ref().expect("those that the config names");
    assert!(known.iter().all(|r| r.artifacts.as_ref().is_some_and(|a| a.tag_count() == 5)), "{known:?}");
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_in_part_does_not_tell_that_something_is_missing() {
    let lab = lab(PLAIN).await;
    let questions = &[Question::Artifacts];
    let told = |r: &Registry| r.holdings.complete.contains(&Question::Artifacts);
    let bench = Bench::over(&lab, Ask { interest: PollMode::Once, questions, ..Ask::console() }).await;
    let all = bench.until("mirror", "told", told).await;
    bench.close().await;
    let redis =
        |fleet: &Arc<Fleet>| fleet.registry("mirror").expect("declared").holdings.repositories.clone().expect("read").pop().expect("redis");
    let whole = redis(&all);
    let tag = whole.whole().expect("all of it").tags().next().expect("a tag").name().to_owned();

    let path = format!("/v2/{}/manifests/{tag}", whole.repository.name);
    lab.plain_registry("mirror").expect("a hand").fault(Rule::always(Trouble::Status(500)).on(&path));
    let bench = Bench::over(&lab, Ask { interest: PollMode::Once, questions, ..Ask::console() }).await;
    let part = redis(&bench.until("mirror", "told", told).await);
    assert!(part.whole().is_none(), "it cannot be counted");
    let read = part.artifacts.as_ref().expect("the others live");
    assert_eq!((read.tag_count(), read.tag(&tag).is_none()), (4, true));
    bench.close().await;
}
