//! How wide the columns of a table are, which of them have room, and where each stands.

use ratatui::layout::Rect;

use super::super::super::canvas::Canvas;
use super::super::super::listing::Listing;
use super::super::super::worker::Sheet;
use super::{AGE, DrawnRow, GAP, GUTTER, REST, WIDE_FROM};
use crate::model::text::width;
use crate::tables::spread::Lane;
use crate::tables::{Cell, Cut, Mark, Tone};

/// Most columns of what is never cut.
const UNCUT_MAX: u16 = 24;
const CAUSE: u16 = 24;
/// Words of more columns than this may be cut before a column falls away, and words of fewer than that not.
const COMFORT: u16 = 16;
const SHORT: u16 = 12;

pub(super) struct Layout {
    /// Lane, from, to.
    pub(super) columns: Vec<(usize, u16, u16)>,
    /// Lanes of a spread column that have no room, and where it is said.
    pub(super) rest: Option<(Vec<usize>, u16)>,
    /// Where age and cause begin; `None` where no row is stale or there is no room.
    pub(super) age: Option<u16>,
    pub(super) tree: bool,
}

pub(super) fn lay_columns(
    canvas: &Canvas<'_>,
    area: Rect,
    listing: &Listing,
    (sheet, lanes): (&Sheet, &[Lane]),
    shown: &[DrawnRow],
    totals: Option<&[Cell]>,
) -> Layout {
    let lang = canvas.look.lang;
    let screen = canvas.buffer.area.width;
    let mut drawn = listing.drawn.borrow_mut();
    drawn.widest.resize(lanes.len(), 0);
    let mut heads = Vec::with_capacity(lanes.len());
    for (at, lane) in lanes.iter().enumerate() {
        let column = lane.column;
        let indent = |line: &DrawnRow| if at == 0 && sheet.noun.is_tree() { line.depth * 2 + 2 } else { 0 };
        let cells = shown.iter().map(|line| columns_wide(&line.cells[at].text) + indent(line));
        let total = totals.and_then(|t| t.get(lane.place)).map_or(0, |c| columns_wide(&c.text));
        let signs = u16::from(listing.sort.is_some_and(|o| o.column == lane.place)) + u16::from(is_late(lane));
        let head = columns_wide(lane.title(lang)) + signs;
        let most = if column.cut == Cut::Never { UNCUT_MAX } else { column.max };
        let widest = cells.max().unwrap_or(0).max(total).clamp(column.min, most.max(column.min)).max(head);
        drawn.widest[at] = drawn.widest[at].max(widest);
        heads.push(head);
    }
    let widest = drawn.widest.clone();
    drop(drawn);
    let staleness = shown.iter().any(|l| l.staleness.is_some());
    let room = area.width.saturating_sub(GUTTER + if staleness { AGE + GAP } else { 0 });
    let is_name = |at: usize| shown.iter().any(|line| line.cells[at].tone == Tone::Name);
    // What a column has to have: figures all of it, words their least width.
    let least_of = |at: usize| if lanes[at].column.cut == Cut::Never { widest[at] } else { lanes[at].column.min };
    // What it should have before another one is shown beside it: long words are cut by a quarter, short ones and heads not at all,
    // and the row's own name only where it is longer than that.
    let comfort_of = |at: usize| match lanes[at].column.cut {
        Cut::Never | Cut::Early => least_of(at),
        Cut::Late if is_name(at) => least_of(at).max(widest[at].min(COMFORT)).max(heads[at]),
        Cut::Late => least_of(at).max((widest[at] * 3 / 4).clamp(SHORT, COMFORT).min(widest[at])).max(heads[at]),
    };
    let all: Vec<usize> = (0..lanes.len()).filter(|at| !lanes[*at].column.wide && !is_told_above(listing, &lanes[*at])).collect();
    let mut needs: Vec<u16> = (0..lanes.len()).map(comfort_of).collect();
    let (mut kept, mut hidden) = (all.clone(), Vec::new());
    if !fit(lanes, &mut kept, &mut hidden, &needs, room) {
        // Not even alone: all of them with what they have to have.
        needs = (0..lanes.len()).map(least_of).collect();
        (kept, hidden) = (all, Vec::new());
        fit(lanes, &mut kept, &mut hidden, &needs, room);
    }
    let instead = |hidden: &[usize]| if hidden.is_empty() { 0 } else { REST + GAP };
    // Wide ones come where nothing else is cut for them, the cause of a stale row neither.
    let cause = if staleness { CAUSE } else { 0 };
    let whole = |kept: &[usize]| kept.iter().map(|at| widest[*at] + GAP).sum::<u16>() + instead(&hidden) + cause;
    for at in (0..lanes.len()).filter(|at| lanes[*at].column.wide && screen >= WIDE_FROM) {
        if whole(&kept).saturating_add(widest[at]) > room {
            break;
        }
        kept.push(at);
    }
    let mut widths: Vec<u16> = kept.iter().map(|at| needs[*at]).collect();
    let wanted: Vec<u16> = kept.iter().map(|at| widest[*at]).collect();
    let mut spare = room.saturating_sub(all_of(&kept, &hidden, &needs));
    // The row's own name is whole before any other word is.
    for (nth, at) in kept.iter().enumerate() {
        if is_name(*at) {
            let more = wanted[nth].saturating_sub(widths[nth]).min(spare);
            widths[nth] += more;
            spare -= more;
        }
    }
    share(&mut widths, &wanted, spare);
    let mut x = area.x + GUTTER;
    let (mut columns, mut rest) = (Vec::new(), None);
    for (at, wide) in kept.into_iter().zip(widths) {
        if rest.is_none() && hidden.first().is_some_and(|first| *first < at) {
            rest = Some(x);
            x += REST + GAP;
        }
        let to = (x + wide).min(area.right());
        if x < to {
            columns.push((at, x, to));
        }
        x = to + GAP;
    }
    if rest.is_none() && !hidden.is_empty() {
        rest = Some(x);
        x += REST + GAP;
    }
    let age = staleness.then_some(x).filter(|x| *x + AGE <= area.right());
    Layout { columns, rest: rest.map(|x| (hidden, x)), age, tree: sheet.noun.is_tree() }
}

