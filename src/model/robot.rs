//! A robot account: what it may do, where, and until when.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock::Stamp;
use super::words::open_words;

open_words! {
    /// Where a robot belongs.
    RobotLevel { System = "system", Project = "project" }
}

/// One thing a robot may do; `effect` is empty for allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    pub resource: Arc<str>,
    pub action: Arc<str>,
    pub effect: Option<Arc<str>>,
}

/// What a robot may do in one place: the system (`/`), every project (`*`), or one project by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RobotGrant {
    pub kind: RobotLevel,
    pub namespace: Arc<str>,
    pub access: Vec<Access>,
}

/// A robot account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Robot {
    pub id: i64,
    /// In full: `robot$ci`, `robot$payment+ci`; the prefix is configurable.
    pub name: Arc<str>,
    pub description: Option<Arc<str>>,
    pub level: RobotLevel,
    pub disabled: bool,
    pub editable: bool,
    /// `None`: never.
    pub expires: Option<Stamp>,
    /// Days it was made for; `None`: for ever.
    pub days: Option<u32>,
    pub grants: Vec<RobotGrant>,
    pub created: Option<Stamp>,
    pub updated: Option<Stamp>,
}

/// How long before its end a robot is worth a word: two weeks, to put a new secret into every pipeline. Harbor makes them
/// for 30 days unless told otherwise, and a new one should not begin with a warning.
pub const EXPIRES_SOON_MS: u64 = 14 * 86_400_000;

impl Robot {
    /// True while it still works and will not for long.
    #[must_use]
    pub fn expires_soon(&self, now: Stamp) -> bool {
        !self.is_expired(now) && self.expires_in_ms(now).is_some_and(|left| left < EXPIRES_SOON_MS)
    }

    /// True once its credential is refused by age.
    #[must_use]
    pub fn is_expired(&self, now: Stamp) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    /// Milliseconds until it expires, 0 when it has; `None`: never.
    #[must_use]
    pub fn expires_in_ms(&self, now: Stamp) -> Option<u64> {
        self.expires.map(|at| at.since(now))
    }

    /// Whether it may do something in a project, by what it was given. A disabled robot may nothing.
    #[must_use]
    pub fn may(&self, project: &str, resource: &str, action: &str) -> bool {
        let of_place =
            |grant: &&RobotGrant| grant.kind == RobotLevel::Project && (&*grant.namespace == "*" || &*grant.namespace == project);
        let of_deed = |access: &Access| &*access.resource == resource && (&*access.action == action || &*access.action == "*");
        let mut found = self.grants.iter().filter(of_place).flat_map(|grant| &grant.access).filter(|a| of_deed(a)).peekable();
        !self.disabled && found.peek().is_some() && found.all(|a| a.effect.as_deref() != Some("deny"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn robot() -> Robot {
        let access = |action: &str, effect: Option<&str>| Access {
            resource: "repository".into(),
            action: action.into(),
            effect: effect.map(Into::into),
        };
        Robot {
            id: 3,
            name: "robot$payment+ci".into(),
            description: None,
            level: RobotLevel::Project,
            disabled: false,
            editable: true,
            expires: Some(Stamp(1_000)),
            days: Some(30),
            grants: vec![RobotGrant {
                kind: RobotLevel::Project,
                namespace: "payment".into(),
                access: vec![access("pull", None), access("push", Some("allow")), access("delete", Some("deny"))],
            }],
            created: None,
            updated: None,
        }
    }

    #[test]
    fn a_robot_may_what_it_was_given_there_and_nothing_else() {
        let mut robot = robot();
        assert!(robot.may("payment", "repository", "push"));
        assert!(!robot.may("search", "repository", "push"));
        assert!(!robot.may("payment", "repository", "delete"));
        assert!(!robot.may("payment", "member", "list"));
        robot.disabled = true;
        assert!(!robot.may("payment", "repository", "pull"));
    }

    #[test]
    fn expiry_is_a_moment() {
        let robot = robot();
        assert!(robot.is_expired(Stamp(1_000)) && !robot.is_expired(Stamp(999)));
        assert_eq!(robot.expires_in_ms(Stamp(400)), Some(600));
        assert_eq!(robot.expires_in_ms(Stamp(4_000)), Some(0));
    }
}
