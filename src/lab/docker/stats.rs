//! `/containers/{id}/stats`: counters as both generations of cgroups count them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use crate::lab::answer;
use crate::lab::server::Body;
use crate::lab::world::Engine;

use super::Twin;
use super::curves::Used;
use super::query::{Query, Refusal};
use super::sim_container::{Id, MILLI, Nanos, SimContainer, rfc3339};

/// An engine measures once a second.
const EVERY: Duration = Duration::from_secs(1);

/// What one measurement leaves for the next.
#[derive(Clone, Debug, Default)]
struct Measured {
    read: Nanos,
    cpu: Value,
}

/// The answer to a stats request: a document, or one a second.
#[derive(Debug)]
pub(super) enum Stats {
    One(Value),
    Stream(Body),
}

impl Twin {
    pub(super) async fn stats(self: &Arc<Self>, what: &str, query: &Query) -> Result<Stats, Refusal> {
        let (id, running) = self.read(|state, _| {
            let container = &state.containers[state.find(what)?];
            Ok((container.id, container.phase.is_up()))
        })?;
        if query.is_not_off("stream") {
            return Ok(Stats::Stream(self.stats_stream(id)));
        }
        if !running || query.flag("one-shot") {
            return Ok(Stats::One(self.measure(&id, &Measured::default()).map_or(Value::Null, |(line, _)| line)));
        }
        // Two measurements make a rate: the engine takes two rounds for it.
        tokio::time::sleep(EVERY).await;
        let first = self.measure(&id, &Measured::default()).map(|(_, measured)| measured).unwrap_or_default();
        tokio::time::sleep(EVERY).await;
        Ok(Stats::One(self.measure(&id, &first).map_or(Value::Null, |(line, _)| line)))
    }

    fn stats_stream(self: &Arc<Self>, id: Id) -> Body {
        let twin = Arc::clone(self);
        let lines = stream::unfold((Measured::default(), true), move |(before, first)| {
            let twin = Arc::clone(&twin);
            async move {
                if !first {
                    tokio::time::sleep(EVERY).await;
                }
                let (line, measured) = twin.measure(&id, &before)?;
                Some((Ok(Bytes::from(format!("{line}\n"))), (measured, false)))
            }
        });
        answer::streamed(lines)
    }

    /// One measurement; `None` where the container is gone.
    fn measure(&self, id: &Id, before: &Measured) -> Option<(Value, Measured)> {
        self.read(|state, now| {
            let container = state.containers.iter().find(|container| container.id == *id)?;
            let mut line = json!({
                "id": container.hex(), "name": format!("/{}", container.name), "num_procs": 0, "storage_stats": {},
                "preread": rfc3339(before.read),
                "precpu_stats": if before.read == 0 { no_cpu() } else { before.cpu.clone() },
            });
            if self.is(Engine::Newer) {
                line["os_type"] = json!("linux");
            }
            if !container.phase.is_up() {
                line["read"] = json!(rfc3339(0));
                line["cpu_stats"] = no_cpu();
                line["pids_stats"] = json!({});
                line["memory_stats"] = json!({});
                line["blkio_stats"] = block(&Value::Null);
                return Some((line, Measured::default()));
            }
            let used = Used::at(container, now, self.machine.cores);
            let cpu = self.cpu(container, &used, now);
            line["read"] = json!(rfc3339(now));
            line["cpu_stats"] = cpu.clone();
            line["memory_stats"] = self.memory(container, &used);
            line["blkio_stats"] = block(&json!([]));
            line["pids_stats"] = json!({ "current": 1 + container.seed % 40 });
            if container.spec.network == "bridge" {
                line["networks"] = json!({ "eth0": {
                    "rx_bytes": used.received, "rx_packets": used.received / 820, "rx_errors": 0, "rx_dropped": 0,
                    "tx_bytes": used.sent, "tx_packets": used.sent / 1_140, "tx_errors": 0, "tx_dropped": 0,
                } });
            }
            Some((line, Measured { read: now, cpu }))
        })
    }

