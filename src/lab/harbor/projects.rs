//! Projects, their metadata and what they come to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::lab::exchange::Answer;
use crate::model::clock::Stamp;

use super::audit::Note;
use super::caller::Caller;
use super::listing::{self, Facts};
use super::refusal::{Refusal, Reply};
use super::state::{Kind, Member, Project, Quota, Visibility, put, time};
use super::{Ask, Harbor, roles};

const HAS_REPOSITORIES: &str = "the project contains repositories, can not be deleted";

impl Harbor {
    /// Adds a project with its quota and its owner as administrator; `hard` is in bytes, -1 for no limit.
    pub fn add_project(&mut self, name: &str, owner: i64, seen: Visibility, hard: i64, now: Stamp) -> i64 {
        let id = self.sequences.next(Kind::Project);
        let quota = Quota { id: self.sequences.next(Kind::Quota), hard, created: now, updated: now };
        let member = Member { id: self.sequences.next(Kind::Member), entity: owner, is_group: false, role: roles::PROJECT_ADMIN };
        self.projects.push(Project {
            id,
            name: name.into(),
            owner,
            metadata: BTreeMap::from([("public".to_owned(), (seen == Visibility::Public).to_string())]),
            created: now,
            updated: now,
            quota,
            members: vec![member],
            repositories: Vec::new(),
            immutables: Vec::new(),
            blobs: super::state::Blobs::default(),
        });
        id
    }

    /// Makes a project for somebody, with its line in the audit log. A robot's project belongs to the first administrator.
    pub(super) fn make_project(&mut self, by: &Caller, name: &str, seen: Visibility, hard: i64, now: Stamp) -> i64 {
        let first = self.users.iter().find(|user| user.admin).map_or(1, |user| user.id);
        let owner = if let Caller::User(id) = by { *id } else { first };
        let id = self.add_project(name, owner, seen, hard, now);
        let user = self.name_of(by);
        self.note_project(&user, "create", id, name, now);
        id
    }

    /// The project in that place of the path: a number is an id unless the header says that it is a name.
    pub(super) fn find_project(&self, ask: &Ask<'_>, place: usize) -> Result<&Project, Refusal> {
        let text = ask.part(place);
        let is_name = ask.request.header("X-Is-Resource-Name") == Some("true");
        let id = text.parse::<i64>().ok().filter(|_| !is_name);
        let found = self.projects.iter().find(|project| id.map_or(project.name == text, |id| project.id == id));
        found.ok_or_else(|| Refusal::not_found(format!("project {text} not found")))
    }

    /// As [`Harbor::find_project`] for those who may do this in it; its place in the list.
    pub(super) fn place_of_project(&self, ask: &Ask<'_>, resource: &str, action: &str) -> Result<usize, Refusal> {
        let project = self.find_project(ask, 0)?;
        self.require_project(ask, project, resource, action)?;
        let id = project.id;
        Ok(self.projects.iter().position(|project| project.id == id).unwrap_or_default())
    }

    pub(super) fn draw_project(&self, project: &Project, caller: &Caller) -> Value {
        let owner = self.users.iter().find(|user| user.id == project.owner).map_or("", |user| user.name.as_str());
        let held = match caller {
            Caller::User(id) => self.roles_in(*id, project),
            _ => Vec::new(),
        };
        let zero = time(None);
        let mut row = json!({"project_id": project.id, "name": project.name, "owner_id": project.owner, "owner_name": owner,
            "creation_time": time(Some(project.created)), "update_time": time(Some(project.updated)),
            "metadata": project.metadata, "repo_count": project.repositories.len(),
            "current_user_role_ids": if held.is_empty() { Value::Null } else { json!(held) },
            "cve_allowlist": {"id": project.id, "project_id": project.id, "items": [], "creation_time": zero, "update_time": zero}});
        put(&mut row, "current_user_role_id", held.first().copied().unwrap_or_default());
        row
    }

