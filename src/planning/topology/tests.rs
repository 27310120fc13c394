//! Topologies of small worlds: where edges lead, what they make together, and how they do.

use std::sync::Arc;

use super::*;
use crate::model::fault::FaultKind;
use crate::model::fixture::registries::{endpoint, harbor, harbors, policy, run, tell};
use crate::model::fixture::{NOW, ago, site};
use crate::model::fleet::Fleet;
use crate::model::registry::{RegistryFact, RegistrySpec, SystemFacts};
use crate::model::replication::{Cause, EdgeState, Settled, StuckCause, TriggerKind};
use crate::model::report::Report;

fn world(specs: Vec<Arc<RegistrySpec>>) -> Fleet {
    let mut fleet = Fleet::default();
    let mut declared = site(Vec::new());
    declared.registries = specs;
    fleet.apply(Report::Site(Box::new(declared)));
    fleet
}

/// Policies of a registry, each to an address.
fn pushes(fleet: &mut Fleet, from: &str, to: &[&str]) {
    let policies = to.iter().zip(1..).map(|(url, id)| Arc::new(policy(id, &format!("p{id}"), &endpoint(id, url, url))));
    tell(fleet, from, NOW, RegistryFact::Policies(policies.collect()));
}

fn topology(fleet: &Fleet) -> Arc<Topology> {
    Arc::clone(Edges::of(&fleet.registries).topology())
}

fn at(name: &str) -> Place {
    Place::Registry(name.into())
}

fn ways(topology: &Topology) -> Vec<(Place, Place)> {
    topology.edges.iter().map(|edge| (edge.from.clone(), edge.to.clone())).collect()
}

#[test]
fn a_peer_is_known_by_its_url_its_pull_name_its_aliases_and_what_it_says_of_itself() {
    let b = RegistrySpec { aliases: vec!["http://10.1.0.5:8080".into()], pull: "pull.b:5000".into(), ..(*harbor("b", "tucheng")).clone() };
    let mut fleet = world(vec![harbor("a", "yongfeng"), Arc::new(b)]);
    let system = SystemFacts { external_url: Some("https://outer.b".into()), ..SystemFacts::default() };
    tell(&mut fleet, "b", NOW, RegistryFact::System(Arc::new(system)));
    pushes(
        &mut fleet,
        "a",
        &["http://B.example:80/", "https://pull.b:5000", "http://10.1.0.5:8080/", "https://outer.b:443", "http://10.1.0.5:8081"],
    );
    let found: Vec<Place> = ways(&topology(&fleet)).into_iter().map(|(_, to)| to).collect();
    assert_eq!(found[..4], [at("b"), at("b"), at("b"), at("b")]);
    assert_eq!(found[4], Place::Outside("http://10.1.0.5:8081".into()));
}

#[test]
fn what_a_pull_carries_flows_towards_the_one_that_has_the_policy() {
    let mut fleet = world(vec![harbor("a", "yongfeng"), harbor("b", "tucheng")]);
    let peer = endpoint(1, "b", "https://b.example");
    let pull = Policy { direction: Direction::Pull, ..policy(1, "pull", &peer) };
    tell(&mut fleet, "a", NOW, RegistryFact::Policies(vec![Arc::new(pull)]));
    let topology = topology(&fleet);
    assert_eq!(ways(&topology), [(at("b"), at("a"))]);
    assert_eq!((topology.edges[0].peer(), &topology.edges[0].health.state), (&at("b"), &EdgeState::NeverFires));
}

