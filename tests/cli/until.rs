//! `wharf watch --until`: it waits for what is so in the world, tells how it stands, and its exit code says how it ended.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::program::{Bench, PROGRAM, Said, until};
use crate::pty::{Pty, Start};
use wharf::lab::trouble::{Rule, Trouble};

const SOON: Duration = Duration::from_secs(20);

async fn watch(bench: &Bench, words: &str, more: &[&str]) -> Said {
    let mut all = vec!["watch", "--until", words];
    all.extend(more);
    bench.say(&all).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_so_ends_it_at_once_and_what_is_no_condition_is_said() {
    let bench = Bench::new().await;
    let web = bench.running("yf-web-01").remove(0);
    for words in ["hosts up", "hosts up in yongfeng", "host tc-web-01 up and no faults", &format!("container {web} running")] {
        let said = watch(&bench, words, &[]).await;
        assert_eq!((said.code, said.out), (0, format!("{words}: so it is\n")), "{words}: {}", said.err);
    }
    for (words, part) in [
        ("rollout web done", "carries out no rollouts"),
        ("host yf-web-1 up", "did you mean 'yf-web-01'?"),
        ("hosts down", "after 'hosts' may stand up, not 'down'"),
        ("registries up and", "after 'registries up and' may stand run"),
    ] {
        let said = watch(&bench, words, &[]).await;
        assert_eq!((said.code, said.out.as_str()), (64, ""), "{words}: {}", said.err);
        assert!(said.err.contains(part), "{words}: {}", said.err);
    }
    let said = bench.line("watch --deadline 3s").await;
    assert_eq!(said.code, 64, "a deadline for nothing: {}", said.err);
    let help = bench.ok("watch --help").await.out;
    assert!(help.contains("container HOST/NAME healthy") && help.contains("every host answers"), "{help}");
    for host in bench.lab.hosts() {
        assert_eq!(bench.written(host), Vec::<String>::new(), "it only reads");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_waits_until_the_world_is_so() {
    let bench = Bench::new().await;
    let twin = bench.lab.twin("tc-web-01").expect("a twin");
    twin.fault(Rule::always(Trouble::Refuse));
    let mut command = bench.command(&["watch", "--until", "hosts up"]);
    command.stdout(Stdio::piped()).stderr(std::fs::File::create(bench.dir().join("told")).expect("a file"));
    let mut child = command.spawn().expect("started");
    let told = || std::fs::read_to_string(bench.dir().join("told")).unwrap_or_default();
    until("it tells how it stands", SOON, || told().contains("wharf: 3 of 4 hosts up, not tc-web-01")).await;
    assert!(child.try_wait().expect("a child").is_none(), "it waits");
    twin.heal();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.expect("ran").expect("ended");
    let said = Said::of(output);
    assert_eq!((said.code, said.out.as_str()), (0, "hosts up: so it is\n"), "{}", told());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_tells_what_is_degraded_from_what_nobody_can_say() {
    let bench = Bench::new().await;
    bench.lab.twin("tc-web-01").expect("a twin").fault(Rule::always(Trouble::Refuse));
    let said = watch(&bench, "hosts up", &["--deadline", "2s"]).await;
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.out.starts_with("hosts up: not within 2 s: 3 of 4 hosts up, not tc-web-01"), "{}", said.out);
    for host in bench.lab.hosts() {
        bench.lab.twin(host).expect("a twin").fault(Rule::always(Trouble::Refuse));
    }
    let said = watch(&bench, "hosts up", &["--deadline", "2s"]).await;
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    let began = Instant::now();
    let said = watch(&bench, "run 1234 done", &["--deadline", "1s"]).await;
    assert_eq!((said.code, began.elapsed() < SOON), (2, true), "{}{}", said.out, said.err);
    assert!(said.out.contains("no run begins with 1234"), "{}", said.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_ends_otherwise_ends_it_too() {
    let bench = Bench::new().await;
    let (good, bad) = (bench.running("yf-web-01").remove(0), bench.running("yf-web-02").remove(0));
    let id = bench.lab.twin("yf-web-02").expect("a twin").container(bad.split_once('/').expect("named").1).expect("there").id;
    bench.lab.twin("yf-web-02").expect("a twin").fault(Rule::always(Trouble::Status(500)).on(&format!("/containers/{id}/stop")));
    for (targets, run_code, code, part) in [
        (good.clone(), 0, 0, "so it is"),
        (format!("{bad} {}", bench.running("yf-web-01").remove(1)), 1, 1, "1 of 2 steps failed"),
        (bad.clone(), 2, 2, "failed"),
    ] {
        let run = bench.line(&format!("run stop-containers {targets} --stop-timeout 1 --yes")).await;
        assert_eq!(run.code, run_code, "{}", run.err);
        let said = watch(&bench, &format!("run {} done", run.out.trim()), &[]).await;
        assert_eq!(said.code, code, "{}{}", said.out, said.err);
        assert!(said.out.contains(part), "{}", said.out);
        assert!(!said.err.contains("no run begins"), "a run that is there is not denied first: {}", said.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_terminal_the_console_waits_and_goes_by_itself() {
    let bench = Bench::new().await;
    let web = bench.running("yf-web-01").remove(0);
    let words = format!("container {web} stopped");
    let open = || {
        let always = bench.always();
        let mut args: Vec<&str> = always.iter().map(String::as_str).collect();
        args.extend(["watch", "--until", &words]);
        let environment = [("LANG", "en_US.UTF-8".to_owned()), ("HOME", bench.dir().display().to_string())];
        Pty::start(&Start { program: Path::new(PROGRAM), args: &args, environment: &environment, rows: 24, columns: 100 })
    };
    let mut left = open();
    left.expect_text(&format!("until {words}"), SOON);
    left.expect_text("is running", SOON);
    left.send("q");
    assert_eq!(left.ended(SOON).map(|status| status.exit_code()), Some(1), "left before it was so");
    let mut pty = open();
    pty.expect_text("is running", SOON);
    pty.expect_text("READ-ONLY", SOON);
    bench.lab.twin("yf-web-01").expect("a twin").act_by_hand("kill", web.split_once('/').expect("named").1).await.expect("killed");
    assert_eq!(pty.ended(SOON).map(|status| status.exit_code()), Some(0), "{}", pty.text());
    let raw = String::from_utf8_lossy(&pty.raw()).into_owned();
    let (_, after) = raw.rsplit_once("\x1b[?1049l").expect("the ordinary screen is back");
    assert!(after.contains(&format!("{words}: so it is")), "{after:?}");
}
