//! The two Harbors of the recordings, the state that they start from, and what happened between the exchanges.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use wharf::lab::exchange::{Answer, Request};
use wharf::lab::harbor::{Child, Harbor, Harbors, Image, Kind, Outside, Push};
use wharf::model::clock::Stamp;

use super::compare::{Masks, kind_of};
use super::recording::Exchange;

const A: &str = "http://127.0.0.1:8080";
const B: &str = "http://127.0.0.1:9080";
const ADMIN: &str = "Harbor12345";
/// 2026-11-23T02:00:45Z, a multiple of five seconds.
const BEGIN: i64 = 1_795_399_245_000;
/// From one exchange to the next where nothing else is said.
const PACE: i64 = 100;

/// Rows that are performed otherwise than they are written, each with its reason.
#[allow(dead_code, reason = "told by the suite that replays everything")]
pub(crate) const CORRECTED: &[(u32, &str)] = &[
    (145, "before it bob pulls payment/web:v2 once more: the pull stands in the audit log, its exchange was not recorded"),
    (154, "the upload of step 153 has its own address here"),
    (185, "the recorded body says `disable: false`, as it was written down after row 187 had changed it back; `true` was sent"),
    (352, "step 353 tells what was done before it: without that push and filter its execution would have other tasks"),
    (382, "the robot's secret is the twin's"),
    (390, "the robot's secret is the twin's"),
];

/// Milliseconds that pass before a row, where the answer tells that time passed.
const WAITS: &[(u32, i64)] = &[
    (157, 1000),
    (233, 9_000),
    (244, 8_000),
    (252, 1_000),
    (255, 8_000),
    (266, 8_000),
    (281, 2_000),
    (283, 2_000),
    (285, 8_000),
    (298, 2_000),
    (302, 2_000),
    (313, 3_000),
    (318, 37_000),
    (333, 3_000),
    (341, 8_000),
    (347, 8_000),
    (354, 8_000),
    (373, 13_000),
    (380, 30_000),
    (387, 8_000),
    (395, 8_000),
];

/// Instants after the storage died at which the execution was looked at.
const AFTER_THE_DEATH: &[(u32, i64)] = &[(318, 37_000), (321, 53_000), (323, 83_000), (325, 88_000)];

