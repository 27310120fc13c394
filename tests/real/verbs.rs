//! Against three real dockerds: over a socket, over TCP with mutual TLS, and over ssh.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use crate::hosts::{Hosts, run, until};
use crate::over_hosts::{console, get, output, told, truth};

const SOON: Duration = Duration::from_secs(15);
/// Containers that ignore SIGTERM are killed after ten seconds, and an engine waits for its disk, which others fill.
const PATIENCE: Duration = Duration::from_mins(2);
/// Longer than a held key repeats.
const UNHURRIED: Duration = Duration::from_millis(900);

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

/// Every field that docker has too, on every host; then each verb on a selection over all three, and again every field.
#[test]
fn wharf_says_what_docker_says_and_the_verbs_do_what_they_say() {
    let Some(hosts) = Hosts::start_or_skip() else { return };
    for (machine, number) in hosts.machines.iter().zip(1..) {
        let start = |name: &str, more: &[&str], command: &[&str]| {
            let image = hosts.image("v1");
            let args = [&["run", "-d", "--name", name, "--label", "wharf.service=web"], more, &[&image], command].concat();
            machine.docker(&args).unwrap_or_else(|why| panic!("{name}: {why}"));
        };
        start("web-1", &["--label", "team=支付"], &[]);
        start("web-2", &["-p", &format!("1808{number}:8080")], &[]);
        start("left", &["--restart", "no"], &["sh", "-c", "exit 3"]);
        machine.docker(&["create", "--name", "made", &hosts.image("v1")]).expect("created");
        machine.docker(&["pause", "web-2"]).expect("paused");
        let exited = || machine.docker(&["ps", "-aq", "--filter", "status=exited"]).is_ok_and(|ids| !ids.trim().is_empty()).then_some(());
        until(Duration::from_secs(10), exited).expect("`left` has left");
    }
    assert_eq!(told(&hosts), truth(&hosts));
    hosts_agree(&hosts);

    let all = ["h1/web-1", "h2/web-1", "h3/web-1"];
    let state = |name: &str| -> Vec<String> {
        let world = truth(&hosts);
        assert_eq!(told(&hosts), world, "after the verb");
        world.values().filter(|seen| seen.name == name).map(|seen| seen.state.clone()).collect()
    };
    let act = |verb: &str| {
        let out = output(&hosts, &[&["run", verb], all.as_slice(), &["--yes"]].concat());
        let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{verb}: {}\n{text}", out.status);
    };
    let plan = output(&hosts, &[&["plan", "stop-containers"], all.as_slice(), &["-o", "json"]].concat());
    let plan: Value = serde_json::from_slice(&plan.stdout).expect("a plan");
    assert_eq!(plan["steps"].as_array().map(Vec::len), Some(3), "{plan}");
    assert_eq!(state("web-1"), ["running"; 3], "a plan changes nothing");
    act("stop-containers");
    assert_eq!(state("web-1"), ["exited"; 3]);
    act("start-containers");
    assert_eq!(state("web-1"), ["running"; 3]);
    let started = started_at(&hosts);
    act("restart-containers");
    assert_eq!(state("web-1"), ["running"; 3]);
    assert!(started.iter().zip(started_at(&hosts)).all(|(before, after)| *before < after), "every one was started again");
    act("kill-containers");
    assert_eq!(state("web-1"), ["exited"; 3]);
    act("remove-containers");
    assert_eq!(state("web-1"), [""; 0]);
    assert_eq!(state("web-2"), ["paused"; 3], "what was not named is as it was");
    let again = output(&hosts, &["run", "stop-containers", "h1/web-1", "--yes"]);
    assert!(!again.status.success(), "what is not there cannot be stopped");
}

fn started_at(hosts: &Hosts) -> Vec<String> {
    let at = |m: &crate::hosts::Machine| m.docker(&["inspect", "-f", "{{.State.StartedAt}}", "web-1"]).expect("inspect");
    hosts.machines.iter().map(at).collect()
}

fn hosts_agree(hosts: &Hosts) {
    let document = get(hosts, "hosts");
    let rows = document["items"].as_array().expect("items");
    assert_eq!(rows.len(), 3, "{document}");
    for (row, (machine, number)) in rows.iter().zip(hosts.machines.iter().zip(1..)) {
        let ask = |args: &[&str]| -> Value { serde_json::from_str(&machine.docker(args).expect("docker")).expect("JSON") };
        let (info, version) = (ask(&["info", "--format", "{{json .}}"]), ask(&["version", "--format", "{{json .Server}}"]));
        assert_eq!(row["name"], format!("h{number}"));
        assert_eq!(row["state"], "online");
        assert_eq!(row["stale"], false);
        assert_eq!(row["containers"], info["Containers"]);
        let up = info["ContainersRunning"].as_u64().zip(info["ContainersPaused"].as_u64()).map(|(run, paused)| run + paused);
        assert_eq!(row["running"].as_u64(), up);
        assert_eq!(row["cores"], info["NCPU"]);
        assert_eq!(row["memory"], info["MemTotal"]);
        assert_eq!(row["engine"], version["Version"]);
        assert_eq!(row["os"], info["OperatingSystem"]);
        assert_eq!(row["kernel"], info["KernelVersion"]);
        assert_eq!(row["address"], hosts.address(number));
    }
}

