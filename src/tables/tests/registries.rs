//! What the tables of registries show: spread columns, what is unknown, refused, counted and not listed, and odd names.

use serde_json::json;

use super::*;
use crate::model::artifact::PackedArtifacts;
use crate::model::fixture::holdings::{artifacts, fail, say};
use crate::model::registry::RegistryFact as F;
use crate::tables::fixture::registries;
use crate::tables::spread::{lanes, part};

const ALL: [&str; 10] = ["projects", "members", "users", "repositories", "artifacts", "tags", "robots", "quotas", "access", "audit"];

fn context(fleet: &Fleet, lang: Lang) -> Context<'_> {
    static LIVE: std::sync::LazyLock<Live> = std::sync::LazyLock::new(Live::default);
    static ZONE: std::sync::LazyLock<jiff::tz::TimeZone> = std::sync::LazyLock::new(|| jiff::tz::TimeZone::UTC);
    Context { fleet, live: &LIVE, now: NOW, lang, zone: &ZONE }
}

/// All rows with all that is drawn of them.
fn drawn(fleet: &Fleet, name: &str, scope: &Scope, lang: Lang) -> String {
    let cx = context(fleet, lang);
    let noun = noun(name).expect(name);
    let lanes: Vec<_> = lanes(noun, fleet).into_iter().filter(|lane| !lane.column.wide).collect();
    let head: Vec<&str> = lanes.iter().map(|lane| lane.title(lang)).collect();
    let mut text = format!("{name}: {}\n", head.join(" | "));
    for row in noun.rows(fleet, scope) {
        let cells: Vec<String> = lanes.iter().map(|lane| noun.cell(&cx, row, lane.place).text).collect();
        let _ = writeln!(text, "{:?} {}", noun.mark(&cx, row), cells.join(" | "));
    }
    text
}

fn items(fleet: &Fleet, name: &str) -> Vec<Value> {
    let noun = noun(name).expect(name);
    noun.rows(fleet, &Scope::default()).into_iter().map(|row| item(&context(fleet, Lang::En), noun, row)).collect()
}

#[test]
fn registries_side_by_side() {
    let fleet = registries();
    insta::assert_snapshot!(ALL.map(|name| drawn(&fleet, name, &Scope::default(), Lang::En)).join("\n"));
}

#[test]
fn registries_side_by_side_in_chinese() {
    let fleet = registries();
    insta::assert_snapshot!(
        ["projects", "members", "robots", "access"].map(|name| drawn(&fleet, name, &Scope::default(), Lang::Zh)).join("\n")
    );
}

#[test]
fn keys_are_unique_and_parts_say_what_cells_say() {
    let fleet = registries();
    let cx = context(&fleet, Lang::En);
    for name in ALL {
        let noun = noun(name).expect(name);
        let rows = noun.rows(&fleet, &Scope::default());
        let keys: std::collections::BTreeSet<RowKey> = rows.iter().map(|row| noun.key(&fleet, *row)).collect();
        assert_eq!(keys.len(), rows.len(), "{name}");
        assert!(!rows.is_empty() || name == "audit", "{name}");
        for row in rows {
            for lane in lanes(noun, &fleet) {
                let (cell, value, sort) =
                    (noun.cell(&cx, row, lane.place), noun.value(&cx, row, lane.place), noun.sort_key(&cx, row, lane.place));
                let place = format!("{name} {} {}", noun.key(&fleet, row), lane.key());
                assert!(!cell.text.is_empty(), "{place}");
                if cell.text == "?" {
                    assert_eq!((value, sort), (Value::Null, SortKey::Unknown), "{place}");
                }
            }
        }
    }
    // A place that no column has.
    assert_eq!(noun("projects").expect("a noun").cell(&cx, RowId::default(), part(99, 7)), Cell::default());
}

#[test]
fn scripts_get_one_object_a_spread_column_and_null_for_what_is_not_known() {
    let fleet = registries();
    let projects = items(&fleet, "projects");
    let names: Vec<&str> = projects.iter().filter_map(|p| p["project"].as_str()).collect();
    assert_eq!(names, ["42", "a+b", "payment"]);
    let payment = &projects[2];
    assert_eq!(payment["access"], json!({"yongfeng": "private", "tucheng": "public", "aws-bj": null}));
    assert_eq!(payment["quota_in"]["yongfeng"], json!(20u64 << 30));
    assert_eq!((&payment["ghosts"]["yongfeng"], &payment["ghosts"]["tucheng"]), (&json!(1), &json!(0)));
    assert_eq!(payment["drift_known"], json!(false), "aws-bj was never read");
    assert_eq!((&projects[0]["quota_in"]["yongfeng"], &projects[0]["unlimited_in"]["yongfeng"]), (&Value::Null, &json!(true)));
    assert_eq!(projects[1]["members"], Value::Null, "refused");
    let odd = items(&fleet, "members").into_iter().find(|m| m["member"] == "odd").expect("odd");
    assert_eq!((&odd["role"]["yongfeng"], &odd["role_id"]["yongfeng"]), (&json!("role 99"), &json!(99)));
    let ghosts: Vec<Value> = items(&fleet, "members").into_iter().filter(|m| m["member"].is_null()).collect();
    assert_eq!(ghosts.len(), 1);
    assert_eq!((&ghosts[0]["kind"], &ghosts[0]["ghosts"]["yongfeng"]), (&json!("ghost"), &json!(1)));
    let redis = items(&fleet, "tags").into_iter().find(|t| t["repository"] == "redis").expect("redis");
    assert_eq!((&redis["tag"], &redis["project"]), (&json!("7+build.1"), &Value::Null), "no project is made up for a plain registry");
}

