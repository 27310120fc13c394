//! What survives a restart: the pane, and each pane's order and filter.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::console::Console;
use super::panes::PANES;
use crate::tables::Direction;
use crate::tables::sort::Order;

/// Longest memory that is read, in bytes.
const LONGEST: usize = 64 * 1024;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    pane: String,
    tables: BTreeMap<String, Kept>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    sort: Option<String>,
    down: bool,
    filter: String,
}

/// The memory of a console as text.
pub(super) fn text_of(console: &Console) -> String {
    let mut memory = Memory { pane: PANES[console.pane].name().to_owned(), tables: BTreeMap::new() };
    for (pane, trail) in PANES.iter().zip(&console.trails) {
        // Of a page with tabs its own table is kept.
        let Some(listing) = trail.first().filter(|listing| listing.noun.name() == pane.noun().name()) else { continue };
        let columns = listing.noun.columns();
        let kept = Kept {
            sort: listing.sort.and_then(|o| columns.get(o.column)).map(|c| c.key.to_owned()),
            down: listing.sort.is_some_and(|o| o.direction == Direction::Down),
            filter: listing.filter_text.clone(),
        };
        memory.tables.insert(pane.name().to_owned(), kept);
    }
    serde_json::to_string(&memory).unwrap_or_default()
}

/// Puts a memory back. What does not fit any more is left out.
pub(super) fn recall(console: &mut Console, text: &str) {
    if text.len() > LONGEST {
        return;
    }
    let Ok(memory) = serde_json::from_str::<Memory>(text) else { return };
    for (pane, trail) in PANES.iter().zip(&mut console.trails) {
        let (Some(kept), Some(listing)) = (memory.tables.get(pane.name()), trail.first_mut()) else { continue };
        let column = kept.sort.as_ref().and_then(|key| listing.noun.columns().iter().position(|c| c.key == key));
        if let Some(column) = column {
            let direction = if kept.down { Direction::Down } else { Direction::Up };
            listing.sort = Some(Order { column, direction });
        }
        listing.narrow(&kept.filter);
        if listing.problem.is_some() {
            listing.narrow("");
        }
    }
    if let Some(pane) = PANES.iter().position(|p| p.name() == memory.pane) {
        console.pane = pane;
    }
}
