//! How stale rows say that they are.

use super::noun::{Age, Cell, Mark, Tone};
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::host::{Host, HostState};
use crate::model::text::{Lang, Text};

pub(super) fn age(freshness: &Freshness, now: Stamp) -> Age {
    Age { seconds: freshness.age_s(now), stale: freshness.is_stale() }
}

/// Since when a fact is stale, and why; `None` where it is fresh or was never asked for.
pub(super) fn staleness(freshness: &Freshness) -> Option<(Option<Stamp>, Text)> {
    if let Some(fault) = &freshness.fault {
        return Some((freshness.good_at.or(freshness.fault_since), fault.cause.clone()));
    }
    (freshness.cached && freshness.good_at.is_some()).then(|| (freshness.good_at, Text::new("as of the last run", "上次运行时的样子")))
}

pub(super) fn host_mark(host: &Host, now: Stamp) -> Mark {
    match host.state(now) {
        HostState::Online => Mark::Good,
        HostState::Stale | HostState::Unknown => Mark::Unknown,
        HostState::Lost => Mark::Bad,
    }
}

/// The word of `-o json`.
pub(super) fn host_word(state: HostState) -> &'static str {
    match state {
        HostState::Lost => "lost",
        HostState::Unknown => "unknown",
        HostState::Stale => "stale",
        HostState::Online => "online",
    }
}

pub(super) fn host_state_cell(state: HostState, lang: Lang) -> Cell {
    let (text, tone) = match state {
        HostState::Lost => (Text::new("lost", "失联"), Tone::Bad),
        HostState::Unknown => return Cell::unknown(),
        HostState::Stale => (Text::new("stale", "过期"), Tone::Unknown),
        HostState::Online => (Text::new("online", "在线"), Tone::Good),
    };
    Cell::new(text.get(lang), tone)
}
