//! What may be sent to an OCI registry.

use super::{Client, Row};

pub(super) const ROWS: &[Row] = &[
    row("GET", "/v2/", "", "asks whether a registry answers and how it wants to be asked"),
    row("GET", "/{path+}", "token", "asks the registry's token service for a token to read with"),
    row("POST", "/{path+}", "token", "exchanges docker's identity token for a token to read with; changes nothing there"),
    row("GET", "/v2/_catalog", "", "lists repositories"),
    row("GET", "/v2/{name+}/tags/list", "", "lists the tags of a repository"),
    row("HEAD", "/v2/{name+}/manifests/{reference}", "", "the digest that a tag has now"),
    row("GET", "/v2/{name+}/manifests/{reference}", "", "reads a manifest"),
    row("HEAD", "/v2/{name+}/blobs/{digest}", "", "asks whether content is there"),
    row("GET", "/v2/{name+}/referrers/{digest}", "", "lists what hangs on an artifact"),
];

const fn row(method: &'static str, template: &'static str, discriminator: &'static str, reason: &'static str) -> Row {
    Row { client: Client::Oci, method, template, discriminator, family: None, reason }
}
