//! What a Harbor keeps: the rows of its database, as far as the console can see them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::model::clock::Stamp;

use super::image::Image;

/// Row numbers. They are spent by refused inserts too, as PostgreSQL's sequences are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    User,
    Group,
    Project,
    Quota,
    Member,
    Repository,
    Artifact,
    Tag,
    Accessory,
    Label,
    Immutable,
    Robot,
    Registry,
    Policy,
    Schedule,
    Execution,
    Task,
    Audit,
    Instance,
    Preheat,
}

/// The next number of each kind, 1 where none was given out.
#[derive(Clone, Debug, Default)]
pub struct Sequences(BTreeMap<Kind, i64>);

impl Sequences {
    pub fn next(&mut self, kind: Kind) -> i64 {
        let last = self.0.entry(kind).or_insert(0);
        *last += 1;
        *last
    }

    /// The last number that was given out is taken to be `last`.
    pub fn skip_to(&mut self, kind: Kind, last: i64) {
        self.0.insert(kind, last);
    }
}

#[derive(Clone, Debug)]
pub struct User {
    pub id: i64,
    pub name: String,
    pub email: String,
    pub realname: String,
    pub comment: String,
    pub password: String,
    pub admin: bool,
    pub created: Stamp,
    pub updated: Stamp,
}

#[derive(Clone, Debug)]
pub(super) struct Group {
    pub id: i64,
    pub name: String,
    pub kind: i64,
    pub ldap_dn: String,
}

#[derive(Clone, Debug)]
pub struct Project {
    pub id: i64,
    pub name: String,
    pub owner: i64,
    pub metadata: BTreeMap<String, String>,
    pub created: Stamp,
    pub updated: Stamp,
    pub quota: Quota,
    pub members: Vec<Member>,
    pub repositories: Vec<Repository>,
    pub immutables: Vec<Immutable>,
    pub blobs: Blobs,
}

/// Who sees a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    Public,
    Private,
}

#[derive(Clone, Debug)]
pub struct Quota {
    pub id: i64,
    /// Bytes, -1 for no limit.
    pub hard: i64,
    pub created: Stamp,
    pub updated: Stamp,
}

/// Which repository of a project holds which blobs, and what they weigh together.
#[derive(Clone, Debug, Default)]
pub struct Blobs {
    links: BTreeMap<String, BTreeSet<Arc<str>>>,
    sizes: BTreeMap<Arc<str>, u64>,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub id: i64,
    /// The user's or the group's number.
    pub entity: i64,
    pub is_group: bool,
    pub role: i64,
}

#[derive(Clone, Debug)]
pub struct Repository {
    pub id: i64,
    /// Without the project.
    pub name: String,
    pub description: String,
    pub pulls: i64,
    pub created: Stamp,
    pub updated: Stamp,
    pub artifacts: Vec<Artifact>,
}

#[derive(Clone, Debug)]
pub struct Artifact {
    pub id: i64,
    pub digest: Arc<str>,
    /// With all that it refers to.
    pub size: u64,
    pub pushed: Stamp,
    pub pulled: Option<Stamp>,
    pub image: Arc<Image>,
    pub tags: Vec<Tag>,
    pub labels: Vec<i64>,
    /// Numbers of the artifacts that an index is made of, in its order.
    pub children: Vec<i64>,
    pub accessories: Vec<Accessory>,
    /// Set where this one is an accessory of that artifact.
    pub subject: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Tag {
    pub id: i64,
    pub name: String,
    pub pushed: Stamp,
    pub pulled: Option<Stamp>,
}

#[derive(Clone, Debug)]
pub struct Accessory {
    pub id: i64,
    pub artifact: i64,
    pub digest: Arc<str>,
    pub size: u64,
    pub kind: &'static str,
    pub created: Stamp,
}

#[derive(Clone, Debug)]
pub(super) struct Label {
    pub id: i64,
    pub name: String,
    pub color: String,
    pub description: String,
    /// `g` or `p`.
    pub scope: String,
    pub project: i64,
    pub created: Stamp,
    pub updated: Stamp,
}

/// A rule under which tags cannot be moved or removed.
#[derive(Clone, Debug)]
pub struct Immutable {
    pub id: i64,
    pub rule: Value,
}

#[derive(Clone, Debug)]
pub struct Robot {
    pub id: i64,
    /// As it was asked for; the full name has the prefix and the project.
    pub name: String,
    pub description: String,
    pub secret: String,
    /// `None` for a robot of the system.
    pub project: Option<i64>,
    pub disabled: bool,
    /// Days, -1 for ever.
    pub duration: i64,
    /// Seconds since 1970, -1 for never.
    pub expires: i64,
    pub permissions: Value,
    pub creator: i64,
    pub created: Stamp,
    pub updated: Stamp,
}

/// A place that replication reads from or writes to.
#[derive(Clone, Debug)]
pub struct Registry {
    pub id: i64,
    pub name: String,
    pub url: String,
    pub kind: String,
    pub insecure: bool,
    pub description: String,
    pub credential_kind: String,
    pub access_key: String,
    pub access_secret: String,
    /// What the last look that came to an end found. A peer that cannot be reached does not change it.
    pub healthy: bool,
    pub created: Stamp,
    pub updated: Stamp,
}

#[allow(clippy::struct_excessive_bools, reason = "a row of Harbor's table, flag by flag")]
#[derive(Clone, Debug)]
pub struct Policy {
    pub id: i64,
    pub name: String,
    pub description: String,
    /// 0 is this Harbor itself.
    pub source: i64,
    pub target: i64,
    pub namespace: String,
    pub replace: i64,
    pub trigger: Value,
    pub filters: Value,
    pub deletion: bool,
    pub replace_existing: bool,
    pub enabled: bool,
    /// Kbps, 0 for unlimited.
    pub speed: i64,
    pub by_chunk: bool,
    pub single: bool,
    pub created: Stamp,
    pub updated: Stamp,
}

#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub id: i64,
    pub vendor: &'static str,
    pub vendor_id: i64,
    pub cron: String,
    pub updated: Stamp,
}

