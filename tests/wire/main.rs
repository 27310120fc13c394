//! The clients against recorded and scripted far ends, and the lab held to the recordings of the real ones.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "what is not as expected fails the test; tests start programs and far ends, and print what they measured"
)]

#[path = "../common/docker_client.rs"]
mod docker_client;
#[path = "../common/docker_twin/mod.rs"]
mod docker_twin;
#[path = "../common/far.rs"]
mod far;
#[path = "../common/harbor/mod.rs"]
mod harbor;
#[path = "../common/own_process.rs"]
mod own_process;

mod docker;
mod docker_lab;
mod harbor_replay;
mod registries;
