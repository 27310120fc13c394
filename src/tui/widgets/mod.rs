//! Pictures that panes are made of: pure, drawn from state and a snapshot.

pub(super) mod describe;
pub(super) mod graph;
pub(super) mod input;
pub(super) mod pager;
pub(super) mod table;
pub(super) mod why;
mod why_replication;
