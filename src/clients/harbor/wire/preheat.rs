//! Preheat as told: JSON in strings, and the jobservice's words for states.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{FromWire, When, Word, at, small, some, word};
use crate::model::clock::Stamp;
use crate::model::preheat::{
    JobCounts, JobStatus, PreheatExecution, PreheatFilter, PreheatInstance, PreheatPolicy, PreheatProvider, PreheatTask,
};
use crate::model::replication::{Trigger, TriggerKind};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireProvider {
    id: Option<Word>,
    name: Option<Word>,
    version: Option<Word>,
}

impl FromWire for WireProvider {
    type Noun = PreheatProvider;

    fn noun(self) -> PreheatProvider {
        PreheatProvider { id: word(self.id), name: word(self.name), version: some(self.version) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireInstance {
    id: Option<i64>,
    name: Option<Word>,
    description: Option<Word>,
    vendor: Option<Word>,
    endpoint: Option<Word>,
    auth_mode: Option<Word>,
    enabled: Option<bool>,
    default: Option<bool>,
    insecure: Option<bool>,
    status: Option<Word>,
    setup_timestamp: Option<i64>,
}

impl FromWire for WireInstance {
    type Noun = PreheatInstance;

    fn noun(self) -> PreheatInstance {
        PreheatInstance {
            id: self.id.unwrap_or_default(),
            name: word(self.name),
            description: some(self.description),
            vendor: word(self.vendor),
            endpoint: word(self.endpoint),
            auth_mode: word(self.auth_mode),
            enabled: self.enabled.unwrap_or_default(),
            default: self.default.unwrap_or_default(),
            insecure: self.insecure.unwrap_or_default(),
            claim: word(self.status),
            set_up: self.setup_timestamp.filter(|at| *at > 0).map(|at| Stamp(at.saturating_mul(1000))),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WirePreheatPolicy {
    id: Option<i64>,
    name: Option<Word>,
    description: Option<Word>,
    project_id: Option<i64>,
    provider_id: Option<i64>,
    provider_name: Option<Word>,
    filters: Option<String>,
    trigger: Option<String>,
    enabled: Option<bool>,
    extra_attrs: Option<String>,
    creation_time: Option<When>,
    update_time: Option<When>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InFilter {
    #[serde(rename = "type")]
    kind: Option<Word>,
    value: serde_json::Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InTrigger {
    #[serde(rename = "type")]
    kind: Option<Word>,
    trigger_setting: Option<InTriggerSetting>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InTriggerSetting {
    cron: Option<Word>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InAttributes {
    scope: Option<Word>,
    cluster_ids: Option<Vec<i64>>,
}

/// JSON in a string; a string that is none is nothing.
fn inside<T: DeserializeOwned + Default>(text: Option<String>) -> T {
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

impl FromWire for WirePreheatPolicy {
    type Noun = PreheatPolicy;

    fn noun(self) -> PreheatPolicy {
        let text = |value: serde_json::Value| match value {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let filter = |f: InFilter| PreheatFilter { kind: word(f.kind), value: crate::model::text::clean(&text(f.value)).into() };
        let trigger: InTrigger = inside(self.trigger);
        let attributes: InAttributes = inside(self.extra_attrs);
        PreheatPolicy {
            id: self.id.unwrap_or_default(),
            name: word(self.name),
            description: some(self.description),
            project_id: self.project_id.unwrap_or_default(),
            provider_id: self.provider_id.unwrap_or_default(),
            provider_name: some(self.provider_name),
            filters: inside::<Vec<InFilter>>(self.filters).into_iter().map(filter).collect(),
            trigger: Trigger {
                kind: TriggerKind::parse(&word(trigger.kind)),
                cron: trigger.trigger_setting.and_then(|setting| some(setting.cron)),
            },
            enabled: self.enabled.unwrap_or_default(),
            scope: some(attributes.scope),
            clusters: attributes.cluster_ids.unwrap_or_default(),
            created: at(self.creation_time),
            updated: at(self.update_time),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireExecution {
    id: Option<i64>,
    vendor_id: Option<i64>,
    status: Option<Word>,
    status_message: Option<Word>,
    trigger: Option<Word>,
    metrics: Option<WireMetrics>,
    start_time: Option<When>,
    end_time: Option<When>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_field_names, reason = "the names on Harbor's wire")]
struct WireMetrics {
    task_count: Option<i64>,
    success_task_count: Option<i64>,
    error_task_count: Option<i64>,
    pending_task_count: Option<i64>,
    running_task_count: Option<i64>,
    scheduled_task_count: Option<i64>,
    stopped_task_count: Option<i64>,
}

impl FromWire for WireExecution {
    type Noun = PreheatExecution;

    fn noun(self) -> PreheatExecution {
        let m = self.metrics.unwrap_or_default();
        PreheatExecution {
            id: self.id.unwrap_or_default(),
            policy_id: self.vendor_id.unwrap_or_default(),
            status: JobStatus::parse(&word(self.status)),
            message: some(self.status_message),
            trigger: word(self.trigger),
            counts: JobCounts {
                total: small(m.task_count),
                success: small(m.success_task_count),
                error: small(m.error_task_count),
                pending: small(m.pending_task_count),
                running: small(m.running_task_count),
                scheduled: small(m.scheduled_task_count),
                stopped: small(m.stopped_task_count),
            },
            started: at(self.start_time),
            ended: at(self.end_time),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WirePreheatTask {
    id: Option<i64>,
    execution_id: Option<i64>,
    status: Option<Word>,
    status_message: Option<Word>,
    run_count: Option<i64>,
    extra_attrs: Option<WireTaskAttributes>,
    start_time: Option<When>,
    end_time: Option<When>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireTaskAttributes {
    artifact: Option<Word>,
    digest: Option<Word>,
}

impl FromWire for WirePreheatTask {
    type Noun = PreheatTask;

    fn noun(self) -> PreheatTask {
        let attributes = self.extra_attrs.unwrap_or_default();
        let (artifact, digest): (Option<Arc<str>>, Option<Arc<str>>) = (some(attributes.artifact), some(attributes.digest));
        PreheatTask {
            id: self.id.unwrap_or_default(),
            execution_id: self.execution_id.unwrap_or_default(),
            status: JobStatus::parse(&word(self.status)),
            message: some(self.status_message),
            runs: small(self.run_count),
            artifact,
            digest,
            started: at(self.start_time),
            ended: at(self.end_time),
        }
    }
}
