//! Robot accounts of the system and of projects.

use serde_json::{Value, json};

use crate::lab::exchange::{Answer, digest};
use crate::model::clock::Stamp;

use super::audit::Note;
use super::caller::Caller;
use super::listing::{self, Facts, Filter};
use super::refusal::{Refusal, Reply};
use super::roles;
use super::state::{Kind, Robot, put, time};
use super::users::is_strong;
use super::{Ask, Harbor};

const WEAK_SECRET: &str =
    "the secret must be 8-128, inclusively, characters long with at least 1 uppercase letter, 1 lowercase letter and 1 number";
const DAY: i64 = 86_400;

impl Harbor {
    /// Adds a robot; `duration` is in days, -1 for ever. Its secret is in the returned row.
    pub fn add_robot(&mut self, name: &str, project: Option<&str>, duration: i64, permissions: Value, now: Stamp) -> &mut Robot {
        let id = self.sequences.next(Kind::Robot);
        let project = project.and_then(|name| self.project(name)).map(|project| project.id);
        let robot = Robot {
            id,
            name: name.into(),
            description: String::new(),
            secret: self.fresh_secret(id, now),
            project,
            disabled: false,
            duration,
            expires: if duration < 0 { -1 } else { now.seconds() + duration * DAY },
            permissions,
            creator: 1,
            created: now,
            updated: now,
        };
        self.robots.push(robot);
        let last = self.robots.len() - 1;
        &mut self.robots[last]
    }

    fn fresh_secret(&self, id: i64, now: Stamp) -> String {
        format!("L{}", &digest(format!("{} {id} {now:?}", self.url).as_bytes())[7..38])
    }

    /// The system's only, unless a project is asked for.
    pub(super) fn list_robots(&mut self, ask: &Ask<'_>) -> Reply {
        let filter = Filter::of(ask.request);
        let of_project = filter.exact("Level") == Some("project");
        let project = filter.exact("ProjectID").and_then(|id| id.parse::<i64>().ok());
        match (of_project, project) {
            (true, None) => return Err(Refusal::bad_request("must with project ID when to query project robots")),
            (true, Some(id)) => {
                let found = self.projects.iter().find(|project| project.id == id);
                let found = found.ok_or_else(|| Refusal::not_found(format!("project {id} not found")))?;
                self.require_project(ask, found, "robot", "list")?;
            }
            (false, _) => self.require_system(ask, "robot", "list")?,
        }
        let wanted = project.filter(|_| of_project);
        let robots = self.robots.iter().filter(|robot| robot.project == wanted).collect();
        let field = |robot: &&Robot, key: &str| {
            Some(match key {
                "id" => json!(robot.id),
                "name" => json!(robot.name),
                "creation_time" => json!(robot.created.rfc3339()),
                _ => return None,
            })
        };
        listing::list(ask.request, robots, &Facts { field: &field, sort: "-creation_time" }, |robot| self.draw_robot(robot))
    }

    pub(super) fn read_robot(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_robot(ask, "read")?;
        Ok(Answer::json(200, &self.draw_robot(&self.robots[at])))
    }

    pub(super) fn create_robot(&mut self, ask: &Ask<'_>) -> Reply {
        let asked = ask.request.json();
        let (name, level) = (asked["name"].as_str().unwrap_or_default(), asked["level"].as_str().unwrap_or_default());
        let project = match level {
            "system" => {
                self.require_system(ask, "robot", "create")?;
                None
            }
            "project" => {
                let namespace = asked["permissions"][0]["namespace"].as_str().unwrap_or_default();
                let project = self.project(namespace).ok_or_else(|| Refusal::not_found(format!("project {namespace} not found")))?;
                self.require_project(ask, project, "robot", "create")?;
                Some(project)
            }
            other => return Err(Refusal::bad_request(format!("bad request error level input: {other}"))),
        };
        check(&asked["permissions"])?;
        let duration = asked["duration"].as_i64().unwrap_or_default();
        if name.is_empty() || duration == 0 || duration < -1 {
            return Err(Refusal::bad_request("bad request robot name or duration"));
        }
        let (owner, project_name) = (project.map(|project| project.id), project.map(|project| project.name.clone()));
        if self.robots.iter().any(|robot| robot.name == name && robot.project == owner) {
            self.sequences.next(Kind::Robot);
            return Err(Refusal::conflict(format!("robot account {}:{name} already exists", owner.unwrap_or(0))));
        }
        let creator = if let Caller::User(id) = ask.caller { id } else { 1 };
        let robot = self.add_robot(name, project_name.as_deref(), duration, asked["permissions"].clone(), ask.now);
        robot.description = asked["description"].as_str().unwrap_or_default().into();
        robot.disabled = asked["disable"] == true;
        robot.creator = creator;
        let robot = robot.clone();
        let full = self.robot_name(&robot);
        self.note_robot(ask, "create", &full, owner);
        let body = json!({"id": robot.id, "name": full, "secret": robot.secret, "expires_at": robot.expires, "creation_time": time(Some(robot.created))});
        Ok(Answer::json(201, &body).with("Location", &format!("/api/v2.0/robots/{}", robot.id)))
    }

