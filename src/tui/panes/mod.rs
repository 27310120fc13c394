//! The pages: one file each, one line in `panes!`.

mod activity;
mod containers;
mod hosts;
mod overview;

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::console::Console;
use super::frame;
use super::verb::Verb;
use crate::model::text::Text;
use crate::tables::Noun;

/// A page: a table, what stands around it, and the verbs that are its own.
pub(super) trait Pane: Sync {
    /// As people type it after `:` and as verbs and the memory name it.
    fn name(&self) -> &'static str;
    /// The key that shows it. Digits of pages that are not built stay free for them.
    fn digit(&self) -> char;
    fn title(&self) -> Text;
    /// Its table.
    fn noun(&self) -> &'static dyn Noun;

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
        assert_eq!(tables, ["attention", "host_tree", "containers", "activity"]);
        for pane in PANES {
            for verb in pane.verbs() {
                assert!(verb.id.starts_with(&format!("{}.", pane.name())), "{}", verb.id);
            }
        }
    }
}
