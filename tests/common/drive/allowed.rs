//! What a read-only process may send, written from the protocols' own documents and not from the program's list.

use super::recorder::Heard;

/// Which protocol an endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Far {
    Docker,
    Harbor,
    Oci,
}

/// Method, path and body; `*` is one segment, `**` one or more. A body is named only where the method alone would be a write.
type Allowed = (Far, &'static str, &'static str, Option<&'static str>, &'static str);

/// A body of exactly one number called id.
const SAVED: Option<&str> = Some("{\"id\":N}");

const LIST: &[Allowed] = &[
    (Far::Docker, "GET", "/_ping", None, "lives it?"),
    (Far::Docker, "HEAD", "/_ping", None, "lives it?"),
    (Far::Docker, "GET", "/version", None, "versions"),
    (Far::Docker, "GET", "/info", None, "the machine"),
    (Far::Docker, "GET", "/events", None, "what happens"),
    (Far::Docker, "GET", "/containers/json", None, "the list"),
    (Far::Docker, "GET", "/containers/*/json", None, "one in full"),
    (Far::Docker, "GET", "/containers/*/stats", None, "one measurement"),
    (Far::Docker, "GET", "/containers/*/logs", None, "its output"),
    // Harbor's API reads with GET and HEAD alone (its swagger of 2.x); /c/ and /service/ are no part of it.
    (Far::Harbor, "GET", "/api/version", None, "versions"),
    (Far::Harbor, "GET", "/api/v2.0/**", None, "reads"),
    (Far::Harbor, "HEAD", "/api/v2.0/**", None, "reads"),
    (Far::Harbor, "POST", "/api/v2.0/registries/ping", SAVED, "looks whether a saved peer answers; keeps nothing"),
    (Far::Harbor, "POST", "/api/v2.0/p2p/preheat/instances/ping", SAVED, "looks whether a saved peer network answers; keeps nothing"),
    (Far::Harbor, "GET", "/v2/", None, "lives it?"),
    (Far::Harbor, "GET", "/v2/**", None, "reads"),
    (Far::Harbor, "HEAD", "/v2/**", None, "reads"),
    (Far::Harbor, "GET", "/service/token", None, "a token to read with"),
    (Far::Oci, "GET", "/v2/", None, "lives it?"),
    (Far::Oci, "GET", "/v2/**", None, "reads"),
    (Far::Oci, "HEAD", "/v2/**", None, "reads"),
    (Far::Oci, "GET", "/token", None, "a token to read with"),
];

/// Those that are on no line of the list.
pub(crate) fn others(far: Far, heard: &[Heard]) -> Vec<String> {
    heard.iter().filter(|one| !is_allowed(far, one)).map(ToString::to_string).collect()
}

fn is_allowed(far: Far, heard: &Heard) -> bool {
    let path = if far == Far::Docker { without_version(&heard.path) } else { &heard.path };
    LIST.iter().any(|(whose, method, template, body, _)| {
        let with_body = body.is_none_or(|wanted| numbers_out(&heard.body) == wanted);
        // A reading request has nothing to say beyond its head.
        let bare = body.is_some() || heard.body.is_empty();
        *whose == far && *method == heard.method && fits(template, path) && with_body && bare
    })
}

/// `/v1.41/info` is `/info`.
fn without_version(path: &str) -> &str {
    let rest = path.strip_prefix("/v1.").and_then(|rest| rest.find('/').map(|at| &rest[at..]));
    rest.unwrap_or(path)
}

fn fits(template: &str, path: &str) -> bool {
    if let Some(before) = template.strip_suffix("**") {
        return path.strip_prefix(before).is_some_and(|rest| !rest.is_empty());
    }
    let (wanted, is): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    wanted.len() == is.len() && wanted.iter().zip(&is).all(|(w, i)| (*w == "*" && !i.is_empty()) || w == i)
}

fn numbers_out(body: &str) -> String {
    let mut out = String::new();
    for c in body.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('N') {
            out.push('N');
        }
    }
    out
}

#[test]
fn writes_are_on_no_line_of_the_list() {
    let heard = |method: &str, path: &str, body: &str| Heard { method: method.into(), path: path.into(), body: body.into() };
    for (far, method, path, body) in [
        (Far::Docker, "POST", "/v1.41/containers/abc/stop", ""),
        (Far::Docker, "DELETE", "/v1.41/containers/abc", ""),
        (Far::Docker, "GET", "/v1.41/containers/abc/attach/ws", ""),
        (Far::Docker, "GET", "/v1.41/info", "websocket"),
        (Far::Docker, "GET", "/v1.41/containers/a/b/json", ""),
        (Far::Harbor, "POST", "/api/v2.0/registries/ping", "{\"id\":3,\"url\":\"http://x\"}"),
        (Far::Harbor, "POST", "/api/v2.0/registries", "{\"id\":3}"),
        (Far::Harbor, "PUT", "/api/v2.0/projects/1", ""),
        (Far::Harbor, "GET", "/c/log_out", ""),
        (Far::Oci, "PUT", "/v2/library/redis/manifests/v1", ""),
    ] {
        assert_eq!(others(far, &[heard(method, path, body)]).len(), 1, "{method} {path}");
    }
    let good = [heard("POST", "/api/v2.0/registries/ping", "{\"id\":31}"), heard("GET", "/api/v2.0/projects", "")];
    assert_eq!(others(Far::Harbor, &good), Vec::<String>::new());
    assert_eq!(others(Far::Docker, &[heard("GET", "/v1.41/containers/abc/json", "")]), Vec::<String>::new());
}
