//! Members of projects and their roles.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;

use super::audit::Note;
use super::listing::{self, Page};
use super::refusal::{Refusal, Reply};
use super::state::{Kind, Member, Project};
use super::{Ask, Harbor, roles};

impl Harbor {
    /// Adds a member by name; nothing happens where no such user is.
    pub fn add_member(&mut self, project: &str, user: &str, role: i64) {
        let Some(entity) = self.user(user).map(|user| user.id) else { return };
        self.enrol(project, Member { id: 0, entity, is_group: false, role });
    }

    /// Adds a group as a member by name; nothing happens where no such group is.
    pub fn add_group_member(&mut self, project: &str, group: &str, role: i64) {
        let Some(entity) = self.group_named(group).map(|group| group.id) else { return };
        self.enrol(project, Member { id: 0, entity, is_group: true, role });
    }

    fn enrol(&mut self, project: &str, mut member: Member) {
        member.id = self.sequences.next(Kind::Member);
        if let Some(project) = self.project_mut(project) {
            project.members.push(member);
        }
    }

    /// A member with a role that Harbor does not know is not listed and yet counted; so is everyone the name leaves out.
    pub(super) fn list_members(&mut self, ask: &Ask<'_>) -> Reply {
        let project = &self.projects[self.place_of_project(ask, "member", "list")?];
        let name = ask.request.param("entityname").filter(|name| !name.is_empty());
        let page = Page::of(ask.request)?;
        let mut rows: Vec<(&Member, String)> = project.members.iter().map(|member| (member, self.entity_name(member))).collect();
        rows.retain(|(member, own)| roles::name(member.role).is_some() && name.as_ref().is_none_or(|name| name == own));
        rows.sort_by(|left, right| left.1.cmp(&right.1));
        let rows = page.cut(rows).iter().map(|(member, _)| self.draw_member(project, member)).collect();
        Ok(listing::answer(ask.request, page, project.members.len(), rows))
    }

    pub(super) fn read_member(&mut self, ask: &Ask<'_>) -> Reply {
        let project = &self.projects[self.place_of_project(ask, "member", "read")?];
        let id = ask.id(1);
        let found = project.members.iter().find(|member| member.id == id && roles::name(member.role).is_some());
        let member =
            found.ok_or_else(|| Refusal::not_found(format!("project member is not found, project id {}, member id {id}", project.id)))?;
        Ok(Answer::json(200, &self.draw_member(project, member)))
    }

    pub(super) fn create_member(&mut self, ask: &Ask<'_>) -> Reply {
        let project = self.find_project(ask, 0)?;
        let (id, name) = (project.id, project.name.clone());
        let made = self.try_create_member(ask);
        let by = self.name_of(&ask.caller);
        let (resource, description) = match &made {
            Ok((_, entity)) => (entity.as_str(), format!("create {entity} in project {name}")),
            Err(_) => ("", format!("create member in project {name}")),
        };
        let resource = resource.rsplit(' ').next().unwrap_or_default();
        let note = Note { operation: "create", kind: "member", resource, description, succeeded: made.is_ok(), project: Some(id) };
        self.note(&by, ask.now, note);
        made.map(|(answer, _)| answer)
    }

    fn try_create_member(&mut self, ask: &Ask<'_>) -> Result<(Answer, String), Refusal> {
        let at = self.place_of_project(ask, "member", "create")?;
        let asked = ask.request.json();
        let role = asked["role_id"].as_i64().unwrap_or_default();
        let (user, group) = (&asked["member_user"], &asked["member_group"]);
        let (entity, is_group) = if user.is_object() {
            let name = user["username"].as_str().unwrap_or_default();
            let found = match user["user_id"].as_i64().filter(|id| *id > 0) {
                Some(id) => self.users.iter().find(|user| user.id == id),
                None => self.user(name),
            };
            (found.map(|user| user.id).ok_or_else(|| Refusal::not_found(format!("user {name} is not found")))?, false)
        } else if group.is_object() {
            let name = group["group_name"].as_str().unwrap_or_default();
            let found = match group["id"].as_i64().filter(|id| *id > 0) {
                Some(id) => self.group(id).map(|group| group.id),
                None => self.group_named(name).map(|group| group.id),
            };
            let made = found.or_else(|| {
                let kind = group["group_type"].as_i64().filter(|_| !name.is_empty())?;
                Some(self.add_group(name, kind, group["ldap_group_dn"].as_str().unwrap_or_default()))
            });
            (made.ok_or_else(|| Refusal::bad_request("failed to find or create the user group"))?, true)
        } else {
            return Err(Refusal::bad_request("at least one of member_user or member_group must be provided"));
        };
        let project = &self.projects[at];
        if project.members.iter().any(|member| member.entity == entity && member.is_group == is_group) {
            return Err(Refusal::conflict("The project member specified already exist"));
        }
        if roles::name(role).is_none() {
            return Err(Refusal::bad_request(format!("role id {role} is not valid")));
        }
        let id = self.sequences.next(Kind::Member);
        let member = Member { id, entity, is_group, role };
        let entity = self.spoken_of(&member);
        let project = &mut self.projects[at];
        project.members.push(member);
        let place = format!("{}/{id}", ask.request.path.trim_end_matches('/'));
        Ok((Answer::empty(201).with("Location", &place), entity))
    }

    /// Any role is stored, and a member that is not there is changed with success.
    pub(super) fn change_member(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "member", "update")?;
        let (id, role) = (ask.id(1), ask.request.json()["role_id"].as_i64().unwrap_or_default());
        if let Some(member) = self.projects[at].members.iter_mut().find(|member| member.id == id) {
            member.role = role;
        }
        self.note_member(ask, at, "update", "in");
        Ok(Answer::empty(200))
    }

    /// A member that is not there is removed with success.
    pub(super) fn remove_member(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "member", "delete")?;
        let id = ask.id(1);
        self.note_member(ask, at, "delete", "from");
        self.projects[at].members.retain(|member| member.id != id);
        Ok(Answer::empty(200))
    }

    fn note_member(&mut self, ask: &Ask<'_>, at: usize, operation: &'static str, preposition: &str) {
        let project = &self.projects[at];
        let id = ask.id(1);
        let found = project.members.iter().find(|member| member.id == id && roles::name(member.role).is_some());
        let entity = found.map_or_else(|| format!("member {id}"), |member| self.spoken_of(member));
        let description = format!("{operation} {entity} {preposition} project {}", project.name);
        let (by, project) = (self.name_of(&ask.caller), Some(project.id));
        let resource = entity.rsplit(' ').next().unwrap_or_default();
        self.note(&by, ask.now, Note { operation, kind: "member", resource, description, succeeded: true, project });
    }

    fn spoken_of(&self, member: &Member) -> String {
        format!("{} member {}", if member.is_group { "group" } else { "user" }, self.entity_name(member))
    }

    fn entity_name(&self, member: &Member) -> String {
        let name = if member.is_group {
            self.group(member.entity).map(|group| group.name.clone())
        } else {
            self.users.iter().find(|user| user.id == member.entity).map(|user| user.name.clone())
        };
        name.unwrap_or_default()
    }

    fn draw_member(&self, project: &Project, member: &Member) -> Value {
        json!({"id": member.id, "project_id": project.id, "entity_id": member.entity, "entity_name": self.entity_name(member),
            "entity_type": if member.is_group { "g" } else { "u" }, "role_id": member.role,
            "role_name": roles::name(member.role).unwrap_or_default()})
    }
}
