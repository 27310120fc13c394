//! Mutual TLS: connections that stay, and each certificate that is wrong in its own way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use wharf::clients::gate::Client;
use wharf::clients::http::{Ask, Http, HttpEndpoint, Url};
use wharf::clients::{Mode, TlsFiles, Verify};
use wharf::model::fault::{Fault, FaultKind};

use crate::docker_client::{docker, whole, wire};
use crate::far::{Act, Far, engine};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// Files of an authority and of certificates signed by it.
struct Papers {
    dir: tempfile::TempDir,
    authority: Authority,
}

impl Papers {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "an authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        std::fs::write(dir.path().join("ca.pem"), authority.pem()).expect("written");
        Self { dir, authority }
    }

    fn ca(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    fn sign(&self, name: &str, names: &[&str], year: i32) -> (PathBuf, PathBuf) {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("params");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.authority).expect("a certificate");
        let at = |end: &str| self.dir.path().join(format!("{name}{end}"));
        std::fs::write(at(".pem"), certificate.pem()).expect("written");
        std::fs::write(at("-key.pem"), key.serialize_pem()).expect("written");
        (at(".pem"), at("-key.pem"))
    }

    /// What a client of an engine shows and trusts.
    fn client(&self) -> TlsFiles {
        let (cert, key) = self.sign("client", &["client"], 2090);
        TlsFiles::mutual(self.ca(), cert, key)
    }

    /// An engine with this certificate that asks for one of this authority.
    fn server(&self, (cert, key): &(PathBuf, PathBuf)) -> ServerConfig {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(&self.ca())), provider()).build().expect("a verifier");
        ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                CertificateDer::pem_file_iter(cert).expect("a file").collect::<Result<_, _>>().expect("certificates"),
                PrivateKeyDer::from_pem_file(key).expect("a key"),
            )
            .expect("a configuration")
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn roots(ca: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).expect("a certificate")).expect("a root");
    roots
}

async fn ping(server: ServerConfig, files: TlsFiles) -> Result<(), Fault> {
    let far = Far::serve_tls(server, engine("1.41", |_| Act::json("[]")));
    let answer = docker(&wire(Mode::ReadOnly), &far.tcp(), Some(files)).ping().await;
    if let Err(fault) = &answer {
        whole(fault);
        assert_eq!(fault.kind, FaultKind::Tls, "{fault}");
    }
    answer
}

#[tokio::test]
async fn a_second_sweep_needs_no_handshake() {
    let papers = Papers::new();
    let far = Far::serve_tls(papers.server(&papers.sign("server", &["127.0.0.1"], 2090)), engine("1.41", |_| Act::json("[]")));
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), Some(papers.client()));
    let sweep = || async {
        let all = futures_util::future::join_all((0..8).map(|_| docker.list_containers(&[]))).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
    };
    sweep().await;
    let first = far.accepted();
    assert!(first <= 8, "{first}");
    for _ in 0..3 {
        sweep().await;
    }
    assert_eq!((far.accepted(), far.lines().len()), (first, 33));
}

#[tokio::test]
async fn wrong_certificates_of_the_engine_are_told_apart() {
    let (papers, others) = (Papers::new(), Papers::new());
    let good = papers.sign("server", &["127.0.0.1"], 2090);
    ping(papers.server(&good), papers.client()).await.expect("the right papers");

    let stranger = TlsFiles { ca: Some(others.ca()), ..papers.client() };
    let fault = ping(papers.server(&good), stranger).await.expect_err("wrong CA");
    assert!(fault.cause.en.contains("not signed by the CA in") && fault.cause.en.contains("ca.pem"), "{fault}");

    let old = papers.sign("old", &["127.0.0.1"], 2010);
    let fault = ping(papers.server(&old), papers.client()).await.expect_err("expired");
    assert!(fault.cause.en.contains("has expired") && fault.hint.en.contains("clock"), "{fault}");

    let named = papers.sign("named", &["engine.example"], 2090);
    let fault = ping(papers.server(&named), papers.client()).await.expect_err("another name");
    assert!(fault.cause.en.contains("for another name: ") && fault.cause.en.contains("engine.example"), "{fault}");
}

