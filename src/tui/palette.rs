//! The `:` line: what can be written there, and what it means.

use std::sync::Arc;

use crate::model::fleet::Fleet;
use crate::model::nearest::nearest;
use crate::model::text::{Text, clean};
use crate::operations::AnyOperation;
use crate::operations::completion::{self, Fit, Offer};
use crate::operations::shell::split;
use crate::tables::{self, Noun};

use super::panes::PANES;

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
pub(super) fn offers(line: &str, fleet: &Arc<Fleet>) -> Vec<Offer> {
    let last = line.rsplit(char::is_whitespace).next().unwrap_or("");
    let is_first = !line.trim_start().contains(char::is_whitespace);
    if is_first {
        let mut offers = fitting(last, all_words());
        offers.extend(synonyms(last));
        offers.extend(places_like(last, fleet));
        return offers;
    }
    if last.starts_with('@') {
        let idcs = fleet.idcs.iter().map(|i| Offer { word: format!("@{}", clean(&i.name)), help: Text::raw(&i.title) });
        return fitting(last, idcs.collect());
    }
    let first = line.split_whitespace().next().unwrap_or("");
    if !is_operation(first) {
        return Vec::new();
    }
    let mut words = split(line);
    if last.is_empty() {
        words.push(String::new());
    }
    completion::offers(AnyOperation::command(), &words, fleet, Fit::Inside)
}

/// The line with its last word replaced, ready for the next; a word that is only a beginning (`--host=`) goes on.
pub(super) fn with_last(line: &str, word: &str) -> String {
    let keep = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let end = if word.ends_with(['/', '=']) { "" } else { " " };
    format!("{}{word}{end}", &line[..keep])
}

fn is_operation(word: &str) -> bool {
    AnyOperation::named(word).is_some()
}

/// Operations under the other words that people have for them: `revert` for `undo`.
fn synonyms(word: &str) -> impl Iterator<Item = Offer> {
    let begun =
        AnyOperation::synonyms().filter(move |(synonym, name)| !word.is_empty() && synonym.starts_with(word) && !name.contains(word));
    begun.map(|(synonym, name)| {
        let help = AnyOperation::ALL.iter().find(|(known, _)| *known == name).map_or_else(|| Text::raw(""), |(_, help)| help.clone());
        Offer { word: name.to_owned(), help: Text::made(format!("{synonym}: {}", help.en), format!("{synonym}：{}", help.zh)) }
    })
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
    fn every_offer_of_the_first_word_means_something() {
        let fleet = Arc::new(context_of(&["h"]).0);
        let all = offers("", &fleet);
        assert!(all.len() > PANES.len());
        assert!(!all.iter().any(|offer| offer.word == "host_tree"), "what a pane shows is offered by the pane's name");
        for offer in all {
            assert!(!matches!(read(&offer.word), CommandLine::Wrong(_) | CommandLine::Nothing), "{}", offer.word);
        }
    }

    #[test]
    fn the_last_word_is_completed() {
        let fleet = Arc::new(context_of(&["h"]).0);
        assert_eq!(offers("hos", &fleet)[0].word, "hosts");
        assert_eq!(offers("hosts @", &fleet)[0].word, "@yf");
        assert_eq!(with_last("hosts @", "@yf"), "hosts @yf ");
        assert_eq!(with_last("ho", "hosts"), "hosts ");
    }

    #[test]
    fn an_operation_is_completed_by_what_its_arguments_name() {
        let fleet = Arc::new(crate::model::fixture::fleet());
        let words = |line: &str| offers(line, &fleet).into_iter().map(|offer| offer.word).collect::<Vec<_>>();
        assert_eq!(words("stop-containers web-1"), ["tc-db-01/web-11", "yf-web-01/web-1"]);
        assert_eq!(words("stop-containers --all-on yf-c"), ["yf-core-01"]);
        assert_eq!(words("stop-containers --service d"), ["db"]);
        assert_eq!(words("stop-containers --idc "), ["yongfeng", "tucheng", "aws-bj"]);
        assert!(words("kill-containers web-1 --sig").contains(&"--signal".to_owned()));
        assert_eq!(words("kill-containers web-1 --signal HUP"), ["SIGHUP"]);
        assert!(words("undo ").iter().all(|word| !word.contains('/')), "a run is no container");
    }

    #[test]
    fn other_words_for_an_operation_lead_to_it() {
        let fleet = Arc::new(context_of(&["h"]).0);
        assert_eq!(offers("rever", &fleet)[0].word, "undo");
        assert!(matches!(read("revert 7f3c"), CommandLine::Operation { .. }));
        assert_eq!(AnyOperation::from_words(["revert", "7f3c"]).map(|operation| operation.name()), Ok("undo"));
    }
}
