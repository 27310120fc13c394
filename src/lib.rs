//! Wharf: one terminal for a company's container platform over several data centres.

pub mod engine;
pub mod lab;
pub mod model;
pub mod operations;
pub mod tables;
