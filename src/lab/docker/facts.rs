//! What an engine says of itself: ping, version, info, images and disk use.

use http::HeaderMap;
use http::HeaderValue;
use serde_json::{Value, json};

use crate::lab::world::Engine;

use super::events::network_id;
use super::list::descriptor;
use super::query::Refusal;
use super::sim_container::{Phase, SECOND, rfc3339};
use super::{State, Twin};

/// The words and numbers in which two engines differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edition {
    pub(super) version: &'static str,
    pub(super) api: &'static str,
    pub(super) least: &'static str,
    pub(super) server: &'static str,
    commit: &'static str,
    go: &'static str,
    built: &'static str,
    driver: &'static str,
}

const CLASSIC: Edition = Edition {
    version: "20.10.24+dfsg1",
    api: "1.41",
    least: "1.12",
    server: "Docker/20.10.24+dfsg1 (linux)",
    commit: "5d6db84",
    go: "go1.19.8",
    built: "2026-05-07T21:09:36.000000000+00:00",
    driver: "overlay2",
};

const NEWER: Edition = Edition {
    version: "29.9.0-dev",
    api: "1.56",
    least: "1.40",
    server: "Docker/29.9.0-dev (linux)",
    commit: "b985e231",
    go: "go1.26.8",
    built: "2026-11-20T08:00:00.000000000+00:00",
    driver: "overlayfs",
};

impl Twin {
    pub(super) fn edition(&self) -> Edition {
        match self.machine.engine {
            Engine::Classic => CLASSIC,
            Engine::Newer => NEWER,
        }
    }

    /// The headers of every answer that reached the engine's own code; `api` is what it claims to speak.
    pub(super) fn headers(&self, headers: &mut HeaderMap, api: &str) {
        if let Ok(api) = HeaderValue::from_str(api) {
            headers.insert("Api-Version", api);
        }
        headers.insert("Ostype", HeaderValue::from_static("linux"));
        headers.insert("Server", HeaderValue::from_static(self.edition().server));
    }

    pub(super) fn version(&self, api: &str) -> Value {
        let edition = self.edition();
        let kernel = self.machine.kernel();
        let mut details = json!({
            "ApiVersion": api, "Arch": "amd64", "BuildTime": edition.built, "Experimental": "false", "GitCommit": edition.commit,
            "GoVersion": edition.go, "KernelVersion": kernel, "MinAPIVersion": edition.least, "Os": "linux",
        });
        if self.is(Engine::Newer) {
            details["Module"] = json!("github.com/moby/moby/v2");
            details["ModuleVersion"] = json!("v2.0.0+unknown");
        }
        json!({
            "Platform": { "Name": "" },
            "Components": [
                { "Name": "Engine", "Version": edition.version, "Details": details },
                { "Name": "containerd", "Version": "1.6.20~ds1", "Details": { "GitCommit": "1.6.20~ds1-1+deb12u3" } },
                { "Name": "runc", "Version": "1.1.5+ds1", "Details": { "GitCommit": "1.1.5+ds1-1+deb12u1" } },
                { "Name": "docker-init", "Version": "0.19.0", "Details": { "GitCommit": "" } },
            ],
            "Version": edition.version, "ApiVersion": api, "MinAPIVersion": edition.least, "GitCommit": edition.commit,
            "GoVersion": edition.go, "Os": "linux", "Arch": "amd64", "KernelVersion": kernel, "BuildTime": edition.built,
        })
    }

