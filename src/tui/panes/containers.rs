//! Containers over all hosts with live figures, and the verbs that start, stop, restart, kill and remove them.

use super::super::verb::{Does, Needs, Shown, Verb};
use super::{Pane, noun};
use crate::model::text::Text;
use crate::tables::Noun;

pub(super) struct Containers;

static VERBS: &[Verb] = &[
    Verb {
        id: "containers.restart",
        keys: "R",
        name: Text::new("restart", "重启"),
        help: Text::new("restart the marked containers, else this one; shows the plan first", "重启所标记（或当前）容器；先显示计划"),
        needs: Needs::Writing,
        shown: Shown::Footer,
        does: Does::Plan("restart-containers"),
    },
    Verb {
        id: "containers.stop",
        keys: "T",
        name: Text::new("stop", "停止"),
        help: Text::new("stop the marked containers, else this one; shows the plan first", "停止所标记（或当前）容器；先显示计划"),
        needs: Needs::Writing,
        shown: Shown::Footer,
        does: Does::Plan("stop-containers"),
    },
    Verb {
        id: "containers.start",
        keys: "S",
        name: Text::new("start", "启动"),
        help: Text::new("start the marked containers, else this one; shows the plan first", "启动所标记（或当前）容器；先显示计划"),
        needs: Needs::Writing,
        shown: Shown::Footer,
        does: Does::Plan("start-containers"),
    },
    Verb {
        id: "containers.kill",
        keys: "K",
        name: Text::new("kill", "强杀"),
        help: Text::new("kill the marked containers, else this one; shows the plan first", "强制结束所标记（或当前）容器；先显示计划"),
        needs: Needs::Writing,
        shown: Shown::Menu,
        does: Does::Plan("kill-containers"),
    },
    Verb {
        id: "containers.remove",
        keys: "D",
        name: Text::new("remove", "删除"),
        help: Text::new("remove the marked containers, else this one; shows the plan first", "删除所标记（或当前）容器；先显示计划"),
        needs: Needs::Writing,
        shown: Shown::Menu,
        does: Does::Plan("remove-containers"),
    },
];

impl Pane for Containers {
    fn name(&self) -> &'static str {
        "containers"
    }

    fn digit(&self) -> char {
        '5'
    }

    fn title(&self) -> Text {
        Text::new("Containers", "容器")
    }

    fn noun(&self) -> &'static dyn Noun {
        noun("containers")
    }

    fn verbs(&self) -> &'static [Verb] {
        VERBS
    }
}
