//! The engine and the journal over the lab: hosts, registries, several processes, and a kill at every boundary.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "what is not as expected fails the test; tests start programs and far ends, and print what they measured"
)]

#[path = "../common/own_process.rs"]
mod own_process;

mod hosts;
mod journal;
mod killed;
mod registries;
