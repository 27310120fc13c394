//! What the recorded answers say, field by field, on a sample of each kind.

use wharf::clients::dragonfly::ImageQuestion;
use wharf::clients::harbor::{AuditFilter, Harbor, PeerPing, Scope, Which};
use wharf::model::artifact::{AccessoryKind, ArtifactType};
use wharf::model::audit::{AuditLog, Deed};
use wharf::model::clock::Stamp;
use wharf::model::member::{GroupKind, MemberKind, Role};
use wharf::model::preheat::{DragonflyState, JobStatus};
use wharf::model::registry::{AdapterKind, AuthMode, Claim, Identity};
use wharf::model::replication::{Decoration, Direction, ExecutionStatus, FilterKind, Operation, TaskStatus, TriggerKind};
use wharf::model::robot::RobotLevel;

use super::playback::{Playback, number};

/// Unlike what is compared with it, surely a time.
#[allow(clippy::unnecessary_wraps, reason = "what it is compared with may be none")]
fn at(text: &str) -> Option<Stamp> {
    Some(Stamp::parse_rfc3339(text).expect("a time"))
}

/// A client whose next questions are answered by these exchanges.
fn playing(playback: &Playback, file: &str, numbers: &[u32]) -> Harbor {
    playback.play(numbers.iter().map(|n| number(file, *n)));
    playback.harbor(Some("admin"))
}

#[tokio::test]
async fn the_system_says_what_it_is() {
    let p = Playback::start().await;
    let facts = playing(&p, "system", &[6]).fetch_system().await.expect("facts");
    assert_eq!(facts.auth_mode, Some(AuthMode::Db));
    assert_eq!((facts.version.as_deref(), facts.release()), (Some("v2.16.0-c50c7ddd"), Some((2, 16))));
    assert_eq!((facts.registry_url.as_deref(), facts.external_url.as_deref()), (Some("127.0.0.1:8080"), Some("http://127.0.0.1:8080")));
    assert_eq!((facts.read_only, facts.current_time), (Some(false), at("2026-11-23T02:02:27.516Z")));
    // The test's clock stands at 02:10:00.
    assert_eq!(facts.skew_ms, Some(-452_484));
    assert_eq!((facts.project_creation.as_deref(), facts.storage.as_deref(), facts.banner), (Some("everyone"), Some("filesystem"), None));
    let anonymous = playing(&p, "system", &[5]).fetch_system().await.expect("facts");
    assert_eq!((anonymous.version, anonymous.read_only, anonymous.skew_ms), (None, None, None));
    assert_eq!(playing(&p, "read_only", &[289]).fetch_system().await.expect("facts").read_only, Some(true));

    let health = playing(&p, "system", &[4]).fetch_health().await.expect("health");
    assert_eq!((health.claim, health.components.len(), &*health.components[3].name), (Claim::Healthy, 7, "portal"));
    assert_eq!(&*playing(&p, "system", &[3]).fetch_api_version().await.expect("version"), "v2.0");
    let statistics = playing(&p, "system", &[13]).fetch_statistics().await.expect("statistics");
    assert_eq!((statistics.total_projects, statistics.public_repositories, statistics.total_storage), (1, 1, 838));
    let volumes = playing(&p, "system", &[7]).list_volumes().await.expect("volumes");
    assert_eq!((volumes.len(), volumes[0].total), (1, None));
    let settings = playing(&p, "system", &[17]).list_settings().await.expect("settings");
    let setting = |name: &str| settings.iter().find(|s| &*s.name == name).expect(name);
    assert_eq!((&setting("auth_mode").value, setting("auth_mode").editable), (&serde_json::json!("db_auth"), true));
    let catalogue = playing(&p, "system", &[20]).fetch_catalogue().await.expect("catalogue");
    assert!(catalogue.project.iter().any(|x| &*x.resource == "repository" && &*x.action == "push"));
    assert!(catalogue.system.iter().any(|x| &*x.resource == "replication-policy" && &*x.action == "list"));
    let mine = playing(&p, "members", &[89]).list_permissions(Scope::System).await.expect("permissions");
    assert_eq!((&*mine[1].resource, &*mine[1].action), ("member", "read"));
}

