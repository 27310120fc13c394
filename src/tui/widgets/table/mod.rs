//! A table: mark, columns that fit, the selected row, and age and cause on rows that are stale.
//!
//! ```text
//!    NAME            CLASS   STATE      CPU    MEM    CTR   COST/h  AGE
//!  ● yf-web-01       12c16g  online     41%    63%     11     0.42
//! ▌● yf-web-02       12c16g  online     38%    60%     10     0.42
//!  ✖ yf-web-04       12c16g  lost         ?      ?      9     0.42  4m  dial timeout
//! ```

mod layout;

use std::sync::Arc;

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::super::canvas::Canvas;
use super::super::listing::Listing;
use super::super::theme::Role;
use super::super::worker::Sheet;
use crate::model::clock::Stamp;
use crate::model::text::{Lang, cut_end, cut_middle};
use crate::tables::spread::{self, Lane};
use crate::tables::{Align, Cell, Column, Context, Direction, Mark, RowId, Tone};
use layout::{Layout, is_late, lay_columns};

/// Room before the first column: the bar, the mark, a space.
const GUTTER: u16 = 3;
const GAP: u16 = 2;
/// From this width columns that are marked wide are shown.
pub(in crate::tui) const WIDE_FROM: u16 = 160;
/// Room for the age of a stale row, and for its cause before wide columns come.
const AGE: u16 = 4;
/// Room for what stands in place of parts that have none: `+12`.
const REST: u16 = 3;
const CAUSE_LEAST: u16 = 8;

/// Draws the table with its head. The rows point into the sheet's own Fleet, so `cx` must be made from it.
pub(in crate::tui) fn draw(canvas: &mut Canvas<'_>, area: Rect, listing: &Listing, sheet: &Sheet, cx: &Context<'_>) {
    if area.height < 2 || area.width < 10 {
        return;
    }
    let totals = sheet.noun.total(cx).filter(|_| area.height > 4);
    let rows_area = Rect::new(area.x, area.y + 1, area.width, area.height - 1 - u16::from(totals.is_some()));
    let height = usize::from(rows_area.height);
    let offset = scrolled(listing.offset.get(), listing.at, height, sheet.rows.len());
    listing.offset.set(offset);
    let lanes = spread::lanes(sheet.noun, &sheet.fleet);
    let rows = sheet.rows.iter().skip(offset).take(height);
    let shown: Vec<DrawnRow> = rows.map(|row| DrawnRow::of(sheet, cx, (*row, &lanes), listing)).collect();
    let layout = lay_columns(canvas, area, listing, (sheet, &lanes), &shown, totals.as_deref());
    draw_head(canvas, area, listing, &lanes, &layout);
    for (at, line) in shown.iter().enumerate() {
        let y = rows_area.y + u16::try_from(at).unwrap_or(0);
        let bar = if offset + at == listing.at { Bar::Here } else { Bar::Elsewhere };
        draw_line(canvas, Rect::new(area.x, y, area.width, 1), line, &layout, (&lanes, bar, cx.now));
    }
    if let Some(totals) = totals {
        let y = rows_area.bottom();
        let style = canvas.style(Role::Head);
        for (lane, from, to) in &layout.columns {
            if let Some(cell) = totals.get(lanes[*lane].place) {
                put_cell(canvas, (*from, *to, y), lanes[*lane].column, cell, style);
            }
        }
    }
    let mut drawn = listing.drawn.borrow_mut();
    drawn.rows = rows_area;
    drawn.columns = layout.columns.into_iter().map(|(lane, from, to)| (lanes[lane].place, from, to)).collect();
}

/// Where a table of so many rows begins so that the selected one is seen: it moves no more than needed.
fn scrolled(offset: usize, at: usize, height: usize, rows: usize) -> usize {
    let last = rows.saturating_sub(height);
    offset.min(at).max(at.saturating_add(1).saturating_sub(height)).min(last)
}

/// One row, made ready for drawing.
struct DrawnRow {
    mark: Mark,
    depth: u16,
    /// `Some(true)`: a branch that is closed.
    branch: Option<bool>,
    marked: bool,
    cells: Vec<Cell>,
    staleness: Option<(Option<Stamp>, String)>,
}

impl DrawnRow {
    fn of(sheet: &Sheet, cx: &Context<'_>, (row, lanes): (RowId, &[Lane]), listing: &Listing) -> Self {
        let noun = sheet.noun;
        let key = noun.key(&sheet.fleet, row);
        Self {
            mark: noun.mark(cx, row),
            depth: u16::from(row.depth),
            branch: noun.opens(&sheet.fleet, row).then(|| listing.scope.closed.contains(&key)),
            marked: listing.marks.contains(&key),
            cells: lanes.iter().map(|lane| noun.cell(cx, row, lane.place)).collect(),
            staleness: noun.staleness(cx, row).map(|(since, why)| (since, why.get(cx.lang).to_owned())),
        }
    }
}

