//! A graph as a picture: boxes, arrows with what they carry and how they do. In boxes where there is room, else in lines.
//!
//! ```text
//!  ┌──────────┐ event, deletes          ┌──────────┐
//!  │ ● 永丰   │◀───────────────────────▶│ ● 土城   │
//!  └─┬────────┘ ● ok             ▲ 2 lost└──────────┘
//!    │ 02:00 UTC daily                  ┌──────────┐
//!    └─────────────────────────────────▶│ ● aws-bj │
//!      ● ok 11h ago                     └──────────┘
//! ```

mod layout;

use std::borrow::Cow;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::canvas::Canvas;
use super::super::theme::Role;
use crate::model::text::{cut_end, cut_middle, width};
use crate::tables::{End, Mark};
use layout::Grid;

/// Columns of a title at most: as many as leave room for the arrows.
const TITLES: [usize; 3] = [20, 14, 10];
/// Columns between two boxes: the fewest, as many as one would like, the most.
const GAP: (usize, usize, usize) = (14, 20, 36);
/// Lines of a box, and of a band of boxes with the one under it that parts it from the next.
const BOX: u16 = 3;
const BAND: u16 = 4;

/// How one way of an arrow does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Health {
    pub mark: Mark,
    pub words: String,
    /// The same where there is little room.
    pub brief: String,
}

/// What flows from one box to another; both ways where `back` is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Arrow {
    pub from: usize,
    pub to: usize,
    pub mode: String,
    pub health: Health,
    pub back: Option<Health>,
    pub line: Stroke,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Stroke {
    Solid,
    /// Switched off.
    Broken,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) struct Graph {
    pub boxes: Vec<End>,
    pub arrows: Vec<Arrow>,
}

/// How large a picture is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Boxes,
    Lines,
}

/// Draws the graph into the upper part of an area, so that `rest` lines stay under it; the lines used, 0 where there is no room.
pub(in crate::tui) fn draw(canvas: &mut Canvas<'_>, area: Rect, graph: &Graph, rest: u16) -> u16 {
    if graph.arrows.is_empty() {
        return 0;
    }
    let grid = layout::grid(graph);
    let bands = u16::try_from(grid.bands).unwrap_or(u16::MAX);
    let left = u16::try_from(grid.left.len()).unwrap_or(u16::MAX);
    let room = area.height.saturating_sub(rest);
    let boxes = bands.saturating_mul(BAND).saturating_sub(1).saturating_add(left);
    let lines = bands.saturating_add(left);
    let (scale, high) = if boxes < room {
        (Scale::Boxes, boxes)
    } else if lines < room {
        (Scale::Lines, lines)
    } else {
        return 0;
    };
    let Some(picture) = Picture::fit(graph, &grid, area, scale) else { return 0 };
    for at in 0..graph.boxes.len() {
        picture.draw_box(canvas, at);
    }
    for nth in &grid.drawn {
        picture.draw_arrow(canvas, *nth);
    }
    let below = area.y + high - left;
    for (nth, y) in grid.left.iter().zip(below..) {
        draw_left(canvas, graph, *nth, Rect::new(area.x, y, area.width, 1));
    }
    // A line between the picture and what follows.
    high + 1
}

/// An arrow that has no room in the tree, as words.
fn draw_left(canvas: &mut Canvas<'_>, graph: &Graph, nth: usize, area: Rect) {
    let arrow = &graph.arrows[nth];
    let (from, to) = (&graph.boxes[arrow.from].title, &graph.boxes[arrow.to].title);
    let (name, dim) = (canvas.style(Role::Name), canvas.style(Role::Dim));
    let mark = canvas.look.theme.mark(arrow.health.mark);
    let sign = if arrow.back.is_some() { "↔" } else { "→" };
    let mut x = area.x + 2;
    let room = |x: u16| area.right().saturating_sub(x);
    x += canvas.put(x, area.y, room(x), &format!("{} {sign} {}", cut_middle(from, TITLES[0]), cut_middle(to, TITLES[0])), name) + 2;
    x += canvas.put(x, area.y, room(x), &arrow.mode, dim) + 2;
    let health = format!("{} {}", canvas.look.glyphs.mark(arrow.health.mark), arrow.health.words);
    canvas.put(x, area.y, room(x), &health, mark);
}

/// A grid with its measures on the screen.
struct Picture<'g> {
    graph: &'g Graph,
    grid: &'g Grid,
    area: Rect,
    scale: Scale,
    /// Where each column of boxes begins, and how wide its boxes are.
    columns: Vec<(u16, u16)>,
}

