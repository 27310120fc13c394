//! The recorded faults, judged as the notes beside them say: retrying, lost, skipped, stuck, silently different.

use wharf::model::clock::Stamp;
use wharf::model::fault::FaultKind;
use wharf::model::registry::Claim;
use wharf::model::replication::{Cause, Execution, PeerVerdict, Settled, StuckCause};
use wharf::model::run::Severity;
use wharf::planning::replication::{Around, judge_peer, read_log, settle};

use super::playback::{Playback, number};

fn moment(text: &str) -> Stamp {
    Stamp::parse_rfc3339(text).expect("a time")
}

async fn execution(playback: &Playback, file: &str, n: u32) -> Execution {
    let exchange = number(file, n);
    let place = exchange.place();
    playback.play([exchange]);
    let harbor = playback.harbor(Some("admin"));
    match place.trim_start_matches("/api/v2.0/replication/executions").trim_start_matches('/') {
        "" => harbor.list_executions(Some(1), 10).await.expect("executions").rows.remove(0),
        id => harbor.fetch_execution(id.parse().expect("an id")).await.expect("an execution"),
    }
}

#[tokio::test]
async fn a_push_while_the_peer_is_down_is_lost_and_stays_lost() {
    let playback = Playback::start().await;
    for (n, trigger) in [(298, "event_based"), (302, "manual"), (307, "event_based")] {
        let lost = execution(&playback, "faults_peer_down", n).await;
        assert_eq!((lost.total, lost.trigger.word()), (0, trigger));
        let settled = settle(&lost, &Around::at(moment("2026-11-23T02:08:00Z")));
        assert_eq!(settled, Settled::Lost(Cause::Refused));
        assert!(settled.is_final() && settled.severity() == Severity::Bad);
    }
    // Its status says healthy; its own ping of the saved endpoint does not go through, and hides why.
    playback.play([number("faults_peer_down", 299), number("faults_peer_down", 300)]);
    let harbor = playback.harbor(Some("admin"));
    let endpoint = harbor.fetch_endpoint(1).await.expect("an endpoint");
    assert_eq!(endpoint.claim, Claim::Healthy);
    let ping = harbor.fetch_peer_ping(1).await.expect("an answer");
    let sent = &playback.seen()[1];
    assert_eq!((sent.method.as_str(), &sent.body[..]), ("POST", &br#"{"id":1}"#[..]));
    let ours = ping.trouble().map_or(Ok(()), Err);
    assert_eq!(judge_peer(&endpoint.claim, Some(ours)), PeerVerdict::ClaimedUpIsDown(FaultKind::Unreachable));
    // And the Harbor's health knows nothing of it.
    playback.play([number("faults_peer_down", 305)]);
    assert_eq!(playback.harbor(None).fetch_health().await.expect("health").claim, Claim::Healthy);
}

#[tokio::test]
async fn a_peer_that_dies_midway_is_retried_whatever_the_status_says() {
    let playback = Playback::start().await;
    // Seconds after the peer's storage died at 02:08:05, the exchange with the execution, the one with its task.
    let course = [
        ("2026-11-23T02:08:05Z", 316, "InProgress", Settled::Running),
        ("2026-11-23T02:08:37Z", 318, "Failed", Settled::Retrying),
        ("2026-11-23T02:08:59Z", 321, "Failed", Settled::Retrying),
        ("2026-11-23T02:09:27Z", 323, "InProgress", Settled::Running),
        ("2026-11-23T02:09:32Z", 325, "Succeed", Settled::Succeeded),
        ("2026-11-23T02:09:33Z", 327, "Succeed", Settled::Succeeded),
    ];
    for (now, n, status, wanted) in course {
        let run = execution(&playback, "faults_peer_dies_midway", n).await;
        assert_eq!(run.status.word(), status);
        let tasks = match n {
            327 => Vec::new(),
            n => {
                playback.play([number("faults_peer_dies_midway", n + 1)]);
                playback.harbor(Some("admin")).list_tasks(13).await.expect("tasks").rows
            }
        };
        let around = Around { tasks: Some(&tasks).filter(|tasks| !tasks.is_empty()).map(Vec::as_slice), ..Around::at(moment(now)) };
        assert_eq!(settle(&run, &around), wanted, "exchange {n}");
    }
    // Had nobody started the storage again, it would have been final three minutes later.
    let failed = execution(&playback, "faults_peer_dies_midway", 318).await;
    assert_eq!(settle(&failed, &Around::at(moment("2026-11-23T02:12:00Z"))), Settled::Failed);

    // The log of the run that succeeded ends in the tail of the one that failed.
    playback.play([number("faults_peer_dies_midway", 328)]);
    let log = playback.harbor(Some("admin")).fetch_task_log(13, 16).await.expect("a log");
    assert!(log.lines.iter().any(|line| line.contains("mark the job failure")));
    let summary = read_log(&log.lines);
    assert_eq!((summary.pushed, &summary.cause), (1, &None));
    let from = log.lines.iter().position(|line| line.contains("[ERROR]")).expect("the tail");
    assert_eq!(read_log(&log.lines[from..]).cause, Some(Cause::PeerError(502)));

    // Stopped too late: it had succeeded.
    let late = execution(&playback, "faults_peer_dies_midway", 331).await;
    assert_eq!(settle(&late, &Around::at(moment("2026-11-23T02:09:37Z"))), Settled::Running);
    let done = execution(&playback, "faults_peer_dies_midway", 333).await;
    assert_eq!(settle(&done, &Around::at(moment("2026-11-23T02:09:40Z"))), Settled::Succeeded);
}

#[tokio::test]
async fn conflicts_are_seen_in_the_logs_where_the_status_is_silent() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    let log = async |n, execution, task| {
        playback.play([number("faults_conflicts", n)]);
        read_log(&harbor.fetch_task_log(execution, task).await.expect("a log").lines)
    };
    // Override off: success, and the tag at the target is another.
    let green = execution(&playback, "faults_conflicts", 341).await;
    assert_eq!(settle(&green, &Around::at(moment("2026-11-23T02:10:00Z"))), Settled::Succeeded);
    let summary = log(343, 16, 19).await;
    assert_eq!((summary.existed, summary.pushed, summary.kept_different), (3, 0, vec!["payment/web:v1".into()]));
    // Immutable at the target: failing now, failed when its retries are over, and the log says why.
    let immutable = execution(&playback, "faults_conflicts", 347).await;
    assert_eq!(settle(&immutable, &Around::at(moment("2026-11-23T02:10:00Z"))), Settled::Retrying);
    assert_eq!(settle(&immutable, &Around::at(moment("2026-11-23T02:13:00Z"))), Settled::Failed);
    let summary = log(349, 17, 20).await;
    assert_eq!(summary.cause, Some(Cause::Immutable));
    assert!(summary.last_error.as_deref().expect("words").starts_with("http status code: 412"));
    // Below the quota because every blob was there already.
    let below = execution(&playback, "faults_conflicts", 354).await;
    assert_eq!(settle(&below, &Around::at(moment("2026-11-23T02:10:00Z"))), Settled::Succeeded);
    assert_eq!(log(356, 18, 21).await.pushed, 1);
}

#[tokio::test]
async fn nothing_to_do_an_echo_and_a_paused_queue_are_what_they_are() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    let nothing = execution(&playback, "replication", 252).await;
    assert_eq!(settle(&nothing, &Around::at(moment("2026-11-23T02:05:50Z"))), Settled::NothingToDo);
    // The other master's echo of a replicated push.
    playback.play([number("replication", 264)]);
    assert!(read_log(&harbor.fetch_task_log(3, 3).await.expect("a log").lines).is_echo());
    playback.play([number("replication", 235)]);
    let first = read_log(&harbor.fetch_task_log(4, 6).await.expect("a log").lines);
    assert!(!first.is_echo() && first.pushed == 4, "{first:?}");

    let waiting = execution(&playback, "jobservice", 281).await;
    playback.play([number("jobservice", 282), number("jobservice", 283)]);
    let tasks = harbor.list_tasks(10).await.expect("tasks").rows;
    let queues = harbor.list_queues().await.expect("queues");
    let queue = queues.iter().find(|queue| &*queue.job_type == "REPLICATION").expect("its queue");
    assert_eq!((queue.count, queue.latency_s, queue.paused), (3, 4, true));
    let around = Around { tasks: Some(&tasks), queue: Some(queue), ..Around::at(moment("2026-11-23T02:06:29Z")) };
    assert_eq!(settle(&waiting, &around), Settled::Stuck(StuckCause::QueuePaused));
    let resumed = execution(&playback, "jobservice", 285).await;
    assert_eq!(settle(&resumed, &Around::at(moment("2026-11-23T02:06:31Z"))), Settled::Succeeded);
}
