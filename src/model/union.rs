//! Projects and people over all registries, joined by name: their ids differ from Harbor to Harbor.

use std::sync::Arc;

use super::fleet::Fleet;
use super::member::{MemberKind, Role};
use super::quota::Usage;
use super::registry::{ProjectHoldings, Question, Registry};

/// What one registry has of something that others have too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence<T> {
    Here(T),
    /// It was read, and it is not there.
    Absent,
    /// It was not read, or we may not see it.
    Unknown,
}

impl<T> Presence<T> {
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Presence<U> {
        self.and_then(|here| Presence::Here(to(here)))
    }

    /// `Unknown` where what is there does not tell.
    pub fn known<U>(self, to: impl FnOnce(T) -> Option<U>) -> Presence<U> {
        self.and_then(|here| to(here).map_or(Presence::Unknown, Presence::Here))
    }

    pub fn and_then<U>(self, to: impl FnOnce(T) -> Presence<U>) -> Presence<U> {
        match self {
            Self::Here(here) => to(here),
            Self::Absent => Presence::Absent,
            Self::Unknown => Presence::Unknown,
        }
    }

    /// `None` where nobody knows.
    pub fn is_here(&self) -> Option<bool> {
        match self {
            Self::Here(_) => Some(true),
            Self::Absent => Some(false),
            Self::Unknown => None,
        }
    }

    pub fn here(self) -> Option<T> {
        if let Self::Here(here) = self { Some(here) } else { None }
    }
}

/// A project in one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectPlace {
    /// Index into the same Fleet's `registries`.
    pub registry: usize,
    pub holdings: Arc<ProjectHoldings>,
}

/// Someone who is a member of a project in at least one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberUnion {
    pub name: Arc<str>,
    pub kind: MemberKind,
    /// By registry, ascending; only where listed.
    pub roles: Vec<(usize, Role)>,
}

/// Where registries that should be equal (of one `match` group) are not. What was not read is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Registries of a group that should have the project and have not.
    pub missing: Vec<usize>,
    pub visibility: bool,
    pub quota: bool,
    /// Members whose role is not the same everywhere.
    pub members: u32,
    /// Something could not be compared.
    pub unknown: bool,
}

impl Drift {
    /// True where something differs.
    #[must_use]
    pub fn is_any(&self) -> bool {
        !self.missing.is_empty() || self.visibility || self.quota || self.members > 0
    }
}

/// A project over all registries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectUnion {
    pub name: Arc<str>,
    /// Where it is, by registry ascending.
    pub places: Vec<ProjectPlace>,
    /// People, then groups, by name.
    pub members: Vec<MemberUnion>,
    pub drift: Drift,
}

impl ProjectUnion {
    /// The project in one registry.
    #[must_use]
    pub fn at<'f>(&'f self, fleet: &Fleet, registry: usize) -> Presence<&'f Arc<ProjectHoldings>> {
        if let Some(place) = self.places.iter().find(|place| place.registry == registry) {
            return Presence::Here(&place.holdings);
        }
        match fleet.registries.get(registry) {
            Some(registry) if lists_all(registry) => Presence::Absent,
            _ => Presence::Unknown,
        }
    }

    /// A member's role in one registry. A member who is not listed where ghosts are counted may be one of them.
    #[must_use]
    pub fn role_at(&self, fleet: &Fleet, member: &MemberUnion, registry: usize) -> Presence<Role> {
        if let Some((_, role)) = member.roles.iter().find(|(at, _)| *at == registry) {
            return Presence::Here(*role);
        }
        match self.at(fleet, registry) {
            Presence::Here(project) => match &project.members {
                Some(members) if members.ghosts() == 0 => Presence::Absent,
                _ => Presence::Unknown,
            },
            Presence::Absent => Presence::Absent,
            Presence::Unknown => Presence::Unknown,
        }
    }

    /// Members that are counted and not listed there.
    #[must_use]
    pub fn ghosts_at(&self, fleet: &Fleet, registry: usize) -> Presence<u64> {
        self.at(fleet, registry).known(|project| project.members.as_ref().map(|members| members.ghosts()))
    }

    /// True where some registry counts members that it does not list.
    #[must_use]
    pub fn has_ghosts(&self) -> bool {
        self.places.iter().any(|place| place.holdings.members.as_ref().is_some_and(|members| members.ghosts() > 0))
    }

    /// Bytes used and allowed there; `Unknown` where the credential may not see it.
    #[must_use]
    pub fn usage_at(&self, fleet: &Fleet, registry: usize) -> Presence<Usage> {
        self.at(fleet, registry).known(|project| fleet.registries.get(registry).and_then(|r| r.holdings.usage(project)))
    }
}

/// Whether a project that a registry did not list is not there: whoever asked sees all of them.
#[must_use]
pub fn lists_all(registry: &Registry) -> bool {
    let holdings = &registry.holdings;
    holdings.projects.is_some() && !holdings.denied.contains_key(&Question::Projects) && holdings.sees_all()
}

/// A person over all registries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: Arc<str>,
    /// Of the first registry that knows one.
    pub realname: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    /// By registry, ascending: whether they administer it.
    pub places: Vec<(usize, Power)>,
}

/// What someone may do in a whole registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    User,
    /// May everything, in every project.
    Sysadmin,
}

impl Person {
    /// What they are in one registry.
    #[must_use]
    pub fn at(&self, fleet: &Fleet, registry: usize) -> Presence<Power> {
        if let Some((_, power)) = self.places.iter().find(|(at, _)| *at == registry) {
            return Presence::Here(*power);
        }
        match fleet.registries.get(registry) {
            Some(registry) if registry.holdings.users.is_some() => Presence::Absent,
            _ => Presence::Unknown,
        }
    }
}

/// A person by name, of those sorted by it.
#[must_use]
pub fn person<'f>(people: &'f [Person], name: &str) -> Option<&'f Person> {
    people.binary_search_by(|person| (*person.name).cmp(name)).ok().map(|at| &people[at])
}

/// A Harbor's first administrator, who is in every Harbor and whom its list of users leaves out (recorded, row 29).
const FIRST_ADMIN: &str = "admin";

/// What someone is in one registry, also of those whom no registry knows.
#[must_use]
pub fn power_at(fleet: &Fleet, name: &str, registry: usize) -> Presence<Power> {
    match (person(&fleet.derived.people, name), fleet.registries.get(registry)) {
        (Some(person), _) => person.at(fleet, registry),
        (None, _) if name == FIRST_ADMIN => Presence::Here(Power::Sysadmin),
        (None, Some(registry)) if registry.holdings.users.is_some() => Presence::Absent,
        (None, _) => Presence::Unknown,
    }
}
