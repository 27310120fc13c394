//! Step by step equals all at once; and what drifts is told, what is not known is not.

use proptest::prelude::*;

use super::*;
use crate::model::clock::Stamp;
use crate::model::derived::Derived;
use crate::model::fixture::NOW;
use crate::model::fixture::holdings::{declare, harbor, member, members, project, say, summary};
use crate::model::registry::{ProjectPart, RegistryFact};
use crate::planning::{Deriver, derive};

const NAMES: [&str; 3] = ["aws-bj", "tucheng", "yongfeng"];
const PROJECTS: [&str; 4] = ["payment", "search", "42", "a+b"];

#[derive(Clone, Debug)]
enum Act {
    Projects(usize, Vec<usize>),
    Members(usize, usize, Vec<(u8, i64)>, u64),
    Quota(usize, usize, u64),
    Quotas(usize, Vec<(usize, u64)>),
    Users(usize, Vec<u8>),
    Identity(usize, u8),
    Fail(usize),
    Declare(usize),
    Wait,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (r, p) = (0..3usize, 0..4usize);
    let act = prop_oneof![
        4 => (r.clone(), prop::collection::vec(0..8usize, 0..6)).prop_map(|(r, list)| Act::Projects(r, list)),
        4 => (r.clone(), p.clone(), prop::collection::vec((0..4u8, 0..6i64), 0..4), 0..2u64).prop_map(|(r, p, m, g)| Act::Members(r, p, m, g)),
        2 => (r.clone(), p, 0..3u64).prop_map(|(r, p, hard)| Act::Quota(r, p, hard)),
        1 => (r.clone(), prop::collection::vec((0..4usize, 0..3u64), 0..4)).prop_map(|(r, list)| Act::Quotas(r, list)),
        1 => (r.clone(), prop::collection::vec(0..4u8, 0..4)).prop_map(|(r, users)| Act::Users(r, users)),
        1 => (r.clone(), 0..3u8).prop_map(|(r, who)| Act::Identity(r, who)),
        1 => r.prop_map(Act::Fail),
        1 => (1..4usize).prop_map(Act::Declare),
        2 => Just(Act::Wait),
    ];
    prop::collection::vec(act, 1..60)
}

fn fact(act: &Act) -> Option<(usize, RegistryFact)> {
    let of = |name: usize, part| RegistryFact::Project { name: PROJECTS[name].into(), part };
    Some(match act {
        Act::Projects(r, list) => {
            // Twice as many numbers as names: visibility is the other bit.
            let list = list.iter().map(|n| project(PROJECTS[n % 4], if n / 4 == 0 { "public" } else { "private" })).collect();
            (*r, RegistryFact::Projects(list))
        }
        Act::Members(r, p, list, ghosts) => {
            let list = list.iter().map(|(who, role)| member(&format!("u{who}"), *role)).collect();
            (*r, of(*p, ProjectPart::Members(Arc::new(members(list, *ghosts)))))
        }
        Act::Quota(r, p, hard) => (*r, of(*p, ProjectPart::Summary(Box::new(summary(10, Some(*hard)))))),
        Act::Quotas(r, list) => {
            let mut list: Vec<_> = list.iter().map(|(p, hard)| quota(PROJECTS[*p], *hard)).collect();
            list.sort_by(|a, b| a.project.cmp(&b.project));
            list.dedup_by(|a, b| a.project == b.project);
            (*r, RegistryFact::Quotas(Arc::new(list)))
        }
        Act::Users(r, list) => (*r, RegistryFact::Users(Arc::new(list.iter().map(|n| user(*n)).collect()))),
        Act::Identity(r, who) => (*r, RegistryFact::Identity(identity(*who))),
        Act::Fail(_) | Act::Declare(_) | Act::Wait => return None,
    })
}

fn quota(project: &str, hard: u64) -> crate::model::quota::Quota {
    let usage = crate::model::quota::Usage { used: 1, hard: Some(hard) };
    crate::model::quota::Quota { id: 1, project_id: 7, project: project.into(), usage, updated: None }
}

fn user(number: u8) -> crate::model::member::User {
    crate::model::fixture::holdings::user(&format!("u{number}"), if number == 3 { Power::Sysadmin } else { Power::User })
}

fn identity(who: u8) -> crate::model::registry::Identity {
    use crate::model::registry::Identity;
    match who {
        0 => Identity::Anonymous,
        1 => Identity::Robot("robot$wharf".into()),
        _ => Identity::Robot("robot$payment+ci".into()),
    }
}

