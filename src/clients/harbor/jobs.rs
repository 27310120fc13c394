//! The jobservice: queues, workers and schedules. None of its lists is paged but the schedules.

use super::wire::{WirePaused, WirePool, WireQueue, WireSchedule, WireWorker};
use super::{Harbor, Listing, Question};
use crate::clients::http::{Ask, segment};
use crate::model::fault::Fault;
use crate::model::replication::{Queue, Schedule, Worker, WorkerPool};

impl Harbor {
    pub async fn list_queues(&self) -> Result<Vec<Queue>, Fault> {
        self.all::<WireQueue>(Ask::get("/api/v2.0/jobservice/queues", "/api/v2.0/jobservice/queues")).await
    }

    pub async fn list_pools(&self) -> Result<Vec<WorkerPool>, Fault> {
        self.all::<WirePool>(Ask::get("/api/v2.0/jobservice/pools", "/api/v2.0/jobservice/pools")).await
    }

    /// The workers of a pool, or of all.
    pub async fn list_workers(&self, pool: Option<&str>) -> Result<Vec<Worker>, Fault> {
        let path = format!("/api/v2.0/jobservice/pools/{}/workers", segment(pool.unwrap_or("all")));
        self.all::<WireWorker>(Ask::get("/api/v2.0/jobservice/pools/{pool}/workers", path)).await
    }

    pub async fn list_schedules(&self) -> Result<Listing<Schedule>, Fault> {
        self.whole::<WireSchedule, _>(Question::new("/api/v2.0/schedules", "/api/v2.0/schedules"), |schedule| schedule.id).await
    }

    /// Whether everything that runs by a clock is paused.
    pub async fn fetch_schedules_paused(&self) -> Result<bool, Fault> {
        self.one::<WirePaused>(Ask::get("/api/v2.0/schedules/{job_type}/paused", "/api/v2.0/schedules/all/paused")).await
    }
}
