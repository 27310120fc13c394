//! Restarts running containers, host after host where a service is spread over several.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::completion::Completes;
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

/// Which containers, and how long they may take to stop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct RestartContainers {
    #[command(flatten)]
    #[serde(flatten)]
    pub targets: Targets,
    /// Seconds that a container may take to stop before it is killed [default: its own setting]
    #[arg(long, value_name = "SECONDS", add = Completes::Nothing)]
    // Runs of older journals say timeout_s.
    #[serde(default, alias = "timeout_s", skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<u32>,
}

impl Operation for RestartContainers {
    const NAME: &'static str = "restart-containers";
    const ROWS: Option<&'static str> = Some("containers");
    const HELP: Text = Text::new("Restart running containers", "重启运行中的容器");
    const DETAILS: &'static str = "Where a service has containers on several hosts, one host is done after another, so that the service is never down everywhere at once. Stopped containers are left out. A restart cannot be undone.";
    const EXAMPLES: &'static [Example] = &[
        Example { line: "restart-containers yf-web-01/web-1", does: "one container on one host" },
        Example { line: "restart-containers --service web --stop-timeout 30", does: "every running container of a service, host after host" },
    ];

    fn needs(&self) -> Needs {
        Needs::hosts(self.targets.hosts_named())
    }

    fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
        let act = Act {
            verb: ContainerVerb::Restart { timeout_s: self.stop_timeout },
            waves: Waves::ByHost,
            word: Text::new("restart", "重启"),
            skip: &|container| match &container.state {
                ContainerState::Running | ContainerState::Paused | ContainerState::Restarting(_) => None,
                ContainerState::Exited(_) | ContainerState::Created | ContainerState::Other(_) => {
                    Some(because(container, "start it? (start-containers)", "要启动吗？（start-containers）"))
                }
                ContainerState::Dead | ContainerState::Removing => Some(because(container, "", "")),
            },
        };
        container::plan(self, &self.targets, fleet, now, &act)
    }
}
