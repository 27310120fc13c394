//! What the tables show of the small world, cell by cell.

mod registries;

use std::fmt::Write as _;
use std::sync::Arc;

use super::fixture::{publish, published};
use super::*;
use crate::model::fixture::{self, NOW, ago, container, failed, id, online};
use crate::model::host::{ContainerState, Health};
use crate::model::live::{HostLive, Live, Sample, Usage};
use crate::model::text::Lang;

fn shown_with(fleet: &Fleet, live: &Live, name: &str, scope: &Scope, lang: Lang) -> String {
    let cx = Context { fleet, live, now: NOW, lang, zone: &jiff::tz::TimeZone::UTC };
    let noun = noun(name).expect(name);
    let mut text = String::new();
    for row in noun.rows(fleet, scope) {
        let cells: Vec<String> =
            (0..noun.columns().len()).filter(|at| !noun.columns()[*at].wide).map(|at| noun.cell(&cx, row, at).text).collect();
        let _ = writeln!(text, "{:?} {}{}", noun.mark(&cx, row), "  ".repeat(row.depth.into()), cells.join(" | "));
    }
    if let Some(total) = noun.total(&cx) {
        let cells: Vec<String> = total.into_iter().zip(noun.columns()).filter(|(_, c)| !c.wide).map(|(cell, _)| cell.text).collect();
        let _ = writeln!(text, "= {}", cells.join(" | "));
    }
    text
}

fn shown(name: &str) -> String {
    shown_with(&published(), &Live::default(), name, &Scope::default(), Lang::En)
}

fn sample(cpu: Option<u32>, memory: u64) -> Sample {
    Sample { at: NOW, cpu_milli: cpu, memory, memory_limit: 1 << 30, rx: Some(1_000_000), tx: Some(258_291) }
}

#[test]
fn the_tree_rolls_up_and_says_what_is_missing() {
    insta::assert_snapshot!(shown("host_tree"));
}

#[test]
fn the_tree_in_use_in_chinese() {
    let mut live = Live::default();
    let usage = Usage { cpu_milli: 5_600, memory: 8 << 30, cores: 12, memory_all: 16 << 30, measured: 1, unmeasured: 0 };
    live.put(&"yf-web-01".into(), Arc::new(HostLive { samples: Vec::new(), usage: Some(usage) }));
    let place = ("yongfeng".into(), Some("web".into()), Some("frontend".into()));
    live.places = Arc::new(vec![(place, Usage { unmeasured: 1, ..usage })]);
    insta::assert_snapshot!(shown_with(&published(), &live, "host_tree", &Scope::default(), Lang::Zh));
}

#[test]
fn closed_branches_keep_their_sums_and_hide_what_is_under_them() {
    let closed = ["yongfeng/web/frontend", "tucheng"].map(RowKey::from).into_iter().collect();
    let text = shown_with(&published(), &Live::default(), "host_tree", &Scope { closed, ..Scope::default() }, Lang::En);
    assert!(
        text.contains("frontend | 2/2") && !text.contains("yf-web-01") && text.contains("yf-core-01") && !text.contains("tc-web-01"),
        "{text}"
    );
}

#[test]
fn the_other_nouns() {
    insta::assert_snapshot!(
        ["idcs", "clusters", "pools", "classes", "faults", "attention"].map(|name| format!("{name}\n{}", shown(name))).join("\n")
    );
}

#[test]
fn containers_of_a_lost_host_keep_their_last_values_and_say_so() {
    let fleet = published();
    let scope = Scope { host: Some("tc-db-01".into()), ..Scope::default() };
    let text = shown_with(&fleet, &Live::default(), "containers", &scope, Lang::En);
    assert!(text.lines().all(|line| line.starts_with("Unknown ") && line.contains("running 2d")), "{text}");
    let cx = Context { fleet: &fleet, live: &Live::default(), now: NOW, lang: Lang::En, zone: &jiff::tz::TimeZone::UTC };
    let noun = noun("containers").expect("a noun");
    let (since, cause) = noun.staleness(&cx, noun.rows(&fleet, &scope)[0]).expect("overdue");
    assert_eq!((since, cause.en.as_ref()), (Some(ago(600)), "dial timeout"));
}

