//! Trust: rustls configurations from files, cached while the files stay the same, with ring as the only provider.

mod unverified;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::model::fault::{Fault, FaultKind};
use crate::model::text::{Text, clean};

/// How an engine is spoken to by TLS. A CA stands alone: the system's roots are not trusted beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TlsFiles {
    /// The system's roots where `None`.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key, where the engine wants one.
    pub identity: Option<(PathBuf, PathBuf)>,
    pub verify: Verify,
}

/// Whether the engine's certificate is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    #[default]
    Yes,
    /// Docker's `SkipTLSVerify`: encrypted, and nobody knows with whom.
    No,
}

impl TlsFiles {
    /// Mutual TLS by an own CA.
    #[must_use]
    pub fn mutual(ca: PathBuf, cert: PathBuf, key: PathBuf) -> Self {
        Self { ca: Some(ca), identity: Some((cert, key)), verify: Verify::Yes }
    }
}

/// Whom an endpoint trusts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Domain {
    /// An engine's, as the config declares it.
    Engine(TlsFiles),
    /// Own CA only.
    Private(PathBuf),
    /// The system's roots.
    System,
    /// The system's roots and an own CA: for places that a registry redirects to.
    SystemAnd(PathBuf),
}

/// Configurations by domain; read again when a file has changed, so that a renewed certificate needs no restart.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    cache: Mutex<HashMap<Domain, Cached>>,
    system: Mutex<Option<(RootCertStore, Option<Text>)>>,
}

/// A configuration, and when its files were last changed.
type Cached = (Vec<Option<SystemTime>>, Arc<ClientConfig>);

impl Domain {
    fn files(&self) -> Vec<&Path> {
        match self {
            Self::Engine(TlsFiles { ca, identity, .. }) => {
                let own = identity.iter().flat_map(|(cert, key)| [cert, key]);
                ca.iter().chain(own).map(PathBuf::as_path).collect()
            }
            Self::Private(ca) | Self::SystemAnd(ca) => vec![ca],
            Self::System => Vec::new(),
        }
    }
}

impl Trust {
    /// The configuration of a domain and whether it is new. Reads small files: call it off the runtime's threads.
    pub(crate) fn config(&self, endpoint: &str, domain: &Domain) -> Result<Arc<ClientConfig>, Fault> {
        let stamps: Vec<_> = domain.files().iter().map(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok()).collect();
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((have, config)) = cache.get(domain)
            && *have == stamps
        {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.build(endpoint, domain)?);
        cache.insert(domain.clone(), (stamps, Arc::clone(&config)));
        Ok(config)
    }

    /// A word about the system's roots, where they had to be replaced by the built-in ones. Known after the first use.
    pub(crate) fn note(&self) -> Option<Text> {
        let system = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        system.as_ref().and_then(|(_, note)| note.clone())
    }

    fn build(&self, endpoint: &str, domain: &Domain) -> Result<ClientConfig, Fault> {
        let roots = match domain {
            Domain::Engine(TlsFiles { verify: Verify::No, .. }) => RootCertStore::empty(),
            Domain::Engine(TlsFiles { ca: Some(ca), .. }) | Domain::Private(ca) => own_roots(endpoint, ca, RootCertStore::empty())?,
            Domain::SystemAnd(ca) => own_roots(endpoint, ca, self.system_roots())?,
            Domain::Engine(TlsFiles { ca: None, .. }) | Domain::System => self.system_roots(),
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| broken(endpoint, Path::new("ring"), &why.to_string()))?
            .with_root_certificates(roots);
        let mut config = match domain {
            Domain::Engine(TlsFiles { identity: Some((cert, key)), .. }) => {
                let chain = certificates(endpoint, cert)?;
                let secret = private_key(endpoint, key)?;
                builder.with_client_auth_cert(chain, secret).map_err(|why| pair(endpoint, cert, key, &why))?
            }
            _ => builder.with_no_client_auth(),
        };
        if let Domain::Engine(TlsFiles { verify: Verify::No, .. }) = domain {
            config.dangerous().set_certificate_verifier(Arc::new(unverified::Anybody::new()));
        }
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn system_roots(&self) -> RootCertStore {
        let mut system = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        system.get_or_insert_with(|| with_fallback(load_system_roots())).0.clone()
    }
}

fn load_system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// The built-in roots (Mozilla's) and a note, where the machine has none of its own.
fn with_fallback(mut roots: RootCertStore) -> (RootCertStore, Option<Text>) {
    if !roots.is_empty() {
        return (roots, None);
    }
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let note = Text::new(
        "this machine has no CA bundle: the roots built into wharf are used (install ca-certificates, or set SSL_CERT_FILE)",
        "本机没有 CA 证书包:正在使用 wharf 内置的根证书(请安装 ca-certificates,或设置 SSL_CERT_FILE)",
    );
    (roots, Some(note))
}

fn own_roots(endpoint: &str, ca: &Path, mut roots: RootCertStore) -> Result<RootCertStore, Fault> {
    for certificate in certificates(endpoint, ca)? {
        roots.add(certificate).map_err(|why| broken(endpoint, ca, &why.to_string()))?;
    }
    Ok(roots)
}

fn certificates(endpoint: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let pem = read(endpoint, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(list) if list.is_empty() => Err(broken(endpoint, path, "it holds no CERTIFICATE block")),
        Ok(list) => Ok(list),
        Err(why) => Err(broken(endpoint, path, &why.to_string())),
    }
}

fn private_key(endpoint: &str, path: &Path) -> Result<PrivateKeyDer<'static>, Fault> {
    let pem = read(endpoint, path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| broken(endpoint, path, "it holds no unencrypted PRIVATE KEY block"))
}

