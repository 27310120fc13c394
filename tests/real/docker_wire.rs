//! The wire against three real dockerds: over a socket, over TCP with mutual TLS, and over ssh.

use std::time::{Duration, Instant};

use crate::hosts::{Hosts, run};
use wharf::clients::docker::{CarriedOut, Docker, DockerEndpoint, DockerEvents, LogAsk, LogSource, LogStream};
use wharf::clients::{Mode, TlsFiles, Wire, WireOptions};
use wharf::model::call::container::ContainerVerb;
use wharf::model::clock::Clock;
use wharf::model::endpoint::Address;
use wharf::model::fault::FaultKind;
use wharf::model::host::{ContainerId, ContainerState};

fn wire(hosts: &Hosts) -> Wire {
    let mut options = WireOptions::new(Mode::Writing, Clock::system(), hosts.site.join("r"));
    options.ssh_config = Some(hosts.ssh_config());
    options.request_timeout = Duration::from_secs(3);
    Wire::new(options).expect("a wire")
}

fn client(hosts: &Hosts, wire: &Wire, index: usize) -> Docker {
    let address = Address::parse(&hosts.address(index)).expect("an address");
    let pem = |name: &str| hosts.site.join("tls").join(name);
    let tls = (index == 2).then(|| TlsFiles::mutual(pem("ca.pem"), pem("cert.pem"), pem("key.pem")));
    Docker::new(wire, DockerEndpoint { name: format!("h{index}").into(), address, tls, ssh_arguments: [].into() }).expect("a client")
}