fn draw_head(canvas: &mut Canvas<'_>, area: Rect, listing: &Listing, lanes: &[Lane], layout: &Layout) {
    let style = canvas.style(Role::Head);
    for (at, from, to) in &layout.columns {
        let lane = &lanes[*at];
        let title = lane.title(canvas.look.lang).to_owned();
        let late = lane.head.as_ref().filter(|_| is_late(lane)).map_or("", |head| canvas.look.glyphs.mark(head.mark));
        let arrow = match listing.sort {
            Some(order) if order.column == lane.place && order.direction == Direction::Up => canvas.look.glyphs.up,
            Some(order) if order.column == lane.place => canvas.look.glyphs.down,
            _ => "",
        };
        put_cell(canvas, (*from, *to, area.y), lane.column, &Cell::plain(format!("{title}{late}{arrow}")), style);
    }
    if let Some((hidden, x)) = &layout.rest {
        canvas.put(*x, area.y, REST, &format!("+{}", hidden.len()), style);
    }
    if let Some(x) = layout.age {
        let words = match canvas.look.lang {
            Lang::En => "AGE",
            Lang::Zh => "过时",
        };
        canvas.put(x, area.y, AGE, words, style);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bar {
    Here,
    Elsewhere,
}

fn draw_line(canvas: &mut Canvas<'_>, area: Rect, line: &DrawnRow, layout: &Layout, row: (&[Lane], Bar, Stamp)) {
    let (lanes, bar, now) = row;
    let glyphs = canvas.look.glyphs;
    let mark_style = canvas.look.theme.mark(line.mark);
    let (mut x, y) = (area.x, area.y);
    if line.marked {
        let style = canvas.style(Role::Marked);
        canvas.put(x, y, 1, glyphs.marked, style);
    } else if bar == Bar::Here {
        canvas.put(x, y, 1, glyphs.selected, Style::new());
    }
    x += 1;
    if !layout.tree {
        canvas.put(x, y, 1, glyphs.mark(line.mark), mark_style);
    }
    for (nth, (column, from, to)) in layout.columns.iter().enumerate() {
        let cell = &line.cells[*column];
        let mut from = *from;
        if nth == 0 && layout.tree {
            from = (from + line.depth * 2).min(*to);
            let sign = match line.branch {
                Some(true) => glyphs.closed,
                Some(false) => glyphs.open,
                None => glyphs.mark(line.mark),
            };
            canvas.put(from.saturating_sub(2), y, 1, sign, mark_style);
            let quiet = matches!(line.mark, Mark::Good | Mark::None);
            if line.branch.is_some() && !quiet {
                canvas.put(from, y, 1, glyphs.mark(line.mark), mark_style);
                from = (from + 2).min(*to);
            }
        }
        let style = canvas.look.theme.tone(cell.tone);
        put_cell(canvas, (from, *to, y), lanes[*column].column, cell, style);
    }
    if let Some((hidden, x)) = &layout.rest {
        let shown = layout.columns.iter().find(|(at, ..)| lanes[*at].column.spread).map(|(at, ..)| &line.cells[*at]);
        let cell = spread::rest(shown, &hidden.iter().map(|at| &line.cells[*at]).collect::<Vec<_>>());
        let style = canvas.look.theme.tone(cell.tone);
        canvas.put(*x, y, REST, &cell.text, style);
    }
    if let (Some(x), Some((since, why))) = (layout.age, &line.staleness) {
        let style = mark_style;
        let age = since.map_or_else(|| "?".to_owned(), |s| coarse_age(now.since(s), canvas.look.lang));
        canvas.put(x, y, AGE, &age, style);
        let x = x + AGE + 1;
        let room = area.right().saturating_sub(x);
        // A sentence keeps its beginning; less than a word or two of it says nothing.
        if room >= CAUSE_LEAST {
            canvas.put(x, y, room, &cut_end(why, usize::from(room)), style);
        }
    }
    if bar == Bar::Here {
        let selected = canvas.style(Role::Selected);
        for x in area.x + 1..area.right() {
            if let Some(cell) = canvas.buffer.cell_mut((x, y)) {
                cell.set_style(selected);
                if selected.add_modifier.contains(Modifier::REVERSED) {
                    // One style over the whole bar: it is read at once, and moving it costs few bytes.
                    cell.fg = ratatui::style::Color::Reset;
                    cell.bg = ratatui::style::Color::Reset;
                    cell.modifier = selected.add_modifier;
                }
            }
        }
    }
}

fn put_cell(canvas: &mut Canvas<'_>, place: (u16, u16, u16), column: &Column, cell: &Cell, style: Style) {
    let (from, to, y) = place;
    let room = to.saturating_sub(from);
    // A name keeps its tail, which tells replicas apart; a sentence keeps its beginning.
    let is_name = cell.tone == Tone::Name || !cell.text.contains(' ');
    let cut = if is_name { cut_middle(&cell.text, usize::from(room)) } else { cut_end(&cell.text, usize::from(room)) };
    match column.align {
        Align::Left => canvas.put(from, y, room, &cut, style),
        Align::Right => canvas.put_right(to, y, room, &cut, style),
    };
}

/// An age in steps that do not change each second: `10s`, `4m`, `2h`, `3d`.
pub(in crate::tui) fn coarse_age(millis: u64, lang: Lang) -> String {
    let seconds = millis / 1000;
    let (count, en, zh) = match seconds {
        0..=59 => (seconds / 10 * 10, "s", "秒"),
        60..=3_599 => (seconds / 60, "m", "分"),
        3_600..=172_799 => (seconds / 3_600, "h", "时"),
        _ => (seconds / 86_400, "d", "天"),
    };
    format!("{count}{}", if lang == Lang::Zh { zh } else { en })
}

/// Keeps the visible rows of a listing, for who must know what is looked at.
pub(in crate::tui) fn visible(listing: &Listing) -> impl Iterator<Item = (&Arc<Sheet>, RowId)> {
    let height = usize::from(listing.drawn.borrow().rows.height);
    let offset = listing.offset.get();
    listing.sheet.iter().flat_map(move |sheet| sheet.rows.iter().skip(offset).take(height).map(move |row| (sheet, *row)))
}

#[cfg(test)]
mod tests {
    use super::super::super::canvas::tests::{look, rows_of};
    use super::super::super::canvas::{Charset, Look};
    use super::super::super::listing::Moment;
    use super::super::super::testing::{NOW, Words, context_of};
    use super::super::super::worker::{Urgency, lay_out};
    use super::*;
    use crate::model::text::Lang;
    use crate::tables::Scope;
    use crate::tables::row_cache::{Folding, RowCache};
    use jiff::tz::TimeZone;
    use ratatui::buffer::Buffer;

    fn drawn(names: &[&str], at: usize, size: (u16, u16), look: &Look) -> Vec<String> {
        let (fleet, live) = context_of(names);
        let moment = Moment { fleet: Arc::new(fleet), live: Arc::new(live), now: NOW, lang: look.lang, zone: TimeZone::UTC };
        let mut listing = Listing::new(&Words, Scope::default(), None);
        let sheet = lay_out(&listing.ask(&moment, Urgency::Person, Folding::Needless), &mut RowCache::default(), || false).expect("sheet");
        listing.take(Arc::new(sheet)).expect("fresh");
        listing.go(at);
        listing.mark();
        listing.step(1);
        let cx = Context { fleet: &moment.fleet, live: &moment.live, now: NOW, lang: look.lang, zone: &moment.zone };
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
        let sheet = Arc::clone(listing.sheet.as_ref().expect("sheet"));
        draw(&mut Canvas { buffer: &mut buffer, look }, buffer_area(size), &listing, &sheet, &cx);
        rows_of(&buffer)
    }

    fn buffer_area(size: (u16, u16)) -> Rect {
        Rect::new(0, 0, size.0, size.1)
    }

    #[test]
    fn a_table_scrolls_marks_and_cuts_in_the_middle() {
        let names = ["a-very-long-name-of-a-host-7f9c", "b", "c", "d", "主机-五"];
        let rows = drawn(&names, 0, (30, 4), &look(Lang::En, Charset::Unicode));
        assert_eq!(
            rows,
            [
                "   NAME                 LENGTH",
                "✓● a-very-lo…host-7f9c      31",
                "▌● b                         1",
                " ● c                         1"
            ]
        );
        let rows = drawn(&names, 3, (40, 4), &look(Lang::Zh, Charset::Ascii));
        assert_eq!(rows[0], "   ??          ??");
        assert_eq!(rows[3], ">* ??-?           4");
    }

    #[test]
    fn the_window_moves_no_more_than_needed() {
        assert_eq!(scrolled(0, 3, 4, 10), 0);
        assert_eq!(scrolled(0, 4, 4, 10), 1);
        assert_eq!(scrolled(5, 4, 4, 10), 4);
        assert_eq!(scrolled(9, 9, 4, 10), 6);
        assert_eq!(scrolled(3, 0, 4, 2), 0);
    }

    #[test]
    fn ages_are_coarse() {
        assert_eq!([59_000, 61_000, 7_300_000, 200_000_000].map(|age| coarse_age(age, Lang::En)), ["50s", "1m", "2h", "2d"]);
    }
}
