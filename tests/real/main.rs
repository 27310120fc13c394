//! Real far ends: dockerd, docker-registry, skopeo and sshd, started here and ended with the test.
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
#[path = "../common/hosts.rs"]
mod hosts;
#[path = "../common/over_hosts.rs"]
mod over_hosts;
#[path = "../common/own_process.rs"]
mod own_process;
#[path = "../common/pty.rs"]
mod pty;
#[path = "../common/site.rs"]
mod site;

mod ansible;
mod docker_engine;
mod docker_wire;
mod faults;
mod programs;
mod registry_client;
mod registry_nouns;
mod registry_twin;
mod ssh;
mod verbs;