#[tokio::test]
async fn wrong_certificates_of_ours_are_told() {
    let (papers, others) = (Papers::new(), Papers::new());
    let good = papers.sign("server", &["127.0.0.1"], 2090);
    let theirs = TlsFiles { ca: Some(papers.ca()), ..others.client() };
    let fault = ping(papers.server(&good), theirs).await.expect_err("not ours");
    assert!(fault.cause.en.contains("accept our"), "{fault}");

    let (cert, _) = papers.sign("one", &["client"], 2090);
    let (_, key) = papers.sign("two", &["client"], 2090);
    let fault = ping(papers.server(&good), TlsFiles::mutual(papers.ca(), cert, key)).await.expect_err("no pair");
    assert!(fault.cause.en.contains("do not belong together"), "{fault}");

    let none = TlsFiles::mutual(papers.ca(), "/no/such/cert.pem".into(), "/no/such/key.pem".into());
    let fault = ping(papers.server(&good), none).await.expect_err("no file");
    assert!(fault.cause.en.contains("/no/such/cert.pem"), "{fault}");
}

#[tokio::test]
async fn tls_where_there_is_none_and_none_where_there_is() {
    let papers = Papers::new();
    // One that waits for the end of a line, and one that finds it in the handshake.
    let plain = Far::serve(engine("1.41", |_| Act::json("[]")));
    let fault = docker(&wire(Mode::ReadOnly), &plain.tcp(), Some(papers.client())).ping().await.expect_err("no TLS there");
    whole(&fault);
    assert!(fault.kind == FaultKind::Timeout && fault.hint.en.contains("does not speak TLS"), "{fault}");
    let answers = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("tcp://{}", answers.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in answers.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n400 Bad Request");
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    });
    let fault = docker(&wire(Mode::ReadOnly), &address, Some(papers.client())).ping().await.expect_err("no TLS there");
    whole(&fault);
    assert!(fault.kind == FaultKind::Tls && fault.cause.en.contains("does not speak TLS"), "{fault}");
    let good = papers.sign("server", &["127.0.0.1"], 2090);
    let far = Far::serve_tls(papers.server(&good), engine("1.41", |_| Act::json("[]")));
    let fault = docker(&wire(Mode::ReadOnly), &far.tcp(), None).ping().await.expect_err("TLS there");
    whole(&fault);
    assert!(fault.hint.en.contains("TLS"), "{fault}");
}

#[tokio::test]
async fn a_renewed_certificate_of_ours_is_used_without_a_restart() {
    let (papers, others) = (Papers::new(), Papers::new());
    let far = Far::serve_tls(papers.server(&papers.sign("server", &["127.0.0.1"], 2090)), engine("1.41", |_| Act::json("[]")));
    let stale = others.client();
    let files = TlsFiles { ca: Some(papers.ca()), ..stale.clone() };
    let docker = docker(&wire(Mode::ReadOnly), &far.tcp(), Some(files));
    docker.ping().await.expect_err("not accepted");
    let fresh = papers.client();
    let ((cert, key), (old_cert, old_key)) = (fresh.identity.expect("a pair"), stale.identity.expect("a pair"));
    std::fs::copy(cert, old_cert).expect("copied");
    std::fs::copy(key, old_key).expect("copied");
    docker.ping().await.expect("the new one is accepted");
}

#[tokio::test]
async fn the_http_layer_says_the_same() {
    let (papers, others) = (Papers::new(), Papers::new());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = papers.server(&papers.sign("server", &["127.0.0.1"], 2090));
    let far = Far::serve_tls(server, move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Act::json("{}")
    });
    let base = Url::parse(&format!("https://{}", far.address)).expect("a url");
    let wire = wire(Mode::Writing);
    let send = async |ca: Option<PathBuf>| {
        let endpoint = HttpEndpoint { name: "web-1".into(), base: base.clone(), ca, client: Client::Harbor, credentials: None };
        Http::new(&wire, endpoint)
            .expect("a client")
            .send(Ask::get("/api/v2.0/ping", "/api/v2.0/ping"))
            .await
            .expect_err("no certificate of ours")
    };
    let missing = send(Some(papers.ca())).await;
    whole(&missing);
    assert!(missing.kind == FaultKind::Tls && missing.cause.en.contains("asks for a client certificate"), "{missing}");
    let wrong = send(Some(others.ca())).await;
    assert!(wrong.kind == FaultKind::Tls && wrong.cause.en.contains("not signed by the CA in"), "{wrong}");
    let system = send(None).await;
    assert!(system.kind == FaultKind::Tls && system.cause.en.contains("a CA of this system"), "{system}");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

