//! The pages: one file each, one line in `panes!`.

mod activity;
mod containers;
mod hosts;
mod overview;
mod projects;
mod replication;

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::console::Console;
use super::frame;
use super::verb::Verb;
use crate::model::text::Text;
use crate::tables::{Noun, Scope};

/// Tables that stand side by side at one depth of a page's trail: one goes from one to the next with `[` and `]`, over the same scope.
#[derive(Debug)]
pub(super) struct Tabs {
    /// How deep in the page's trail they are: 0 is the page itself, 1 what one went into from there.
    pub depth: usize,
    /// What the rows are narrowed to: the same table over everything is not one of these.
    pub is_within: fn(&Scope) -> bool,
    pub all: &'static [Tab],
}

impl Tabs {
    pub(super) fn position(&self, noun: &str) -> Option<usize> {
        self.all.iter().position(|tab| tab.noun == noun)
    }
}

/// One of them.
#[derive(Debug)]
pub(super) struct Tab {
    /// A noun of `tables`.
    pub noun: &'static str,
    /// Its short name on the strip.
    pub title: Text,
    /// Its own verbs, valid wherever the table of its noun is shown.
    pub verbs: &'static [Verb],
}

impl Tab {
    const fn new(noun: &'static str, en: &'static str, zh: &'static str) -> Self {
        Self { noun, title: Text::new(en, zh), verbs: &[] }
    }
}

/// A page: a table, what stands around it, and the verbs that are its own.
pub(super) trait Pane: Sync {
    /// As people type it after `:` and as verbs and the memory name it.
    fn name(&self) -> &'static str;
    /// The key that shows it. Digits of pages that are not built stay free for them.
    fn digit(&self) -> char;
    fn title(&self) -> Text;
    /// Its table.
    fn noun(&self) -> &'static dyn Noun;

    /// Tables that stand side by side in it, at any depth.
    fn tabs(&self) -> &'static [Tabs] {
        &[]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[]
    }

    /// Draws the page; usually its table alone.
    fn draw(&self, console: &Console, canvas: &mut Canvas<'_>, body: Rect) {
        frame::draw_listing(console, canvas, body);
    }
}

macro_rules! panes {
    ($($file:ident::$pane:ident),* $(,)?) => {
        /// All pages, in the order of their digits.
        pub(super) static PANES: &[&dyn Pane] = &[$(&$file::$pane),*];
    };
}

panes! {
    overview::Overview,
    projects::Projects,
    replication::Replication,
    hosts::Hosts,
    containers::Containers,
    activity::Activity,
}

/// The table of a noun that this program has; every page names one that `tables` lists, which a test holds.
fn noun(name: &str) -> &'static dyn Noun {
    crate::tables::noun(name).unwrap_or(crate::tables::all()[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_own_digit_name_and_table() {
        let mut digits: Vec<char> = PANES.iter().map(|p| p.digit()).collect();
        let sorted = digits.clone();
        digits.sort_unstable();
        digits.dedup();
        assert_eq!(digits, sorted);
        let tables: Vec<&str> = PANES.iter().map(|p| p.noun().name()).collect();
        assert_eq!(tables, ["attention", "projects", "edges", "host_tree", "containers", "activity"]);
        for pane in PANES {
            for tab in pane.tabs().iter().flat_map(|tabs| tabs.all) {
                assert!(crate::tables::noun(tab.noun).is_some(), "{}", tab.noun);
                for verb in tab.verbs {
                    assert!(verb.id.starts_with(&format!("{}.", tab.noun)), "{}", verb.id);
                }
            }
            for verb in pane.verbs() {
                assert!(verb.id.starts_with(&format!("{}.", pane.name())), "{}", verb.id);
            }
        }
    }
}
