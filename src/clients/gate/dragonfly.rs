//! What may be sent to a Dragonfly manager.

use super::{Client, Row};

pub(super) const ROWS: &[Row] = &[
    get("/healthy", "asks whether it lives"),
    Row {
        client: Client::Dragonfly,
        method: "POST",
        template: "/api/v1/users/signin",
        discriminator: "",
        family: None,
        reason: "signs in for a token to read with",
    },
    get("/oapi/v1/clusters", "lists clusters"),
    get("/oapi/v1/jobs", "lists the preheat jobs"),
    get("/oapi/v1/jobs/{id}", "describes one job"),
    Row {
        client: Client::Dragonfly,
        method: "POST",
        template: "/oapi/v1/jobs",
        discriminator: "get_image_distribution",
        family: None,
        reason: "asks which peers hold an image; answered at once, nothing is fetched",
    },
    get("/api/v1/clusters", "lists clusters"),
    get("/api/v1/schedulers", "lists schedulers"),
    get("/api/v1/scheduler-clusters", "lists scheduler clusters"),
    get("/api/v1/seed-peer-clusters", "lists seed peer clusters"),
    get("/api/v1/seed-peers", "lists seed peers"),
    get("/api/v1/peers", "lists peers"),
    get("/api/v1/users", "lists the manager's users"),
    get("/api/v1/personal-access-tokens", "lists tokens by name, scope and expiry"),
    get("/api/v1/audits", "reads the manager's audit log"),
];

const fn get(template: &'static str, reason: &'static str) -> Row {
    Row { client: Client::Dragonfly, method: "GET", template, discriminator: "", family: None, reason }
}
