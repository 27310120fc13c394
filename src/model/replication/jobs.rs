//! What carries replication inside a Harbor: job queues, workers, schedules.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::clock::Stamp;

/// A queue of Harbor's jobservice. A paused `REPLICATION` queue explains tasks that are pending for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// `REPLICATION`, `P2P_PREHEAT`, `RETENTION`, ..
    pub job_type: Arc<str>,
    /// Jobs that wait.
    pub count: u64,
    /// Seconds that the oldest has waited.
    pub latency_s: u64,
    pub paused: bool,
}

/// A group of workers, one a jobservice process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerPool {
    pub id: Arc<str>,
    pub pid: Option<i64>,
    pub host: Option<Arc<str>>,
    pub started: Option<Stamp>,
    pub heartbeat: Option<Stamp>,
    /// Workers in it.
    pub concurrency: u32,
}

/// A worker; idle when it has no job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    pub id: Arc<str>,
    pub pool_id: Arc<str>,
    pub job_name: Option<Arc<str>>,
    pub job_id: Option<Arc<str>>,
    pub started: Option<Stamp>,
    pub check_in: Option<Arc<str>>,
}

/// Something a Harbor runs by a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub id: i64,
    /// `REPLICATION`, `EXECUTION_SWEEP`, ..
    pub vendor: Arc<str>,
    /// Of a policy, where it is one's.
    pub vendor_id: Option<i64>,
    pub cron: Arc<str>,
    pub updated: Option<Stamp>,
}
