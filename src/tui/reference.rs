//! What the screen can do, as data: for the references that are generated from it, and for whoever drives all of it.

use super::input::Key;
use super::palette;
use super::panes::{PANES, Pane};
use super::verb::{Needs, Verb};
use crate::model::text::Text;

/// One page and what is its own.
#[derive(Clone, Debug)]
pub struct PaneReference {
    pub name: &'static str,
    /// The key that shows it.
    pub digit: char,
    pub title: Text,
    pub verbs: Vec<VerbReference>,
    /// How deep in it tables stand side by side, and how many.
    pub tabs: Vec<(usize, usize)>,
    /// Tabs with verbs of their own: how the tab is called, and its verbs.
    pub tab_verbs: Vec<(Text, Vec<VerbReference>)>,
}

/// One effect of a key.
#[derive(Clone, Debug)]
pub struct VerbReference {
    /// As the config names it.
    pub id: &'static str,
    /// As people read them: `Enter`, `Ctrl-S`.
    pub keys: Vec<String>,
    pub name: Text,
    pub help: Text,
    /// Only where the engine may change the world.
    pub writes: bool,
}

/// All pages, in the order of their digits.
#[must_use]
pub fn panes() -> Vec<PaneReference> {
    let verbs = |verbs: &'static [Verb]| verbs.iter().map(reference).collect();
    let pane = |p: &&dyn Pane| PaneReference {
        name: p.name(),
        digit: p.digit(),
        title: p.title(),
        verbs: verbs(p.verbs()),
        tabs: p.tabs().iter().map(|tabs| (tabs.depth, tabs.all.len())).collect(),
        tab_verbs: {
            let all = p.tabs().iter().flat_map(|tabs| tabs.all).filter(|tab| !tab.verbs.is_empty());
            all.map(|tab| (tab.title.clone(), verbs(tab.verbs))).collect()
        },
    };
    PANES.iter().map(pane).collect()
}

/// The verbs of all pages.
#[must_use]
pub fn verbs() -> Vec<VerbReference> {
    super::verbs::VERBS.iter().map(reference).collect()
}

/// Every first word that the `:` line offers, and what it is for.
#[must_use]
pub fn words() -> Vec<(String, Text)> {
    palette::all_words().into_iter().map(|offer| (offer.word, offer.help)).collect()
}

fn reference(verb: &Verb) -> VerbReference {
    let keys = verb.keys.split_whitespace().map(|key| Key::parse(key).map_or_else(|_| key.to_owned(), |key| key.to_string()));
    VerbReference {
        id: verb.id,
        keys: keys.collect(),
        name: verb.name.clone(),
        help: verb.help.clone(),
        writes: verb.needs == Needs::Writing,
    }
}