    pub(super) fn info(&self) -> Value {
        let edition = self.edition();
        let newer = self.is(Engine::Newer);
        let v2 = self.machine.cgroup == 2;
        let (counts, images, listeners, now) = self.read(|state, now| (Counts::of(state), state.images.len(), state.listeners, now));
        let mut info = json!({
            "ID": if newer { uuid(&self.machine.name) } else { fingerprint(&self.machine.name) },
            "Containers": counts.all, "ContainersRunning": counts.running, "ContainersPaused": counts.paused,
            "ContainersStopped": counts.all - counts.running - counts.paused, "Images": images, "Driver": edition.driver,
            "DriverStatus": if newer { json!([["driver-type", "io.containerd.snapshotter.v1"]]) } else {
                json!([["Backing Filesystem", "extfs"], ["Supports d_type", "true"], ["Native Overlay Diff", "true"], ["userxattr", "false"]])
            },
            "Plugins": {
                "Volume": ["local"], "Network": ["bridge", "host", "ipvlan", "macvlan", "null", "overlay"], "Authorization": null,
                "Log": ["awslogs", "fluentd", "gcplogs", "gelf", "journald", "json-file", "local", "splunk", "syslog"],
            },
            "MemoryLimit": true, "SwapLimit": true, "CpuCfsPeriod": true, "CpuCfsQuota": true, "CPUShares": true, "CPUSet": true,
            "PidsLimit": true, "IPv4Forwarding": true, "Debug": false, "NFd": 22 + counts.running * 6, "OomKillDisable": !v2,
            "NGoroutines": 39 + counts.running * 9, "SystemTime": rfc3339(now), "LoggingDriver": "json-file",
            "CgroupDriver": if v2 { "systemd" } else { "cgroupfs" }, "CgroupVersion": self.machine.cgroup.to_string(),
        });
        merge(
            &mut info,
            json!({
                "NEventsListener": listeners, "KernelVersion": self.machine.kernel(), "OperatingSystem": self.machine.system(),
                "OSVersion": if newer { "12" } else { "11" }, "OSType": "linux", "Architecture": "x86_64",
                "IndexServerAddress": "https://index.docker.io/v1/",
                "RegistryConfig": {
                    "InsecureRegistryCIDRs": ["127.0.0.0/8"], "Mirrors": [],
                    "IndexConfigs": { "docker.io": { "Name": "docker.io", "Mirrors": [], "Secure": true, "Official": true } },
                },
                "NCPU": self.machine.cores, "MemTotal": self.machine.memory, "GenericResources": null, "DockerRootDir": "/var/lib/docker",
                "HttpProxy": "", "HttpsProxy": "", "NoProxy": "", "Name": self.machine.name, "Labels": self.machine.labels,
                "ExperimentalBuild": false, "ServerVersion": edition.version,
                "Runtimes": { "io.containerd.runc.v2": { "path": "runc" }, "runc": { "path": "runc" } }, "DefaultRuntime": "runc",
                "Swarm": { "NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": false, "Error": "", "RemoteManagers": null },
                "LiveRestoreEnabled": false, "Isolation": "", "InitBinary": "docker-init",
                "ContainerdCommit": { "ID": "1.6.20~ds1-1+deb12u3" }, "RuncCommit": { "ID": "1.1.5+ds1-1+deb12u1" }, "InitCommit": { "ID": "" },
                "SecurityOptions": [if newer { "name=seccomp,profile=builtin" } else { "name=seccomp,profile=default" }],
                "Warnings": null,
            }),
        );
        if newer {
            info["FirewallBackend"] = json!({ "Driver": "iptables", "Info": [["EnableUserlandProxy", "true"]] });
            info["CDISpecDirs"] = json!(["/etc/cdi", "/var/run/cdi"]);
            info["Containerd"] = json!({
                "Address": "/var/run/docker/containerd/containerd.sock",
                "Namespaces": { "Containers": "moby", "Plugins": "plugins.moby" },
            });
            info["Warnings"] = if v2 {
                json!([])
            } else {
                json!([
                    "WARNING: Support for cgroup v1 is deprecated and planned to be removed by no later than May 2029 (https://github.com/moby/moby/issues/51111)"
                ])
            };
        } else {
            info["KernelMemory"] = json!(!v2);
            info["KernelMemoryTCP"] = json!(!v2);
            info["BridgeNfIptables"] = json!(true);
            info["BridgeNfIp6tables"] = json!(true);
            info["Runtimes"]["io.containerd.runtime.v1.linux"] = json!({ "path": "runc" });
            info["RegistryConfig"]["AllowNondistributableArtifactsCIDRs"] = json!([]);
            info["RegistryConfig"]["AllowNondistributableArtifactsHostnames"] = json!([]);
            for commit in ["ContainerdCommit", "RuncCommit", "InitCommit"] {
                info[commit]["Expected"] = info[commit]["ID"].clone();
            }
        }
        info
    }

    pub(super) fn images(&self) -> Value {
        self.read(|state, _| self.image_rows(state, -1))
    }

