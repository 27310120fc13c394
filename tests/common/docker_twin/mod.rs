//! Engines of the lab, asked in plain HTTP and compared with real ones.
#![allow(dead_code, reason = "each runner uses its part")]

pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod mask;
pub(crate) mod shape;

use wharf::lab::{Lab, LabOptions, World};

use http::At;

/// A world of one empty host per engine; both with the first generation of cgroups, as the recordings were.
pub(crate) const BARE: &str = r#"
name = "bare"
about = "two empty hosts"
seed = 3
service = []

[[idc]]
name = "here"

[[class]]
name = "2c"
cores = 2
memory = "24GiB"

[[cluster]]
name = "c"
[[cluster.pool]]
name = "p"

[[group]]
prefix = "old-"
count = 1
idc = "here"
cluster = "c"
pool = "p"
class = "2c"
engine = "20.10"
runs = {}

[[group]]
prefix = "new-"
count = 1
idc = "here"
cluster = "c"
pool = "p"
class = "2c"
engine = "29.9"
runs = {}
"#;

/// A lab and where its hosts are.
pub(crate) async fn lab(text: &str) -> (Lab, impl Fn(&str) -> At) {
    let world = World::parse("test", text).expect("a world");
    let lab = Lab::start(world, LabOptions::default()).await.expect("a lab");
    let port = lab.port();
    let places: Vec<(String, String)> =
        lab.world().hosts.iter().map(|host| (host.name.to_string(), format!("{}:{port}", host.address))).collect();
    let at = move |name: &str| At::Tcp(places.iter().find(|(have, _)| have == name).expect("a host").1.clone());
    (lab, at)
}