/// Room that all of these take.
fn all_of(kept: &[usize], hidden: &[usize], needs: &[u16]) -> u16 {
    let rest = if hidden.is_empty() { 0 } else { REST + GAP };
    (kept.iter().map(|at| needs[*at] + GAP).sum::<u16>() + rest).saturating_sub(GAP)
}

/// Lets columns fade away until the others have what they need; false where that is not enough.
fn fit(lanes: &[Lane], kept: &mut Vec<usize>, hidden: &mut Vec<usize>, needs: &[u16], room: u16) -> bool {
    while all_of(kept, hidden, needs) > room {
        // Of equal ones the last: parts fall away from the right.
        let fading = kept.iter().enumerate().filter(|(_, at)| lanes[**at].column.drop_priority > 0);
        let Some(worst) = fading.max_by_key(|(_, at)| lanes[**at].column.drop_priority).map(|(i, _)| i) else { return false };
        let gone = kept.remove(worst);
        if lanes[gone].column.spread {
            hidden.insert(0, gone);
        }
    }
    true
}

/// Shares out spare room a column at a time to the narrowest that wants more: a long one is cut before a short one.
fn share(widths: &mut [u16], wanted: &[u16], spare: u16) {
    for _ in 0..spare {
        let hungry = widths.iter_mut().zip(wanted).filter(|(have, want)| **have < **want);
        let Some((narrowest, _)) = hungry.min_by_key(|(have, _)| **have) else { return };
        *narrowest += 1;
    }
}

/// True where every row says the same as the crumb that one came by.
fn is_told_above(listing: &Listing, lane: &Lane) -> bool {
    match lane.column.key {
        "project" => listing.scope.project.is_some(),
        "repository" => listing.scope.repository.is_some(),
        _ => false,
    }
}

pub(super) fn is_late(lane: &Lane) -> bool {
    lane.head.as_ref().is_some_and(|head| head.mark != Mark::None)
}

fn columns_wide(words: &str) -> u16 {
    u16::try_from(width(words)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spare_room_goes_to_the_narrow_and_only_long_words_are_cut() {
        let mut widths = [4, 4, 9];
        share(&mut widths, &[30, 9, 9], 20);
        assert_eq!(widths, [19, 9, 9]);
        let mut widths = [4, 4];
        share(&mut widths, &[5, 6], 100);
        assert_eq!(widths, [5, 6]);
    }
}
