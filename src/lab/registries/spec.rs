//! The shape of a world file's registries.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::lab::trouble::Rule;
use crate::lab::world::Size;

/// A registry with what it holds, how it came by it, and what is wrong with it.
#[allow(clippy::struct_excessive_bools, reason = "a table of a world file, key by key")]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrySpec {
    pub name: String,
    pub idc: String,
    #[serde(default)]
    pub kind: Speaks,
    #[serde(default = "admin")]
    pub user: String,
    #[serde(default = "password")]
    pub password: String,
    /// Registries of one group should be equal.
    #[serde(default, rename = "match")]
    pub group: Option<String>,
    /// Major and minor of a Harbor's version.
    #[serde(default = "version")]
    pub version: String,
    /// Its clock is so far ahead.
    #[serde(default)]
    pub skew_seconds: i64,
    /// On top of the IDC's.
    #[serde(default)]
    pub latency_ms: u64,
    #[serde(default)]
    pub faults: Vec<Rule>,
    #[serde(default)]
    pub read_only: bool,
    /// Its storage is gone: health says so, nothing can be pulled.
    #[serde(default)]
    pub storage_down: bool,
    /// Queues that somebody paused and forgot.
    #[serde(default)]
    pub paused: Vec<String>,
    /// User name and real name.
    #[serde(default)]
    pub people: BTreeMap<String, String>,
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub project: Vec<ProjectSpec>,
    /// More of everything, for measurements.
    #[serde(default)]
    pub fill: Option<FillSpec>,
    /// Begins as a copy of that registry, so many minutes behind.
    #[serde(default)]
    pub copy_of: Option<String>,
    #[serde(default)]
    pub lag_minutes: u64,
    /// Tags that the copy lacks, has beyond, or has with another digest: `project/repository:tag`.
    #[serde(default)]
    pub lacks: Vec<String>,
    #[serde(default)]
    pub beyond: Vec<String>,
    #[serde(default)]
    pub differs: Vec<String>,
    #[serde(default)]
    pub drift: Vec<DriftSpec>,
    #[serde(default)]
    pub robot: Vec<RobotSpec>,
    #[serde(default)]
    pub endpoint: Vec<EndpointSpec>,
    #[serde(default)]
    pub policy: Vec<PolicySpec>,
    /// A plain registry may have neither a catalogue nor deletion.
    #[serde(default)]
    pub no_catalogue: bool,
    #[serde(default)]
    pub no_delete: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaks {
    #[default]
    Harbor,
    Oci,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectSpec {
    pub name: String,
    #[serde(default = "admin")]
    pub owner: String,
    #[serde(default)]
    pub public: bool,
    #[serde(default)]
    pub quota: Option<Size>,
    /// Name and Harbor's word for the role; a group's name begins with `@`.
    #[serde(default)]
    pub members: BTreeMap<String, String>,
    #[serde(default)]
    pub repositories: Vec<String>,
    /// Tags of each repository; those that the world's services run come on top.
    #[serde(default = "tags")]
    pub tags: usize,
    /// Each image is an index over two architectures.
    #[serde(default)]
    pub multi: bool,
}

/// So many of each, with made-up names.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FillSpec {
    pub projects: usize,
    pub repositories: usize,
    pub tags: usize,
    pub members: usize,
}

/// What is otherwise in a project than in the registry that this one copies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftSpec {
    pub project: String,
    #[serde(default)]
    pub member: Option<String>,
    /// The member's role here; a number that is no role makes a ghost.
    #[serde(default)]
    pub role: Option<String>,
    /// That one is no member here.
    #[serde(default)]
    pub without: Option<String>,
    #[serde(default)]
    pub public: Option<bool>,
    #[serde(default)]
    pub quota: Option<Size>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobotSpec {
    pub name: String,
    #[serde(default)]
    pub project: Option<String>,
    /// Days until it expires; none is never, a negative number is past.
    #[serde(default)]
    pub days_left: Option<i64>,
    #[serde(default)]
    pub disabled: bool,
    /// `resource:action` over the system; a project's robot pulls and pushes.
    #[serde(default)]
    pub may: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointSpec {
    pub name: String,
    /// A registry of this world, or an address that nobody answers at.
    pub to: String,
    /// A wrong password was saved.
    #[serde(default)]
    pub wrong_password: bool,
}

#[allow(clippy::struct_excessive_bools, reason = "a table of a world file, key by key")]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    pub name: String,
    /// An endpoint's name: pushes to it, or pulls from it.
    pub endpoint: String,
    #[serde(default)]
    pub pull: bool,
    /// `event`, `manual`, or a cron of six fields.
    #[serde(default = "event")]
    pub trigger: String,
    pub filter: String,
    #[serde(default)]
    pub tag: Option<String>,
    #[serde(default)]
    pub deletion: bool,
    #[serde(default)]
    pub keep_existing: bool,
    #[serde(default)]
    pub disabled: bool,
    #[serde(default)]
    pub single: bool,
    #[serde(default)]
    pub namespace: Option<String>,
    /// Kbps.
    #[serde(default)]
    pub speed: i64,
    /// Runs of long ago.
    #[serde(default)]
    pub history: usize,
    /// How the newest of them came out, oldest first: `ok`, `nothing`, `lost`, `skipped`, `stuck`, or the last words of a failed log.
    #[serde(default)]
    pub lately: Vec<String>,
}

fn admin() -> String {
    "admin".to_owned()
}

fn password() -> String {
    "Harbor12345".to_owned()
}

fn version() -> String {
    "2.16".to_owned()
}

fn event() -> String {
    "event".to_owned()
}

fn tags() -> usize {
    6
}