/// The Harbors and the time.
#[derive(Debug)]
pub(crate) struct Stage {
    harbors: Harbors,
    now: Stamp,
    passwords: BTreeMap<String, String>,
    /// The last token that each user was given.
    tokens: BTreeMap<String, String>,
    /// The last upload's address.
    upload: String,
    death: Stamp,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let now = Stamp(BEGIN);
        let mut harbors = Harbors::default();
        for (url, spent) in [(A, 3), (B, 2)] {
            let mut harbor = Harbor::new(url, ADMIN, now);
            harbor.knobs.refresh_millis = 5_000;
            harbor.knobs.workers = 5;
            harbor.sequences.skip_to(Kind::Execution, spent);
            harbor.sequences.skip_to(Kind::Task, spent);
            harbors.add(harbor);
        }
        harbors.add_outside(Outside::Registry {
            url: "http://127.0.0.1:9083".into(),
            user: "harbor_registry_user".into(),
            password: "regpass".into(),
        });
        let mut stage = Self {
            harbors,
            now,
            passwords: BTreeMap::from([("admin".to_owned(), ADMIN.to_owned())]),
            tokens: BTreeMap::new(),
            upload: String::new(),
            death: now,
        };
        stage.now = stage.now.plus_millis(48_000);
        stage
    }

    /// The Harbors as they are now, to be asked over the wire.
    #[allow(dead_code, reason = "one of the tests that this is part of serves them")]
    pub(crate) fn into_parts(self) -> (Harbors, Stamp) {
        (self.harbors, self.now)
    }

    /// Performs an exchange.
    pub(crate) fn perform(&mut self, exchange: &Exchange, masks: &Masks) -> Answer {
        self.prepare(exchange.n);
        let at = place(&exchange.instance);
        let mut request = self.request(exchange, masks);
        if exchange.n == 154 {
            let (path, query) = self.upload.split_once('?').expect("an address with a query");
            let digest = exchange.path.split("&digest=").nth(1).expect("a digest");
            request.path = path.trim_start_matches(A).to_owned();
            request.query = format!("{query}&digest={digest}");
        }
        let answer = self.harbors.answer(at, &request, self.now);
        self.learn(exchange, &answer);
        answer
    }

    /// The Harbors as they are now, and the time there.
    #[allow(dead_code, reason = "for suites that go on from here")]
    pub(crate) fn left(self) -> (Harbors, Stamp) {
        (self.harbors, self.now)
    }

    fn prepare(&mut self, n: u32) {
        self.now = self.now.plus_millis(PACE);
        if let Some((_, wait)) = WAITS.iter().find(|(row, _)| *row == n) {
            self.now = self.now.plus_millis(*wait);
        }
        if let Some((_, after)) = AFTER_THE_DEATH.iter().find(|(row, _)| *row == n) {
            self.now = self.death.plus_millis(*after);
        }
        match n {
            145 => {
                let pull = Request::new("GET", "/v2/payment/web/manifests/v2").with_basic("bob", "Passw0rd-b");
                assert_eq!(self.harbors.answer(0, &pull, self.now).status, 200);
            }
            352 => {
                self.push(0, "admin", "payment/new", Some("q1"), &web(2));
                self.policy_filter("payment/new");
            }
            _ => {}
        }
    }

    /// What happened between two exchanges.
    pub(crate) fn step(&mut self, n: u32) {
        self.now = self.now.plus_millis(PACE);
        match n {
            1 => self.push(0, "admin", "library/web", Some("v1"), &web(1)),
            93 => self.push(0, "bob", "payment/web", Some("v1"), &web(1)),
            94 => {
                let push = Request::new("POST", "/v2/payment/web/blobs/uploads/").with_basic("dave", "Passw0rd-d");
                assert_eq!(self.harbors.answer(0, &push, self.now).status, 401, "a guest does not push");
            }
            95 => self.push(0, "admin", "payment/web", Some("v2"), &web(2)),
            96 => self.push(0, "admin", "payment/web", Some("latest"), &web(2)),
            97 => self.push(0, "admin", "payment/core/api", Some("v1.0_build.7"), &api()),
            98 => {
                for architecture in ["amd64", "arm64"] {
                    self.push(0, "admin", "payment/multi", None, &part(architecture));
                }
                self.push(0, "admin", "payment/multi", Some("v1"), &multi());
            }
            99 => self.push(0, "admin", "search/base", Some("v1"), &base()),
            153 => {
                let open = Request::new("POST", "/v2/payment/web/blobs/uploads/").with_basic("bob", "Passw0rd-b");
                let answer = self.harbors.answer(0, &open, self.now);
                assert_eq!(answer.status, 202);
                answer.header("Location").expect("a place").clone_into(&mut self.upload);
            }
            254 => self.push(0, "admin", "search/web", Some("ev1"), &web(1)),
            259 => self.push(0, "admin", "search/web", Some("ev2"), &web(2)),
            260 => self.now = self.now.plus_millis(12_000),
            296 => self.harbors.stop_core(1),
            297 => self.push(0, "admin", "search/api", Some("lost1"), &api()),
            306 => {
                self.harbors.start_core(1, self.now);
                self.now = self.now.plus_millis(5_000);
            }
            310 => self.push(0, "admin", "payment/big", Some("v1"), &big()),
            315 => {
                self.now = Stamp((self.now.0 / 5_000 + 1) * 5_000 + 500);
                self.death = self.now;
                self.harbors.stop_storage(1, self.now);
            }
            320 => self.harbors.start_storage(1),
            330 => {
                self.now = Stamp((self.now.0 / 5_000 + 2) * 5_000);
                let admin = |request: Request| request.with_basic("admin", ADMIN);
                let removed = admin(Request::new("DELETE", "/api/v2.0/projects/payment/repositories/big/artifacts/v1"));
                assert_eq!(self.harbors.answer(1, &removed, self.now).status, 200);
                let started = admin(Request::new("POST", "/api/v2.0/replication/executions").with_json(&json!({"policy_id": 1})));
                assert_eq!(self.harbors.answer(0, &started, self.now).status, 201);
                self.now = self.now.plus_millis(3_500);
            }
            337 => self.push(1, "admin", "payment/web", Some("v1"), &api()),
            360 => self.harbors.add_outside(Outside::Dragonfly { url: "http://127.0.0.1:9555".into(), next_job: 6, report: REPORT.into() }),
            384 => self.push(0, "admin", "poorproj/web", Some("v1"), &web(1)),
            392 => self.push(0, "admin", "goodproj/web", Some("v1"), &web(1)),
            // Step 353 is told before row 352; from 401 on it is Dragonfly's turn.
            353 | 401.. => {}
            other => panic!("step {other} is not known"),
        }
    }

    fn request(&self, exchange: &Exchange, masks: &Masks) -> Request {
        let mut request = Request::new(&exchange.method, &Self::address(exchange, masks));
        for (name, value) in exchange.headers.iter().filter(|(name, _)| name != "Content-Type" || exchange.body.is_none()) {
            request = request.with_header(name, value);
        }
        if let Some(body) = &exchange.body {
            let declared = exchange.headers.iter().find(|(name, _)| name == "Content-Type").map_or("", |(_, value)| value.as_str());
            request = match body.as_str() {
                Some(text) => request.with_body(declared, text.as_bytes().to_vec()),
                None => request.with_json(&self.corrected(exchange.n, body)),
            };
        }
        let Some(user) = &exchange.user else { return request };
        if let Some(name) = user.strip_suffix(" (bearer)") {
            return request.with_header("Authorization", &format!("Bearer {}", self.tokens[name]));
        }
        match exchange.credential.as_str() {
            "ok" => request.with_basic(user, &self.passwords[user]),
            _ => request.with_basic(user, "not-the-password"),
        }
    }

    /// The recorded path with the twin's ids in the place of the recorded ones.
    fn address(exchange: &Exchange, masks: &Masks) -> String {
        let (path, query) = exchange.path.split_once('?').map_or((exchange.path.as_str(), None), |(path, query)| (path, Some(query)));
        let mut before = "";
        let words: Vec<String> = path
            .split('/')
            .map(|word| {
                let kind = kind_of(before);
                before = word;
                masks.twin(&exchange.instance, kind, word).unwrap_or(word).to_owned()
            })
            .collect();
        let path = words.join("/");
        query.map_or(path.clone(), |query| format!("{path}?{query}"))
    }

    fn corrected(&self, n: u32, body: &Value) -> Value {
        let mut body = body.clone();
        match n {
            185 => body["disable"] = json!(true),
            382 | 390 => {
                let robot = body["credential"]["access_key"].as_str().expect("a robot").to_owned();
                body["credential"]["access_secret"] = json!(self.passwords[&robot]);
            }
            _ => {}
        }
        body
    }

    /// Keeps what later exchanges need: passwords, secrets, tokens.
    fn learn(&mut self, exchange: &Exchange, answer: &Answer) {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let sent = exchange.body.clone().unwrap_or_default();
        let got = answer.value();
        match (exchange.method.as_str(), exchange.path.split('?').next().unwrap_or_default()) {
            ("POST", "/api/v2.0/users") if answer.status == 201 => {
                self.passwords.insert(text(&sent["username"]).expect("a name"), text(&sent["password"]).expect("a password"));
            }
            ("POST", "/api/v2.0/robots") if answer.status == 201 => {
                self.passwords.insert(text(&got["name"]).expect("a name"), text(&got["secret"]).expect("a secret"));
            }
            ("PATCH", "/api/v2.0/robots/3") if answer.status == 200 => {
                self.passwords.insert("robot$payment+ci".into(), text(&sent["secret"]).expect("a secret"));
            }
            ("GET", "/service/token") => {
                self.tokens.insert(exchange.user.clone().expect("a user"), text(&got["token"]).expect("a token"));
            }
            _ => {}
        }
    }

    fn push(&mut self, at: usize, by: &str, name: &str, tag: Option<&str>, image: &Image) {
        self.harbors.advance(self.now);
        let (project, repository) = name.split_once('/').expect("a project and a repository");
        let push = Push { project, repository, tag, image: Arc::new(image.clone()), by };
        self.harbors.harbor_mut(at).expect("a Harbor").push(&push, self.now).expect("a push that is let in");
        self.now = self.now.plus_millis(50);
    }

    fn policy_filter(&mut self, value: &str) {
        let harbor = self.harbors.harbor_mut(0).expect("a Harbor");
        let policy = harbor.policies.iter_mut().find(|policy| policy.id == 1).expect("the policy");
        policy.filters = json!([{"type": "name", "value": value}]);
    }
}

