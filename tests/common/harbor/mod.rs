//! Real Harbors' recorded exchanges, and the lab's Harbor brought into the recorded states.
#![allow(dead_code, reason = "each runner uses its part")]

pub(crate) mod compare;
pub(crate) mod recording;
pub(crate) mod stage;
