//! Projects, their summaries, quotas, rules and webhooks, as told.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::{FromWire, When, WireEndpoint, Word, at, count, some, word, words};
use crate::model::member::Role;
use crate::model::project::{Deletable, ImmutableRule, Project, ProjectSummary, Selector, Webhook, WebhookEvents};
use crate::model::quota::{Quota, Usage};
use crate::model::text::clean;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireProject {
    project_id: Option<i64>,
    name: Option<Word>,
    owner_name: Option<Word>,
    registry_id: Option<i64>,
    creation_time: Option<When>,
    update_time: Option<When>,
    current_user_role_ids: Option<Vec<i64>>,
    repo_count: Option<i64>,
    metadata: Option<WireMetadata>,
}

impl FromWire for WireProject {
    type Noun = Project;

    fn noun(self) -> Project {
        Project {
            id: self.project_id.unwrap_or_default(),
            name: word(self.name),
            owner: some(self.owner_name),
            metadata: Arc::new(self.metadata.map(FromWire::noun).unwrap_or_default()),
            repositories: self.repo_count.map(|n| count(Some(n))),
            proxy_of: self.registry_id.filter(|id| *id > 0),
            my_roles: self.current_user_role_ids.unwrap_or_default().into_iter().map(Role::from_id).collect(),
            created: at(self.creation_time),
            updated: at(self.update_time),
        }
    }
}

/// Strings to strings; a value that is none (another version's) is kept as its JSON.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(in super::super) struct WireMetadata(BTreeMap<String, serde_json::Value>);

impl FromWire for WireMetadata {
    type Noun = BTreeMap<Arc<str>, Arc<str>>;

    fn noun(self) -> BTreeMap<Arc<str>, Arc<str>> {
        let text = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let told = self.0.into_iter().filter(|(_, value)| !value.is_null());
        told.map(|(key, value)| (clean(&key).into(), clean(&text(value)).into())).collect()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireStorage {
    storage: Option<i64>,
}

/// `-1` is unlimited; nothing said of a limit is none known, which is unlimited too.
fn usage(used: Option<WireStorage>, hard: Option<WireStorage>) -> Usage {
    let hard = hard.and_then(|hard| hard.storage).and_then(|bytes| u64::try_from(bytes).ok());
    Usage { used: count(used.and_then(|used| used.storage)), hard }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireUsage {
    hard: Option<WireStorage>,
    used: Option<WireStorage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireSummary {
    repo_count: Option<i64>,
    project_admin_count: Option<i64>,
    maintainer_count: Option<i64>,
    developer_count: Option<i64>,
    guest_count: Option<i64>,
    limited_guest_count: Option<i64>,
    quota: Option<WireUsage>,
    registry: Option<WireEndpoint>,
}

impl FromWire for WireSummary {
    type Noun = ProjectSummary;

    fn noun(self) -> ProjectSummary {
        ProjectSummary {
            repositories: count(self.repo_count),
            admins: count(self.project_admin_count),
            maintainers: count(self.maintainer_count),
            developers: count(self.developer_count),
            guests: count(self.guest_count),
            limited_guests: count(self.limited_guest_count),
            usage: self.quota.map(|quota| usage(quota.used, quota.hard)),
            proxied: self.registry.map(FromWire::noun).filter(|registry| registry.id > 0),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireQuota {
    id: Option<i64>,
    #[serde(rename = "ref")]
    of: Option<WireQuotaRef>,
    hard: Option<WireStorage>,
    used: Option<WireStorage>,
    update_time: Option<When>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireQuotaRef {
    id: Option<i64>,
    name: Option<Word>,
}

impl FromWire for WireQuota {
    type Noun = Quota;

    fn noun(self) -> Quota {
        let of = self.of.unwrap_or_default();
        Quota {
            id: self.id.unwrap_or_default(),
            project_id: of.id.unwrap_or_default(),
            project: word(of.name),
            usage: usage(self.used, self.hard),
            updated: at(self.update_time),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireDeletable {
    deletable: Option<bool>,
    message: Option<Word>,
}

impl FromWire for WireDeletable {
    type Noun = Deletable;

    fn noun(self) -> Deletable {
        Deletable { deletable: self.deletable.unwrap_or_default(), why_not: some(self.message) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireRule {
    id: Option<i64>,
    disabled: Option<bool>,
    scope_selectors: Option<BTreeMap<String, Vec<WireSelector>>>,
    tag_selectors: Option<Vec<WireSelector>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireSelector {
    decoration: Option<Word>,
    pattern: Option<Word>,
}

impl FromWire for WireRule {
    type Noun = ImmutableRule;

    fn noun(self) -> ImmutableRule {
        let selector = |s: WireSelector| Selector { decoration: word(s.decoration), pattern: word(s.pattern) };
        ImmutableRule {
            id: self.id.unwrap_or_default(),
            disabled: self.disabled.unwrap_or_default(),
            repositories: self.scope_selectors.unwrap_or_default().into_values().flatten().map(selector).collect(),
            tags: self.tag_selectors.unwrap_or_default().into_iter().map(selector).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireWebhook {
    id: Option<i64>,
    name: Option<Word>,
    enabled: Option<bool>,
    event_types: Option<Vec<Word>>,
    targets: Option<Vec<WireTarget>>,
}

/// Its `auth_header` is a secret and is not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireTarget {
    address: Option<Word>,
}

impl FromWire for WireWebhook {
    type Noun = Webhook;

    fn noun(self) -> Webhook {
        Webhook {
            id: self.id.unwrap_or_default(),
            name: word(self.name),
            enabled: self.enabled.unwrap_or_default(),
            events: words(self.event_types),
            targets: self.targets.unwrap_or_default().into_iter().map(|target| word(target.address)).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireWebhookEvents {
    event_type: Option<Vec<Word>>,
    notify_type: Option<Vec<Word>>,
}

impl FromWire for WireWebhookEvents {
    type Noun = WebhookEvents;

    fn noun(self) -> WebhookEvents {
        WebhookEvents { events: words(self.event_type), notify: words(self.notify_type) }
    }
}
