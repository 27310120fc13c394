//! The talk with one plain registry: its repositories, their tags, and the manifest behind each tag.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use super::RegistryPoller;
use crate::clients::gate::Client;
use crate::clients::oci::Oci;
use crate::engine::setup::PollMode;
use crate::model::artifact::{Artifact, ArtifactType, Digest, Kinds, PackedArtifacts, Repository, Tag};
use crate::model::fault::{Fault, FaultKind};
use crate::model::registry::{Question, RegistryFact};

/// Between two pings.
const PING: Duration = Duration::from_secs(15);
/// Between two readings of all tags: a plain registry tells nobody what changed.
const WHOLE: Duration = Duration::from_mins(2);
/// Requests at once; the same storage serves pulls.
const AT_ONCE: usize = 8;
/// Tags of one repository looked at, the last ones in the registry's order.
const TAGS: usize = 2_000;

/// Whether everything of a repository was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Whole,
    /// Too many tags, or some whose manifest does not come.
    InPart,
}

struct RegistryPoll<'a> {
    poller: &'a RegistryPoller,
    oci: Oci,
    kinds: Kinds,
    /// What was read of each manifest: content does not change under its digest.
    known: HashMap<Digest, Artifact>,
    /// Digests that a tag points to, as far as this reading has come.
    seen: HashSet<Digest>,
}

/// Talks until something concerns the whole registry; that is returned.
pub(super) async fn poll_registry(poller: &RegistryPoller) -> Fault {
    match begin(poller).await {
        Ok(mut poll) => match poll.go_on().await {
            Ok(never) => match never {},
            Err(fault) => fault,
        },
        Err(fault) => fault,
    }
}

async fn begin(poller: &RegistryPoller) -> Result<RegistryPoll<'_>, Fault> {
    let endpoint = poller.endpoint(Client::Oci).await?;
    let oci = Oci::new(&poller.wire, endpoint, poller.entry.spec.repositories.clone())?;
    Ok(RegistryPoll { poller, oci, kinds: Kinds::default(), known: HashMap::new(), seen: HashSet::new() })
}

