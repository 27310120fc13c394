//! The table and what it lets pass.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;

const MODES: [Mode; 2] = [Mode::ReadOnly, Mode::Writing];

fn passage<'a>(method: &'a str, template: &'a str, path: &'a str) -> Passage<'a> {
    Passage { client: Client::Docker, method, template, path, discriminator: "" }
}

#[test]
fn reads_on_the_list_pass_in_both_modes_and_writes_only_where_writing_is_on() {
    for mode in MODES {
        let gate = Gate::new(mode);
        assert_eq!(gate.ask("h", &passage("GET", "/containers/{id}/json", "/containers/4f/json")), Ok(()));
        for (method, template, path) in
            [("POST", "/containers/{id}/stop", "/containers/4f/stop"), ("DELETE", "/containers/{id}", "/containers/4f")]
        {
            let asked = gate.ask("h", &passage(method, template, path)).map_err(|fault| fault.kind);
            let wanted = if mode == Mode::Writing { Ok(()) } else { Err(FaultKind::ReadOnly) };
            assert_eq!(asked, wanted, "{mode:?} {path}");
        }
        let (passed, refused) = if mode == Mode::Writing { (3, 0) } else { (1, 2) };
        assert_eq!(gate.counts(), Counts { passed, refused });
    }
}

#[test]
fn what_no_row_lists_passes_in_neither_mode() {
    for mode in MODES {
        let gate = Gate::new(mode);
        for (method, template, path) in [
            ("GET", "/secrets", "/secrets"),
            ("GET", "/containers/{id}/attach/ws", "/containers/4f/attach/ws"),
            ("HEAD", "/containers/{id}/json", "/containers/4f/json"),
            ("POST", "/containers/{id}/json", "/containers/4f/json"),
            ("POST", "/containers/prune", "/containers/prune"),
            ("PATCH", "/containers/{id}", "/containers/4f"),
        ] {
            let fault = gate.ask("h", &passage(method, template, path)).expect_err(path);
            assert_eq!(fault.kind, FaultKind::Unlisted, "{mode:?} {method} {template}");
            assert!(fault.cause.en.contains(template) && fault.cause.zh.contains(template), "{fault}");
        }
        assert_eq!(gate.counts(), Counts { passed: 0, refused: 6 });
    }
}

#[test]
fn another_client_or_discriminator_is_another_row() {
    for mode in MODES {
        let gate = Gate::new(mode);
        let mut ask = passage("GET", "/containers/json", "/containers/json");
        ask.client = Client::Harbor;
        assert!(gate.ask("h", &ask).is_err());
        ask.client = Client::Docker;
        ask.discriminator = "RunInstances";
        assert!(gate.ask("h", &ask).is_err());
    }
}

#[test]
fn a_path_that_is_not_its_template_passes_in_neither_mode() {
    for mode in MODES {
        let gate = Gate::new(mode);
        for path in [
            "/containers/4f/stop",
            "/containers//json",
            "/containers/../json",
            "/containers/%2E%2e/json",
            "/containers/4f/json/x",
            "/containers/4f\r\nx/json",
        ] {
            assert!(gate.ask("h", &passage("GET", "/containers/{id}/json", path)).is_err(), "{path}");
        }
    }
}

#[test]
fn long_names_take_several_segments() {
    assert!(fits("/v2/{name+}/manifests/{ref}", "/v2/a/b/c/manifests/v1"));
    assert!(fits("/v2/{name+}/manifests/{ref}", "/v2/a/manifests/v1"));
    assert!(!fits("/v2/{name+}/manifests/{ref}", "/v2/manifests/v1"));
    assert!(!fits("/v2/{name+}/manifests/{ref}", "/v2/a//manifests/v1"));
    assert!(!fits("/v2/{name+}/manifests/{ref}", "/v2/a/../manifests/v1"));
    assert!(!fits("/v2/{name+}/manifests/{ref}", "/v2/a/blobs/v1"));
}

#[test]
fn every_row_has_a_reason_and_stands_once_and_every_write_has_a_family() {
    let mut seen = BTreeSet::new();
    for row in Gate::rows() {
        assert!(row.reason.len() > 10, "{row:?}");
        assert!(seen.insert((row.client, row.method, row.template, row.discriminator)), "twice: {row:?}");
        assert!(row.client == Client::Program || row.template.starts_with('/'), "{row:?}");
        assert!(row.family.is_none_or(|family| !family.is_empty()), "{row:?}");
        // A request that by its method may change something is a read only where its body or its path says so.
        let by_method = !matches!(row.method, "GET" | "HEAD" | "RUN");
        let known_read = !row.discriminator.is_empty() || row.template.ends_with("/signin");
        assert!(!by_method || row.family.is_some() || known_read, "a write without a family: {row:?}");
        assert!(row.family.is_none() || !matches!(row.method, "GET" | "HEAD"), "{row:?}");
    }
}

/// The sources of a client, without its tests.
fn sources(client: Client) -> Vec<String> {
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/clients");
    let places: &[&str] = match client {
        Client::Docker => &["docker"],
        Client::Harbor => &["harbor"],
        Client::Oci => &["oci"],
        Client::Dragonfly => &["dragonfly"],
        Client::Program => &["ansible", "ssh", "../engine"],
        Client::Ec2 | Client::OpenStack | Client::Aliyun => &[],
    };
    let mut folders: Vec<PathBuf> = places.iter().map(|place| clients.join(place)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("recorded.rs") && !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                found.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
            }
        }
    }
    found
}

/// The string literals of a source that are paths of a client's far end: templates, and paths written out.
fn paths(client: Client, source: &str) -> impl Iterator<Item = &str> {
    let roots: &[&str] = match client {
        Client::Docker => &["/_ping", "/version", "/info", "/containers", "/events"],
        Client::Harbor => &["/api/"],
        Client::Oci => &["/v2/"],
        Client::Dragonfly => &["/api/", "/oapi/", "/healthy"],
        _ => &[],
    };
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let literals = code.flat_map(|line| line.split('"').skip(1).step_by(2));
    // One with a nameless brace is written with its template beside it; one that ends in a slash is a beginning.
    literals.filter(|text| {
        roots.iter().any(|root| text.starts_with(root)) && !text.contains("{}") && !text.ends_with('/') && !text.contains(' ')
    })
}

#[test]
fn every_template_of_a_client_has_a_row_and_no_row_is_for_nobody() {
    for client in [Client::Docker, Client::Harbor, Client::Oci, Client::Dragonfly, Client::Program] {
        let sources = sources(client);
        let rows: Vec<&Row> = Gate::rows().filter(|row| row.client == client).collect();
        if client != Client::Program {
            let written: BTreeSet<&str> = sources.iter().flat_map(|source| paths(client, source)).collect();
            assert!(!written.is_empty(), "{client:?}");
            let strangers: Vec<_> = written.iter().filter(|text| !rows.iter().any(|row| fits(row.template, text))).collect();
            assert!(strangers.is_empty(), "{client:?} asks for what no row lists: {strangers:?}");
        }
        let unused: Vec<_> = rows.iter().filter(|row| !sources.iter().any(|source| source.contains(row.template))).collect();
        assert!(unused.is_empty(), "rows that nobody uses: {unused:?}");
    }
}
