//! Who replicates to whom: the topology as a picture, under it every edge; beside it policies, executions, queues, peers, preheat.
//!
//! ```text
//!  [topology]  policies  executions  queues  peers  preheat
//!  ┌──────────┐ event, deletes          ┌──────────┐
//!  │ ● 永丰   │◀───────────────────────▶│ ● 土城   │
//!  └──────────┘ ● ok             ▲ 2 lost└──────────┘
//!    EDGE            POLICY        STATE    LAST REAL SUCCESS  CAUSE
//!  ▲ 永丰 → 土城     both-payment  2 lost                  9m  peer refuses connections
//! ```

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::console::Console;
use super::super::frame;
use super::super::verb::{Does, Needs, Shown, Verb};
use super::super::widgets::graph::{self, Arrow, Graph, Health, Stroke};
use super::{Pane, Tab, Tabs, noun};
use crate::model::replication::{Edge, EdgeState, Place};
use crate::model::text::{Lang, Text};
use crate::tables::{self, Context, Mark, Noun, figures, policy_words};

pub(super) struct Replication;

/// Lines that the table of edges keeps: its head and five rows.
const TABLE_LEAST: u16 = 6;

static VERBS: &[Verb] = &[Verb {
    id: "replication.peers",
    keys: "p",
    name: Text::new("peers", "对端"),
    help: Text::new("the endpoints that the Harbors replicate with, by our own ping", "各 Harbor 的同步端点（以本机实测为准）"),
    needs: Needs::Nothing,
    shown: Shown::Menu,
    does: Does::ShowTab("peers"),
}];

static TABS: &[Tabs] = &[Tabs {
    depth: 0,
    is_within: |_| true,
    all: &[
        Tab::new("edges", "topology", "拓扑"),
        Tab::new("policies", "policies", "策略"),
        Tab::new("executions", "executions", "执行"),
        Tab::new("queues", "queues", "队列"),
        Tab::new("peers", "peers", "对端"),
        Tab::new("preheat", "preheat", "预热"),
    ],
}];

impl Pane for Replication {
    fn name(&self) -> &'static str {
        "replication"
    }

    fn digit(&self) -> char {
        '3'
    }

    fn title(&self) -> Text {
        Text::new("Replication", "同步")
    }

    fn noun(&self) -> &'static dyn Noun {
        noun("edges")
    }

    fn tabs(&self) -> &'static [Tabs] {
        TABS
    }

    fn verbs(&self) -> &'static [Verb] {
        VERBS
    }

    fn draw(&self, console: &Console, canvas: &mut Canvas<'_>, body: Rect) {
        let is_topology = console.listing().noun.name() == "edges";
        let used = if is_topology { graph::draw(canvas, body, &picture(console), TABLE_LEAST) } else { 0 };
        frame::draw_listing(console, canvas, Rect::new(body.x, body.y + used, body.width, body.height - used));
    }
}

/// The edges between two places, in one direction.
type Ways<'f> = BTreeMap<(usize, usize), Vec<&'f Edge>>;

/// The topology as boxes and arrows: one arrow for all policies from one place to another.
fn picture(console: &Console) -> Graph {
    let moment = &console.moment;
    let fleet = &moment.fleet;
    let cx = Context { fleet, live: &moment.live, now: moment.now, lang: moment.lang, zone: &moment.zone };
    let topology = &fleet.derived.topology;
    let mut places: Vec<&Place> = topology.edges.iter().flat_map(|edge| [&edge.from, &edge.to]).collect();
    // In the order of the config's IDCs: the main one is first. What nobody declared is last.
    let order = |place: &&Place| {
        let idc = place.registry().and_then(|name| fleet.registry(name)).map(|registry| &registry.spec.idc);
        idc.and_then(|idc| fleet.idcs.iter().position(|i| i.name == *idc)).unwrap_or(usize::MAX)
    };
    places.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.cmp(b)));
    places.dedup();
    let at = |place: &Place| places.iter().position(|p| *p == place).unwrap_or(0);
    let mut ways: Ways<'_> = BTreeMap::new();
    for edge in &topology.edges {
        ways.entry((at(&edge.from), at(&edge.to))).or_default().push(edge);
    }
    let arrows = ways.iter().filter_map(|(way, edges)| arrow(&cx, &ways, *way, edges)).collect();
    Graph { boxes: places.iter().map(|place| tables::end_of(&cx, place)).collect(), arrows }
}

/// One arrow a pair of places: both ways together where both are on; what is switched off only where nothing else is there.
fn arrow(cx: &Context<'_>, ways: &Ways<'_>, (from, to): (usize, usize), edges: &[&Edge]) -> Option<Arrow> {
    let is_on = |edges: &[&Edge]| edges.iter().any(|edge| edge.policy.enabled);
    let back = ways.get(&(to, from)).filter(|_| from != to);
    let back_is_on = back.is_some_and(|back| is_on(back));
    match (is_on(edges), back_is_on) {
        // The other way's turn draws both, or draws alone.
        (true, true) if from > to => return None,
        (false, true) => return None,
        (false, false) if back.is_some() && from > to => return None,
        _ => {}
    }
    let back = back.filter(|_| is_on(edges) && back_is_on);
    Some(Arrow {
        from,
        to,
        mode: mode(edges, cx.lang),
        health: health(cx, edges),
        back: back.map(|back| health(cx, back)),
        line: if is_on(edges) { Stroke::Solid } else { Stroke::Broken },
    })
}

/// `event, deletes`, and how many more policies there are.
fn mode(edges: &[&Edge], lang: Lang) -> String {
    let on: Vec<&&Edge> = edges.iter().filter(|edge| edge.policy.enabled).collect();
    let Some(first) = on.first().copied().or(edges.first()) else { return String::new() };
    let words = policy_words::mode(&first.policy, lang);
    if on.len() > 1 { format!("{words} +{}", on.len() - 1) } else { words }
}

/// The worst of them, in its words; how long ago it last succeeded where it does well.
fn health(cx: &Context<'_>, edges: &[&Edge]) -> Health {
    let worst = edges.iter().filter(|edge| edge.policy.enabled).max_by_key(|edge| edge.health.state.severity()).or(edges.first());
    let Some(edge) = worst else { return Health { mark: Mark::Unknown, words: "?".to_owned(), brief: "?".to_owned() } };
    let is_stale = cx.fleet.registry(&edge.registry).is_none_or(|registry| registry.freshness.is_stale());
    let mark = match edge.health.state.severity() {
        None => Mark::None,
        Some(_) if is_stale => Mark::Unknown,
        Some(severity) => severity.into(),
    };
    let brief = edge.health.words();
    let words = match (&edge.health.state, edge.health.last_success) {
        (EdgeState::Flowing, Some(at)) => {
            let age = figures::age(cx.now.since(at), cx.lang);
            Text::made(format!("{} {age} ago", brief.en), format!("{} {age}前", brief.zh))
        }
        _ => brief.clone(),
    };
    Health { mark, words: words.get(cx.lang).to_owned(), brief: brief.get(cx.lang).to_owned() }
}
