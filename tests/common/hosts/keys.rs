//! Certificates and ssh keys of the real hosts, made anew for each run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};

use super::machine::run;

/// Writes `tls/{ca,cert,key,server,server-key}.pem`: an own authority, the engine's certificate for its address, the client's.
pub(super) fn write_tls(site: &Path, address: &str) -> Result<(), String> {
    make_tls(site, address).map_err(|e| e.to_string())
}

/// Writes a host key and a config of sshd into the machine's folder, and beside it the client's key, known hosts and config.
pub(super) fn write_ssh(site: &Path, machine: &Path, address: &str) -> Result<(), String> {
    let (host_key, client_key) = (machine.join("host_key"), site.join("client_key"));
    for key in [&host_key, &client_key] {
        run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "wharf-test", "-f", &key.to_string_lossy()])?;
    }
    let public = |key: &Path| fs::read_to_string(key.with_extension("pub")).map_err(|e| e.to_string());
    fs::write(machine.join("authorized_keys"), public(&client_key)?).map_err(|e| e.to_string())?;
    let sshd = format!(
        "ListenAddress {address}:22\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
         PasswordAuthentication no\nPermitRootLogin prohibit-password\nPrintMotd no\nMaxStartups 10\n",
        host_key.display(),
        machine.join("authorized_keys").display()
    );
    fs::write(machine.join("sshd_config"), sshd).map_err(|e| e.to_string())?;
    fs::write(site.join("known_hosts"), format!("{address} {}", public(&host_key)?)).map_err(|e| e.to_string())?;
    let config = format!(
        "Host *\n  User root\n  IdentityFile {}\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n",
        client_key.display(),
        site.join("known_hosts").display()
    );
    fs::write(site.join("ssh_config"), config).map_err(|e| e.to_string())
}

fn make_tls(site: &Path, address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let folder = site.join("tls");
    fs::create_dir_all(&folder)?;
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, "wharf test authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    fs::write(folder.join("ca.pem"), authority.pem())?;
    let ends = [
        ("server", "server-key", vec![address.to_owned()], ExtendedKeyUsagePurpose::ServerAuth),
        ("cert", "key", Vec::new(), ExtendedKeyUsagePurpose::ClientAuth),
    ];
    for (certificate, key, names, purpose) in ends {
        let mut params = CertificateParams::new(names)?;
        params.extended_key_usages = vec![purpose];
        params.distinguished_name.push(DnType::CommonName, certificate);
        let pair = KeyPair::generate()?;
        fs::write(folder.join(certificate).with_extension("pem"), params.signed_by(&pair, &authority)?.pem())?;
        let path = folder.join(key).with_extension("pem");
        fs::write(&path, pair.serialize_pem())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}
