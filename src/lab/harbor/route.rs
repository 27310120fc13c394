//! Which path is answered by what, and what holds for all of them: sessions, CSRF, read-only mode, older versions.

use serde_json::Value;

use crate::lab::exchange::{Answer, Request, decode, digest};
use crate::model::clock::Stamp;

use super::refusal::{Refusal, Reply};
use super::{Ask, Harbor, Peers};

/// A question that the twin answers.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub method: &'static str,
    /// Under `/api/v2.0`; `{}` stands for one segment.
    pub template: &'static str,
    /// The version that it came with, where the console meets older ones.
    since: (u32, u32),
    answer: fn(&mut Harbor, &Ask<'_>) -> Reply,
}

const BASE: &str = "/api/v2.0";
const COOKIE: &str = "sid=6c61622d736964; Path=/; HttpOnly";
const CSRF_COOKIE: &str = "_gorilla_csrf=6c61622d63737266; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict";

/// Fields that older versions do not have.
const YOUNG_FIELDS: [(&str, (u32, u32)); 9] = [
    ("dest_namespace_replace_count", (2, 3)),
    ("speed", (2, 4)),
    ("copy_by_chunk", (2, 7)),
    ("supported_copy_by_chunk", (2, 7)),
    ("current_user_role_id", (2, 1)),
    ("primary_auth_mode", (2, 12)),
    ("artifact_type", (2, 13)),
    ("single_active_replication", (2, 14)),
    ("ca_certificate", (2, 15)),
];

/// Paths that read-only mode leaves alone.
const WRITABLE: [&str; 3] = ["/api/v2.0/configurations", "/api/v2.0/registries/ping", "/service/token"];

/// All questions under `/api/v2.0` that the twin answers.
pub fn routes() -> &'static [Route] {
    ROUTES
}

macro_rules! routes {
    ($($method:ident $template:literal $since:tt $answer:ident;)*) => {
        const ROUTES: &[Route] = &[$(Route { method: stringify!($method), template: $template, since: $since, answer: Harbor::$answer }),*];
    };
}

