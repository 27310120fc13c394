//! The first config of a person: what was found, with what each thing means beside it.

use std::fmt::Write as _;

use super::{Discovered, FoundRegistry};
use crate::model::endpoint::Address;

/// A commented config with the engines and registries that were found. It parses as it is.
#[must_use]
pub fn starter(found: &Discovered) -> String {
    let mut out = String::from(HEAD);
    let mut names: Vec<String> = Vec::new();
    for engine in &found.engines {
        let host = match Address::parse(&engine.host) {
            Ok(_) => &engine.host,
            Err(why) => {
                let _ = writeln!(out, "\n# left out {}: {}", comment(&engine.name), comment(&why));
                continue;
            }
        };
        let name = unique(&mut names, &word(&engine.name));
        let _ = write!(out, "\n[[host]]\nname = {}\nidc = \"local\"\naddress = {}\n", quoted(&name), quoted(host));
        if let Some(tls) = &engine.tls {
            let path = |key: &str, path: &std::path::Path| format!("{key} = {}", quoted(&path.display().to_string()));
            let mut keys: Vec<String> = tls.ca.iter().map(|ca| path("ca", ca)).collect();
            keys.extend(tls.identity.iter().flat_map(|(cert, key)| [path("cert", cert), path("key", key)]));
            if !tls.verify {
                keys.push("verify = false".to_owned());
            }
            let _ = writeln!(out, "tls = {{ {} }}", keys.join(", "));
        }
    }
    if names.is_empty() {
        out.push_str(NO_ENGINE);
    }
    let mut names: Vec<String> = Vec::new();
    for registry in &found.registries {
        let (url, host) = address_of(registry);
        let name = unique(&mut names, &word(&host));
        let _ = write!(
            out,
            "\n# docker is logged in to this registry; kind = \"harbor\" where it is one\n[[registry]]\nname = {}\n",
            quoted(&name)
        );
        let _ = write!(out, "idc = \"local\"\nkind = \"oci\"\nurl = {}\n", quoted(&url));
        match &registry.helper {
            Some(helper) => {
                let _ = writeln!(out, "password = {}", quoted(&format!("docker-helper:{helper}")));
            }
            None => out.push_str("# user = \"ci\"\n# password = \"env:REGISTRY_PASSWORD\"\n"),
        }
    }
    out.push_str(TAIL);
    out
}

const HEAD: &str = "\
# Wharf: what it looks at. `wharf config check` says what is wrong, with file and line.

# language = \"zh\"                 # en | zh; default from LANG

# A data centre, or any place whose machines stand together.
[[idc]]
name = \"local\"                   # [a-z0-9-]
title = \"local\"                  # what people call it
environment = \"dev\"              # the tag in every frame; \"prod\" wants dangerous acts confirmed by typing
";

const NO_ENGINE: &str = "
# No Docker Engine was found on this machine. Name one:
# [[host]]
# name = \"web-01\"
# idc = \"local\"
# address = \"ssh://ops@web-01\"    # unix:///var/run/docker.sock, tcp://host:2376 with tls, ssh://user@host
";

const TAIL: &str = "
# More hosts from an Ansible inventory:
# [[inventory]]
# kind = \"ansible\"
# path = \"inventory.ini\"
# idc = \"local\"
";

/// Docker Hub is named in docker's config by the address of its version 1 API.
fn address_of(registry: &FoundRegistry) -> (String, String) {
    let address = registry.address.trim_end_matches('/');
    if address.contains("index.docker.io") {
        return ("https://registry-1.docker.io".to_owned(), "docker-hub".to_owned());
    }
    let host = address.trim_start_matches("https://").trim_start_matches("http://");
    let host = host.split('/').next().unwrap_or(host).to_owned();
    let scheme = if address.starts_with("http://") { "http" } else { "https" };
    (format!("{scheme}://{host}"), host)
}

fn word(name: &str) -> String {
    let word: String = name.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '-' }).take(64).collect();
    let word = word.trim_start_matches(['-', '.']).to_owned();
    if word.is_empty() { "host".to_owned() } else { word }
}

fn unique(taken: &mut Vec<String>, name: &str) -> String {
    let mut candidate = name.to_owned();
    let mut number = 2;
    while taken.contains(&candidate) {
        candidate = format!("{name}-{number}");
        number += 1;
    }
    taken.push(candidate.clone());
    candidate
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn comment(text: &str) -> String {
    crate::model::text::clean(text).into_owned()
}