    pub(super) fn list_projects(&mut self, ask: &Ask<'_>) -> Reply {
        let wanted = |key: &str| ask.request.param(key).filter(|value| !value.is_empty());
        let (name, public, owner) = (wanted("name"), wanted("public"), wanted("owner"));
        let projects = self.projects.iter().filter(|project| {
            self.sees(&ask.caller, project)
                && name.as_ref().is_none_or(|name| project.name.contains(name))
                && public.as_ref().is_none_or(|public| project.is_public() == (public == "true"))
                && owner.as_ref().is_none_or(|owner| self.users.iter().any(|user| user.id == project.owner && user.name == *owner))
        });
        let field = |project: &&Project, key: &str| {
            Some(match key {
                "project_id" => json!(project.id),
                "name" => json!(project.name),
                "owner_id" => json!(project.owner),
                "public" => json!(project.is_public()),
                "creation_time" => json!(project.created.rfc3339()),
                "update_time" => json!(project.updated.rfc3339()),
                _ => return None,
            })
        };
        let facts = Facts { field: &field, sort: "name" };
        listing::list(ask.request, projects.collect(), &facts, |project| self.draw_project(project, &ask.caller))
    }

    pub(super) fn head_project(&mut self, ask: &Ask<'_>) -> Reply {
        Self::require_somebody(ask)?;
        let name = ask.request.param("project_name").unwrap_or_default();
        self.project(&name).map(|_| Answer::empty(200)).ok_or_else(|| Refusal::not_found(format!("project {name} not found")))
    }

    pub(super) fn create_project(&mut self, ask: &Ask<'_>) -> Reply {
        let everyone = self.setting("project_creation_restriction") == "everyone";
        if !everyone || ask.caller == Caller::Anonymous {
            self.require_system(ask, "project", "create")?;
        }
        let asked = ask.request.json();
        let name = asked["project_name"].as_str().unwrap_or_default();
        if name.is_empty() || name.len() > 255 {
            return Err(Refusal::bad_request(format!("Project name {name} is illegal in length. (greater than 255 or less than 1)")));
        }
        if !is_project_name(name) {
            return Err(Refusal::bad_request("project name is not in lower case or contains illegal characters"));
        }
        if self.project(name).is_some() {
            self.sequences.next(Kind::Project);
            return Err(Refusal::conflict(format!("The project named {name} already exists")));
        }
        let limit = asked["storage_limit"].as_i64().filter(|_| self.is_admin(&ask.caller));
        let hard = limit.or_else(|| self.setting("storage_per_project").as_i64()).unwrap_or(-1);
        let public = asked["metadata"]["public"] == "true" || asked["public"] == true;
        let seen = if public { Visibility::Public } else { Visibility::Private };
        let id = self.make_project(&ask.caller, name, seen, hard, ask.now);
        if let (Some(project), Value::Object(metadata)) = (self.projects.last_mut(), &asked["metadata"]) {
            project.metadata.extend(metadata.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
        }
        let by_name = ask.request.header("X-Resource-Name-In-Location") == Some("true");
        let place = if by_name { name.to_owned() } else { id.to_string() };
        Ok(Answer::empty(201).with("Location", &format!("/api/v2.0/projects/{place}")))
    }

    pub(super) fn read_project(&mut self, ask: &Ask<'_>) -> Reply {
        let project = self.find_project(ask, 0)?;
        self.require_project(ask, project, ".", "read")?;
        Ok(Answer::json(200, &self.draw_project(project, &ask.caller)))
    }

    /// Any value is taken as it comes; keys that are not named stay.
    pub(super) fn change_project(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, ".", "update")?;
        let asked = ask.request.json();
        let project = &mut self.projects[at];
        if let Value::Object(metadata) = &asked["metadata"] {
            project.metadata.extend(metadata.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
        }
        let (id, name) = (project.id, project.name.clone());
        let user = self.name_of(&ask.caller);
        self.note_project(&user, "update", id, &name, ask.now);
        Ok(Answer::empty(200))
    }

    pub(super) fn remove_project(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, ".", "delete")?;
        if !self.projects[at].repositories.is_empty() {
            return Err(Refusal::precondition(format!("precondition failed: {HAS_REPOSITORIES}")));
        }
        let project = self.projects.remove(at);
        self.robots.retain(|robot| robot.project != Some(project.id));
        let user = self.name_of(&ask.caller);
        self.note_project(&user, "delete", project.id, &project.name, ask.now);
        Ok(Answer::empty(200))
    }

