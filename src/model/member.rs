//! Who belongs to a project, and in which role; the people and groups a Harbor knows.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::clock::Stamp;
use super::text::Text;
use super::words::open_words;

/// A role in a project. The ids are Harbor's (`src/common/const.go`); one that is not known here keeps its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    ProjectAdmin,
    Maintainer,
    Developer,
    Guest,
    LimitedGuest,
    Other(i64),
}

impl Role {
    #[must_use]
    pub fn from_id(id: i64) -> Self {
        match id {
            1 => Self::ProjectAdmin,
            2 => Self::Developer,
            3 => Self::Guest,
            4 => Self::Maintainer,
            5 => Self::LimitedGuest,
            other => Self::Other(other),
        }
    }

    #[must_use]
    pub fn id(self) -> i64 {
        match self {
            Self::ProjectAdmin => 1,
            Self::Developer => 2,
            Self::Guest => 3,
            Self::Maintainer => 4,
            Self::LimitedGuest => 5,
            Self::Other(id) => id,
        }
    }

    /// The name on Harbor's wire; `None` for a role that is not known here.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::ProjectAdmin => Some("projectAdmin"),
            Self::Developer => Some("developer"),
            Self::Guest => Some("guest"),
            Self::Maintainer => Some("maintainer"),
            Self::LimitedGuest => Some("limitedGuest"),
            Self::Other(_) => None,
        }
    }

    /// For table cells.
    #[must_use]
    pub fn word(self) -> Text {
        match self {
            Self::ProjectAdmin => Text::new("admin", "管理员"),
            Self::Maintainer => Text::new("maintainer", "维护者"),
            Self::Developer => Text::new("developer", "开发者"),
            Self::Guest => Text::new("guest", "访客"),
            Self::LimitedGuest => Text::new("limited guest", "受限访客"),
            Self::Other(id) => Text::made(format!("role {id}"), format!("角色 {id}")),
        }
    }

    /// Whether the role may push images; `None` where the role is not known here.
    #[must_use]
    pub fn may_push(self) -> Option<bool> {
        match self {
            Self::ProjectAdmin | Self::Maintainer | Self::Developer => Some(true),
            Self::Guest | Self::LimitedGuest => Some(false),
            Self::Other(_) => None,
        }
    }

    /// Whether the role may change who belongs to the project.
    #[must_use]
    pub fn may_change_members(self) -> Option<bool> {
        match self {
            Self::ProjectAdmin => Some(true),
            Self::Maintainer | Self::Developer | Self::Guest | Self::LimitedGuest => Some(false),
            Self::Other(_) => None,
        }
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(self.id())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        i64::deserialize(from).map(Self::from_id)
    }
}

open_words! {
    /// What a member is: `u` a person (or a robot's owner), `g` a group.
    MemberKind { User = "u", Group = "g" }
}

/// One member of a project. `id` is the membership's own, and per Harbor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub id: i64,
    pub project_id: i64,
    pub name: Arc<str>,
    pub kind: MemberKind,
    pub entity_id: i64,
    pub role: Role,
    /// The role's name as Harbor wrote it.
    pub role_name: Arc<str>,
}

/// The members of a project. A membership with a role that Harbor does not know is counted by it and never listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// In Harbor's order: by name.
    pub listed: Vec<Member>,
    /// `X-Total-Count`; `None` where it was not said.
    pub total: Option<u64>,
}

impl Members {
    /// Members that are counted and not listed.
    #[must_use]
    pub fn ghosts(&self) -> u64 {
        self.total.map_or(0, |total| total.saturating_sub(self.listed.len() as u64))
    }
}

/// A person in a Harbor. Over IDCs known by `name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: i64,
    pub name: Arc<str>,
    pub realname: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    pub sysadmin: bool,
    pub created: Option<Stamp>,
}

/// Where a group comes from; its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    Ldap,
    Http,
    Oidc,
    Other(i64),
}

impl GroupKind {
    #[must_use]
    pub fn from_id(id: i64) -> Self {
        match id {
            1 => Self::Ldap,
            2 => Self::Http,
            3 => Self::Oidc,
            other => Self::Other(other),
        }
    }
}

/// A group. Its people are known to Harbor only at their login, so nobody can list them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: i64,
    pub name: Arc<str>,
    pub kind: GroupKind,
    pub ldap_dn: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_keep_numbers_that_are_not_known() {
        for id in -1..9 {
            assert_eq!(Role::from_id(id).id(), id);
        }
        assert_eq!(Role::from_id(99).word().en, "role 99");
        assert_eq!(Role::from_id(99).may_push(), None);
        assert_eq!(Role::from_id(2).name(), Some("developer"));
    }

    #[test]
    fn ghosts_are_counted_and_never_negative() {
        let mut members = Members { listed: Vec::new(), total: Some(2) };
        assert_eq!(members.ghosts(), 2);
        members.total = None;
        assert_eq!(members.ghosts(), 0);
    }
}
