//! Keeps projects and people over all registries joined by name, at the cost of what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::fleet::Fleet;
use crate::model::member::{MemberKind, Role};
use crate::model::registry::{Holdings, ProjectHoldings, RegistrySpec};
use crate::model::union::{Drift, MemberUnion, Person, Power, Presence, ProjectPlace, ProjectUnion, lists_all};

/// What was taken up of one registry.
#[derive(Clone, Debug)]
struct Known {
    spec: Arc<RegistrySpec>,
    holdings: Arc<Holdings>,
    lists_all: bool,
}

/// The unions, and what they were made from.
#[derive(Debug, Default)]
pub(super) struct Unions {
    pub(super) projects: Arc<Vec<Arc<ProjectUnion>>>,
    pub(super) people: Arc<Vec<Person>>,
    known: Vec<Known>,
    /// Registries that said something since.
    touched: BTreeSet<usize>,
    /// They are others than whoever publishes them has taken.
    pub(super) is_new: bool,
}

impl Unions {
    /// Everything from scratch.
    pub(super) fn of(fleet: &Fleet) -> Self {
        let names: BTreeSet<&Arc<str>> = fleet
            .registries
            .iter()
            .flat_map(|registry| registry.holdings.projects.iter().flatten())
            .map(|project| &project.project.name)
            .collect();
        let projects = names.into_iter().filter_map(|name| union_of(fleet, name)).map(Arc::new).collect();
        let known = fleet
            .registries
            .iter()
            .map(|r| Known { spec: Arc::clone(&r.spec), holdings: Arc::clone(&r.holdings), lists_all: lists_all(r) })
            .collect();
        Self { projects: Arc::new(projects), people: Arc::new(people_of(fleet)), known, touched: BTreeSet::new(), is_new: true }
    }

    /// A registry said something.
    pub(super) fn touch(&mut self, registry: usize) {
        self.touched.insert(registry);
    }

    /// Takes up what was touched.
    pub(super) fn take_up(&mut self, fleet: &Fleet) {
        let (mut names, mut people_changed) = (BTreeSet::new(), false);
        for index in std::mem::take(&mut self.touched) {
            let (Some(now), Some(known)) = (fleet.registries.get(index), self.known.get_mut(index)) else {
                *self = Self::of(fleet);
                return;
            };
            if Arc::ptr_eq(&now.holdings, &known.holdings) && Arc::ptr_eq(&now.spec, &known.spec) {
                continue;
            }
            // Whether absence means anything concerns every project.
            if known.lists_all != lists_all(now) || !Arc::ptr_eq(&now.spec, &known.spec) {
                *self = Self::of(fleet);
                return;
            }
            changed_names(known.holdings.projects.as_deref(), now.holdings.projects.as_deref(), &mut names);
            changed_quotas(&known.holdings, &now.holdings, &mut names);
            people_changed |= match (&known.holdings.users, &now.holdings.users) {
                (Some(was), Some(is)) => !Arc::ptr_eq(was, is),
                (was, is) => was.is_some() != is.is_some(),
            };
            known.holdings = Arc::clone(&now.holdings);
        }
        if people_changed {
            self.people = Arc::new(people_of(fleet));
        }
        if !names.is_empty() {
            let projects = Arc::make_mut(&mut self.projects);
            for name in &names {
                let place = projects.binary_search_by(|union| union.name.cmp(name));
                match (place, union_of(fleet, name)) {
                    (Ok(at), Some(union)) => projects[at] = Arc::new(union),
                    (Ok(at), None) => drop(projects.remove(at)),
                    (Err(at), Some(union)) => projects.insert(at, Arc::new(union)),
                    (Err(_), None) => {}
                }
            }
        }
        self.is_new |= people_changed || !names.is_empty();
    }
}

/// The names whose facts are others: both lists are sorted by name.
fn changed_names(was: Option<&[Arc<ProjectHoldings>]>, is: Option<&[Arc<ProjectHoldings>]>, names: &mut BTreeSet<Arc<str>>) {
    let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
    let (mut a, mut b) = (0, 0);
    while a < was.len() || b < is.len() {
        let order = match (was.get(a), is.get(b)) {
            (Some(old), Some(new)) => old.project.name.cmp(&new.project.name),
            (Some(_), None) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        if order.is_le() {
            if order.is_lt() || !Arc::ptr_eq(&was[a], &is[b]) {
                names.insert(Arc::clone(&was[a].project.name));
            }
            a += 1;
        } else {
            names.insert(Arc::clone(&is[b].project.name));
        }
        if order.is_ge() {
            b += 1;
        }
    }
}

/// The names whose quotas in the list of all of them are others.
fn changed_quotas(was: &Holdings, is: &Holdings, names: &mut BTreeSet<Arc<str>>) {
    let (Some(new), old) = (&is.quotas, &was.quotas) else { return };
    if old.as_ref().is_some_and(|old| Arc::ptr_eq(old, new)) {
        return;
    }
    let old: BTreeMap<&str, _> = old.iter().flat_map(|old| old.iter()).map(|quota| (&*quota.project, quota.usage)).collect();
    let gone = old.keys().filter(|name| new.binary_search_by(|q| (*q.project).cmp(name)).is_err()).map(|name| Arc::from(*name));
    names.extend(gone);
    names.extend(new.iter().filter(|quota| old.get(&*quota.project) != Some(&quota.usage)).map(|quota| Arc::clone(&quota.project)));
}

/// A project over all registries; `None` where it is in none.
fn union_of(fleet: &Fleet, name: &Arc<str>) -> Option<ProjectUnion> {
    let found = fleet.registries.iter().enumerate();
    let places: Vec<ProjectPlace> =
        found.filter_map(|(registry, r)| Some(ProjectPlace { registry, holdings: Arc::clone(r.holdings.project(name)?) })).collect();
    let first = places.first()?;
    let name = Arc::clone(&first.holdings.project.name);
    let members = members_of(&places);
    let mut union = ProjectUnion { name, places, members, drift: Drift::default() };
    union.drift = drift_of(fleet, &union);
    Some(union)
}

/// A kind, and the roles by registry.
type Roles<'a> = (&'a MemberKind, Vec<(usize, Role)>);