proptest! {
    #[test]
    fn step_by_step_equals_all_at_once(acts in acts()) {
        let (mut fleet, mut deriver) = (Fleet::default(), Deriver::new());
        let specs = |count: usize| NAMES[..count].iter().map(|n| harbor(n, n, Some("main"))).collect();
        let applied = declare(&mut fleet, specs(3));
        deriver.apply(&fleet, &applied, NOW);
        for act in acts {
            let applied = match &act {
                Act::Declare(count) => declare(&mut fleet, specs(*count)),
                Act::Fail(r) => crate::model::fixture::holdings::fail(&mut fleet, NAMES[*r], NOW),
                Act::Wait => {
                    let whole = derive(&fleet, NOW, &Derived::default());
                    let step = deriver.derived(&fleet, NOW);
                    prop_assert_eq!(&step.projects, &whole.projects);
                    prop_assert_eq!(&step.people, &whole.people);
                    // As the keeper does: what is published is shared from then on.
                    let published = Arc::new(fleet.clone());
                    prop_assert_eq!(published.revision, fleet.revision);
                    continue;
                }
                other => {
                    let (r, fact) = fact(other).expect("a fact");
                    say(&mut fleet, NAMES[r], NOW, fact)
                }
            };
            deriver.apply(&fleet, &applied, NOW);
        }
        let whole = derive(&fleet, NOW, &Derived::default());
        let step = deriver.derived(&fleet, NOW);
        prop_assert_eq!(&step.projects, &whole.projects);
        prop_assert_eq!(&step.people, &whole.people);
    }
}

fn two(facts: [Vec<RegistryFact>; 2]) -> ProjectUnion {
    let mut fleet = Fleet::default();
    declare(&mut fleet, ["tucheng", "yongfeng"].map(|n| harbor(n, n, Some("main"))).into());
    for (name, facts) in ["tucheng", "yongfeng"].iter().zip(facts) {
        say(&mut fleet, name, NOW, RegistryFact::Identity(identity(1)));
        for fact in facts {
            say(&mut fleet, name, NOW, fact);
        }
    }
    union_of(&fleet, &"payment".into()).expect("a project")
}

fn one(seen: &str, hard: Option<u64>, list: Option<Vec<crate::model::member::Member>>) -> Vec<RegistryFact> {
    let of = |part| RegistryFact::Project { name: "payment".into(), part };
    let mut facts = vec![RegistryFact::Projects(vec![project("payment", seen)]), of(ProjectPart::Summary(Box::new(summary(1, hard))))];
    facts.extend(list.map(|list| of(ProjectPart::Members(Arc::new(members(list, 0))))));
    facts
}

#[test]
fn what_differs_is_drift_and_what_was_not_read_is_unknown() {
    let bob = |role| Some(vec![member("alice", 1), member("bob", role)]);
    let same = two([one("private", Some(9), bob(2)), one("private", Some(9), bob(2))]);
    assert_eq!(same.drift, Drift::default());
    let all = two([one("public", Some(9), bob(2)), one("private", None, Some(vec![member("bob", 3)]))]);
    assert_eq!(all.drift, Drift { visibility: true, quota: true, members: 2, ..Drift::default() });
    let unread = two([one("private", Some(9), bob(2)), one("private", Some(9), None)]);
    assert_eq!(unread.drift, Drift { unknown: true, ..Drift::default() });
    let missing = two([one("private", Some(9), bob(2)), vec![RegistryFact::Projects(Vec::new())]]);
    assert_eq!(missing.drift, Drift { missing: vec![1], ..Drift::default() });
    let never = two([one("private", Some(9), bob(2)), Vec::new()]);
    assert_eq!(never.drift, Drift { unknown: true, ..Drift::default() });
}

#[test]
fn registries_of_no_group_or_alone_in_it_do_not_drift() {
    let mut fleet = Fleet::default();
    declare(&mut fleet, vec![harbor("a", "yongfeng", None), harbor("b", "tucheng", Some("main"))]);
    for (name, seen) in [("a", "public"), ("b", "private")] {
        say(&mut fleet, name, NOW, RegistryFact::Projects(vec![project("payment", seen)]));
    }
    assert_eq!(union_of(&fleet, &"payment".into()).map(|union| union.drift), Some(Drift::default()));
}

#[test]
fn ids_do_not_join_and_a_ghost_is_nobody_who_is_not_there() {
    let of = |ghosts| {
        let part = ProjectPart::Members(Arc::new(members(vec![member("alice", 1)], ghosts)));
        vec![RegistryFact::Projects(vec![project("payment", "private")]), RegistryFact::Project { name: "payment".into(), part }]
    };
    let mut fleet = Fleet::default();
    declare(&mut fleet, ["tucheng", "yongfeng"].map(|n| harbor(n, n, Some("main"))).into());
    let _: Vec<_> = of(1).into_iter().map(|fact| say(&mut fleet, "tucheng", Stamp(1), fact)).collect();
    let mut other = of(0);
    other.push(RegistryFact::Project {
        name: "payment".into(),
        part: ProjectPart::Members(Arc::new(members(vec![member("alice", 1), member("bob", 99)], 0))),
    });
    let _: Vec<_> = other.into_iter().map(|fact| say(&mut fleet, "yongfeng", Stamp(1), fact)).collect();
    let union = union_of(&fleet, &"payment".into()).expect("a project");
    let bob = union.members.iter().find(|m| &*m.name == "bob").expect("bob");
    assert_eq!(union.role_at(&fleet, bob, 1), Presence::Here(Role::Other(99)));
    assert_eq!(union.role_at(&fleet, bob, 0), Presence::Unknown, "he may be the ghost");
    assert_eq!(union.ghosts_at(&fleet, 0), Presence::Here(1));
    assert_eq!(union.drift.members, 0);
}