#[test]
fn a_refused_question_has_its_cause_and_a_dead_registry_its_mark() {
    let mut fleet = registries();
    fail(&mut fleet, "tucheng", NOW);
    let fleet = publish(fleet);
    let cx = context(&fleet, Lang::En);
    let projects = noun("projects").expect("a noun");
    let rows = projects.rows(&fleet, &Scope::default());
    let causes: Vec<String> =
        projects.causes(&cx, rows[1]).into_iter().map(|(fault, _)| format!("{}: {}", fault.endpoint, fault.cause.en)).collect();
    assert_eq!(causes, ["yongfeng: members: forbidden", "tucheng: refused", "tucheng: members: forbidden"]);
    let heads = projects.spread(&fleet);
    let marks: Vec<(&str, Mark)> = heads.iter().map(|head| (head.title.as_str(), head.mark)).collect();
    assert_eq!(marks, [("永丰", Mark::None), ("土城", Mark::Bad), ("aws-bj", Mark::Unknown)]);
    // Its last values stay, and one registry that answers is enough not to call the row stale.
    assert_eq!(projects.staleness(&cx, rows[2]), None);
    assert_eq!(projects.cell(&cx, rows[2], part(1, heads[1].registry)).text, "PUBLIC");
}

#[test]
fn filters_and_sorts_look_into_the_parts() {
    let fleet = registries();
    let cx = context(&fleet, Lang::En);
    let projects = noun("projects").expect("a noun");
    let rows = projects.rows(&fleet, &Scope::default());
    let found = |filter: &str| -> Vec<String> {
        let filter = Filter::parse(filter, projects).expect(filter);
        filter.keep(&cx, projects, &rows, || true).expect("kept").iter().map(|row| projects.key(&fleet, *row).to_string()).collect()
    };
    assert_eq!(found("access:public"), ["payment"]);
    assert_eq!(found("access:private"), ["42", "a+b", "payment"]);
    let tucheng = projects.spread(&fleet)[1].registry;
    let mut sorted = rows.clone();
    let order = sort::Order { column: part(1, tucheng), direction: Direction::Down };
    sort::sort(&cx, projects, &mut sorted, order);
    assert_eq!(projects.key(&fleet, sorted[0]).as_ref(), "payment");
}

#[test]
fn a_scope_narrows_to_a_project_a_repository_and_a_person() {
    let fleet = registries();
    let payment = Scope { project: Some("payment".into()), ..Scope::default() };
    let count = |name: &str, scope: &Scope| noun(name).expect(name).rows(&fleet, scope).len();
    assert_eq!((count("members", &payment), count("robots", &payment), count("repositories", &payment)), (5, 4, 2));
    let web = Scope { repository: Some("payment/web".into()), ..payment };
    assert_eq!((count("tags", &web), count("artifacts", &web)), (3, 3));
    let alice = Scope { member: Some("alice".into()), ..Scope::default() };
    assert_eq!(count("members", &alice), 2);
    let here = Scope { registry: Some("mirror".into()), ..Scope::default() };
    assert_eq!((count("repositories", &here), count("projects", &here)), (2, 0));
}

#[test]
fn what_was_read_in_part_is_unknown_and_never_missing() {
    let mut fleet = registries();
    let in_mirror = |fleet: &Fleet| {
        let tags = items(fleet, "tags");
        let latest = tags.iter().find(|t| t["tag"] == "v1").expect("v1");
        latest["is_in"]["mirror"].clone()
    };
    let web = |packed| F::Artifacts { repository: "payment/web".into(), artifacts: Arc::new(packed) };
    let read = PackedArtifacts::clone(&artifacts("payment/web", &[("two", &["v2"])]));
    say(&mut fleet, "mirror", NOW, web(read.clone()));
    assert_eq!(in_mirror(&fleet), json!(false));
    say(&mut fleet, "mirror", NOW, web(read.in_part()));
    assert_eq!(in_mirror(&fleet), Value::Null);
    let repositories = items(&fleet, "repositories");
    let web = repositories.iter().find(|r| r["repository"] == "payment/web").expect("payment/web");
    assert_eq!(web["tags_in"]["mirror"], Value::Null, "what was read in part cannot be counted");
}
