//! What needs me: a row an IDC, and under it everything that needs attention, worst first.
//!
//! ```text
//!  IDC          HOSTS   CTR run/all   CPU  COST/h
//!  ● 永丰 PROD  24/24       240/240   44%   18.40
//!
//!  NEEDS ATTENTION                                                   since
//!  ✖ 土城  2 hosts lost: dial timeout (tc-db-02, tc-db-03)              4m
//! ```

use std::sync::Arc;

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::console::Console;
use super::super::frame;
use super::super::listing::Listing;
use super::super::theme::Role;
use super::super::verb::{Does, Needs, Shown, Verb};
use super::super::widgets::describe;
use super::super::widgets::table;
use super::super::worker::Sheet;
use super::{Pane, noun};
use crate::model::text::Text;
use crate::tables::{Context, Noun, Scope};

pub(super) struct Overview;

static VERBS: &[Verb] = &[Verb {
    id: "overview.idcs",
    keys: "i",
    name: Text::new("IDCs", "机房"),
    help: Text::new("the IDCs as a table to go into", "机房列表，可进入"),
    needs: Needs::Nothing,
    shown: Shown::Footer,
    does: Does::Open("idcs"),
}];

/// The least room that the attention list keeps.
const ATTENTION_LEAST: u16 = 7;

impl Pane for Overview {
    fn name(&self) -> &'static str {
        "overview"
    }

    fn digit(&self) -> char {
        '1'
    }

    fn title(&self) -> Text {
        Text::new("Overview", "总览")
    }

    fn noun(&self) -> &'static dyn Noun {
        noun("attention")
    }

    fn verbs(&self) -> &'static [Verb] {
        VERBS
    }

    fn draw(&self, console: &Console, canvas: &mut Canvas<'_>, body: Rect) {
        let above = draw_idcs(console, canvas, body);
        let rest = Rect::new(body.x, body.y + above, body.width, body.height - above);
        let title = Text::new("NEEDS ATTENTION", "需要处理");
        let words = canvas.word(&title).to_owned();
        let style = canvas.style(Role::Head);
        canvas.put(rest.x + 1, rest.y, rest.width, &words, style);
        let list = Rect::new(rest.x, rest.y + 1, rest.width, rest.height.saturating_sub(1));
        let is_calm = console.listing().sheet.as_ref().is_some_and(|s| s.total == 0 && s.fleet.revision > 0);
        if is_calm {
            draw_calm(console, canvas, list);
        } else {
            frame::draw_listing(console, canvas, list);
        }
    }
}

/// A row an IDC, and the sums over all; the rows used.
fn draw_idcs(console: &Console, canvas: &mut Canvas<'_>, body: Rect) -> u16 {
    let moment = &console.moment;
    let idcs = noun("idcs");
    let cx = Context { fleet: &moment.fleet, live: &moment.live, now: moment.now, lang: moment.lang, zone: &moment.zone };
    let rows = idcs.rows(&moment.fleet, &Scope::default());
    if rows.is_empty() {
        return 0;
    }
    let wanted = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
    let high = wanted.min(body.height.saturating_sub(ATTENTION_LEAST));
    let area = Rect::new(body.x, body.y, body.width, high);
    let mut shown = rows;
    shown.truncate(usize::from(high.saturating_sub(2)));
    let sheet = Sheet {
        generation: 0,
        noun: idcs,
        fleet: Arc::clone(&moment.fleet),
        total: shown.len(),
        rows: shown,
        selected: None,
        near: 0,
        found: None,
    };
    // No row of it is under the bar.
    let mut listing = Listing::new(idcs, Scope::default(), None);
    listing.at = usize::MAX;
    table::draw(canvas, area, &listing, &sheet, &cx);
    high + 1
}

/// Everything is well: one line, with when it was last otherwise.
fn draw_calm(console: &Console, canvas: &mut Canvas<'_>, area: Rect) {
    let moment = &console.moment;
    let cx = Context { fleet: &moment.fleet, live: &moment.live, now: moment.now, lang: moment.lang, zone: &moment.zone };
    let total = &moment.fleet.derived.total;
    if total.up < total.hosts || total.unlisted > 0 {
        let open = (total.hosts - total.up.min(total.hosts)).max(total.unlisted);
        let words = Text::made(
            format!("all that have answered are well; {open} of {} have not answered yet", total.hosts),
            format!("已应答的均正常；{} 台中还有 {open} 台尚未应答", total.hosts),
        );
        let words = canvas.word(&words).to_owned();
        let (sign, style) = (canvas.look.glyphs.unknown, canvas.style(Role::Unknown));
        canvas.put(area.x + 1, area.y + 1, 1, sign, style);
        canvas.put(area.x + 3, area.y + 1, area.width.saturating_sub(4), &words, style);
        return;
    }
    let words = match moment.fleet.derived.last_trouble {
        None => Text::new("everything is well", "一切正常"),
        Some(at) => {
            let at = describe::moment(at, &cx);
            Text::made(format!("everything is well; last trouble {at}"), format!("一切正常；上次异常 {at}"))
        }
    };
    let sign = canvas.look.glyphs.good;
    let style = canvas.style(Role::Good);
    canvas.put(area.x + 1, area.y + 1, 1, sign, style);
    let words = canvas.word(&words).to_owned();
    canvas.put(area.x + 3, area.y + 1, area.width.saturating_sub(4), &words, style);
}
