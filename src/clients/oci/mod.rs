//! The distribution API of plain registries and of Harbor's `/v2`: reads only, every manifest checked against its digest.

mod challenge;
mod links;
mod sending;
mod tokens;
mod wire;

use std::sync::Arc;

use wire::{WireCatalogue, WireManifest, WireTags};

use super::Wire;
use super::gate::Client;
use super::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use super::http::{Answer, Ask, HttpEndpoint, Method, Redirects, StatusCode, segment};
use crate::model::artifact::{Descriptor, Digest, Manifest, ManifestHead};
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};
use links::{Paged, next_query};
use sending::Sender;

/// Every kind of manifest that we can read. Without it old registries answer in the format of 2016.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";
/// Registries accept no larger ones.
const MANIFEST_MOST: usize = 4 << 20;
const MANIFEST: &str = "/v2/{name+}/manifests/{reference}";

/// Where a list of repositories is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The registry's own catalogue.
    Catalogue,
    /// The config: this registry has no catalogue, or we may not read it.
    Config,
}

/// The repositories of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repositories {
    pub names: Vec<Arc<str>>,
    pub source: Source,
}

/// How the referrers of a digest were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferrersBy {
    /// The referrers API of version 1.1.
    Api,
    /// The tag `sha256-..` of older registries.
    Tag,
}

/// What hangs on a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrers {
    pub by: ReferrersBy,
    pub list: Vec<Descriptor>,
}

/// A registry that speaks the distribution API. Clones share its connections and tokens.
#[derive(Clone, Debug)]
pub struct Oci {
    sender: Arc<Sender>,
    configured: Arc<[Arc<str>]>,
}

impl Oci {
    /// No network. `repositories` are looked at where the registry has no catalogue; empty: only the catalogue.
    ///
    /// # Errors
    /// Config, where the address is not http or https.
    pub fn new(wire: &Wire, endpoint: HttpEndpoint, repositories: Vec<Arc<str>>) -> Result<Self, Fault> {
        let sender = Sender::new(wire, HttpEndpoint { client: Client::Oci, ..endpoint })?;
        Ok(Self { sender: Arc::new(sender), configured: repositories.into() })
    }

