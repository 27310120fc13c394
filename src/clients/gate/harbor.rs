//! What may be sent to a Harbor registry by a read-only console.

use super::Row;

pub(super) const ROWS: &[Row] = &[];
