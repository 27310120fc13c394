//! The Harbor itself: whether it lives, what it is, and who we are to it.

use std::sync::Arc;

use super::wire::{
    WireCatalogue, WireCurrentUser, WireHealth, WirePermission, WireSettings, WireStatistics, WireSystem, WireVersion, WireVolumes,
};
use super::{Harbor, errors};
use crate::clients::http::{Ask, Auth};
use crate::model::fault::{Fault, FaultKind};
use crate::model::registry::{HealthClaim, Identity, Permission, PermissionCatalogue, Setting, Statistics, SystemFacts, Volume};
use crate::model::text::Text;

/// Where the permissions of a credential are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    System,
    /// A project by this Harbor's id.
    Project(i64),
}

impl Harbor {
    /// Whether it answers at all. No database behind it.
    ///
    /// # Errors
    /// Protocol, where something else answers with success (a proxy's page).
    pub async fn fetch_ping(&self) -> Result<(), Fault> {
        let ask = Ask { auth: Auth::Anonymous, ..Ask::get("/api/v2.0/ping", "/api/v2.0/ping") };
        let answer = self.answer(ask).await?;
        if answer.body.trim_ascii().eq_ignore_ascii_case(b"pong") {
            return Ok(());
        }
        match answer.json::<String>() {
            Ok(word) if word.eq_ignore_ascii_case("pong") => Ok(()),
            Ok(_) => Err(Fault::new(
                &**self.name(),
                FaultKind::Protocol,
                Text::new("the ping was not answered with Pong", "ping 的应答不是 Pong"),
                Text::new("another service may answer there; check the address", "应答的可能是别的服务，请检查地址"),
            )),
            Err(fault) => Err(fault),
        }
    }

    /// The version of the API: `v2.0`.
    pub async fn fetch_api_version(&self) -> Result<Arc<str>, Fault> {
        self.one::<WireVersion>(Ask::get("/api/version", "/api/version")).await
    }

    /// What it claims of its parts: 200 even when it says unhealthy, and up to 10 s old.
    pub async fn fetch_health(&self) -> Result<HealthClaim, Fault> {
        self.one::<WireHealth>(Ask::get("/api/v2.0/health", "/api/v2.0/health")).await
    }

    /// Version, mode and clock; its clock is compared with ours.
    pub async fn fetch_system(&self) -> Result<SystemFacts, Fault> {
        let sent = self.clock.now();
        let facts = self.one::<WireSystem>(Ask::get("/api/v2.0/systeminfo", "/api/v2.0/systeminfo")).await?;
        Ok(facts.measured(sent, self.clock.now()))
    }

    /// Storage; system administrators, and robots that were given it.
    pub async fn list_volumes(&self) -> Result<Vec<Volume>, Fault> {
        self.one::<WireVolumes>(Ask::get("/api/v2.0/systeminfo/volumes", "/api/v2.0/systeminfo/volumes")).await
    }

    pub async fn fetch_statistics(&self) -> Result<Statistics, Fault> {
        self.one::<WireStatistics>(Ask::get("/api/v2.0/statistics", "/api/v2.0/statistics")).await
    }

    /// The whole configuration; system administrators only.
    pub async fn list_settings(&self) -> Result<Vec<Setting>, Fault> {
        self.one::<WireSettings>(Ask::get("/api/v2.0/configurations", "/api/v2.0/configurations")).await
    }

    /// Who our credential is. A wrong password answers 200 nearly everywhere, as anonymous, so this must be asked before
    /// any list is believed. A robot is told by the 412 that `users/current` gives it.
    ///
    /// # Errors
    /// Unauthorized for a credential that is refused.
    pub async fn fetch_identity(&self) -> Result<Identity, Fault> {
        let Some(account) = &self.account else { return Ok(Identity::Anonymous) };
        let answer = self.send(Ask::get("/api/v2.0/users/current", "/api/v2.0/users/current")).await?;
        match answer.status.as_u16() {
            200..=299 => match answer.json::<Option<WireCurrentUser>>()? {
                Some(told) => Ok(Identity::User(super::wire::FromWire::noun(told))),
                None => Ok(Identity::Anonymous),
            },
            412 => {
                // A disabled or expired robot is refused here with 401.
                self.list_permissions(Scope::System).await?;
                Ok(Identity::Robot(Arc::clone(account)))
            }
            _ => Err(errors::fault(answer)),
        }
    }

    /// What our credential may do, relative to the scope. A robot's own list is empty though it was granted much: its rights
    /// are known by trying only.
    pub async fn list_permissions(&self, scope: Scope) -> Result<Vec<Permission>, Fault> {
        let scope = match scope {
            Scope::System => "/system".to_owned(),
            Scope::Project(id) => format!("/project/{id}"),
        };
        let ask = Ask::get("/api/v2.0/users/current/permissions", "/api/v2.0/users/current/permissions");
        self.all::<WirePermission>(ask.query("scope", scope).query("relative", "true")).await
    }

    /// What permissions there are for robots.
    pub async fn fetch_catalogue(&self) -> Result<PermissionCatalogue, Fault> {
        self.one::<WireCatalogue>(Ask::get("/api/v2.0/permissions", "/api/v2.0/permissions")).await
    }
}
