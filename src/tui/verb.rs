//! What a key does: rows from which footer, help, palette and keymap all follow.

use super::console::Console;
use crate::model::text::Text;

/// One effect of a pane, or of all panes.
#[derive(Debug)]
pub(super) struct Verb {
    /// As the config names it: `containers.restart`, `console.help`.
    pub id: &'static str,
    /// The keys that do it unless the config says otherwise, space between.
    pub keys: &'static str,
    /// One word for the footer and the menu.
    pub name: Text,
    pub help: Text,
    pub needs: Needs,
    pub shown: Shown,
    pub run: fn(&mut Console),
}

/// What must be there for a verb to be valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// A row under the bar.
    Row,
    /// A row that leads to a log: offered only there.
    Logs,
    /// A row, and an engine that may change the world.
    Writing,
}

/// Where a verb is offered beside the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// In the footer and in the menu.
    Footer,
    /// In the menu of `x` only.
    Menu,
    /// Nowhere: moves that everyone knows.
    Help,
}
