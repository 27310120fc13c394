//! A project of a Harbor: its owner, visibility, metadata and quota.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock::Stamp;
use super::member::Role;
use super::quota::Usage;
use super::registry::RegistryEndpoint;

/// A project in one Harbor. `id` is that Harbor's own: over IDCs a project is known by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub id: i64,
    pub name: Arc<str>,
    pub owner: Option<Arc<str>>,
    /// Strings to strings, as Harbor keeps them: `public`, `auto_scan`, `severity`, ..
    pub metadata: Arc<BTreeMap<Arc<str>, Arc<str>>>,
    pub repositories: Option<u64>,
    /// The endpoint that it is a proxy cache of.
    pub proxy_of: Option<i64>,
    /// The roles of whoever asked.
    pub my_roles: Vec<Role>,
    pub created: Option<Stamp>,
    pub updated: Option<Stamp>,
}

impl Project {
    /// Harbor takes anything but `true` for private; a value like `maybe` is stored and means private.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.metadata.get("public").is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }
}

/// `GET /projects/{p}/summary`: counts by role (groups count as one) and storage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectSummary {
    pub repositories: u64,
    pub admins: u64,
    pub maintainers: u64,
    pub developers: u64,
    pub guests: u64,
    pub limited_guests: u64,
    /// `None` where the credential may not see it.
    pub usage: Option<Usage>,
    /// What it is a proxy cache of.
    pub proxied: Option<RegistryEndpoint>,
}

impl ProjectSummary {
    /// Members of the five known roles; a member with another role is in none of these counts.
    #[must_use]
    pub fn members(&self) -> u64 {
        self.admins + self.maintainers + self.developers + self.guests + self.limited_guests
    }
}

/// Whether a project can be removed, and if not, why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletable {
    pub deletable: bool,
    pub why_not: Option<Arc<str>>,
}

/// A rule that makes tags immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImmutableRule {
    pub id: i64,
    pub disabled: bool,
    pub repositories: Vec<Selector>,
    pub tags: Vec<Selector>,
}

/// A doublestar pattern and how it is taken: `matches`, `excludes`, `repoMatches`, `repoExcludes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector {
    pub decoration: Arc<str>,
    pub pattern: Arc<str>,
}

/// A webhook of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub id: i64,
    pub name: Arc<str>,
    pub enabled: bool,
    pub events: Vec<Arc<str>>,
    pub targets: Vec<Arc<str>>,
}

/// What a project's webhooks can listen to and how they can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEvents {
    pub events: Vec<Arc<str>>,
    pub notify: Vec<Arc<str>>,
}
