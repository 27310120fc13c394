//! What a registry says of itself: version, mode, clock, health, and who we are to it. Claims, beside our own ping.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::clock::Stamp;
use crate::model::words::open_words;

open_words! {
    /// `healthy` or `unhealthy`, as Harbor claims it of a component or of a peer. A claim: see the judgements in planning.
    Claim { Healthy = "healthy", Unhealthy = "unhealthy" }
}

open_words! {
    /// Where a Harbor's users come from.
    AuthMode { Db = "db_auth", Ldap = "ldap_auth", Oidc = "oidc_auth", Uaa = "uaa_auth", Http = "http_auth" }
}

/// `GET /systeminfo`. Anonymous answers fill only the first few; every field may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemFacts {
    pub auth_mode: Option<AuthMode>,
    pub banner: Option<Arc<str>>,
    pub self_registration: Option<bool>,
    pub oidc_provider: Option<Arc<str>>,
    /// `v2.16.0-c50c7ddd`; only for a credential that is accepted.
    pub version: Option<Arc<str>>,
    /// The name that hosts pull by, as this Harbor thinks.
    pub registry_url: Option<Arc<str>>,
    pub external_url: Option<Arc<str>>,
    pub read_only: Option<bool>,
    /// Its clock when it answered.
    pub current_time: Option<Stamp>,
    /// `everyone` or `adminonly`.
    pub project_creation: Option<Arc<str>>,
    /// `filesystem`, `s3`, ..
    pub storage: Option<Arc<str>>,
    /// Its clock minus ours in milliseconds, by the middle of the request; positive: it is ahead.
    pub skew_ms: Option<i64>,
}

/// Clocks that differ by less than this are one clock: the difference is not known better (milliseconds).
const SAME_CLOCK_MS: i64 = 5_000;
/// What two measurements of one clock may differ by (milliseconds): half of a slow request, and a second that has turned.
const STEADY_MS: i64 = 1_500;

impl SystemFacts {
    /// Sets the clock skew from the moments at which the request left and the answer was here.
    /// The true skew lies within half of the time between them.
    #[must_use]
    pub fn measured(mut self, sent: Stamp, received: Stamp) -> Self {
        let middle = sent.0.midpoint(received.0);
        self.skew_ms = self.current_time.map(|theirs| theirs.0.saturating_sub(middle));
        self
    }

    /// The skew as it was told before where the two differ by less than is known: what is shown by it does not tremble.
    #[must_use]
    pub fn steadied(mut self, before: Option<i64>) -> Self {
        if let (Some(new), Some(old)) = (self.skew_ms, before)
            && (new - old).abs() <= STEADY_MS
        {
            self.skew_ms = before;
        }
        self
    }

    /// How far its clock is ahead of ours in milliseconds, in full seconds; 0 where the two are one clock as far as is known.
    #[must_use]
    pub fn ahead_ms(&self) -> i64 {
        let ahead = (self.skew_ms.unwrap_or(0) + 500).div_euclid(1_000) * 1_000;
        if ahead.abs() < SAME_CLOCK_MS { 0 } else { ahead }
    }

    /// Major and minor of the version: `(2, 16)`.
    #[must_use]
    pub fn release(&self) -> Option<(u32, u32)> {
        let text = self.version.as_deref()?.trim_start_matches('v');
        let mut parts = text.split(['.', '-', '+']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

/// One part of a Harbor and how it claims to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartHealth {
    pub name: Arc<str>,
    pub claim: Claim,
    pub error: Option<Arc<str>>,
}

/// `GET /health`: HTTP 200 even when it says unhealthy, and polled inside every 10 s only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthClaim {
    pub claim: Claim,
    pub components: Vec<PartHealth>,
}

/// A person as a Harbor knows them. Ids are per Harbor: join over IDCs by `name` only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentUser {
    pub id: i64,
    pub name: Arc<str>,
    pub realname: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    pub sysadmin: bool,
    /// True where being an administrator comes from LDAP or OIDC groups.
    pub admin_by_auth: bool,
    pub created: Option<Stamp>,
}

/// Who a credential is. Found out with `users/current`, because a wrong password answers 200 elsewhere as anonymous.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    User(CurrentUser),
    /// A robot's credential is accepted; what it may do is only known by trying (its own list is empty).
    Robot(Arc<str>),
    /// No credential is configured.
    Anonymous,
}

/// One thing that a credential or a robot may do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Permission {
    pub resource: Arc<str>,
    pub action: Arc<str>,
}

/// What permissions exist at all on this version, for robots of either level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionCatalogue {
    pub system: Vec<Permission>,
    pub project: Vec<Permission>,
}

/// Bytes of one storage volume; missing where the driver cannot tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    pub total: Option<u64>,
    pub free: Option<u64>,
}

/// `GET /statistics`. The totals are 0 for anyone but a system administrator, robots included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    pub private_projects: u64,
    pub private_repositories: u64,
    pub public_projects: u64,
    pub public_repositories: u64,
    pub total_projects: u64,
    pub total_repositories: u64,
    /// Bytes.
    pub total_storage: u64,
}

/// One line of the configuration. Secrets are not in Harbor's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub name: Arc<str>,
    pub value: serde_json::Value,
    pub editable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_measured_from_the_middle_of_the_request() {
        let facts = SystemFacts { current_time: Some(Stamp(10_500)), ..SystemFacts::default() };
        assert_eq!(facts.clone().measured(Stamp(10_000), Stamp(10_200)).skew_ms, Some(400));
        assert_eq!(facts.measured(Stamp(90_000), Stamp(90_000)).skew_ms, Some(-79_500));
        assert_eq!(SystemFacts::default().measured(Stamp(0), Stamp(9)).skew_ms, None);
    }

    #[test]
    fn releases_are_read() {
        let of = |v: &str| SystemFacts { version: Some(v.into()), ..SystemFacts::default() }.release();
        assert_eq!(of("v2.16.0-c50c7ddd"), Some((2, 16)));
        assert_eq!(of("2.9"), Some((2, 9)));
        assert_eq!(of("dev"), None);
    }

    #[test]
    fn a_clock_is_ahead_by_full_seconds_and_does_not_tremble() {
        let ahead = |skew| SystemFacts { skew_ms: Some(skew), ..SystemFacts::default() }.ahead_ms();
        assert_eq!([94_600, 95_000, 95_400].map(ahead), [95_000; 3]);
        assert_eq!([-95_000, 900, -4_000].map(ahead), [-95_000, 0, 0]);
        assert_eq!(SystemFacts::default().ahead_ms(), 0);
        let system = |skew| SystemFacts { skew_ms: Some(skew), ..SystemFacts::default() };
        assert_eq!(system(95_510).steadied(Some(95_490)).ahead_ms(), 95_000);
        assert_eq!(system(98_000).steadied(Some(95_490)).ahead_ms(), 98_000);
        assert_eq!(system(95_510).steadied(None).ahead_ms(), 96_000);
    }
}