impl<'g> Picture<'g> {
    fn fit(graph: &'g Graph, grid: &'g Grid, area: Rect, scale: Scale) -> Option<Self> {
        let wides_of = |most: usize| -> Vec<usize> {
            let of = |column: usize| graph.boxes.iter().zip(&grid.places).filter(move |(_, (at, _))| *at == column);
            // The sign, the title, and the sides with a space each.
            (0..grid.columns).map(|column| of(column).map(|(b, _)| width(&b.title)).max().unwrap_or(0).min(most) + 2 + 4).collect()
        };
        let gap_of = |wides: &[usize]| {
            let room = usize::from(area.width).checked_sub(2 + wides.iter().sum::<usize>())?;
            Some(room.checked_div(grid.columns - 1).unwrap_or(GAP.2).min(GAP.2))
        };
        let mut all = TITLES.iter().map(|most| wides_of(*most)).map(|wides| (gap_of(&wides), wides));
        let (gap, wides) = all.clone().find(|(gap, _)| gap.is_some_and(|gap| gap >= GAP.1)).or_else(|| all.next_back())?;
        let gap = gap.filter(|gap| *gap >= GAP.0)?;
        let mut x = usize::from(area.x) + 1;
        let mut columns = Vec::with_capacity(wides.len());
        for wide in wides {
            columns.push((u16::try_from(x).ok()?, u16::try_from(wide).ok()?));
            x += wide + gap;
        }
        Some(Self { graph, grid, area, scale, columns })
    }

    /// Where a box stands: its left side, its top, its width.
    fn place(&self, at: usize) -> (u16, u16, u16) {
        let (column, band) = self.grid.places[at];
        let (x, wide) = self.columns.get(column).copied().unwrap_or_default();
        let band = u16::try_from(band).unwrap_or(0);
        (x, self.area.y + band * if self.scale == Scale::Boxes { BAND } else { 1 }, wide)
    }

    /// The line on which a box has its title and its arrows.
    fn middle(&self, at: usize) -> u16 {
        self.place(at).1 + u16::from(self.scale == Scale::Boxes)
    }

    fn draw_box(&self, canvas: &mut Canvas<'_>, at: usize) {
        let end = &self.graph.boxes[at];
        let (x, y, wide) = self.place(at);
        let border = canvas.style(Role::Border);
        let right = x + wide - 1;
        let middle = self.middle(at);
        if self.scale == Scale::Boxes {
            canvas.frame(Rect::new(x, y, wide, BOX), "", None);
            canvas.rule(x + 1, y, wide - 2);
        } else {
            canvas.put(x, y, 1, "[", border);
            canvas.put(right, y, 1, "]", border);
        }
        let mark = canvas.look.theme.mark(end.mark);
        canvas.put(x + 2, middle, 1, canvas.look.glyphs.mark(end.mark), mark);
        let name = canvas.style(Role::Name);
        canvas.put_cut(x + 4, middle, wide - 6, &end.title, name);
    }

    fn draw_arrow(&self, canvas: &mut Canvas<'_>, nth: usize) {
        let arrow = &self.graph.arrows[nth];
        // The tree may have been grown from either of two fellow masters.
        let is_turned = self.grid.places[arrow.from].0 > self.grid.places[arrow.to].0;
        let (parent, child) = if is_turned { (arrow.to, arrow.from) } else { (arrow.from, arrow.to) };
        let (there, here) = match &arrow.back {
            Some(back) if is_turned => (back, Some(&arrow.health)),
            back => (&arrow.health, back.as_ref()),
        };
        let (x, _, wide) = self.place(parent);
        let (to, y) = (self.place(child).0, self.middle(child));
        let worst = here.map_or(there.mark, |here| here.mark.min(there.mark));
        let style = canvas.look.theme.mark(worst);
        let from = if self.middle(parent) == y { x + wide } else { self.draw_trunk(canvas, parent, y, style) };
        let glyphs = canvas.look.glyphs;
        let sign = if arrow.line == Stroke::Solid { glyphs.line } else { glyphs.broken };
        for place in from..to {
            canvas.put(place, y, 1, sign, style);
        }
        canvas.put(to - 1, y, 1, glyphs.arrow_right, style);
        if here.is_some() {
            canvas.put(from, y, 1, glyphs.arrow_left, style);
        }
        let room = Rect::new(from + 1, y, (to - from).saturating_sub(2), 1);
        if self.scale == Scale::Boxes {
            self.label_boxes(canvas, room, arrow, (there, here));
        } else {
            label_line(canvas, room, arrow, (there, here));
        }
    }

