//! Who asks, and what that one may do.

use serde_json::Value;

use crate::lab::exchange::Request;
use crate::model::clock::Stamp;

use super::refusal::Refusal;
use super::roles;
use super::state::{Project, Robot};
use super::{Ask, Harbor};

/// Who a credential turned out to belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// No credential, or one that was refused: Harbor does not tell them apart.
    Anonymous,
    User(i64),
    Robot(i64),
}

impl Harbor {
    /// A wrong credential is not refused here: the request goes on as nobody's.
    pub(super) fn identify(&self, request: &Request, now: Stamp) -> Caller {
        match request.basic() {
            Some((user, secret)) => self.identify_by(&user, &secret, now),
            None => Caller::Anonymous,
        }
    }

    pub(super) fn identify_by(&self, name: &str, secret: &str, now: Stamp) -> Caller {
        if let Some(user) = self.users.iter().find(|user| user.name == name && user.password == secret) {
            return Caller::User(user.id);
        }
        let alive = |robot: &&Robot| !robot.disabled && (robot.expires < 0 || robot.expires > self.own(now).seconds());
        let robot = self.robots.iter().filter(alive).find(|robot| robot.secret == secret && self.robot_name(robot) == name);
        robot.map_or(Caller::Anonymous, |robot| Caller::Robot(robot.id))
    }

    /// With the prefix, and the project of a project's robot.
    pub(super) fn robot_name(&self, robot: &Robot) -> String {
        let prefix = self.settings.get("robot_name_prefix").and_then(Value::as_str).unwrap_or("robot$");
        match robot.project.and_then(|id| self.projects.iter().find(|project| project.id == id)) {
            Some(project) => format!("{prefix}{}+{}", project.name, robot.name),
            None => format!("{prefix}{}", robot.name),
        }
    }

    /// The name that stands in the audit log and in refusals.
    pub(super) fn name_of(&self, caller: &Caller) -> String {
        match caller {
            Caller::Anonymous => "anonymous".into(),
            Caller::User(id) => self.users.iter().find(|user| user.id == *id).map(|user| user.name.clone()).unwrap_or_default(),
            Caller::Robot(id) => self.robots.iter().find(|robot| robot.id == *id).map(|robot| self.robot_name(robot)).unwrap_or_default(),
        }
    }

    pub(super) fn is_admin(&self, caller: &Caller) -> bool {
        matches!(caller, Caller::User(id) if self.users.iter().any(|user| user.id == *id && user.admin))
    }

    /// # Errors
    /// 401 for nobody, 403 with the caller's name for the rest.
    pub(super) fn require_system(&self, ask: &Ask<'_>, resource: &str, action: &str) -> Result<(), Refusal> {
        match &ask.caller {
            Caller::Anonymous => Err(Refusal::unauthorized()),
            caller if self.is_admin(caller) => Ok(()),
            Caller::Robot(id) if self.robot_holds(*id, "system", "/", (resource, action)) => Ok(()),
            caller => Err(Refusal::forbidden(self.name_of(caller))),
        }
    }

    /// # Errors
    /// 401 for nobody.
    pub(super) fn require_somebody(ask: &Ask<'_>) -> Result<(), Refusal> {
        if ask.caller == Caller::Anonymous { Err(Refusal::unauthorized()) } else { Ok(()) }
    }

    /// # Errors
    /// 401 for nobody, 403 for the rest.
    pub(super) fn require_project(&self, ask: &Ask<'_>, project: &Project, resource: &str, action: &str) -> Result<(), Refusal> {
        if self.allows(&ask.caller, project, resource, action) {
            return Ok(());
        }
        Err(if ask.caller == Caller::Anonymous { Refusal::unauthorized() } else { Refusal::forbidden("forbidden") })
    }

    pub(super) fn allows(&self, caller: &Caller, project: &Project, resource: &str, action: &str) -> bool {
        let wanted = (resource, action);
        if project.is_public() && roles::PUBLIC.contains(&wanted) {
            return true;
        }
        match caller {
            Caller::Anonymous => false,
            Caller::User(_) if self.is_admin(caller) => true,
            Caller::User(id) => self.roles_in(*id, project).into_iter().any(|role| roles::rights(role).contains(&wanted)),
            Caller::Robot(id) => {
                let wanted = if resource == "." { ("project", action) } else { wanted };
                self.robot_holds(*id, "project", &project.name, wanted)
            }
        }
    }

    /// The roles that a user has in a project, 1 for the administrators of the system.
    pub(super) fn roles_in(&self, user: i64, project: &Project) -> Vec<i64> {
        let mut found: Vec<i64> =
            project.members.iter().filter(|member| !member.is_group && member.entity == user).map(|member| member.role).collect();
        if self.is_admin(&Caller::User(user)) && !found.contains(&roles::PROJECT_ADMIN) {
            found.push(roles::PROJECT_ADMIN);
        }
        found
    }

    /// Shown in lists of projects.
    pub(super) fn sees(&self, caller: &Caller, project: &Project) -> bool {
        project.is_public()
            || match caller {
                Caller::Anonymous => false,
                Caller::User(id) => !self.roles_in(*id, project).is_empty(),
                Caller::Robot(id) => self.robot_holds(*id, "system", "/", ("project", "list")) || self.robot_names(*id, &project.name),
            }
    }

    fn robot_holds(&self, id: i64, kind: &str, namespace: &str, wanted: (&str, &str)) -> bool {
        let grants = self.robots.iter().find(|robot| robot.id == id).and_then(|robot| robot.permissions.as_array());
        grants.into_iter().flatten().filter(|grant| grant["kind"] == kind).any(|grant| {
            let here = kind == "system" || grant["namespace"] == "*" || grant["namespace"] == namespace;
            let access = grant["access"].as_array();
            here && access.into_iter().flatten().any(|access| access["resource"] == wanted.0 && access["action"] == wanted.1)
        })
    }

    fn robot_names(&self, id: i64, project: &str) -> bool {
        let grants = self.robots.iter().find(|robot| robot.id == id).and_then(|robot| robot.permissions.as_array());
        grants.into_iter().flatten().any(|grant| grant["kind"] == "project" && grant["namespace"] == project)
    }
}
