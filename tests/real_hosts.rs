//! Against three real dockerds: over a socket, over TCP with mutual TLS, and over ssh.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::disallowed_methods, reason = "a test that drives real programs")]

#[path = "common/hosts.rs"]
mod hosts;

use std::fs;
use std::time::Duration;

use hosts::{Hosts, run, until};

/// The harness itself: the far ends answer the programs that everyone has, over the wires that Wharf will use.
#[test]
fn the_three_hosts_answer_dockers_own_client() {
    let Some(hosts) = Hosts::start_or_skip() else { return };
    let (image, tls) = (hosts.image("v1"), hosts.site.join("tls"));
    for machine in &hosts.machines {
        machine.docker(&["run", "-d", "--name", "web-1", &image]).expect("a container runs");
    }
    let address = hosts.address(2);
    let pem = |name: &str| tls.join(name).to_string_lossy().into_owned();
    let (ca, cert, key) = (pem("ca.pem"), pem("cert.pem"), pem("key.pem"));
    let with = ["-H", &address, "--tlsverify", "--tlscacert", &ca, "--tlscert", &cert, "--tlskey", &key, "ps", "--format", "{{.Names}}"];
    assert_eq!(run("docker", &with).expect("mutual TLS").trim(), "web-1");
    let without = ["-H", &address, "--tlsverify", "--tlscacert", &ca, "ps"];
    assert!(run("docker", &without).is_err(), "no client certificate, no answer");
    let config = hosts.ssh_config().to_string_lossy().into_owned();
    let ssh = ["-F", &config, "-o", "BatchMode=yes", &hosts.machines[2].spec.address, "docker", "ps", "--format", "{{.Image}}"];
    assert_eq!(run("ssh", &ssh).expect("ssh").trim(), image);
    let quick = |args: &[&str]| run("timeout", &[&["3", "docker"], args].concat());
    hosts.machines[1].stop_engine();
    assert!(quick(&with).is_err(), "a stopped engine accepts and never answers");
    hosts.machines[1].continue_engine();
    assert_eq!(quick(&with).expect("it goes on").trim(), "web-1");
    hosts.machines[1].cut();
    assert!(quick(&with).is_err(), "no cable, no answer");
    hosts.machines[1].mend();
    until(Duration::from_secs(10), || quick(&with).ok()).expect("it is back");
    let config = fs::read_to_string(hosts.write_config()).expect("a config");
    assert!(config.contains(&address), "{config}");
}
