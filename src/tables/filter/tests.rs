//! What filters keep of a small world.

use super::*;
use crate::model::fixture::{NOW, fleet};
use crate::model::fleet::Fleet;
use crate::model::live::Live;
use crate::model::text::Lang;
use crate::tables::noun;

fn try_kept(noun_name: &str, filter: &str) -> Result<Vec<String>, Fault> {
    let fleet: Fleet = fleet();
    let cx = Context { fleet: &fleet, live: &Live::default(), now: NOW, lang: Lang::Zh, zone: &jiff::tz::TimeZone::UTC };
    let noun = noun(noun_name).expect("a noun");
    let name = noun.columns().iter().position(|c| matches!(c.key, "container" | "name")).expect("a name");
    let rows = noun.rows(&fleet, &crate::tables::Scope::default());
    let kept = Filter::parse(filter, noun)?.keep(&cx, noun, &rows, || true).expect("went on");
    let mut names: Vec<String> = kept.iter().map(|row| noun.cell(&cx, *row, name).text).collect();
    names.sort();
    Ok(names)
}

fn kept(filter: &str) -> Vec<String> {
    try_kept("containers", filter).expect("a good filter")
}

#[test]
fn words_are_found_in_any_case_and_all_of_them() {
    assert_eq!(kept("WEB-0"), kept("web-0"));
    assert_eq!(kept("yf-web-01 running"), ["web-1", "web-2"]);
    assert_eq!(kept("土城 db"), ["db-2", "web-11"]);
    assert_eq!(kept("").len(), 11);
}

#[test]
fn inverse_fuzzy_and_regex() {
    assert_eq!(kept("yongfeng !web !db"), Vec::<String>::new());
    assert_eq!(kept("yongfeng !running"), ["cache-1", "web-5"]);
    assert_eq!(kept("~cch"), ["cache-1"]);
    assert_eq!(kept("/^db .*aws|job/"), ["job"]);
    assert_eq!(kept("!/web|db/"), Vec::<String>::new());
    assert_eq!(kept("/WEB-1+ /"), ["web-1", "web-11"]);
}

#[test]
fn columns_by_word_in_either_language_and_by_figure() {
    assert_eq!(kept("state:exited"), ["cache-1", "web-5"]);
    assert_eq!(kept("state:已退出"), kept("state:exited"));
    assert_eq!(kept("state:137"), ["web-5"]);
    assert_eq!(kept("idc:土城"), kept("idc:tucheng"));
    assert_eq!(kept("created:>2d").len(), 11);
    assert_eq!(kept("created:>4d"), Vec::<String>::new());
    // Unknown is neither more nor less.
    assert_eq!(kept("cpu:>0"), kept("cpu:<0"));
    assert_eq!(try_kept("hosts", "containers:>=3"), Ok(vec!["tc-web-01".into(), "yf-web-01".into()]));
    assert_eq!(try_kept("hosts", "cost_per_hour:>0.5"), Ok(vec!["yf-core-01".into()]));
}

#[test]
fn the_whole_of_a_cell_and_nothing_that_begins_like_it() {
    assert_eq!(kept("container:web-1"), ["web-1", "web-11"]);
    assert_eq!(kept("container:=web-1"), ["web-1"]);
    assert_eq!(kept("container:=Web-1,db-2"), ["db-2", "web-1"]);
    assert_eq!(kept("!container:=web-1 container:web-1"), ["web-11"]);
    assert_eq!(kept("container:=web-1 host:=yf-web-02"), Vec::<String>::new());
    // As scripts know it and as people see it.
    assert_eq!(kept("idc:=tucheng"), kept("idc:=土城"));
    assert_eq!(kept("container:="), kept(""));
}

#[test]
fn what_is_still_being_typed_narrows_nothing() {
    for text in ["!", "~", "state:", "cpu:>", "\"", " "] {
        assert_eq!(kept(text).len(), 11, "{text}");
    }
}

#[test]
fn mistakes_are_messages() {
    let message = |filter: &str| try_kept("containers", filter).expect_err(filter).to_string();
    assert_eq!(message("/web(/"), "filter: bad regular expression: unclosed group (mend it, or drop the slashes to look for the words)");
    assert_eq!(message("/web"), "filter: the regular expression has no end (close it with '/')");
    assert_eq!(
        message("stat:exited"),
        "filter: containers have no column 'stat' (the nearest is 'state'; for the words themselves write \"stat:exited\")"
    );
    assert_eq!(message("cpu:>many"), "filter: 'many' is not a figure (write one such as 50, 50%, 1.5GiB, 5m)");
    assert_eq!(kept("\"web:v41\"").len(), 11);
    assert_eq!(kept("payment/web:v41").len(), 11);
}

#[test]
fn a_filter_stops_when_told_to() {
    let fleet = fleet();
    let cx = Context { fleet: &fleet, live: &Live::default(), now: NOW, lang: Lang::En, zone: &jiff::tz::TimeZone::UTC };
    let noun = noun("containers").expect("a noun");
    let rows = noun.rows(&fleet, &crate::tables::Scope::default());
    assert_eq!(Filter::parse("web", noun).expect("good").keep(&cx, noun, &rows, || false), None);
}