routes! {
    GET "/ping" (2, 0) ping;
    GET "/health" (2, 0) health;
    GET "/systeminfo" (2, 0) systeminfo;
    GET "/systeminfo/volumes" (2, 0) volumes;
    GET "/statistics" (2, 0) statistics;
    GET "/search" (2, 0) search;
    GET "/configurations" (2, 0) configurations;
    PUT "/configurations" (2, 0) configure;
    GET "/permissions" (2, 12) catalogue_of_permissions;
    GET "/users" (2, 0) list_users;
    POST "/users" (2, 0) create_user;
    GET "/users/current" (2, 0) current_user;
    GET "/users/current/permissions" (2, 0) current_permissions;
    GET "/users/search" (2, 0) search_users;
    GET "/users/{}" (2, 0) read_user;
    DELETE "/users/{}" (2, 0) remove_user;
    PUT "/users/{}/sysadmin" (2, 0) change_sysadmin;
    PUT "/users/{}/password" (2, 0) change_password;
    GET "/usergroups" (2, 0) list_groups;
    POST "/usergroups" (2, 0) create_group;
    GET "/usergroups/search" (2, 0) search_groups;
    GET "/projects" (2, 0) list_projects;
    HEAD "/projects" (2, 0) head_project;
    POST "/projects" (2, 0) create_project;
    GET "/projects/{}" (2, 0) read_project;
    PUT "/projects/{}" (2, 0) change_project;
    DELETE "/projects/{}" (2, 0) remove_project;
    GET "/projects/{}/_deletable" (2, 0) project_deletable;
    GET "/projects/{}/summary" (2, 0) project_summary;
    GET "/projects/{}/metadatas/" (2, 0) list_metadata;
    POST "/projects/{}/metadatas/" (2, 0) add_metadata;
    GET "/projects/{}/metadatas/{}" (2, 0) read_metadata;
    PUT "/projects/{}/metadatas/{}" (2, 0) change_metadata;
    DELETE "/projects/{}/metadatas/{}" (2, 0) remove_metadata;
    GET "/projects/{}/members" (2, 0) list_members;
    POST "/projects/{}/members" (2, 0) create_member;
    GET "/projects/{}/members/{}" (2, 0) read_member;
    PUT "/projects/{}/members/{}" (2, 0) change_member;
    DELETE "/projects/{}/members/{}" (2, 0) remove_member;
    GET "/quotas" (2, 0) list_quotas;
    GET "/quotas/{}" (2, 0) read_quota;
    PUT "/quotas/{}" (2, 0) change_quota;
    GET "/repositories" (2, 1) list_all_repositories;
    GET "/projects/{}/repositories" (2, 0) list_repositories;
    GET "/projects/{}/repositories/{}" (2, 0) read_repository;
    PUT "/projects/{}/repositories/{}" (2, 0) change_repository;
    DELETE "/projects/{}/repositories/{}" (2, 0) remove_repository;
    GET "/projects/{}/artifacts" (2, 13) list_project_artifacts;
    GET "/projects/{}/repositories/{}/artifacts" (2, 0) list_artifacts;
    POST "/projects/{}/repositories/{}/artifacts" (2, 0) copy_artifact;
    GET "/projects/{}/repositories/{}/artifacts/{}" (2, 0) read_artifact;
    DELETE "/projects/{}/repositories/{}/artifacts/{}" (2, 0) remove_artifact;
    GET "/projects/{}/repositories/{}/artifacts/{}/accessories" (2, 5) list_accessories;
    GET "/projects/{}/repositories/{}/artifacts/{}/additions/{}" (2, 0) read_addition;
    POST "/projects/{}/repositories/{}/artifacts/{}/labels" (2, 0) label_artifact;
    DELETE "/projects/{}/repositories/{}/artifacts/{}/labels/{}" (2, 0) unlabel_artifact;
    GET "/projects/{}/repositories/{}/artifacts/{}/tags" (2, 0) list_tags;
    POST "/projects/{}/repositories/{}/artifacts/{}/tags" (2, 0) create_tag;
    DELETE "/projects/{}/repositories/{}/artifacts/{}/tags/{}" (2, 0) remove_tag;
    GET "/projects/{}/immutabletagrules" (2, 0) list_immutables;
    POST "/projects/{}/immutabletagrules" (2, 0) create_immutable;
    DELETE "/projects/{}/immutabletagrules/{}" (2, 0) remove_immutable;
    GET "/labels" (2, 0) list_labels;
    POST "/labels" (2, 0) create_label;
    DELETE "/labels/{}" (2, 0) remove_label;
    GET "/robots" (2, 2) list_robots;
    POST "/robots" (2, 2) create_robot;
    GET "/robots/{}" (2, 2) read_robot;
    PUT "/robots/{}" (2, 2) change_robot;
    PATCH "/robots/{}" (2, 2) renew_robot;
    DELETE "/robots/{}" (2, 2) remove_robot;
    GET "/audit-logs" (2, 0) list_old_audit;
    GET "/auditlog-exts" (2, 13) list_audit;
    GET "/auditlog-exts/events" (2, 13) list_audit_events;
    GET "/projects/{}/auditlog-exts" (2, 13) list_project_audit;
    GET "/registries" (2, 0) list_registries;
    POST "/registries" (2, 0) create_registry;
    POST "/registries/ping" (2, 0) ping_registry;
    GET "/registries/{}" (2, 0) read_registry;
    PUT "/registries/{}" (2, 0) change_registry;
    DELETE "/registries/{}" (2, 0) remove_registry;
    GET "/registries/{}/info" (2, 0) registry_info;
    GET "/replication/adapters" (2, 0) list_adapters;
    GET "/replication/adapterinfos" (2, 0) list_adapter_infos;
    GET "/replication/policies" (2, 0) list_policies;
    POST "/replication/policies" (2, 0) create_policy;
    GET "/replication/policies/{}" (2, 0) read_policy;
    PUT "/replication/policies/{}" (2, 0) change_policy;
    DELETE "/replication/policies/{}" (2, 0) remove_policy;
    GET "/replication/executions" (2, 0) list_executions;
    POST "/replication/executions" (2, 0) start_execution;
    GET "/replication/executions/{}" (2, 0) read_execution;
    PUT "/replication/executions/{}" (2, 0) stop_execution;
    GET "/replication/executions/{}/tasks" (2, 0) list_tasks;
    GET "/replication/executions/{}/tasks/{}/log" (2, 0) task_log;
    GET "/jobservice/queues" (2, 7) list_queues;
    PUT "/jobservice/queues/{}" (2, 7) act_on_queue;
    GET "/jobservice/pools" (2, 7) list_pools;
    GET "/jobservice/pools/{}/workers" (2, 7) list_workers;
    GET "/schedules" (2, 7) list_schedules;
    GET "/schedules/{}/paused" (2, 7) schedules_paused;
    GET "/p2p/preheat/providers" (2, 1) list_preheat_providers;
    GET "/p2p/preheat/instances" (2, 1) list_preheat_instances;
    POST "/p2p/preheat/instances" (2, 1) create_preheat_instance;
    POST "/p2p/preheat/instances/ping" (2, 1) ping_preheat_instance;
    GET "/p2p/preheat/instances/{}" (2, 1) read_preheat_instance;
    DELETE "/p2p/preheat/instances/{}" (2, 1) remove_preheat_instance;
    GET "/projects/{}/preheat/policies" (2, 1) list_preheat_policies;
    POST "/projects/{}/preheat/policies" (2, 1) create_preheat_policy;
    GET "/projects/{}/preheat/policies/{}" (2, 1) read_preheat_policy;
    POST "/projects/{}/preheat/policies/{}" (2, 1) start_preheat;
    DELETE "/projects/{}/preheat/policies/{}" (2, 1) remove_preheat_policy;
    GET "/projects/{}/preheat/policies/{}/executions" (2, 1) list_preheat_executions;
    GET "/projects/{}/preheat/policies/{}/executions/{}" (2, 1) read_preheat_execution;
    GET "/projects/{}/preheat/policies/{}/executions/{}/tasks" (2, 1) list_preheat_tasks;
    GET "/projects/{}/preheat/policies/{}/executions/{}/tasks/{}/logs" (2, 1) preheat_log;
    GET "/projects/{}/webhook/events" (2, 0) webhook_events;
    GET "/projects/{}/webhook/policies" (2, 0) webhook_policies;
}