/// The engine's events are the source of change: what someone else starts is there at once, in the console and on the wall.
#[test]
fn a_container_started_by_hand_is_on_the_screen_at_once() {
    let Some(hosts) = Hosts::start_or_skip() else { return };
    let state = |name: &str| hosts.site.join(name).to_string_lossy().into_owned();
    let mut screens = [console(&hosts, &["--state", &state("a")]), console(&hosts, &["watch", "--state", &state("b")])];
    for screen in &mut screens {
        screen.expect_text("3/3 hosts", SOON);
        screen.send("5");
    }
    for (machine, number) in hosts.machines.iter().zip(1..) {
        let name = format!("by-hand-{number}");
        machine.docker(&["create", "--name", &name, &hosts.image("v1")]).expect("created");
        for screen in &screens {
            screen.expect_text(&name, SOON);
        }
        machine.docker(&["start", &name]).expect("started");
        for screen in &screens {
            let row = |s: &vt100::Screen| s.contents().lines().any(|line| line.contains(&name) && line.contains("running"));
            let took = screen.expect("a row that says running", SOON, row);
            // Promised is one second; four, because this machine does other things beside.
            assert!(took < Duration::from_secs(4), "{name} after {took:?}");
        }
        machine.docker(&["rm", "-f", &name]).expect("removed");
        for screen in &screens {
            screen.expect("no row", SOON, |s| !s.contents().lines().any(|line| line.contains(&name) && line.contains("running")));
        }
    }
    by_marks(&hosts, &mut screens[0]);
}

/// Each verb by its key on marked rows of all three hosts: the screen and docker say the same before and after.
fn by_marks(hosts: &Hosts, screen: &mut crate::pty::Pty) {
    for (machine, number) in hosts.machines.iter().zip(1..) {
        machine.docker(&["run", "-d", "--name", &format!("marked-{number}"), &hosts.image("v1")]).expect("a container runs");
    }
    let status = |number: usize| {
        let asked =
            hosts.machines[number - 1].docker(&["inspect", "-f", "{{.State.Status}} {{.State.StartedAt}}", &format!("marked-{number}")]);
        asked.ok().and_then(|text| text.trim().split_once(' ').map(|(status, at)| (status.to_owned(), at.to_owned())))
    };
    let rows = |screen: &vt100::Screen, state: &str| {
        let all = screen.contents();
        let table = all.lines().skip(4).filter_map(|line| line.split('│').next());
        (1..=3)
            .filter(|n| {
                table.clone().any(|row| [&format!("marked-{n} "), &format!(" h{n} "), state].iter().all(|word| row.contains(*word)))
            })
            .count()
    };
    screen.send("5/marked\r");
    screen.expect("all three run", SOON, |screen| rows(screen, "running") == 3);
    for (key, state) in [("T", "exited"), ("S", "running"), ("R", "running"), ("K", "exited"), ("D", "")] {
        let before: Vec<_> = (1..=3).map(status).collect();
        screen.send("*");
        screen.expect_text("3 marked", SOON);
        screen.send(key);
        screen.expect_text("Cancel", SOON);
        // As a person who reads before choosing Run: a held key confirms nothing.
        std::thread::sleep(UNHURRIED);
        if screen.text().contains("to go on, type  3") {
            screen.send("3");
            std::thread::sleep(UNHURRIED);
        }
        screen.send("\t");
        std::thread::sleep(UNHURRIED);
        screen.send("\r");
        let is_so = |number: usize| match status(number) {
            Some((now, at)) => now == state && (key != "R" || before[number - 1].as_ref().is_some_and(|(_, was)| *was < at)),
            None => state.is_empty(),
        };
        until(PATIENCE, || (1..=3).all(is_so).then_some(())).unwrap_or_else(|| panic!("{key}: docker says otherwise\n{}", screen.text()));
        if state.is_empty() {
            screen.expect("no rows", SOON, |screen| !screen.contents().lines().skip(4).any(|line| line.contains("marked-")));
        } else {
            screen.expect(state, SOON, |screen| rows(screen, state) == 3);
        }
    }
}