    /// Its name in the config.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.sender.name()
    }

    /// Whether a registry answers and takes our credential.
    ///
    /// # Errors
    /// Unauthorized for a credential that is refused.
    pub async fn fetch_ping(&self) -> Result<(), Fault> {
        self.sender.send(Ask::get("/v2/", "/v2/"), "").await?.success().map(|_| ())
    }

    /// The configured repositories, or else the catalogue.
    ///
    /// # Errors
    /// Where there is neither: the hint says what to configure.
    pub async fn list_repositories(&self) -> Result<Repositories, Fault> {
        if !self.configured.is_empty() {
            return Ok(Repositories { names: self.configured.to_vec(), source: Source::Config });
        }
        let names = self.paged("/v2/_catalog", "/v2/_catalog".to_owned(), "registry:catalog:*", 100, |answer| {
            Ok(answer.json::<Option<WireCatalogue>>()?.unwrap_or_default().names())
        });
        match names.await {
            Ok(names) => Ok(Repositories { names, source: Source::Catalogue }),
            Err(mut fault) => {
                if matches!(fault.kind, FaultKind::NotFound | FaultKind::Forbidden | FaultKind::Version) {
                    fault.hint = Text::new(
                        "this registry shows no catalogue to us: name its repositories in the config (repositories = [..])",
                        "该仓库不向我们提供目录：请在配置中列出仓库（repositories = [..]）",
                    );
                }
                Err(fault)
            }
        }
    }

    /// The tags of a repository, in the registry's order.
    pub async fn list_tags(&self, repository: &str) -> Result<Vec<Arc<str>>, Fault> {
        let path = format!("/v2/{}/tags/list", segments(repository));
        self.paged("/v2/{name+}/tags/list", path, &pull(repository), 1000, |answer| {
            Ok(answer.json::<Option<WireTags>>()?.unwrap_or_default().names())
        })
        .await
    }

    /// What a tag or digest is now, without its content. One that a registry answers without a digest is fetched and hashed.
    pub async fn fetch_head(&self, repository: &str, reference: &str) -> Result<ManifestHead, Fault> {
        let path = format!("/v2/{}/manifests/{}", segments(repository), segment(reference));
        let ask = Ask { accept: Some(MANIFESTS), redirects: Redirects::Follow, ..Ask::new(Method::HEAD, MANIFEST, path) };
        let answer = self.sender.send(ask, &pull(repository)).await?.success()?;
        let digest = answer.header("docker-content-digest").map(Digest::parse);
        let Some(digest @ Digest::Sha256(_)) = digest else {
            let manifest = self.fetch_manifest(repository, reference).await?;
            return Ok(ManifestHead { digest: manifest.digest, media_type: manifest.media_type, size: Some(manifest.size) });
        };
        Ok(ManifestHead {
            digest,
            media_type: clean(answer.header(CONTENT_TYPE).unwrap_or_default()).into(),
            size: answer.header(CONTENT_LENGTH).and_then(|n| n.parse().ok()),
        })
    }

    /// A manifest by tag or digest. Its bytes are hashed: what does not match the digest asked for, or the one the registry
    /// names, is refused.
    pub async fn fetch_manifest(&self, repository: &str, reference: &str) -> Result<Manifest, Fault> {
        let path = format!("/v2/{}/manifests/{}", segments(repository), segment(reference));
        let ask = Ask { accept: Some(MANIFESTS), max_body: Some(MANIFEST_MOST), redirects: Redirects::Follow, ..Ask::get(MANIFEST, path) };
        let answer = self.sender.send(ask, &pull(repository)).await?.success()?;
        let told: WireManifest = answer.json()?;
        if told.is_schema_1() {
            return Err(self.protocol(
                &Text::made(
                    format!("{repository} at {reference} is an image of the old schema 1"),
                    format!("{repository} 的 {reference} 是旧的 schema 1 镜像"),
                ),
                Text::new("push it again with a tool of this decade", "请用较新的工具重新推送"),
            ));
        }
        let digest = Digest::of(&answer.body);
        let named = answer.header("docker-content-digest").map(Digest::parse);
        let wanted = Some(Digest::parse(reference)).filter(|wanted| matches!(wanted, Digest::Sha256(_)));
        for claimed in [named.filter(|named| matches!(named, Digest::Sha256(_))), wanted].into_iter().flatten() {
            if claimed != digest {
                return Err(self.protocol(
                    &Text::made(
                        format!("{repository} at {reference} is not what its digest says: {claimed} was named, the bytes are {digest}"),
                        format!("{repository} 的 {reference} 与摘要不符：声明为 {claimed}，内容为 {digest}"),
                    ),
                    Text::new(
                        "do not deploy it: its storage is damaged, or somebody changed it on the way",
                        "请勿部署：存储损坏，或内容在途中被改动",
                    ),
                ));
            }
        }
        let size = answer.body.len() as u64;
        Ok(told.noun(digest, answer.header(CONTENT_TYPE), size))
    }

    /// Bytes of a blob, `None` where it is not there. Storage that lost a blob shows here and nowhere else.
    pub async fn fetch_blob_size(&self, repository: &str, digest: &Digest) -> Result<Option<u64>, Fault> {
        let path = format!("/v2/{}/blobs/{}", segments(repository), segment(&digest.to_string()));
        let ask = Ask { redirects: Redirects::Follow, ..Ask::new(Method::HEAD, "/v2/{name+}/blobs/{digest}", path) };
        let answer = self.sender.send(ask, &pull(repository)).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(answer.success()?.header(CONTENT_LENGTH).and_then(|n| n.parse().ok()).unwrap_or_default()))
    }

    /// What hangs on a digest: by the referrers API, or by the tag that older registries keep it under.
    pub async fn list_referrers(&self, repository: &str, digest: &Digest) -> Result<Referrers, Fault> {
        let path = format!("/v2/{}/referrers/{}", segments(repository), segment(&digest.to_string()));
        let ask = Ask {
            accept: Some("application/vnd.oci.image.index.v1+json"),
            max_body: Some(MANIFEST_MOST),
            ..Ask::get("/v2/{name+}/referrers/{digest}", path)
        };
        let answer = self.sender.send(ask, &pull(repository)).await?;
        if !matches!(answer.status.as_u16(), 404 | 405) {
            let list = answer.success()?.json::<WireManifest>()?.descriptors();
            return Ok(Referrers { by: ReferrersBy::Api, list });
        }
        let tag = digest.to_string().replacen(':', "-", 1);
        let path = format!("/v2/{}/manifests/{}", segments(repository), segment(&tag));
        let ask = Ask { accept: Some(MANIFESTS), max_body: Some(MANIFEST_MOST), ..Ask::get(MANIFEST, path) };
        let answer = self.sender.send(ask, &pull(repository)).await?;
        let list =
            if answer.status == StatusCode::NOT_FOUND { Vec::new() } else { answer.success()?.json::<WireManifest>()?.descriptors() };
        Ok(Referrers { by: ReferrersBy::Tag, list })
    }

    /// Reads a list that goes on behind `Link`s.
    async fn paged(
        &self,
        template: &'static str,
        path: String,
        scope: &str,
        size: usize,
        read: fn(&Answer) -> Result<Vec<Arc<str>>, Fault>,
    ) -> Result<Vec<Arc<str>>, Fault> {
        let mut paged = Paged::default();
        let mut query = vec![("n".to_owned(), size.to_string())];
        loop {
            let ask = query.iter().fold(Ask::get(template, path.clone()), |ask, (name, value)| ask.query(name.clone(), value.clone()));
            let answer = self.sender.send(ask, scope).await?.success()?;
            let next = answer.header("link").and_then(next_query);
            match paged.take(read(&answer)?, next) {
                Ok(Some(next)) => query = next,
                Ok(None) => return Ok(paged.finish()),
                Err(why) => {
                    return Err(
                        self.protocol(&why, Text::new("see whether this registry really holds so many", "请检查该仓库是否真有这么多内容"))
                    );
                }
            }
        }
    }

    fn protocol(&self, cause: &Text, hint: Text) -> Fault {
        let cause = Text::made(clean(&cause.en), clean(&cause.zh));
        Fault::new(&**self.name(), FaultKind::Protocol, cause, hint)
    }
}

fn pull(repository: &str) -> String {
    format!("repository:{repository}:pull")
}

/// A repository's name in a path: its slashes stay.
fn segments(repository: &str) -> String {
    repository.split('/').map(segment).collect::<Vec<_>>().join("/")
}
