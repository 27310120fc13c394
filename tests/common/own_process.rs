//! A test of this runner in a process of its own: for what a whole process shares, as its environment, its memory, its end.
#![allow(dead_code, reason = "each runner uses its part")]

use std::process::{Command, Output, Stdio};

/// Set in the process that [`alone`] starts.
const ALONE: &str = "WHARF_TEST_ALONE";

/// The test's name as the runner lists it; `module` is `module_path!()`.
pub(crate) fn full_name(module: &str, test: &str) -> String {
    let (_runner, inside) = module.split_once("::").expect("a module of a runner");
    format!("{inside}::{test}")
}

/// This runner, started again for one test only. What tells the test its part goes into the environment.
pub(crate) fn own_process(module: &str, test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this runner"));
    command.args([&full_name(module, test), "--exact", "--nocapture", "--test-threads=1"]).stdin(Stdio::null());
    command
}

/// The test ran, and passed: a name that no test has would end well, too.
pub(crate) fn passed(output: &Output) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{}\n{out}\n{err}", output.status);
}

/// True in a process in which this test runs alone. Elsewhere starts that process, and fails as it fails.
pub(crate) fn alone(module: &str, test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = own_process(module, test).env(ALONE, "1").output().expect("a process");
    passed(&output);
    // What it measured, without what would be counted as a result of this runner's.
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains(": ") && !line.starts_with("test "))
        .for_each(|line| println!("{line}"));
    false
}
