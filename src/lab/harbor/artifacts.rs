//! Artifacts: lists, details, copies, accessories, build history.

use serde_json::{Value, json};

use crate::lab::exchange::{Answer, Request};

use super::image::Image;
use super::labels;
use super::listing::{self, Facts, Filter};
use super::refusal::{Refusal, Reply};
use super::state::{Accessory, Artifact, Project, Repository, time};
use super::storage::{Push, not_found};
use super::{Ask, Harbor, tags};

/// Harbor's icon for what is an image.
const ICON: &str = "sha256:0048162a053eef4d4ce3fe7518615bef084403614f8bca43b40ae2e762e11e06";

type Row<'a> = (&'a Project, &'a Repository, &'a Artifact);

const SORT: &str = "-push_time,-id";

impl Harbor {
    pub(super) fn list_project_artifacts(&mut self, ask: &Ask<'_>) -> Reply {
        let project = &self.projects[self.place_of_project(ask, "artifact", "list")?];
        self.rows(ask.request, project, project.repositories.iter())
    }

    pub(super) fn list_artifacts(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "artifact", "list")?;
        let project = &self.projects[at];
        self.rows(ask.request, project, project.repository(&name).into_iter())
    }

    fn rows<'a>(&self, request: &Request, project: &'a Project, repositories: impl Iterator<Item = &'a Repository>) -> Reply {
        let all = Filter::of(request).exact("base") == Some("*");
        let latest_only = request.flag("latest_in_repository");
        let mut rows = Vec::new();
        for repository in repositories {
            let shown = repository
                .artifacts
                .iter()
                .filter(|artifact| if all { artifact.subject.is_none() } else { artifact.is_listed(&repository.artifacts) });
            if latest_only {
                rows.extend(shown.max_by_key(|artifact| (artifact.pushed, artifact.id)).map(|artifact| (project, repository, artifact)));
            } else {
                rows.extend(shown.map(|artifact| (project, repository, artifact)));
            }
        }
        listing::list(request, rows, &Facts { field: &field, sort: SORT }, |row| self.draw_artifact(row, request))
    }

    pub(super) fn read_artifact(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "artifact", "read")?;
        self.found_artifact(at, &name, ask.part(2))?;
        let project = &self.projects[at];
        let row = project.repository(&name).and_then(|repository| Some((project, repository, repository.artifact(ask.part(2))?)));
        row.map(|row| Answer::json(200, &self.draw_artifact(&row, ask.request))).ok_or_else(Refusal::internal)
    }

    pub(super) fn found_artifact(&mut self, at: usize, repository: &str, reference: &str) -> Result<&mut Artifact, Refusal> {
        let project = &mut self.projects[at];
        let full = format!("{}/{repository}", project.name);
        let found = project.repository_mut(repository).and_then(|repository| repository.artifact_mut(reference));
        found.ok_or_else(|| Refusal::not_found(not_found(&full, reference)))
    }

    pub(super) fn remove_artifact(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "artifact", "delete")?;
        let by = self.name_of(&ask.caller);
        self.drop_artifact(at, &name, ask.part(2), &by, ask.now)?;
        Ok(Answer::empty(200))
    }

    /// Copies inside this Harbor, with all tags and accessories of the source.
    pub(super) fn copy_artifact(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "artifact", "create")?;
        let from = ask.request.param("from").unwrap_or_default();
        let Some((source, repository, reference)) = parted(&from) else {
            return Err(Refusal::bad_request(format!("invalid from: {from}")));
        };
        let missing = || Refusal::bad_request(not_found(&format!("{source}/{repository}"), reference));
        let project = self.project(source).ok_or_else(missing)?;
        self.require_project(ask, project, "artifact", "read")?;
        let found = project.repository(repository).ok_or_else(missing)?;
        let artifact = found.artifact(reference).ok_or_else(missing)?.clone();
        let by_id = |id: &i64| found.artifacts.iter().find(|other| other.id == *id).map(|other| other.image.clone());
        let before: Vec<_> = artifact.children.iter().filter_map(by_id).collect();
        let after: Vec<_> = artifact.accessories.iter().filter_map(|accessory| by_id(&accessory.artifact)).collect();
        let target = self.projects[at].name.clone();
        let by = self.name_of(&ask.caller);
        let mut quiet = before.into_iter();
        let push = |tag, image| Push { project: &target, repository: &name, tag, image, by: &by };
        quiet.try_for_each(|image| self.push(&push(None, image), ask.now))?;
        let first = artifact.tags.first().map(|tag| tag.name.as_str());
        self.push(&push(first, artifact.image.clone()), ask.now)?;
        for tag in artifact.tags.iter().skip(1) {
            let number = self.sequences.next(super::Kind::Tag);
            if let Some(repository) = self.projects[at].repository_mut(&name) {
                repository.point(&tag.name, &artifact.digest, ask.now, || number);
            }
        }
        after.into_iter().try_for_each(|image| self.push(&push(None, image), ask.now))?;
        Ok(Answer::empty(201).with("Location", &format!("{}/{reference}", ask.request.path)))
    }

    pub(super) fn list_accessories(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "accessory", "list")?;
        let artifact = self.found_artifact(at, &name, ask.part(2))?.clone();
        let full = format!("{}/{name}", self.projects[at].name);
        let field = |accessory: &&Accessory, key: &str| (key == "type").then(|| json!(accessory.kind));
        let facts = Facts { field: &field, sort: "" };
        listing::list(ask.request, artifact.accessories.iter().collect(), &facts, |accessory| draw_accessory(accessory, &artifact, &full))
    }

    pub(super) fn read_addition(&mut self, ask: &Ask<'_>) -> Reply {
        let (at, name) = self.place_of_repository(ask, "artifact-addition", "read")?;
        let image = self.found_artifact(at, &name, ask.part(2))?.image.clone();
        if ask.part(3) != "build_history" || image.is_index() {
            return Err(Refusal::not_found(format!("addition {} not found", ask.part(3))));
        }
        let history = image.config.get("history").cloned().unwrap_or_else(|| json!([]));
        Ok(Answer::json(200, &history).with("Content-Type", "application/json; charset=utf-8"))
    }

    fn draw_artifact(&self, row: &Row<'_>, request: &Request) -> Value {
        let (project, repository, artifact) = row;
        let full = format!("{}/{}", project.name, repository.name);
        let image: &Image = &artifact.image;
        let mut shown = json!({"id": artifact.id, "type": "IMAGE", "digest": &*artifact.digest, "size": artifact.size, "icon": ICON,
            "manifest_media_type": image.media_type, "project_id": project.id, "repository_id": repository.id, "repository_name": full,
            "push_time": time(Some(artifact.pushed)), "pull_time": time(artifact.pulled),
            "accessories": null, "labels": null, "tags": null, "references": null});
        if image.is_index() {
            shown["media_type"] = json!(image.media_type);
            shown["references"] = references(artifact);
        } else {
            let config = image.blobs.first().map_or("", |blob| blob.media_type.as_str());
            let place = repository.name.replace('/', "%252F");
            let href =
                format!("/api/v2.0/projects/{}/repositories/{place}/artifacts/{}/additions/build_history", project.name, artifact.digest);
            shown["media_type"] = json!(config);
            shown["artifact_type"] = json!(image.artifact_type);
            shown["extra_attrs"] = image.attributes();
            shown["addition_links"] = json!({"build_history": {"absolute": false, "href": href}});
        }
        if request.param("with_tag").as_deref() != Some("false") && !artifact.tags.is_empty() {
            let rules = request.flag("with_immutable_status").then_some(*project);
            shown["tags"] = artifact.tags.iter().map(|tag| tags::drawn(tag, artifact, repository, rules)).collect();
        }
        if request.flag("with_label") && !artifact.labels.is_empty() {
            shown["labels"] = artifact.labels.iter().filter_map(|id| self.label(*id)).map(labels::drawn).collect();
        }
        if request.flag("with_accessory") && !artifact.accessories.is_empty() {
            shown["accessories"] = artifact.accessories.iter().map(|accessory| draw_accessory(accessory, artifact, &full)).collect();
        }
        shown
    }
}

