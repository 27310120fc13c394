//! Machines as a tree: IDC > cluster > pool > host, with class, capacity, use, containers and cost rolled up.

use super::super::verb::{Does, Needs, Shown, Verb};
use super::{Pane, noun};
use crate::model::text::Text;
use crate::tables::Noun;

pub(super) struct Hosts;

static VERBS: &[Verb] = &[
    Verb {
        id: "hosts.flat",
        keys: "f",
        name: Text::new("flat", "平铺"),
        help: Text::new("all hosts as one list, to sort by any column", "平铺所有主机，可按任意列排序"),
        needs: Needs::Nothing,
        shown: Shown::Footer,
        does: Does::Open("hosts"),
    },
    Verb {
        id: "hosts.classes",
        keys: "m",
        name: Text::new("classes", "机型"),
        help: Text::new("machine classes with what they cost and how many there are", "机型、价格与数量"),
        needs: Needs::Nothing,
        shown: Shown::Menu,
        does: Does::Open("classes"),
    },
];

impl Pane for Hosts {
    fn name(&self) -> &'static str {
        "hosts"
    }

    fn digit(&self) -> char {
        '4'
    }

    fn title(&self) -> Text {
        Text::new("Hosts", "主机")
    }

    fn noun(&self) -> &'static dyn Noun {
        noun("host_tree")
    }

    fn verbs(&self) -> &'static [Verb] {
        VERBS
    }
}
