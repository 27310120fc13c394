//! The wire to Docker against far ends of our own: versions, faults, TLS, connections, streams, proxies, and the gate.

mod connections;
mod faults;
mod proxies;
mod streams;
mod tls;
mod versions;
