//! Engines behind a real sshd: one master a login, both ways through it, each trouble told, and nothing left behind.

mod sshd;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wharf::clients::Wire;
use wharf::model::fault::{Fault, FaultKind};

use crate::docker_client::{docker, id, whole};
use crate::far::{Act, Far, engine};
use crate::own_process::own_process;
use crate::programs::have_programs;
use sshd::{Sshd, free_port, masters_in};

const STATS: &str = r#"{"read":"2026-11-23T03:32:21Z","cpu_stats":{"cpu_usage":{"total_usage":5}},"memory_stats":{"usage":1,"limit":2}}"#;

fn far(sshd: &Sshd, name: &str) -> (Far, String) {
    let socket = sshd.at(name);
    let far = Far::serve_unix(&socket, engine("1.41", |a| Act::json(if a.target.contains("stats") { STATS } else { "[]" })));
    (far, sshd.address(&socket))
}

/// Until something is so, or the test fails.
async fn until(what: &str, limit: Duration, so: impl Fn() -> bool) {
    let end = Instant::now() + limit;
    while !so() {
        assert!(Instant::now() < end, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn hosts_behind_one_login_share_a_master() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("");
    let ((one, first), (two, second)) = (far(&sshd, "one.sock"), far(&sshd, "two.sock"));
    let wire = sshd.wire();
    let (a, b) = (docker(&wire, &first, None), docker(&wire, &second, None));
    let (x, y) = tokio::join!(a.list_containers(&[]), b.list_containers(&[]));
    x.and(y).expect("two lists");
    assert_eq!((sshd.logins(), sshd.masters().len()), (1, 1), "{}", sshd.log());
    let id = id();
    let all = futures_util::future::join_all((0..40).map(|_| a.fetch_stats(&id))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert!(one.most_open() <= 8 && two.accepted() == 1, "{} {}", one.most_open(), two.accepted());
    wire.close().await;
    until("no master is left", Duration::from_secs(2), || sshd.masters().is_empty()).await;
    assert_eq!(std::fs::read_dir(sshd.at("run")).expect("the runtime directory").count(), 0, "its directory is gone");
    let fault = a.ping().await.expect_err("closed");
    assert_eq!(fault.kind, FaultKind::Cancelled, "{fault}");
}

#[tokio::test]
async fn a_master_goes_with_its_last_client_and_comes_back_when_it_is_killed() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("");
    let (_far, address) = far(&sshd, "one.sock");
    let wire = sshd.wire();
    let client = docker(&wire, &address, None);
    client.list_containers(&[]).await.expect("a list");
    let masters = sshd.masters();
    assert!(Command::new("kill").args(["-9", &masters[0].to_string()]).status().expect("kill").success());
    until("the master is dead", Duration::from_secs(2), || sshd.masters().is_empty()).await;
    client.list_containers(&[]).await.expect("a list through a new master");
    assert_ne!(sshd.masters(), masters);
    drop(client);
    until("the master went with its client", Duration::from_secs(2), || sshd.masters().is_empty()).await;
}

#[tokio::test]
async fn where_sshd_forwards_no_sockets_the_docker_command_there_is_used() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("AllowStreamLocalForwarding no");
    let (far, address) = far(&sshd, "one.sock");
    let wire = sshd.wire();
    let client = docker(&wire, &address, None);
    let fault = client.ping().await.expect_err("no docker there");
    whole(&fault);
    assert!(fault.kind == FaultKind::Ssh && fault.cause.en.contains("forward of ") && fault.cause.en.contains("docker"), "{fault}");
    assert!(fault.hint.en.contains("AllowStreamLocalForwarding"));
    sshd.install_docker();
    client.list_containers(&[]).await.expect("a list");
    let id = id();
    let all = futures_util::future::join_all((0..30).map(|_| client.fetch_stats(&id))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert!(far.most_open() <= 8, "{}", far.most_open());
    assert_eq!(sshd.logins(), 1);
}

#[tokio::test]
async fn an_engine_that_is_away_is_told_from_an_ssh_that_is() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("");
    sshd.install_docker();
    let wire = sshd.wire();
    let client = docker(&wire, &sshd.address(&sshd.at("one.sock")), None);
    let fault = client.ping().await.expect_err("no socket");
    whole(&fault);
    assert!(fault.cause.en.contains("Cannot connect to the Docker daemon"), "{fault}");
    let (_far, _) = far(&sshd, "one.sock");
    client.list_containers(&[]).await.expect("it is up now");
    let (other, address) = far(&sshd, "two.sock");
    let second = docker(&wire, &address, None);
    second.list_containers(&[]).await.expect("a list");
    assert!(other.accepted() > 0);
    std::fs::remove_file(sshd.at("two.sock")).expect("removed");
    // Past the connection that still lives.
    let all = futures_util::future::join_all((0..3).map(|_| second.ping())).await;
    let fault = all.into_iter().find_map(Result::err).expect("a new connection meets no engine");
    whole(&fault);
    assert!(fault.kind == FaultKind::Refused && fault.cause.en.contains("does not answer"), "{fault}");
    assert_eq!(sshd.logins(), 1);
}

async fn trouble(wire: &Wire, address: &str) -> Fault {
    let began = Instant::now();
    let fault = docker(wire, address, None).ping().await.expect_err("trouble");
    whole(&fault);
    assert!(began.elapsed() < Duration::from_secs(16), "{fault} after {:?}", began.elapsed());
    fault
}

#[tokio::test]
async fn host_keys_and_keys_that_do_not_fit() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("");
    let (far, address) = far(&sshd, "one.sock");
    let known = std::fs::read_to_string(sshd.at("known_hosts")).expect("known hosts");

    std::fs::write(sshd.at("known_hosts"), "").expect("written");
    let fault = trouble(&sshd.wire(), &address).await;
    assert!(
        fault.kind == FaultKind::HostKey && fault.cause.en.contains("not known here") && fault.hint.en.contains("compare the fingerprint"),
        "{fault}"
    );
    assert_eq!(std::fs::read_to_string(sshd.at("known_hosts")).expect("known hosts"), "", "nothing was learnt");

    let stranger = std::fs::read_to_string(sshd.at("stranger.pub")).expect("a key");
    std::fs::write(sshd.at("known_hosts"), format!("[127.0.0.1]:{} {stranger}", sshd.port)).expect("written");
    let fault = trouble(&sshd.wire(), &address).await;
    assert!(
        fault.kind == FaultKind::HostKey && fault.cause.en.contains("has changed") && fault.hint.en.contains("ssh-keygen -R"),
        "{fault}"
    );

    std::fs::write(sshd.at("known_hosts"), known).expect("written");
    for key in ["stranger", "locked"] {
        sshd.write_config(key, "");
        let fault = trouble(&sshd.wire(), &address).await;
        assert!(fault.kind == FaultKind::Unauthorized && fault.hint.en.contains("ssh-add"), "{key}: {fault}");
    }
    sshd.write_config("key", "Host *\n  Nonsense yes\n");
    let fault = trouble(&sshd.wire(), &address).await;
    assert!(fault.kind == FaultKind::Config && fault.cause.en.contains("line 2"), "{fault}");
    assert_eq!(far.accepted(), 0);
}

