//! Wharf: one terminal for a company's container platform over several data centres.

pub mod model;
