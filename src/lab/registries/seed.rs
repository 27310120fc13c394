//! From a world file's registries to Harbors that have lived for a while: the same seed always makes the same ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::lab::exchange::digest;
use crate::lab::harbor::{Child, Harbor, Image, Push, Visibility};
use crate::lab::world::WorldFile;
use crate::model::clock::Stamp;

use super::past;
use super::spec::{DriftSpec, PolicySpec, ProjectSpec, RegistrySpec, RobotSpec};

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/// A Harbor of the lab was installed so long ago.
const AGE: i64 = 400 * DAY;
const MIB: u64 = 1 << 20;

/// A push of long ago.
#[derive(Clone, Debug)]
pub(super) struct SeededPush {
    pub(super) project: String,
    pub(super) repository: String,
    pub(super) tag: Option<String>,
    pub(super) image: Arc<Image>,
    pub(super) at: Stamp,
    pub(super) by: String,
}

/// What one registry is made from.
pub(super) struct SeedContext<'a> {
    pub(super) file: &'a WorldFile,
    pub(super) now: Stamp,
    /// Address of each registry by name.
    pub(super) urls: &'a BTreeMap<String, String>,
}

/// Makes the Harbor of a registry; `source` is what it is a copy of, with the pushes that were made there.
pub(super) fn harbor(
    spec: &RegistrySpec,
    cx: &SeedContext<'_>,
    source: Option<(&RegistrySpec, &[SeededPush])>,
) -> Result<(Harbor, Vec<SeededPush>), String> {
    let url = &cx.urls[&spec.name];
    let mut harbor = Harbor::new(url, &spec.password, cx.now.plus_millis(-AGE));
    harbor.knobs.version = version(&spec.version).ok_or_else(|| format!("registry {}: '{}' is no version", spec.name, spec.version))?;
    harbor.knobs.skew_millis = spec.skew_seconds * 1000;
    harbor.knobs.storage_down = spec.storage_down;
    let mut random =
        fastrand::Rng::with_seed(cx.file.seed ^ spec.name.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte)));
    let (people, groups) = source.map_or((&spec.people, &spec.groups), |(source, _)| (&source.people, &source.groups));
    for (name, realname) in people {
        harbor.add_user(name, realname, &format!("Lab-{name}-1"), cx.now.plus_millis(-AGE + random.i64(0..100) * MINUTE));
    }
    for name in groups {
        harbor.add_group(name, 3, "");
    }
    let projects = source.map_or(&spec.project, |(source, _)| &source.project);
    for project in projects.iter().chain(source.into_iter().flat_map(|_| &spec.project)) {
        found_project(&mut harbor, project, cx.now.plus_millis(-AGE + random.i64(1..60) * DAY))?;
    }
    let mut told: Vec<SeededPush> = match source {
        None => spec.project.iter().flat_map(|project| pushes(project, cx, &mut random)).collect(),
        Some((_, pushes)) => copied(spec, pushes, cx, &mut random),
    };
    told.sort_by_key(|told| told.at);
    for told in &told {
        let push = Push {
            project: &told.project,
            repository: &told.repository,
            tag: told.tag.as_deref(),
            image: Arc::clone(&told.image),
            by: &told.by,
        };
        harbor
            .push(&push, told.at)
            .map_err(|refusal| format!("registry {}: {}/{}: {refusal:?}", spec.name, told.project, told.repository))?;
    }
    if let Some(fill) = spec.fill {
        super::fill::projects(&mut harbor, fill, cx.now);
    }
    for drift in &spec.drift {
        apply(&mut harbor, drift).map_err(|why| format!("registry {}: {why}", spec.name))?;
    }
    for robot in &spec.robot {
        add_robot(&mut harbor, robot, cx.now);
    }
    endpoints(&mut harbor, spec, cx);
    for policy in &spec.policy {
        let id = add_policy(&mut harbor, policy, cx.now).map_err(|why| format!("registry {}: policy {}: {why}", spec.name, policy.name))?;
        past::tell(&mut harbor, id, policy, &told, cx, &mut random);
    }
    for queue in &spec.paused {
        harbor.pause(queue);
    }
    harbor.set("read_only", json!(spec.read_only));
    Ok((harbor, told))
}

fn found_project(harbor: &mut Harbor, spec: &ProjectSpec, at: Stamp) -> Result<(), String> {
    let owner = harbor.user(&spec.owner).map(|user| user.id).ok_or_else(|| format!("project {}: no user '{}'", spec.name, spec.owner))?;
    if spec.name != "library" {
        let seen = if spec.public { Visibility::Public } else { Visibility::Private };
        let hard = spec.quota.map_or(-1, |size| i64::try_from(size.0).unwrap_or(-1));
        harbor.add_project(&spec.name, owner, seen, hard, at);
    }
    for (name, word) in &spec.members {
        let role = role(word).ok_or_else(|| format!("project {}: '{word}' is no role", spec.name))?;
        match name.strip_prefix('@') {
            Some(group) => harbor.add_group_member(&spec.name, group, role),
            None => harbor.add_member(&spec.name, name, role),
        }
    }
    Ok(())
}

