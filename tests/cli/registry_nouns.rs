//! Two Harbors in the state that the recordings had after the robots were made, and what the recordings say of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wharf::lab::harbor::Twin;
use wharf::lab::server::{Place, Server};
use wharf::model::clock::Clock;

use crate::harbor::compare::{self, Masks};
use crate::harbor::recording::{Exchange, Row, rows};
use crate::harbor::stage::Stage;
use crate::site::{Site, text};

/// The last row that is performed: both levels of robots were just listed.
const UNTIL: u32 = 181;
const TUCHENG: &str = "tucheng";
const YONGFENG: &str = "yongfeng";

/// The recorded exchanges up to there, and two Harbors in their state behind a listener.
struct World {
    site: Site,
    said: Vec<Exchange>,
    _server: Server,
    _runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let (mut stage, mut masks, mut said) = (Stage::new(), Masks::default(), Vec::new());
        for row in rows() {
            match row {
                Row::Step { n } if n <= UNTIL => stage.step(n),
                Row::Exchange(exchange) if exchange.n <= UNTIL && exchange.instance != "manager" => {
                    let answer = stage.perform(&exchange, &masks);
                    let wrong = compare::differences(&exchange, &answer, &mut masks);
                    assert!(wrong.is_empty(), "{}: {wrong:?}", exchange.n);
                    said.push(*exchange);
                }
                _ => {}
            }
        }
        let (harbors, now) = stage.left();
        let harbors = Arc::new(Mutex::new(harbors));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let inside = runtime.enter();
        let clock = Clock::manual(now);
        let server = Server::start(0, clock.clone()).expect("a listener");
        let mut config = String::new();
        for (at, (name, title)) in [(YONGFENG, "永丰"), (TUCHENG, "土城")].into_iter().enumerate() {
            let address = Ipv4Addr::new(127, 80, 0, u8::try_from(at).expect("small") + 1);
            let place = Place { name: name.into(), address, latency: Duration::ZERO, rules: Vec::new() };
            server.open(place, Arc::new(Twin::new(Arc::clone(&harbors), at, clock.clone())));
            let written = write!(
                config,
                "[[idc]]\nname = \"{name}\"\ntitle = \"{title}\"\nenvironment = \"test\"\n[[registry]]\nname = \"{name}\"\nidc = \"{name}\"\n\
                 kind = \"harbor\"\nurl = \"http://{address}:{}\"\nuser = \"admin\"\npassword = \"env:HARBOR\"\nmatch = \"main\"\n",
                server.port()
            );
            written.expect("a String takes everything");
        }
        drop(inside);
        Self { site: Site::new(&config), said, _server: server, _runtime: runtime }
    }

    /// The last recorded answer of one Harbor to this path, whoever asked and was answered.
    fn last(&self, instance: &str, is_it: impl Fn(&str) -> bool) -> &Value {
        let found = self.said.iter().rev().find(|e| e.instance == instance && e.method == "GET" && e.status == 200 && is_it(&e.path));
        found.and_then(|exchange| exchange.answer.as_ref()).expect("a recorded answer")
    }

    /// Bodies of what was made there since the beginning and was accepted.
    fn made(&self, instance: &str, path: &str) -> impl Iterator<Item = &Value> {
        let made = self.said.iter().filter(move |e| e.instance == instance && e.method == "POST" && e.status == 201 && e.path == path);
        made.filter_map(|exchange| exchange.body.as_ref())
    }

    /// Projects by name, with the word of their visibility.
    fn projects(&self, instance: &str) -> BTreeMap<String, String> {
        let mut all = BTreeMap::from([("library".to_owned(), "public".to_owned())]);
        for exchange in self.said.iter().filter(|e| e.instance == instance) {
            let name = exchange.body.as_ref().map(|body| text(&body["project_name"]).to_owned()).unwrap_or_default();
            match (exchange.method.as_str(), exchange.path.as_str(), exchange.status) {
                ("POST", "/api/v2.0/projects", 201) => {
                    let public = exchange.body.as_ref().is_some_and(|body| body["metadata"]["public"] == "true");
                    all.insert(name, if public { "public" } else { "private" }.to_owned());
                }
                ("DELETE", path, 200) => {
                    all.remove(path.trim_start_matches("/api/v2.0/projects/"));
                }
                _ => {}
            }
        }
        all
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn set<'v>(items: impl IntoIterator<Item = &'v Value>, key: &str) -> BTreeSet<String> {
    items.into_iter().map(|one| text(&one[key]).to_owned()).collect()
}

