//! What one answer of an engine costs: a list of 1,000 containers, asked and read, beside what the stock client and parser take.
#![allow(clippy::expect_used, reason = "a bench that cannot be set up has failed")]

mod engine;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;
use wharf::clients::docker::{Docker, DockerEndpoint};
use wharf::clients::{Mode, Wire, WireOptions};
use wharf::model::clock::Clock;
use wharf::model::endpoint::Address;

const CONTAINERS: usize = 1000;

fn list(c: &mut Criterion) {
    let body = engine::list_of(CONTAINERS);
    let port = engine::start(body.clone()).expect("a port");
    let run = Runtime::new().expect("a runtime");
    let mut group = c.benchmark_group("list of 1000 containers");
    group.throughput(Throughput::Bytes(body.len() as u64)).sample_size(50);

    let folder = std::env::temp_dir().join(format!("wharf-bench-{}", std::process::id()));
    let wire = Wire::new(WireOptions::new(Mode::ReadOnly, Clock::system(), folder)).expect("a wire");
    let address = Address::Tcp { host: "127.0.0.1".into(), port, path: "".into() };
    let ours = run
        .block_on(async { Docker::new(&wire, DockerEndpoint { name: "h".into(), address, tls: None, ssh_arguments: [].into() }) })
        .expect("a client");
    assert_eq!(run.block_on(ours.list_containers(&[])).expect("a list").len(), CONTAINERS);
    group.bench_function("asked and read", |b| b.iter(|| run.block_on(ours.list_containers(&[])).expect("a list")));

    let stock = bollard::Docker::connect_with_http(&format!("tcp://127.0.0.1:{port}"), 10, bollard::API_DEFAULT_VERSION).expect("bollard");
    let all = bollard::query_parameters::ListContainersOptionsBuilder::new().all(true).build();
    group.bench_function("asked and read by the stock client", |b| {
        b.iter(|| run.block_on(stock.list_containers(Some(all.clone()))).expect("a list"));
    });

    group.bench_function("read into the stock model", |b| {
        b.iter(|| black_box(serde_json::from_str::<Vec<bollard::models::ContainerSummary>>(&body).expect("JSON")));
    });
    group.bench_function("read and forgotten", |b| {
        b.iter(|| black_box(serde_json::from_str::<serde::de::IgnoredAny>(&body).expect("JSON")));
    });
    group.finish();
}

criterion_group!(benches, list);
criterion_main!(benches);
