//! What a Harbor says of itself: liveness, version, health, figures, settings.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;

use super::caller::Caller;
use super::configuration::DEFAULTS;
use super::refusal::{Refusal, Reply};
use super::state::{Kind, User, Visibility, time};
use super::{Ask, Harbor, roles};

const COMPONENTS: [&str; 7] = ["core", "database", "jobservice", "portal", "redis", "registry", "registryctl"];

impl Harbor {
    /// What the installer leaves.
    pub(super) fn found(&mut self, password: &str, now: crate::model::clock::Stamp) {
        for (name, realname, comment) in [("admin", "system admin", "admin user"), ("anonymous", "anonymous user", "anonymous user")] {
            let id = self.sequences.next(Kind::User);
            let (admin, password) = (name == "admin", if name == "admin" { password.to_owned() } else { format!("no login {id}") });
            self.users.push(User {
                id,
                name: name.into(),
                email: String::new(),
                realname: realname.into(),
                comment: comment.into(),
                password,
                admin,
                created: now,
                updated: now,
            });
        }
        self.add_project("library", 1, Visibility::Public, -1, now);
        for (vendor, vendor_id) in [("SYSTEM_ARTIFACT_CLEANUP", 0), ("EXECUTION_SWEEP", -1)] {
            self.add_schedule(vendor, vendor_id, "0 0 0 * * *", now);
        }
    }

    #[allow(clippy::unnecessary_wraps, clippy::unused_self, reason = "the table of routes wants one shape")]
    pub(super) fn ping(&mut self, _: &Ask<'_>) -> Reply {
        Ok(Answer::json(200, &json!("Pong")))
    }

    pub(super) fn version() -> Answer {
        Answer::bytes(200, "text/plain; charset=utf-8", json!({"version": "v2.0"}).to_string().into_bytes())
    }

    /// Always 200: what is ill is said in the body only.
    #[allow(clippy::unnecessary_wraps, reason = "the table of routes wants one shape")]
    pub(super) fn health(&mut self, _: &Ask<'_>) -> Reply {
        let ill = |name: &str| self.knobs.storage_down && name == "registry";
        let rows: Vec<Value> = COMPONENTS
            .iter()
            .map(|name| {
                if ill(name) {
                    json!({"name": name, "status": "unhealthy", "error": "dial tcp 127.0.0.1:5000: connect: connection refused"})
                } else {
                    json!({"name": name, "status": "healthy"})
                }
            })
            .collect();
        let all = if self.knobs.storage_down { "unhealthy" } else { "healthy" };
        Ok(Answer::json(200, &json!({"components": rows, "status": all})))
    }

    #[allow(clippy::unnecessary_wraps, reason = "the table of routes wants one shape")]
    pub(super) fn systeminfo(&mut self, ask: &Ask<'_>) -> Reply {
        let mut shown = json!({"oidc_provider_name": ""});
        for key in ["auth_mode", "banner_message", "primary_auth_mode", "self_registration"] {
            shown[key] = self.setting(key);
        }
        if ask.caller != Caller::Anonymous {
            let (major, minor) = self.knobs.version;
            let host = self.url.split_once("://").map_or(self.url.as_str(), |(_, host)| host);
            for (key, value) in [
                ("harbor_version", json!(format!("v{major}.{minor}.0-c50c7ddd"))),
                ("current_time", time(Some(ask.now))),
                ("external_url", json!(self.url)),
                ("registry_url", json!(host)),
                ("has_ca_root", json!(false)),
                ("registry_storage_provider_name", json!("filesystem")),
                ("notification_enable", self.setting("notification_enable")),
                ("project_creation_restriction", self.setting("project_creation_restriction")),
                ("read_only", self.setting("read_only")),
            ] {
                shown[key] = value;
            }
        }
        Ok(Answer::json(200, &shown))
    }

