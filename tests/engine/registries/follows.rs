//! What changes behind the console's back is read again and nothing else; a second start goes on from the first.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_and_a_new_member_are_found_and_only_they_are_read_again() {
    let lab = lab(TWO).await;
    let bench = Bench::over(&lab, Ask::console()).await;
    bench.whole("yongfeng").await;
    let hand = lab.registry("yongfeng").expect("a hand");
    hand.push("payment/web", "pushed-by-hand", "libo").expect("pushed");
    hand.forget_requests();
    bench.refresh();
    let there = |r: &Registry| tags(&r.holdings, "payment/web").contains(&"pushed-by-hand".to_owned());
    bench.until("yongfeng", "the pushed tag", there).await;
    assert!(asked(&lab, "yongfeng", "/artifacts") <= 3, "{:?}", hand.requests());
    assert_eq!(asked(&lab, "yongfeng", "/projects/search"), 0, "another project is not read for it");
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_shows_what_the_first_knew_and_reads_only_what_changed() {
    let lab = lab(TWO).await;
    let state = tempfile::tempdir().expect("a directory");
    let first = Bench::over(&lab, Ask { state: Some(state.path()), ..Ask::console() }).await;
    first.whole("yongfeng").await;
    first.until("yongfeng", "a cursor", |r| r.holdings.cursor.is_some()).await;
    first.close().await;

    let hand = lab.registry("yongfeng").expect("a hand");
    hand.push("search/query", "while-away", "admin").expect("pushed");
    hand.forget_requests();
    let second = Bench::over(&lab, Ask { state: Some(state.path()), ..Ask::console() }).await;
    let remembered = second.until("yongfeng", "what was known", |r| r.holdings.projects.is_some()).await;
    let registry = remembered.registry("yongfeng").expect("declared");
    assert!(registry.freshness.cached && registry.freshness.is_stale(), "shown as of an earlier run");
    assert_eq!(tags(&registry.holdings, "payment/core/api").len(), 3);
    second.until("yongfeng", "confirmed", |r| !r.freshness.cached).await;
    let fleet = second.until("yongfeng", "the new tag", |r| tags(&r.holdings, "search/query").contains(&"while-away".to_owned())).await;
    let holdings = &fleet.registry("yongfeng").expect("declared").holdings;
    assert_eq!(tags(holdings, "payment/core/api").len(), 3);
    assert_eq!(asked(&lab, "yongfeng", "/members"), 0, "{:?}", hand.requests());
    assert!(asked(&lab, "yongfeng", "/artifacts") <= 3, "{:?}", hand.requests());
    second.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_broke_goes_on_where_it_was() {
    use wharf::lab::trouble::{Rule, Trouble};
    let lab = lab(TWO).await;
    let bench = Bench::over(&lab, Ask::console()).await;
    bench.whole("yongfeng").await;
    let hand = lab.registry("yongfeng").expect("a hand");
    hand.fault(Rule::always(Trouble::Refuse));
    bench.refresh();
    bench.until("yongfeng", "a fault", |r| r.freshness.fault.is_some()).await;
    hand.heal();
    hand.forget_requests();
    let fleet = bench.until("yongfeng", "it answers again", |r| r.freshness.fault.is_none()).await;
    assert_eq!(tags(&fleet.registry("yongfeng").expect("declared").holdings, "payment/web").len(), 3, "the last values stay");
    hand.push("payment/web", "after", "libo").expect("pushed");
    bench.refresh();
    bench.until("yongfeng", "the new tag", |r| tags(&r.holdings, "payment/web").contains(&"after".to_owned())).await;
    assert_eq!(asked(&lab, "yongfeng", "/members"), 0, "not everything is read anew for a broken connection");
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_harbor_falls_back_and_says_what_is_found_late() {
    let older = TWO.replacen("idc = \"yongfeng\"", "idc = \"yongfeng\"\nversion = \"2.9\"\nskew_seconds = 95", 1);
    let lab = lab(&older).await;
    let bench = Bench::over(&lab, Ask::console()).await;
    let fleet = bench.whole("yongfeng").await;
    let holdings = &fleet.registry("yongfeng").expect("declared").holdings;
    let follows = holdings.follows.expect("says by what it follows");
    assert!(!follows.times && follows.gap().is_some(), "{follows:?}");
    let skew = holdings.system.as_ref().and_then(|system| system.skew_ms).expect("a clock");
    assert!((skew - 95_000).abs() < 5_000, "{skew} ms");
    // It lists the artifacts of one repository only.
    let repositories = holdings.projects.iter().flatten().filter_map(|p| p.repositories.as_ref()).flatten();
    let unread: Vec<_> = repositories.filter(|r| r.artifacts.is_none()).map(|r| &r.repository.name).collect();
    assert!(unread.is_empty(), "{unread:?}");
    assert!(holdings.denied.is_empty() && holdings.projects.iter().flatten().all(|p| p.denied.is_empty()));
    let newer = bench.whole("tucheng").await;
    let follows = newer.registry("tucheng").expect("declared").holdings.follows.expect("says by what it follows");
    assert_eq!(follows.gap(), None, "{follows:?}");
    bench.close().await;
}