    /// From under a box down to a line, around the corner; where the arrow goes on.
    fn draw_trunk(&self, canvas: &mut Canvas<'_>, parent: usize, y: u16, style: Style) -> u16 {
        let (x, top) = (self.place(parent).0 + 2, self.middle(parent) + 1);
        let glyphs = canvas.look.glyphs;
        let border = canvas.style(Role::Border);
        let from = if self.scale == Scale::Boxes {
            canvas.put(x, top, 1, glyphs.tee_down, border);
            top + 1
        } else {
            top
        };
        for place in from..y {
            // A child between hangs on the same trunk.
            let is_turn = canvas.buffer.cell((x, place)).is_some_and(|cell| cell.symbol() == glyphs.corners[2]);
            canvas.put(x, place, 1, if is_turn { glyphs.tee_right } else { glyphs.side }, border);
        }
        canvas.put(x, y, 1, glyphs.corners[2], style);
        x + 1
    }

    /// What it carries above the line, how it does under it.
    fn label_boxes(&self, canvas: &mut Canvas<'_>, room: Rect, arrow: &Arrow, (there, here): (&Health, Option<&Health>)) {
        debug_assert_eq!(self.scale, Scale::Boxes);
        let dim = canvas.style(Role::Dim);
        canvas.put(room.x, room.y - 1, room.width, &cut_end(&arrow.mode, usize::from(room.width)), dim);
        let Some(here) = here else {
            put_health(canvas, room.x, room.y + 1, room.width, there);
            return;
        };
        // Each way's health stands at its own head.
        let half = room.width / 2;
        put_health(canvas, room.x, room.y + 1, half.saturating_sub(1), here);
        let words = health_words(canvas, there);
        let style = canvas.look.theme.mark(there.mark);
        let most = room.width - half;
        canvas.put_right(room.right(), room.y + 1, most, &cut_end(&words, usize::from(most)), style);
    }
}

/// What it carries and how it does inside the line, as far as there is room.
fn label_line(canvas: &mut Canvas<'_>, room: Rect, arrow: &Arrow, (there, here): (&Health, Option<&Health>)) {
    let (mut x, end) = (room.x, room.right().saturating_sub(1));
    if let Some(here) = here {
        let words = format!(" {} ", brief(canvas, here));
        // Half of the room each, more where the other needs less.
        let (both, other) = (end.saturating_sub(x).saturating_sub(1), width(&brief(canvas, there)) + 2);
        let most = both.saturating_sub(u16::try_from(other).unwrap_or(u16::MAX)).max(both / 2);
        let style = canvas.look.theme.mark(here.mark);
        x += canvas.put(x, room.y, most, &whole_words(&words, usize::from(most)), style) + 1;
    }
    let words = if here.is_some() { brief(canvas, there) } else { health_words(canvas, there) };
    let health = u16::try_from(width(&words)).unwrap_or(u16::MAX);
    let mode = u16::try_from(width(&arrow.mode)).unwrap_or(u16::MAX);
    if here.is_none() && health.saturating_add(mode).saturating_add(3) <= end.saturating_sub(x) {
        let dim = canvas.style(Role::Dim);
        x += canvas.put(x, room.y, mode + 1, &format!(" {}", arrow.mode), dim);
    }
    let most = end.saturating_sub(x);
    let style = canvas.look.theme.mark(there.mark);
    let (words, most_wide) = (format!(" {words} "), usize::from(most));
    let shown = if here.is_some() { whole_words(&words, most_wide) } else { cut_end(&words, most_wide) };
    canvas.put(x, room.y, most, &shown, style);
}

/// As many whole words as there is room for: ` ▲ 2 ` of ` ▲ 2 lost `, where half a word would say less.
fn whole_words(words: &str, most: usize) -> Cow<'_, str> {
    if width(words) <= most {
        return Cow::Borrowed(words);
    }
    let spaces = words.trim_end().char_indices().filter(|(_, c)| *c == ' ').map(|(at, _)| at + 1);
    // The mark alone is the least.
    let fitting = spaces.skip(2).filter(|end| width(&words[..*end]) <= most).last();
    fitting.map_or_else(|| cut_end(words, most), |end| Cow::Borrowed(&words[..end]))
}

fn put_health(canvas: &mut Canvas<'_>, x: u16, y: u16, most: u16, health: &Health) {
    let words = health_words(canvas, health);
    let style = canvas.look.theme.mark(health.mark);
    canvas.put(x, y, most, &cut_end(&words, usize::from(most)), style);
}

fn brief(canvas: &Canvas<'_>, health: &Health) -> String {
    format!("{} {}", canvas.look.glyphs.mark(health.mark), health.brief)
}

fn health_words(canvas: &Canvas<'_>, health: &Health) -> String {
    if health.mark == Mark::None { health.words.clone() } else { format!("{} {}", canvas.look.glyphs.mark(health.mark), health.words) }
}

#[cfg(test)]
mod tests;
