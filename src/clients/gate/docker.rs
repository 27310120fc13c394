//! What may be sent to a Docker Engine.

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
    write("POST", "/containers/{id}/start", "starts a container"),
    write("POST", "/containers/{id}/stop", "stops a container, and kills it after its time"),
    write("POST", "/containers/{id}/restart", "stops a container and starts it again"),
    write("POST", "/containers/{id}/kill", "sends a signal to a container"),
    write("DELETE", "/containers/{id}", "removes a container, and its anonymous volumes where that is asked for"),
];

const fn get(template: &'static str, reason: &'static str) -> Row {
    Row { client: Client::Docker, method: "GET", template, discriminator: "", family: None, reason }
}

const fn write(method: &'static str, template: &'static str, reason: &'static str) -> Row {
    Row { client: Client::Docker, method, template, discriminator: "", family: Some("container"), reason }
}
