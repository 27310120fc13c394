//! Pushing, pulling and removing what repositories hold.

use std::sync::Arc;

use crate::model::clock::Stamp;

use super::Harbor;
use super::audit::Note;
use super::image::Image;
use super::refusal::Refusal;
use super::run::What;
use super::state::{Accessory, Artifact, Kind, Project, Repository, Tag};

/// Pulls are counted a while after they were made.
const PULLS_ARE_COUNTED_AFTER: i64 = 10_000;

/// A manifest on its way in.
#[derive(Clone, Debug)]
pub struct Push<'a> {
    pub project: &'a str,
    /// Without the project.
    pub repository: &'a str,
    /// `None` for a push by digest.
    pub tag: Option<&'a str>,
    pub image: Arc<Image>,
    /// The name for the audit log.
    pub by: &'a str,
}

/// A pull that is not counted yet.
#[derive(Clone, Debug)]
pub(super) struct Pull {
    due: Stamp,
    at: Stamp,
    project: i64,
    repository: i64,
    artifact: i64,
    tag: Option<String>,
}

impl Harbor {
    /// Takes a manifest in: its blobs are held from now on, its tag moves here, its event goes out.
    ///
    /// # Errors
    /// 404 without the project, 412 for an immutable tag, 403 where the quota does not let it in.
    pub fn push(&mut self, push: &Push<'_>, now: Stamp) -> Result<(), Refusal> {
        let full = format!("{}/{}", push.project, push.repository);
        let Some(at) = self.projects.iter().position(|project| project.name == push.project) else {
            return Err(Refusal::not_found(format!("project {} not found", push.project)));
        };
        let project = &self.projects[at];
        if let Some(tag) = push.tag {
            let is_there = project.repository(push.repository).is_some_and(|repository| repository.artifact(tag).is_some());
            if is_there && project.is_immutable(push.repository, tag) {
                let message = format!("Failed to process request due to '{}:{tag}' configured as immutable.", push.repository);
                return Err(Refusal::precondition(message));
            }
        }
        weigh(project, &push.image)?;
        let id = project.id;
        let digest = Arc::clone(&push.image.digest);
        if self.projects[at].repository(push.repository).is_none() {
            let repository = Repository {
                id: self.sequences.next(Kind::Repository),
                name: push.repository.to_owned(),
                description: String::new(),
                pulls: 0,
                created: now,
                updated: now,
                artifacts: Vec::new(),
            };
            self.projects[at].repositories.push(repository);
        }
        let is_new = self.projects[at].repository(push.repository).is_none_or(|repository| repository.artifact(&digest).is_none());
        let artifact_id = if is_new { self.sequences.next(Kind::Artifact) } else { 0 };
        let sequences = &mut self.sequences;
        let project = &mut self.projects[at];
        project.blobs.link(push.repository, &digest, push.image.bytes.len() as u64);
        for blob in &push.image.blobs {
            project.blobs.link(push.repository, &blob.digest, blob.size);
        }
        project.quota.updated = now;
        let Some(repository) = project.repository_mut(push.repository) else { return Err(Refusal::internal()) };
        repository.updated = now;
        if is_new {
            repository.take_in(artifact_id, &push.image, now);
            let subject = push.image.subject.clone().and_then(|digest| repository.artifact_mut(&digest));
            if let Some(subject) = subject {
                let (kind, own) = (accessory_kind(&push.image.artifact_type), subject.id);
                subject.accessories.push(Accessory {
                    id: sequences.next(Kind::Accessory),
                    artifact: artifact_id,
                    digest: Arc::clone(&digest),
                    size: push.image.own_size(),
                    kind,
                    created: now,
                });
                if let Some(artifact) = repository.artifact_mut(&digest) {
                    artifact.subject = Some(own);
                }
            }
        }
        if let Some(tag) = push.tag {
            repository.point(tag, &digest, now, || sequences.next(Kind::Tag));
        }
        let shown = push.tag.map_or_else(|| format!("{full}@{digest}"), |tag| format!("{full}:{tag}"));
        let description = format!("push artifact: {full}@{digest}");
        self.note(
            push.by,
            now,
            Note { operation: "create", kind: "artifact", resource: &shown, description, succeeded: true, project: Some(id) },
        );
        self.happened(What::Pushed, &full, push.tag.unwrap_or(&digest), now);
        Ok(())
    }