#[tokio::test]
async fn places_that_ssh_cannot_reach() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("");
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let mute_port = mute.local_addr().expect("an address").port();
    let rude = Far::serve(|_| Act::Raw(Vec::new()));
    let dropping = drop_all();
    sshd.write_config(
        "key",
        &format!("Host behind\n  HostName 127.0.0.1\n  Port {}\n  ProxyJump 127.0.0.1:{dropping}\n  ConnectTimeout 2\n", sshd.port),
    );
    let mut wire_options = crate::docker_client::options(wharf::clients::Mode::ReadOnly, &sshd.at("run"));
    wire_options.ssh_config = Some(sshd.at("ssh_config"));
    wire_options.connect_timeout = Duration::from_secs(1);
    let wire = Wire::new(wire_options).expect("a wire");
    let fault = trouble(&wire, &format!("ssh://127.0.0.1:{}", free_port())).await;
    assert!(fault.kind == FaultKind::Refused, "{fault}");
    let fault = trouble(&wire, "ssh://no-such-host.invalid").await;
    assert!(fault.kind == FaultKind::Unreachable && fault.cause.en.contains("no-such-host.invalid"), "{fault}");
    let fault = trouble(&wire, &format!("ssh://127.0.0.1:{mute_port}")).await;
    assert!(fault.kind == FaultKind::Timeout, "{fault}");
    let fault = trouble(&wire, &format!("ssh://127.0.0.1:{dropping}")).await;
    assert!(fault.kind == FaultKind::Ssh && fault.cause.en.contains("closed the connection"), "{fault}");
    let fault = trouble(&wire, "ssh://behind").await;
    assert!(
        fault.kind == FaultKind::Ssh && fault.cause.en.contains("through [127.0.0.1]:") && fault.cause.en.contains("jump host"),
        "{fault}"
    );
    drop((mute, rude));
}

