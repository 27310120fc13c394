//! THOUGHT. Pure: facts in, decision out.

pub mod attention;
pub mod capacity;
mod deriver;
pub mod replication;
pub mod topology;

pub use deriver::{Deriver, derive};
