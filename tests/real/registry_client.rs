//! Real registries: Debian's docker-registry, filled with skopeo, listed by both, open and with a password.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wharf::clients::gate::Client;
use wharf::clients::http::{Credentials, HttpEndpoint, Url};
use wharf::clients::oci::{Oci, ReferrersBy, Source};
use wharf::clients::{Mode, Wire, WireOptions};
use wharf::model::artifact::Digest;
use wharf::model::clock::Clock;
use wharf::model::fault::FaultKind;

use crate::programs::have_programs;

/// bcrypt of `s3cret`.
const HTPASSWD: &str = "ops:$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n";
/// gzip of an empty tar.
const LAYER: &str = "1f8b08000000000002ff63601805a360148c5400002eafb5ef00040000";

struct Registry {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
    password: Option<&'static str>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Registry {
    fn start(password: Option<&'static str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let at = folder.path().display();
        let auth = if password.is_some() {
            fs::write(folder.path().join("htpasswd"), HTPASSWD).expect("htpasswd");
            format!("auth: {{htpasswd: {{realm: test, path: {at}/htpasswd}}}}\n")
        } else {
            String::new()
        };
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {at}/data}}}}\nhttp: {{addr: \"127.0.0.1:{port}\"}}\n{auth}"
        );
        fs::write(folder.path().join("config.yml"), config).expect("a config");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(folder.path().join("config.yml")).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("docker-registry starts");
        let registry = Self { child, folder, port, password };
        let up = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        assert!(
            (0..200).any(|_| up() || {
                std::thread::sleep(Duration::from_millis(50));
                false
            }),
            "docker-registry does not listen"
        );
        registry
    }

    fn reference(&self, rest: &str) -> String {
        format!("docker://127.0.0.1:{}/{rest}", self.port)
    }

    fn push(&self, layout: &Path, tag: &str, to: &str) {
        let (from, to) = (format!("oci:{}:{tag}", layout.display()), self.reference(to));
        let mut arguments = vec!["copy", "--all", "--dest-tls-verify=false"];
        let credential = self.password.map(|password| format!("ops:{password}"));
        if let Some(credential) = &credential {
            arguments.extend(["--dest-creds", credential]);
        }
        arguments.extend([from.as_str(), to.as_str()]);
        skopeo(&arguments);
    }

    fn ask_skopeo(&self, verb: &[&str], of: &str) -> Vec<u8> {
        let reference = self.reference(of);
        let credential = self.password.map(|password| format!("ops:{password}"));
        let mut arguments = verb.to_vec();
        arguments.push("--tls-verify=false");
        if let Some(credential) = &credential {
            arguments.extend(["--creds", credential]);
        }
        arguments.push(&reference);
        skopeo(&arguments)
    }

    fn client(&self, password: Option<&str>) -> Oci {
        let options = WireOptions::new(Mode::ReadOnly, Clock::system(), self.folder.path().to_path_buf());
        let wire = Wire::new(options).expect("a wire");
        let credentials = password.map(|password| Credentials::Basic { user: "ops".into(), password: password.to_owned().into() });
        let base = Url::parse(&format!("http://127.0.0.1:{}", self.port)).expect("a url");
        Oci::new(&wire, HttpEndpoint { name: "plain".into(), base, ca: None, client: Client::Oci, credentials }, Vec::new())
            .expect("a client")
    }
}

