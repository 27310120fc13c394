//! `/containers/{id}/json`: everything that an engine knows of one container.

use serde_json::{Value, json};

use crate::lab::world::Engine;

use super::events::network_id;
use super::facts::merge;
use super::list::{descriptor, mac};
use super::query::{Query, Refusal};
use super::sim_container::{Health, MILLI, Nanos, Phase, SimContainer, Spec, rfc3339};
use super::{State, Twin};

/// Probes that an engine keeps.
const PROBES: i64 = 5;

impl Twin {
    pub(super) fn inspect(&self, what: &str, query: &Query) -> Result<Value, Refusal> {
        self.read(|state, now| {
            let container = &state.containers[state.find(what)?];
            let mut whole = self.described(container, state, now);
            if query.flag("size") {
                whole["SizeRootFs"] =
                    json!(state.images.iter().find(|image| image.id == container.spec.image_id).map_or(0, |image| image.size));
                whole["SizeRw"] = json!(4096);
            }
            Ok(whole)
        })
    }

    fn described(&self, container: &SimContainer, state: &State, now: Nanos) -> Value {
        let newer = self.is(Engine::Newer);
        let spec = &container.spec;
        let (id, born) = (container.hex(), container.started != 0);
        let file = |name: &str| if born { format!("/var/lib/docker/containers/{id}/{name}") } else { String::new() };
        let mut execs =
            state.execs.iter().filter(|exec| exec.container == container.id && exec.runs).map(super::exec::Exec::hex).peekable();
        let execs = if execs.peek().is_some() { execs.collect() } else { Value::Null };
        let mut whole = json!({
            "Id": id,
            "Created": rfc3339(container.created),
            "Path": spec.command.first(),
            "Args": spec.command.get(1..).unwrap_or_default(),
            "State": self.described_state(container, now),
            "Image": spec.image_id,
            "ResolvConfPath": file("resolv.conf"),
            "HostnamePath": file("hostname"),
            "HostsPath": file("hosts"),
            "LogPath": file(&format!("{id}-json.log")),
            "Name": format!("/{}", container.name),
            "RestartCount": container.restarts,
            "Driver": if newer { "overlayfs" } else { "overlay2" },
            "Platform": "linux",
            "MountLabel": "",
            "ProcessLabel": "",
            "AppArmorProfile": "",
            "ExecIDs": execs,
            "HostConfig": self.host_config(container),
            "Mounts": [],
            "Config": self.config(container),
            "NetworkSettings": self.network_settings(container),
        });
        if newer {
            whole["ImageManifestDescriptor"] = descriptor(&spec.image_id);
            whole["Storage"] = json!({ "RootFS": { "Snapshot": { "Name": "overlayfs" } } });
        } else {
            let layer = format!("/var/lib/docker/overlay2/{}", network_id(&id));
            whole["GraphDriver"] = json!({
                "Name": "overlay2",
                "Data": {
                    "LowerDir": format!("{layer}-init/diff"), "MergedDir": format!("{layer}/merged"),
                    "UpperDir": format!("{layer}/diff"), "WorkDir": format!("{layer}/work"),
                },
            });
        }
        whole
    }

    fn described_state(&self, container: &SimContainer, now: Nanos) -> Value {
        let phase = container.phase;
        let mut described = json!({
            "Status": phase.word(),
            // An engine calls a container that waits for its restart running, too.
            "Running": phase.is_up() || phase == Phase::Restarting,
            "Paused": phase == Phase::Paused,
            "Restarting": phase == Phase::Restarting,
            "OOMKilled": container.oom,
            "Dead": false,
            "Pid": container.pid,
            "ExitCode": container.code,
            "Error": container.extra.as_ref().map_or("", |extra| extra.error.as_str()),
            "StartedAt": rfc3339(container.started),
            "FinishedAt": rfc3339(container.finished),
        });
        if let (Some(health), Some(check)) = (container.health, &container.spec.check) {
            let last = if self.probes { container.probed } else { now };
            let fails = health == Health::Unhealthy && phase == Phase::Running;
            let log =
                (0..PROBES).rev().map(|back| last - back * (check.interval + 40 * MILLI)).filter(|start| *start > container.started).map(
                    |start| {
                        json!({
                            "Start": rfc3339(start), "End": rfc3339(start + 38 * MILLI),
                            "ExitCode": i32::from(fails), "Output": if fails { "connect: connection refused\n" } else { "" },
                        })
                    },
                );
            described["Health"] = json!({ "Status": health.word(), "FailingStreak": container.streak, "Log": log.collect::<Vec<_>>() });
        }
        described
    }

