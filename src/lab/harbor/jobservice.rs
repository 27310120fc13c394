//! The job service: queues, pools and workers.

use serde_json::{Value, json};

use crate::lab::exchange::{Answer, digest};
use crate::model::clock::Stamp;

use super::refusal::{Refusal, Reply};
use super::state::{put, time_of_seconds};
use super::{Ask, Harbor};

const TYPES: [&str; 13] = [
    "AUDIT_LOGS_GDPR_COMPLIANT",
    "EXECUTION_SWEEP",
    "GARBAGE_COLLECTION",
    "IMAGE_SCAN",
    "P2P_PREHEAT",
    "PURGE_AUDIT_LOG",
    "REPLICATION",
    "RETENTION",
    "SCAN_DATA_EXPORT",
    "SCHEDULER",
    "SLACK",
    "SYSTEM_ARTIFACT_CLEANUP",
    "WEBHOOK",
];

impl Harbor {
    /// Pauses a queue as `PUT /jobservice/queues/{type}` does.
    pub fn pause(&mut self, kind: &str) {
        self.paused.insert(kind.to_owned());
    }

    pub(super) fn list_queues(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "jobservice-monitor", "list")?;
        let (waiting, since) = self.backlog();
        let rows = TYPES.iter().map(|kind| {
            let mut row = json!({"job_type": kind, "paused": self.paused.contains(*kind)});
            if *kind == "REPLICATION" && waiting > 0 {
                put(&mut row, "count", waiting);
                put(&mut row, "latency", since.map_or(0, |since| ask.world.since(since).div_ceil(1000)));
            }
            row
        });
        Ok(Answer::json(200, &rows.collect()))
    }

    pub(super) fn act_on_queue(&mut self, ask: &Ask<'_>) -> Reply {
        let asked = ask.request.json();
        let action = asked["action"].as_str().unwrap_or_default();
        if !matches!(action, "stop" | "pause" | "resume") {
            return Err(Refusal::unprocessable("validation failure list:\naction in body should be one of [stop pause resume]"));
        }
        self.require_system(ask, "jobservice-monitor", "stop")?;
        let wanted = ask.part(0);
        let kinds: Vec<&str> = TYPES.iter().copied().filter(|kind| wanted == "all" || *kind == wanted).collect();
        if kinds.is_empty() {
            return Err(Refusal::bad_request(format!("invalid job type {wanted}")));
        }
        for kind in kinds {
            match action {
                "pause" => {
                    self.paused.insert(kind.to_owned());
                }
                "resume" => {
                    self.paused.remove(kind);
                    self.requeue(ask.world);
                }
                _ => self.stop_queued(ask.world),
            }
        }
        Ok(Answer::empty(200))
    }

    pub(super) fn list_pools(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "jobservice-monitor", "list")?;
        let beat = Stamp(ask.now.0.div_euclid(10_000) * 10_000);
        Ok(Answer::json(
            200,
            &json!([{"worker_pool_id": self.pool(), "pid": 4242, "concurrency": self.knobs.workers,
                "start_at": time_of_seconds(Some(self.started)), "heartbeat_at": time_of_seconds(Some(beat))}]),
        ))
    }

    pub(super) fn list_workers(&mut self, ask: &Ask<'_>) -> Reply {
        self.require_system(ask, "jobservice-monitor", "list")?;
        let pool = self.pool();
        if ask.part(0) != "all" && ask.part(0) != pool {
            return Ok(Answer::json(200, &json!([])));
        }
        let mut workers: Vec<String> =
            (0..self.knobs.workers).map(|at| digest(format!("{pool} {at}").as_bytes())[7..31].to_owned()).collect();
        workers.sort();
        let busy = self.busy();
        let rows: Vec<Value> = workers
            .into_iter()
            .enumerate()
            .map(|(at, id)| {
                let mut row = json!({"id": id, "pool_id": pool});
                if let Some(task) = busy.get(at) {
                    row["job_name"] = json!("REPLICATION");
                    row["job_id"] = json!(task.job);
                    row["start_at"] = time_of_seconds(task.start);
                }
                row
            })
            .collect();
        Ok(Answer::json(200, &Value::Array(rows)))
    }

    fn pool(&self) -> String {
        digest(self.url.as_bytes())[7..31].to_owned()
    }
}