#[tokio::test]
async fn people_and_members_are_who_they_are() {
    let p = Playback::start().await;
    let Identity::User(me) = playing(&p, "users", &[33]).fetch_identity().await.expect("me") else { panic!("no user") };
    assert_eq!((me.id, &*me.name, me.realname.as_deref(), me.sysadmin), (4, "bob", Some("李波"), false));
    let users = playing(&p, "users", &[29]).list_users().await.expect("users").rows;
    assert_eq!((&*users[0].name, users[0].realname.as_deref(), users[0].email.as_deref()), ("alice", Some("张丽"), Some("alice@ops.test")));
    assert_eq!(users[0].created, at("2026-11-23T02:02:33.368Z"));
    let groups = playing(&p, "users", &[35]).list_groups().await.expect("groups").rows;
    assert_eq!((&*groups[0].name, groups[0].kind, groups[0].id), ("sre", GroupKind::Oidc, 1));

    let members = playing(&p, "members", &[78]).list_members("payment").await.expect("members");
    let roles: Vec<Role> = members.listed.iter().map(|m| m.role).collect();
    assert_eq!(roles, [Role::ProjectAdmin, Role::ProjectAdmin, Role::Developer, Role::Guest, Role::LimitedGuest]);
    let dave = &members.listed[4];
    assert_eq!((dave.id, dave.entity_id, &*dave.name, &dave.kind, &*dave.role_name), (9, 6, "dave", &MemberKind::User, "limitedGuest"));
    assert_eq!(members.ghosts(), 0);
    // A role that does not exist was stored: the member is counted and never listed.
    let ghosts = playing(&p, "members", &[85]).list_members("payment").await.expect("members");
    assert_eq!((ghosts.listed.len(), ghosts.total, ghosts.ghosts()), (4, Some(5), 1));
    let named = playing(&p, "members", &[79]).list_members_named("payment", "bob").await.expect("one");
    assert_eq!((named.len(), named[0].role), (1, Role::Developer));
    assert_eq!(playing(&p, "members", &[83]).fetch_member("payment", 8).await.expect("carol").role, Role::Maintainer);
}

