//! Repositories.

use serde_json::{Value, json};

use crate::lab::exchange::{Answer, decode};

use super::audit::Note;
use super::listing::{self, Facts};
use super::refusal::{Refusal, Reply};
use super::state::{Project, Repository, put, time};
use super::{Ask, Harbor};

impl Harbor {
    pub(super) fn list_all_repositories(&mut self, ask: &Ask<'_>) -> Reply {
        let seen = self.projects.iter().filter(|project| self.sees(&ask.caller, project));
        let rows = seen.flat_map(|project| project.repositories.iter().map(move |repository| (project, repository))).collect();
        listing::list(ask.request, rows, &Facts { field: &field, sort: SORT }, drawn)
    }

    pub(super) fn list_repositories(&mut self, ask: &Ask<'_>) -> Reply {
        let project = &self.projects[self.place_of_project(ask, "repository", "list")?];
        let rows = project.repositories.iter().map(|repository| (project, repository)).collect();
        listing::list(ask.request, rows, &Facts { field: &field, sort: SORT }, drawn)
    }

    pub(super) fn read_repository(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "repository", "read")?;
        let project = &self.projects[at];
        let repository = project.repository(&name).ok_or_else(|| missing(project, &name))?;
        Ok(Answer::json(200, &drawn(&(project, repository))))
    }

    pub(super) fn change_repository(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "repository", "update")?;
        let text = ask.request.json()["description"].as_str().unwrap_or_default().to_owned();
        let project = &mut self.projects[at];
        let refusal = missing(project, &name);
        let repository = project.repository_mut(&name).ok_or(refusal)?;
        repository.description = text;
        repository.updated = ask.now;
        Ok(Answer::empty(200))
    }

    pub(super) fn remove_repository(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "repository", "delete")?;
        let by = self.name_of(&ask.caller);
        let project = &self.projects[at];
        let repository = project.repository(&name).ok_or_else(|| missing(project, &name))?;
        // An index goes before what it is made of.
        let mut artifacts: Vec<(bool, String)> =
            repository.artifacts.iter().map(|artifact| (artifact.children.is_empty(), artifact.digest.to_string())).collect();
        artifacts.sort();
        let (id, full) = (project.id, format!("{}/{name}", project.name));
        for (_, digest) in artifacts {
            match self.drop_artifact(at, &name, &digest, &by, ask.now) {
                Err(refusal) if refusal.status != 404 => return Err(refusal),
                _ => {}
            }
        }
        self.projects[at].repositories.retain(|repository| repository.name != name);
        let description = format!("delete repository: {full}");
        self.note(
            &by,
            ask.now,
            Note { operation: "delete", kind: "repository", resource: &full, description, succeeded: true, project: Some(id) },
        );
        Ok(Answer::empty(200))
    }

    /// The project's place and the repository's name, whose slashes were encoded twice, for those who may do this.
    pub(super) fn place_of_repository(&self, ask: &Ask<'_>, resource: &str, action: &str) -> Result<(usize, String), Refusal> {
        let at = self.place_of_project(ask, resource, action)?;
        Ok((at, decode(ask.part(1))))
    }
}

type Row<'a> = (&'a Project, &'a Repository);

const SORT: &str = "-creation_time,-repository_id";

fn field((project, repository): &Row<'_>, key: &str) -> Option<Value> {
    Some(match key {
        "name" => json!(format!("{}/{}", project.name, repository.name)),
        "repository_id" | "id" => json!(repository.id),
        "creation_time" => json!(repository.created.rfc3339()),
        "update_time" => json!(repository.updated.rfc3339()),
        "pull_count" => json!(repository.pulls),
        _ => return None,
    })
}

fn drawn((project, repository): &Row<'_>) -> Value {
    let listed = repository.artifacts.iter().filter(|artifact| artifact.is_listed(&repository.artifacts)).count();
    let mut row = json!({"id": repository.id, "name": format!("{}/{}", project.name, repository.name),
        "project_id": project.id, "artifact_count": listed, "pull_count": repository.pulls,
        "creation_time": time(Some(repository.created)), "update_time": time(Some(repository.updated))});
    put(&mut row, "description", repository.description.as_str());
    row
}

fn missing(project: &Project, name: &str) -> Refusal {
    Refusal::not_found(format!("repository {}/{name} not found", project.name))
}
