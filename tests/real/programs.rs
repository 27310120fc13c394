//! The programs that these tests run: without them a test is skipped by name, and fails where `CI` is set.

use std::path::Path;

/// Where they lie on Debian; a user's own PATH may lack the second half.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// True where all of them are installed. Otherwise says `SKIPPED` and what is not tested.
pub(crate) fn have_programs(names: &[&str], untested: &str) -> bool {
    let there = |name: &&&str| PATH.split(':').any(|folder| Path::new(folder).join(name).exists());
    let missing: Vec<&&str> = names.iter().filter(|name| !there(name)).collect();
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "CI is set and {missing:?} are not installed: {untested}");
    println!("SKIPPED: {untested}: {missing:?} are not installed (tests/all installs them)");
    false
}
