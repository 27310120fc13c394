//! Each trap of Harbor's API that a client can fall into, walked into on purpose.

use wharf::clients::harbor::{AuditFilter, Scope, Which};
use wharf::model::audit::AuditLog;
use wharf::model::fault::{FaultKind, Retry};
use wharf::model::registry::Identity;

use super::playback::{Exchange, Playback, number};

fn made(path: &str, status: u16, body: &str) -> Exchange {
    Exchange::made("GET", path, status, body)
}

#[tokio::test]
async fn a_wrong_password_is_found_out_although_lists_answer_200() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    playback.play([number("system", 9), number("system", 11)]);
    // The list alone would pass for an empty company: one public project, 200.
    let seen_as_anonymous = harbor.list_projects().await.expect("200");
    assert_eq!(seen_as_anonymous.rows.len(), 1);
    let fault = harbor.fetch_identity().await.expect_err("refused");
    assert_eq!((fault.kind, fault.kind.retry()), (FaultKind::Unauthorized, Retry::Never));
    // Asked once: retries lock accounts.
    assert_eq!(playback.seen().len(), 2);
}

#[tokio::test]
async fn a_robot_is_told_by_its_412_and_its_own_list_is_empty_though_granted() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("robot$console"));
    playback.play([number("robots", 163), number("robots", 164)]);
    assert_eq!(harbor.fetch_identity().await.expect("a robot"), Identity::Robot("robot$console".into()));
    assert!(harbor.list_permissions(Scope::System).await.expect("a list").is_empty());
    // Disabled, expired, or with a wrong secret.
    playback.play([number("robots", 163), number("robots", 177)]);
    assert_eq!(harbor.fetch_identity().await.expect_err("refused").kind, FaultKind::Unauthorized);
    assert_eq!(playback.harbor(None).fetch_identity().await.expect("nobody"), Identity::Anonymous);
}

#[tokio::test]
async fn cookies_are_never_sent_back() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    playback.play([number("system", 8)]);
    for _ in 0..2 {
        harbor.fetch_identity().await.expect("me");
    }
    let seen = playback.seen();
    assert!(number("system", 8).response.headers.iter().any(|(name, _)| name == "Set-Cookie"));
    assert!(seen.iter().all(|seen| !seen.headers.contains_key("cookie")), "a session makes writes fail with a CSRF error");
}

#[tokio::test]
async fn errors_keep_their_code_and_words_and_the_request_id() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    playback.play([number("projects", 65)]);
    let fault = harbor.fetch_project("alice-lab").await.expect_err("403");
    assert_eq!(fault.kind, FaultKind::Forbidden);
    assert!(fault.cause.en.contains("forbidden") && fault.cause.en.contains("FORBIDDEN"), "{fault}");
    let sent = playback.seen()[0].headers["x-request-id"].to_str().expect("text").to_owned();
    assert_eq!(fault.request_id.as_deref(), Some(sent.as_str()));
    assert_eq!(sent.len(), 36);

    // A 5xx hides everything but the id under which Harbor logged it.
    playback.play([Exchange { response: number("registries", 203).response, ..made("/api/v2.0/health", 500, "") }]);
    let hidden = harbor.fetch_health().await.expect_err("500");
    assert_eq!(hidden.kind, FaultKind::Server);
    assert!(hidden.cause.en.contains("UNKNOWN") && hidden.hint.en.contains("request id") && hidden.request_id.is_some(), "{hidden}");

    // 422 is our mistake or another version, and a log that was swept is not a broken server.
    playback.play([number("system", 14)]);
    assert_eq!(harbor.list_projects().await.expect_err("422").kind, FaultKind::Version);
    let swept = r#"{"errors":[{"code":"10010","message":"object is not found"}]}"#;
    playback.play([made("/api/v2.0/replication/executions/4/tasks/6/log", 500, swept)]);
    assert_eq!(harbor.fetch_task_log(4, 6).await.expect_err("swept").kind, FaultKind::NotFound);
}

