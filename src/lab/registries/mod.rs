//! The registries of a world: made from the world file, put behind the listener, each with an address of its own.

mod control;
mod fill;
mod past;
mod seed;
pub mod spec;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::model::clock::Clock;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

use super::harbor::{Harbors, Twin};
use super::oci;
use super::server::{Place, Server};
use super::world::WorldFile;

pub use control::{PlainHand, RegistryHand};
use seed::{SeedContext, SeededPush};
use spec::{RegistrySpec, Speaks};

/// From one push by itself to the next.
const LIFE: Duration = Duration::from_secs(45);

/// The registries of a running lab.
#[derive(Debug, Default)]
pub(super) struct Registries {
    pub(super) hands: Vec<RegistryHand>,
    pub(super) plain: Vec<PlainHand>,
}

/// Makes the registries of a world and opens them.
///
/// # Errors
/// The file refers to what it does not declare.
pub(super) fn open(file: &WorldFile, server: &Server, clock: &Clock) -> Result<Registries, Fault> {
    let urls = addresses(file).into_iter().map(|(name, address)| (name, url(address, server.port()))).collect();
    let cx = SeedContext { file, now: clock.now(), urls: &urls };
    let made = harbors(file, &cx).map_err(|why| {
        Fault::new(
            format!("world {}", file.name),
            FaultKind::Config,
            Text::raw(&why),
            Text::new("mend the world file; assets/worlds/default.toml is an example", "修正世界文件; 可参考 assets/worlds/default.toml"),
        )
    })?;
    let harbors = Arc::new(Mutex::new(made));
    let addresses = addresses(file);
    let place = |spec: &RegistrySpec| {
        let idc = file.idc.iter().find(|idc| idc.name == spec.idc);
        Place {
            name: spec.name.as_str().into(),
            address: addresses[&spec.name],
            latency: Duration::from_millis(idc.map_or(0, |idc| idc.latency_ms) + spec.latency_ms),
            rules: spec.faults.clone(),
        }
    };
    let mut plain = Vec::new();
    for spec in file.registry.iter().filter(|spec| spec.kind == Speaks::Oci) {
        let twin = Arc::new(oci::Twin::new(plain_registry(spec, file, &urls[&spec.name]), clock.clone()));
        let service: Arc<oci::Twin> = Arc::clone(&twin);
        let endpoint = server.open(place(spec), service);
        let (user, password) = (spec.user.clone(), spec.password.clone());
        plain.push(PlainHand { name: spec.name.as_str().into(), url: urls[&spec.name].clone(), user, password, twin, endpoint });
    }
    let mut hands = Vec::new();
    for (at, spec) in file.registry.iter().filter(|spec| spec.kind == Speaks::Harbor).enumerate() {
        let twin = Arc::new(Twin::new(Arc::clone(&harbors), at, clock.clone()));
        let service: Arc<Twin> = Arc::clone(&twin);
        let endpoint = server.open(place(spec), service);
        let (user, password) = (spec.user.clone(), spec.password.clone());
        hands.push(RegistryHand {
            name: spec.name.as_str().into(),
            url: urls[&spec.name].clone(),
            user,
            password,
            twin,
            endpoint,
            clock: clock.clone(),
        });
    }
    if file.life.changes_per_second > 0.0 && !hands.is_empty() {
        server.tasks().start(live(hands.clone(), file.seed));
    }
    Ok(Registries { hands, plain })
}

/// The `[[registry]]` entries of a config over this world.
pub(super) fn config(text: &mut String, file: &WorldFile, port: u16) {
    let addresses = addresses(file);
    for (spec, address) in file.registry.iter().filter_map(|spec| Some((spec, *addresses.get(&spec.name)?))) {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let kind = if spec.kind == Speaks::Harbor { "harbor" } else { "oci" };
        let _ = writeln!(text, "[[registry]]\nname = {}\nidc = {}\nkind = \"{kind}\"", quoted(&spec.name), quoted(&spec.idc));
        let _ = writeln!(text, "url = {}\nuser = {}", quoted(&url(address, port)), quoted(&spec.user));
        let _ = writeln!(text, "password = {}", quoted(&format!("command:echo {}", spec.password)));
        let listed =
            spec.project.iter().flat_map(|project| project.repositories.iter().map(move |own| quoted(&format!("{}/{own}", project.name))));
        if spec.no_catalogue {
            let _ = writeln!(text, "repositories = [{}]", listed.collect::<Vec<_>>().join(", "));
        }
        if let Some(group) = &spec.group {
            let _ = writeln!(text, "match = {}", quoted(group));
        }
        text.push('\n');
    }
}

