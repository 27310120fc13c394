//! The program as scripts use it: config, get, plan, run, watch, the README, and what it may never send.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "what is not as expected fails the test; tests start programs and far ends, and print what they measured"
)]

#[path = "../common/drive/mod.rs"]
mod drive;
#[path = "../common/harbor/mod.rs"]
mod harbor;
#[path = "../common/program.rs"]
mod program;
#[path = "../common/pty.rs"]
mod pty;
#[path = "../common/site.rs"]
mod site;

mod config;
mod drive_lines;
mod operations;
mod readme;
mod registry_nouns;
mod replication_nouns;
mod runs;
mod until;
