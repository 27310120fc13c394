//! How much storage a project may use and uses.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock::Stamp;

/// Bytes used and allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub used: u64,
    /// `None` is unlimited (`-1` on the wire).
    pub hard: Option<u64>,
}

impl Usage {
    /// Used of allowed in per cent, `None` where unlimited. Above 100 when the limit was lowered later.
    #[must_use]
    pub fn percent(self) -> Option<u32> {
        let hard = self.hard?;
        if hard == 0 {
            return Some(if self.used == 0 { 0 } else { u32::MAX });
        }
        u32::try_from(u128::from(self.used) * 100 / u128::from(hard)).ok().or(Some(u32::MAX))
    }

    /// Bytes that still fit, `None` where unlimited.
    #[must_use]
    pub fn free(self) -> Option<u64> {
        self.hard.map(|hard| hard.saturating_sub(self.used))
    }
}

/// A quota row of a Harbor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    pub id: i64,
    /// The project's id in this Harbor, and its name.
    pub project_id: i64,
    pub project: Arc<str>,
    pub usage: Usage,
    pub updated: Option<Stamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_told_without_dividing_by_zero() {
        assert_eq!(Usage { used: 97, hard: Some(100) }.percent(), Some(97));
        assert_eq!(Usage { used: 5, hard: None }.percent(), None);
        assert_eq!(Usage { used: 0, hard: Some(0) }.percent(), Some(0));
        assert_eq!(Usage { used: 1, hard: Some(0) }.percent(), Some(u32::MAX));
        assert_eq!(Usage { used: 30, hard: Some(20) }.free(), Some(0));
        assert_eq!(Usage { used: u64::MAX, hard: Some(u64::MAX) }.percent(), Some(100));
    }
}
