//! Every tab of the pages of registries, at the jump box's size and on a wide terminal, in both languages.

use super::*;
use crate::model::fixture::holdings::fail;
use crate::model::fixture::registries::harbors;
use crate::tables::fixture::{publish, registries};

/// Name of the picture, and the keys that lead on to it from the one before.
type Steps = &'static [(&'static str, &'static str)];

const PROJECTS: Steps = &[
    ("projects", "2"),
    ("members", "G enter"),
    ("repositories", "]"),
    ("robots", "]"),
    ("audit", "]"),
    ("access", "]"),
    ("images", "2 i"),
    ("quotas", "2 Q"),
    ("people", "2 p"),
];

const REPLICATION: Steps = &[("topology", "3"), ("policies", "]"), ("executions", "]"), ("queues", "]"), ("peers", "]"), ("preheat", "]")];

#[test]
fn every_tab_at_both_sizes_in_both_languages() {
    let mut broken = registries();
    fail(&mut broken, "tucheng", NOW);
    for (steps, fleet) in [(PROJECTS, publish(broken)), (REPLICATION, publish(harbors()))] {
        for (lang, word) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
            for (columns, rows) in [(80, 24), (200, 60)] {
                let mut console = console(fleet.clone(), Mode::Writing, lang);
                for (name, keys) in steps {
                    press(&mut console, keys);
                    rest(&mut console);
                    insta::assert_snapshot!(format!("{name}_{columns}_{word}"), screen(&console, columns, rows));
                }
            }
        }
    }
}