fn skopeo(arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("skopeo");
    command.arg("--insecure-policy").args(arguments);
    let output = command.output().expect("skopeo runs");
    assert!(output.status.success(), "skopeo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// An OCI layout with `v1` (one platform) and `multi` (an index of two).
fn layout(folder: &Path) -> PathBuf {
    let blobs = folder.join("layout/blobs/sha256");
    fs::create_dir_all(&blobs).expect("blobs");
    let put = |bytes: &[u8]| {
        let digest = Digest::of(bytes).to_string();
        fs::write(blobs.join(digest.trim_start_matches("sha256:")), bytes).expect("a blob");
        (digest, bytes.len())
    };
    let layer: Vec<u8> = (0..LAYER.len()).step_by(2).map(|at| u8::from_str_radix(&LAYER[at..at + 2], 16).expect("hex")).collect();
    let (layer, layer_size) = put(&layer);
    let image = |architecture: &str| {
        let diff = Digest::of(&[0; 1024]);
        let config =
            format!(r#"{{"architecture":"{architecture}","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":["{diff}"]}}}}"#);
        let (config, config_size) = put(config.as_bytes());
        put(format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":{config_size}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{layer}","size":{layer_size}}}]}}"#
        ).as_bytes())
    };
    let child = |architecture: &str| {
        let (digest, size) = image(architecture);
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":{size},"platform":{{"os":"linux","architecture":"{architecture}"}}}}"#
        )
    };
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{},{}]}}"#,
        child("amd64"),
        child("arm64")
    );
    let (index, index_size) = put(index.as_bytes());
    let (single, single_size) = image("amd64");
    let named = |kind: &str, digest: &str, size: usize, tag: &str| {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.{kind}.v1+json","digest":"{digest}","size":{size},"annotations":{{"org.opencontainers.image.ref.name":"{tag}"}}}}"#
        )
    };
    let (v1, multi) = (named("manifest", &single, single_size, "v1"), named("index", &index, index_size, "multi"));
    let root = folder.join("layout");
    fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a layout");
    fs::write(root.join("index.json"), format!(r#"{{"schemaVersion":2,"manifests":[{v1},{multi}]}}"#)).expect("an index");
    root
}

async fn agrees_with_skopeo(registry: &Registry, oci: &Oci) {
    let from = layout(registry.folder.path());
    for (tag, to) in [("v1", "payment/web:v1"), ("v1", "payment/web:v1.0_build.7"), ("multi", "payment/core/api:multi")] {
        registry.push(&from, tag, to);
    }
    let all = oci.list_repositories().await.expect("a catalogue");
    let names: Vec<&str> = all.names.iter().map(|name| &**name).collect();
    assert_eq!((names.as_slice(), all.source), (&["payment/core/api", "payment/web"][..], Source::Catalogue));
    for repository in names {
        let said: serde_json::Value = serde_json::from_slice(&registry.ask_skopeo(&["list-tags"], repository)).expect("json");
        let theirs: Vec<&str> = said["Tags"].as_array().expect("tags").iter().filter_map(|tag| tag.as_str()).collect();
        let ours = oci.list_tags(repository).await.expect("tags");
        assert_eq!(ours.iter().map(|tag| &**tag).collect::<Vec<_>>(), theirs);
        for tag in ours {
            let raw = registry.ask_skopeo(&["inspect", "--raw"], &format!("{repository}:{tag}"));
            let manifest = oci.fetch_manifest(repository, &tag).await.expect("a manifest");
            assert_eq!((&manifest.digest, manifest.size), (&Digest::of(&raw), raw.len() as u64));
            let head = oci.fetch_head(repository, &tag).await.expect("a head");
            assert_eq!((&head.digest, &head.media_type, head.size), (&manifest.digest, &manifest.media_type, Some(manifest.size)));
            let again = oci.fetch_manifest(repository, &manifest.digest.to_string()).await.expect("by digest");
            assert_eq!(again, manifest);
            for blob in manifest.layers.iter().chain(&manifest.config) {
                assert_eq!(oci.fetch_blob_size(repository, &blob.digest).await.expect("an answer"), Some(blob.size));
            }
        }
    }
    let index = oci.fetch_manifest("payment/core/api", "multi").await.expect("an index");
    let platforms: Vec<String> = index.manifests.iter().filter_map(|m| m.platform.as_ref()).map(ToString::to_string).collect();
    assert!(index.is_index());
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    let none = oci.fetch_blob_size("payment/web", &Digest::of(b"nothing")).await.expect("an answer");
    assert_eq!(none, None);
    // This registry is of before the referrers API.
    let referrers = oci.list_referrers("payment/core/api", &index.digest).await.expect("referrers");
    assert_eq!((referrers.by, referrers.list.len()), (ReferrersBy::Tag, 0));
    assert_eq!(oci.fetch_manifest("payment/web", "v9").await.expect_err("none").kind, FaultKind::NotFound);
    assert_eq!(oci.list_tags("payment/nothing").await.expect_err("none").kind, FaultKind::NotFound);
}

#[tokio::test]
async fn an_open_registry_says_what_skopeo_says() {
    if !have_programs(&["docker-registry", "skopeo"], "the client of plain registries against real ones") {
        return;
    }
    let registry = Registry::start(None);
    let oci = registry.client(None);
    oci.fetch_ping().await.expect("it answers");
    agrees_with_skopeo(&registry, &oci).await;
    // A catalogue of more than one page.
    for number in 0..250 {
        let repository = registry.folder.path().join(format!("data/docker/registry/v2/repositories/many/r{number:03}"));
        fs::create_dir_all(repository.join("_layers")).expect("a repository");
        fs::create_dir_all(repository.join("_manifests/tags")).expect("a repository");
    }
    let all = oci.list_repositories().await.expect("a catalogue");
    assert_eq!(all.names.len(), 252);
    assert!(all.names.is_sorted(), "in the registry's order");
}

#[tokio::test]
async fn a_registry_with_a_password_takes_it_and_refuses_another() {
    if !have_programs(&["docker-registry", "skopeo"], "the client of plain registries against real ones") {
        return;
    }
    let registry = Registry::start(Some("s3cret"));
    let oci = registry.client(Some("s3cret"));
    oci.fetch_ping().await.expect("it takes the password");
    agrees_with_skopeo(&registry, &oci).await;
    let wrong = registry.client(Some("wrong"));
    assert_eq!(wrong.fetch_ping().await.expect_err("refused").kind, FaultKind::Unauthorized);
    assert_eq!(wrong.list_tags("payment/web").await.expect_err("refused").kind, FaultKind::Unauthorized);
    assert_eq!(registry.client(None).list_repositories().await.expect_err("refused").kind, FaultKind::Unauthorized);
}
