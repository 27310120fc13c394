//! One measurement of one container, taken at once: the engine's own two-second wait for a second one is not needed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::engine::Engine;
use crate::model::clock::Stamp;
use crate::model::fault::{Fault, FaultKind};
use crate::model::host::ContainerId;
use crate::model::text::Text;

/// Counters as the engine has them. Rates come of two of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawStats {
    /// By the engine's clock.
    pub at: Stamp,
    /// CPU time of the container since its start, nanoseconds.
    pub cpu_total_ns: u64,
    /// CPU time of the whole machine, all cores, nanoseconds; `None` where the engine does not tell (Windows).
    pub system_ns: Option<u64>,
    pub online_cpus: u32,
    /// Bytes without the page cache, as `docker stats` counts.
    pub memory: u64,
    /// Bytes.
    pub memory_limit: u64,
    /// Bytes since the start over all its networks; `None` where it has none of its own (host network).
    pub rx_bytes: Option<u64>,
    pub tx_bytes: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire {
    read: Option<String>,
    cpu_stats: Option<Cpu>,
    memory_stats: Option<Memory>,
    networks: Option<BTreeMap<String, Network>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cpu {
    #[serde(rename = "cpu_usage")]
    usage: Option<Usage>,
    #[serde(rename = "system_cpu_usage")]
    system: Option<u64>,
    online_cpus: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    total_usage: Option<u64>,
    percpu_usage: Option<Vec<u64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Memory {
    usage: Option<u64>,
    limit: Option<u64>,
    stats: Option<BTreeMap<String, serde_json::Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Network {
    rx_bytes: Option<u64>,
    tx_bytes: Option<u64>,
}

impl Engine {
    pub(super) async fn stats(self: &Arc<Self>, id: &ContainerId) -> Result<RawStats, Fault> {
        let question = self.question("/containers/{id}/stats", format!("/containers/{id}/stats")).query("?stream=false&one-shot=true");
        let wire: Wire = self.json(&self.ask(&question).await?)?;
        read(wire).ok_or_else(|| {
            self.place().fault(
                FaultKind::Conflict,
                Text::made(format!("{} is not running: it has no figures", id.short()), format!("{} 没有运行,没有指标", id.short())),
                Text::new("nothing to do: figures come when it runs", "无需处理:运行后即有指标"),
            )
        })
    }
}

/// `None` for a container that does not run: the engine then answers with zeros and the year 1.
fn read(wire: Wire) -> Option<RawStats> {
    let at = Stamp::parse_rfc3339(&wire.read?)?;
    let cpu = wire.cpu_stats?;
    let usage = cpu.usage.unwrap_or_default();
    let memory = wire.memory_stats.unwrap_or_default();
    let used = memory.usage?;
    // docker/cli calculateMemUsageUnixNoCache: cgroup v1 has total_inactive_file, v2 inactive_file.
    let stats = memory.stats.unwrap_or_default();
    let inactive = ["total_inactive_file", "inactive_file"].iter().find_map(|key| stats.get(*key).and_then(serde_json::Value::as_u64));
    let percpu = usage.percpu_usage.unwrap_or_default().len();
    let online_cpus = cpu.online_cpus.filter(|n| *n > 0).or_else(|| u32::try_from(percpu).ok().filter(|n| *n > 0)).unwrap_or(1);
    let sum = |field: fn(&Network) -> Option<u64>| {
        let networks = wire.networks.as_ref().filter(|n| !n.is_empty())?;
        Some(networks.values().filter_map(field).fold(0u64, u64::saturating_add))
    };
    Some(RawStats {
        at,
        cpu_total_ns: usage.total_usage?,
        system_ns: cpu.system,
        online_cpus,
        memory: inactive.filter(|cache| *cache < used).map_or(used, |cache| used - cache),
        memory_limit: memory.limit.unwrap_or(0),
        rx_bytes: sum(|n| n.rx_bytes),
        tx_bytes: sum(|n| n.tx_bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Option<RawStats> {
        read(serde_json::from_str(json).expect("json"))
    }

    #[test]
    fn memory_is_counted_as_docker_counts_it() {
        let with = |stats: &str| {
            let json = format!(
                r#"{{"read":"2026-11-23T03:32:21Z","cpu_stats":{{"cpu_usage":{{"total_usage":5}}}},"memory_stats":{{"usage":1000,"limit":9,"stats":{stats}}}}}"#
            );
            parse(&json).expect("stats").memory
        };
        assert_eq!(with(r#"{"inactive_file":100}"#), 900);
        assert_eq!(with(r#"{"inactive_file":100,"total_inactive_file":300}"#), 700);
        assert_eq!(with(r#"{"inactive_file":2000}"#), 1000, "more cache than use is no reason to go below zero");
        assert_eq!(with("null"), 1000);
    }

    #[test]
    fn a_stopped_container_has_no_figures_and_the_host_network_no_counters() {
        assert_eq!(parse(r#"{"read":"0001-01-01T00:00:00Z","cpu_stats":{"cpu_usage":{"total_usage":0}},"memory_stats":{}}"#), None);
        let host = parse(
            r#"{"read":"2026-11-23T03:32:21Z","cpu_stats":{"cpu_usage":{"total_usage":5,"percpu_usage":[1,2]}},"memory_stats":{"usage":1}}"#,
        );
        let host = host.expect("stats");
        assert_eq!((host.rx_bytes, host.tx_bytes, host.online_cpus), (None, None, 2));
        let net = r#"{"read":"2026-11-23T03:32:21Z","cpu_stats":{"cpu_usage":{"total_usage":5}},"memory_stats":{"usage":1},
            "networks":{"a":{"rx_bytes":1,"tx_bytes":2},"b":{"rx_bytes":10,"tx_bytes":null}}}"#;
        let net = parse(net).expect("stats");
        assert_eq!((net.rx_bytes, net.tx_bytes), (Some(11), Some(2)));
    }
}