/// The pushes that filled a project: its own tags, and on top those that the world's services run.
fn pushes(project: &ProjectSpec, cx: &SeedContext<'_>, random: &mut fastrand::Rng) -> Vec<SeededPush> {
    let mut told = Vec::new();
    for repository in &project.repositories {
        let base = (
            Arc::<str>::from(digest(format!("{} base {}", project.name, repository.len() % 3).as_bytes())),
            (20 + random.u64(0..60)) * MIB,
        );
        let name = format!("{}/{repository}", project.name);
        let served =
            cx.file.service.iter().find(|service| service.image == name).map(|service| service.tags.as_slice()).unwrap_or_default();
        let own = (0..project.tags).map(|at| format!("v1.{at}.{}", random.u32(0..9)));
        let tags: Vec<String> = own.chain(served.iter().cloned()).collect();
        let by =
            project.members.iter().filter(|(name, role)| !name.starts_with('@') && matches!(role.as_str(), "developer" | "maintainer"));
        let by: Vec<&String> = by.map(|(name, _)| name).collect();
        let amount = i64::try_from(tags.len()).unwrap_or(1).max(1);
        for (place, tag) in (0_i64..).zip(&tags) {
            let age = (amount - place) * 90 * DAY / (amount + 1) - random.i64(0..DAY);
            let at = cx.now.plus_millis(-age.max(random.i64(3..600) * MINUTE));
            let by = random.choice(&by).map_or_else(|| project.owner.clone(), |name| (*name).clone());
            let mut say = |tag: Option<&str>, image: Image, at: Stamp| {
                let (project, repository, tag) = (project.name.clone(), repository.clone(), tag.map(str::to_owned));
                told.push(SeededPush { project, repository, tag, image: Arc::new(image), at, by: by.clone() });
            };
            if project.multi {
                let parts = ["amd64", "arm64"].map(|architecture| image(&format!("{name}:{tag}"), architecture, &base, random));
                let children: Vec<(Child, u64)> = parts
                    .iter()
                    .zip(["amd64", "arm64"])
                    .map(|(part, architecture)| {
                        (
                            Child { digest: part.digest.clone(), os: "linux".into(), architecture: architecture.into() },
                            part.bytes.len() as u64,
                        )
                    })
                    .collect();
                for (after, part) in (0_i64..).zip(parts) {
                    say(None, part, at.plus_millis(-2 + after));
                }
                say(Some(tag), Image::index(None, &children, None), at);
            } else {
                say(Some(tag), image(&format!("{name}:{tag}"), "amd64", &base, random), at);
            }
        }
    }
    told
}

/// An image of that name; the same name and architecture always give the same digest.
pub(super) fn image(name: &str, architecture: &str, base: &(Arc<str>, u64), random: &mut fastrand::Rng) -> Image {
    let own: Arc<str> = digest(format!("{name} {architecture} layer").as_bytes()).into();
    let config = json!({"architecture": architecture, "os": "linux", "created": "2026-11-20T08:00:00Z", "author": "",
        "config": {"Cmd": [format!("/app/{}", name.split([':', '/']).nth(1).unwrap_or("run"))], "Env": ["PATH=/usr/local/bin:/bin"]},
        "history": [{"created": "2026-11-20T08:00:00Z", "created_by": format!("COPY app /app # {name}")}]});
    Image::made(&config, &[(Arc::clone(&base.0), base.1), (own, (1 + random.u64(0..40)) * MIB)])
}

/// What of the source's pushes has come here: all but what is too young, or was lost on the way.
fn copied(spec: &RegistrySpec, source: &[SeededPush], cx: &SeedContext<'_>, random: &mut fastrand::Rng) -> Vec<SeededPush> {
    let line = cx.now.plus_millis(-i64::try_from(spec.lag_minutes).unwrap_or(0) * MINUTE);
    let mut told: Vec<SeededPush> = Vec::new();
    for push in source.iter().filter(|push| push.at <= line) {
        let full = format!("{}/{}:{}", push.project, push.repository, push.tag.as_deref().unwrap_or_default());
        if spec.lacks.contains(&full) {
            continue;
        }
        let mut push =
            SeededPush { at: push.at.plus_millis(random.i64(2_000..40_000)).min(cx.now), by: "robot$replication".into(), ..push.clone() };
        if spec.differs.contains(&full) {
            push.image = Arc::new(image(&format!("{full}-hotfix"), "amd64", &("sha256:0".into(), MIB), random));
            push.by = "admin".into();
        }
        told.push(push);
    }
    for full in &spec.beyond {
        let Some(((project, repository), tag)) = full.split_once(':').and_then(|(name, tag)| Some((name.split_once('/')?, tag))) else {
            continue;
        };
        let at = cx.now.plus_millis(-random.i64(1..20) * DAY);
        let image = Arc::new(image(full, "amd64", &(digest(full.as_bytes()).into(), MIB), random));
        told.push(SeededPush {
            project: project.into(),
            repository: repository.into(),
            tag: Some(tag.into()),
            image,
            at,
            by: "admin".into(),
        });
    }
    told
}