    pub(super) fn volumes(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "system-volumes", "read")?;
        Ok(Answer::json(200, &json!({"storage": [{}]})))
    }

    #[allow(clippy::unnecessary_wraps, reason = "the table of routes wants one shape")]
    pub(super) fn statistics(&mut self, ask: &Ask<'_>) -> Reply {
        let admin = self.is_admin(&ask.caller);
        let private = |caller: &Caller| match caller {
            Caller::User(_) => self.projects.iter().filter(|project| !project.is_public() && self.sees(caller, project)).collect(),
            _ => Vec::new(),
        };
        let count =
            |projects: &[&super::Project]| (projects.len(), projects.iter().map(|project| project.repositories.len()).sum::<usize>());
        let public: Vec<_> = self.projects.iter().filter(|project| project.is_public()).collect();
        let (private_projects, private_repositories) = count(&private(&ask.caller));
        let (public_projects, public_repositories) = count(&public);
        let (projects, repositories) = if admin { count(&self.projects.iter().collect::<Vec<_>>()) } else { (0, 0) };
        let storage = if admin { self.projects.iter().map(|project| project.blobs.total()).sum::<u64>() } else { 0 };
        Ok(Answer::json(
            200,
            &json!({"private_project_count": private_projects, "private_repo_count": private_repositories,
                "public_project_count": public_projects, "public_repo_count": public_repositories,
                "total_project_count": projects, "total_repo_count": repositories, "total_storage_consumption": storage}),
        ))
    }

    #[allow(clippy::unnecessary_wraps, reason = "the table of routes wants one shape")]
    pub(super) fn search(&mut self, ask: &Ask<'_>) -> Reply {
        let wanted = ask.request.param("q").unwrap_or_default();
        let seen: Vec<_> = self.projects.iter().filter(|project| self.sees(&ask.caller, project)).collect();
        let projects: Vec<Value> =
            seen.iter().filter(|project| project.name.contains(&wanted)).map(|project| self.draw_project(project, &ask.caller)).collect();
        let mut repositories = Vec::new();
        for project in seen {
            for repository in &project.repositories {
                let name = format!("{}/{}", project.name, repository.name);
                if name.contains(&wanted) {
                    repositories.push(json!({"project_id": project.id, "project_name": project.name,
                        "project_public": project.is_public(), "repository_name": name,
                        "artifact_count": repository.artifacts.len(), "pull_count": repository.pulls}));
                }
            }
        }
        Ok(Answer::json(200, &json!({"project": projects, "repository": repositories})))
    }

    pub(super) fn configurations(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "configuration", "read")?;
        let mut shown = json!({"scan_all_policy": {}});
        for key in DEFAULTS.as_object().into_iter().flat_map(serde_json::Map::keys) {
            shown[key] = json!({"editable": true, "value": self.setting(key)});
        }
        Ok(Answer::json(200, &shown))
    }

    pub(super) fn configure(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "configuration", "update")?;
        let asked = ask.request.json();
        let Value::Object(asked) = asked else { return Err(Refusal::bad_request("no configurations to update")) };
        for (key, value) in asked {
            self.settings.insert(key, value);
        }
        let user = self.name_of(&ask.caller);
        let note = super::audit::Note {
            operation: "update",
            kind: "configuration",
            resource: "configuration",
            description: "update configuration".into(),
            succeeded: true,
            project: None,
        };
        self.note(&user, ask.now, note);
        Ok(Answer::empty(200))
    }

    #[allow(clippy::unused_self, reason = "the table of routes wants one shape")]
    pub(super) fn catalogue_of_permissions(&mut self, ask: &Ask<'_>) -> Reply {
        Self::require_somebody(ask)?;
        let drawn = |rights: Vec<roles::Right>| -> Vec<Value> {
            rights.into_iter().map(|(resource, action)| json!({"resource": resource, "action": action})).collect()
        };
        Ok(Answer::json(200, &json!({"project": drawn(roles::robot_in_projects()), "system": drawn(roles::robot_over_system())})))
    }

    /// What is set, or what a fresh Harbor has there.
    pub(super) fn setting(&self, key: &str) -> Value {
        self.settings.get(key).or_else(|| DEFAULTS.get(key)).cloned().unwrap_or(Value::Null)
    }
}
