//! The plain registry's twin beside Debian's `docker-registry`: the same image pushed to both, the same questions, the same answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wharf::lab::exchange::{Request, digest};
use wharf::lab::oci::{Door, Knobs, Registry, Twin};
use wharf::lab::server::{Place, Server};
use wharf::model::clock::Clock;

use crate::programs::have_programs;

/// A tar of one file, gzipped.
const LAYER: &str =
    "H4sIAAAAAAACA+3NOw5AABAE0K2dwhEIcR8dnfjc31KJnkS818xmMsn20xRPq1LXtmeme6bmch99rusoq3jBtqz9nC/jn4axCAAAAAAAAAAAAL5nB6Gm34EAKAAA";
const CONFIG: &str = r#"{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:0"]}, "config": {}}"#;
const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
/// `baggins` for `frodo`, as htpasswd keeps it.
const HTPASSWD: &str = "frodo:$2y$05$926C3y10Quzn/LnqQH86VOEVh/18T6RnLaS.khre96jLNL/7e.K5W\n";

/// The real registry; it ends with the test.
struct Real(Child);

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How the registries are set up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Anybody may do everything but delete.
    Open,
    /// One user may do everything.
    Guarded,
}

/// One of the two, and how it is spoken to.
struct Side {
    host: String,
    user: Option<(&'static str, &'static str)>,
}

#[allow(clippy::disallowed_methods, reason = "the programs that the twin is held to")]
fn program(name: &str) -> Command {
    Command::new(name)
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn start(folder: &Path, way: Way) -> (Real, Side) {
    let port = free_port();
    let data = folder.join("data");
    let guarded = way == Way::Guarded;
    let mut text = format!(
        "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: {guarded}\nhttp:\n  addr: 127.0.0.1:{port}\n",
        data.display()
    );
    if guarded {
        let file = folder.join("htpasswd");
        std::fs::write(&file, HTPASSWD).expect("a file");
        let _ = write!(text, "auth:\n  htpasswd:\n    realm: lab\n    path: {}\n", file.display());
    }
    let config = folder.join("config.yml");
    std::fs::write(&config, text).expect("a config");
    let child =
        program("docker-registry").arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a registry");
    let real = Real(child);
    for _ in 0..100 {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            let user = guarded.then_some(("frodo", "baggins"));
            return (real, Side { host: format!("127.0.0.1:{port}"), user });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the registry does not listen");
}

/// An OCI layout of one image.
fn layout(folder: &Path) -> (PathBuf, String, String) {
    let place = folder.join("image");
    let blobs = place.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).expect("a folder");
    let put = |bytes: &[u8]| {
        let name = digest(bytes);
        std::fs::write(blobs.join(&name[7..]), bytes).expect("a blob");
        json!({"digest": name, "size": bytes.len()})
    };
    let layer = STANDARD.decode(LAYER).expect("base64");
    let (mut layer, mut config) = (put(&layer), put(CONFIG.as_bytes()));
    layer["mediaType"] = json!("application/vnd.oci.image.layer.v1.tar+gzip");
    config["mediaType"] = json!("application/vnd.oci.image.config.v1+json");
    let blob = layer["digest"].as_str().expect("a digest").to_owned();
    let manifest = json!({"schemaVersion": 2, "mediaType": OCI, "config": config, "layers": [layer]});
    let mut entry = put(manifest.to_string().as_bytes());
    entry["mediaType"] = json!(OCI);
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": "v1"});
    let own = entry["digest"].as_str().expect("a digest").to_owned();
    std::fs::write(place.join("index.json"), json!({"schemaVersion": 2, "manifests": [entry]}).to_string()).expect("an index");
    std::fs::write(place.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a layout");
    (place, own, blob)
}

fn push(image: &Path, side: &Side, name: &str) {
    let mut skopeo = program("skopeo");
    skopeo.args(["copy", "--quiet", "--dest-tls-verify=false"]);
    if let Some((user, password)) = side.user {
        skopeo.arg(format!("--dest-creds={user}:{password}"));
    }
    let out = skopeo.arg(format!("oci:{}:v1", image.display())).arg(format!("docker://{}/{name}", side.host)).output().expect("skopeo");
    assert!(out.status.success(), "skopeo to {}: {}", side.host, String::from_utf8_lossy(&out.stderr));
}

/// Sends a request and reads status, headers and body; addresses and names of uploads are masked.
fn ask(side: &Side, request: &Request) -> (u16, BTreeMap<String, String>, Value) {
    let target = if request.query.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, request.query) };
    let mut text = format!(
        "{} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
        request.method,
        side.host,
        request.body.len()
    );
    for (name, value) in &request.headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(&side.host).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.write_all(b"\r\n"))
        .and_then(|()| stream.write_all(&request.body))
        .expect("sent");
    let mut bytes = Vec::new();
    // Who refuses a body without reading it may answer and then reset the connection: the answer counts.
    if let Err(why) = stream.read_to_end(&mut bytes) {
        assert!(bytes.windows(4).any(|four| four == b"\r\n\r\n"), "no answer: {why}");
    }
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let masked = |text: &str| {
        let text = text.replace(&side.host, "HOST");
        match text.split_once("/blobs/uploads/") {
            Some((before, _)) => format!("{before}/blobs/uploads/ID"),
            None => text,
        }
    };
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), masked(value)));
    let left_out = ["date", "x-content-type-options", "connection", "docker-upload-uuid"];
    let headers = headers.filter(|(name, _)| !left_out.contains(&name.as_str())).collect();
    let body = &bytes[end + 4..];
    let body = serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
    (status, headers, body)
}

