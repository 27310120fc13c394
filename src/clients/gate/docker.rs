//! What may be sent to a Docker Engine by a read-only console.

use super::{Client, Row};

pub(super) const ROWS: &[Row] = &[
    get("/_ping", "asks whether the engine lives and which API version it speaks"),
    get("/version", "versions of the engine and its kernel"),
    get("/info", "size and state of the machine"),
    get("/containers/json", "lists containers"),
    get("/containers/{id}/json", "describes one container"),
    get("/containers/{id}/stats", "one measurement of a container"),
    get("/containers/{id}/logs", "reads what a container wrote"),
    get("/events", "follows what happens on the engine"),
];

const fn get(template: &'static str, reason: &'static str) -> Row {
    Row { client: Client::Docker, method: "GET", template, discriminator: "", reason }
}
