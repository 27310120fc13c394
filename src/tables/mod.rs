//! ROWS. One file a noun: columns, cells, severity, sort keys; used by panes, `wharf get` and exports.

pub mod noun;

pub use noun::{Align, Cell, Column, Context, Mark, Noun, RowId, RowKey, Scope, SortKey, Tone};
