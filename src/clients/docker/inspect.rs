//! One container in full, and what is compared before and after an act.

use std::sync::Arc;

use super::engine::Engine;
use crate::model::call::container::ContainerObserved;
use crate::model::fault::Fault;
use crate::model::host::ContainerId;
use crate::model::text::clean;

/// What `inspect` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// As it came, environment and all: whoever shows it washes it and masks its secrets.
    pub json: serde_json::Value,
    pub observed: ContainerObserved,
    pub running: bool,
    pub exit_code: Option<i32>,
    /// Its output is one raw stream.
    pub tty: bool,
    /// Seconds that it asks for before it is killed.
    pub stop_timeout_s: Option<u32>,
}

impl Engine {
    pub(super) async fn inspect(self: &Arc<Self>, id: &ContainerId) -> Result<Inspected, Fault> {
        let question = self.question("/containers/{id}/json", format!("/containers/{id}/json"));
        let json: serde_json::Value = self.json(&self.ask(&question).await?)?;
        Ok(read(json))
    }
}

fn read(json: serde_json::Value) -> Inspected {
    let text = |pointer: &str| json.pointer(pointer).and_then(|v| v.as_str()).filter(|t| !t.is_empty()).map(|t| clean(t).into_owned());
    let observed = ContainerObserved {
        state: text("/State/Status"),
        started_at: text("/State/StartedAt"),
        finished_at: text("/State/FinishedAt"),
        restarts: json.pointer("/RestartCount").and_then(serde_json::Value::as_i64),
    };
    let flag = |pointer: &str| json.pointer(pointer).and_then(serde_json::Value::as_bool).unwrap_or(false);
    let running = flag("/State/Running");
    let code = json.pointer("/State/ExitCode").and_then(serde_json::Value::as_i64).and_then(|c| i32::try_from(c).ok());
    let stop = json.pointer("/Config/StopTimeout").and_then(serde_json::Value::as_u64).and_then(|s| u32::try_from(s).ok());
    Inspected { observed, running, exit_code: code.filter(|_| !running), tty: flag("/Config/Tty"), stop_timeout_s: stop, json }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_fields_are_unknown() {
        let bare = read(serde_json::json!({"State": null, "Config": {}}));
        assert_eq!((bare.observed, bare.running, bare.exit_code, bare.tty), (ContainerObserved::default(), false, None, false));
        let full = read(serde_json::json!({
            "RestartCount": 2, "Config": {"Tty": true, "StopTimeout": 30},
            "State": {"Status": "exited", "Running": false, "ExitCode": 137, "StartedAt": "2026-11-23T03:32:18.08Z", "FinishedAt": ""},
        }));
        assert_eq!((full.exit_code, full.tty, full.stop_timeout_s, full.observed.restarts), (Some(137), true, Some(30), Some(2)));
        assert_eq!((full.observed.state.as_deref(), full.observed.finished_at), (Some("exited"), None));
    }
}
