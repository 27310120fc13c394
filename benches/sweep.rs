//! One sweep of 1,000 Docker hosts of the lab, 20 ms away, each behind mutual TLS: version, info and list of every one.
//!
//! First with a handshake each, then again over the connections that are open; a tenth of the hosts for comparison.
//! The far end, its TLS and the client share this machine's cores.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench, which prints what it measures")]

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use wharf::clients::docker::{Docker, DockerEndpoint};
use wharf::clients::{Mode, TlsFiles, Wire, WireOptions};
use wharf::lab::{Lab, LabOptions, World};
use wharf::model::clock::Clock;
use wharf::model::endpoint::Address;

const CONTAINERS: usize = 20;

fn main() {
    // `cargo bench -- --test` and `cargo test --benches` only ask whether it runs.
    let sizes: &[usize] = if std::env::args().any(|arg| arg == "--test") { &[20] } else { &[100, 1000] };
    let folder = std::env::temp_dir().join(format!("wharf-sweep-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let _ = rustls::crypto::ring::default_provider().install_default();
    for hosts in sizes {
        measure(*hosts, &folder);
    }
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

fn measure(hosts: usize, folder: &Path) {
    let far = Runtime::new().expect("a runtime");
    let (acceptor, files) = trust(folder);
    let world = World::parse("sweep", &world(hosts)).expect("a world");
    let addresses: Vec<Ipv4Addr> = world.hosts.iter().map(|host| host.address).collect();
    let lab = far.block_on(Lab::start(world, LabOptions::default())).expect("a lab");
    let ports: Vec<u16> = addresses.iter().map(|to| far.block_on(gateway((*to, lab.port()), acceptor.clone()))).collect();

    let near = Runtime::new().expect("a runtime");
    let wire = Wire::new(WireOptions::new(Mode::ReadOnly, Clock::system(), folder.to_path_buf())).expect("a wire");
    let clients: Vec<Docker> = ports.iter().map(|port| near.block_on(async { client(&wire, *port, &files) })).collect();
    let first = sweep(&near, &clients);
    let mut again: Vec<Duration> = (0..7).map(|_| sweep(&near, &clients)).collect();
    again.sort_unstable();
    let (first, again) = (first.as_millis(), again[3].as_millis());
    println!("sweep of {hosts} hosts, mutual TLS, 20 ms away: first {first} ms, again {again} ms (median of 7)");
}

/// Everything that a poller asks of a host, of all hosts at once.
fn sweep(run: &Runtime, clients: &[Docker]) -> Duration {
    let begun = Instant::now();
    let answers = run.block_on(join_all(clients.iter().map(|client| async {
        client.fetch_host().await.expect("facts");
        client.list_containers(&[]).await.expect("a list").len()
    })));
    assert!(answers.iter().all(|count| *count == CONTAINERS), "{answers:?}");
    begun.elapsed()
}

fn client(wire: &Wire, port: u16, files: &TlsFiles) -> Docker {
    let address = Address::Tcp { host: "127.0.0.1".into(), port, path: "".into() };
    Docker::new(wire, DockerEndpoint { name: format!("h-{port}").into(), address, tls: Some(files.clone()), ssh_arguments: [].into() })
        .expect("a client")
}

/// A door with mutual TLS in front of one twin.
async fn gateway(twin: (Ipv4Addr, u16), acceptor: TlsAcceptor) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                let (Ok(mut inside), Ok(mut outside)) = (TcpStream::connect(twin).await, acceptor.accept(stream).await) else { return };
                let _ = inside.set_nodelay(true);
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    port
}

fn trust(folder: &Path) -> (TlsAcceptor, TlsFiles) {
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let made = |names: &[&str], purpose| {
        let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).expect("params");
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().expect("a key");
        (params.signed_by(&key, &authority).expect("a certificate"), key)
    };
    let (server, server_key) = made(&["127.0.0.1"], ExtendedKeyUsagePurpose::ServerAuth);
    let (cert, key) = made(&[], ExtendedKeyUsagePurpose::ClientAuth);
    let written = |name: &str, text: String| -> PathBuf {
        std::fs::write(folder.join(name), text).expect("a file");
        folder.join(name)
    };
    let (ca, cert) = (written("ca.pem", authority.pem()), written("cert.pem", cert.pem()));
    let files = TlsFiles::mutual(ca, cert, written("key.pem", key.serialize_pem()));
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("a root");
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("a verifier");
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let config = ServerConfig::builder().with_client_cert_verifier(verifier).with_single_cert(vec![server.der().clone()], private);
    (TlsAcceptor::from(Arc::new(config.expect("a server"))), files)
}

/// A quiet world of so many equal hosts.
fn world(hosts: usize) -> String {
    format!(
        r#"
name = "sweep"
about = "equal hosts, 20 ms away"
seed = 1
[life]
changes_per_second = 0.0
probes = false
[[idc]]
name = "far"
latency_ms = 20
[[class]]
name = "12c16g"
cores = 12
memory = "16GiB"
[[cluster]]
name = "web"
[[cluster.pool]]
name = "frontend"
[[service]]
name = "web"
image = "payment/web"
tags = ["v41"]
command = ["/app/web"]
cpu = 400
memory = "300MiB"
net = "200KiB"
voice = "web"
[[group]]
prefix = "h-"
count = {hosts}
idc = "far"
cluster = "web"
pool = "frontend"
class = "12c16g"
engine = "20.10"
runs = {{ web = {CONTAINERS} }}
"#
    )
}
