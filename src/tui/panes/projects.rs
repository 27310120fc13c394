//! Projects side by side over all registries; inside one its members, repositories, robots, audit entries and who may push.
//!
//! ```text
//!  PROJECT     永丰      土城      aws-bj     REPOS   SIZE/QUOTA         MEMBERS  ROBOTS  DRIFT
//!  ● payment   private   private   private       14   8.1/20 GiB  40%         12       2  -
//!  ▲ search    private   private   -              6   3.0 GiB/∞                7       1  2 members
//!  ✖ user      private   PUBLIC    private        9   19/20 GiB   97%         21       4  public, quota
//! ```

use super::super::verb::{Does, Needs, Shown, Verb};
use super::{Pane, Tab, Tabs, noun};
use crate::model::text::Text;
use crate::tables::Noun;

pub(super) struct Projects;

/// What is in a project. Rules are not read, so there is no tab of them.
static TABS: &[Tabs] = &[Tabs {
    depth: 1,
    is_within: |scope| scope.project.is_some(),
    all: &[
        Tab::new("members", "members", "成员"),
        Tab::new("repositories", "repositories", "镜像仓库"),
        Tab::new("robots", "robots", "机器人账号"),
        Tab::new("audit", "audit", "审计"),
        Tab::new("access", "access", "权限"),
    ],
}];

static VERBS: &[Verb] = &[
    Verb {
        id: "projects.people",
        keys: "p",
        name: Text::new("people", "人员"),
        help: Text::new(
            "everyone in any registry; Enter tells what they may push everywhere",
            "各仓库中的所有用户；按 Enter 查看其在各处的推送权限",
        ),
        needs: Needs::Nothing,
        shown: Shown::Footer,
        does: Does::Open("users"),
    },
    Verb {
        id: "projects.robots",
        keys: "b",
        name: Text::new("robots", "机器人"),
        help: Text::new("all robot accounts, those that expire first on top", "全部机器人账号，最先到期者在前"),
        needs: Needs::Nothing,
        shown: Shown::Footer,
        does: Does::Open("robots"),
    },
    Verb {
        id: "projects.quotas",
        keys: "Q",
        name: Text::new("quotas", "配额"),
        help: Text::new("storage of every project in every registry, the fullest on top", "各项目在各仓库的存储用量，占比最高者在前"),
        needs: Needs::Nothing,
        shown: Shown::Menu,
        does: Does::Open("quotas"),
    },
    Verb {
        id: "projects.repositories",
        keys: "i",
        name: Text::new("images", "镜像"),
        help: Text::new("every repository of every registry, plain ones too", "所有仓库中的镜像仓库，含普通仓库"),
        needs: Needs::Nothing,
        shown: Shown::Menu,
        does: Does::Open("repositories"),
    },
    Verb {
        id: "projects.artifacts",
        keys: "a",
        name: Text::new("artifacts", "制品"),
        help: Text::new("artifacts by digest: of the repository under the bar, else of all", "按摘要列出制品：当前镜像仓库的，否则全部"),
        needs: Needs::Nothing,
        shown: Shown::Menu,
        does: Does::OpenUnder { of: "repositories", noun: "artifacts" },
    },
];

impl Pane for Projects {
    fn name(&self) -> &'static str {
        "projects"
    }

    fn digit(&self) -> char {
        '2'
    }

    fn title(&self) -> Text {
        Text::new("Projects", "项目")
    }

    fn noun(&self) -> &'static dyn Noun {
        noun("projects")
    }

    fn tabs(&self) -> &'static [Tabs] {
        TABS
    }

    fn verbs(&self) -> &'static [Verb] {
        VERBS
    }
}
