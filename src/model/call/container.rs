//! The family `container`: what one container on one Docker host is told to do.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Family, Reversibility, Target};
use crate::model::endpoint::EndpointId;
use crate::model::host::ContainerId;
use crate::model::text::{Text, clean};

/// Docker's own wait before it kills (seconds), where neither the call nor the container says otherwise.
const STOP_S: u32 = 10;

/// What to do with one container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerVerb {
    Start,
    /// Seconds to wait before it is killed; `None` is the container's own.
    Stop {
        timeout_s: Option<u32>,
    },
    /// `SIGKILL`, `SIGHUP`, ..
    Kill {
        signal: Arc<str>,
    },
    Restart {
        timeout_s: Option<u32>,
    },
    Remove {
        force: bool,
        volumes: bool,
    },
}

/// One act on one container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContainerCall {
    pub host: Arc<str>,
    pub id: ContainerId,
    pub name: Arc<str>,
    pub verb: ContainerVerb,
}

/// What a container was like, in its engine's own stamps: they tell whether a call took effect without trusting
/// anybody's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerObserved {
    pub state: Option<String>,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    pub restarts: Option<i64>,
}

impl ContainerCall {
    fn with(&self, verb: ContainerVerb) -> Self {
        Self { verb, ..self.clone() }
    }
}

impl Family for ContainerCall {
    const NAME: &'static str = "container";
    type Observed = ContainerObserved;

    fn targets(&self) -> Vec<Target> {
        let short = || Arc::from(self.id.short());
        vec![Target {
            endpoint: EndpointId::docker(Arc::clone(&self.host)),
            noun: "containers",
            key: format!("{}/{}", self.host, self.id).into(),
            label: format!("{}/{}", self.host, self.name),
            name: if self.name.is_empty() { short() } else { Arc::clone(&self.name) },
        }]
    }

    fn requests(&self) -> Vec<String> {
        let id = self.id.short();
        let t = |timeout_s: &Option<u32>| timeout_s.map(|t| format!("?t={t}")).unwrap_or_default();
        vec![match &self.verb {
            ContainerVerb::Start => format!("POST /containers/{id}/start"),
            ContainerVerb::Stop { timeout_s } => format!("POST /containers/{id}/stop{}", t(timeout_s)),
            ContainerVerb::Kill { signal } => format!("POST /containers/{id}/kill?signal={signal}"),
            ContainerVerb::Restart { timeout_s } => format!("POST /containers/{id}/restart{}", t(timeout_s)),
            ContainerVerb::Remove { force, volumes } => format!("DELETE /containers/{id}?force={force}&v={volumes}"),
        }]
    }

    fn reversibility(&self) -> Reversibility {
        match self.verb {
            ContainerVerb::Start | ContainerVerb::Stop { .. } | ContainerVerb::Restart { .. } => Reversibility::Reversible,
            ContainerVerb::Kill { .. } | ContainerVerb::Remove { .. } => Reversibility::Destructive,
        }
    }

    fn settles_within(&self) -> Duration {
        let wait = match &self.verb {
            ContainerVerb::Stop { timeout_s } | ContainerVerb::Restart { timeout_s } => timeout_s.unwrap_or(STOP_S),
            ContainerVerb::Start | ContainerVerb::Kill { .. } => 0,
            ContainerVerb::Remove { .. } => STOP_S,
        };
        Duration::from_secs(u64::from(wait) + 5)
    }

    fn seconds(&self) -> u32 {
        match &self.verb {
            ContainerVerb::Start | ContainerVerb::Remove { .. } => 2,
            ContainerVerb::Stop { timeout_s } => timeout_s.unwrap_or(STOP_S),
            ContainerVerb::Restart { timeout_s } => timeout_s.unwrap_or(STOP_S).saturating_add(2),
            ContainerVerb::Kill { .. } => 1,
        }
    }

    fn inverse(&self, _part: usize, before: &ContainerObserved) -> Result<(Self, Option<ContainerObserved>), Text> {
        let verb = match &self.verb {
            ContainerVerb::Start => ContainerVerb::Stop { timeout_s: None },
            ContainerVerb::Stop { .. } | ContainerVerb::Kill { .. } => ContainerVerb::Start,
            ContainerVerb::Restart { .. } => return Err(Text::new("a restart cannot be taken back", "重启无法撤销")),
            ContainerVerb::Remove { .. } => return Err(Text::new("a removal cannot be taken back", "删除无法撤销")),
        };
        if let (ContainerVerb::Start, Some(state)) = (&verb, before.state.as_deref().filter(|state| *state != "running")) {
            let state = clean(state).into_owned();
            return Err(Text::made(
                format!("it was {state} before, which a start does not bring back"),
                format!("之前为 {state}，启动无法恢复该状态"),
            ));
        }
        // The engine's own stamps tell whether anybody touched it since: one that was stopped has not been started
        // again, one that was started has not ended again.
        let untouched = match &self.verb {
            ContainerVerb::Start => ContainerObserved { finished_at: before.finished_at.clone(), ..ContainerObserved::default() },
            _ => ContainerObserved { started_at: before.started_at.clone(), ..ContainerObserved::default() },
        };
        Ok((self.with(verb), Some(untouched)))
    }

    fn is_as_left(&self, _part: usize, now: &ContainerObserved) -> Result<(), Text> {
        let wanted = match &self.verb {
            ContainerVerb::Stop { .. } | ContainerVerb::Kill { .. } => "exited",
            _ => "running",
        };
        match now.state.as_deref() {
            Some(state) if state == wanted => Ok(()),
            state => {
                let word = clean(state.unwrap_or("?")).into_owned();
                Err(Text::made(format!("not as the run left it: {word} now"), format!("现状与任务结果不符：现为 {word}")))
            }
        }
    }

    fn still_holds(wanted: &ContainerObserved, now: &ContainerObserved) -> bool {
        let same = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
        same(&wanted.state, &now.state)
            && same(&wanted.started_at, &now.started_at)
            && same(&wanted.finished_at, &now.finished_at)
            && (wanted.restarts.is_none() || wanted.restarts == now.restarts)
    }

    fn stops_targets(&self) -> bool {
        matches!(self.verb, ContainerVerb::Stop { .. } | ContainerVerb::Kill { .. })
    }
}