fn questions(own: &str, blob: &str) -> Vec<Request> {
    let nowhere = format!("sha256:{}", "0".repeat(64));
    let plain = |target: &str| Request::new("GET", target);
    let oci = |method: &str, target: &str| Request::new(method, target).with_header("Accept", OCI);
    let mut all = vec![
        plain("/v2/"),
        plain("/v2/_catalog"),
        plain("/v2/_catalog?n=1"),
        plain("/v2/_catalog?n=1&last=base"),
        plain("/v2/_catalog?n=0"),
        plain("/v2/_catalog?n=x"),
        plain("/v2/payment/web/tags/list"),
        plain("/v2/payment/web/tags/list?n=1"),
        plain("/v2/nosuch/tags/list"),
        plain("/v2/Bad%20Name/tags/list"),
        plain("/nosuch"),
        plain("/v2/payment/web/manifests/v1"),
        plain(&format!("/v2/payment/web/referrers/{own}")),
        Request::new("POST", "/v2/_catalog"),
        Request::new("HEAD", "/v2/payment/web/tags/list"),
        oci("HEAD", "/v2/payment/web/manifests/v1").with_header("If-None-Match", &format!("\"{own}\"")),
        Request::new("POST", "/v2/payment/web/blobs/uploads/"),
        Request::new("POST", &format!("/v2/payment/web/blobs/uploads/?mount={blob}&from=base")),
        Request::new("PATCH", "/v2/payment/web/blobs/uploads/1f6ea06f-4098-4125-8215-91a2cc129f99"),
    ];
    for reference in ["v1", "v9", own, &nowhere] {
        all.push(oci("GET", &format!("/v2/payment/web/manifests/{reference}")));
        all.push(oci("HEAD", &format!("/v2/payment/web/manifests/{reference}")));
    }
    for digest in [blob, &nowhere] {
        all.push(Request::new("HEAD", &format!("/v2/payment/web/blobs/{digest}")));
    }
    all.push(plain(&format!("/v2/payment/web/blobs/{nowhere}")));
    let unknown = json!({"schemaVersion": 2, "layers": [], "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": nowhere, "size": 1}});
    all.push(Request::new("PUT", "/v2/payment/web/manifests/v8").with_body(OCI, unknown.to_string().into_bytes()));
    all.push(Request::new("DELETE", "/v2/payment/web/manifests/v1"));
    all.push(Request::new("DELETE", &format!("/v2/payment/web/manifests/{own}")));
    all.push(Request::new("DELETE", &format!("/v2/payment/web/manifests/{own}")));
    all.push(plain("/v2/payment/web/tags/list"));
    all
}

fn compare(way: Way) {
    let guarded = way == Way::Guarded;
    if !have_programs(&["docker-registry", "skopeo"], "the plain registry's twin against a real one") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (image, own, blob) = layout(folder.path());
    let (_real, real) = start(folder.path(), way);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let inside = runtime.enter();
    let clock = Clock::system();
    let server = Server::start(0, clock.clone()).expect("a listener");
    let address = Ipv4Addr::new(127, 79, 0, 1);
    let host = format!("{address}:{}", server.port());
    let door = if guarded { Door::Basic { user: "frodo".into(), password: "baggins".into() } } else { Door::Open };
    let registry = Registry::new(&format!("http://{host}"), Knobs { deletes: guarded, door, ..Knobs::default() });
    let place = Place { name: "plain".into(), address, latency: Duration::ZERO, rules: Vec::new() };
    server.open(place, Arc::new(Twin::new(registry, clock)));
    drop(inside);
    let twin = Side { host, user: real.user };
    for side in [&real, &twin] {
        for name in ["payment/web:v1", "payment/web:v2", "payment/web:v3", "base:v1"] {
            push(&image, side, name);
        }
    }
    let mut wrong = Vec::new();
    let mut count = 0;
    for question in questions(&own, &blob) {
        // Once as nobody, where that is another thing, and once as somebody.
        let mut versions = vec![question.clone()];
        if let Some((user, password)) = real.user {
            versions.push(question.clone().with_basic(user, "wrong"));
            versions.push(question.with_basic(user, password));
        }
        for version in versions {
            count += 1;
            let (left, right) = (ask(&real, &version), ask(&twin, &version));
            if left != right {
                wrong.push(format!("{} {}?{}\n  real {left:?}\n  twin {right:?}", version.method, version.path, version.query));
            }
        }
    }
    println!("{count} questions to a real registry and to its twin");
    assert!(wrong.is_empty(), "{} answers differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_open_registry_without_deletion_answers_as_the_real_one() {
    compare(Way::Open);
}

#[test]
fn a_guarded_registry_with_deletion_answers_as_the_real_one() {
    compare(Way::Guarded);
}