#[tokio::test]
async fn projects_repositories_and_quotas_are_read() {
    let p = Playback::start().await;
    let projects = playing(&p, "projects", &[42]).list_projects().await.expect("projects");
    assert_eq!((projects.total, projects.torn), (Some(4), false));
    let names: Vec<&str> = projects.rows.iter().map(|project| &*project.name).collect();
    assert_eq!(names, ["2026", "library", "payment", "search"]);
    let payment = &projects.rows[2];
    assert_eq!((payment.id, payment.owner.as_deref(), payment.is_public(), payment.repositories), (2, Some("admin"), false, Some(0)));
    assert_eq!(
        (&payment.my_roles[..], payment.proxy_of, payment.created),
        (&[Role::ProjectAdmin][..], None, at("2026-11-23T02:02:35.373Z"))
    );
    // `maybe` was stored as its visibility; Harbor takes it for private.
    let odd = &playing(&p, "robots", &[165]).list_projects().await.expect("projects").rows[2];
    assert_eq!((odd.metadata.get("public").map(|v| &**v), odd.is_public()), (Some("maybe"), false));
    assert_eq!(odd.metadata.get("auto_scan").map(|v| &**v), Some("true"));
    assert!(odd.my_roles.is_empty());

    let summary = playing(&p, "projects", &[52]).fetch_summary("payment").await.expect("summary");
    let usage = summary.usage.expect("usage");
    assert_eq!((summary.admins, summary.members(), usage.used, usage.hard), (1, 1, 0, Some(10 << 30)));
    let unlimited = playing(&p, "projects", &[64]).fetch_summary("alice-lab").await.expect("summary");
    assert_eq!(unlimited.usage.expect("usage").hard, None);
    let quotas = playing(&p, "robots", &[172]).list_quotas().await.expect("quotas").rows;
    assert_eq!(
        (&*quotas[2].project, quotas[2].project_id, quotas[2].usage.used, quotas[2].usage.hard),
        ("payment", 2, 5343, Some(20 << 30))
    );
    let deletable = playing(&p, "artifacts", &[133]).fetch_deletable("payment").await.expect("an answer");
    assert!(!deletable.deletable && deletable.why_not.expect("why").contains("contains repositories"));
    let rule = &playing(&p, "artifacts", &[125]).list_immutable_rules("payment").await.expect("rules").rows[0];
    assert_eq!((&*rule.tags[0].pattern, &*rule.repositories[0].decoration, rule.disabled), ("v1", "repoMatches", false));
    let events = playing(&p, "webhooks_and_robot_replication", &[378]).fetch_webhook_events("payment").await.expect("events");
    assert!(events.events.iter().any(|e| &**e == "REPLICATION") && events.notify.len() == 2);

    let repositories = playing(&p, "artifacts", &[100]).list_repositories_of("payment").await.expect("repositories").rows;
    let api = &repositories[1];
    assert_eq!(
        (api.split(), api.artifacts, api.pulls, api.updated),
        (("payment", "core/api"), Some(1), Some(0), at("2026-11-23T02:02:42.204Z"))
    );
}

#[tokio::test]
async fn artifacts_tags_labels_and_accessories_are_read() {
    let p = Playback::start().await;
    let web = playing(&p, "artifacts", &[103]).list_artifacts("payment/web", &Which::Usual).await.expect("artifacts").rows;
    let v2 = &web[0];
    assert_eq!(v2.digest.to_string(), "sha256:d641ca64d1d57bce5e5ab9e7ffaf92bf9dd6faefe9142e242477a4c1550c6ea7");
    assert_eq!((&*v2.repository, &v2.kind, v2.size, v2.pulled), ("payment/web", &ArtifactType::Image, 838, None));
    assert_eq!((v2.pushed, &*v2.manifest_media_type), (at("2026-11-23T02:02:41.820Z"), "application/vnd.oci.image.manifest.v1+json"));
    let tags: Vec<&str> = v2.tags.iter().map(|tag| &*tag.name).collect();
    assert_eq!((tags, v2.tags[0].pushed, v2.tags[0].immutable), (vec!["latest", "v2"], at("2026-11-23T02:02:41.992Z"), Some(false)));
    assert_eq!(v2.platforms()[0].to_string(), "linux/amd64");
    let all = playing(&p, "artifacts", &[104]).list_artifacts_of("payment").await.expect("artifacts").rows;
    let platforms: Vec<String> = all[0].platforms().iter().map(ToString::to_string).collect();
    assert_eq!(
        (&*all[0].repository, platforms, all[0].children.len()),
        ("payment/multi", vec!["linux/amd64".into(), "linux/arm64".into()], 2)
    );
    let immutable = playing(&p, "artifacts", &[122]).list_artifacts("payment/web", &Which::Usual).await.expect("artifacts").rows;
    assert!(immutable.iter().flat_map(|a| &a.tags).any(|tag| &*tag.name == "v1" && tag.immutable == Some(true)));
    let labelled = playing(&p, "artifacts", &[132]).fetch_artifact("payment/web", "v2").await.expect("one");
    assert_eq!((&*labelled.labels[0].name, labelled.labels[0].color.as_deref()), ("gold", Some("#FFCC00")));
    let signed = playing(&p, "registry_v2", &[157]).fetch_artifact("payment/web", "v2").await.expect("one");
    assert_eq!((&signed.accessories[0].kind, signed.accessories[0].size), (&AccessoryKind::Subject, 624));
    assert_eq!(signed.accessories[0].subject.as_ref(), Some(&signed.digest));
    let untagged = playing(&p, "replication", &[267]).list_artifacts("search/web", &Which::Usual).await.expect("artifacts").rows;
    assert!(untagged[0].tags.is_empty());
    let history = playing(&p, "artifacts", &[127]).list_build_history("payment/web", &v2.digest.to_string()).await.expect("history");
    assert_eq!(&*history[0].command, "COPY app /app");
}

