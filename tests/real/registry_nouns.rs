//! Two real registries on loopback, filled by skopeo: what Wharf says of them is what skopeo says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use wharf::lab::exchange::digest;

use crate::programs::have_programs;
use crate::site::{Site, text};

/// By repository and digest: bytes, and the tags by registry.
type Digests = BTreeMap<(String, String), (u64, BTreeMap<String, BTreeSet<String>>)>;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A registry of its own folder; it ends with the test.
struct Real {
    child: Child,
    host: String,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[allow(clippy::disallowed_methods, reason = "the programs that Wharf is held to")]
fn program(name: &str) -> Command {
    Command::new(name)
}

impl Real {
    fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a port").port();
        let config = folder.join("config.yml");
        let data = folder.join("data");
        let text =
            format!("version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n", data.display());
        std::fs::write(&config, text).expect("a config");
        let mut serve = program("docker-registry");
        let child = serve.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a registry");
        let real = Self { child, host: format!("127.0.0.1:{port}") };
        for _ in 0..100 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return real;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the registry does not listen");
    }

    fn push(&self, image: &Path, name: &str) {
        let from = format!("oci:{}:v1", image.display());
        skopeo(&["copy", "--quiet", "--dest-tls-verify=false", &from, &format!("docker://{}/{name}", self.host)]);
    }

    fn tags(&self, repository: &str) -> BTreeSet<String> {
        let told = skopeo(&["list-tags", "--tls-verify=false", &format!("docker://{}/{repository}", self.host)]);
        let told: Value = serde_json::from_str(&told).expect("JSON");
        told["Tags"].as_array().expect("tags").iter().map(|tag| text(tag).to_owned()).collect()
    }

    /// The digest of a tag and the bytes of its manifest, config and layers.
    fn inspect(&self, repository: &str, tag: &str) -> (String, u64) {
        let raw = skopeo(&["inspect", "--raw", "--tls-verify=false", &format!("docker://{}/{repository}:{tag}", self.host)]);
        let manifest: Value = serde_json::from_str(&raw).expect("JSON");
        let parts = manifest["layers"].as_array().expect("layers").iter().chain([&manifest["config"]]);
        let size = raw.len() as u64 + parts.map(|part| part["size"].as_u64().expect("a size")).sum::<u64>();
        (digest(raw.as_bytes()), size)
    }
}

fn skopeo(words: &[&str]) -> String {
    let out = program("skopeo").args(words).output().expect("skopeo");
    assert!(out.status.success(), "skopeo {words:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("text")
}

/// An OCI layout of an image of one layer.
fn image(folder: &Path, words: &str) -> PathBuf {
    let place = folder.join(format!("image-{words}"));
    let blobs = place.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).expect("a folder");
    let put = |bytes: &[u8], kind: &str| {
        let name = digest(bytes);
        std::fs::write(blobs.join(&name[7..]), bytes).expect("a blob");
        json!({"mediaType": kind, "digest": name, "size": bytes.len()})
    };
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(words.as_bytes())]}, "config": {"Labels": {"for": words}}});
    let config = put(config.to_string().as_bytes(), "application/vnd.oci.image.config.v1+json");
    let layer = put(words.as_bytes(), "application/vnd.oci.image.layer.v1.tar");
    let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
    let mut entry = put(manifest.to_string().as_bytes(), MANIFEST);
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": "v1"});
    std::fs::write(place.join("index.json"), json!({"schemaVersion": 2, "manifests": [entry]}).to_string()).expect("an index");
    std::fs::write(place.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a layout");
    place
}

#[test]
fn two_real_registries_are_told_as_skopeo_tells_them() {
    if !have_programs(&["docker-registry", "skopeo"], "what Wharf says of plain registries against skopeo") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let [one, two, three] = ["one", "two", "three"].map(|words| image(folder.path(), words));
    let [north, south] = ["north", "south"].map(|name| Real::start(&folder.path().join(name)));
    for (image, name) in
        [(&one, "payment/web:v1"), (&two, "payment/web:v2"), (&two, "payment/web:stable"), (&one, "redis:7"), (&three, "2026:v1")]
    {
        north.push(image, name);
    }
    // The same tag with another image, one that is missing, one repository more.
    for (image, name) in [(&one, "payment/web:v1"), (&three, "payment/web:v2"), (&one, "infra/deep/er/kafka:3.7_build-1")] {
        south.push(image, name);
    }
    let mut config = String::new();
    for (name, real) in [("north", &north), ("south", &south)] {
        let written = write!(
            config,
            "[[idc]]\nname = \"{name}\"\ntitle = \"{name}\"\nenvironment = \"test\"\n[[registry]]\nname = \"{name}\"\nidc = \"{name}\"\n\
             kind = \"oci\"\nurl = \"http://{}\"\n",
            real.host
        );
        written.expect("a String takes everything");
    }
    let site = Site::new(&config);
    let names = ["2026", "infra/deep/er/kafka", "payment/web", "redis"];
    let held = [(&north, "north", ["2026", "payment/web", "redis"].as_slice()), (&south, "south", &["infra/deep/er/kafka", "payment/web"])];

    let repositories = site.get("repositories");
    let told: Vec<(&str, &Value, &Value)> = repositories.iter().map(|r| (text(&r["repository"]), &r["is_in"], &r["project"])).collect();
    let is_in = |name: &str| json!({"north": held[0].2.contains(&name), "south": held[1].2.contains(&name)});
    let wanted: Vec<(&str, Value, Value)> = names.iter().map(|name| (*name, is_in(name), Value::Null)).collect();
    assert_eq!(told, wanted.iter().map(|(name, places, none)| (*name, places, none)).collect::<Vec<_>>());

    let mut wanted: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut digests: Digests = BTreeMap::new();
    for (real, place, repositories) in held {
        for repository in repositories {
            for tag in real.tags(repository) {
                let (digest, size) = real.inspect(repository, &tag);
                wanted.entry(format!("{repository}:{tag}")).or_default().insert(place.to_owned(), digest.clone());
                let known = digests.entry(((*repository).to_owned(), digest)).or_insert((size, BTreeMap::new()));
                known.1.entry(place.to_owned()).or_default().insert(tag);
            }
        }
    }
    let strings = |map: &Value| -> BTreeMap<String, String> {
        map.as_object().expect("an object").iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), text(v).to_owned())).collect()
    };
    let told: BTreeMap<String, BTreeMap<String, String>> = site
        .get("tags")
        .iter()
        .map(|tag| (format!("{}:{}", text(&tag["repository"]), text(&tag["tag"])), strings(&tag["digest"])))
        .collect();
    assert_eq!(told, wanted);

    let told: Digests = site
        .get("artifacts")
        .iter()
        .map(|artifact| {
            let tags = artifact["tags_in"].as_object().expect("an object").iter().filter(|(_, tags)| !tags.is_null());
            let tags =
                tags.map(|(place, tags)| (place.clone(), tags.as_array().expect("a list").iter().map(|t| text(t).to_owned()).collect()));
            let key = (text(&artifact["repository"]).to_owned(), text(&artifact["digest"]).to_owned());
            (key, (artifact["size"].as_u64().expect("a size"), tags.collect()))
        })
        .collect();
    assert_eq!(told, digests);

    // Plain registries have no projects, and that is not an error.
    assert!(site.get("projects").is_empty() && site.get("members").is_empty() && site.get("quotas").is_empty());
}