/// A plain registry with what its projects name.
fn plain_registry(spec: &RegistrySpec, file: &WorldFile, url: &str) -> oci::Registry {
    let door = oci::Door::Token { user: spec.user.clone(), password: spec.password.clone(), public: true };
    let knobs = oci::Knobs { catalogue: !spec.no_catalogue, deletes: !spec.no_delete, pages_tags: true, referrers: true, door };
    let mut registry = oci::Registry::new(url, knobs);
    for project in &spec.project {
        for repository in &project.repositories {
            let name = format!("{}/{repository}", project.name);
            let served = file.service.iter().find(|service| service.image == name).map(|service| service.tags.clone()).unwrap_or_default();
            for tag in (0..project.tags).map(|at| format!("v1.{at}.0")).chain(served) {
                registry.place(&name, &tag);
            }
        }
    }
    registry
}

fn harbors(file: &WorldFile, cx: &SeedContext<'_>) -> Result<Harbors, String> {
    let mut harbors = Harbors::default();
    let mut pushes: BTreeMap<&str, Vec<SeededPush>> = BTreeMap::new();
    for spec in file.registry.iter().filter(|spec| spec.kind == Speaks::Harbor) {
        if !file.idc.iter().any(|idc| idc.name == spec.idc) {
            return Err(format!("registry {}: idc '{}' is not declared", spec.name, spec.idc));
        }
        let source = match &spec.copy_of {
            None => None,
            Some(name) => {
                let found = file.registry.iter().find(|other| other.name == *name).zip(pushes.get(name.as_str()));
                Some(found.ok_or_else(|| format!("registry {}: '{name}' must be declared before its copy", spec.name))?)
            }
        };
        let source = source.map(|(other, told)| (root(file, other), told.as_slice()));
        let (harbor, told) = seed::harbor(spec, cx, source)?;
        harbors.add(harbor);
        pushes.insert(&spec.name, told);
    }
    Ok(harbors)
}

/// The registry that a copy of copies goes back to: people and projects are declared there.
fn root<'a>(file: &'a WorldFile, spec: &'a RegistrySpec) -> &'a RegistrySpec {
    let mut root = spec;
    for _ in 0..file.registry.len() {
        match root.copy_of.as_ref().and_then(|name| file.registry.iter().find(|other| other.name == *name)) {
            Some(source) => root = source,
            None => break,
        }
    }
    root
}

/// People push: now here, now there, to what is pushed to anyway.
async fn live(hands: Vec<RegistryHand>, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut number = 0_u32;
    loop {
        tokio::time::sleep(LIFE.mul_f64(0.5 + random.f64())).await;
        let Some(hand) = random.choice(&hands) else { return };
        let found = hand.with(|harbors, at| {
            let harbor =
                harbors.harbor(at).filter(|harbor| !harbor.is_read_only() && !harbor.knobs.core_down && !harbor.knobs.storage_down)?;
            let projects = harbor.projects.iter().filter(|project| project.members.len() > 1 && !project.repositories.is_empty());
            let project = random.choice(projects.collect::<Vec<_>>())?;
            let repository = random.choice(&project.repositories)?;
            Some(format!("{}/{}", project.name, repository.name))
        });
        if let Some(name) = found {
            number += 1;
            let _ = hand.push(&name, &format!("build-{number}"), &hand.user);
        }
    }
}

fn addresses(file: &WorldFile) -> BTreeMap<String, Ipv4Addr> {
    let places = (1..=u8::MAX).flat_map(|block| (1..=250).map(move |place| Ipv4Addr::new(127, 78, block - 1, place)));
    file.registry.iter().map(|spec| spec.name.clone()).zip(places).collect()
}