/// One line of the audit log.
#[derive(Clone, Debug)]
pub(super) struct AuditEntry {
    pub id: i64,
    pub at: Stamp,
    pub operation: &'static str,
    pub description: String,
    pub succeeded: bool,
    pub resource: String,
    pub resource_kind: &'static str,
    pub user: String,
    pub project: Option<i64>,
}

impl Blobs {
    /// A repository holds a blob from now on.
    pub fn link(&mut self, repository: &str, blob: &Arc<str>, size: u64) {
        self.sizes.entry(Arc::clone(blob)).or_insert(size);
        if let Some(held) = self.links.get_mut(repository) {
            held.insert(Arc::clone(blob));
        } else {
            self.links.insert(repository.to_owned(), BTreeSet::from([Arc::clone(blob)]));
        }
    }

    pub fn holds(&self, repository: &str, blob: &str) -> bool {
        self.links.get(repository).is_some_and(|held| held.contains(blob))
    }

    pub fn size(&self, blob: &str) -> Option<u64> {
        self.sizes.get(blob).copied()
    }

    pub fn total(&self) -> u64 {
        self.sizes.values().sum()
    }
}

impl Project {
    pub fn is_public(&self) -> bool {
        self.metadata.get("public").is_some_and(|public| public == "true")
    }

    pub fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.iter().find(|repository| repository.name == name)
    }

    pub fn repository_mut(&mut self, name: &str) -> Option<&mut Repository> {
        self.repositories.iter_mut().find(|repository| repository.name == name)
    }
}

impl Repository {
    /// By tag or digest.
    pub fn artifact(&self, reference: &str) -> Option<&Artifact> {
        self.artifacts.iter().find(|artifact| artifact.is(reference))
    }

    pub fn artifact_mut(&mut self, reference: &str) -> Option<&mut Artifact> {
        self.artifacts.iter_mut().find(|artifact| artifact.is(reference))
    }
}

impl Artifact {
    /// Goes by that tag or digest.
    pub fn is(&self, reference: &str) -> bool {
        if reference.starts_with("sha256:") { *self.digest == *reference } else { self.tags.iter().any(|tag| tag.name == reference) }
    }

    /// Shown in a repository's list: not an accessory, and tagged or part of nothing.
    pub fn is_listed(&self, among: &[Artifact]) -> bool {
        self.subject.is_none() && (!self.tags.is_empty() || !among.iter().any(|other| other.children.contains(&self.id)))
    }
}

/// A time as Harbor writes it; none is the year 1.
pub(super) fn time(at: Option<Stamp>) -> Value {
    at.map_or_else(|| json!("0001-01-01T00:00:00.000Z"), |at| json!(at.rfc3339()))
}

/// A time that comes from a column without milliseconds.
pub(super) fn time_of_seconds(at: Option<Stamp>) -> Value {
    time(at.map(|at| Stamp(at.seconds() * 1000)))
}

/// Adds a field unless its value is empty, as Harbor leaves such fields out.
pub(super) fn put(object: &mut Value, key: &str, value: impl Into<Value>) {
    let value = value.into();
    let is_empty = match &value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    };
    if let (false, Value::Object(fields)) = (is_empty, object) {
        fields.insert(key.to_owned(), value);
    }
}