fn apply(harbor: &mut Harbor, drift: &DriftSpec) -> Result<(), String> {
    let id = |harbor: &Harbor, name: &str| harbor.user(name).map(|user| user.id).ok_or_else(|| format!("drift: no user '{name}'"));
    let member = drift.member.as_deref().map(|name| id(harbor, name)).transpose()?;
    let without = drift.without.as_deref().map(|name| id(harbor, name)).transpose()?;
    let role = drift.role.as_deref().map(|word| role(word).ok_or_else(|| format!("drift: '{word}' is no role"))).transpose()?;
    let project = harbor.project_mut(&drift.project).ok_or_else(|| format!("drift: no project '{}'", drift.project))?;
    if let Some(public) = drift.public {
        project.metadata.insert("public".into(), public.to_string());
    }
    if let Some(quota) = drift.quota {
        project.quota.hard = i64::try_from(quota.0).unwrap_or(-1);
    }
    project.members.retain(|own| own.is_group || Some(own.entity) != without);
    if let (Some(user), Some(role)) = (member, role) {
        if let Some(own) = project.members.iter_mut().find(|own| !own.is_group && own.entity == user) {
            own.role = role;
        } else {
            let name = drift.member.clone().unwrap_or_default();
            harbor.add_member(&drift.project, &name, role);
        }
    }
    Ok(())
}

fn add_robot(harbor: &mut Harbor, spec: &RobotSpec, now: Stamp) {
    let pair = |may: &String| may.split_once(':').map(|(resource, action)| json!({"resource": resource, "action": action}));
    let pulls = json!([{"resource": "repository", "action": "pull"}, {"resource": "repository", "action": "push"}]);
    let permissions = match &spec.project {
        Some(project) => json!([{"kind": "project", "namespace": project, "access": pulls}]),
        None => json!([{"kind": "system", "namespace": "/", "access": spec.may.iter().filter_map(pair).collect::<Vec<Value>>()},
            {"kind": "project", "namespace": "*", "access": pulls}]),
    };
    let (days, made) = spec.days_left.map_or((-1, 200), |left| (left + 90, 90));
    let robot = harbor.add_robot(&spec.name, spec.project.as_deref(), days, permissions, now.plus_millis(-made * DAY));
    robot.disabled = spec.disabled;
}

fn endpoints(harbor: &mut Harbor, spec: &RegistrySpec, cx: &SeedContext<'_>) {
    for endpoint in &spec.endpoint {
        let url = cx.urls.get(&endpoint.to).unwrap_or(&endpoint.to).clone();
        let peer = cx.file.registry.iter().find(|registry| registry.name == endpoint.to);
        let (user, password) = peer.map_or(("admin", "unknown"), |peer| (peer.user.as_str(), peer.password.as_str()));
        let secret = if endpoint.wrong_password { "changed-last-week" } else { password };
        let registry = harbor.add_registry(&endpoint.name, &url, user, secret, cx.now.plus_millis(-AGE + 70 * DAY));
        registry.healthy = !endpoint.wrong_password;
        if peer.is_some_and(|peer| peer.kind == super::spec::Speaks::Oci) {
            registry.kind = "docker-registry".into();
        }
    }
}

fn add_policy(harbor: &mut Harbor, spec: &PolicySpec, now: Stamp) -> Result<i64, String> {
    let found = harbor.registries.iter().find(|registry| registry.name == spec.endpoint);
    let id = found.map(|registry| registry.id).ok_or_else(|| format!("no endpoint '{}'", spec.endpoint))?;
    let trigger = match spec.trigger.as_str() {
        "event" => json!({"type": "event_based"}),
        "manual" => json!({"type": "manual"}),
        cron => json!({"type": "scheduled", "trigger_settings": {"cron": cron}}),
    };
    let mut filters = vec![json!({"type": "name", "value": spec.filter})];
    filters.extend(spec.tag.as_ref().map(|tag| json!({"type": "tag", "value": tag, "decoration": "matches"})));
    let end = if spec.pull { "src_registry" } else { "dest_registry" };
    let body = json!({"name": spec.name, end: {"id": id}, "trigger": trigger, "filters": filters, "deletion": spec.deletion,
        "override": !spec.keep_existing, "enabled": !spec.disabled, "single_active_replication": spec.single, "speed": spec.speed,
        "dest_namespace": spec.namespace.clone().unwrap_or_default(), "dest_namespace_replace_count": 1});
    harbor.add_policy(&body, now.plus_millis(-AGE + 80 * DAY)).map_err(|refusal| format!("{refusal:?}"))
}

/// Harbor's word for a role, or a number.
fn role(word: &str) -> Option<i64> {
    Some(match word {
        "projectAdmin" => 1,
        "developer" => 2,
        "guest" => 3,
        "maintainer" => 4,
        "limitedGuest" => 5,
        number => number.parse().ok()?,
    })
}

fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
