//! What a Harbor tells of itself and of who asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::{FromWire, When, Word, at, count, some, word};
use crate::model::registry::{
    AuthMode, Claim, CurrentUser, HealthClaim, PartHealth, Permission, PermissionCatalogue, Setting, Statistics, SystemFacts, Volume,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireVersion {
    version: Option<Word>,
}

impl FromWire for WireVersion {
    /// `v2.0`: of the API, not of Harbor.
    type Noun = Arc<str>;

    fn noun(self) -> Arc<str> {
        word(self.version)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireSystem {
    auth_mode: Option<Word>,
    banner_message: Option<Word>,
    self_registration: Option<bool>,
    oidc_provider_name: Option<Word>,
    harbor_version: Option<Word>,
    registry_url: Option<Word>,
    external_url: Option<Word>,
    read_only: Option<bool>,
    current_time: Option<When>,
    project_creation_restriction: Option<Word>,
    registry_storage_provider_name: Option<Word>,
}

impl FromWire for WireSystem {
    type Noun = SystemFacts;

    fn noun(self) -> SystemFacts {
        SystemFacts {
            auth_mode: some(self.auth_mode).map(|word| AuthMode::parse(&word)),
            banner: some(self.banner_message),
            self_registration: self.self_registration,
            oidc_provider: some(self.oidc_provider_name),
            version: some(self.harbor_version),
            registry_url: some(self.registry_url),
            external_url: some(self.external_url),
            read_only: self.read_only,
            current_time: at(self.current_time),
            project_creation: some(self.project_creation_restriction),
            storage: some(self.registry_storage_provider_name),
            skew_ms: None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireHealth {
    status: Option<Word>,
    components: Option<Vec<WirePart>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WirePart {
    name: Option<Word>,
    status: Option<Word>,
    error: Option<Word>,
}

impl FromWire for WireHealth {
    type Noun = HealthClaim;

    fn noun(self) -> HealthClaim {
        let component = |c: WirePart| PartHealth { name: word(c.name), claim: Claim::parse(&word(c.status)), error: some(c.error) };
        HealthClaim {
            claim: Claim::parse(&word(self.status)),
            components: self.components.unwrap_or_default().into_iter().map(component).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireVolumes {
    storage: Option<Vec<Volume>>,
}

impl FromWire for WireVolumes {
    type Noun = Vec<Volume>;

    fn noun(self) -> Vec<Volume> {
        self.storage.unwrap_or_default()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireCurrentUser {
    user_id: Option<i64>,
    username: Option<Word>,
    realname: Option<Word>,
    email: Option<Word>,
    sysadmin_flag: Option<bool>,
    admin_role_in_auth: Option<bool>,
    creation_time: Option<When>,
}

impl FromWire for WireCurrentUser {
    type Noun = CurrentUser;

    fn noun(self) -> CurrentUser {
        CurrentUser {
            id: self.user_id.unwrap_or_default(),
            name: word(self.username),
            realname: some(self.realname),
            email: some(self.email),
            sysadmin: self.sysadmin_flag.unwrap_or_default(),
            admin_by_auth: self.admin_role_in_auth.unwrap_or_default(),
            created: at(self.creation_time),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WirePermission {
    resource: Option<Word>,
    action: Option<Word>,
}

impl FromWire for WirePermission {
    type Noun = Permission;

    fn noun(self) -> Permission {
        Permission { resource: word(self.resource), action: word(self.action) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireCatalogue {
    system: Option<Vec<WirePermission>>,
    project: Option<Vec<WirePermission>>,
}

impl FromWire for WireCatalogue {
    type Noun = PermissionCatalogue;

    fn noun(self) -> PermissionCatalogue {
        let all = |list: Option<Vec<WirePermission>>| list.unwrap_or_default().into_iter().map(FromWire::noun).collect();
        PermissionCatalogue { system: all(self.system), project: all(self.project) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireStatistics {
    private_project_count: Option<i64>,
    private_repo_count: Option<i64>,
    public_project_count: Option<i64>,
    public_repo_count: Option<i64>,
    total_project_count: Option<i64>,
    total_repo_count: Option<i64>,
    total_storage_consumption: Option<i64>,
}

impl FromWire for WireStatistics {
    type Noun = Statistics;

    fn noun(self) -> Statistics {
        Statistics {
            private_projects: count(self.private_project_count),
            private_repositories: count(self.private_repo_count),
            public_projects: count(self.public_project_count),
            public_repositories: count(self.public_repo_count),
            total_projects: count(self.total_project_count),
            total_repositories: count(self.total_repo_count),
            total_storage: count(self.total_storage_consumption),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(in super::super) struct WireSettings(BTreeMap<String, WireSetting>);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireSetting {
    value: serde_json::Value,
    editable: bool,
}

impl FromWire for WireSettings {
    /// By name.
    type Noun = Vec<Setting>;

    fn noun(self) -> Vec<Setting> {
        let setting = |(name, told): (String, WireSetting)| Setting {
            name: crate::model::text::clean(&name).into(),
            value: told.value,
            editable: told.editable,
        };
        self.0.into_iter().map(setting).collect()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireEvent {
    event_type: Option<Word>,
}

impl FromWire for WireEvent {
    type Noun = Arc<str>;

    fn noun(self) -> Arc<str> {
        word(self.event_type)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WirePaused {
    paused: Option<bool>,
}

impl FromWire for WirePaused {
    type Noun = bool;

    fn noun(self) -> bool {
        self.paused.unwrap_or_default()
    }
}