    fn cpu(&self, container: &SimContainer, used: &Used, now: Nanos) -> Value {
        let cores = u64::from(self.machine.cores.max(1));
        // The kernel's own count is in ticks of 10 ms.
        let system = cores * (now - self.machine.booted).unsigned_abs() / 10_000_000 * 10_000_000;
        let ticks = |share: u64| used.cpu / 100 * share / 10_000_000 * 10_000_000;
        let mut usage = json!({ "total_usage": used.cpu, "usage_in_kernelmode": ticks(22), "usage_in_usermode": ticks(78) });
        if self.machine.cgroup == 1 {
            let each = used.cpu / cores;
            let mut all = vec![each; usize::try_from(cores).unwrap_or(1)];
            all[0] += used.cpu - each * cores;
            usage["percpu_usage"] = json!(all);
        }
        let periods =
            if container.spec.nano_cpus == 0 { 0 } else { (now - container.started).unsigned_abs() / (100 * MILLI).unsigned_abs() };
        json!({
            "cpu_usage": usage, "system_cpu_usage": system, "online_cpus": cores,
            "throttling_data": { "periods": periods, "throttled_periods": periods / 900, "throttled_time": periods / 900 * 21_000_000 },
        })
    }

    fn memory(&self, container: &SimContainer, used: &Used) -> Value {
        let limit = if container.spec.memory == 0 { self.machine.memory } else { container.spec.memory };
        let usage = (used.memory + used.cache).min(limit);
        let cache = usage - used.memory.min(usage);
        if self.machine.cgroup == 2 {
            return json!({
                "usage": usage, "limit": limit,
                "stats": {
                    "active_anon": used.memory / 10, "active_file": cache / 4, "anon": used.memory, "anon_thp": 0, "file": cache,
                    "file_dirty": 0, "file_mapped": cache / 3, "file_writeback": 0, "inactive_anon": used.memory / 10 * 9,
                    "inactive_file": cache - cache / 4, "kernel_stack": 65_536, "pgactivate": 0, "pgdeactivate": 0,
                    "pgfault": used.memory / 4_096, "pglazyfree": 0, "pglazyfreed": 0, "pgmajfault": 0, "pgrefill": 0, "pgscan": 0,
                    "pgsteal": 0, "shmem": 0, "slab": 262_144, "slab_reclaimable": 131_072, "slab_unreclaimable": 131_072, "sock": 0,
                    "thp_collapse_alloc": 0, "thp_fault_alloc": 0, "unevictable": 0, "workingset_activate": 0,
                    "workingset_nodereclaim": 0, "workingset_refault": 0,
                },
            });
        }
        let mut stats = serde_json::Map::new();
        for (name, value) in [
            ("active_anon", used.memory / 10),
            ("active_file", cache / 4),
            ("cache", cache),
            ("dirty", 0),
            ("inactive_anon", used.memory / 10 * 9),
            ("inactive_file", cache - cache / 4),
            ("mapped_file", cache / 3),
            ("pgfault", used.memory / 4_096),
            ("pgmajfault", 0),
            ("pgpgin", usage / 4_096),
            ("pgpgout", usage / 9_000),
            ("rss", used.memory),
            ("rss_huge", 0),
            ("unevictable", 0),
            ("writeback", 0),
        ] {
            stats.insert(name.to_owned(), json!(value));
            stats.insert(format!("total_{name}"), json!(value));
        }
        stats.insert("hierarchical_memory_limit".to_owned(), json!(limit));
        stats.insert("hierarchical_memsw_limit".to_owned(), json!(limit * 2));
        json!({ "usage": usage, "max_usage": usage + usage / 12, "limit": limit, "stats": stats })
    }
}

/// What stands where nothing has been measured.
fn no_cpu() -> Value {
    json!({
        "cpu_usage": { "total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0 },
        "throttling_data": { "periods": 0, "throttled_periods": 0, "throttled_time": 0 },
    })
}

fn block(each: &Value) -> Value {
    json!({
        "io_service_bytes_recursive": each, "io_serviced_recursive": each, "io_queue_recursive": each,
        "io_service_time_recursive": each, "io_wait_time_recursive": each, "io_merged_recursive": each,
        "io_time_recursive": each, "sectors_recursive": each,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::docker::tests::small_twin;

    #[test]
    fn counters_only_grow_and_rates_stay_near_their_mean() {
        let (twin, clock) = small_twin();
        let id = twin.read(|state, _| state.containers.iter().find(|container| container.phase.is_up()).expect("one runs").id);
        let total = |line: &Value| line["cpu_stats"]["cpu_usage"]["total_usage"].as_u64().expect("a count");
        let (mut last, _) = twin.measure(&id, &Measured::default()).expect("running");
        for _ in 0..600 {
            clock.advance(1_000);
            let (line, _) = twin.measure(&id, &Measured::default()).expect("running");
            let rate = (total(&line) - total(&last)) / 1_000_000;
            assert!((20..1_500).contains(&rate), "{rate} thousandths of a core for a service of 400");
            let memory = line["memory_stats"]["usage"].as_u64().expect("bytes");
            assert!(memory < 1 << 30 && memory > 50 << 20, "{memory}");
            last = line;
        }
    }
}
