//! ROWS. One file a noun: columns, cells, severity, sort keys; used by panes, `wharf get` and exports.

pub mod noun;

pub use noun::{Age, Align, Cell, Column, Context, Direction, Mark, Noun, RowId, RowKey, Scope, SortKey, Tone};
