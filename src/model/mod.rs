//! NOUNS. No I/O, no async, no screen: the world in the field's own terms, named by everyone.

pub mod artifact;
pub mod audit;
pub mod call;
pub mod clock;
pub mod cluster;
pub mod compact;
pub mod condition;
pub mod cost;
pub mod derived;
pub mod endpoint;
pub mod fault;
#[cfg(test)]
pub(crate) mod fixture;
pub mod fleet;
pub mod host;
pub mod idc;
pub mod live;
pub mod member;
pub mod nearest;
pub mod plan;
pub mod preheat;
pub mod project;
pub mod quota;
pub mod registry;
pub mod replication;
pub mod report;
pub mod robot;
pub mod run;
pub mod text;
pub mod union;
pub(crate) mod words;
