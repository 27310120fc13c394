//! Users and groups.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;
use crate::model::clock::Stamp;

use super::audit::Note;
use super::caller::Caller;
use super::listing::{self, Facts};
use super::refusal::{Refusal, Reply};
use super::state::{Group, Kind, User, put, time};
use super::{Ask, Harbor, roles};

impl Harbor {
    /// Adds a user as `POST /users` does, without its checks.
    pub fn add_user(&mut self, name: &str, realname: &str, password: &str, now: Stamp) -> i64 {
        let id = self.sequences.next(Kind::User);
        self.users.push(User {
            id,
            name: name.into(),
            email: String::new(),
            realname: realname.into(),
            comment: String::new(),
            password: password.into(),
            admin: false,
            created: now,
            updated: now,
        });
        id
    }

    pub(super) fn list_users(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "user", "list")?;
        // The installer's two are left out.
        let users = self.users.iter().filter(|user| user.id > 2).collect();
        let field = |user: &&User, key: &str| {
            Some(match key {
                "user_id" => json!(user.id),
                "username" => json!(user.name),
                "email" => json!(user.email),
                "realname" => json!(user.realname),
                _ => return None,
            })
        };
        listing::list(ask.request, users, &Facts { field: &field, sort: "username" }, |user| drawn(user))
    }

    pub(super) fn search_users(&mut self, ask: &Ask<'_>) -> Reply {
        Self::require_somebody(ask)?;
        let wanted = ask.request.param("username").unwrap_or_default();
        let users = self.users.iter().filter(|user| user.id > 2 && user.name.contains(&wanted)).collect();
        let facts = Facts { field: &|_: &&User, _: &str| None, sort: "" };
        listing::list(ask.request, users, &facts, |user| json!({"user_id": user.id, "username": user.name}))
    }

    pub(super) fn create_user(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "user", "create")?;
        let made = self.try_create_user(ask);
        let asked = ask.request.json();
        let name = asked["username"].as_str().unwrap_or_default();
        let shown = if made.is_ok() { name } else { "" };
        let user = self.name_of(&ask.caller);
        let note = Note {
            operation: "create",
            kind: "user",
            resource: shown,
            description: format!("create user with name: {shown}"),
            succeeded: made.is_ok(),
            project: None,
        };
        self.note(&user, ask.now, note);
        made
    }

    fn try_create_user(&mut self, ask: &Ask<'_>) -> Reply {
        let asked = ask.request.json();
        let text = |key: &str| asked[key].as_str().unwrap_or_default().to_owned();
        let (name, email, password) = (text("username"), text("email"), text("password"));
        if name.is_empty() || name.len() > 255 {
            return Err(Refusal::bad_request("username with illegal length"));
        }
        if !is_strong(&password) {
            return Err(Refusal::bad_request(WEAK_PASSWORD));
        }
        if self.users.iter().any(|user| user.name == name || (!email.is_empty() && user.email == email)) {
            return Err(Refusal::conflict(format!("user {name} or email {email} already exists")));
        }
        let id = self.add_user(&name, &text("realname"), &password, ask.now);
        if let Some(user) = self.users.last_mut() {
            user.email = email;
            user.comment = text("comment");
        }
        Ok(Answer::empty(201).with("Location", &format!("/api/v2.0/users/{id}")))
    }

    pub(super) fn current_user(&mut self, ask: &Ask<'_>) -> Reply {
        match &ask.caller {
            Caller::Anonymous => Err(Refusal::unauthorized()),
            Caller::Robot(_) => Err(Refusal::precondition("get current user not available for security context: robot")),
            Caller::User(id) => self.shown_user(*id),
        }
    }

    pub(super) fn read_user(&mut self, ask: &Ask<'_>) -> Reply {
        if ask.caller != Caller::User(ask.id(0)) {
            self.require_system(ask, "user", "read")?;
        }
        self.shown_user(ask.id(0))
    }

    fn shown_user(&self, id: i64) -> Reply {
        let user = self.users.iter().find(|user| user.id == id);
        user.map(|user| Answer::json(200, &drawn(user))).ok_or_else(|| Refusal::not_found(format!("user {id} not found")))
    }

    /// Empty over the system, for robots too: it proves a credential, not its rights.
    pub(super) fn current_permissions(&mut self, ask: &Ask<'_>) -> Reply {
        Self::require_somebody(ask)?;
        let scope = ask.request.param("scope").unwrap_or_default();
        let project = scope.strip_prefix("/project/").and_then(|id| id.parse::<i64>().ok());
        let project = project.and_then(|id| self.projects.iter().find(|project| project.id == id));
        let mut held: Vec<roles::Right> = Vec::new();
        if let (Some(project), Caller::User(id)) = (project, &ask.caller) {
            for right in self.roles_in(*id, project).into_iter().flat_map(roles::rights) {
                if !held.contains(&right) {
                    held.push(right);
                }
            }
        }
        let relative = ask.request.flag("relative");
        let shown = |resource: &str| match (relative, resource) {
            (true, _) => resource.to_owned(),
            (false, ".") => scope.clone(),
            (false, _) => format!("{scope}/{resource}"),
        };
        let rows = held.into_iter().map(|(resource, action)| json!({"resource": shown(resource), "action": action})).collect();
        Ok(Answer::json(200, &Value::Array(rows)))
    }

    pub(super) fn change_sysadmin(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "user", "update")?;
        let admin = ask.request.json()["sysadmin_flag"].as_bool().unwrap_or_default();
        self.change_user(ask, |user| user.admin = admin)
    }

    pub(super) fn change_password(&mut self, ask: &Ask<'_>) -> Reply {
        if ask.caller != Caller::User(ask.id(0)) {
            self.require_system(ask, "user", "update")?;
        }
        let password = ask.request.json()["new_password"].as_str().unwrap_or_default().to_owned();
        if !is_strong(&password) {
            return Err(Refusal::bad_request(WEAK_PASSWORD));
        }
        self.change_user(ask, |user| user.password = password)
    }

    fn change_user(&mut self, ask: &Ask<'_>, change: impl FnOnce(&mut User)) -> Reply {
        let id = ask.id(0);
        let user = self.users.iter_mut().find(|user| user.id == id).ok_or_else(|| Refusal::not_found(format!("user {id} not found")))?;
        change(user);
        user.updated = ask.now;
        Ok(Answer::empty(200))
    }

    pub(super) fn remove_user(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "user", "delete")?;
        let id = ask.id(0);
        if id <= 2 || ask.caller == Caller::User(id) {
            return Err(Refusal::forbidden(format!("User with ID {id} cannot be deleted")));
        }
        let name = self.users.iter().find(|user| user.id == id).map(|user| user.name.clone());
        let Some(name) = name else { return Err(Refusal::not_found(format!("user {id} not found"))) };
        self.users.retain(|user| user.id != id);
        for project in &mut self.projects {
            project.members.retain(|member| member.is_group || member.entity != id);
        }
        let by = self.name_of(&ask.caller);
        let description = format!("delete user with name: {name}");
        self.note(&by, ask.now, Note { operation: "delete", kind: "user", resource: &name, description, succeeded: true, project: None });
        Ok(Answer::empty(200))
    }

    pub(super) fn list_groups(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "user-group", "list")?;
        self.groups_named(ask, "group_name")
    }

    pub(super) fn search_groups(&mut self, ask: &Ask<'_>) -> Reply {
        Self::require_somebody(ask)?;
        self.groups_named(ask, "groupname")
    }

    fn groups_named(&self, ask: &Ask<'_>, param: &str) -> Reply {
        let wanted = ask.request.param(param).unwrap_or_default();
        let groups = self.groups.iter().filter(|group| group.name.contains(&wanted)).collect();
        let facts = Facts { field: &|_: &&Group, _: &str| None, sort: "" };
        listing::list(ask.request, groups, &facts, |group| {
            let mut row = json!({"group_name": group.name, "group_type": group.kind, "id": group.id});
            put(&mut row, "ldap_group_dn", group.ldap_dn.as_str());
            row
        })
    }

    pub(super) fn create_group(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "user-group", "create")?;
        let asked = ask.request.json();
        let (name, kind) = (asked["group_name"].as_str().unwrap_or_default(), asked["group_type"].as_i64().unwrap_or_default());
        if name.is_empty() {
            return Err(Refusal::bad_request("the group name is empty"));
        }
        if self.groups.iter().any(|group| group.name == name && group.kind == kind) {
            return Err(Refusal::conflict(format!("user group {name} already exists")));
        }
        let id = self.add_group(name, kind, asked["ldap_group_dn"].as_str().unwrap_or_default());
        Ok(Answer::empty(201).with("Location", &format!("/api/v2.0/usergroups/{id}")))
    }

    /// Adds a group: 1 LDAP, 2 HTTP, 3 OIDC.
    pub fn add_group(&mut self, name: &str, kind: i64, ldap_dn: &str) -> i64 {
        let id = self.sequences.next(Kind::Group);
        self.groups.push(Group { id, name: name.into(), kind, ldap_dn: ldap_dn.into() });
        id
    }

    pub(super) fn group(&self, id: i64) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    pub(super) fn group_named(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }
}

const WEAK_PASSWORD: &str = "the password or secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, \
    1 lowercase letter and 1 number";

/// Harbor's rule for passwords and secrets.
pub(super) fn is_strong(text: &str) -> bool {
    (8..=128).contains(&text.len())
        && text.chars().any(char::is_uppercase)
        && text.chars().any(char::is_lowercase)
        && text.chars().any(|c| c.is_ascii_digit())
}

fn drawn(user: &User) -> Value {
    let mut row = json!({"admin_role_in_auth": false, "creation_time": time(Some(user.created)), "realname": user.realname,
        "sysadmin_flag": user.admin, "update_time": time(Some(user.updated)), "user_id": user.id, "username": user.name});
    put(&mut row, "comment", user.comment.as_str());
    put(&mut row, "email", user.email.as_str());
    row
}
