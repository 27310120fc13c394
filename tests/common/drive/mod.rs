//! Every way into the program, driven over far ends that record what reaches them.

pub(crate) mod allowed;
pub(crate) mod recorder;
pub(crate) mod scene;
