//! The keys under which docker keeps a registry's credential: what `docker login` wrote, tried in that order.

/// Docker Hub has one key whatever its address (docker/cli, `registry.IndexServer`).
const HUB_KEY: &str = "https://index.docker.io/v1/";
const HUB_HOSTS: &[&str] = &["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

/// Every key that a credential of `server` (`https://host[:port][/path]`) may be kept under, the one of today's `docker login`
/// first: the bare host. Helpers such as `pass` and `secretservice` compare keys to the letter.
pub(super) fn credential_keys(server: &str) -> Vec<String> {
    let (scheme, rest) = server.split_once("://").unwrap_or(("https", server));
    let rest = rest.trim_end_matches('/');
    let host = rest.split('/').next().unwrap_or(rest);
    let mut keys: Vec<String> = Vec::new();
    let mut add = |key: String| {
        if !key.is_empty() && !keys.contains(&key) {
            keys.push(key);
        }
    };
    if HUB_HOSTS.iter().any(|hub| hub.eq_ignore_ascii_case(host)) {
        add(HUB_KEY.to_owned());
    }
    add(host.to_owned());
    let usual = if scheme == "http" { ":80" } else { ":443" };
    // `docker login host` and `docker login host:443` keep two keys for one place.
    match host.strip_suffix(usual) {
        Some(bare) => add(bare.to_owned()),
        None if !host.contains(':') => add(format!("{host}{usual}")),
        None => {}
    }
    // Other tools keep a path with the host; older ones of docker's kept the whole address.
    add(rest.to_owned());
    for end in ["", "/", "/v2/", "/v1/"] {
        add(format!("{scheme}://{host}{end}"));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(server: &str) -> Vec<String> {
        credential_keys(server).into_iter().take(2).collect()
    }

    #[test]
    fn a_private_registry_is_kept_under_its_bare_host() {
        assert_eq!(first("https://registry.example"), ["registry.example", "registry.example:443"]);
    }

    #[test]
    fn a_port_belongs_to_the_key() {
        assert_eq!(first("https://registry.example:5000/"), ["registry.example:5000", "https://registry.example:5000"]);
    }

    #[test]
    fn the_usual_port_may_have_been_left_out_at_the_login() {
        assert_eq!(first("https://registry.example:443"), ["registry.example:443", "registry.example"]);
        assert_eq!(first("http://registry.example"), ["registry.example", "registry.example:80"]);
    }

    #[test]
    fn docker_hub_has_the_key_of_its_first_api_whatever_its_address() {
        for hub in ["https://registry-1.docker.io", "https://index.docker.io/v1/", "https://docker.io"] {
            assert_eq!(credential_keys(hub)[0], "https://index.docker.io/v1/", "{hub}");
        }
        assert_ne!(credential_keys("https://docker.io.example")[0], "https://index.docker.io/v1/");
    }

    #[test]
    fn whole_addresses_and_paths_of_older_and_other_tools_are_tried_too() {
        let keys = credential_keys("https://registry.example/team");
        for key in ["registry.example/team", "https://registry.example", "https://registry.example/v1/", "https://registry.example/v2/"] {
            assert!(keys.iter().any(|k| k == key), "{key}: {keys:?}");
        }
    }
}
