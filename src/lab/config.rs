//! The `wharf.toml` that a console needs to look at a lab.

use std::fmt::Write;

use super::registries;
use super::world::{ClassSpec, HostSeed, IdcSpec, PoolSpec, World};

/// A complete config over the world's twins on this port.
pub(super) fn toml(world: &World, port: u16) -> String {
    let mut text = format!("# The lab's world \"{}\": {}.\n\n", world.file.name, world.file.about);
    for idc in &world.file.idc {
        idc_entry(&mut text, idc);
    }
    for class in &world.file.class {
        class_entry(&mut text, class);
    }
    for cluster in &world.file.cluster {
        let _ = writeln!(text, "[[cluster]]\nname = {}", quoted(&cluster.name));
        for pool in &cluster.pool {
            pool_entry(&mut text, pool);
        }
        text.push('\n');
    }
    registries::config(&mut text, &world.file, port);
    for host in &world.hosts {
        host_entry(&mut text, host, port);
    }
    text
}

fn idc_entry(text: &mut String, idc: &IdcSpec) {
    let _ = writeln!(text, "[[idc]]\nname = {}", quoted(&idc.name));
    for (key, value) in [("title", &idc.title), ("environment", &idc.environment), ("parent", &idc.parent)] {
        if !value.is_empty() {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
    text.push('\n');
}

fn class_entry(text: &mut String, class: &ClassSpec) {
    let _ = writeln!(text, "[[class]]\nname = {}\ncores = {}\nmemory = \"{}\"", quoted(&class.name), class.cores, class.memory);
    if let Some(tier) = &class.tier {
        let _ = writeln!(text, "tier = {}", quoted(tier));
    }
    if let Some(price) = &class.price {
        let (amount, currency, per) = (quoted(&price.amount), quoted(&price.currency), quoted(&price.per));
        let _ = writeln!(text, "price = {{ amount = {amount}, currency = {currency}, per = {per} }}");
    }
    text.push('\n');
}

fn pool_entry(text: &mut String, pool: &PoolSpec) {
    let _ = writeln!(text, "[[cluster.pool]]\nname = {}", quoted(&pool.name));
    for (key, value) in &pool.rest {
        // Values of one line: a table on its own would begin a section.
        let _ = writeln!(text, "{key} = {value}");
    }
}

fn host_entry(text: &mut String, host: &HostSeed, port: u16) {
    let _ = writeln!(
        text,
        "[[host]]\nname = {}\nidc = {}\ncluster = {}\npool = {}",
        quoted(&host.name),
        quoted(&host.idc),
        quoted(&host.cluster),
        quoted(&host.pool)
    );
    if let Some(class) = &host.class {
        let _ = writeln!(text, "class = {}", quoted(class));
    }
    let labels: Vec<String> = host.labels.iter().map(|(key, value)| format!("{} = {}", quoted(key), quoted(value))).collect();
    let _ = writeln!(text, "address = \"tcp://{}:{port}\"\nlabels = {{ {} }}\n", host.address, labels.join(", "));
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_is_toml_and_names_every_host() {
        let world = World::load("default").expect("embedded");
        let text = toml(&world, 2375);
        let read: toml::Table = toml::from_str(&text).expect("valid TOML");
        let hosts = read["host"].as_array().expect("hosts");
        assert_eq!(hosts.len(), world.hosts.len());
        assert_eq!(hosts[0]["address"].as_str(), Some("tcp://127.77.0.1:2375"));
        assert_eq!(read["cluster"][0]["pool"][0]["quota"]["hosts"].as_integer(), Some(50));
        assert_eq!(read["idc"][3]["parent"].as_str(), Some("aws-bj"));
        assert!(hosts.iter().any(|host| host.get("class").is_none()));
    }
}