#[test]
fn dual_masters_trees_and_rings_are_told_apart() {
    let all = || ["a", "b", "c", "d"].map(|name| harbor(name, "yongfeng")).to_vec();
    let mut tree = world(all());
    pushes(&mut tree, "a", &["https://b.example", "https://c.example"]);
    pushes(&mut tree, "b", &["https://d.example"]);
    let found = topology(&tree);
    assert_eq!((found.edges.len(), &found.pairs[..], &found.rings[..]), (3, &[][..], &[][..]));

    let mut dual = world(all());
    pushes(&mut dual, "a", &["https://b.example", "https://c.example"]);
    pushes(&mut dual, "b", &["https://a.example"]);
    let found = topology(&dual);
    assert_eq!((&found.pairs[..], found.rings.len()), (&[(at("a"), at("b"))][..], 0));
    assert!(found.is_mutual(&at("b"), &at("a")) && !found.is_mutual(&at("a"), &at("c")));

    let mut ring = world(all());
    pushes(&mut ring, "a", &["https://b.example"]);
    pushes(&mut ring, "b", &["https://c.example", "https://d.example"]);
    pushes(&mut ring, "c", &["https://a.example"]);
    let found = topology(&ring);
    assert_eq!((found.pairs.len(), &found.rings[..]), (0, &[vec![at("a"), at("b"), at("c")]][..]));

    // Two pairs that share a master are no ring, and a policy that is off closes none.
    let mut star = world(all());
    pushes(&mut star, "a", &["https://b.example", "https://c.example"]);
    pushes(&mut star, "b", &["https://a.example"]);
    pushes(&mut star, "c", &["https://a.example"]);
    let off = Policy { enabled: false, ..policy(2, "off", &endpoint(2, "c", "https://c.example")) };
    let mut of_b = star.registry("b").and_then(|b| b.holdings.policies.clone()).expect("policies");
    of_b.push(Arc::new(off));
    tell(&mut star, "b", NOW, RegistryFact::Policies(of_b));
    let found = topology(&star);
    assert_eq!((found.pairs.len(), found.rings.len()), (2, 0));
}

#[test]
fn the_edges_of_the_small_world() {
    let fleet = harbors();
    let topology = topology(&fleet);
    let told: Vec<String> = topology
        .edges
        .iter()
        .map(|edge| {
            let place = |place: &Place| match place {
                Place::Registry(name) => name.to_string(),
                Place::Outside(url) => format!("<{url}>"),
            };
            let cause = edge.health.cause_words().map_or_else(String::new, |cause| format!(": {}", cause.en));
            format!("{} -> {} {} {}{cause}", place(&edge.from), place(&edge.to), edge.health.state.name(), edge.health.words().en)
        })
        .collect();
    assert_eq!(
        told,
        [
            "aws-bj -> aws-sh stuck stuck: queue is paused",
            "aws-bj -> <http://10.9.0.7:8080> peer_down peer is away: peer refuses connections",
            "tucheng -> yongfeng flowing ok",
            "yongfeng -> tucheng owing 2 lost: peer refuses connections",
            "yongfeng -> aws-bj flowing ok",
            "tucheng -> yongfeng disabled off",
        ]
    );
    let to_yizhuang = &topology.edges[1].health;
    assert_eq!((to_yizhuang.lost, to_yizhuang.since, to_yizhuang.last_success), (3, Some(ago(1_260)), None));
    let to_tucheng = &topology.edges[3].health;
    assert_eq!((to_tucheng.last_success, to_tucheng.last_run), (Some(ago(532)), Some(ago(540))));
    assert_eq!((topology.pairs.len(), topology.rings.len()), (1, 0));
}

/// The health of one event policy with these runs, newest first.
fn health_of(settled: &[Settled]) -> crate::model::replication::EdgeHealth {
    let mut fleet = world(vec![harbor("a", "yongfeng"), harbor("b", "tucheng")]);
    pushes(&mut fleet, "a", &["https://b.example"]);
    let runs = settled.iter().zip(1i64..).map(|(settled, n)| Arc::new(run(100 - n, 1, n * 1_000, settled.clone()))).collect();
    tell(&mut fleet, "a", NOW, RegistryFact::Runs(runs));
    topology(&fleet).edges[0].health.clone()
}

