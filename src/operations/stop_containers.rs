//! Stops running containers.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::acts::{self, Act, Waves, because, is_active};
use super::danger::Reversibility;
use super::operation::Operation;
use super::targets::Targets;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::plan::{ContainerVerb, Plan};
use crate::model::text::Text;

/// Which containers, and how long they may take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct StopContainers {
    #[command(flatten)]
    #[serde(flatten)]
    pub targets: Targets,
    /// Seconds to wait before a container is killed; else its own setting
    #[arg(long = "timeout", id = "stop_timeout", value_name = "SECONDS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u32>,
}

impl Operation for StopContainers {
    const NAME: &'static str = "stop-containers";
    const ROWS: Option<&'static str> = Some("containers");
    const HELP: Text = Text::new("Stop running containers", "停止运行中的容器");

    fn depends_on(&self) -> Option<BTreeSet<Arc<str>>> {
        self.targets.hosts_named()
    }

    fn plan(&self, fleet: &Fleet, now: Stamp) -> Result<Plan, Fault> {
        let act = Act {
            verb: ContainerVerb::Stop { timeout_s: self.timeout_s },
            effect: Reversibility::Reversible,
            seconds: self.timeout_s.unwrap_or(10),
            waves: Waves::One,
            word: Text::new("stop", "停止"),
            skip: &|container| if is_active(container) { None } else { Some(because(container, "", "")) },
        };
        acts::plan(self, &self.targets, fleet, now, &act)
    }
}
