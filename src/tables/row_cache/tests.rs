//! What is kept from one Fleet to the next is what would be made anew.

use super::*;
use crate::model::fixture::{NOW, container, fleet, id};
use crate::model::fleet::Fleet;
use crate::model::host::{Container, ContainerState};
use crate::model::live::{HostLive, Live, Sample};
use crate::model::text::Lang;
use crate::tables::sort::sort;
use crate::tables::{SortKey, noun};

fn anew(cx: &Context<'_>, noun: &dyn Noun, filter: &Filter, order: Option<Order>) -> Vec<RowId> {
    let rows = noun.rows(cx.fleet, &Scope::default());
    let mut rows = filter.keep(cx, noun, &rows, || true).expect("rows");
    if let Some(order) = order {
        sort(cx, noun, &mut rows, order);
    }
    rows
}

/// Numbers that look thrown, the same each time.
fn thrown(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 33).expect("small")
}

/// Changes some hosts: containers come, go, and get other names and states.
fn change(fleet: &mut Fleet, seed: &mut u64) {
    for _ in 0..=thrown(seed) % 3 {
        let at = thrown(seed) % fleet.hosts.len();
        let host = Arc::make_mut(&mut fleet.hosts[at]);
        let containers = host.containers.get_or_insert_default();
        match thrown(seed) % 8 {
            0 => containers.clear(),
            1 if !containers.is_empty() => drop(containers.remove(thrown(seed) % containers.len())),
            2..=4 => {
                let number = 1000 + thrown(seed) as u64 % 1000;
                containers.retain(|c| c.id != id(number));
                containers.push(Arc::new(container(number, &format!("new-{}", number % 7), None, ContainerState::Running)));
                containers.sort_by_key(|c| c.id);
            }
            _ => {
                for container in containers.iter_mut() {
                    let name = format!("{}-{}", ["Web", "db", "永丰", "ÄPFEL", "payment-web"][thrown(seed) % 5], thrown(seed) % 12);
                    let state = if thrown(seed).is_multiple_of(2) { ContainerState::Running } else { ContainerState::Exited(Some(1)) };
                    *container = Arc::new(Container { name: name.into(), state, ..Container::clone(container) });
                }
            }
        }
    }
}

#[test]
fn what_is_kept_is_what_would_be_made_anew() {
    let filters =
        ["", "web", "WEB", "!web", "web !1", "e", "永", "äpf", "state:exited", "web state:run", "~pw1", "/web-[0-9]$/", "/(?-i)W/"];
    let (live, noun) = (Live::default(), noun("containers").expect("a noun"));
    let columns = ["container", "host", "state", "created", "cpu"];
    let orders: Vec<Option<Order>> = std::iter::once(None)
        .chain(columns.iter().flat_map(|key| {
            let column = noun.columns().iter().position(|c| c.key == *key).expect("a column");
            [Direction::Up, Direction::Down].map(|direction| Some(Order { column, direction }))
        }))
        .collect();
    let (mut seed, mut kept_once) = (7, 0);
    for order in orders {
        let (mut fleet, mut row_cache, scope) = (fleet(), RowCache::default(), Scope::default());
        for turn in 0..40 {
            let before = fleet.clone();
            change(&mut fleet, &mut seed);
            let cx = Context { fleet: &fleet, live: &live, now: NOW, lang: Lang::En, zone: &jiff::tz::TimeZone::UTC };
            let text = filters[(turn + thrown(&mut seed)) % filters.len()];
            let filter = Filter::parse(text, noun).expect("a filter");
            let words = if filter.is_empty() { Folding::Needless } else { Folding::Wanted };
            assert!(row_cache.renew(&cx, noun, Wanted { scope: &scope, order, words }));
            let mut rows = if filter.is_empty() { row_cache.all() } else { row_cache.keep(&cx, noun, &filter, || true).expect("rows") };
            if let Some(order) = order.filter(|order| noun.is_volatile(order.column)) {
                sort(&cx, noun, &mut rows, order);
            }
            assert_eq!(rows, anew(&cx, noun, &filter, order), "{text} by {order:?}, turn {turn}");
            assert_eq!(row_cache.len(), noun.rows(&fleet, &scope).len());
            kept_once += rows.len();
            drop(before);
        }
    }
    assert!(kept_once > 1000, "filters let something through");
}

#[test]
fn another_language_scope_or_noun_begins_anew_and_a_tree_is_not_kept() {
    let (fleet, live, zone) = (fleet(), Live::default(), jiff::tz::TimeZone::UTC);
    let mut row_cache = RowCache::default();
    let cx = |lang| Context { fleet: &fleet, live: &live, now: NOW, lang, zone: &zone };
    let containers = noun("containers").expect("a noun");
    let all = Scope::default();
    let one = Scope { host: Some("yf-web-01".into()), ..Scope::default() };
    for (scope, lang) in [(&all, Lang::En), (&one, Lang::En), (&all, Lang::Zh), (&one, Lang::Zh)] {
        assert!(row_cache.renew(&cx(lang), containers, Wanted { scope, order: None, words: Folding::Needless }));
        assert_eq!(row_cache.all(), containers.rows(&fleet, scope));
    }
    let tree = noun("host_tree").expect("a noun");
    assert!(!row_cache.renew(&cx(Lang::En), tree, Wanted { scope: &all, order: None, words: Folding::Wanted }));
    assert!(row_cache.is_empty());
}

/// A column that is not said to move has the same keys at any time and with any figures.
#[test]
fn columns_that_move_are_said_to() {
    let fleet = fleet();
    let live = everything_measured(&fleet);
    for noun in crate::tables::all() {
        for row in noun.rows(&fleet, &Scope::default()) {
            if noun.origin(&fleet, row).is_none() {
                continue;
            }
            for column in (0..noun.columns().len()).filter(|column| !noun.is_volatile(*column)) {
                let key = |live: &Live, now| -> SortKey {
                    let cx = Context { fleet: &fleet, live, now, lang: Lang::En, zone: &jiff::tz::TimeZone::UTC };
                    noun.sort_key(&cx, row, column)
                };
                let later = NOW.plus_millis(86_400_000);
                assert_eq!(key(&Live::default(), NOW), key(&live, later), "{} {}", noun.name(), noun.columns()[column].key);
            }
            assert_eq!(noun.row_of(&fleet, &noun.key(&fleet, row)), crate::tables::KeyLookup::Row(row));
        }
    }
}

/// Figures for every container.
fn everything_measured(fleet: &Fleet) -> Live {
    let mut live = Live::default();
    for host in &fleet.hosts {
        let sample =
            |c: &Arc<Container>| (c.id, Sample { at: NOW, cpu_milli: Some(70), memory: 9, memory_limit: 10, rx: Some(5), tx: Some(6) });
        live.put(host.name(), Arc::new(HostLive { samples: host.known_containers().iter().map(sample).collect(), usage: None }));
    }
    live
}
