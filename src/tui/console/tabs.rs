//! Tables that stand side by side in a page: from one to the next, each as it was left.

use super::super::listing::Listing;
use super::super::panes::{PANES, Tab};
use super::{Console, ConsoleRequest};
use crate::tables::{self, Noun};

impl Console {
    /// The tabs that the table shown is one of, and which of them it is.
    pub(in crate::tui) fn strip(&self) -> Option<(&'static [Tab], usize)> {
        let (depth, listing) = (self.trails[self.pane].len() - 1, self.listing());
        let here = PANES[self.pane].tabs().iter().filter(|tabs| tabs.depth == depth && (tabs.is_within)(&listing.scope));
        here.into_iter().find_map(|tabs| Some((tabs.all, tabs.position(listing.noun.name())?)))
    }

    /// The table to the right or left.
    pub(super) fn turn_tab(&mut self, by: isize) {
        let Some((all, at)) = self.strip() else { return };
        let count = isize::try_from(all.len()).unwrap_or(1);
        let next = (isize::try_from(at).unwrap_or(0) + by).rem_euclid(count);
        if let Some(tab) = all.get(usize::try_from(next).unwrap_or(0)) {
            self.show_tab(tab.noun);
        }
    }

    /// The table of this noun in the place of the one beside it.
    pub(in crate::tui) fn show_tab(&mut self, noun: &str) {
        if self.strip().is_none_or(|(all, _)| !all.iter().any(|tab| tab.noun == noun)) {
            return;
        }
        if let Some(noun) = tables::noun(noun) {
            self.put_tab(self.pane, noun);
            self.ask_anew();
        }
    }

    /// Puts the table of a noun at the end of a trail, in the place of the tab that is there.
    pub(super) fn put_tab(&mut self, pane: usize, noun: &'static dyn Noun) {
        let Some(shown) = self.trails[pane].last() else { return };
        if shown.noun.name() == noun.name() {
            return;
        }
        let (scope, crumb) = (std::sync::Arc::clone(&shown.scope), shown.crumb.clone());
        let is_it = |(of, left): &(usize, Listing)| *of == pane && left.noun.name() == noun.name();
        let kept = self.left.iter().position(is_it).map(|at| self.left.swap_remove(at).1);
        // What was left elsewhere is another table: the repositories of another project.
        let next = kept.filter(|left| *left.scope == *scope);
        let next = next.unwrap_or_else(|| Listing::new(noun, (*scope).clone(), crumb));
        let last = self.trails[pane].len() - 1;
        let mut old = std::mem::replace(&mut self.trails[pane][last], next);
        // Its order, filter and place stay; the Fleet that it was drawn from does not.
        if let Some(sheet) = old.sheet.take() {
            self.request(ConsoleRequest::Retire(sheet));
        }
        self.left.push((pane, old));
    }
}
