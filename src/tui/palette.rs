//! The `:` line: what can be written there, and what it means.

use crate::model::fleet::Fleet;
use crate::model::nearest::nearest;
use crate::model::text::{Text, clean};
use crate::operations::AnyOperation;
use crate::tables::{self, Noun};

use super::panes::PANES;

/// One completion of the last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub word: String,
    pub help: Text,
}

/// What a line asks for.
#[derive(Clone, Debug)]
pub(super) enum CommandLine {
    Nothing,
    Quit,
    Help,
    /// A pane by its number, or any noun as a table: narrowed, in one IDC.
    Go {
        pane: Option<usize>,
        noun: &'static dyn Noun,
        filter: String,
        idc: Option<String>,
    },
    /// An operation and its arguments, words as a shell splits them.
    Operation {
        words: Vec<String>,
    },
    Theme(String),
    Language(String),
    /// It means nothing; why, and what was perhaps meant.
    Wrong(Text),
}

static WORDS: [(&str, Text); 4] = [
    ("quit", Text::new("leave", "退出")),
    ("help", Text::new("all keys", "所有按键")),
    ("theme", Text::new("dark, light, or one of yours", "dark、light 或自定义主题")),
    ("lang", Text::new("en or zh", "en 或 zh")),
];

/// Reads a line.
pub(super) fn read(line: &str) -> CommandLine {
    let mut words = split(line);
    if words.is_empty() {
        return CommandLine::Nothing;
    }
    let first = words.remove(0);
    match first.as_str() {
        "q" | "q!" | "quit" | "exit" => return CommandLine::Quit,
        "help" | "?" => return CommandLine::Help,
        "theme" => return CommandLine::Theme(words.join(" ")),
        "lang" => return CommandLine::Language(words.join(" ")),
        _ => {}
    }
    if is_operation(&first) {
        words.insert(0, first);
        return CommandLine::Operation { words };
    }
    let pane = PANES.iter().position(|p| p.name() == first);
    let noun = pane.map(|at| PANES[at].noun()).or_else(|| tables::noun(&first));
    let Some(noun) = noun else {
        let known = all_words();
        let near = nearest(&first, known.iter().map(|o| o.word.as_str())).map(str::to_owned);
        let first = clean(&first);
        return CommandLine::Wrong(match near {
            Some(near) => Text::made(format!("no '{first}' here; did you mean '{near}'?"), format!("没有“{first}”；是否想写“{near}”？")),
            None => Text::made(format!("no '{first}' here; Tab shows what there is"), format!("没有“{first}”；按 Tab 查看可用的名称")),
        });
    };
    let mut idc = None;
    let mut filter = Vec::new();
    // Everything after the name is the filter as it was written; `@idc` and a leading slash are the palette's own.
    for word in line.split_whitespace().skip(1) {
        match word.strip_prefix('@') {
            Some(name) if !name.is_empty() => idc = Some(name.to_owned()),
            _ => filter.push(word),
        }
    }
    let filter = filter.join(" ");
    let plain = filter.strip_prefix('/').filter(|rest| !rest.contains('/')).map(str::to_owned);
    CommandLine::Go { pane, noun, filter: plain.unwrap_or(filter), idc }
}

/// What the last word may become.
pub(super) fn offers(line: &str, fleet: &Fleet) -> Vec<Offer> {
    let last = line.rsplit(char::is_whitespace).next().unwrap_or("");
    let is_first = !line.trim_start().contains(char::is_whitespace);
    if is_first {
        let mut offers = fitting(last, all_words());
        offers.extend(places_like(last, fleet));
        return offers;
    }
    if last.starts_with('@') {
        let idcs = fleet.idcs.iter().map(|i| Offer { word: format!("@{}", clean(&i.name)), help: Text::raw(&i.title) });
        return fitting(last, idcs.collect());
    }
    let first = line.split_whitespace().next().unwrap_or("");
    if is_operation(first) && !last.is_empty() {
        return containers_like(last, fleet);
    }
    Vec::new()
}

/// The line with its last word replaced, ready for the next.
pub(super) fn with_last(line: &str, word: &str) -> String {
    let keep = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    format!("{}{word} ", &line[..keep])
}

fn is_operation(word: &str) -> bool {
    AnyOperation::ALL.iter().any(|(name, _)| *name == word)
}

