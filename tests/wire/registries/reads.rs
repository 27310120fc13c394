//! Every recorded answer to a reading request is read by the client, into as many rows as it has or the Fault it means.

use wharf::clients::dragonfly::Dragonfly;
use wharf::clients::gate::Client;
use wharf::clients::harbor::{AuditFilter, Harbor, Listing, Scope, TaskLog, Which};
use wharf::clients::http::{Ask, Http};
use wharf::clients::{Mode, Wire, WireOptions};
use wharf::model::audit::AuditLog;
use wharf::model::clock::{Clock, Stamp};
use wharf::model::fault::{Fault, FaultKind};

use super::playback::{Exchange, Playback, decoded, files, recorded};

/// What an answer was read into.
pub(crate) enum Read {
    /// A list of so many.
    Rows(usize),
    /// One thing, said in full.
    One(String),
    /// No question of ours: the error was read all the same.
    Stranger,
}

type Outcome = Result<Read, Fault>;

fn list<T>(listing: Result<Listing<T>, Fault>) -> Outcome {
    listing.map(|listing| Read::Rows(listing.rows.len()))
}

fn rows<T>(rows: Result<Vec<T>, Fault>) -> Outcome {
    rows.map(|rows| Read::Rows(rows.len()))
}

fn one<T: std::fmt::Debug>(thing: Result<T, Fault>) -> Outcome {
    thing.map(|thing| Read::One(format!("{thing:?}")))
}

fn log(log: Result<TaskLog, Fault>) -> Outcome {
    log.map(|log| Read::One(log.lines.join("\n")))
}

/// Asks the question that an exchange answers.
async fn ask_harbor(harbor: &Harbor, exchange: &Exchange) -> Outcome {
    let place = exchange.place();
    let query = exchange.request.path.split_once('?').map_or("", |(_, query)| query).to_owned();
    let number = |text: &str| text.parse::<i64>().expect("a number");
    let parts: Vec<&str> = place.trim_start_matches("/api/v2.0/").trim_end_matches('/').split('/').collect();
    let wanted = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(decoded);
    match parts.as_slice() {
        ["ping"] => one(harbor.fetch_ping().await),
        ["", "api", "version"] => one(harbor.fetch_api_version().await),
        ["health"] => one(harbor.fetch_health().await),
        ["systeminfo"] => one(harbor.fetch_system().await),
        ["systeminfo", "volumes"] => one(harbor.list_volumes().await),
        ["statistics"] => one(harbor.fetch_statistics().await),
        ["configurations"] => one(harbor.list_settings().await),
        ["permissions"] => one(harbor.fetch_catalogue().await),
        ["users", "current"] => one(harbor.fetch_identity().await),
        ["users", "current", "permissions"] => rows(harbor.list_permissions(Scope::System).await),
        ["users", "search"] => rows(harbor.search_users(&wanted("username").expect("a part")).await),
        ["users"] => list(harbor.list_users().await),
        ["usergroups"] => list(harbor.list_groups().await),
        ["projects"] if exchange.request.method == "HEAD" => {
            let name = wanted("project_name").expect("a name");
            harbor.fetch_project_exists(&name).await.map(|found| Read::One(found.to_string()))
        }
        ["projects"] => list(harbor.list_projects().await),
        ["projects", p] => one(harbor.fetch_project(p).await),
        ["projects", p, "summary"] => one(harbor.fetch_summary(p).await),
        ["projects", p, "_deletable"] => one(harbor.fetch_deletable(p).await),
        ["projects", p, "metadatas"] => one(harbor.fetch_metadata(p).await),
        ["projects", p, "immutabletagrules"] => list(harbor.list_immutable_rules(p).await),
        ["projects", p, "webhook", "events"] => one(harbor.fetch_webhook_events(p).await),
        ["projects", p, "webhook", "policies"] => list(harbor.list_webhooks(p).await),
        ["projects", p, "members"] => match wanted("entityname") {
            Some(name) => rows(harbor.list_members_named(p, &name).await),
            None => harbor.list_members(p).await.map(|members| Read::Rows(members.listed.len())),
        },
        ["projects", p, "members", id] => one(harbor.fetch_member(p, number(id)).await),
        ["projects", p, "auditlog-exts"] => list(harbor.list_audit_of(p, &AuditFilter::default(), 100).await),
        ["projects", p, "repositories"] => list(harbor.list_repositories_of(p).await),
        ["projects", p, "artifacts"] => list(harbor.list_artifacts_of(p).await),
        ["projects", p, "repositories", r, rest @ ..] => ask_repository(harbor, &format!("{p}/{}", decoded(r)), rest, &query).await,
        ["projects", p, "preheat", "policies", rest @ ..] => match rest {
            [] => list(harbor.list_preheat_policies(p).await),
            [policy, "executions"] => list(harbor.list_preheat_executions(p, policy, 10).await),
            [policy, "executions", id] => one(harbor.fetch_preheat_execution(p, policy, number(id)).await),
            [policy, "executions", id, "tasks"] => list(harbor.list_preheat_tasks(p, policy, number(id)).await),
            [policy, "executions", id, "tasks", task, "logs"] => log(harbor.fetch_preheat_log(p, policy, number(id), number(task)).await),
            other => panic!("no question for {other:?}"),
        },
        ["repositories"] => list(harbor.list_repositories_like("web").await),
        ["labels"] => list(harbor.list_labels().await),
        ["quotas"] => list(harbor.list_quotas().await),
        ["robots"] if query.contains("ProjectID") => list(harbor.list_robots_of(2).await),
        ["robots"] => list(harbor.list_robots().await),
        ["robots", id] => one(harbor.fetch_robot(number(id)).await),
        ["audit-logs"] => list(harbor.list_audit(AuditLog::Old, &AuditFilter::default(), 100).await),
        ["auditlog-exts"] => list(harbor.list_audit(AuditLog::Ext, &AuditFilter::default(), 100).await),
        ["auditlog-exts", "events"] => rows(harbor.list_audit_events().await),
        ["registries"] => list(harbor.list_endpoints().await),
        ["registries", id] => one(harbor.fetch_endpoint(number(id)).await),
        ["registries", id, "info"] => one(harbor.fetch_endpoint_powers(number(id)).await),
        ["replication", "adapters"] => rows(harbor.list_adapters().await),
        ["replication", "adapterinfos"] => one(harbor.list_adapter_forms().await),
        ["replication", "policies"] => list(harbor.list_policies().await),
        ["replication", "policies", id] => one(harbor.fetch_policy(number(id)).await),
        ["replication", "executions"] => list(harbor.list_executions(wanted("policy_id").map(|id| number(&id)), 10).await),
        ["replication", "executions", id] => one(harbor.fetch_execution(number(id)).await),
        ["replication", "executions", id, "tasks"] => list(harbor.list_tasks(number(id)).await),
        ["replication", "executions", id, "tasks", task, "log"] => log(harbor.fetch_task_log(number(id), number(task)).await),
        ["jobservice", "queues"] => rows(harbor.list_queues().await),
        ["jobservice", "pools"] => rows(harbor.list_pools().await),
        ["jobservice", "pools", "all", "workers"] => rows(harbor.list_workers(None).await),
        ["jobservice", "pools", pool, "workers"] => rows(harbor.list_workers(Some(pool)).await),
        ["schedules"] => list(harbor.list_schedules().await),
        ["schedules", _, "paused"] => one(harbor.fetch_schedules_paused().await),
        ["p2p", "preheat", "providers"] => rows(harbor.list_preheat_providers().await),
        ["p2p", "preheat", "instances"] => list(harbor.list_preheat_instances().await),
        ["p2p", "preheat", "instances", name] => one(harbor.fetch_preheat_instance(name).await),
        _ => Ok(Read::Stranger),
    }
}

