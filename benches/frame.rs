//! A frame at 200x50 over the target world: drawn and turned into bytes, and how many bytes that are.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench, which prints what it counts")]

mod world;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wharf::engine::Mode;
use wharf::model::live::Live;
use wharf::model::run::Owner;
use wharf::model::text::Lang;
use wharf::tui::{Ability, Headless, Scene, Settings};

use world::{EACH, HOSTS, NOW, fleet};

fn still(hosts: usize) -> Headless {
    let ability = Ability::from_environment(|name| match name {
        "TERM" => Some("xterm-256color".to_owned()),
        "COLORTERM" => Some("truecolor".to_owned()),
        "LANG" => Some("en_US.UTF-8".to_owned()),
        _ => None,
    });
    let owner = Owner { who: "ops".into(), machine: "jump1".into(), pid: 7, started: NOW };
    let scene = Scene {
        mode: Mode::Writing,
        owner: Arc::new(owner),
        fleet: Arc::new(fleet(hosts, EACH)),
        live: Arc::new(Live::default()),
        at: NOW,
    };
    Headless::new(Settings::new(Lang::En, ability), scene, 200, 50)
}

/// A key of the container list, and the frame that answers it.
fn frames(c: &mut Criterion) {
    for (what, there, back) in [("one row", "j", "k"), ("a page", "pgdn", "pgup")] {
        let mut group = c.benchmark_group(format!("frame at 200x50, {what}"));
        for hosts in [HOSTS / 10, HOSTS] {
            let mut still = still(hosts);
            still.press("5").expect("keys");
            still.frame();
            still.press(there).expect("keys");
            println!("{what}: {} bytes", still.frame().len());
            let mut turn = 0_u32;
            group.bench_function(BenchmarkId::from_parameter(hosts), |b| {
                b.iter(|| {
                    turn += 1;
                    still.press(if turn.is_multiple_of(2) { there } else { back }).expect("keys");
                    black_box(still.frame())
                });
            });
        }
        group.finish();
    }
}

/// Nothing new: drawn, compared, not one byte.
fn idle(c: &mut Criterion) {
    let mut still = still(HOSTS);
    still.press("5").expect("keys");
    still.frame();
    assert!(still.frame().is_empty(), "no change is no byte");
    c.bench_function("frame at 200x50, nothing new", |b| b.iter(|| black_box(still.frame())));
}

/// What the worker thread does for a filter's key over every container.
fn filter(c: &mut Criterion) {
    let mut group = c.benchmark_group("filter key over all rows");
    group.sample_size(20);
    for hosts in [HOSTS / 10, HOSTS] {
        let mut still = still(hosts);
        still.press("5 / w e").expect("keys");
        let mut turn = 0_u32;
        group.bench_function(BenchmarkId::from_parameter(hosts * EACH), |b| {
            b.iter(|| {
                turn += 1;
                still.press(if turn.is_multiple_of(2) { "backspace" } else { "b" }).expect("keys");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, frames, idle, filter);
criterion_main!(benches);