/// The next events until one with this action, within a second.
async fn wait_for(events: &mut DockerEvents, action: &str) -> (ContainerId, Option<i32>) {
    let waiting = async {
        loop {
            let event = events.next().await.expect("the stream goes on").expect("an event");
            if &*event.action == action {
                return (event.id.expect("an id"), event.exit_code);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(1), waiting).await.unwrap_or_else(|_| panic!("no {action} within a second"))
}

async fn lines(mut log: LogStream) -> Vec<(LogSource, String)> {
    let mut all = Vec::new();
    while let Some(line) = log.next().await {
        let line = line.expect("a line");
        assert!(line.at.is_some(), "{line:?}");
        all.push((line.stream, line.text));
    }
    all
}

#[tokio::test]
async fn three_hosts_are_read_and_changed() {
    let Some(hosts) = Hosts::start_or_skip() else { return };
    let wire = wire(&hosts);
    let image = hosts.image("v1");
    for index in 1..=3 {
        let (docker, machine) = (client(&hosts, &wire, index), &hosts.machines[index - 1]);
        let cli = |args: &[&str]| machine.docker(args).unwrap_or_else(|why| panic!("h{index}: docker {args:?}: {why}")).trim().to_owned();
        let facts = docker.fetch_host().await.expect("facts");
        assert_eq!(facts.engine.as_deref(), Some(&*cli(&["version", "-f", "{{.Server.Version}}"])), "h{index}");
        assert_eq!(facts.api.as_deref(), Some(&*cli(&["version", "-f", "{{.Server.APIVersion}}"])), "h{index}");
        assert_eq!(facts.cores.map(|n| n.to_string()), Some(cli(&["info", "-f", "{{.NCPU}}"])), "h{index}");

        let mut events = docker.watch_events(None).await.expect("events");
        let said = cli(&[
            "run",
            "-d",
            "--name",
            "web-1",
            "--label",
            "wharf.service=web",
            &image,
            "sh",
            "-c",
            "echo out; echo err >&2; exec sleep 1000",
        ]);
        let (id, _) = wait_for(&mut events, "start").await;
        assert_eq!(id.to_string(), said);
        let terminal = cli(&["run", "-d", "-t", "--name", "tty-1", &image, "sh", "-c", "echo on a terminal; exec sleep 1000"]);
        let terminal = ContainerId::parse(&terminal).expect("an id");

        let list = docker.list_containers(&[]).await.expect("a list");
        let mut names: Vec<_> = list.iter().map(|c| (c.id.to_string(), c.name.to_string())).collect();
        names.sort();
        let mut theirs: Vec<_> = cli(&["ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}}"])
            .lines()
            .filter_map(|line| line.split_once(' ').map(|(id, name)| (id.to_owned(), name.to_owned())))
            .collect();
        theirs.sort();
        assert_eq!(names, theirs, "h{index}");
        let row = docker.list_containers(&[id]).await.expect("one").pop().expect("a row");
        assert_eq!((&*row.image, row.service.as_deref(), &row.state), (&*image, Some("web"), &ContainerState::Running));

        let stats = docker.fetch_stats(&id).await.expect("stats");
        assert!(stats.memory > 0 && stats.cpu_total_ns > 0 && stats.system_ns.is_some_and(|n| n > stats.cpu_total_ns), "{stats:?}");
        assert!(stats.rx_bytes.is_some() && stats.online_cpus > 0, "{stats:?}");

        let ask = LogAsk { timestamps: true, ..LogAsk::default() };
        let mut log = lines(docker.follow_logs(&id, ask.clone()).await.expect("a log")).await;
        log.sort_by_key(|(_, text)| text.clone());
        assert_eq!(log, [(LogSource::Stderr, "err".to_owned()), (LogSource::Stdout, "out".to_owned())]);
        let log = lines(docker.follow_logs(&terminal, ask).await.expect("a log")).await;
        assert_eq!(log, [(LogSource::Console, "on a terminal".to_owned())]);

        let up = docker.inspect_container(&id).await.expect("inspected");
        assert!(up.running && up.observed.started_at.is_some());
        assert_eq!(docker.carry_out(&id, &ContainerVerb::Start).await, Ok(CarriedOut::Already));
        assert_eq!(docker.carry_out(&id, &ContainerVerb::Restart { timeout_s: Some(0) }).await, Ok(CarriedOut::Done));
        wait_for(&mut events, "restart").await;
        assert_ne!(docker.inspect_container(&id).await.expect("inspected").observed.started_at, up.observed.started_at);
        assert_eq!(docker.carry_out(&id, &ContainerVerb::Stop { timeout_s: Some(0) }).await, Ok(CarriedOut::Done));
        assert_eq!(docker.carry_out(&id, &ContainerVerb::Stop { timeout_s: Some(0) }).await, Ok(CarriedOut::Already));
        assert_eq!(wait_for(&mut events, "stop").await.0, id);
        assert_eq!(docker.fetch_stats(&id).await.expect_err("stopped").kind, FaultKind::Conflict);
        let row = docker.list_containers(&[id]).await.expect("one").pop().expect("a row");
        assert_eq!((&row.state, row.since.is_some()), (&ContainerState::Exited(Some(137)), true));
        let kill = ContainerVerb::Kill { signal: "SIGKILL".into() };
        assert_eq!(docker.carry_out(&id, &kill).await.expect_err("not running").kind, FaultKind::Conflict);
        assert_eq!(docker.carry_out(&terminal, &kill).await, Ok(CarriedOut::Done));
        assert_eq!(wait_for(&mut events, "die").await, (terminal, Some(137)));
        let remove = ContainerVerb::Remove { force: true, volumes: true };
        assert_eq!(docker.carry_out(&id, &remove).await, Ok(CarriedOut::Done));
        assert_eq!(docker.carry_out(&id, &remove).await, Ok(CarriedOut::Already));
        wait_for(&mut events, "destroy").await;
        assert_eq!(docker.inspect_container(&id).await.expect_err("gone").kind, FaultKind::NotFound);
        assert!(docker.connections() <= 8);
        assert_eq!(wire.gate().counts().refused, 0);
    }
    let (stopped, well) = (client(&hosts, &wire, 2), client(&hosts, &wire, 1));
    stopped.ping().await.expect("a ping");
    hosts.machines[1].stop_engine();
    let began = Instant::now();
    let (bad, good) = tokio::join!(stopped.list_containers(&[]), async { (well.list_containers(&[]).await, began.elapsed()) });
    assert_eq!(bad.expect_err("stopped").kind, FaultKind::Timeout);
    assert!(good.0.is_ok() && good.1 < Duration::from_secs(2), "{:?}", good.1);
    hosts.machines[1].continue_engine();
    stopped.list_containers(&[]).await.expect("it goes on");
    wire.close().await;
    assert!(run("pgrep", &["-f", &format!("{}/ssh-", hosts.site.join("r").display())]).is_err(), "no master is left");
}
