//! Starts containers that do not run.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::families::container::{self, Act, Waves, because};
use super::operation::{Example, Needs, Operation};
use super::targets::Targets;
use crate::model::call::container::ContainerVerb;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::host::ContainerState;
use crate::model::plan::Plan;
use crate::model::text::Text;

/// Which containers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct StartContainers {
    #[command(flatten)]
    #[serde(flatten)]
    pub targets: Targets,
}

impl Operation for StartContainers {
    const NAME: &'static str = "start-containers";
    const ROWS: Option<&'static str> = Some("containers");
    const HELP: Text = Text::new("Start containers that do not run", "启动未运行的容器");
    const DETAILS: &'static str = "Containers that run already are left out. `wharf run undo ID` stops again what a run has started, where nobody has touched it since.";
    const EXAMPLES: &'static [Example] = &[
        Example { line: "start-containers yf-web-02/web-5", does: "one container on one host" },
        Example { line: "start-containers --service web --idc yongfeng", does: "the stopped containers of a service in one IDC" },
    ];

    fn needs(&self) -> Needs {
        Needs::hosts(self.targets.hosts_named())
    }

    fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
        let act = Act {
            verb: ContainerVerb::Start,
            waves: Waves::One,
            word: Text::new("start", "启动"),
            skip: &|container| match &container.state {
                ContainerState::Created | ContainerState::Exited(_) | ContainerState::Other(_) => None,
                ContainerState::Running => Some(Text::new("already running", "已在运行")),
                ContainerState::Paused => Some(because(container, "unpause it on the host", "请在主机上恢复")),
                ContainerState::Dead => Some(because(container, "remove it (remove-containers)", "请删除（remove-containers）")),
                ContainerState::Restarting(_) | ContainerState::Removing => Some(because(container, "", "")),
            },
        };
        container::plan(self, &self.targets, fleet, now, &act)
    }
}