#[tokio::test]
async fn robots_and_audit_rows_are_read() {
    let p = Playback::start().await;
    let console = &playing(&p, "robots", &[179]).list_robots().await.expect("robots").rows[0];
    assert_eq!(
        (&*console.name, &console.level, console.days, console.expires),
        ("robot$console", &RobotLevel::System, Some(30), Some(Stamp(1_797_991_453_000)))
    );
    assert!(console.may("payment", "member", "list") && !console.may("payment", "repository", "push"));
    let ci = &playing(&p, "robots", &[181]).list_robots_of(2).await.expect("robots").rows[0];
    assert_eq!((&*ci.name, ci.expires, ci.days, ci.disabled), ("robot$payment+ci", None, None, false));
    assert!(ci.may("payment", "repository", "push") && !ci.may("search", "repository", "pull"));

    let rows = playing(&p, "audit", &[192]).list_audit(AuditLog::Ext, &AuditFilter::default(), 100).await.expect("rows");
    assert_eq!(rows.total, Some(51));
    let pull = rows.rows.iter().find(|row| row.id == 46).expect("46");
    assert_eq!((&*pull.user, &pull.deed, pull.repository(), pull.succeeded), ("dave", &Deed::Pull, Some("payment/web"), Some(true)));
    let refused = &playing(&p, "audit", &[193]).list_audit(AuditLog::Ext, &AuditFilter::default(), 100).await.expect("rows").rows[1];
    assert_eq!((&*refused.resource_type, &*refused.resource, refused.succeeded), ("member", "", Some(false)));
    // A push by replication carries the endpoint's account.
    let by = &playing(&p, "webhooks_and_robot_replication", &[400])
        .list_audit(AuditLog::Ext, &AuditFilter::default(), 100)
        .await
        .expect("rows")
        .rows[0];
    assert_eq!((&*by.user, &*by.resource), ("robot$repl", "goodproj/web:v1"));
}

