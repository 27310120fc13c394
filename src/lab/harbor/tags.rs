//! Tags as the API lists, sets and removes them.

use serde_json::{Value, json};

use crate::lab::exchange::Answer;

use super::audit::Note;
use super::listing::{self, Facts};
use super::refusal::{Refusal, Reply};
use super::run::What;
use super::state::{Artifact, Kind, Project, Repository, Tag, time};
use super::{Ask, Harbor};

impl Harbor {
    pub(super) fn list_tags(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "tag", "list")?;
        let artifact = self.found_artifact(at, &name, ask.part(2))?.clone();
        let project = &self.projects[at];
        let Some(repository) = project.repository(&name) else { return Err(Refusal::internal()) };
        let field = |tag: &&Tag, key: &str| {
            Some(match key {
                "name" => json!(tag.name),
                "id" => json!(tag.id),
                "push_time" => json!(tag.pushed.rfc3339()),
                _ => return None,
            })
        };
        let immutable = ask.request.flag("with_immutable_status");
        let facts = Facts { field: &field, sort: "" };
        listing::list(ask.request, artifact.tags.iter().collect(), &facts, |tag| {
            drawn(tag, &artifact, repository, immutable.then_some(project))
        })
    }

    pub(super) fn create_tag(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "tag", "create")?;
        let tag = ask.request.json()["name"].as_str().unwrap_or_default().to_owned();
        let digest = self.found_artifact(at, &name, ask.part(2))?.digest.clone();
        if tag.is_empty() || tag.len() > 127 {
            return Err(Refusal::bad_request("invalid tag name"));
        }
        let number = self.sequences.next(Kind::Tag);
        let project = &mut self.projects[at];
        let (id, full) = (project.id, format!("{}/{name}", project.name));
        let Some(repository) = project.repository_mut(&name) else { return Err(Refusal::internal()) };
        if repository.artifact(&tag).is_some() {
            return Err(Refusal::conflict(format!("tag {tag} already exists under the repository {}", repository.id)));
        }
        repository.point(&tag, &digest, ask.now, || number);
        repository.updated = ask.now;
        let by = self.name_of(&ask.caller);
        let resource = format!("{full}:{tag}");
        let description = format!("create tag: {resource}");
        self.note(
            &by,
            ask.now,
            Note { operation: "create", kind: "tag", resource: &resource, description, succeeded: true, project: Some(id) },
        );
        self.happened(What::Pushed, &full, &tag, ask.now);
        Ok(Answer::empty(201))
    }

    pub(super) fn remove_tag(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "tag", "delete")?;
        let tag = ask.part(3);
        let artifact = self.found_artifact(at, &name, ask.part(2))?;
        if !artifact.tags.iter().any(|own| own.name == tag) {
            return Err(Refusal::not_found(format!("tag {tag} attached to artifact {} not found", artifact.id)));
        }
        let by = self.name_of(&ask.caller);
        self.drop_tag(at, &name, tag, &by, ask.now)?;
        Ok(Answer::empty(200))
    }
}

/// A tag's row; whether it is immutable is looked up only where a project is given.
pub(super) fn drawn(tag: &Tag, artifact: &Artifact, repository: &Repository, rules: Option<&Project>) -> Value {
    let immutable = rules.is_some_and(|project| project.is_immutable(&repository.name, &tag.name));
    json!({"id": tag.id, "name": tag.name, "artifact_id": artifact.id, "repository_id": repository.id, "immutable": immutable,
        "push_time": time(Some(tag.pushed)), "pull_time": time(tag.pulled)})
}
