//! THE FAR END. A simulated fleet on loopback that speaks the real wire formats, written from the vendors' own documents.

pub mod answer;
pub mod docker;
pub mod record;
pub mod server;
pub mod trouble;
mod wire;
