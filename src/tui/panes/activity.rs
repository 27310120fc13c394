//! What is being carried out, and one timeline of everything that changed and everything anyone did.

use super::super::verb::{Does, Needs, Shown, Verb};
use super::{Pane, noun};
use crate::model::text::Text;
use crate::tables::Noun;

pub(super) struct Activity;

static VERBS: &[Verb] = &[Verb {
    id: "activity.runs",
    keys: "a",
    name: Text::new("runs", "执行记录"),
    help: Text::new("every run as a table: who, when, how far, what failed", "全部执行记录：谁、何时、进度、失败数"),
    needs: Needs::Nothing,
    shown: Shown::Footer,
    does: Does::Open("tasks"),
}];

impl Pane for Activity {
    fn name(&self) -> &'static str {
        "activity"
    }

    fn digit(&self) -> char {
        '6'
    }

    fn title(&self) -> Text {
        Text::new("Activity", "动态")
    }

    fn noun(&self) -> &'static dyn Noun {
        noun("activity")
    }

    fn verbs(&self) -> &'static [Verb] {
        VERBS
    }
}