#[test]
fn live_figures_and_states_of_containers() {
    let mut fleet = fixture::fleet();
    let mut sick = container(40, "sick", None, ContainerState::Running);
    (sick.health, sick.since) = (Some(Health::Unhealthy), Some(ago(240)));
    let list = vec![
        sick,
        container(41, "looping", None, ContainerState::Restarting(Some(1))),
        container(42, "done", None, ContainerState::Exited(Some(0))),
        container(43, "odd", None, ContainerState::Other("hib\u{1b}ernating".into())),
        container(44, "untold", None, ContainerState::Exited(None)),
    ];
    online(&mut fleet, "aws-1", NOW, list);
    let mut live = Live::default();
    let mut samples = vec![(id(40), sample(Some(312), 432_013_312)), (id(42), sample(Some(9), 9))];
    samples.sort_by_key(|(id, _)| *id);
    live.put(&"aws-1".into(), Arc::new(HostLive { samples, usage: None }));
    let scope = Scope { host: Some("aws-1".into()), ..Scope::default() };
    let text = shown_with(&publish(fleet), &live, "containers", &scope, Lang::En);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_host_that_just_went_away_is_stale_and_not_lost() {
    let mut fleet = fixture::fleet();
    failed(&mut fleet, "yf-web-01", ago(5), crate::model::fault::FaultKind::Timeout);
    let scope = Scope { host: Some("yf-web-01".into()), ..Scope::default() };
    let text = shown_with(&publish(fleet), &Live::default(), "hosts", &scope, Lang::En);
    assert!(text.starts_with("Unknown yf-web-01 | 永丰 | web | frontend | 12c16g | stale | ? | ? | 3 | 0.42"), "{text}");
}

#[test]
fn keys_are_unique_and_rows_of_another_fleet_do_no_harm() {
    let empty = Fleet::default();
    for (noun, fleet) in all().iter().flat_map(|noun| [(noun, published()), (noun, super::fixture::registries())]) {
        let cx = Context { fleet: &fleet, live: &Live::default(), now: NOW, lang: Lang::En, zone: &jiff::tz::TimeZone::UTC };
        let rows = noun.rows(&fleet, &Scope::default());
        let keys: std::collections::BTreeSet<RowKey> = rows.iter().map(|row| noun.key(&fleet, *row)).collect();
        assert_eq!(keys.len(), rows.len(), "{}", noun.name());
        assert!(noun.columns().iter().all(|c| !c.title.en.is_empty() && !c.title.zh.is_empty() && c.min <= c.max));
        let cx_empty = Context { fleet: &empty, ..cx };
        for row in rows {
            let mut words = String::new();
            noun.haystack(&cx_empty, row, &mut words);
            let _ = (
                noun.key(&empty, row),
                noun.mark(&cx_empty, row),
                noun.staleness(&cx_empty, row),
                item(&cx_empty, *noun, row),
                noun.under(&empty, row),
            );
            for column in (0..=noun.columns().len()).chain([spread::part(0, 0), spread::part(1, 9)]) {
                let _ = (noun.cell(&cx_empty, row, column), noun.sort_key(&cx_empty, row, column));
            }
        }
    }
}

#[test]
fn unknown_is_never_zero_and_never_blank() {
    let fleet = published();
    let cx = Context { fleet: &fleet, live: &Live::default(), now: NOW, lang: Lang::En, zone: &jiff::tz::TimeZone::UTC };
    for noun in all().iter().filter(|noun| !noun.is_tree()) {
        for row in noun.rows(&fleet, &Scope::default()) {
            for at in (0..noun.columns().len()).filter(|at| !noun.columns()[*at].spread) {
                let (cell, value, sort) = (noun.cell(&cx, row, at), noun.value(&cx, row, at), noun.sort_key(&cx, row, at));
                let place = format!("{} {} {}", noun.name(), noun.key(&fleet, row), noun.columns()[at].key);
                assert!(!cell.text.is_empty(), "{place}");
                // A state has a word for it.
                let is_state = noun.columns()[at].key == "state";
                if (cell.text == "?" && !is_state) || cell.text == "no price" {
                    assert_eq!((value, sort), (Value::Null, SortKey::Unknown), "{place}");
                }
            }
        }
    }
}

#[test]
fn a_scope_narrows_and_leads_down() {
    let fleet = published();
    let tree = noun("host_tree").expect("a noun");
    let containers = noun("containers").expect("a noun");
    let count = |key: &str| {
        let row = tree.rows(&fleet, &Scope::default()).into_iter().find(|row| &*tree.key(&fleet, *row) == key).expect(key);
        containers.rows(&fleet, &tree.under(&fleet, row)).len()
    };
    assert_eq!(count("yongfeng"), 6);
    assert_eq!(count("yongfeng/web/frontend"), 5);
    assert_eq!(count("tucheng/-"), 2);
    assert_eq!(count("tucheng/-/-/tc-db-01"), 2);
}

#[test]
fn a_failure_whose_log_nobody_read_has_a_cause_that_is_not_known() {
    use crate::model::fixture::registries::{harbors, run, tell};
    use crate::model::registry::RegistryFact;
    use crate::model::replication::Settled;
    let mut fleet = harbors();
    let runs = [run(9, 1, 60, Settled::Failed), run(8, 1, 120, Settled::Succeeded)];
    tell(&mut fleet, "yongfeng", NOW, RegistryFact::Runs(runs.map(Arc::new).into()));
    let zone = jiff::tz::TimeZone::UTC;
    let cx = Context { fleet: &fleet, live: &Live::default(), now: NOW, lang: Lang::En, zone: &zone };
    let executions = noun("executions").expect("a noun");
    let cause = executions.columns().iter().position(|column| column.key == "cause").expect("a column");
    let rows = executions.rows(&fleet, &Scope { registry: Some("yongfeng".into()), ..Scope::default() });
    let said: Vec<String> = rows.into_iter().map(|row| executions.cell(&cx, row, cause).text).collect();
    assert_eq!(said, ["?", "-"]);
}