fn place(instance: &str) -> usize {
    usize::from(instance == "B")
}

fn config(architecture: &str) -> Value {
    json!({"architecture": architecture, "author": "", "created": "2026-11-20T08:00:00Z", "os": "linux",
        "config": {"Cmd": ["/app"], "Env": ["PATH=/bin"]},
        "history": [{"created": "2026-11-20T08:00:00Z", "created_by": "COPY app /app"}]})
}

/// The image `web`, whose two manifests are known to the byte.
fn web(version: u32) -> Image {
    let (config_digest, layer) = match version {
        1 => (
            "sha256:c75c4d5405c1e97f7727c9bae42aaa18edd0f71f130a7b26a1625977ebb76cbc",
            "sha256:7c6c294613a67739760b679273df4fefd058b4f02e146dfee0abac01b82cb4e3",
        ),
        _ => (
            "sha256:64b87d745e28c982702bdcf93b80a6ffcca727f0847f4527aca7631f006fa6d0",
            "sha256:154c07cdaeeaae2a77d7013f23c54b75690692c0d1f460d4d16e30afa15ad19d",
        ),
    };
    Image::of_parts(None, (config_digest.into(), 326), &[(layer.into(), 95)], config("amd64"))
}

fn api() -> Image {
    known("sha256:e950c4d6260341fa9bd3cfbb3c404e4dd4c9d987c7cfc62484a5d064f2d243ab", "amd64", 326, 95)
}

