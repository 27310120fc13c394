//! One registry refused, one slow, one babbling: the others are there within two seconds and the bad ones say why.

use wharf::lab::trouble::{Rule, Trouble};
use wharf::model::fault::FaultKind;

use super::*;

/// Two seconds is the promise; a machine that runs other suites beside this one gets as much again.
const HEALTHY_WITHIN: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_registries_spoil_none_of_the_others_and_recover_by_themselves() {
    let registries = ["a", "b", "c", "d", "e"].map(|name| {
        format!("[[registry]]\nname = \"{name}\"\nidc = \"yongfeng\"\nproject = [{{ name = \"payment\", repositories = [\"web\"], tags = 2 }}]\n")
    });
    let lab = lab(&registries.concat()).await;
    let hand = |name: &str| lab.registry(name).expect("a hand");
    let state = tempfile::tempdir().expect("a directory");
    let first = Bench::over(&lab, Ask { state: Some(state.path()), ..Ask::console() }).await;
    for name in ["a", "b", "c"] {
        first.whole(name).await;
    }
    first.close().await;

    hand("a").fault(Rule::always(Trouble::Refuse));
    hand("b").fault(Rule::always(Trouble::Delay(30_000)));
    hand("c").fault(Rule::always(Trouble::Garbage));
    let begun = Instant::now();
    let bench = Bench::over(&lab, Ask { state: Some(state.path()), ..Ask::console() }).await;
    for name in ["d", "e"] {
        let fleet = bench.until(name, "its projects", |r| r.holdings.project("payment").is_some() && !r.freshness.is_stale()).await;
        assert!(fleet.registry(name).expect("declared").freshness.fault.is_none());
    }
    let took = begun.elapsed();
    assert!(took < HEALTHY_WITHIN, "{took:?}");
    for (name, kinds) in
        [("a", vec![FaultKind::Refused, FaultKind::Unreachable]), ("c", vec![FaultKind::Protocol]), ("b", vec![FaultKind::Timeout])]
    {
        let fleet = bench.until(name, "a cause", |r| r.freshness.fault.is_some()).await;
        let registry = fleet.registry(name).expect("declared");
        let fault = registry.freshness.fault.as_ref().expect("a fault");
        assert!(kinds.contains(&fault.kind), "{name}: {fault}");
        assert!(registry.freshness.is_stale() && registry.freshness.fault_since.is_some());
        assert_eq!(tags(&registry.holdings, "payment/web").len(), 2, "{name}: the last known values stay");
    }
    for name in ["a", "b", "c"] {
        hand(name).heal();
    }
    bench.refresh();
    for name in ["a", "b", "c"] {
        bench.until(name, "it answers again", |r| r.freshness.fault.is_none() && !r.freshness.is_stale()).await;
    }
    bench.close().await;
}
