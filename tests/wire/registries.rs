//! The registry clients against what real Harbors, a real Dragonfly manager and a real distribution registry answer.

mod faults;
mod fields;
mod members;
mod playback;
mod reads;
mod registry_v2;
mod sweeps;
mod traps;
mod twin;
