//! What may be sent to a Harbor registry.

use super::{Client, Row};

pub(super) const ROWS: &[Row] = &[
    get("/api/v2.0/ping", "asks whether it lives"),
    get("/api/version", "the version of its API"),
    get("/api/v2.0/health", "what it claims of its parts"),
    get("/api/v2.0/systeminfo", "version, mode and clock"),
    get("/api/v2.0/systeminfo/volumes", "free storage"),
    get("/api/v2.0/statistics", "counts of projects and repositories"),
    get("/api/v2.0/configurations", "reads the configuration"),
    get("/api/v2.0/permissions", "what permissions there are"),
    get("/api/v2.0/users/current", "tells a refused credential from a good one"),
    get("/api/v2.0/users/current/permissions", "what our own credential may do"),
    get("/api/v2.0/users", "lists people"),
    get("/api/v2.0/users/search", "finds people by name"),
    get("/api/v2.0/usergroups", "lists groups"),
    get("/api/v2.0/projects", "lists projects"),
    Row {
        client: Client::Harbor,
        method: "HEAD",
        template: "/api/v2.0/projects",
        discriminator: "",
        family: None,
        reason: "asks whether a project exists",
    },
    get("/api/v2.0/projects/{project}", "describes one project"),
    get("/api/v2.0/projects/{project}/summary", "members by role and storage of a project"),
    get("/api/v2.0/projects/{project}/_deletable", "asks whether a project could be removed"),
    get("/api/v2.0/projects/{project}/metadatas/", "reads a project's metadata"),
    get("/api/v2.0/projects/{project}/immutabletagrules", "lists rules of a project"),
    get("/api/v2.0/projects/{project}/webhook/policies", "lists webhooks of a project"),
    get("/api/v2.0/projects/{project}/webhook/events", "what webhooks can listen to"),
    get("/api/v2.0/projects/{project}/members", "lists members"),
    get("/api/v2.0/projects/{project}/members/{id}", "describes one membership"),
    get("/api/v2.0/projects/{project}/auditlog-exts", "reads a project's audit log"),
    get("/api/v2.0/quotas", "lists quotas"),
    get("/api/v2.0/repositories", "lists repositories"),
    get("/api/v2.0/projects/{project}/repositories", "lists a project's repositories"),
    get("/api/v2.0/projects/{project}/repositories/{repository}", "describes one repository"),
    get("/api/v2.0/projects/{project}/artifacts", "lists a project's artifacts"),
    get("/api/v2.0/projects/{project}/repositories/{repository}/artifacts", "lists a repository's artifacts"),
    get("/api/v2.0/projects/{project}/repositories/{repository}/artifacts/{reference}", "describes one artifact"),
    get("/api/v2.0/projects/{project}/repositories/{repository}/artifacts/{reference}/tags", "lists an artifact's tags"),
    get("/api/v2.0/projects/{project}/repositories/{repository}/artifacts/{reference}/accessories", "lists what hangs on an artifact"),
    get("/api/v2.0/projects/{project}/repositories/{repository}/artifacts/{reference}/additions/build_history", "how an image was built"),
    get("/api/v2.0/labels", "lists labels"),
    get("/api/v2.0/robots", "lists robots, without their secrets"),
    get("/api/v2.0/robots/{id}", "describes one robot"),
    get("/api/v2.0/audit-logs", "reads the old audit log"),
    get("/api/v2.0/auditlog-exts", "reads the audit log"),
    get("/api/v2.0/auditlog-exts/events", "what the audit log tells of"),
    get("/api/v2.0/registries", "lists the endpoints it replicates with"),
    get("/api/v2.0/registries/{id}", "describes one endpoint"),
    get("/api/v2.0/registries/{id}/info", "what can be replicated with an endpoint"),
    ping("/api/v2.0/registries/ping", "has it look whether a saved endpoint answers; nothing is kept"),
    get("/api/v2.0/replication/adapters", "kinds of endpoints it can speak with"),
    get("/api/v2.0/replication/adapterinfos", "what kinds of endpoints want to be told"),
    get("/api/v2.0/replication/policies", "lists replication policies"),
    get("/api/v2.0/replication/policies/{id}", "describes one policy"),
    get("/api/v2.0/replication/executions", "lists runs of policies"),
    get("/api/v2.0/replication/executions/{id}", "describes one run"),
    get("/api/v2.0/replication/executions/{id}/tasks", "lists the tasks of a run"),
    get("/api/v2.0/replication/executions/{id}/tasks/{task}/log", "reads a task's log"),
    get("/api/v2.0/jobservice/queues", "lists job queues"),
    get("/api/v2.0/jobservice/pools", "lists pools of workers"),
    get("/api/v2.0/jobservice/pools/{pool}/workers", "lists workers"),
    get("/api/v2.0/schedules", "lists what it runs by a clock"),
    get("/api/v2.0/schedules/{job_type}/paused", "asks whether schedules are paused"),
    get("/api/v2.0/p2p/preheat/providers", "kinds of peer networks it can drive"),
    get("/api/v2.0/p2p/preheat/instances", "lists its peer networks"),
    get("/api/v2.0/p2p/preheat/instances/{instance}", "describes one peer network"),
    ping("/api/v2.0/p2p/preheat/instances/ping", "has it look whether a saved peer network answers; nothing is kept"),
    get("/api/v2.0/projects/{project}/preheat/policies", "lists preheat policies"),
    get("/api/v2.0/projects/{project}/preheat/policies/{policy}", "describes one preheat policy"),
    get("/api/v2.0/projects/{project}/preheat/policies/{policy}/executions", "lists runs of a preheat policy"),
    get("/api/v2.0/projects/{project}/preheat/policies/{policy}/executions/{id}", "describes one preheat run"),
    get("/api/v2.0/projects/{project}/preheat/policies/{policy}/executions/{id}/tasks", "lists the tasks of a preheat run"),
    get("/api/v2.0/projects/{project}/preheat/policies/{policy}/executions/{id}/tasks/{task}/logs", "reads a preheat task's log"),
    write("POST", "/api/v2.0/projects/{project}/members", "makes a user or a group a member of a project"),
    write("PUT", "/api/v2.0/projects/{project}/members/{id}", "changes a member's role"),
    write("DELETE", "/api/v2.0/projects/{project}/members/{id}", "takes a member out of a project"),
];

const fn get(template: &'static str, reason: &'static str) -> Row {
    Row { client: Client::Harbor, method: "GET", template, discriminator: "", family: None, reason }
}

/// A POST that only looks: its body names a saved endpoint and nothing else.
const fn ping(template: &'static str, reason: &'static str) -> Row {
    Row { client: Client::Harbor, method: "POST", template, discriminator: r#"{"id":N}"#, family: None, reason }
}

const fn write(method: &'static str, template: &'static str, reason: &'static str) -> Row {
    Row { client: Client::Harbor, method, template, discriminator: "", family: Some("harbor"), reason }
}
