//! The endpoints that the Harbors replicate with: what a ping of our own found, beside what each Harbor claims.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::fact::Fact;
use super::noun::{Cell, Column, Context, Mark, RowId, RowKey, Tone};
use super::scope::Scope;
use super::of_registry::{self, place_name, place_title, push, title, tone};
use super::table::Table;
use crate::model::endpoint::Freshness;
use crate::model::fleet::Fleet;
use crate::model::registry::{Peer, Question, Registry};
use crate::model::replication::{Edge, PeerVerdict};
use crate::model::text::{Lang, Text};

/// A row is a registry and the place of an endpoint in it.
#[derive(Debug)]
pub(super) struct Peers;

impl Table for Peers {
    const NAME: &'static str = "peers";
    const TITLE: Text = Text::new("Replication peers", "同步对端");
    const COLUMNS: &'static [Column] = &[
        Column::words("name", "ENDPOINT", "端点").width(8, 24),
        Column::words("registry", "IN", "所在").width(4, 14),
        Column::words("state", "BY OUR PING", "实测").width(11, 24),
        Column::words("claim", "HARBOR SAYS", "Harbor 称").width(11, 11).drop_priority(1),
        Column::words("known_as", "IS", "即").width(6, 20),
        Column::words("url", "URL", "地址").width(12, 44).drop_priority(2),
        Column::words("account", "ACCOUNT", "账号").width(8, 24).drop_priority(3),
        Column::figure("policies", "POLICIES", "策略数").width(4, 8),
    ];
    const QUESTIONS: &'static [Question] = &[Question::Peers, Question::Policies, Question::System];

    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        of_registry::rows(fleet, scope, |holdings| holdings.peers.as_ref().map_or(0, Vec::len))
    }

    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        at(fleet, row).map_or_else(|| "".into(), |(registry, peer)| format!("{}/{}", registry.spec.name, peer.endpoint.id).into())
    }

    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark {
        let Some((registry, peer)) = at(cx.fleet, row) else { return Mark::None };
        of_registry::mark(cx, &registry.spec.name, peer.verdict.severity().into())
    }

    fn fact<'a>(&self, cx: &Context<'a>, row: RowId, key: &str) -> Fact<'a> {
        let Some((registry, peer)) = at(cx.fleet, row) else { return Fact::Unknown };
        match key {
            "name" => Fact::Name(Cow::Borrowed(&peer.endpoint.name)),
            "registry" => Fact::words(&registry.spec.name),
            "state" if peer.verdict == PeerVerdict::Unknown => Fact::Unknown,
            "state" => Fact::words(peer.verdict.name()),
            "claim" => Fact::words(peer.endpoint.claim.word()),
            "known_as" => edges(cx.fleet, registry, peer).next().and_then(|edge| edge.peer().registry()).map_or(Fact::Absent, |n| Fact::words(n)),
            "url" => Fact::words(&peer.endpoint.url),
            "account" => Fact::maybe(peer.endpoint.account.as_deref()),
            "policies" => Fact::count(edges(cx.fleet, registry, peer).count()),
            _ => Fact::Unknown,
        }
    }

    fn render(&self, cx: &Context<'_>, row: RowId, key: &str) -> Option<Cell> {
        let (registry, peer) = at(cx.fleet, row)?;
        match key {
            "registry" => Some(Cell::plain(title(cx.fleet, &registry.spec.name))),
            "state" => Some(Cell::new(peer.verdict.word().get(cx.lang), tone(peer.verdict.severity()))),
            "claim" => Some(Cell::new(if peer.endpoint.claim.word().is_empty() { "-" } else { peer.endpoint.claim.word() }, Tone::Dim)),
            "known_as" => {
                let edge = edges(cx.fleet, registry, peer).next()?;
                let words = place_title(cx.fleet, edge.peer());
                let undeclared = if cx.lang == Lang::Zh { "未在配置中" } else { "not declared" };
                Some(if edge.peer().registry().is_some() { Cell::plain(words) } else { Cell::new(undeclared, Tone::Dim) })
            }
            _ => None,
        }
    }

    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        if let Some((registry, peer)) = at(cx.fleet, row) {
            let known = edges(cx.fleet, registry, peer).next().map_or(String::new(), |edge| place_title(cx.fleet, edge.peer()));
            push(out, &[&peer.endpoint.name, &registry.spec.name, &title(cx.fleet, &registry.spec.name), &known]);
            push(out, &[&peer.endpoint.url, peer.verdict.name(), peer.verdict.word().get(cx.lang)]);
        }
    }

    fn freshness<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Freshness> {
        of_registry::at(fleet, row).map(|registry| &registry.freshness)
    }

    fn extra(&self, cx: &Context<'_>, row: RowId) -> Vec<(&'static str, Value)> {
        let Some((registry, peer)) = at(cx.fleet, row) else { return Vec::new() };
        let endpoint = &peer.endpoint;
        vec![
            ("idc", json!(registry.spec.idc)),
            ("id", json!(endpoint.id)),
            ("kind", json!(endpoint.kind)),
            ("insecure", json!(endpoint.insecure)),
            ("trouble", json!(peer.verdict.trouble())),
            ("leads_to", json!(edges(cx.fleet, registry, peer).map(|edge| place_name(edge.peer())).next())),
        ]
    }
}

/// The peer that a row of this noun is, and whose.
#[must_use]
pub fn peer_at(fleet: &Fleet, row: RowId) -> Option<(&Registry, &Peer)> {
    at(fleet, row)
}

fn at(fleet: &Fleet, row: RowId) -> Option<(&Registry, &Peer)> {
    let registry = of_registry::at(fleet, row)?;
    Some((registry, registry.holdings.peers.as_ref()?.get(row.b as usize)?))
}

/// The edges that use an endpoint.
fn edges<'f>(fleet: &'f Fleet, registry: &'f Registry, peer: &'f Peer) -> impl Iterator<Item = &'f Edge> {
    let of = move |edge: &&Edge| edge.policy.peer.as_ref().is_some_and(|endpoint| endpoint.id == peer.endpoint.id);
    fleet.derived.topology.edges.iter().filter(move |edge| edge.registry == registry.spec.name).filter(of)
}