/// A port that takes every connection and drops it at once.
fn drop_all() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || for _ in listener.incoming().flatten() {});
    port
}

#[tokio::test]
async fn many_hosts_behind_a_jump_host_start_a_few_at_a_time() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    // A jump host that drops the ninth login under way.
    let jump = Sshd::start("MaxStartups 8:100:8");
    let target = Sshd::start("MaxStartups 100");
    let (_far, _) = far(&target, "one.sock");
    let known = ["known_hosts"].map(|f| std::fs::read_to_string(jump.at(f)).expect("known")).concat();
    std::fs::write(target.at("known_hosts"), known + &std::fs::read_to_string(target.at("known_hosts")).expect("known")).expect("written");
    let both =
        std::fs::read_to_string(jump.at("authorized")).expect("keys") + &std::fs::read_to_string(target.at("key.pub")).expect("a key");
    std::fs::write(jump.at("authorized"), both).expect("written");
    let host = format!(
        "Host host-*\n  HostName 127.0.0.1\n  Port {}\n  HostKeyAlias [127.0.0.1]:{}\n  ProxyJump 127.0.0.1:{}\n",
        target.port, target.port, jump.port
    );
    target.write_config("key", &host);
    let wire = target.wire();
    let socket = target.at("one.sock");
    let clients: Vec<_> = (0..14).map(|n| docker(&wire, &format!("ssh://host-{n}{}", socket.display()), None)).collect();
    let all = futures_util::future::join_all(clients.iter().map(|c| c.list_containers(&[]))).await;
    for answer in all {
        answer.expect("a list");
    }
    assert_eq!((target.logins(), jump.logins()), (14, 14));
    assert!(!jump.log().contains("drop connection"), "{}", jump.log());
    wire.close().await;
}

const OWNER: &str = "WHARF_TEST_OWNS_A_MASTER";

/// Runs in a process of its own, started by the test below: opens a master and waits to be killed.
#[tokio::test]
async fn owner_of_a_master() {
    let Ok(said) = std::env::var(OWNER) else { return };
    let (config, rest) = said.split_once('|').expect("two words");
    let (run, address) = rest.split_once('|').expect("three words");
    let mut options = crate::docker_client::options(wharf::clients::Mode::ReadOnly, Path::new(run));
    options.ssh_config = Some(config.into());
    options.connect_timeout = Duration::from_secs(5);
    let wire = Wire::new(options).expect("a wire");
    let client = docker(&wire, address, None);
    client.list_containers(&[]).await.expect("a list");
    std::fs::write(Path::new(run).join("ready"), "").expect("written");
    tokio::time::sleep(Duration::from_mins(1)).await;
    drop(client);
}

#[tokio::test]
async fn a_master_dies_with_a_console_that_is_killed_and_its_directory_is_swept() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("");
    let (_far, address) = far(&sshd, "one.sock");
    let run = sshd.at("run");
    let words = format!("{}|{}|{address}", sshd.at("ssh_config").display(), run.display());
    let mut owner = own_process(module_path!(), "owner_of_a_master")
        .env(OWNER, words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    until("the owner is ready", Duration::from_secs(20), || run.join("ready").exists()).await;
    assert_eq!(masters_in(&run).len(), 1);
    let left = || std::fs::read_dir(&run).expect("a directory").flatten().filter(|e| e.path().is_dir()).count();
    assert_eq!(left(), 1);
    owner.kill().expect("SIGKILL");
    owner.wait().expect("gone");
    until("its master is gone", Duration::from_secs(2), || masters_in(&run).is_empty()).await;
    assert_eq!(left(), 1, "nobody was left to remove it");
    let _wire = sshd.wire();
    assert_eq!(left(), 0, "the next start does");
}

/// A list through this sshd with these lines in the user's settings.
async fn list_with(sshd: &Sshd, settings: &str) -> Result<(), Fault> {
    let (_far, address) = far(sshd, "one.sock");
    sshd.write_config("key", settings);
    let wire = sshd.wire();
    let listed = docker(&wire, &address, None).list_containers(&[]).await.map(drop);
    wire.close().await;
    std::fs::remove_file(sshd.at("one.sock")).expect("removed");
    listed
}

