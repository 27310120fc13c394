//! What may be sent to an OCI registry by a read-only console.

use super::Row;

pub(super) const ROWS: &[Row] = &[];