async fn ask_repository(harbor: &Harbor, full: &str, rest: &[&str], query: &str) -> Outcome {
    match rest {
        [] => one(harbor.fetch_repository(full).await),
        ["artifacts"] => {
            let which = match query {
                q if q.contains("base%3D") => Which::WithChildren,
                q if q.contains("tags%3D*") => Which::Tagged,
                q if q.contains("tags%3D") => Which::Tag("v1.0_build.7".into()),
                _ => Which::Usual,
            };
            list(harbor.list_artifacts(full, &which).await)
        }
        ["artifacts", reference] => one(harbor.fetch_artifact(full, reference).await),
        ["artifacts", reference, "tags"] => list(harbor.list_tags(full, reference).await),
        ["artifacts", reference, "accessories"] => list(harbor.list_accessories(full, reference).await),
        ["artifacts", reference, "additions", "build_history"] => rows(harbor.list_build_history(full, reference).await),
        other => panic!("no question for {other:?}"),
    }
}

async fn ask_dragonfly(manager: &Dragonfly, exchange: &Exchange) -> Outcome {
    match exchange.place().trim_start_matches('/').split('/').collect::<Vec<_>>().as_slice() {
        ["healthy"] => one(manager.fetch_ping().await),
        ["oapi", "v1", "clusters"] => rows(manager.list_clusters().await),
        ["oapi", "v1", "jobs"] => rows(manager.list_jobs(None).await),
        ["oapi", "v1", "jobs", id] => one(manager.fetch_job(id.parse().expect("a number")).await),
        ["api", "v1", "clusters"] => rows(manager.list_clusters_signed_in().await),
        ["api", "v1", "schedulers"] => rows(manager.list_schedulers().await),
        ["api", "v1", "scheduler-clusters"] => rows(manager.list_scheduler_clusters().await),
        ["api", "v1", "seed-peer-clusters"] => rows(manager.list_seed_peer_clusters().await),
        ["api", "v1", "seed-peers"] => rows(manager.list_seed_peers().await),
        ["api", "v1", "peers"] => rows(manager.list_peers().await),
        ["api", "v1", "users"] => rows(manager.list_users().await),
        ["api", "v1", "personal-access-tokens"] => rows(manager.list_access_tokens().await),
        ["api", "v1", "audits"] => rows(manager.list_audits().await),
        _ => Ok(Read::Stranger),
    }
}