#[tokio::test]
async fn settings_of_the_user_that_would_keep_a_master_from_being_one_are_overridden() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("");
    for setting in [
        "RemoteCommand bash -l",
        "RemoteCommand tmux new -A -s main\n  RequestTTY force",
        "RequestTTY force",
        "SessionType none",
        "StdinNull yes",
        "ForkAfterAuthentication yes",
        "PermitLocalCommand yes\n  LocalCommand touch /nonexistent/x",
    ] {
        list_with(&sshd, &format!("Host *\n  {setting}\n")).await.unwrap_or_else(|fault| panic!("{setting}: {fault}"));
        until("no master is left", Duration::from_secs(2), || sshd.masters().is_empty()).await;
    }
}

#[tokio::test]
async fn a_banner_changes_nothing_and_explains_nothing() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let banner = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(banner.path(), "Authorised use only.\nSessions are timed out; Connection refused to others.\n").expect("written");
    let sshd = Sshd::start(&format!("Banner {}", banner.path().display()));
    list_with(&sshd, "").await.expect("a list");
    sshd.write_config("stranger", "");
    let fault = docker(&sshd.wire(), &sshd.address(&sshd.at("one.sock")), None).ping().await.expect_err("not let in");
    whole(&fault);
    assert!(fault.kind == FaultKind::Unauthorized && fault.cause.en.contains("Permission denied"), "{fault}");
    // What the hint says: a key that is in authorized_keys there.
    list_with(&sshd, "").await.expect("that key helps");
}

#[tokio::test]
async fn a_shell_that_greets_everybody_is_listened_past() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen", "perl"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("AllowStreamLocalForwarding no");
    sshd.install_docker();
    let docker_there = sshd.at("bin").join("docker");
    let script = std::fs::read_to_string(&docker_there).expect("a script");
    for greeting in ["Welcome to h1\\n", "no line end", "\\e[1mlots\\e[0m of\\n colours\\n\\n"] {
        let noisy = script.replace("use strict;", &format!("$| = 1; print \"{greeting}\"; use strict;"));
        std::fs::write(&docker_there, noisy).expect("written");
        list_with(&sshd, "").await.unwrap_or_else(|fault| panic!("{greeting}: {fault}"));
    }
    std::fs::write(&docker_there, "#!/usr/bin/perl\nprint \"This account serves git only.\\n\";\n").expect("written");
    let (_far, address) = far(&sshd, "two.sock");
    let fault = docker(&sshd.wire(), &address, None).ping().await.expect_err("no engine answers");
    whole(&fault);
    assert!(fault.kind == FaultKind::Ssh && fault.cause.en.contains("This account serves git only."), "{fault}");
}

#[tokio::test]
async fn arguments_of_an_inventory_reach_ssh_and_undo_nothing_that_a_master_must_be() {
    if !have_programs(&["sshd", "ssh", "ssh-keygen"], "the wire over ssh") {
        return;
    }
    let sshd = Sshd::start("");
    let (_far, address) = far(&sshd, "one.sock");
    sshd.write_config("stranger", "");
    let with = |arguments: &[&str]| {
        let endpoint = wharf::clients::docker::DockerEndpoint {
            name: "web-1".into(),
            address: wharf::model::endpoint::Address::parse(&address).expect("an address"),
            tls: None,
            ssh_arguments: arguments.iter().map(|argument| (*argument).into()).collect(),
        };
        wharf::clients::docker::Docker::new(&sshd.wire(), endpoint).expect("a client")
    };
    let fault = with(&[]).ping().await.expect_err("a stranger's key");
    assert_eq!(fault.kind, FaultKind::Unauthorized);
    let key = sshd.at("key").display().to_string();
    let odd = ["-i", &key, "-o", "RemoteCommand=bash", "-o", "ControlPersist=60s", "-o", "BatchMode=no", "-o", "RequestTTY=force"];
    with(&odd).list_containers(&[]).await.expect("a list");
    let fault = with(&["-i", &key, "-o", "ProxyCommand=false"]).ping().await.expect_err("the way is another");
    assert_eq!(fault.kind, FaultKind::Ssh, "{fault}");
}
