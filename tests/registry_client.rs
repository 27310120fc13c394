//! The registry clients against what real Harbors, a real Dragonfly manager and a real distribution registry answer.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "registry_client/distribution.rs"]
mod distribution;
#[path = "registry_client/faults.rs"]
mod faults;
#[path = "registry_client/fields.rs"]
mod fields;
#[path = "registry_client/playback.rs"]
mod playback;
#[path = "registry_client/reads.rs"]
mod reads;
#[path = "registry_client/registry_v2.rs"]
mod registry_v2;
#[path = "registry_client/sweeps.rs"]
mod sweeps;
#[path = "registry_client/traps.rs"]
mod traps;
#[path = "registry_client/twin.rs"]
mod twin;
