//! What a face's worker does with 200,000 containers: list the rows, filter them at each keystroke, sort them.
#![allow(clippy::expect_used, reason = "a bench that cannot be set up has failed")]

mod world;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wharf::model::fleet::Fleet;
use wharf::model::live::Live;
use wharf::model::text::Lang;
use wharf::planning::derive;
use wharf::tables::sort::{Order, sort};
use wharf::tables::{Context, Direction, Filter, Noun, RowId, Scope, noun};

use world::{EACH, HOSTS, NOW, fleet};

fn target() -> Fleet {
    let mut fleet = fleet(HOSTS, EACH);
    fleet.derived = derive(&fleet, NOW, &fleet.derived).into();
    fleet
}

fn with_rows(noun_name: &str, then: impl FnOnce(&Context<'_>, &'static dyn Noun, &[RowId])) {
    let (fleet, live, zone) = (target(), Live::default(), jiff::tz::TimeZone::UTC);
    let cx = Context { fleet: &fleet, live: &live, now: NOW, lang: Lang::En, zone: &zone };
    let noun = noun(noun_name).expect("a noun");
    let rows = noun.rows(&fleet, &Scope::default());
    then(&cx, noun, &rows);
}

fn rows(c: &mut Criterion) {
    let fleet = target();
    let mut group = c.benchmark_group("rows at the target");
    for name in ["containers", "host_tree", "hosts", "idcs", "attention"] {
        let noun = noun(name).expect("a noun");
        group.bench_function(BenchmarkId::from_parameter(name), |b| b.iter(|| black_box(noun.rows(&fleet, &Scope::default()))));
    }
    group.finish();
}

fn keystrokes(c: &mut Criterion) {
    let mut group = c.benchmark_group("one keystroke over 200,000 containers");
    group.sample_size(20);
    with_rows("containers", |cx, noun, rows| {
        for text in ["w", "web-12", "!web", "state:exited", "cpu:>50", "~wb12", "/web-1[0-9]$/"] {
            let filter = Filter::parse(text, noun).expect("a filter");
            group.bench_function(BenchmarkId::from_parameter(text), |b| b.iter(|| black_box(filter.keep(cx, noun, rows, || true))));
        }
    });
    group.finish();
}

fn sorting(c: &mut Criterion) {
    let mut group = c.benchmark_group("sort 200,000 containers");
    group.sample_size(20);
    with_rows("containers", |cx, noun, rows| {
        for key in ["container", "host", "state", "created", "cpu"] {
            let column = noun.columns().iter().position(|column| column.key == key).expect("a column");
            let order = Order { column, direction: Direction::Down };
            group.bench_function(BenchmarkId::from_parameter(key), |b| {
                b.iter(|| {
                    let mut rows = rows.to_vec();
                    sort(cx, noun, &mut rows, order);
                    black_box(rows)
                });
            });
        }
    });
    group.finish();
}

criterion_group!(benches, rows, keystrokes, sorting);
criterion_main!(benches);
