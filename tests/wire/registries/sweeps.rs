//! Cheap sweeps against recorded logs: what is read again, what is not, and what a restart remembers.

use std::collections::BTreeSet;
use std::sync::Arc;

use wharf::model::audit::AuditLog;
use wharf::model::clock::Stamp;
use wharf::model::registry::{ChangedList, SweepCursor, WholeBecause};

use super::playback::{Exchange, Playback, number};

fn names(list: &[&str]) -> BTreeSet<Arc<str>> {
    list.iter().map(|name| Arc::from(*name)).collect()
}

/// All repositories, the last changed first, as the recording of one project has them.
fn repositories() -> Exchange {
    let mut exchange = number("artifacts", 100);
    exchange.request.path = "/api/v2.0/repositories".into();
    exchange
}

#[tokio::test]
async fn a_sweep_reads_two_answers_and_names_what_changed() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    playback.play([number("audit", 192), repositories()]);
    let first = harbor.list_changes(&SweepCursor::default()).await.expect("a sweep");
    assert_eq!(first.whole, Some(WholeBecause::FirstTime));
    assert_eq!((first.cursor.log, first.cursor.audit_id), (Some(AuditLog::Ext), 51));
    assert_eq!(first.cursor.updated, Stamp::parse_rfc3339("2026-11-23T02:02:42.635Z"));
    assert_eq!(playback.seen().len(), 2);
    assert!(playback.seen()[0].query.starts_with("q=operation%3D%7Bcreate+delete+update%7D&sort=-id"), "{}", playback.seen()[0].query);

    // What a console remembers over a restart is what it goes on from.
    let kept = serde_json::to_string(&first.cursor).expect("json");
    let kept: SweepCursor = serde_json::from_str(&kept).expect("a cursor");
    let quiet = harbor.list_changes(&kept).await.expect("a sweep");
    assert!(quiet.is_empty(), "{quiet:?}");
    assert_eq!(playback.seen().len(), 4);

    // As of row 29: a member came back, images and tags were pushed and deleted, robots and a project made.
    let earlier = SweepCursor { audit_id: 29, seen: (1..=29).collect(), updated: Stamp::parse_rfc3339("2026-11-23T02:02:42.300Z"), ..kept };
    let changes = harbor.list_changes(&earlier).await.expect("a sweep");
    assert_eq!(changes.whole, None);
    assert_eq!(changes.repositories, names(&["payment/core/api", "payment/multi", "payment/web", "search/base", "search/web"]));
    assert_eq!((changes.members, changes.projects, changes.robots), (names(&["payment"]), names(&["byrobot"]), names(&["payment"])));
    assert_eq!(changes.lists, BTreeSet::from([ChangedList::Projects, ChangedList::SystemRobots]));
}

#[tokio::test]
async fn without_a_log_pushes_are_still_found() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("dave"));
    let refused = |path: &str| Exchange::made("GET", path, 403, r#"{"errors":[{"code":"FORBIDDEN","message":"dave"}]}"#);
    playback.play([refused("/api/v2.0/auditlog-exts"), refused("/api/v2.0/audit-logs"), repositories()]);
    let cursor = SweepCursor { updated: Stamp::parse_rfc3339("2026-11-23T02:02:42.204Z"), ..SweepCursor::default() };
    let changes = harbor.list_changes(&cursor).await.expect("a sweep");
    assert_eq!((changes.repositories, changes.whole, changes.cursor.log), (names(&["payment/multi"]), None, None));
    // A refused credential is no missing right.
    playback.play([Exchange::made("GET", "/api/v2.0/auditlog-exts", 401, "{}")]);
    assert!(harbor.list_changes(&cursor).await.is_err());
}