pub(super) fn all_words() -> Vec<Offer> {
    let panes = PANES.iter().map(|p| Offer { word: p.name().to_owned(), help: p.title() });
    // What a pane shows has the pane's name.
    let nouns = tables::all().iter().filter(|n| !PANES.iter().any(|p| p.name() == n.name() || p.noun().name() == n.name()));
    let nouns = nouns.map(|n| Offer { word: n.name().to_owned(), help: n.title() });
    let verbs = AnyOperation::ALL.iter().map(|(name, help)| Offer { word: (*name).to_owned(), help: help.clone() });
    let own = WORDS.iter().map(|(word, help)| Offer { word: (*word).to_owned(), help: help.clone() });
    panes.chain(nouns).chain(verbs).chain(own).collect()
}

/// Those that begin with the word, then those that have it inside.
fn fitting(word: &str, mut offers: Vec<Offer>) -> Vec<Offer> {
    let word = word.to_lowercase();
    offers.retain(|o| o.word.to_lowercase().contains(&word));
    offers.sort_by_key(|o| !o.word.to_lowercase().starts_with(&word));
    offers
}

/// Hosts, registries and IDCs that begin like this, once there is something to go by.
fn places_like(word: &str, fleet: &Fleet) -> Vec<Offer> {
    if word.chars().count() < 2 {
        return Vec::new();
    }
    let begins = |name: &&std::sync::Arc<str>| name.starts_with(word);
    let offer = |help: Text| move |name: &std::sync::Arc<str>| Offer { word: clean(name).into_owned(), help: help.clone() };
    let idcs = fleet.idcs.iter().map(|idc| &idc.name).filter(begins).map(offer(Text::new("IDC", "机房")));
    let registries = fleet.registries.iter().map(|r| &r.spec.name).filter(begins).map(offer(Text::new("registry", "仓库")));
    let hosts = fleet.hosts.iter().map(|host| host.name()).filter(begins).map(offer(Text::new("host", "主机")));
    idcs.chain(registries).chain(hosts).take(TARGETS).collect()
}

/// Most targets offered: what is looked through is the whole fleet.
const TARGETS: usize = 50;

fn containers_like(word: &str, fleet: &Fleet) -> Vec<Offer> {
    let mut offers = Vec::new();
    for host in &fleet.hosts {
        // A target is `host/name`: only hosts that can still match are looked into.
        let name = host.name();
        let whole = word.split_once('/').map_or(word, |(h, _)| h);
        if !name.contains(whole) && !whole.contains(&**name) {
            continue;
        }
        for container in host.known_containers() {
            let target = format!("{name}/{}", clean(&container.name));
            if target.contains(word) {
                offers.push(Offer { word: target, help: Text::raw(container.state.word()) });
                if offers.len() >= TARGETS {
                    return offers;
                }
            }
        }
    }
    offers
}

/// Words as a shell splits them: spaces part, quotes keep together.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::super::testing::context_of;
    use super::*;

    #[test]
    fn a_line_goes_to_a_pane_narrowed_and_in_one_idc() {
        let CommandLine::Go { pane, filter, idc, .. } = read("hosts /web @tucheng") else { panic!("not a place") };
        assert_eq!(pane.map(|at| PANES[at].name()), Some("hosts"));
        assert_eq!((filter.as_str(), idc.as_deref()), ("web", Some("tucheng")));
        let CommandLine::Go { filter, .. } = read("containers /^web-[0-9]+$/ state:exited") else { panic!("not a place") };
        assert_eq!(filter, "/^web-[0-9]+$/ state:exited");
        assert!(matches!(read("q"), CommandLine::Quit));
        assert!(matches!(read("   "), CommandLine::Nothing));
        let CommandLine::Wrong(why) = read("hotss") else { panic!("known") };
        assert!(why.en.contains("did you mean 'hosts'"), "{}", why.en);
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        assert_eq!(split("stop-containers 'a b' c\"d e\"f ''"), ["stop-containers", "a b", "cd ef", ""]);
    }

    #[test]
    fn every_offer_of_the_first_word_means_something() {
        let (fleet, _) = context_of(&["h"]);
        let all = offers("", &fleet);
        assert!(all.len() > PANES.len());
        assert!(!all.iter().any(|offer| offer.word == "host_tree"), "what a pane shows is offered by the pane's name");
        for offer in all {
            assert!(!matches!(read(&offer.word), CommandLine::Wrong(_) | CommandLine::Nothing), "{}", offer.word);
        }
    }

    #[test]
    fn the_last_word_is_completed() {
        let (fleet, _) = context_of(&["h"]);
        assert_eq!(offers("hos", &fleet)[0].word, "hosts");
        assert_eq!(offers("hosts @", &fleet)[0].word, "@yf");
        assert_eq!(with_last("hosts @", "@yf"), "hosts @yf ");
        assert_eq!(with_last("ho", "hosts"), "hosts ");
    }
}
