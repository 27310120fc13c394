#![allow(clippy::all, clippy::pedantic, clippy::expect_used, clippy::print_stdout)]
use wharf::lab::{Lab, LabOptions, World};
#[tokio::main]
async fn main() {
    let name = std::env::args().nth(1).unwrap_or("default".into());
    let t = std::time::Instant::now();
    let lab = Lab::start(World::load(&name).expect("world"), LabOptions { port: 23750, ..Default::default() }).await.expect("lab");
    println!("started in {:?}", t.elapsed());
    std::fs::write("/tmp/lab.toml", lab.config_toml()).expect("x");
    tokio::time::sleep(std::time::Duration::from_secs(900)).await;
}