    /// The whole robot is replaced; its name and level stay.
    pub(super) fn change_robot(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_robot(ask, "update")?;
        let asked = ask.request.json();
        check(&asked["permissions"])?;
        if asked["level"].as_str() != Some(level(&self.robots[at])) {
            return Err(Refusal::bad_request("cannot update the level or name of robot"));
        }
        let robot = &mut self.robots[at];
        robot.disabled = asked["disable"] == true;
        robot.description = asked["description"].as_str().unwrap_or_default().into();
        robot.permissions = asked["permissions"].clone();
        let duration = asked["duration"].as_i64().unwrap_or(robot.duration);
        if duration != robot.duration {
            robot.duration = duration;
            robot.expires = if duration < 0 { -1 } else { robot.created.seconds() + duration * DAY };
        }
        robot.updated = ask.now;
        Ok(Answer::empty(200))
    }

    /// A new secret: the one that was given, or one that is made and told.
    pub(super) fn renew_robot(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_robot(ask, "update")?;
        let given = ask.request.json()["secret"].as_str().unwrap_or_default().to_owned();
        let answer = if given.is_empty() {
            let secret = self.fresh_secret(self.robots[at].id, ask.now);
            self.robots[at].secret.clone_from(&secret);
            json!({ "secret": secret })
        } else if is_strong(&given) {
            self.robots[at].secret = given;
            json!({})
        } else {
            return Err(Refusal::bad_request(WEAK_SECRET));
        };
        self.robots[at].updated = ask.now;
        Ok(Answer::json(200, &answer))
    }

    pub(super) fn remove_robot(&mut self, ask: &Ask<'_>) -> Reply {
        let at = self.place_of_robot(ask, "delete")?;
        let full = self.robot_name(&self.robots[at]);
        let robot = self.robots.remove(at);
        self.note_robot(ask, "delete", &full, robot.project);
        Ok(Answer::empty(200))
    }

    fn place_of_robot(&self, ask: &Ask<'_>, action: &str) -> Result<usize, Refusal> {
        let id = ask.id(0);
        let found = self.robots.iter().position(|robot| robot.id == id);
        let at = found.ok_or_else(|| Refusal::not_found(format!("robot {id} not found")))?;
        match self.robots[at].project.and_then(|id| self.projects.iter().find(|project| project.id == id)) {
            Some(project) => self.require_project(ask, project, "robot", action)?,
            None => self.require_system(ask, "robot", action)?,
        }
        Ok(at)
    }

    fn note_robot(&mut self, ask: &Ask<'_>, operation: &'static str, full: &str, project: Option<i64>) {
        let by = self.name_of(&ask.caller);
        let description = format!("{operation} robot: {full}");
        self.note(&by, ask.now, Note { operation, kind: "robot", resource: full, description, succeeded: true, project });
    }

    fn draw_robot(&self, robot: &Robot) -> Value {
        let grants = robot.permissions.as_array().into_iter().flatten().map(|grant| {
            let access = grant["access"].as_array().into_iter().flatten();
            let access: Vec<Value> = access.map(|access| json!({"resource": access["resource"], "action": access["action"]})).collect();
            json!({"kind": grant["kind"], "namespace": grant["namespace"], "access": access})
        });
        let mut row = json!({"id": robot.id, "name": self.robot_name(robot), "level": level(robot), "disable": robot.disabled,
            "duration": robot.duration, "expires_at": robot.expires, "editable": true, "permissions": grants.collect::<Vec<_>>(),
            "creator_type": "local", "creator_ref": robot.creator,
            "creation_time": time(Some(robot.created)), "update_time": time(Some(robot.updated))});
        put(&mut row, "description", robot.description.as_str());
        row
    }
}

fn level(robot: &Robot) -> &'static str {
    if robot.project.is_some() { "project" } else { "system" }
}

fn check(permissions: &Value) -> Result<(), Refusal> {
    let grants = permissions.as_array().filter(|grants| !grants.is_empty());
    for grant in grants.ok_or_else(|| Refusal::bad_request("bad request empty permission"))? {
        let known = if grant["kind"] == "system" { roles::robot_over_system() } else { roles::robot_in_projects() };
        for access in grant["access"].as_array().into_iter().flatten() {
            let (resource, action) = (access["resource"].as_str().unwrap_or_default(), access["action"].as_str().unwrap_or_default());
            if !known.contains(&(resource, action)) {
                return Err(Refusal::bad_request(format!("bad request permission: {resource}:{action}")));
            }
        }
    }
    Ok(())
}
