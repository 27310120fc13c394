//! Repositories, artifacts, tags, accessories and labels.

use super::names::{Conditions, split_repository};
use super::wire::{WireAccessory, WireArtifact, WireBuildStep, WireLabel, WireRepository, WireTag};
use super::{Harbor, Listing, Question};
use crate::clients::http::{Ask, segment};
use crate::model::artifact::{Accessory, Artifact, BuildStep, Label, Repository, Tag};
use crate::model::clock::Stamp;
use crate::model::fault::Fault;

const REPOSITORIES: &str = "/api/v2.0/projects/{project}/repositories";
const REPOSITORY: &str = "/api/v2.0/projects/{project}/repositories/{repository}";
const ARTIFACTS: &str = "/api/v2.0/projects/{project}/repositories/{repository}/artifacts";
const ARTIFACT: &str = "/api/v2.0/projects/{project}/repositories/{repository}/artifacts/{reference}";
const TAGS: &str = "/api/v2.0/projects/{project}/repositories/{repository}/artifacts/{reference}/tags";
const ACCESSORIES: &str = "/api/v2.0/projects/{project}/repositories/{repository}/artifacts/{reference}/accessories";
const HISTORY: &str = "/api/v2.0/projects/{project}/repositories/{repository}/artifacts/{reference}/additions/build_history";
const OF_PROJECT: &str = "/api/v2.0/projects/{project}/artifacts";

/// Which artifacts of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Tagged ones, and untagged ones that nothing refers to.
    #[default]
    Usual,
    Tagged,
    /// The children of indexes too.
    WithChildren,
    /// With exactly this tag.
    Tag(String),
    /// Pushed at or after a moment of that Harbor's clock.
    Since(Stamp),
}

impl Harbor {
    /// Every repository that the credential may see.
    pub async fn list_repositories(&self) -> Result<Listing<Repository>, Fault> {
        let question = Question::new("/api/v2.0/repositories", "/api/v2.0/repositories").with("sort", "repository_id");
        self.whole::<WireRepository, _>(question, |repository| repository.id).await
    }

    /// Repositories whose name contains this; at most 100 of them.
    pub async fn list_repositories_like(&self, part: &str) -> Result<Listing<Repository>, Fault> {
        let q = Conditions::default().like("name", part).text(self.name())?;
        self.first::<WireRepository>(Question::new("/api/v2.0/repositories", "/api/v2.0/repositories").with("q", q), 100).await
    }

    pub async fn list_repositories_of(&self, project: &str) -> Result<Listing<Repository>, Fault> {
        let path = format!("/api/v2.0/projects/{}/repositories", segment(project));
        self.whole::<WireRepository, _>(Question::new(REPOSITORIES, path).with("sort", "repository_id"), |repository| repository.id).await
    }

    /// The repositories of all projects that changed last, newest first. Harbor moves the time from 2.16 on.
    pub async fn list_repositories_changed(&self, most: usize) -> Result<Listing<Repository>, Fault> {
        let question = Question::new("/api/v2.0/repositories", "/api/v2.0/repositories").with("sort", "-update_time");
        self.first::<WireRepository>(question, most).await
    }

    /// One repository, by its full name.
    pub async fn fetch_repository(&self, full: &str) -> Result<Repository, Fault> {
        let path = self.repository_path(full)?;
        self.one::<WireRepository>(Ask::get(REPOSITORY, path)).await
    }

    /// The artifacts of one repository with their tags, labels and accessories.
    pub async fn list_artifacts(&self, full: &str, which: &Which) -> Result<Listing<Artifact>, Fault> {
        let path = format!("{}/artifacts", self.repository_path(full)?);
        let question = with_all(Question::new(ARTIFACTS, path));
        let conditions = match which {
            Which::Usual => None,
            Which::Tagged => Some(Conditions::default().word("tags", "*")),
            Which::WithChildren => Some(Conditions::default().word("base", "*")),
            Which::Tag(tag) => Some(Conditions::default().exact("tags", tag)),
            Which::Since(at) => Some(Conditions::default().since("push_time", *at)),
        };
        let question = match conditions {
            Some(conditions) => question.with("q", conditions.text(self.name())?),
            None => question,
        };
        self.whole::<WireArtifact, _>(question, |artifact| artifact.digest.clone()).await
    }

    /// The artifacts of a whole project: the cheapest way to many tags.
    pub async fn list_artifacts_of(&self, project: &str) -> Result<Listing<Artifact>, Fault> {
        let path = format!("/api/v2.0/projects/{}/artifacts", segment(project));
        let question = with_all(Question::new(OF_PROJECT, path));
        self.whole::<WireArtifact, _>(question, |artifact| (artifact.repository.clone(), artifact.digest.clone())).await
    }

    /// One artifact, by tag or digest.
    pub async fn fetch_artifact(&self, full: &str, reference: &str) -> Result<Artifact, Fault> {
        let path = self.artifact_path(full, reference)?;
        let ask = Ask::get(ARTIFACT, path).query("with_tag", "true").query("with_label", "true").query("with_accessory", "true");
        self.one::<WireArtifact>(ask).await
    }

    pub async fn list_tags(&self, full: &str, reference: &str) -> Result<Listing<Tag>, Fault> {
        let path = format!("{}/tags", self.artifact_path(full, reference)?);
        self.whole::<WireTag, _>(Question::new(TAGS, path).with("sort", "id"), |tag| tag.name.clone()).await
    }

    pub async fn list_accessories(&self, full: &str, reference: &str) -> Result<Listing<Accessory>, Fault> {
        let path = format!("{}/accessories", self.artifact_path(full, reference)?);
        self.whole::<WireAccessory, _>(Question::new(ACCESSORIES, path).with("sort", "id"), |accessory| accessory.digest.clone()).await
    }

    pub async fn list_build_history(&self, full: &str, reference: &str) -> Result<Vec<BuildStep>, Fault> {
        let path = format!("{}/additions/build_history", self.artifact_path(full, reference)?);
        self.all::<WireBuildStep>(Ask::get(HISTORY, path)).await
    }

    /// The labels for all projects.
    pub async fn list_labels(&self) -> Result<Listing<Label>, Fault> {
        let question = Question::new("/api/v2.0/labels", "/api/v2.0/labels").with("scope", "g").with("sort", "id");
        self.whole::<WireLabel, _>(question, |label| label.id).await
    }

    fn repository_path(&self, full: &str) -> Result<String, Fault> {
        let (project, repository) = split_repository(self.name(), full)?;
        Ok(format!("/api/v2.0/projects/{project}/repositories/{repository}"))
    }

    fn artifact_path(&self, full: &str, reference: &str) -> Result<String, Fault> {
        Ok(format!("{}/artifacts/{}", self.repository_path(full)?, segment(reference)))
    }
}

fn with_all(question: Question) -> Question {
    let question = question.with("with_tag", "true").with("with_label", "true").with("with_accessory", "true");
    question.with("with_immutable_status", "true").with("sort", "id")
}
