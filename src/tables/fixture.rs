//! The small worlds of the tests with everything derived, as the keeper publishes them.

use std::sync::Arc;

use crate::model::derived::Derived;
use crate::model::fixture::{NOW, fleet};
use crate::model::fleet::Fleet;
use crate::planning::derive;

/// [`fleet`] as it is published.
pub(crate) fn published() -> Fleet {
    publish(fleet())
}

/// A fleet with its sums and its attention list.
pub(crate) fn publish(mut fleet: Fleet) -> Fleet {
    fleet.derived = Arc::new(derive(&fleet, NOW, &Derived::default()));
    fleet
}

/// Three registries of one group, a plain mirror, and what is hard about them: a role 99, a ghost, an all-digit project,
/// a plus in a name, a refused question, a registry that was never read.
pub(crate) fn registries() -> Fleet {
    use crate::model::fault::FaultKind;
    use crate::model::fixture::holdings::{
        artifacts, declare, entry, harbor, member, members, plain, project, refused, repository, robot, say, summary, user,
    };
    use crate::model::registry::{Identity, ProjectPart, Question, RegistryFact as F};
    use crate::model::union::Power;
    let mut fleet = Fleet::default();
    let main = |name: &str| harbor(name, name, Some("main"));
    declare(&mut fleet, vec![main("aws-bj"), main("tucheng"), main("yongfeng"), plain("mirror", "tucheng")]);
    let part = |name: &str, part| F::Project { name: name.into(), part };
    let people = |list, ghosts| ProjectPart::Members(Arc::new(members(list, ghosts)));
    let alike = [("yongfeng", "private", 2), ("tucheng", "public", 3)];
    for (name, seen, bob) in alike {
        let ghosts = u64::from(name == "yongfeng");
        let mut say = |fact| say(&mut fleet, name, NOW, fact);
        say(F::Identity(Identity::Robot("robot$wharf".into())));
        say(F::Projects(vec![project("payment", seen), project("42", "private"), project("a+b", "private")]));
        say(F::Users(Arc::new(vec![user("alice", Power::User), user("root", Power::Sysadmin)])));
        say(part("payment", ProjectPart::Summary(Box::new(summary(19 << 30, Some(20 << 30))))));
        let list = vec![member("alice", 1), member("bob", bob), member("@sre", 4), member("odd", 99)];
        say(part("payment", people(list, ghosts)));
        say(part("42", ProjectPart::Summary(Box::new(summary(3, None)))));
        say(part("42", people(vec![member("alice", 1)], 0)));
        say(part("a+b", ProjectPart::Denied(Question::Members, Arc::new(refused(name, FaultKind::Forbidden)))));
        say(part("payment", ProjectPart::Robots(Arc::new(vec![robot("robot$payment+ci", Some(2)), robot("robot$payment+old", Some(-3))]))));
        say(F::Robots(Arc::new(vec![robot("robot$wharf", None)])));
        say(F::Audit(Arc::new(vec![entry(2, "artifact", "payment/web:v2"), entry(1, "project", "42")])));
        let repositories = vec![repository("payment/core/api"), repository("payment/web")];
        say(part("payment", ProjectPart::Repositories(repositories)));
        let web: &[(&str, &[&str])] =
            if seen == "public" { &[("one", &["v1"]), ("other", &["v2"])] } else { &[("one", &["v1", "latest"]), ("two", &["v2"])] };
        let packed = artifacts("payment/web", web);
        say(part("payment", ProjectPart::Artifacts { repository: "payment/web".into(), artifacts: packed }));
    }
    say(&mut fleet, "mirror", NOW, F::Repositories(vec![repository("payment/web"), repository("redis")]));
    let packed = artifacts("redis", &[("redis", &["7+build.1"])]);
    say(&mut fleet, "mirror", NOW, F::Artifacts { repository: "redis".into(), artifacts: packed });
    publish(fleet)
}
