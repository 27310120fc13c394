//! Removes containers; running ones only when told to.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::families::container::{self, Act, Waves, because, is_active};
use super::operation::{Example, Needs, Operation};
use super::targets::Targets;
use crate::model::call::container::ContainerVerb;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::host::ContainerState;
use crate::model::plan::Plan;
use crate::model::text::Text;

/// Which containers, and what goes with them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct RemoveContainers {
    #[command(flatten)]
    #[serde(flatten)]
    pub targets: Targets,
    /// Kill and remove running containers too
    #[arg(long)]
    #[serde(default)]
    pub force: bool,
    /// Remove their anonymous volumes too
    #[arg(long)]
    #[serde(default)]
    pub volumes: bool,
}

impl Operation for RemoveContainers {
    const NAME: &'static str = "remove-containers";
    const ROWS: Option<&'static str> = Some("containers");
    const HELP: Text = Text::new("Remove containers", "删除容器");
    const DETAILS: &'static str = "Running containers are left out unless --force says to kill and remove them. Named volumes stay; --volumes removes the anonymous ones. A removal cannot be undone.";
    const EXAMPLES: &'static [Example] = &[
        Example { line: "remove-containers yf-web-01/cache-1", does: "one stopped container" },
        Example { line: "remove-containers --service web --force --volumes", does: "all containers of a service, with their anonymous volumes" },
    ];

    fn needs(&self) -> Needs {
        Needs::hosts(self.targets.hosts_named())
    }

    fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
        let act = Act {
            verb: ContainerVerb::Remove { force: self.force, volumes: self.volumes },
            waves: Waves::One,
            word: Text::new("remove", "删除"),
            skip: &|container| {
                if container.state == ContainerState::Removing {
                    Some(because(container, "", ""))
                } else if is_active(container) && !self.force {
                    Some(because(container, "--force removes it too", "加 --force 可一并删除"))
                } else {
                    None
                }
            },
        };
        container::plan(self, &self.targets, fleet, now, &act)
    }
}