fn url(address: Ipv4Addr, port: u16) -> String {
    format!("http://{address}:{port}")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::lab::exchange::Request;
    use crate::lab::trouble::{Rule, Trouble};
    use crate::lab::{Lab, LabOptions, World};
    use crate::model::clock::Stamp;

    async fn lab() -> Lab {
        let clock = Clock::manual(Stamp(1_795_400_000_000));
        Lab::start(World::load("default").expect("a world"), LabOptions { clock, port: 0 }).await.expect("a lab")
    }

    fn ask(hand: &RegistryHand, path: &str) -> Value {
        let now = hand.clock.now();
        let request = Request::new("GET", path).with_basic(&hand.user, &hand.password);
        hand.with(|harbors, at| harbors.answer(at, &request, now)).value()
    }

    #[tokio::test]
    async fn the_default_world_has_registries_worth_looking_at() {
        let lab = lab().await;
        let names: Vec<&str> = lab.registries().iter().map(|hand| &*hand.name).collect();
        assert_eq!(names, ["yongfeng", "tucheng", "aws-bj", "aws-sh"]);
        assert!(lab.plain_registry("mirror-sh").expect("a plain one").with(|registry| registry.repositories.len()) == 5);
        let [yongfeng, tucheng, beijing, shanghai] = lab.registries() else { panic!("four") };
        assert_eq!(ask(yongfeng, "/api/v2.0/projects?page_size=100").as_array().map(Vec::len), Some(20));
        let users = ask(yongfeng, "/api/v2.0/users?page_size=100");
        assert!(users.as_array().expect("users").iter().any(|user| user["realname"] == "张丽"));
        // A ghost: counted and not listed.
        let members = ask(tucheng, "/api/v2.0/projects/payment/members?page_size=100");
        assert!(!members.as_array().expect("members").iter().any(|member| member["entity_name"] == "zhaomin"));
        assert_eq!(ask(tucheng, "/api/v2.0/projects/infra")["metadata"]["public"], "false");
        let digest = |hand: &RegistryHand, tag: &str| {
            ask(hand, &format!("/api/v2.0/projects/payment/repositories/api/artifacts/{tag}"))["digest"].clone()
        };
        assert_eq!(digest(yongfeng, "v2.8.1"), digest(tucheng, "v2.8.1"));
        assert_ne!(digest(yongfeng, "v2.9.0"), digest(tucheng, "v2.9.0"));
        assert_eq!(ask(shanghai, "/api/v2.0/systeminfo")["read_only"], true);
        assert_eq!(ask(shanghai, "/api/v2.0/auditlog-exts")["errors"][0]["code"], "NOT_FOUND", "2.10 has no such log");
        let stuck = ask(beijing, "/api/v2.0/replication/executions?status=InProgress&page_size=50");
        assert_eq!((stuck[0]["total"].as_i64(), stuck.as_array().map(Vec::len)), (Some(0), Some(1)));
        let lost = ask(yongfeng, "/api/v2.0/replication/executions?status=Failed&page_size=50");
        assert!(
            lost.as_array()
                .expect("executions")
                .iter()
                .any(|run| run["status_text"].as_str().is_some_and(|text| text.contains("connection refused")))
        );
        let robots = ask(yongfeng, "/api/v2.0/robots?page_size=100");
        assert!(
            robots
                .as_array()
                .expect("robots")
                .iter()
                .any(|robot| robot["expires_at"].as_i64().is_some_and(|at| at < 1_795_400_000 && at > 0))
        );
        let amount = |hand: &RegistryHand| ask(hand, "/api/v2.0/statistics")["total_repo_count"].as_u64();
        assert!(amount(yongfeng) > Some(40) && amount(shanghai) > Some(30));
    }

    #[tokio::test]
    async fn a_push_goes_round_by_events_and_shows_at_the_other_end() {
        let lab = lab().await;
        let (yongfeng, tucheng) = (lab.registry("yongfeng").expect("one"), lab.registry("tucheng").expect("the other"));
        let digest = yongfeng.push("payment/web", "v99", "libo").expect("let in");
        let path = "/api/v2.0/projects/payment/repositories/web/artifacts/v99";
        assert_eq!(ask(tucheng, path)["errors"][0]["code"], "NOT_FOUND");
        yongfeng.clock.advance(60_000);
        assert_eq!(ask(tucheng, path)["digest"], Value::String(digest));
        // The echo came back and found it there.
        let echo = ask(tucheng, "/api/v2.0/replication/executions?page_size=1&trigger=event_based");
        assert_eq!(echo[0]["status"], "Succeed");
    }

    #[tokio::test]
    async fn a_registry_answers_over_its_own_address_and_has_faults_of_its_own() {
        let lab = lab().await;
        let hand = lab.registry("yongfeng").expect("a registry");
        let host = hand.url.trim_start_matches("http://").to_owned();
        let get = |path: &'static str| {
            let host = host.clone();
            async move {
                let mut stream = tokio::net::TcpStream::connect(&host).await.expect("a connection");
                let ask = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
                stream.write_all(ask.as_bytes()).await.expect("sent");
                let mut text = String::new();
                stream.read_to_string(&mut text).await.expect("an answer");
                text
            }
        };
        let pong = get("/api/v2.0/ping").await;
        assert!(pong.starts_with("HTTP/1.1 200") && pong.contains("Set-Cookie: sid=") && pong.contains("\"Pong\""), "{pong}");
        hand.fault(Rule::always(Trouble::Garbage).on("/api/v2.0/projects"));
        assert!(get("/api/v2.0/projects").await.contains("text/html"));
        hand.heal();
        assert!(get("/api/v2.0/projects").await.contains("application/json"));
        assert_eq!(hand.requests_seen(), 3);
    }
}