/// The error of a path that we never ask for, read by the layer that all clients share.
async fn ask_stranger(playback: &Playback, exchange: &Exchange) -> Fault {
    let options = WireOptions::new(Mode::Writing, Clock::manual(Stamp(0)), std::env::temp_dir());
    let wire = Wire::new(options).expect("a wire");
    // The one row of the gate that any path fits: a token service's.
    let http = Http::new(&wire, playback.endpoint(Client::Oci, Some("admin"))).expect("a client");
    let ask = Ask { discriminator: "token".into(), ..Ask::get("/{path+}", exchange.request.path.clone()) };
    http.send(ask).await.and_then(|answer| answer.success().map(|_| ())).expect_err("an error")
}

/// The Fault that a status means to a reader.
fn wanted_kind(exchange: &Exchange) -> FaultKind {
    match exchange.response.status {
        401 => FaultKind::Unauthorized,
        403 => FaultKind::Forbidden,
        404 => FaultKind::NotFound,
        422 => FaultKind::Version,
        500 => FaultKind::Server,
        // The question that only a wrong question of ours could get.
        400 => FaultKind::Protocol,
        other => panic!("{}: no Fault is meant by {other}", exchange.n),
    }
}

#[tokio::test]
async fn every_recorded_answer_to_a_read_is_read() {
    let playback = Playback::start().await;
    let (mut read, mut faults, mut strangers, mut failures) = (0, 0, 0, Vec::new());
    let mut by_v2 = Vec::new();
    for file in &files() {
        let exchanges = recorded(file);
        for (at, exchange) in exchanges.iter().enumerate() {
            if !matches!(exchange.request.method.as_str(), "GET" | "HEAD") {
                continue;
            }
            if exchange.place().starts_with("/v2/") || exchange.place().starts_with("/service/") {
                by_v2.push(exchange.n);
                continue;
            }
            // A robot's identity takes two questions: the second is the next exchange.
            let next = exchanges.get(at + 1).filter(|_| exchange.response.status == 412);
            playback.play([exchange].into_iter().chain(next).cloned());
            // Asking who we are without a credential is answered by ourselves: this one is sent with one all the same.
            let anonymous = exchange.credential == "none" && exchange.place() != "/api/v2.0/users/current";
            let user = Some(exchange.user.as_deref().unwrap_or("nobody")).filter(|_| !anonymous);
            let outcome = if file.starts_with("dragonfly") {
                ask_dragonfly(&playback.dragonfly(user), exchange).await
            } else {
                ask_harbor(&playback.harbor(user), exchange).await
            };
            let what = format!("{file} {}: {} {}", exchange.n, exchange.request.method, exchange.request.path);
            match outcome {
                Ok(Read::Stranger) => {
                    let fault = ask_stranger(&playback, exchange).await;
                    if fault.kind != wanted_kind(exchange) {
                        failures.push(format!("{what}: {fault}"));
                    }
                    strangers += 1;
                }
                Ok(Read::Rows(count)) => {
                    if Some(count) != exchange.rows() {
                        failures.push(format!("{what}: {count} of {:?} rows", exchange.rows()));
                    }
                    read += 1;
                }
                Ok(Read::One(said)) => {
                    let refused = exchange.response.status >= 400 && exchange.response.status != 412 && exchange.request.method != "HEAD";
                    if said.is_empty() || refused {
                        failures.push(format!("{what}: said '{said}'"));
                    }
                    read += 1;
                }
                Err(fault) => {
                    if exchange.response.status < 400 || fault.kind != wanted_kind(exchange) || fault.request_id.is_none() {
                        failures.push(format!("{what}: {:?} {fault}", fault.kind));
                    }
                    faults += 1;
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    by_v2.sort_unstable();
    println!("read {read}, refusals read {faults}, of paths that we do not ask for {strangers}; by the /v2 tests {}", by_v2.len());
    assert_eq!((read, faults, strangers), (211, 27, 2));
    assert_eq!(by_v2, super::registry_v2::COVERED);
}