impl RegistryPoll<'_> {
    async fn go_on(&mut self) -> Result<std::convert::Infallible, Fault> {
        self.ping().await?;
        // It has neither projects nor people nor policies: there is nothing to tell of them.
        let others: Vec<Question> =
            Question::ALL.into_iter().filter(|q| !matches!(q, Question::Projects | Question::Repositories | Question::Artifacts)).collect();
        self.poller.complete(&others).await;
        self.whole().await?;
        self.poller.complete(&[Question::Projects]).await;
        if self.poller.interest != PollMode::Console {
            return std::future::pending().await;
        }
        let mut whole = Instant::now() + WHOLE;
        loop {
            let woken = tokio::select! {
                () = sleep_until(whole.min(Instant::now() + PING)) => false,
                () = self.poller.wake.notified() => true,
            };
            self.ping().await?;
            if woken || Instant::now() >= whole {
                self.whole().await?;
                whole = Instant::now() + WHOLE;
            }
        }
    }

    async fn ping(&self) -> Result<(), Fault> {
        let began = Instant::now();
        self.oci.fetch_ping().await?;
        let took_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        self.poller.say(RegistryFact::Ping { took_ms }).await;
        Ok(())
    }

    async fn whole(&mut self) -> Result<(), Fault> {
        let questions_wanted = &self.poller.questions_wanted;
        if !questions_wanted.needs(Question::Repositories) {
            return Ok(());
        }
        let names = match self.oci.list_repositories().await {
            Ok(found) => found.names,
            Err(fault) => {
                self.poller.report_answer(Question::Repositories, Err(fault), RegistryFact::Repositories).await?;
                self.poller.complete(&[Question::Artifacts]).await;
                return Ok(());
            }
        };
        let rows = names.iter().map(repository).collect();
        // One of them tells whether they may be read.
        let closely = if self.poller.interest == PollMode::Probe { 1 } else { names.len() };
        self.poller.report_answer(Question::Repositories, Ok(rows), RegistryFact::Repositories).await?;
        if !questions_wanted.has(Question::Artifacts) {
            return Ok(());
        }
        self.seen.clear();
        for name in names.into_iter().take(closely) {
            self.artifacts_of(&name).await?;
        }
        let seen = std::mem::take(&mut self.seen);
        self.known.retain(|digest, _| seen.contains(digest));
        self.poller.complete(&[Question::Artifacts]).await;
        Ok(())
    }

    async fn artifacts_of(&mut self, repository: &Arc<str>) -> Result<(), Fault> {
        let (artifacts, reading) = match self.artifacts(repository).await {
            Ok(read) => read,
            Err(fault) if super::concerns_all(&fault) => return Err(fault),
            Err(fault) => {
                self.poller.say(RegistryFact::Denied(Question::Artifacts, Arc::new(fault))).await;
                return Ok(());
            }
        };
        let packed = PackedArtifacts::pack(repository, artifacts, &mut self.kinds);
        let artifacts = Arc::new(if reading == Reading::InPart { packed.in_part() } else { packed });
        self.poller.say(RegistryFact::Artifacts { repository: Arc::clone(repository), artifacts }).await;
        Ok(())
    }

    /// One artifact a digest, with the tags that point to it now, and whether that is all.
    async fn artifacts(&mut self, repository: &Arc<str>) -> Result<(Vec<Artifact>, Reading), Fault> {
        let tags = self.oci.list_tags(repository).await?;
        let mut reading = if tags.len() > TAGS { Reading::InPart } else { Reading::Whole };
        let oci = &self.oci;
        let newest = tags.into_iter().rev().take(TAGS);
        let heads = stream::iter(newest).map(|tag| async move { (oci.fetch_head(repository, &tag).await, tag) });
        let mut by_digest: BTreeMap<Digest, Vec<Tag>> = BTreeMap::new();
        let mut heads = heads.buffer_unordered(AT_ONCE);
        while let Some((head, tag)) = heads.next().await {
            match head {
                Ok(head) => by_digest.entry(head.digest).or_default().push(Tag { name: tag, pushed: None, pulled: None, immutable: None }),
                Err(fault) if super::concerns_all(&fault) => return Err(fault),
                // Removed since it was listed.
                Err(fault) if fault.kind == FaultKind::NotFound => {}
                // The others live.
                Err(fault) => {
                    tracing::info!(%repository, %tag, %fault, "no manifest");
                    reading = Reading::InPart;
                }
            }
        }
        drop(heads);
        self.seen.extend(by_digest.keys().cloned());
        let unknown: Vec<Digest> = by_digest.keys().filter(|digest| !self.known.contains_key(digest)).cloned().collect();
        let mut read = stream::iter(unknown)
            .map(|digest| async move { (oci.fetch_manifest(repository, &digest.to_string()).await, digest) })
            .buffer_unordered(AT_ONCE);
        let mut news = Vec::new();
        while let Some((manifest, digest)) = read.next().await {
            match manifest {
                Ok(manifest) => news.push((digest, artifact(repository, &manifest))),
                Err(fault) if super::concerns_all(&fault) => return Err(fault),
                Err(fault) if fault.kind == FaultKind::NotFound => {}
                Err(fault) => {
                    tracing::info!(%repository, %digest, %fault, "manifest cannot be read");
                    reading = Reading::InPart;
                }
            }
        }
        drop(read);
        self.known.extend(news);
        let artifacts = by_digest
            .into_iter()
            .filter_map(|(digest, tags)| {
                self.known.get(&digest).map(|a| Artifact { repository: Arc::clone(repository), tags, ..a.clone() })
            })
            .collect();
        Ok((artifacts, reading))
    }
}

fn repository(name: &Arc<str>) -> Repository {
    Repository {
        id: 0,
        project_id: 0,
        name: Arc::clone(name),
        description: None,
        artifacts: None,
        pulls: None,
        created: None,
        updated: None,
    }
}

fn artifact(repository: &Arc<str>, manifest: &crate::model::artifact::Manifest) -> Artifact {
    use crate::model::artifact::Reference;
    let children = manifest.manifests.iter().map(|d| Reference { digest: d.digest.clone(), platform: d.platform.clone() }).collect();
    Artifact {
        repository: Arc::clone(repository),
        digest: manifest.digest.clone(),
        kind: ArtifactType::Image,
        media_type: manifest.config.as_ref().map_or_else(|| Arc::clone(&manifest.media_type), |c| Arc::clone(&c.media_type)),
        manifest_media_type: Arc::clone(&manifest.media_type),
        size: manifest.total(),
        pushed: None,
        pulled: None,
        tags: Vec::new(),
        platform: None,
        children,
        accessories: Vec::new(),
        labels: Vec::new(),
    }
}
