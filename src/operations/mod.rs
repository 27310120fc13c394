//! VERBS. One file each: arguments, help, plan.

pub mod operation;

pub use operation::Operation;
