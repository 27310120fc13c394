//! What the keeper does all day: fold a change in, derive what hangs on it, publish; at a tenth of the target and at the target.
#![allow(clippy::expect_used, reason = "a bench that cannot be set up has failed")]

mod world;

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use wharf::model::derived::Derived;
use wharf::model::fleet::Applied;
use wharf::planning::{Deriver, derive};

use world::{EACH, HOSTS, NOW, busy, change, fleet};

/// 200 changes a second in at most 20 publications a second.
const CHANGES: usize = 10;

fn sizes() -> [usize; 2] {
    [HOSTS / 10, HOSTS]
}

/// One publication as the keeper makes it: ten changes folded in and derived, the Fleet copied while the last one is still shown.
fn publication(c: &mut Criterion) {
    let mut group = c.benchmark_group("publication of 10 changes");
    for hosts in sizes() {
        let mut own = fleet(hosts, EACH);
        let mut deriver = Deriver::new();
        deriver.apply(&own, &Applied::Everything, NOW);
        own.derived = deriver.derived(&own, NOW);
        let mut shown = Arc::new(own.clone());
        let mut turn = 0;
        group.bench_function(BenchmarkId::from_parameter(hosts), |b| {
            b.iter(|| {
                for _ in 0..CHANGES {
                    turn += 1;
                    let report = change(&own, turn);
                    let applied = own.apply(report);
                    deriver.apply(&own, &applied, NOW);
                }
                own.derived = deriver.derived(&own, NOW);
                shown = Arc::new(own.clone());
                black_box(&shown);
            });
        });
    }
    group.finish();
}

/// The fold alone, while a face still holds the Fleet before it: the host's row is copied.
fn apply(c: &mut Criterion) {
    let mut group = c.benchmark_group("apply one change");
    for hosts in sizes() {
        let own = RefCell::new(fleet(hosts, EACH));
        let mut turn = 0;
        group.bench_function(BenchmarkId::from_parameter(hosts), |b| {
            b.iter_batched(
                || {
                    turn += 1;
                    let own = own.borrow();
                    (change(&own, turn), Arc::clone(&own.hosts[busy(&own, turn)]))
                },
                |(report, shown)| (own.borrow_mut().apply(report), shown),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// The sums and the attention list: all anew (the baseline), and after one changed host.
fn deriving(c: &mut Criterion) {
    let mut group = c.benchmark_group("derive");
    group.sample_size(20);
    for hosts in sizes() {
        let mut own = fleet(hosts, EACH);
        let last = derive(&own, NOW, &Derived::default());
        group.bench_function(BenchmarkId::new("everything", hosts), |b| b.iter(|| black_box(derive(&own, NOW, &last))));
        let mut deriver = Deriver::new();
        deriver.apply(&own, &Applied::Everything, NOW);
        let mut turn = 0;
        group.bench_function(BenchmarkId::new("one host", hosts), |b| {
            b.iter(|| {
                turn += 1;
                let report = change(&own, turn);
                let applied = own.apply(report);
                deriver.apply(&own, &applied, NOW);
                black_box(deriver.derived(&own, NOW));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, apply, publication, deriving);
criterion_main!(benches);