#[test]
fn two_harbors_in_the_recorded_state_are_told_as_recorded() {
    let world = World::new();
    projects_and_quotas(&world);
    members_and_users(&world);
    repositories_tags_and_artifacts(&world);
    robots(&world);
}

fn projects_and_quotas(world: &World) {
    let (a, b) = (world.projects("A"), world.projects("B"));
    assert!(a.contains_key("2026") && a.contains_key("byrobot") && a.len() >= 5 && b.len() == 1, "{a:?} {b:?}");
    let projects = world.site.get("projects");
    let told: BTreeMap<String, Value> = projects.iter().map(|p| (text(&p["project"]).to_owned(), p["access"].clone())).collect();
    let wanted: BTreeMap<String, Value> =
        a.iter().map(|(name, word)| (name.clone(), json!({YONGFENG: word, TUCHENG: b.get(name)}))).collect();
    assert_eq!(told, wanted);
    let missing = projects.iter().filter(|p| list(&p["drift"]).iter().any(|words| text(words).starts_with("missing in 土城"))).count();
    assert_eq!(missing, a.len() - b.len(), "all but library are missing at the other");

    let wanted: BTreeMap<String, (Value, Value)> = list(world.last("A", |path| path.starts_with("/api/v2.0/quotas?page_size=100")))
        .iter()
        .map(|quota| {
            let hard = quota["hard"]["storage"].as_i64().filter(|hard| *hard >= 0);
            (text(&quota["ref"]["name"]).to_owned(), (quota["used"]["storage"].clone(), json!(hard)))
        })
        .collect();
    let told: BTreeMap<String, (Value, Value)> = world
        .site
        .get("quotas")
        .into_iter()
        .filter(|quota| quota["registry"] == YONGFENG && quota["project"] != "byrobot")
        .map(|quota| {
            assert_eq!(quota["unlimited"], json!(quota["hard"].is_null()), "{quota}");
            (text(&quota["project"]).to_owned(), (quota["used"].clone(), quota["hard"].clone()))
        })
        .collect();
    assert_eq!(told, wanted);
}

fn members_and_users(world: &World) {
    let wanted: BTreeMap<String, String> = list(world.last("A", |path| path == "/api/v2.0/projects/payment/members"))
        .iter()
        .map(|member| (text(&member["entity_name"]).to_owned(), text(&member["role_name"]).to_owned()))
        .collect();
    assert!(wanted.len() >= 4, "{wanted:?}");
    let members = world.site.get("members");
    let told: BTreeMap<String, String> = members
        .iter()
        .filter(|member| member["project"] == "payment")
        .map(|member| {
            assert_eq!((&member["is_member"][TUCHENG], &member["kind"]), (&json!(false), &json!("user")), "{member}");
            (text(&member["member"]).to_owned(), text(&member["role"][YONGFENG]).to_owned())
        })
        .collect();
    assert_eq!(told, wanted);

    let recorded = list(world.last("A", |path| path == "/api/v2.0/users"));
    // Harbor leaves its first administrator out of that list.
    let wanted = set(recorded, "username");
    let users = world.site.get("users");
    assert_eq!(set(users.iter().filter(|user| user["is_in"][YONGFENG] == true), "user"), wanted);
    let there = set(world.made("B", "/api/v2.0/users"), "username");
    assert_eq!(set(users.iter().filter(|user| user["is_in"][TUCHENG] == true), "user"), there);
    for user in recorded {
        let told = users.iter().find(|told| told["user"] == user["username"]).expect("a user");
        assert_eq!((&told["realname"], &told["sysadmin"][YONGFENG]), (&user["realname"], &user["sysadmin_flag"]), "{told}");
    }
}

/// By repository and digest: tags and bytes.
type Told = BTreeMap<(String, String), (BTreeSet<String>, Value)>;