impl Papers {
    /// An engine with this certificate that asks for none.
    fn open_server(&self, names: &[&str]) -> ServerConfig {
        let (cert, key) = self.sign("open", names, 2090);
        ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                CertificateDer::pem_file_iter(&cert).expect("a file").collect::<Result<_, _>>().expect("certificates"),
                PrivateKeyDer::from_pem_file(&key).expect("a key"),
            )
            .expect("a configuration")
    }
}

/// A list from an engine over TLS that wants no certificate of ours.
async fn list_from(papers: &Papers, names: &[&str], files: TlsFiles) -> Result<(), Fault> {
    let far = Far::serve_tls(papers.open_server(names), engine("1.41", |_| Act::json("[]")));
    docker(&wire(Mode::ReadOnly), &far.tcp(), Some(files)).list_containers(&[]).await.map(drop)
}

#[tokio::test]
async fn a_ca_alone_is_tls_without_a_certificate_of_ours() {
    let papers = Papers::new();
    let only_ca = TlsFiles { ca: Some(papers.ca()), ..TlsFiles::default() };
    list_from(&papers, &["127.0.0.1"], only_ca.clone()).await.expect("a list");
    let fault = list_from(&papers, &["other.example"], only_ca).await.expect_err("another name");
    assert_eq!(fault.kind, FaultKind::Tls);
}

#[tokio::test]
async fn the_ca_of_somebody_else_is_refused() {
    let (papers, others) = (Papers::new(), Papers::new());
    let fault = list_from(&papers, &["127.0.0.1"], TlsFiles { ca: Some(others.ca()), ..TlsFiles::default() }).await.expect_err("refused");
    whole(&fault);
    assert_eq!(fault.kind, FaultKind::Tls);
    // What the hint of such a fault says: the CA that signed it.
    list_from(&papers, &["127.0.0.1"], TlsFiles { ca: Some(papers.ca()), ..TlsFiles::default() }).await.expect("that CA helps");
}

#[tokio::test]
async fn without_a_ca_the_roots_of_the_system_count() {
    let papers = Papers::new();
    let fault = list_from(&papers, &["127.0.0.1"], TlsFiles::default()).await.expect_err("nobody knows this authority");
    whole(&fault);
    assert_eq!(fault.kind, FaultKind::Tls);
}

#[tokio::test]
async fn who_asks_for_no_check_gets_tls_all_the_same() {
    let papers = Papers::new();
    let unchecked = TlsFiles { verify: Verify::No, ..TlsFiles::default() };
    list_from(&papers, &["another.example"], unchecked.clone()).await.expect("any certificate will do");
    // A CA beside it is not looked at, as docker does.
    let with_ca = TlsFiles { ca: Some("/no/such/ca.pem".into()), ..unchecked.clone() };
    list_from(&papers, &["127.0.0.1"], with_ca).await.expect("a list");
    let plain = Far::serve(engine("1.41", |_| Act::json("[]")));
    let fault = docker(&wire(Mode::ReadOnly), &plain.tcp(), Some(unchecked)).ping().await.expect_err("never in the clear");
    assert!(fault.cause.en.contains("TLS handshake"), "{fault}");
    assert!(plain.asked().iter().all(|asked| !asked.head.starts_with("GET")), "{:?}", plain.lines());
}

#[tokio::test]
async fn who_asks_for_no_check_still_shows_a_certificate_of_ours() {
    let papers = Papers::new();
    let far = Far::serve_tls(papers.server(&papers.sign("server", &["other.example"], 2090)), engine("1.41", |_| Act::json("[]")));
    let unchecked = TlsFiles { verify: Verify::No, ..papers.client() };
    docker(&wire(Mode::ReadOnly), &far.tcp(), Some(unchecked)).list_containers(&[]).await.expect("a list");
    let nameless = TlsFiles { verify: Verify::No, ..TlsFiles::default() };
    docker(&wire(Mode::ReadOnly), &far.tcp(), Some(nameless)).list_containers(&[]).await.expect_err("it wants one of ours");
}
