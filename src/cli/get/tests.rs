//! What `wharf get` prints of a small world.

use std::collections::BTreeMap;

use super::*;
use crate::cli::out::Paper;
use crate::model::clock::Clock;
use crate::model::fixture::{self, NOW};
use crate::model::text::Lang;
use crate::tables::fixture::published;

fn query(words: &str) -> Query {
    let words = ["wharf", "get"].into_iter().chain(words.split_whitespace()).map(Into::into);
    let Ok(crate::cli::Cli { face: Some(crate::cli::Face::Get(ask)), .. }) = crate::cli::Cli::read_from(words) else { panic!("a get") };
    Query::new(ask).expect("a good query")
}

fn printed_on(fleet: &Fleet, words: &str, paper: Paper, lang: Lang) -> String {
    let (mut sink, mut errors) = (Vec::new(), Vec::new());
    let out = Out { out: &mut sink, err: &mut errors, paper, lang, zone: jiff::tz::TimeZone::UTC, clock: Clock::manual(NOW) };
    let faults =
        fleet.hosts.iter().filter_map(|h| h.freshness.fault.as_ref().map(|f| (Fault::clone(f), h.freshness.fault_since))).collect();
    let settled = Settled { fleet: Arc::new(fleet.clone()), faults, asked: fleet.hosts.len(), absent: 0 };
    draw(&query(words), fleet, &Live::default(), &settled, &out)
}

fn printed(words: &str) -> String {
    printed_on(&published(), words, Paper::PIPE, Lang::En)
}

#[test]
fn containers_as_a_table() {
    insta::assert_snapshot!(printed("containers"));
}

#[test]
fn idcs_as_a_wide_table_in_chinese() {
    insta::assert_snapshot!(printed_on(&published(), "idcs -o wide", Paper::PIPE, Lang::Zh));
}

#[test]
fn hosts_on_a_narrow_terminal() {
    let paper = Paper { width: Some(60), ..Paper::PIPE };
    let text = printed_on(&published(), "hosts", paper, Lang::En);
    assert!(text.lines().all(|line| crate::model::text::width(line) <= 60), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn hosts_as_csv() {
    insta::assert_snapshot!(printed("hosts -o csv --filter tucheng").replace('\r', ""));
}

#[test]
fn one_container_as_json() {
    insta::assert_snapshot!(printed("containers -o json -f web-5"));
}

#[test]
fn a_host_and_the_faults_as_json() {
    insta::assert_snapshot!(printed("hosts -o json -f tc-db-01"));
}

#[test]
fn every_noun_prints_in_every_format_and_json_is_one_document() {
    let fleet = published();
    for noun in tables::all().iter().filter(|noun| !noun.is_tree()) {
        for format in ["table", "wide", "csv"] {
            let text = printed(&format!("{} -o {format}", noun.name()));
            assert!(text.ends_with('\n') && text.lines().all(|line| line.trim_end_matches('\r') == line.trim_end()), "{text}");
        }
        let document: serde_json::Value = serde_json::from_str(&printed(&format!("{} -o json", noun.name()))).expect("JSON");
        assert_eq!(document["noun"], noun.name());
        assert_eq!(document["at"], "2026-11-23T04:00:00.000Z");
        for item in document["items"].as_array().expect("a list") {
            let keys: BTreeMap<_, _> = item.as_object().expect("an object").iter().collect();
            assert!(keys.contains_key(&"stale".to_owned()) && keys.contains_key(&"age_s".to_owned()), "{item}");
            assert!(keys.contains_key(&"name".to_owned()), "{}: {item}", noun.name());
            assert!(noun.columns().iter().all(|c| keys.contains_key(&c.key.to_owned())));
        }
        assert_eq!(document["faults"].as_array().map(Vec::len), Some(fleet.derived.faults as usize));
    }
}

#[test]
fn hostile_names_are_harmless_in_every_format() {
    let mut fleet = fixture::fleet();
    let mut evil = fixture::container(70, "evil\u{1b}[2J\u{9b}31m\u{202e}", Some("a\tb\nc"), ContainerState::Running);
    evil.image = "img\u{7}\u{e0041}".into();
    fixture::online(&mut fleet, "aws-1", NOW, vec![evil]);
    for format in ["table", "wide", "csv", "json"] {
        let text = printed_on(&fleet, &format!("containers -o {format}"), Paper::PIPE, Lang::En);
        let hostile: Vec<char> = text.chars().filter(|c| crate::model::text::is_hostile(*c) && !matches!(c, '\n' | '\r')).collect();
        assert!(hostile.is_empty(), "{format}: {hostile:?}");
    }
    let document: serde_json::Value =
        serde_json::from_str(&printed_on(&fleet, "containers -o json -f aws-1", Paper::PIPE, Lang::En)).expect("JSON");
    assert_eq!(document["items"][0]["name"], "evil\u{1b}[2J\u{9b}31m\u{202e}");
    assert_eq!(document["items"][0]["image"], "img\u{7}\u{e0041}");
}

#[test]
fn figures_have_columns_only_when_they_were_measured() {
    assert!(!printed("containers").contains("CPU"));
    assert!(printed("containers --figures").contains("CPU"));
    assert!(printed("containers -o json -f web-1").contains("\"cpu\": null"));
}

#[test]
fn sorting_and_mistakes() {
    let names = |words: &str| -> Vec<String> {
        let document: serde_json::Value = serde_json::from_str(&printed(words)).expect("JSON");
        document["items"].as_array().expect("a list").iter().map(|i| i["name"].as_str().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(names("hosts -o json -s -cost_per_hour -f web"), ["yf-core-01", "yf-web-01", "yf-web-02", "tc-web-01"]);
    assert_eq!(names("hosts -o json -s name:desc -f idc:yongfeng"), ["yf-web-02", "yf-web-01", "yf-core-01"]);
    let fault = |words: &str| {
        let words = ["wharf", "get"].into_iter().chain(words.split_whitespace()).map(Into::into);
        let Ok(crate::cli::Cli { face: Some(crate::cli::Face::Get(ask)), .. }) = crate::cli::Cli::read_from(words) else { panic!("a get") };
        let fault = Query::new(ask).expect_err("a mistake");
        assert_eq!(Exit::of(&fault), Exit::Usage);
        crate::cli::complain(&fault, Lang::En)
    };
    assert_eq!(fault("hosts --sort stat"), "wharf: --sort: hosts have no column 'stat'; the nearest is 'state'");
    assert_eq!(
        fault("hosts --filter /(/"),
        "wharf: filter: bad regular expression: unclosed group; mend it, or drop the slashes to look for the words"
    );
}

#[test]
fn what_is_asked_by_figures_is_measured_and_nothing_else() {
    for words in ["containers -f cpu:>100", "containers -f !mem:gib", "hosts --sort -cpu", "containers --figures"] {
        assert!(query(words).wants_figures(), "{words}");
    }
    for words in ["containers", "containers -f cpu", "containers -f state:running", "hosts --sort name"] {
        assert!(!query(words).wants_figures(), "{words}");
    }
}