fn repositories_tags_and_artifacts(world: &World) {
    let catalogue = world.last("A", |path| path.starts_with("/v2/_catalog"));
    let wanted: BTreeSet<String> = list(&catalogue["repositories"]).iter().map(|name| text(name).to_owned()).collect();
    assert!(wanted.len() >= 6, "{wanted:?}");
    let repositories = world.site.get("repositories");
    assert_eq!(set(&repositories, "repository"), wanted);
    assert!(repositories.iter().all(|r| r["is_in"] == json!({YONGFENG: true, TUCHENG: false})), "{repositories:?}");

    // The artifacts of two projects, as they were listed after the last change there.
    let of_payment = list(world.last("A", |path| path.starts_with("/api/v2.0/projects/payment/artifacts?")));
    let of_search = list(world.last("A", |path| path == "/api/v2.0/projects/search/repositories/web/artifacts"));
    let wanted: Told = of_payment
        .iter()
        .chain(of_search)
        .map(|artifact| {
            let place = (text(&artifact["repository_name"]).to_owned(), text(&artifact["digest"]).to_owned());
            (place, (set(list(&artifact["tags"]), "name"), artifact["size"].clone()))
        })
        .collect();
    let artifacts = world.site.get("artifacts");
    let is_compared = |item: &Value| item["project"] == "payment" || item["repository"] == "search/web";
    let told: Told = artifacts
        .iter()
        .filter(|artifact| is_compared(artifact))
        .map(|artifact| {
            let tags = list(&artifact["tags_in"][YONGFENG]).iter().map(|tag| text(tag).to_owned()).collect();
            let place = (text(&artifact["repository"]).to_owned(), text(&artifact["digest"]).to_owned());
            (place, (tags, artifact["size"].clone()))
        })
        .collect();
    assert_eq!(told, wanted);

    let wanted: BTreeMap<String, String> = wanted
        .iter()
        .flat_map(|((repository, digest), (tags, _))| tags.iter().map(move |tag| (format!("{repository}:{tag}"), digest.clone())))
        .collect();
    let tags = world.site.get("tags");
    let told: BTreeMap<String, String> = tags
        .iter()
        .filter(|tag| is_compared(tag))
        .map(|tag| (format!("{}:{}", text(&tag["repository"]), text(&tag["tag"])), text(&tag["digest"][YONGFENG]).to_owned()))
        .collect();
    assert_eq!(told, wanted);
    let listed = world.last("A", |path| path == "/v2/payment/web/tags/list");
    let of_web: BTreeSet<String> = list(&listed["tags"]).iter().map(|tag| text(tag).to_owned()).collect();
    assert_eq!(set(tags.iter().filter(|tag| tag["repository"] == "payment/web"), "tag"), of_web);

    // What hangs on v2: the signature that was pushed, and the label that was put on it.
    let signed = artifacts.iter().find(|a| list(&a["tags_in"][YONGFENG]).contains(&json!("v2")) && a["repository"] == "payment/web");
    let signed = signed.expect("payment/web:v2");
    let recorded = list(world.last("A", |path| path.ends_with("/artifacts/v2/accessories")));
    assert_eq!(set(list(&signed["hangs_on_it"]), "digest"), set(recorded, "digest"));
    assert_eq!(signed["labels_in"][YONGFENG], json!(["gold"]));
}

fn robots(world: &World) {
    let system = list(world.last("A", |path| path == "/api/v2.0/robots?page_size=100"));
    let of_payment = list(world.last("A", |path| path.starts_with("/api/v2.0/robots?q=Level=project,ProjectID=2")));
    let wanted: BTreeMap<String, (Value, Value)> = system
        .iter()
        .chain(of_payment)
        .map(|robot| {
            let project = if robot["level"] == "project" { json!("payment") } else { Value::Null };
            (text(&robot["name"]).to_owned(), (project, json!(robot["expires_at"].as_i64() == Some(-1))))
        })
        .collect();
    assert!(wanted.len() >= 2, "{wanted:?}");
    let told: BTreeMap<String, (Value, Value)> = world
        .site
        .get("robots")
        .into_iter()
        .filter(|robot| robot["registry"] == YONGFENG)
        .map(|robot| (text(&robot["robot"]).to_owned(), (robot["project"].clone(), json!(robot["expires"].is_null()))))
        .collect();
    assert_eq!(told, wanted);
}