#[tokio::test]
async fn replication_is_read() {
    let p = Playback::start().await;
    let endpoints = playing(&p, "registries", &[210]).list_endpoints().await.expect("endpoints").rows;
    let (tucheng, plain) = (&endpoints[0], &endpoints[1]);
    assert_eq!((tucheng.id, &*tucheng.name, &tucheng.kind, &*tucheng.url), (1, "tucheng", &AdapterKind::Harbor, "http://127.0.0.1:9080"));
    assert_eq!(
        (tucheng.account.as_deref(), tucheng.insecure, &tucheng.claim, tucheng.description.as_deref()),
        (Some("admin"), true, &Claim::Healthy, Some("土城"))
    );
    assert_eq!((plain.id, &plain.kind), (3, &AdapterKind::Distribution));
    let powers = playing(&p, "registries", &[213]).fetch_endpoint_powers(0).await.expect("powers");
    assert!(powers.copy_by_chunk && powers.triggers.len() == 3 && powers.filters.len() == 4);
    assert_eq!(playing(&p, "registries", &[214]).fetch_peer_ping(1).await.expect("ping"), PeerPing::Answers);
    assert_eq!(playing(&p, "registries", &[202]).fetch_peer_ping(1).await.expect("ping"), PeerPing::Refused);

    let policies = playing(&p, "replication", &[229]).list_policies().await.expect("policies").rows;
    let gold = &policies[0];
    assert_eq!(
        (gold.id, &*gold.name, gold.direction, &*gold.peer.as_ref().expect("a peer").name),
        (3, "gold-nightly", Direction::Push, "tucheng")
    );
    assert_eq!(
        (&gold.trigger.kind, gold.trigger.cron.as_deref(), gold.replace_count),
        (&TriggerKind::Scheduled, Some("0 0 2 * * *"), Some(1))
    );
    let filters: Vec<_> = gold.filters.iter().map(|f| (&f.kind, &*f.values[0], f.decoration)).collect();
    let matches = Decoration::Matches;
    assert_eq!(
        filters,
        [(&FilterKind::Name, "payment/**", matches), (&FilterKind::Tag, "v*", matches), (&FilterKind::Label, "gold", matches)]
    );
    assert_eq!((gold.deletes, gold.overrides, gold.enabled, gold.speed_kbps, gold.single_active), (false, true, true, None, Some(false)));
    assert!(policies[2].never_fires() && policies[2].direction == Direction::Pull);
    assert_eq!((policies[3].namespace.as_deref(), policies[4].deletes), (Some("mirror"), true));

    let run = &playing(&p, "replication", &[233]).list_executions(Some(1), 10).await.expect("runs").rows[0];
    assert_eq!((run.id, run.policy_id, &run.status, run.total, run.succeed), (4, 1, &ExecutionStatus::Succeed, 3, 3));
    assert_eq!((run.started, run.ended), (at("2026-11-23T02:05:37.092Z"), at("2026-11-23T02:05:41Z")));
    let task = &playing(&p, "replication", &[234]).list_tasks(4).await.expect("tasks").rows[1];
    assert_eq!(
        (task.source_repository(), task.items(), &task.operation, &task.status),
        ("payment/core/api", Some(1), &Operation::Copy, &TaskStatus::Succeed)
    );
    let pending = &playing(&p, "jobservice", &[282]).list_tasks(10).await.expect("tasks").rows[0];
    assert_eq!((&pending.status, pending.started, pending.ended), (&TaskStatus::Pending, None, None));

    let pool = &playing(&p, "jobservice", &[273]).list_pools().await.expect("pools")[0];
    assert_eq!((pool.concurrency, pool.pid, pool.heartbeat), (5, Some(15_787), at("2026-11-23T02:06:23Z")));
    assert!(playing(&p, "jobservice", &[275]).list_workers(None).await.expect("workers").iter().all(|w| w.job_name.is_none()));
    let schedules = playing(&p, "jobservice", &[276]).list_schedules().await.expect("schedules").rows;
    assert_eq!((&*schedules[2].vendor, schedules[2].vendor_id, schedules[1].vendor_id), ("REPLICATION", Some(3), None));
    assert!(!playing(&p, "jobservice", &[277]).fetch_schedules_paused().await.expect("paused"));
}