fn base() -> Image {
    known("sha256:0db3bbb88129b831808651e1ca3a08f637946347e93ecb57cbb6c4406da267cb", "amd64", 329, 95)
}

fn big() -> Image {
    let layer = "sha256:12d53923c7b6f2bf1f774d0dcea6d927b4613d6d153bbb13c3cb38e5ca7b788f";
    let config_digest = "sha256:09df355e9d8209eb8bd63eb3ead25d9de85449548dccd56dce6cdd11ecf647ce";
    Image::of_parts(Some("sha256:b16"), (config_digest.into(), 326), &[(layer.into(), 30_009_336)], config("amd64"))
}

fn part(architecture: &str) -> Image {
    match architecture {
        "amd64" => known("sha256:431cc31f88f401c19a2c009965531180a10d440f5f1e8c915b76ae03af9fb56b", "amd64", 328, 100),
        _ => known("sha256:54f67b046732243cf3c05909ae5a0e576020f70761776e19b2e8f97f67148570", "arm64", 326, 100),
    }
}

fn multi() -> Image {
    let child = |architecture: &str| {
        let image = part(architecture);
        (Child { digest: image.digest, os: "linux".into(), architecture: architecture.into() }, 417)
    };
    let digest = "sha256:8742f9f819d396dd4746cf7ec831bece7781ca9acfba42b35f620629b7806482";
    Image::index(Some(digest), &[child("amd64"), child("arm64")], Some(517))
}

/// An image of which only the digest and the sizes are known.
fn known(digest: &str, architecture: &str, config_size: u64, layer_size: u64) -> Image {
    let made = |what: &str| wharf::lab::exchange::digest(format!("{digest} {what}").as_bytes()).into();
    Image::of_parts(Some(digest), (made("config"), config_size), &[(made("layer"), layer_size)], config(architecture))
}

const REPORT: &str = "\
+------------------+----------+----------+------------+---------+---------------+
|     BLOB URL     | HOSTNAME |    IP    | CLUSTER ID |  STATE  | ERROR MESSAGE |
+------------------+----------+----------+------------+---------+---------------+
| http://x/blobs/1 | peer-1   | 10.0.0.1 |          1 | SUCCESS |               |
+------------------+----------+----------+------------+---------+---------------+";
