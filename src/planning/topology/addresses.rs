//! Which configured registry an address means: what a Harbor calls its peer, beside what the config calls its registries.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::registry::Registry;

/// An address without what may differ between two ways to write the same: host, port where it is no default one, path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Address {
    host: String,
    port: Option<u16>,
    path: String,
}

impl Address {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").map_or((None, text), |(scheme, rest)| (Some(scheme.to_ascii_lowercase()), rest));
        let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
        let authority = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse::<u16>().ok()?)),
            _ => (authority, None),
        };
        // Both default ports stand for "as one would expect", or a peer that was saved with http would be another one.
        let is_default = match scheme.as_deref() {
            Some("http") => port == Some(80),
            Some("https") => port == Some(443),
            _ => matches!(port, Some(80 | 443)),
        };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let path = path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/').to_owned();
        (!host.is_empty()).then_some(Self { host, port: port.filter(|_| !is_default), path })
    }
}

/// All addresses of the configured registries.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses(BTreeMap<Address, Arc<str>>);

impl Addresses {
    /// What the config says goes before what a Harbor says of itself; of two registries that claim one address the first has it.
    pub(super) fn of(registries: &[Arc<Registry>]) -> Self {
        let mut known = Self::default();
        for registry in registries {
            known.add(&registry.spec.url, &registry.spec.name);
        }
        for registry in registries {
            for alias in &registry.spec.aliases {
                known.add(alias, &registry.spec.name);
            }
            known.add(&registry.spec.pull, &registry.spec.name);
        }
        for registry in registries {
            let told = registry.holdings.system.iter().flat_map(|system| [&system.external_url, &system.registry_url]);
            for address in told.flatten() {
                known.add(address, &registry.spec.name);
            }
        }
        known
    }

    fn add(&mut self, address: &str, name: &Arc<str>) {
        if let Some(address) = Address::read(address) {
            self.0.entry(address).or_insert_with(|| Arc::clone(name));
        }
    }

    pub(super) fn registry(&self, address: &str) -> Option<&Arc<str>> {
        self.0.get(&Address::read(address)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn the_same_place_written_in_many_ways_is_one() {
        let of = |text: &str| Address::read(text).expect(text);
        for same in
            ["https://Harbor.YF.example", "http://harbor.yf.example/", "harbor.yf.example:443", "https://u:p@harbor.yf.example.:443/"]
        {
            assert_eq!(of(same), of("harbor.yf.example"), "{same}");
        }
        assert_eq!(of("http://[fd00::1]:8080"), of("[FD00::1]:8080/"));
        assert_eq!(of("[fd00::1]"), of("https://[fd00::1]:443"));
    }

    #[test]
    fn other_ports_hosts_and_paths_are_other_places() {
        let of = |text: &str| Address::read(text).expect(text);
        assert_ne!(of("http://h:8080"), of("http://h"));
        assert_ne!(of("https://h:80"), of("https://h"));
        assert_ne!(of("https://h/a"), of("https://h/b"));
        assert_ne!(of("https://h"), of("https://h2"));
        assert_eq!(Address::read("https://"), None);
        assert_eq!(Address::read("https://h:port"), None);
    }
}
