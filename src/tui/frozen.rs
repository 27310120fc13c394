//! The last screen of an earlier run: shown at once, marked as such, until there is anything newer.

use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};

use super::canvas::Canvas;
use super::listing::Listing;
use super::panes::PANES;
use super::theme::Role;
use super::widgets::table;
use crate::model::clock::Stamp;
use crate::tables::{Align, Context};

/// Largest picture that is read, in bytes.
const LARGEST: usize = 256 * 1024;
/// Most rows kept.
const ROWS: usize = 100;

/// Rows of the pane that was shown last, as words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Frozen {
    pub pane: String,
    pub at: Stamp,
    heads: Vec<Head>,
    rows: Vec<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    title: String,
    right: bool,
    from: u16,
    to: u16,
}

impl Frozen {
    /// Reads what [`Frozen::blob`] wrote; `None` for anything else.
    pub(super) fn read(blob: &[u8]) -> Option<Self> {
        if blob.len() > LARGEST {
            return None;
        }
        let frozen: Self = serde_json::from_slice(blob).ok()?;
        let fits = frozen.rows.len() <= ROWS && frozen.rows.iter().all(|r| r.len() == frozen.heads.len());
        let widths = frozen.heads.iter().all(|h| h.from <= h.to);
        (fits && widths && PANES.iter().any(|p| p.name() == frozen.pane)).then_some(frozen)
    }

    /// The rows that are on the screen now.
    pub(super) fn of(pane: &str, listing: &Listing, cx: &Context<'_>) -> Self {
        let drawn = listing.drawn.borrow();
        let columns = listing.noun.columns();
        let head = |(at, from, to): &(usize, u16, u16)| Head {
            title: columns[*at].title.get(cx.lang).to_owned(),
            right: columns[*at].align == Align::Right,
            from: *from,
            to: *to,
        };
        let heads = drawn.columns.iter().map(head).collect();
        let visible = table::visible(listing).take(ROWS);
        let rows = visible.map(|(sheet, row)| drawn.columns.iter().map(|(at, ..)| sheet.noun.cell(cx, row, *at).text).collect()).collect();
        Self { pane: pane.to_owned(), at: cx.now, heads, rows }
    }

    pub(super) fn blob(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Draws the rows dimmed, each marked as not confirmed.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let head = canvas.style(Role::Head);
        let dim = canvas.style(Role::Dim);
        let unknown = canvas.style(Role::Unknown);
        let mark = canvas.look.glyphs.unknown;
        let mut put = |from: u16, to: u16, right: bool, y: u16, words: &str, style| {
            let room = to.saturating_sub(from).min(area.right().saturating_sub(from));
            if right {
                canvas.put_right(from + room, y, room, words, style);
            } else {
                canvas.put_cut(from, y, room, words, style);
            }
        };
        for h in &self.heads {
            put(h.from, h.to, h.right, area.y, &h.title, head);
        }
        for (row, y) in self.rows.iter().zip(area.y + 1..area.bottom()) {
            put(area.x + 1, area.x + 2, false, y, mark, unknown);
            for (h, words) in self.heads.iter().zip(row) {
                put(h.from, h.to, h.right, y, words, dim);
            }
        }
    }
}