#[test]
fn an_edge_is_judged_by_what_its_runs_settled_to() {
    use Settled::{Failed, FalseSuccess, Lost, NothingToDo, Partial, Retrying, Running, Skipped, Stuck, Succeeded};
    let lost = || Lost(Cause::Refused);
    for (settled, state) in [
        (vec![], EdgeState::NeverRan),
        (vec![Succeeded], EdgeState::Flowing),
        (vec![NothingToDo], EdgeState::Flowing),
        (vec![Skipped], EdgeState::Unread),
        (vec![Running, Succeeded], EdgeState::Running),
        (vec![Running, lost()], EdgeState::Failing),
        (vec![Succeeded, lost(), Succeeded], EdgeState::Owing),
        (vec![Skipped, lost()], EdgeState::Failing),
        (vec![Retrying, Succeeded], EdgeState::Retrying),
        (vec![Partial], EdgeState::Failing),
        (vec![FalseSuccess], EdgeState::Failing),
        (vec![Succeeded, Failed], EdgeState::Owing),
        (vec![Succeeded, Stuck(StuckCause::NoTasks)], EdgeState::Stuck(StuckCause::NoTasks)),
    ] {
        let health = health_of(&settled);
        assert_eq!(health.state, state, "{settled:?}");
        let is_well = matches!(state, EdgeState::Flowing | EdgeState::Running | EdgeState::NeverRan | EdgeState::Unread);
        assert_eq!(health.since.is_none(), is_well, "{settled:?}");
    }
    // A success that carried nothing, or that nobody ever ran, is none.
    assert_eq!(health_of(&[NothingToDo, FalseSuccess]).last_success, None);
    assert_eq!(health_of(&[NothingToDo, Succeeded]).last_success, Some(ago(1_992)));
}

#[test]
fn only_a_run_over_everything_makes_good_what_was_lost() {
    let mut fleet = world(vec![harbor("a", "yongfeng"), harbor("b", "tucheng")]);
    pushes(&mut fleet, "a", &["https://b.example"]);
    let mut by_hand = run(9, 1, 100, Settled::Succeeded);
    by_hand.execution.trigger = TriggerKind::Manual;
    let lost = |id, seconds| Arc::new(run(id, 1, seconds, Settled::Lost(Cause::Refused)));
    let by_event = Arc::new(run(8, 1, 150, Settled::Succeeded));
    tell(&mut fleet, "a", NOW, RegistryFact::Runs(vec![Arc::clone(&by_event), lost(7, 200)]));
    assert_eq!(topology(&fleet).edges[0].health.lost, 1);
    tell(&mut fleet, "a", NOW, RegistryFact::Runs(vec![Arc::new(by_hand), by_event, lost(7, 200)]));
    let health = topology(&fleet).edges[0].health.clone();
    assert_eq!((health.lost, health.state), (0, EdgeState::Flowing));
}

#[test]
fn a_peer_that_only_claims_to_be_up_is_not_taken_for_up_nor_for_down() {
    let mut fleet = harbors();
    let peer = |verdict| {
        let endpoint = endpoint(1, "tucheng", "https://tucheng.example");
        RegistryFact::Peers(vec![Peer { endpoint, verdict }])
    };
    let state = |fleet: &Fleet| topology(fleet).find("yongfeng", 1).expect("the edge").health.state.clone();
    tell(&mut fleet, "yongfeng", NOW, peer(PeerVerdict::OnlyClaimedDown));
    assert_eq!(state(&fleet), EdgeState::Owing);
    tell(&mut fleet, "yongfeng", NOW, peer(PeerVerdict::ClaimedUpIsDown(FaultKind::Unauthorized)));
    assert_eq!(state(&fleet), EdgeState::PeerDown(FaultKind::Unauthorized));
}

#[test]
fn step_by_step_equals_all_at_once_and_the_same_again_changes_nothing() {
    let mut fleet = harbors();
    let mut edges = Edges::of(&fleet.registries);
    let index = fleet.registries.iter().position(|r| &*r.spec.name == "yongfeng").expect("yongfeng");
    let first = Arc::clone(edges.topology());
    assert!(!edges.change(&fleet.registries, index));
    assert!(Arc::ptr_eq(&first, edges.topology()));
    tell(&mut fleet, "yongfeng", NOW, RegistryFact::Runs(vec![Arc::new(run(15, 1, 5, Settled::Lost(Cause::Tls)))]));
    assert!(edges.change(&fleet.registries, index));
    assert_eq!(edges.topology(), Edges::of(&fleet.registries).topology());
    // The peer now calls itself by the address that was nobody's.
    let system = SystemFacts { external_url: Some("http://10.9.0.7:8080".into()), ..SystemFacts::default() };
    tell(&mut fleet, "tucheng", NOW, RegistryFact::System(Arc::new(system)));
    let index = fleet.registries.iter().position(|r| &*r.spec.name == "tucheng").expect("tucheng");
    assert!(edges.change(&fleet.registries, index));
    assert_eq!(edges.topology(), Edges::of(&fleet.registries).topology());
    assert_eq!(edges.topology().find("aws-bj", 2).map(|edge| edge.to.clone()), Some(at("tucheng")));
}
