//! How many files this process may hold open: raised to what the system allows, and said.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open-file limits as they are now. `None` is "no limit".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub open_files_soft: Option<u64>,
    pub open_files_hard: Option<u64>,
    /// The soft limit that we found, where we raised it.
    pub raised_from: Option<u64>,
}

/// Raises the soft limit of open files to the hard one. Never fails: what cannot be raised stays as it is.
#[must_use]
pub(super) fn raise_open_files() -> Limits {
    let found = getrlimit(Resource::Nofile);
    let Some(soft) = found.current else {
        return Limits { open_files_soft: None, open_files_hard: found.maximum, raised_from: None };
    };
    if found.maximum.is_none_or(|hard| soft < hard)
        && setrlimit(Resource::Nofile, Rlimit { current: found.maximum, maximum: found.maximum }).is_ok()
    {
        let now = getrlimit(Resource::Nofile);
        return Limits { open_files_soft: now.current, open_files_hard: now.maximum, raised_from: Some(soft) };
    }
    Limits { open_files_soft: Some(soft), open_files_hard: found.maximum, raised_from: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        let hard = getrlimit(Resource::Nofile).maximum;
        let lower = hard.map_or(512, |h| h.min(512));
        setrlimit(Resource::Nofile, Rlimit { current: Some(lower), maximum: hard }).expect("lowering is always allowed");
        let limits = raise_open_files();
        assert_eq!(limits.open_files_soft, limits.open_files_hard);
        if hard != Some(lower) {
            assert_eq!(limits.raised_from, Some(lower));
        }
        assert_eq!(raise_open_files().raised_from, None, "a second call has nothing to raise");
    }
}