#[tokio::test]
async fn a_proxys_page_is_not_taken_for_an_answer() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    let page = "<html><title>502 Bad\u{1b}[2J Gateway</title></html>";
    playback.play([made("/api/v2.0/projects", 200, page).with("Content-Type", "text/html")]);
    let fault = harbor.list_projects().await.expect_err("a page");
    assert_eq!(fault.kind, FaultKind::Protocol);
    assert!(fault.cause.en.contains("502 Bad") && !fault.cause.en.contains('\u{1b}'), "{fault}");
    playback.play([made("/api/v2.0/projects", 500, page).with("Content-Type", "text/html")]);
    assert_eq!(harbor.list_projects().await.expect_err("a page").kind, FaultKind::Server);
    playback.play([made("/api/v2.0/ping", 200, "<html>ok</html>").with("Content-Type", "text/html")]);
    assert_eq!(harbor.fetch_ping().await.expect_err("a page").kind, FaultKind::Protocol);
    playback.play([made("/api/v2.0/ping", 200, "Pong")]);
    harbor.fetch_ping().await.expect("plain text");
    playback.play([made("/api/v2.0/systeminfo", 302, "").with("Location", "https://login.example/")]);
    let moved = harbor.fetch_system().await.expect_err("moved");
    assert!(moved.hint.en.contains("login.example"), "{moved}");
    playback.play([made("/api/v2.0/systeminfo", 200, "null")]);
    assert_eq!(harbor.fetch_system().await.expect_err("null").kind, FaultKind::Protocol);
}

fn page(ids: std::ops::Range<u32>, total: u32) -> Exchange {
    let rows: Vec<String> = ids.map(|id| format!(r#"{{"id":{id},"name":"e{id}"}}"#)).collect();
    // The link is a lie on purpose: nobody follows it.
    made("/api/v2.0/registries", 200, &format!("[{}]", rows.join(",")))
        .with("X-Total-Count", &total.to_string())
        .with("Link", "</api/v2.0/elsewhere?page=9>; rel=\"next\"")
}

#[tokio::test]
async fn pages_are_counted_sorted_and_read_over_when_the_list_moves() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    playback.play([page(0..100, 150), page(100..150, 150)]);
    let all = harbor.list_endpoints().await.expect("all");
    assert_eq!((all.rows.len(), all.total, all.torn), (150, Some(150), false));
    let queries: Vec<String> = playback.seen().into_iter().map(|seen| seen.query).collect();
    assert_eq!(queries, ["sort=id&page=1&page_size=100", "sort=id&page=2&page_size=100"]);

    // One was deleted while we read: without a second reading number 100 would be missing.
    playback.play([page(0..100, 150), page(101..150, 149), page(1..101, 149), page(101..150, 149)]);
    let all = harbor.list_endpoints().await.expect("all");
    let ids: Vec<i64> = all.rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, (1..150).collect::<Vec<_>>());
    assert!(!all.torn);

    for nothing in ["null", "[]"] {
        playback.play([made("/api/v2.0/registries", 200, nothing)]);
        assert!(harbor.list_endpoints().await.expect("none").rows.is_empty());
    }
}