    /// One image, by its name or id.
    pub(super) fn image(&self, what: &str) -> Result<Value, Refusal> {
        self.read(|state, _| {
            let missing = || {
                let tagged = if what.contains(':') { what.to_owned() } else { format!("{what}:latest") };
                Refusal::missing(match self.machine.engine {
                    Engine::Classic => format!("no such image: {what}: No such image: {tagged}"),
                    Engine::Newer => format!("No such image: {tagged}"),
                })
            };
            let image = state.find_image(what).ok_or_else(missing)?;
            let mut whole = json!({
                "Id": image.id, "RepoTags": [image.name], "RepoDigests": [], "Comment": "", "Created": rfc3339(image.created), "Author": "",
                "Architecture": "amd64", "Os": "linux", "Size": image.size, "Metadata": { "LastTagTime": rfc3339(image.created) },
                "RootFS": { "Type": "layers", "Layers": [format!("sha256:{}", network_id(&image.name))] },
            });
            let config = json!({
                "User": "", "Env": null, "Cmd": null, "Volumes": null, "WorkingDir": "", "Entrypoint": null, "OnBuild": null, "Labels": null,
                "Hostname": "", "Domainname": "", "AttachStdin": false, "AttachStdout": false, "AttachStderr": false, "Tty": false,
                "OpenStdin": false, "StdinOnce": false, "Image": "",
            });
            if self.is(Engine::Newer) {
                let name = image.name.split(':').next().unwrap_or_default();
                whole["RepoDigests"] = json!([format!("{name}@{}", image.id)]);
                whole["Config"] = json!({});
                let mut manifest = descriptor(&image.id);
                manifest.as_object_mut().map(|fields| fields.remove("platform"));
                whole["Descriptor"] = manifest;
            } else {
                let driver = json!({ "Name": "overlay2", "Data": null });
                merge(&mut whole, json!({
                    "Parent": "", "Container": "", "ContainerConfig": config, "DockerVersion": CLASSIC.version, "Config": config,
                    "VirtualSize": image.size, "GraphDriver": driver,
                }));
            }
            Ok(whole)
        })
    }

    pub(super) fn disk_use(&self) -> Value {
        self.read(|state, now| {
            let images = self.image_rows(state, 0);
            let total: u64 = state.images.iter().map(|image| image.size).sum();
            let rows = state.containers.iter().map(|container| {
                json!({
                    "Id": container.hex(), "Names": [format!("/{}", container.name)], "Image": container.spec.image, "ImageID": container.spec.image_id,
                    "Created": container.created / SECOND, "State": container.phase.word(), "Status": super::list::status(container, now),
                    "SizeRw": 4096, "SizeRootFs": state.images.iter().find(|image| image.id == container.spec.image_id).map_or(0, |image| image.size),
                    "Labels": container.spec.labels, "Mounts": [],
                })
            });
            let mut use_ = json!({ "LayersSize": total, "Images": images, "Containers": rows.collect::<Vec<_>>(), "Volumes": [] });
            if self.is(Engine::Newer) {
                use_["BuildCache"] = json!([]);
                let reclaimable: u64 = state.images.iter().filter(|image| !state.containers.iter().any(|container| container.spec.image_id == image.id)).map(|image| image.size).sum();
                use_["ImageUsage"] = json!({ "Items": use_["Images"], "Reclaimable": reclaimable, "TotalCount": state.images.len(), "TotalSize": total });
                for kind in ["ContainerUsage", "VolumeUsage", "BuildCacheUsage"] {
                    use_[kind] = json!({});
                }
            } else {
                use_["BuildCache"] = Value::Null;
                use_["BuilderSize"] = json!(0);
            }
            use_
        })
    }

    fn image_rows(&self, state: &State, shared: i64) -> Value {
        let newer = self.is(Engine::Newer);
        let row = |image: &std::sync::Arc<super::seed::Image>| {
            let users = state.containers.iter().filter(|container| container.spec.image_id == image.id).count();
            let mut row = json!({
                "Containers": if shared < 0 && !newer { json!(-1) } else { json!(users) },
                "Created": image.created / SECOND, "Id": image.id, "Labels": null, "ParentId": "",
                "RepoDigests": null, "RepoTags": [image.name], "SharedSize": shared, "Size": image.size,
            });
            if newer {
                let name = image.name.split(':').next().unwrap_or_default();
                let mut manifest = descriptor(&image.id);
                if let Some(fields) = manifest.as_object_mut() {
                    fields.remove("platform");
                }
                row["Descriptor"] = manifest;
                row["Labels"] = json!({});
                row["RepoDigests"] = json!([format!("{name}@{}", image.id)]);
            } else {
                row["VirtualSize"] = json!(image.size);
            }
            row
        };
        state.images.iter().map(row).collect()
    }
}

/// Adds fields to an object.
pub(super) fn merge(whole: &mut Value, more: Value) {
    if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), more) {
        whole.extend(more);
    }
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    running: usize,
    paused: usize,
}

impl Counts {
    fn of(state: &State) -> Self {
        let count = |phase| state.containers.iter().filter(|container| container.phase == phase).count();
        Self { all: state.containers.len(), running: count(Phase::Running) + count(Phase::Restarting), paused: count(Phase::Paused) }
    }
}

/// An engine's id as older engines write it: twelve groups of four.
fn fingerprint(name: &str) -> String {
    let hex = network_id(name).to_ascii_uppercase();
    (0..12).map(|at| &hex[at * 4..at * 4 + 4]).collect::<Vec<_>>().join(":")
}

fn uuid(name: &str) -> String {
    let hex = network_id(name);
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}
