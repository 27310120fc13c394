//! The keys of the config: what may stand where. Everything else is an unknown key.

/// The keys of one kind of table.
#[derive(Debug)]
pub(super) struct Shape {
    /// How people find it: `[[host]]`, `price`.
    pub(super) name: &'static str,
    pub(super) keys: &'static [&'static str],
}

macro_rules! shapes {
    ($($id:ident $name:literal: $($key:literal)+;)+) => {
        $(pub(super) const $id: Shape = Shape { name: $name, keys: &[$($key),+] };)+
        /// Every shape, for the test that keeps the example complete.
        #[cfg(test)]
        pub(super) const ALL: &[&Shape] = &[$(&$id),+];
    };
}

shapes! {
    FILE "wharf.toml": "language" "timezone" "journal" "read_only" "console" "idc" "registry" "dragonfly" "class" "cluster" "host"
        "inventory" "cloud" "grant" "service";
    CONSOLE "[console]": "theme" "theme_by_environment" "mouse" "confirm" "keys" "kiosk";
    CONFIRM "[console.confirm]": "environments" "over";
    KIOSK "[console.kiosk]": "panes" "every" "bell";
    IDC "[[idc]]": "name" "title" "environment" "parent";
    REGISTRY "[[registry]]": "name" "idc" "kind" "url" "pull" "aliases" "user" "password" "ca" "repositories" "match";
    DRAGONFLY "[[dragonfly]]": "name" "idc" "url" "token" "user" "password" "ca";
    CLASS "[[class]]": "name" "cores" "memory" "tier" "price" "purchase";
    PRICE "price": "amount" "currency" "per";
    PURCHASE "purchase": "price" "currency" "residual" "months" "watts" "pue" "tariff" "units" "rack" "maintenance" "staff" "contracts";
    CLUSTER "[[cluster]]": "name" "pool";
    POOL "[[cluster.pool]]": "name" "engine" "quota" "shared" "init" "budget";
    QUOTA "quota": "cores" "memory" "hosts";
    HOST "[[host]]": "name" "idc" "cluster" "pool" "class" "address" "login" "tls" "labels";
    TLS "tls": "ca" "cert" "key" "verify";
    INVENTORY "[[inventory]]": "kind" "path" "idc" "cluster" "pool" "class" "address" "tls" "labels";
    CLOUD "[[cloud]]": "name" "kind" "idc" "region" "endpoint" "credentials" "image" "subnet" "security_groups" "key" "user_data"
        "zones" "types";
    CREDENTIALS "credentials": "key" "secret" "token" "user" "password" "project" "domain" "application_credential";
    GRANT "[[grant]]": "user" "team" "role" "on";
    SERVICE "[[service]]": "name" "image" "command" "pools" "replicas" "shape" "tier" "ports" "env" "health" "spread" "needs"
        "update" "hooks";
    SHAPE "shape": "cpus" "memory";
    HEALTH "health": "http" "tcp" "command" "interval" "timeout" "retries" "start_period";
    UPDATE "update": "parallelism" "delay" "monitor" "max_failure_ratio" "failure_action" "order" "canary" "gate";
    HOOKS "hooks": "before_stop" "after_stop" "before_start" "after_healthy";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_in_the_example() {
        let example = crate::config::example();
        for shape in ALL {
            for key in shape.keys {
                let stands = |form: String| example.contains(&form);
                assert!(
                    stands(format!("{key} = ")) || stands(format!("[{key}]")) || stands(format!(".{key}]")),
                    "{key} of {} is not in assets/example.toml",
                    shape.name
                );
            }
        }
    }
}
