//! THOUGHT. Pure: facts in, decision out.

pub mod access;
pub mod attention;
pub mod capacity;
mod deriver;
pub mod replication;
pub mod topology;
mod union;

pub use deriver::{Deriver, derive};
