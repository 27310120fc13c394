//! A real sshd on a high port of loopback, with keys, settings and known hosts of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use wharf::clients::{Mode, Wire};

use crate::docker_client::options;

pub(crate) struct Sshd {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) port: u16,
    child: Child,
}

impl Sshd {
    /// Starts one; `more` are further lines of its settings.
    pub(crate) fn start(more: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("w").tempdir_in("/tmp").expect("a directory");
        let at = |name: &str| dir.path().join(name);
        for key in ["host_key", "key", "stranger"] {
            keygen(&at(key), "");
        }
        keygen(&at("locked"), "a passphrase");
        std::fs::copy(at("key.pub"), at("authorized")).expect("copied");
        let port = free_port();
        let settings = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPrintMotd no\nLogLevel VERBOSE\n\
             SetEnv PATH={}\n{more}\n",
            at("host_key").display(),
            at("authorized").display(),
            at("bin").display(),
        );
        std::fs::write(at("sshd_config"), settings).expect("written");
        // The other side has no program but `cat`, until the test installs one.
        std::fs::create_dir(at("bin")).and_then(|()| std::os::unix::fs::symlink("/bin/cat", at("bin").join("cat"))).expect("a directory");
        // Where it runs as root it wants this directory for its unprivileged half.
        let _ = std::fs::create_dir_all("/run/sshd");
        let host_key = std::fs::read_to_string(at("host_key.pub")).expect("a key");
        std::fs::write(at("known_hosts"), format!("[127.0.0.1]:{port} {host_key}")).expect("written");
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-f"])
            .arg(at("sshd_config"))
            .arg("-E")
            .arg(at("sshd.log"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sshd starts");
        let sshd = Self { dir, port, child };
        sshd.write_config("key", "");
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "sshd did not come up: {}", sshd.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        sshd
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The user's settings: which key, and further lines in front.
    pub(crate) fn write_config(&self, key: &str, first: &str) {
        let config = format!(
            "{first}\nHost *\n  IdentityFile {}\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n",
            self.at(key).display(),
            self.at("known_hosts").display()
        );
        std::fs::write(self.at("ssh_config"), config).expect("written");
    }

    /// `ssh://127.0.0.1:PORT/socket`.
    pub(crate) fn address(&self, socket: &Path) -> String {
        format!("ssh://127.0.0.1:{}{}", self.port, socket.display())
    }

    /// A wire whose ssh reads our settings only.
    pub(crate) fn wire(&self) -> Wire {
        let mut options = options(Mode::Writing, &self.at("run"));
        options.ssh_config = Some(self.at("ssh_config"));
        options.connect_timeout = Duration::from_secs(5);
        options.request_timeout = Duration::from_secs(5);
        Wire::new(options).expect("a wire")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.at("sshd.log")).unwrap_or_default()
    }

    pub(crate) fn logins(&self) -> usize {
        self.log().matches("Accepted publickey").count()
    }

    /// A `docker` on the other side which knows `system dial-stdio` and nothing else.
    pub(crate) fn install_docker(&self) {
        let script = r#"#!/usr/bin/perl
use strict; use IO::Socket::UNIX;
my ($h, $path, @rest) = @ARGV;
exit 2 unless $h eq '-H' && "@rest" eq 'system dial-stdio' && $path =~ s{^unix://}{};
my $s = IO::Socket::UNIX->new(Peer => $path) or do { print STDERR "Cannot connect to the Docker daemon at unix://$path\n"; exit 1 };
if (fork) { while (sysread(STDIN, my $b, 65536)) { syswrite($s, $b) } shutdown($s, 1); wait; exit 0 }
while (sysread($s, my $b, 65536)) { syswrite(STDOUT, $b) }
"#;
        let path = self.at("bin").join("docker");
        std::fs::write(&path, script).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    }

    /// Processes of ours that hold a master, by the directory of its socket.
    pub(crate) fn masters(&self) -> Vec<u32> {
        masters_in(&self.at("run"))
    }
}

/// Processes `ssh -M` whose control socket is under this directory.
pub(crate) fn masters_in(runtime: &Path) -> Vec<u32> {
    let mark = format!("{}/", runtime.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("proc").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words: Vec<String> = line.split(|b| *b == 0).map(|w| String::from_utf8_lossy(w).into_owned()).collect();
        if words.iter().any(|w| w == "-M") && words.iter().any(|w| w.starts_with(&mark)) {
            found.push(pid);
        }
    }
    found
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keygen(path: &Path, passphrase: &str) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-C", "wharf-test", "-N", passphrase, "-f"]).arg(path).status();
    assert!(made.expect("ssh-keygen runs").success());
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}