fn references(index: &Artifact) -> Value {
    let rows = index.image.children.iter().zip(&index.children).map(|(child, id)| {
        json!({"child_digest": &*child.digest, "child_id": id, "parent_id": index.id, "urls": null,
            "platform": {"OsFeatures": null, "architecture": child.architecture, "os": child.os}})
    });
    rows.collect()
}

fn draw_accessory(accessory: &Accessory, subject: &Artifact, repository: &str) -> Value {
    json!({"id": accessory.id, "artifact_id": accessory.artifact, "digest": &*accessory.digest, "size": accessory.size, "icon": "",
        "type": accessory.kind, "creation_time": time(Some(accessory.created)), "subject_artifact_id": subject.id,
        "subject_artifact_digest": &*subject.digest, "subject_artifact_repo": repository})
}

fn field((_, repository, artifact): &Row<'_>, key: &str) -> Option<Value> {
    Some(match key {
        "id" => json!(artifact.id),
        "digest" => json!(&*artifact.digest),
        "type" => json!("IMAGE"),
        "media_type" => json!(artifact.image.media_type),
        "repository_id" => json!(repository.id),
        "repository_name" => json!(repository.name),
        "push_time" => json!(artifact.pushed.rfc3339()),
        "pull_time" => artifact.pulled.map_or_else(|| json!(""), |at| json!(at.rfc3339())),
        "size" => json!(artifact.size),
        "tags" => artifact.tags.iter().map(|tag| json!(tag.name)).collect(),
        "labels" => artifact.labels.iter().map(|label| json!(label)).collect(),
        _ => return None,
    })
}

/// Project, repository, and tag or digest.
fn parted(from: &str) -> Option<(&str, &str, &str)> {
    let (name, reference) = match from.split_once('@') {
        Some(parts) => parts,
        None => from.rsplit_once(':')?,
    };
    let (project, repository) = name.split_once('/')?;
    Some((project, repository, reference))
}