    /// Makes a repository of tags at once, each on an artifact of its own with that digest; nothing is noted.
    pub fn fill(&mut self, project: &str, repository: &str, image: &Arc<Image>, tags: Vec<(String, Arc<str>, Stamp)>) {
        let Some(at) = self.projects.iter().rposition(|own| own.name == project) else { return };
        let created = tags.iter().map(|(_, _, at)| *at).min().unwrap_or_default();
        let updated = tags.iter().map(|(_, _, at)| *at).max().unwrap_or_default();
        let sequences = &mut self.sequences;
        let artifacts = tags
            .into_iter()
            .map(|(name, digest, pushed)| Artifact {
                id: sequences.next(Kind::Artifact),
                digest,
                size: image.own_size(),
                pushed,
                pulled: None,
                image: Arc::clone(image),
                tags: vec![Tag { id: sequences.next(Kind::Tag), name, pushed, pulled: None }],
                labels: Vec::new(),
                children: Vec::new(),
                accessories: Vec::new(),
                subject: None,
            })
            .collect();
        let id = sequences.next(Kind::Repository);
        let name = repository.to_owned();
        self.projects[at].repositories.push(Repository { id, name, description: String::new(), pulls: 0, created, updated, artifacts });
    }

    /// Notes a pull; it is counted later.
    pub(super) fn pulled(&mut self, project: usize, repository: &str, reference: &str, by: &str, now: Stamp) {
        let project = &self.projects[project];
        let Some(found) = project.repository(repository) else { return };
        let Some(artifact) = found.artifact(reference) else { return };
        let tag = (!reference.starts_with("sha256:")).then(|| reference.to_owned());
        self.pulls.push(Pull {
            due: now.plus_millis(PULLS_ARE_COUNTED_AFTER),
            at: now,
            project: project.id,
            repository: found.id,
            artifact: artifact.id,
            tag,
        });
        let full = format!("{}/{repository}", project.name);
        let mark = if reference.starts_with("sha256:") { '@' } else { ':' };
        let description = format!("pull artifact: {full}@{}", artifact.digest);
        let resource = format!("{full}{mark}{reference}");
        let project = Some(project.id);
        self.note(by, now, Note { operation: "pull", kind: "artifact", resource: &resource, description, succeeded: true, project });
    }

    /// Counts the pulls that are due.
    pub(super) fn count_pulls(&mut self, now: Stamp) {
        let (due, later) = std::mem::take(&mut self.pulls).into_iter().partition(|pull: &Pull| pull.due <= now);
        self.pulls = later;
        for pull in due {
            let project = self.projects.iter_mut().find(|project| project.id == pull.project);
            let repositories = project.into_iter().flat_map(|project| &mut project.repositories);
            for repository in repositories.filter(|repository| repository.id == pull.repository) {
                repository.pulls += 1;
                for artifact in repository.artifacts.iter_mut().filter(|artifact| artifact.id == pull.artifact) {
                    artifact.pulled = Some(pull.at);
                    for tag in artifact.tags.iter_mut().filter(|tag| Some(&tag.name) == pull.tag.as_ref()) {
                        tag.pulled = Some(pull.at);
                    }
                }
            }
        }
    }

    /// Removes a tag, its artifact stays.
    ///
    /// # Errors
    /// 412 where the tag is immutable.
    pub(super) fn drop_tag(&mut self, at: usize, repository: &str, tag: &str, by: &str, now: Stamp) -> Result<(), Refusal> {
        let project = &mut self.projects[at];
        if project.is_immutable(repository, tag) {
            return Err(immutable(tag));
        }
        let (id, full) = (project.id, format!("{}/{repository}", project.name));
        if let Some(found) = project.repository_mut(repository) {
            for artifact in &mut found.artifacts {
                artifact.tags.retain(|own| own.name != tag);
            }
            found.updated = now;
        }
        let resource = format!("{full}:{tag}");
        let description = format!("delete tag: {resource}");
        self.note(by, now, Note { operation: "delete", kind: "tag", resource: &resource, description, succeeded: true, project: Some(id) });
        self.happened(What::TagRemoved, &full, tag, now);
        Ok(())
    }