    fn host_config(&self, container: &SimContainer) -> Value {
        let spec = &container.spec;
        let newer = self.is(Engine::Newer);
        let bindings: serde_json::Map<String, Value> = container
            .ports()
            .map(|(inside, outside)| (format!("{inside}/tcp"), json!([{ "HostIp": "", "HostPort": outside.to_string() }])))
            .collect();
        let mut config = json!({
            "Binds": null, "ContainerIDFile": "", "LogConfig": { "Type": "json-file", "Config": {} }, "NetworkMode": spec.network,
            "PortBindings": bindings, "RestartPolicy": { "Name": spec.policy.name, "MaximumRetryCount": spec.policy.most },
            "AutoRemove": spec.auto_remove, "VolumeDriver": "", "VolumesFrom": null, "CapAdd": null, "CapDrop": null,
            "CgroupnsMode": if self.machine.cgroup == 2 { "private" } else { "host" }, "Dns": null, "DnsOptions": null, "DnsSearch": null, "ExtraHosts": null,
            "GroupAdd": null, "IpcMode": "private", "Cgroup": "", "Links": null, "OomScoreAdj": 0, "PidMode": "", "Privileged": false,
            "PublishAllPorts": false, "ReadonlyRootfs": false, "SecurityOpt": null, "UTSMode": "", "UsernsMode": "",
        });
        merge(
            &mut config,
            json!({
                "ShmSize": 67_108_864, "Runtime": "runc", "ConsoleSize": [0, 0], "Isolation": "", "CpuShares": 0, "Memory": spec.memory,
                "NanoCpus": spec.nano_cpus, "CgroupParent": "", "BlkioWeight": 0, "BlkioWeightDevice": null, "BlkioDeviceReadBps": null,
                "BlkioDeviceWriteBps": null, "BlkioDeviceReadIOps": null, "BlkioDeviceWriteIOps": null, "CpuPeriod": 0, "CpuQuota": 0,
                "CpuRealtimePeriod": 0, "CpuRealtimeRuntime": 0, "CpusetCpus": "", "CpusetMems": "", "Devices": null,
                "DeviceCgroupRules": null, "DeviceRequests": null, "MemoryReservation": 0, "MemorySwap": spec.memory.saturating_mul(2),
                "MemorySwappiness": null, "OomKillDisable": false, "PidsLimit": null, "Ulimits": null, "CpuCount": 0, "CpuPercent": 0,
                "IOMaximumIOps": 0, "IOMaximumBandwidth": 0,
                "MaskedPaths": ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
                "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
            }),
        );
        if !newer {
            config["KernelMemory"] = json!(0);
            config["KernelMemoryTCP"] = json!(0);
            if bindings_are_empty(&config) {
                config["PortBindings"] = Value::Null;
            }
        }
        config
    }

    fn config(&self, container: &SimContainer) -> Value {
        let spec = &container.spec;
        let (entrypoint, words) = split(spec);
        let mut config = json!({
            "Hostname": self.machine.shell(container).hostname, "Domainname": "", "User": spec.user, "AttachStdin": false, "AttachStdout": false,
            "AttachStderr": false, "Tty": spec.tty, "OpenStdin": spec.open_stdin, "StdinOnce": false, "Env": spec.env, "Cmd": words,
            "Image": spec.image, "Volumes": null, "WorkingDir": spec.working_dir, "Entrypoint": entrypoint, "Labels": spec.labels,
        });
        if !self.is(Engine::Newer) {
            config["OnBuild"] = Value::Null;
        }
        if let Some((port, _)) = spec.ports.first() {
            config["ExposedPorts"] = json!({ format!("{port}/tcp"): {} });
        }
        if let Some(check) = &spec.check {
            config["Healthcheck"] =
                json!({ "Test": check.test, "Interval": check.interval, "Timeout": check.timeout, "Retries": check.retries });
        }
        config
    }