#[tokio::test]
async fn preheat_and_dragonfly_are_read() {
    let p = Playback::start().await;
    let instance = playing(&p, "preheat", &[368]).fetch_preheat_instance("df-yf").await.expect("one");
    assert_eq!(
        (&*instance.vendor, &*instance.auth_mode, &*instance.claim, instance.set_up),
        ("dragonfly", "OAUTH", "Unknown", Some(Stamp(1_795_399_896_000)))
    );
    let policy = &playing(&p, "preheat", &[371]).list_preheat_policies("payment").await.expect("policies").rows[0];
    let filters: Vec<_> = policy.filters.iter().map(|f| (&*f.kind, &*f.value)).collect();
    assert_eq!((filters, &policy.trigger.kind), (vec![("repository", "web"), ("tag", "v*")], &TriggerKind::Manual));
    let run = &playing(&p, "preheat", &[373]).list_preheat_executions("payment", "warm-web", 10).await.expect("runs").rows[0];
    assert_eq!((&run.status, run.counts.total, run.counts.success, run.policy_id), (&JobStatus::Success, 2, 2, 1));
    let task = &playing(&p, "preheat", &[375]).list_preheat_tasks("payment", "warm-web", 19).await.expect("tasks").rows[0];
    assert_eq!((task.artifact.as_deref(), task.runs), (Some("payment/web:v1"), 1));
    let log = playing(&p, "preheat", &[376]).fetch_preheat_log("payment", "warm-web", 19, 23).await.expect("a log");
    assert!(log.lines.iter().any(|line| line.contains("| SUCCESS |")));

    let dragonfly = p.dragonfly(Some("token"));
    let play = |file: &str, n: u32| p.play([number(file, n)]);
    play("dragonfly_manager", 404);
    let (token, until) = dragonfly.fetch_sign_in("root", &"hunter2".to_owned().into()).await.expect("a token");
    assert_eq!(until, at("2026-11-25T02:40:48Z"));
    assert!(!format!("{token:?}").contains("secret>"), "{token:?}");
    assert!(!p.seen()[0].headers.contains_key("authorization"));
    play("dragonfly_manager", 403);
    let refused = dragonfly.fetch_sign_in("root", &"hunter3".to_owned().into()).await.expect_err("refused");
    assert_eq!(refused.kind, wharf::model::fault::FaultKind::Unauthorized);
    play("dragonfly_manager", 407);
    let scheduler = &dragonfly.list_schedulers().await.expect("schedulers")[0];
    assert_eq!(
        (&*scheduler.host, scheduler.idc.as_deref(), &*scheduler.state, scheduler.port),
        ("sched-yf", Some("yongfeng"), "active", 8302)
    );
    play("dragonfly_p2p", 445);
    let peers = dragonfly.list_peers().await.expect("peers");
    assert_eq!(
        (&*peers[0].host, &*peers[0].kind, &*peers[1].kind, peers[1].version.as_deref()),
        ("peer-yf-01", "normal", "super", Some("1.5.1"))
    );
    play("dragonfly_manager", 418);
    let cluster = &dragonfly.list_clusters().await.expect("clusters")[0];
    assert_eq!((&*cluster.name, cluster.default, cluster.idc.as_deref()), ("cluster-1", true, None));
    play("dragonfly_manager", 417);
    let tokens = dragonfly.list_access_tokens().await.expect("tokens");
    assert_eq!((&*tokens[2].name, tokens[2].expires), ("old", at("2020-11-23T00:00:00Z")));
    play("dragonfly_p2p", 448);
    let job = dragonfly.fetch_job(1).await.expect("a job");
    assert_eq!((&*job.kind, &job.state, job.tasks.len(), &*job.tasks[0].host), ("preheat", &DragonflyState::Success, 2, "seed-yf"));
    assert!(!job.is_hollow() && job.tasks[0].failure.is_none());
    // A file that does not exist: success, and nobody holds anything.
    play("dragonfly_p2p", 455);
    assert!(dragonfly.fetch_job(7).await.expect("a job").is_hollow());
    let question = ImageQuestion { url: "http://10.78.0.1:5600/v2/payment/web/manifests/v1".into(), scheduler_clusters: vec![1] };
    play("dragonfly_p2p", 449);
    let cold = dragonfly.fetch_distribution(&question).await.expect("a distribution");
    assert_eq!((cold.layers.len(), cold.peers.len()), (2, 0));
    play("dragonfly_p2p", 452);
    let warm = dragonfly.fetch_distribution(&question).await.expect("a distribution");
    assert_eq!((&*warm.peers[0].host, warm.peers[0].layers.len()), ("peer-yf-01", 2));
    let asked: serde_json::Value = serde_json::from_slice(&p.seen()[0].body).expect("json");
    assert_eq!(asked["type"], "get_image_distribution");
}