fn read(endpoint: &str, path: &Path) -> Result<Vec<u8>, Fault> {
    const MOST: u64 = 4 << 20;
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() > MOST => return Err(broken(endpoint, path, "it is over 4 MiB")),
        _ => {}
    }
    std::fs::read(path).map_err(|why| broken(endpoint, path, &why.to_string()))
}

fn broken(endpoint: &str, path: &Path, why: &str) -> Fault {
    let shown = clean(&path.to_string_lossy()).into_owned();
    let why = clean(why).into_owned();
    Fault::new(
        endpoint,
        FaultKind::Tls,
        Text::made(format!("{shown} cannot be used: {why}"), format!("{shown} 无法使用:{why}")),
        Text::new(
            "check the path and the file (PEM, readable by you) under tls or ca in the config",
            "请检查配置中 tls 或 ca 的路径和文件(PEM 格式、当前用户可读)",
        ),
    )
}

fn pair(endpoint: &str, cert: &Path, key: &Path, why: &rustls::Error) -> Fault {
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let (cert, key, words) = (clean(&cert), clean(&key), clean(&why.to_string()).into_owned());
    if !matches!(why, rustls::Error::InconsistentKeys(_)) {
        return Fault::new(
            endpoint,
            FaultKind::Tls,
            Text::made(
                format!("the key {key} is of a kind that cannot be used here: {words}"),
                format!("不支持私钥 {key} 的类型：{words}"),
            ),
            Text::new(
                "have a certificate made with another kind of key: ECDSA P-256 or P-384, Ed25519, or RSA of 2048 bits or more",
                "请改用其他类型的私钥重新签发证书：ECDSA P-256 或 P-384、Ed25519，或 2048 位以上的 RSA",
            ),
        );
    }
    Fault::new(
        endpoint,
        FaultKind::Tls,
        Text::made(
            format!("the certificate {cert} and the key {key} do not belong together: {words}"),
            format!("证书 {cert} 与私钥 {key} 不匹配：{words}"),
        ),
        Text::new("give the key that this certificate was made for", "请使用生成该证书时的私钥"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_bundle_uses_the_built_in_roots_and_says_so() {
        let (roots, note) = with_fallback(RootCertStore::empty());
        assert!(roots.len() > 50);
        assert!(note.is_some_and(|n| n.en.contains("no CA bundle")));
        let (same, none) = with_fallback(roots.clone());
        assert_eq!((same.len(), none), (roots.len(), None));
    }

    #[test]
    fn broken_files_are_named() {
        let dir = tempfile::tempdir().expect("tempdir");
        let ca = dir.path().join("ca.pem");
        let trust = Trust::default();
        let missing = trust.config("h", &Domain::Private(ca.clone())).expect_err("missing");
        assert!(missing.kind == FaultKind::Tls && missing.cause.en.contains("ca.pem"), "{missing}");
        std::fs::write(&ca, "not pem").expect("write");
        let empty = trust.config("h", &Domain::Private(ca)).expect_err("empty");
        assert!(empty.cause.en.contains("no CERTIFICATE block"), "{empty}");
    }

    #[test]
    fn a_key_that_is_not_supported_is_told_from_one_that_does_not_belong_and_each_hint_helps() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).expect("write");
            dir.path().join(name)
        };
        let pair = |name: &str| {
            let made = rcgen::generate_simple_self_signed(["x".to_owned()]).expect("certificate");
            (file(&format!("{name}.pem"), &made.cert.pem()), file(&format!("{name}-key.pem"), &made.signing_key.serialize_pem()))
        };
        let trust = Trust::default();
        let config =
            |identity: (PathBuf, PathBuf)| trust.config("h", &Domain::Engine(TlsFiles { identity: Some(identity), ..TlsFiles::default() }));
        let odd = (
            file("odd.pem", include_str!("../../../tests/data/tls/p521.pem")),
            file("odd-key.pem", include_str!("../../../tests/data/tls/p521-key.pem")),
        );
        let fault = config(odd).expect_err("P-521");
        assert!(fault.cause.en.contains("of a kind") && fault.hint.en.contains("P-256"), "{fault}");
        // What the hint says: another kind of key, P-256 here.
        let (one, other) = (pair("one"), pair("other"));
        config(one.clone()).expect("P-256 is taken");
        let fault = config((one.0.clone(), other.1)).expect_err("not a pair");
        assert!(fault.cause.en.contains("do not belong together") && fault.hint.en.contains("was made for"), "{fault}");
        config(one).expect("the key that it was made for");
    }

    #[test]
    fn a_configuration_is_built_once_until_its_file_changes() {
        let dir = tempfile::tempdir().expect("tempdir");
        let ca = dir.path().join("ca.pem");
        let make = || rcgen::generate_simple_self_signed(["x".to_owned()]).expect("certificate").cert.pem();
        std::fs::write(&ca, make()).expect("write");
        let trust = Trust::default();
        let domain = Domain::Private(ca.clone());
        let first = trust.config("h", &domain).expect("config");
        assert!(Arc::ptr_eq(&first, &trust.config("h", &domain).expect("config")));
        std::fs::write(&ca, make()).expect("write");
        let later = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(2_000_000_000);
        std::fs::File::open(&ca).and_then(|f| f.set_modified(later)).expect("touch");
        assert!(!Arc::ptr_eq(&first, &trust.config("h", &domain).expect("config")));
    }
}