    fn network_settings(&self, container: &SimContainer) -> Value {
        let up = container.phase.is_up();
        let bridged = up && container.spec.network == "bridge";
        let ports: serde_json::Map<String, Value> = container
            .ports()
            .filter(|_| up)
            .map(|(inside, outside)| {
                let places = ["0.0.0.0", "::"].map(|ip| json!({ "HostIp": ip, "HostPort": outside.to_string() }));
                (format!("{inside}/tcp"), json!(places))
            })
            .collect();
        let sandbox = if container.started == 0 { String::new() } else { network_id(&format!("{}s{}", container.hex(), container.run)) };
        let key = match (container.started, container.spec.network.as_str()) {
            (0, _) => String::new(),
            (_, "host") => "/var/run/docker/netns/default".to_owned(),
            _ => format!("/var/run/docker/netns/{}", &sandbox[..12]),
        };
        let mut settings = json!({ "SandboxID": sandbox, "SandboxKey": key, "Ports": ports, "Networks": self.networks(container) });
        if !self.is(Engine::Newer) {
            let endpoint = if bridged { settings["Networks"]["bridge"]["EndpointID"].clone() } else { json!("") };
            for (name, value) in [
                ("Bridge", json!("")),
                ("HairpinMode", json!(false)),
                ("LinkLocalIPv6Address", json!("")),
                ("LinkLocalIPv6PrefixLen", json!(0)),
                ("SecondaryIPAddresses", Value::Null),
                ("SecondaryIPv6Addresses", Value::Null),
                ("EndpointID", endpoint),
                ("Gateway", json!(if bridged { "172.17.0.1" } else { "" })),
                ("GlobalIPv6Address", json!("")),
                ("GlobalIPv6PrefixLen", json!(0)),
                ("IPAddress", if bridged { json!(container.address()) } else { json!("") }),
                ("IPPrefixLen", json!(if bridged { 16 } else { 0 })),
                ("IPv6Gateway", json!("")),
                ("MacAddress", if bridged { json!(mac(container)) } else { json!("") }),
            ] {
                settings[name] = value;
            }
        }
        settings
    }

    /// `/containers/{id}/top`, in the two layouts that people ask for.
    pub(super) fn top(&self, what: &str, query: &Query) -> Result<Value, Refusal> {
        self.read(|state, _| {
            let container = &state.containers[state.find(what)?];
            if !container.phase.is_up() {
                return Err(self.not_running(container));
            }
            let (pid, command) = (container.pid.to_string(), container.spec.command.join(" "));
            let began = rfc3339(container.started).get(11..16).unwrap_or("00:00").to_owned();
            let wide = query.text("ps_args").is_some_and(|arguments| arguments.contains('u'));
            let (titles, row) = if wide {
                let titles = vec!["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"];
                (titles, json!(["root", pid, "0.2", "0.0", "2268", "1376", "?", "Ss", began, "0:00", command]))
            } else {
                let titles = vec!["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"];
                (titles, json!(["root", pid, (container.pid - 20).to_string(), "0", began, "?", "00:00:00", command]))
            };
            Ok(json!({ "Titles": titles, "Processes": [row] }))
        })
    }
}

fn split(spec: &Spec) -> (Value, Value) {
    let (entry, words) = spec.command.split_at(spec.entrypoint.min(spec.command.len()));
    let list = |words: &[String]| if words.is_empty() { Value::Null } else { json!(words) };
    (list(entry), list(words))
}

fn bindings_are_empty(config: &Value) -> bool {
    config["PortBindings"].as_object().is_none_or(serde_json::Map::is_empty)
}
