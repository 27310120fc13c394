//! Labels, and which artifacts carry them.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;

use super::listing::{self, Facts};
use super::refusal::{Refusal, Reply};
use super::state::{Kind, Label, put, time};
use super::{Ask, Harbor};

impl Harbor {
    pub(super) fn list_labels(&mut self, ask: &Ask<'_>) -> Reply {
        Self::require_somebody(ask)?;
        let scope = ask.request.param("scope").unwrap_or_default();
        let project = ask.request.param("project_id").and_then(|id| id.parse().ok()).unwrap_or(0);
        if !matches!(scope.as_str(), "g" | "p") {
            return Err(Refusal::bad_request(format!("invalid scope: {scope}")));
        }
        let labels = self.labels.iter().filter(|label| label.scope == scope && label.project == project).collect();
        let field = |label: &&Label, key: &str| (key == "name").then(|| json!(label.name));
        listing::list(ask.request, labels, &Facts { field: &field, sort: "" }, |label| drawn(label))
    }

    pub(super) fn create_label(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "label", "create")?;
        let asked = ask.request.json();
        let text = |key: &str| asked[key].as_str().unwrap_or_default().to_owned();
        let (name, scope, project) = (text("name"), text("scope"), asked["project_id"].as_i64().unwrap_or_default());
        if name.is_empty() || !matches!(scope.as_str(), "g" | "p") {
            return Err(Refusal::bad_request(format!("invalid label: name {name:?}, scope {scope:?}")));
        }
        if self.labels.iter().any(|label| label.name == name && label.scope == scope && label.project == project) {
            self.sequences.next(Kind::Label);
            return Err(Refusal::conflict(format!("label {name} already exists")));
        }
        let id = self.sequences.next(Kind::Label);
        let (color, description) = (text("color"), text("description"));
        self.labels.push(Label { id, name, color, description, scope, project, created: ask.now, updated: ask.now });
        Ok(Answer::empty(201).with("Location", &format!("/api/v2.0/labels/{id}")))
    }

    pub(super) fn remove_label(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "label", "delete")?;
        let id = ask.id(0);
        if self.label(id).is_none() {
            return Err(Refusal::not_found(format!("label {id} not found")));
        }
        self.labels.retain(|label| label.id != id);
        for artifact in
            self.projects.iter_mut().flat_map(|project| &mut project.repositories).flat_map(|repository| &mut repository.artifacts)
        {
            artifact.labels.retain(|label| *label != id);
        }
        Ok(Answer::empty(200))
    }

    pub(super) fn label_artifact(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, repository) = self.place_of_repository(ask, "artifact-label", "create")?;
        let id = ask.request.json()["id"].as_i64().unwrap_or_default();
        if self.label(id).is_none() {
            return Err(Refusal::not_found(format!("label {id} not found")));
        }
        let artifact = self.found_artifact(at, &repository, ask.part(2))?;
        if artifact.labels.contains(&id) {
            return Err(Refusal::conflict(format!("label {id} is already added to the artifact {}", artifact.id)));
        }
        artifact.labels.push(id);
        Ok(Answer::empty(200))
    }

    pub(super) fn unlabel_artifact(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, repository) = self.place_of_repository(ask, "artifact-label", "delete")?;
        let id = ask.id(3);
        let artifact = self.found_artifact(at, &repository, ask.part(2))?;
        artifact.labels.retain(|label| *label != id);
        Ok(Answer::empty(200))
    }

    pub(super) fn label(&self, id: i64) -> Option<&Label> {
        self.labels.iter().find(|label| label.id == id)
    }

    /// Names of the labels that hold for the whole Harbor; `None` where there are none.
    pub(super) fn global_labels(&self) -> Value {
        let names: Vec<&str> = self.labels.iter().filter(|label| label.scope == "g").map(|label| label.name.as_str()).collect();
        if names.is_empty() { Value::Null } else { json!(names) }
    }
}

pub(super) fn drawn(label: &Label) -> Value {
    let mut row = json!({"id": label.id, "name": label.name, "color": label.color, "scope": label.scope,
        "creation_time": time(Some(label.created)), "update_time": time(Some(label.updated))});
    put(&mut row, "description", label.description.as_str());
    put(&mut row, "project_id", label.project);
    row
}