impl Harbor {
    pub(super) fn answer(&mut self, request: &Request, world: Stamp, peers: Peers<'_>) -> Answer {
        if self.knobs.core_down {
            return Answer::bytes(502, "text/html", b"<html><head><title>502 Bad Gateway</title></head></html>\r\n".to_vec());
        }
        let now = self.own(world);
        let writes = !matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        let has_session = request.header("Cookie").is_some_and(|cookies| cookies.contains("sid="));
        if writes && has_session && !request.path.starts_with("/v2/") {
            let refusal = Refusal::forbidden("CSRF token not found in request");
            return refusal.answer().with("X-Harbor-Csrf-Token", "bGFiLWNzcmY=").with("Set-Cookie", CSRF_COOKIE);
        }
        if writes && self.is_read_only() && !WRITABLE.iter().any(|path| request.path.starts_with(path)) {
            return Refusal::read_only().answer();
        }
        if request.path == "/service/token" {
            return self.token(request, now, world);
        }
        let caller = self.identify(request, world);
        let mut ask = Ask { request, caller, now, world, peers, parts: Vec::new() };
        let reply = match request.path.strip_prefix(BASE) {
            Some(path) => self.route(&mut ask, path),
            None if request.path == "/api/version" => Ok(Self::version()),
            None if request.path.starts_with("/v2/") => self.registry(&mut ask),
            None => Err(Refusal::not_found(format!("path {} was not found", request.path))),
        };
        let mut answer = self.dated(reply.unwrap_or_else(|refusal| refusal.answer())).with("Set-Cookie", COOKIE);
        let id = request
            .header("X-Request-Id")
            .map_or_else(|| digest(format!("{}{now:?}", request.path).as_bytes())[7..39].to_owned(), str::to_owned);
        answer = answer.with("X-Request-Id", &id);
        if request.method == "HEAD" {
            answer.body.clear();
        }
        answer
    }

    fn route(&mut self, ask: &mut Ask<'_>, path: &str) -> Reply {
        let mut known = false;
        for route in ROUTES.iter().filter(|route| self.knobs.version >= route.since) {
            let Some(parts) = matched(route.template, path) else { continue };
            known = true;
            if route.method == ask.request.method {
                ask.parts = parts;
                return (route.answer)(self, ask);
            }
        }
        Err(if known { Refusal::method_not_allowed() } else { Refusal::not_found(format!("path {} was not found", ask.request.path)) })
    }

    /// Without what this version does not know yet.
    fn dated(&self, mut answer: Answer) -> Answer {
        if self.knobs.version >= (2, 16) || answer.header("Content-Type") != Some("application/json") {
            return answer;
        }
        let mut value = answer.value();
        strip(&mut value, self.knobs.version);
        answer.body = value.to_string().into_bytes();
        answer
    }
}

impl Ask<'_> {
    /// The number in the place of a brace; 0, which no row has, where it is none.
    pub(super) fn id(&self, place: usize) -> i64 {
        self.parts.get(place).and_then(|part| part.parse().ok()).unwrap_or(0)
    }

    pub(super) fn part(&self, place: usize) -> &str {
        self.parts.get(place).map_or("", String::as_str)
    }
}

/// The segments in the place of the braces; literal segments come first in the table and so win.
fn matched(template: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    let mut parts = Vec::new();
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Some(parts),
            (Some("{}"), Some(part)) if !part.is_empty() => parts.push(decode(part)),
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => return None,
        }
    }
}

fn strip(value: &mut Value, version: (u32, u32)) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| strip(value, version)),
        Value::Object(fields) => {
            fields.retain(|key, _| YOUNG_FIELDS.iter().all(|(young, since)| key != young || version >= *since));
            fields.values_mut().for_each(|value| strip(value, version));
        }
        _ => {}
    }
}