fn members_of(places: &[ProjectPlace]) -> Vec<MemberUnion> {
    // People before groups, whatever else there may be last.
    let rank = |kind: &MemberKind| match kind {
        MemberKind::User => 0,
        MemberKind::Group => 1,
        MemberKind::Other(_) => 2,
    };
    let mut all: BTreeMap<(u8, &Arc<str>), Roles<'_>> = BTreeMap::new();
    for place in places {
        for member in place.holdings.members.iter().flat_map(|members| &members.listed) {
            let (_, roles) = all.entry((rank(&member.kind), &member.name)).or_insert_with(|| (&member.kind, Vec::new()));
            roles.push((place.registry, member.role));
        }
    }
    all.into_iter().map(|((_, name), (kind, roles))| MemberUnion { name: Arc::clone(name), kind: kind.clone(), roles }).collect()
}

/// Compares the registries of each `match` group in which the project is.
fn drift_of(fleet: &Fleet, union: &ProjectUnion) -> Drift {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, registry) in fleet.registries.iter().enumerate() {
        if let Some(group) = &registry.spec.group {
            groups.entry(group).or_default().push(at);
        }
    }
    let mut drift = Drift::default();
    for group in groups.into_values().filter(|group| group.len() > 1 && group.iter().any(|at| union.at(fleet, *at).here().is_some())) {
        drift.missing.extend(group.iter().filter(|at| matches!(union.at(fleet, **at), Presence::Absent)));
        drift.unknown |= group.iter().any(|at| matches!(union.at(fleet, *at), Presence::Unknown));
        let here: Vec<usize> = group.into_iter().filter(|at| union.at(fleet, *at).here().is_some()).collect();
        drift.visibility |= differs(here.iter().filter_map(|at| union.at(fleet, *at).here()).map(|p| p.project.is_public()));
        let usages: Vec<_> = here.iter().map(|at| union.usage_at(fleet, *at)).collect();
        drift.unknown |= here.len() > 1 && usages.contains(&Presence::Unknown);
        drift.quota |= differs(usages.into_iter().filter_map(Presence::here).map(|usage| usage.hard));
        let read = |at: &&usize| union.at(fleet, **at).here().is_some_and(|p| p.members.is_some());
        drift.unknown |= here.len() > 1 && here.iter().filter(read).count() < here.len();
        let differing = union.members.iter().filter(|member| {
            let roles = here.iter().map(|at| union.role_at(fleet, member, *at)).filter(|role| *role != Presence::Unknown);
            differs(roles)
        });
        drift.members += u32::try_from(differing.count()).unwrap_or(u32::MAX);
    }
    drift
}

fn differs<T: PartialEq>(mut all: impl Iterator<Item = T>) -> bool {
    all.next().is_some_and(|first| all.any(|other| other != first))
}

fn people_of(fleet: &Fleet) -> Vec<Person> {
    let mut all: BTreeMap<&Arc<str>, Person> = BTreeMap::new();
    for (at, registry) in fleet.registries.iter().enumerate() {
        for user in registry.holdings.users.iter().flat_map(|users| users.iter()) {
            let blank = || Person { name: Arc::clone(&user.name), realname: None, email: None, places: Vec::new() };
            let person = all.entry(&user.name).or_insert_with(blank);
            let told = |words: &Option<Arc<str>>| words.clone().filter(|words| !words.is_empty());
            // Some Harbors have the account's name there: a name that says more goes before.
            let says_more = |name: &Arc<str>| **name != *user.name;
            let known = person.realname.take();
            let is_known = known.as_ref().is_some_and(says_more);
            person.realname = told(&user.realname).filter(|name| known.is_none() || (!is_known && says_more(name))).or(known);
            person.email = person.email.take().or_else(|| told(&user.email));
            person.places.push((at, if user.sysadmin { Power::Sysadmin } else { Power::User }));
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests;
