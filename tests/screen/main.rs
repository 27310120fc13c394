//! The console on a terminal: what it draws and sends, how it starts, and that it always gives the terminal back.
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
#[path = "../common/own_process.rs"]
mod own_process;
#[path = "../common/pty.rs"]
mod pty;

mod drive_keys;
mod early;
mod panic;
mod picture;
mod registry_faults;
mod terminal;
mod tui;
