//! What a key does, as data: rows from which footer, help, palette, references and keymap all follow.

use crate::model::text::Text;

/// One effect of a tab, of a pane, or of all panes.
#[derive(Debug)]
pub(super) struct Verb {
    /// As the config names it: `containers.restart`, `members.revoke`, `console.help`.
    pub id: &'static str,
    /// The keys that do it unless the config says otherwise, space between.
    pub keys: &'static str,
    /// One word for the footer and the menu.
    pub name: Text,
    pub help: Text,
    pub needs: Needs,
    pub shown: Shown,
    pub does: Does,
}

/// The effect of a verb; the console carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// Plans this operation for the marked rows, else the one under the bar, and shows the plan.
    Plan(&'static str),
    /// Opens the table of this noun over the pane's own.
    Open(&'static str),
    /// Opens a table over what lies under the row where the rows are of the noun `of`, else over everything shown.
    OpenUnder {
        of: &'static str,
        noun: &'static str,
    },
    /// Shows the tab of this noun.
    ShowTab(&'static str),
    Enter,
    Back,
    Describe,
    Why,
    Logs,
    Raw,
    Menu,
    Filter,
    Command,
    Help,
    Runs,
    Mark,
    MarkAll,
    Unmark,
    SortLeft,
    SortRight,
    SortTurn,
    Copy,
    Export,
    Refresh,
    Last,
    NextPane,
    PreviousPane,
    NextTab,
    PreviousTab,
    Unfold,
    Fold,
    Down,
    Up,
    PageDown,
    PageUp,
    Top,
    Bottom,
    Repaint,
    Stop,
    Quit,
}

/// Where a verb is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Home {
    Everywhere,
    /// In the pane of this place in the list of panes.
    Pane(usize),
    /// Wherever the table of this noun is shown.
    Tab(&'static str),
}

/// What is looked at, as far as it decides which verbs are valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct VerbPlace {
    pub pane: usize,
    /// The noun of the table shown.
    pub noun: &'static str,
}

impl VerbPlace {
    /// The homes of the verbs that are valid here, the nearest first.
    pub(super) fn homes(self) -> [Home; 3] {
        [Home::Tab(self.noun), Home::Pane(self.pane), Home::Everywhere]
    }
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