#[tokio::test]
async fn an_audit_log_that_grows_in_front_of_its_pages_gives_no_row_twice() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    let page = |ids: std::ops::RangeInclusive<u32>| {
        let rows: Vec<String> = ids.rev().map(|id| format!(r#"{{"id":{id},"operation":"pull"}}"#)).collect();
        made("/api/v2.0/auditlog-exts", 200, &format!("[{}]", rows.join(","))).with("X-Total-Count", "260")
    };
    // Ten rows came in front between the first page and the second.
    playback.play([page(151..=250), page(61..=160), page(1..=60)]);
    let all = harbor.list_audit(AuditLog::Ext, &AuditFilter::default(), 1_000).await.expect("rows").rows;
    assert_eq!(all.iter().map(|row| row.id).collect::<Vec<_>>(), (1..=250).rev().collect::<Vec<_>>());
    playback.play([page(151..=250)]);
    let few = harbor.list_audit(AuditLog::Old, &AuditFilter::default(), 20).await.expect_err("another path");
    assert_eq!(few.kind, FaultKind::Protocol);
    playback.play([page(151..=250)]);
    assert_eq!(harbor.list_audit(AuditLog::Ext, &AuditFilter::default(), 20).await.expect("rows").rows.len(), 20);
    assert_eq!(playback.seen()[0].query, "sort=-id&page=1&page_size=20");
}

#[tokio::test]
async fn names_arrive_as_they_are() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    // All digits: the header makes it a name; without it Harbor takes it for an id and answers 404.
    playback.play([number("projects", 51)]);
    assert_eq!(&*harbor.fetch_project("2026").await.expect("a project").name, "2026");
    assert_eq!(playback.seen()[0].headers["x-is-resource-name"], "true");
    playback.play([number("projects", 50)]);
    assert_eq!(harbor.fetch_project("2026").await.expect_err("an id").kind, FaultKind::NotFound);

    // A slash in a repository's name is encoded twice.
    playback.play([number("artifacts", 102), number("artifacts", 111)]);
    harbor.fetch_repository("payment/core/api").await.expect("a repository");
    assert_eq!(playback.seen()[0].path, "/api/v2.0/projects/payment/repositories/core%252Fapi");
    assert_eq!(playback.seen()[0].headers["x-is-resource-name"], "true");
    // A plus sign in `q` goes through two decodings.
    harbor.list_artifacts("payment/core/api", &Which::Tag("v1.0+build.7".into())).await.expect("artifacts");
    assert!(playback.seen()[1].query.contains("q=tags%3Dv1.0%252Bbuild.7"), "{}", playback.seen()[1].query);
    playback.play([number("users", 30)]);
    harbor.list_users_like("a+l").await.expect("users");
    assert!(playback.seen()[0].query.starts_with("q=username%3D%7Ea%252Bl&"), "{}", playback.seen()[0].query);
    // A name that would lead elsewhere goes nowhere.
    assert_eq!(harbor.fetch_project("..").await.expect_err("a path").kind, FaultKind::Protocol);
    assert_eq!(harbor.fetch_repository("payment").await.expect_err("half a name").kind, FaultKind::Usage);
}

#[tokio::test]
async fn a_throttled_question_waits_as_it_is_told() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    playback.play([made("/api/v2.0/health", 429, "").with("Retry-After", "60")]);
    let fault = harbor.fetch_health().await.expect_err("throttled");
    assert_eq!((fault.kind, fault.retry_after_ms), (FaultKind::Throttled, Some(60_000)));
}

#[tokio::test]
async fn another_version_may_leave_out_and_add_fields() {
    let playback = Playback::start().await;
    let harbor = playback.harbor(Some("admin"));
    let policy = r#"[{"id":1,"name":"p","filters":null,"future":{"a":[1]},"trigger":null,"dest_registry":{"id":9,"type":"neutron"}}]"#;
    playback.play([made("/api/v2.0/replication/policies", 200, policy)]);
    let policy = &harbor.list_policies().await.expect("policies").rows[0];
    assert_eq!((policy.replace_count, policy.single_active, policy.trigger.kind.word()), (None, None, ""));
    assert_eq!(policy.peer.as_ref().expect("a peer").kind.word(), "neutron");
    let run = r#"{"id":1,"status":"Paused","trigger":"webhook","total":-1,"end_time":"0001-01-01T00:00:00.000Z"}"#;
    playback.play([made("/api/v2.0/replication/executions/1", 200, run)]);
    let run = harbor.fetch_execution(1).await.expect("a run");
    assert_eq!((run.status.word(), run.trigger.word(), run.total, run.ended), ("Paused", "webhook", 0, None));
    let member = r#"[{"id":1,"entity_name":"eve\u202e","entity_type":"x","role_id":99,"role_name":"custom"}]"#;
    playback.play([made("/api/v2.0/projects/p/members", 200, member).with("X-Total-Count", "1")]);
    let members = harbor.list_members("p").await.expect("members");
    assert_eq!((&*members.listed[0].name, members.listed[0].role.id(), members.listed[0].kind.word()), ("eve\u{FFFD}", 99, "x"));
}
