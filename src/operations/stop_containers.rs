//! Stops running containers.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::completion::Completes;
use super::families::container::{self, Act, Waves, because, is_active};
use super::operation::{Example, Needs, Operation};
use super::targets::Targets;
use crate::model::call::container::ContainerVerb;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::plan::Plan;
use crate::model::text::Text;

/// Which containers, and how long they may take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct StopContainers {
    #[command(flatten)]
    #[serde(flatten)]
    pub targets: Targets,
    /// Seconds that a container may take to stop before it is killed [default: its own setting]
    #[arg(long, value_name = "SECONDS", add = Completes::Nothing)]
    // Runs of older journals say timeout_s.
    #[serde(default, alias = "timeout_s", skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<u32>,
}

impl Operation for StopContainers {
    const NAME: &'static str = "stop-containers";
    const ROWS: Option<&'static str> = Some("containers");
    const HELP: Text = Text::new("Stop running containers", "停止运行中的容器");
    const DETAILS: &'static str = "Each container gets its own stop signal and the time that it was created with, or --stop-timeout, before it is killed. All are stopped at once. `wharf run undo ID` starts them again.";
    const EXAMPLES: &'static [Example] = &[
        Example { line: "stop-containers yf-web-01/web-1 yf-web-02/web-4", does: "two containers by name" },
        Example { line: "stop-containers --all-on yf-core-01 --stop-timeout 60", does: "everything that runs on a host, with a minute to end" },
    ];

    fn needs(&self) -> Needs {
        Needs::hosts(self.targets.hosts_named())
    }

    fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
        let act = Act {
            verb: ContainerVerb::Stop { timeout_s: self.stop_timeout },
            waves: Waves::One,
            word: Text::new("stop", "停止"),
            skip: &|container| if is_active(container) { None } else { Some(because(container, "", "")) },
        };
        container::plan(self, &self.targets, fleet, now, &act)
    }
}