    pub(super) fn project_deletable(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, ".", "delete")?;
        let empty = self.projects[at].repositories.is_empty();
        Ok(Answer::json(200, &if empty { json!({"deletable": true}) } else { json!({ "message": HAS_REPOSITORIES }) }))
    }

    pub(super) fn project_summary(&mut self, ask: &Ask<'_>) -> Reply {
        let project = &self.projects[self.place_of_project(ask, ".", "read")?];
        let mut shown = json!({"repo_count": project.repositories.len()});
        if self.allows(&ask.caller, project, "quota", "read") {
            shown["quota"] = json!({"hard": {"storage": project.quota.hard}, "used": {"storage": project.blobs.total()}});
        }
        if self.allows(&ask.caller, project, "member", "list") {
            let count = |role: i64| project.members.iter().filter(|member| member.role == role).count();
            for (key, role) in [
                ("project_admin_count", roles::PROJECT_ADMIN),
                ("maintainer_count", roles::MAINTAINER),
                ("developer_count", roles::DEVELOPER),
                ("guest_count", roles::GUEST),
                ("limited_guest_count", roles::LIMITED_GUEST),
            ] {
                put(&mut shown, key, count(role));
            }
        }
        Ok(Answer::json(200, &shown))
    }

    pub(super) fn list_metadata(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "metadata", "read").or_else(|_| self.place_of_project(ask, "metadata", "list"))?;
        Ok(Answer::json(200, &json!(self.projects[at].metadata)))
    }

    pub(super) fn add_metadata(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "metadata", "create")?;
        let Value::Object(asked) = ask.request.json() else { return Err(Refusal::bad_request("invalid metadata")) };
        let metadata = &mut self.projects[at].metadata;
        if let Some(key) = asked.keys().find(|key| metadata.contains_key(*key)) {
            return Err(Refusal::conflict(format!("metadata {key} already exists")));
        }
        metadata.extend(asked.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))));
        Ok(Answer::empty(200))
    }

    pub(super) fn read_metadata(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "metadata", "read")?;
        let key = ask.part(1);
        match self.projects[at].metadata.get(key) {
            Some(value) => Ok(Answer::json(200, &json!({ key: value }))),
            None => Err(Refusal::not_found(format!("metadata {key} not found"))),
        }
    }

    pub(super) fn change_metadata(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "metadata", "update")?;
        let key = ask.part(1).to_owned();
        let asked = ask.request.json();
        let value = asked[&key].as_str().ok_or_else(|| Refusal::bad_request(format!("{key} is missing")))?;
        self.projects[at].metadata.insert(key, value.to_owned());
        Ok(Answer::empty(200))
    }

    pub(super) fn remove_metadata(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_project(ask, "metadata", "delete")?;
        self.projects[at].metadata.remove(ask.part(1));
        Ok(Answer::empty(200))
    }

    fn note_project(&mut self, user: &str, operation: &'static str, id: i64, name: &str, now: Stamp) {
        let description = format!("{operation} project: {name}");
        self.note(user, now, Note { operation, kind: "project", resource: name, description, succeeded: true, project: Some(id) });
    }
}

/// Lower case letters and digits, parted by single dots, dashes or underscores.
fn is_project_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_mark = |c: char| matches!(c, '.' | '-' | '_');
    let marks: Vec<char> = name.chars().collect();
    name.chars().all(|c| is_word(c) || is_mark(c))
        && name.chars().next().is_some_and(is_word)
        && name.chars().next_back().is_some_and(is_word)
        && !marks.windows(2).any(|pair| is_mark(pair[0]) && is_mark(pair[1]))
}