    /// Removes an artifact with all its tags and accessories. Its blobs stay until a garbage collection, which the twin has none of.
    ///
    /// # Errors
    /// 404 where it is not, 412 where a tag is immutable or an index refers to it.
    pub(super) fn drop_artifact(&mut self, at: usize, repository: &str, reference: &str, by: &str, now: Stamp) -> Result<(), Refusal> {
        let project = &mut self.projects[at];
        let full = format!("{}/{repository}", project.name);
        let missing = || Refusal::not_found(not_found(&full, reference));
        let found = project.repository(repository).ok_or_else(missing)?;
        let artifact = found.artifact(reference).ok_or_else(missing)?.clone();
        if let Some(tag) = artifact.tags.iter().find(|tag| project.is_immutable(repository, &tag.name)) {
            return Err(immutable(&tag.name));
        }
        if found.artifacts.iter().any(|other| other.children.contains(&artifact.id)) {
            return Err(Refusal::referenced("the deleting artifact is referenced by others"));
        }
        let gone: Vec<i64> = artifact.accessories.iter().map(|accessory| accessory.artifact).chain([artifact.id]).collect();
        let id = project.id;
        if let Some(found) = project.repository_mut(repository) {
            found.artifacts.retain(|other| !gone.contains(&other.id));
            for other in &mut found.artifacts {
                other.accessories.retain(|accessory| accessory.artifact != artifact.id);
            }
            found.updated = now;
        }
        let resource = artifact.tags.first().map_or_else(|| format!("{full}@{}", artifact.digest), |tag| format!("{full}:{}", tag.name));
        let description = format!("delete artifact: {full}@{}", artifact.digest);
        self.note(
            by,
            now,
            Note { operation: "delete", kind: "artifact", resource: &resource, description, succeeded: true, project: Some(id) },
        );
        let references: Vec<String> = artifact.tags.iter().map(|tag| tag.name.clone()).collect();
        if references.is_empty() {
            self.happened(What::Removed, &full, &artifact.digest, now);
        }
        for reference in references {
            self.happened(What::Removed, &full, &reference, now);
        }
        Ok(())
    }
}

impl Repository {
    fn take_in(&mut self, id: i64, image: &Arc<Image>, now: Stamp) {
        let children: Vec<(i64, u64)> =
            image.children.iter().filter_map(|child| self.artifact(&child.digest).map(|artifact| (artifact.id, artifact.size))).collect();
        self.artifacts.push(Artifact {
            id,
            digest: Arc::clone(&image.digest),
            size: image.own_size() + children.iter().map(|(_, size)| size).sum::<u64>(),
            pushed: now,
            pulled: None,
            image: Arc::clone(image),
            tags: Vec::new(),
            labels: Vec::new(),
            children: children.into_iter().map(|(id, _)| id).collect(),
            accessories: Vec::new(),
            subject: None,
        });
    }

    /// The tag points there from now on; one that was somewhere else moves and keeps its number.
    pub fn point(&mut self, name: &str, digest: &str, now: Stamp, number: impl FnOnce() -> i64) {
        let mut moved = None;
        for artifact in &mut self.artifacts {
            if let Some(place) = artifact.tags.iter().position(|tag| tag.name == name) {
                moved = Some(artifact.tags.remove(place).id);
            }
        }
        let id = moved.unwrap_or_else(number);
        if let Some(artifact) = self.artifact_mut(digest) {
            artifact.tags.push(Tag { id, name: name.to_owned(), pushed: now, pulled: None });
            artifact.tags.sort_by_key(|tag| std::cmp::Reverse(tag.id));
        }
    }
}

/// What Harbor says of an artifact that is not there.
pub(super) fn not_found(repository: &str, reference: &str) -> String {
    let mark = if reference.starts_with("sha256:") { '@' } else { ':' };
    format!("artifact {repository}{mark}{reference} not found")
}

fn immutable(tag: &str) -> Refusal {
    Refusal::precondition(format!("the tag {tag} configured as immutable, cannot be deleted"))
}

fn weigh(project: &Project, image: &Image) -> Result<(), Refusal> {
    let Ok(hard) = u64::try_from(project.quota.hard) else { return Ok(()) };
    let parts = image.blobs.iter().map(|blob| (&blob.digest, blob.size)).chain([(&image.digest, image.bytes.len() as u64)]);
    let new: u64 = parts.filter(|(digest, _)| project.blobs.size(digest).is_none()).map(|(_, size)| size).sum();
    let used = project.blobs.total();
    if new > 0 && used + new > hard {
        return Err(Refusal::denied(format!(
            "adding {new} B of storage resource, which when updated to current usage of {used} B will exceed the configured upper limit of {hard} B."
        )));
    }
    Ok(())
}

fn accessory_kind(artifact_type: &str) -> &'static str {
    if artifact_type.contains("cosign") {
        "signature.cosign"
    } else if artifact_type.contains("notary") {
        "signature.notation"
    } else {
        "subject.accessory"
    }
}
