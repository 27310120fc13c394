//! Endpoints, policies, executions, tasks and the jobservice, as told.

use std::sync::Arc;

use serde::Deserialize;

use super::{FromWire, When, Word, at, count, small, some, word, words};
use crate::model::registry::{AdapterKind, Claim, EndpointPowers, RegistryEndpoint};
use crate::model::replication::{
    Decoration, Direction, Execution, ExecutionStatus, Filter, FilterKind, Operation, Policy, Queue, ReplicationTask, Schedule, TaskStatus,
    Trigger, TriggerKind, Worker, WorkerPool,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireEndpoint {
    id: Option<i64>,
    name: Option<Word>,
    url: Option<Word>,
    #[serde(rename = "type")]
    kind: Option<Word>,
    insecure: Option<bool>,
    ca_certificate: Option<Word>,
    description: Option<Word>,
    status: Option<Word>,
    credential: Option<WireCredential>,
    creation_time: Option<When>,
    update_time: Option<When>,
}

/// The secret is `*****` on the wire and not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireCredential {
    access_key: Option<Word>,
}

impl FromWire for WireEndpoint {
    type Noun = RegistryEndpoint;

    fn noun(self) -> RegistryEndpoint {
        RegistryEndpoint {
            id: self.id.unwrap_or_default(),
            name: word(self.name),
            kind: AdapterKind::parse(&word(self.kind)),
            url: word(self.url),
            insecure: self.insecure.unwrap_or_default(),
            own_ca: some(self.ca_certificate).is_some(),
            description: some(self.description),
            account: self.credential.and_then(|credential| some(credential.access_key)),
            claim: Claim::parse(&word(self.status)),
            created: at(self.creation_time),
            updated: at(self.update_time),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WirePowers {
    #[serde(rename = "type")]
    kind: Option<Word>,
    supported_resource_filters: Option<Vec<WirePowerFilter>>,
    supported_triggers: Option<Vec<Word>>,
    supported_copy_by_chunk: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WirePowerFilter {
    #[serde(rename = "type")]
    kind: Option<Word>,
}

impl FromWire for WirePowers {
    type Noun = EndpointPowers;

    fn noun(self) -> EndpointPowers {
        EndpointPowers {
            kind: AdapterKind::parse(&word(self.kind)),
            filters: self.supported_resource_filters.unwrap_or_default().into_iter().map(|filter| word(filter.kind)).collect(),
            triggers: words(self.supported_triggers),
            copy_by_chunk: self.supported_copy_by_chunk.unwrap_or_default(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WirePolicy {
    id: Option<i64>,
    name: Option<Word>,
    description: Option<Word>,
    src_registry: Option<WireEndpoint>,
    dest_registry: Option<WireEndpoint>,
    dest_namespace: Option<Word>,
    dest_namespace_replace_count: Option<i64>,
    trigger: Option<WireTrigger>,
    filters: Option<Vec<WireFilter>>,
    deletion: Option<bool>,
    replicate_deletion: Option<bool>,
    #[serde(rename = "override")]
    overrides: Option<bool>,
    enabled: Option<bool>,
    speed: Option<i64>,
    copy_by_chunk: Option<bool>,
    single_active_replication: Option<bool>,
    creation_time: Option<When>,
    update_time: Option<When>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireTrigger {
    #[serde(rename = "type")]
    kind: Option<Word>,
    trigger_settings: Option<WireTriggerSettings>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireTriggerSettings {
    cron: Option<Word>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireFilter {
    #[serde(rename = "type")]
    kind: Option<Word>,
    value: Option<WireValue>,
    decoration: Option<Word>,
}

/// A pattern, or the names of labels; a value of another shape is kept as its JSON.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WireValue {
    One(Word),
    Many(Vec<Word>),
    Odd(serde_json::Value),
}

impl WireFilter {
    fn noun(self) -> Filter {
        let values = match self.value {
            None => Vec::new(),
            Some(WireValue::One(pattern)) => some(Some(pattern)).into_iter().collect(),
            Some(WireValue::Many(labels)) => words(Some(labels)),
            Some(WireValue::Odd(json)) => vec![json.to_string().into()],
        };
        let decoration = if &*word(self.decoration) == "excludes" { Decoration::Excludes } else { Decoration::Matches };
        Filter { kind: FilterKind::parse(&word(self.kind)), decoration, values }
    }
}

impl FromWire for WirePolicy {
    type Noun = Policy;

    fn noun(self) -> Policy {
        let real = |side: Option<WireEndpoint>| side.map(FromWire::noun).filter(|endpoint| endpoint.id != 0).map(Arc::new);
        let (source, target) = (real(self.src_registry), real(self.dest_registry));
        let (direction, peer) = match (source, target) {
            (Some(source), None) => (Direction::Pull, Some(source)),
            (_, target) => (Direction::Push, target),
        };
        let trigger = self.trigger.unwrap_or_default();
        Policy {
            id: self.id.unwrap_or_default(),
            name: word(self.name),
            description: some(self.description),
            direction,
            peer,
            namespace: some(self.dest_namespace),
            replace_count: self.dest_namespace_replace_count.and_then(|n| i8::try_from(n).ok()),
            trigger: Trigger {
                kind: TriggerKind::parse(&word(trigger.kind)),
                cron: trigger.trigger_settings.and_then(|settings| some(settings.cron)),
            },
            filters: self.filters.unwrap_or_default().into_iter().map(WireFilter::noun).collect(),
            deletes: self.deletion.unwrap_or_default() || self.replicate_deletion.unwrap_or_default(),
            overrides: self.overrides.unwrap_or_default(),
            enabled: self.enabled.unwrap_or_default(),
            speed_kbps: self.speed.and_then(|speed| u32::try_from(speed).ok()).filter(|speed| *speed > 0),
            copy_by_chunk: self.copy_by_chunk,
            single_active: self.single_active_replication,
            created: at(self.creation_time),
            updated: at(self.update_time),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireReplication {
    id: Option<i64>,
    policy_id: Option<i64>,
    status: Option<Word>,
    status_text: Option<Word>,
    trigger: Option<Word>,
    start_time: Option<When>,
    end_time: Option<When>,
    total: Option<i64>,
    succeed: Option<i64>,
    failed: Option<i64>,
    in_progress: Option<i64>,
    stopped: Option<i64>,
}

impl FromWire for WireReplication {
    type Noun = Execution;

    fn noun(self) -> Execution {
        Execution {
            id: self.id.unwrap_or_default(),
            policy_id: self.policy_id.unwrap_or_default(),
            status: ExecutionStatus::parse(&word(self.status)),
            status_text: word(self.status_text),
            trigger: TriggerKind::parse(&word(self.trigger)),
            started: at(self.start_time),
            ended: at(self.end_time),
            total: small(self.total),
            succeed: small(self.succeed),
            failed: small(self.failed),
            in_progress: small(self.in_progress),
            stopped: small(self.stopped),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireReplicationTask {
    id: Option<i64>,
    execution_id: Option<i64>,
    status: Option<Word>,
    job_id: Option<Word>,
    operation: Option<Word>,
    resource_type: Option<Word>,
    src_resource: Option<Word>,
    dst_resource: Option<Word>,
    start_time: Option<When>,
    end_time: Option<When>,
}

impl FromWire for WireReplicationTask {
    type Noun = ReplicationTask;

    fn noun(self) -> ReplicationTask {
        ReplicationTask {
            id: self.id.unwrap_or_default(),
            execution_id: self.execution_id.unwrap_or_default(),
            status: TaskStatus::parse(&word(self.status)),
            job_id: word(self.job_id),
            operation: Operation::parse(&word(self.operation)),
            resource_type: word(self.resource_type),
            source: word(self.src_resource),
            target: word(self.dst_resource),
            started: at(self.start_time),
            ended: at(self.end_time),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireQueue {
    job_type: Option<Word>,
    count: Option<i64>,
    latency: Option<i64>,
    paused: Option<bool>,
}

impl FromWire for WireQueue {
    type Noun = Queue;

    fn noun(self) -> Queue {
        Queue {
            job_type: word(self.job_type),
            count: count(self.count),
            latency_s: count(self.latency),
            paused: self.paused.unwrap_or_default(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WirePool {
    worker_pool_id: Option<Word>,
    pid: Option<i64>,
    host: Option<Word>,
    start_at: Option<When>,
    heartbeat_at: Option<When>,
    concurrency: Option<i64>,
}

impl FromWire for WirePool {
    type Noun = WorkerPool;

    fn noun(self) -> WorkerPool {
        WorkerPool {
            id: word(self.worker_pool_id),
            pid: self.pid,
            host: some(self.host),
            started: at(self.start_at),
            heartbeat: at(self.heartbeat_at),
            concurrency: small(self.concurrency),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireWorker {
    id: Option<Word>,
    pool_id: Option<Word>,
    job_name: Option<Word>,
    job_id: Option<Word>,
    start_at: Option<When>,
    check_in: Option<Word>,
}

impl FromWire for WireWorker {
    type Noun = Worker;

    fn noun(self) -> Worker {
        Worker {
            id: word(self.id),
            pool_id: word(self.pool_id),
            job_name: some(self.job_name),
            job_id: some(self.job_id),
            started: at(self.start_at),
            check_in: some(self.check_in),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct WireSchedule {
    id: Option<i64>,
    vendor_type: Option<Word>,
    vendor_id: Option<i64>,
    cron: Option<Word>,
    update_time: Option<When>,
}

impl FromWire for WireSchedule {
    type Noun = Schedule;

    fn noun(self) -> Schedule {
        Schedule {
            id: self.id.unwrap_or_default(),
            vendor: word(self.vendor_type),
            vendor_id: self.vendor_id.filter(|id| *id > 0),
            cron: word(self.cron),
            updated: at(self.update_time),
        }
    }
}
