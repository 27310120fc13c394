//! Rows as text: a table, CSV, or one JSON document.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::out::Paper;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::text::{clean, cut_middle, is_hostile, width};
use crate::tables::spread::{self, Lane, lanes};
use crate::tables::{self, Align, Cell, Column, Context, Cut, Mark, Noun, RowId, Tone, figures};

/// Columns between two columns.
const GAP: usize = 2;

/// Which columns a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) all_columns: bool,
    /// Columns of live figures, where they were measured.
    pub(super) figures: bool,
}

/// One column on its way to paper.
struct Strip {
    title: String,
    align: Align,
    drop_priority: u8,
    most: usize,
    least: usize,
    /// Never cut.
    whole: bool,
    cells: Vec<Cell>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    /// One registry's part of a spread column.
    Part,
    /// What stands for the parts that have no room.
    Rest,
}

impl Strip {
    fn floor(&self) -> usize {
        // A part that is cut could not be compared with those that have no room.
        if self.whole || self.kind == Kind::Part { self.natural() } else { self.least.max(width(&self.title)) }
    }

    fn natural(&self) -> usize {
        self.cells.iter().map(|cell| width(&cell.text)).chain([width(&self.title)]).max().unwrap_or(0)
    }
}

/// The table as it fits the paper: on a terminal columns fade and long cells are cut in the middle.
pub(super) fn table(cx: &Context<'_>, noun: &dyn Noun, rows: &[RowId], shape: Shape, paper: Paper) -> String {
    let total = noun.total(cx).filter(|_| rows.len() > 1);
    let is_shown = |column: &Column| (shape.all_columns || !column.wide) && (shape.figures || !column.is_live());
    let mut strips = Vec::new();
    for lane in lanes(noun, cx.fleet).iter().filter(|lane| is_shown(lane.column)) {
        let column = lane.column;
        let mut cells: Vec<Cell> = rows.iter().map(|row| noun.cell(cx, *row, lane.place)).collect();
        cells.extend(total.iter().map(|total| total.get(lane.place).cloned().unwrap_or_default()));
        let (most, least) = (usize::from(column.max), usize::from(column.min));
        let late = lane.head.as_ref().filter(|head| head.mark != Mark::None).map_or("", |head| paper.mark(head.mark));
        let title = format!("{}{late}", lane.title(cx.lang));
        let kind = if column.spread { Kind::Part } else { Kind::Whole };
        strips.push(Strip {
            title,
            align: column.align,
            drop_priority: column.drop_priority,
            most,
            least,
            whole: column.cut == Cut::Never,
            cells,
            kind,
        });
    }
    let mut marks: Vec<Option<Mark>> = rows.iter().map(|row| Some(noun.mark(cx, *row))).collect();
    marks.extend(total.iter().map(|_| None));
    strips.extend(staleness(cx, noun, rows, marks.len()));
    fit(&mut strips, paper);
    draw(&strips, &marks, paper)
}

/// Age and cause, where some row is stale.
fn staleness(cx: &Context<'_>, noun: &dyn Noun, rows: &[RowId], count: usize) -> Vec<Strip> {
    let all: Vec<_> = rows.iter().map(|row| noun.staleness(cx, *row)).collect();
    if all.iter().all(Option::is_none) {
        return Vec::new();
    }
    let strip = |en: &str, zh: &str, align, least, most| Strip {
        title: (if cx.lang == crate::model::text::Lang::Zh { zh } else { en }).to_owned(),
        align,
        drop_priority: 0,
        most,
        least,
        whole: matches!(align, Align::Right),
        cells: vec![Cell::default(); count],
        kind: Kind::Whole,
    };
    let mut age = strip("AGE", "过时", Align::Right, 3, 6);
    let mut cause = strip("CAUSE", "原因", Align::Left, 8, 60);
    for (at, (since, why)) in all.into_iter().enumerate().filter_map(|(at, late)| Some((at, late?))) {
        let text = since.map_or_else(|| "?".to_owned(), |since| figures::age(cx.now.since(since), cx.lang));
        age.cells[at] = Cell::new(text, Tone::Unknown);
        cause.cells[at] = Cell::new(clean(why.get(cx.lang)), Tone::Unknown);
    }
    vec![age, cause]
}

/// Drops columns that fade first, then narrows the widest, until the table fits.
fn fit(strips: &mut Vec<Strip>, paper: Paper) {
    let Some(room) = paper.width else { return };
    for strip in strips.iter_mut() {
        if !strip.whole {
            let most = strip.most.max(width(&strip.title));
            shorten(strip, most);
        }
    }
    let used = |strips: &[Strip]| 2 + strips.iter().map(Strip::natural).sum::<usize>() + GAP * strips.len().saturating_sub(1);
    let mut hidden = Vec::new();
    while used(strips) > room {
        let over = used(strips) - room;
        let fading = strips.iter().enumerate().filter(|(_, s)| s.drop_priority > 0).max_by_key(|(_, s)| s.drop_priority).map(|(at, _)| at);
        // A quarter of a word may go before a whole column does.
        let floor = |s: &Strip| if fading.is_some() { (s.natural() * 3 / 4).max(s.floor()) } else { s.floor() };
        let to_spare: Vec<usize> = strips.iter().map(|s| s.natural() - floor(s).min(s.natural())).collect();
        match fading {
            Some(at) if to_spare.iter().sum::<usize>() < over => drop_strip(strips, &mut hidden, at),
            _ => {
                let widest = (0..strips.len()).filter(|at| to_spare[*at] > 0).max_by_key(|at| strips[*at].natural());
                let Some(at) = widest else { return };
                let to = strips[at].natural() - over.min(to_spare[at]).div_ceil(2);
                shorten(&mut strips[at], to);
            }
        }
    }
}

/// Takes a column away; the parts of a spread one that are gone are told in one narrow column.
fn drop_strip(strips: &mut Vec<Strip>, hidden: &mut Vec<Strip>, at: usize) {
    let gone = strips.remove(at);
    if gone.kind != Kind::Part {
        return;
    }
    hidden.push(gone);
    let shown = strips.iter().find(|s| s.kind == Kind::Part);
    let told = |row: usize| spread::rest(shown.map(|s| &s.cells[row]), &hidden.iter().map(|s| &s.cells[row]).collect::<Vec<_>>());
    let cells = (0..hidden[0].cells.len()).map(told).collect();
    let title = format!("+{}", hidden.len());
    let rest = Strip { title, align: Align::Left, drop_priority: 0, most: 3, least: 2, whole: false, cells, kind: Kind::Rest };
    match strips.iter_mut().find(|s| s.kind == Kind::Rest) {
        Some(before) => *before = rest,
        None => strips.insert(at, rest),
    }
}

fn shorten(strip: &mut Strip, to: usize) {
    for cell in &mut strip.cells {
        if width(&cell.text) > to {
            cell.text = cut_middle(&cell.text, to).into_owned();
        }
    }
}

/// A head, then a line a mark; the line of sums has none.
fn draw(strips: &[Strip], marks: &[Option<Mark>], paper: Paper) -> String {
    let widths: Vec<usize> = strips.iter().map(Strip::natural).collect();
    let mut text = String::new();
    let head: Vec<Cell> = strips.iter().map(|s| Cell::new(s.title.clone(), Tone::Dim)).collect();
    push_line(&mut text, (" ", Tone::Plain), head.iter().zip(strips).zip(&widths), paper);
    for (row, mark) in marks.iter().enumerate() {
        let sign = mark.map_or((" ", Tone::Plain), |mark| (paper.mark(mark), tone_of(mark)));
        let cells = strips.iter().map(|s| (&s.cells[row], s)).zip(&widths);
        push_line(&mut text, sign, cells, paper);
    }
    text
}

fn push_line<'c>(
    text: &mut String,
    (sign, tone): (&str, Tone),
    cells: impl Iterator<Item = ((&'c Cell, &'c Strip), &'c usize)>,
    paper: Paper,
) {
    let _ = write!(text, "{}{sign}{} ", paper.begin(tone), paper.end(tone));
    let mut pending = String::new();
    for (at, ((cell, strip), wide)) in cells.enumerate() {
        if at > 0 {
            pending.push_str(&" ".repeat(GAP));
        }
        let pad = " ".repeat(wide.saturating_sub(width(&cell.text)));
        if strip.align == Align::Right {
            pending.push_str(&pad);
        }
        // What is pending is written only before a word, so that no line ends in spaces.
        if !cell.text.is_empty() {
            text.push_str(&std::mem::take(&mut pending));
            let _ = write!(text, "{}{}{}", paper.begin(cell.tone), cell.text, paper.end(cell.tone));
        }
        if strip.align == Align::Left {
            pending.push_str(&pad);
        }
    }
    let kept = text.trim_end_matches(' ').len();
    text.truncate(kept);
    text.push('\n');
}

fn tone_of(mark: Mark) -> Tone {
    match mark {
        Mark::Bad => Tone::Bad,
        Mark::Warn | Mark::Absent => Tone::Warn,
        Mark::Changing => Tone::Changing,
        Mark::Unknown => Tone::Unknown,
        Mark::Good => Tone::Good,
        Mark::None => Tone::Dim,
    }
}

/// The column of money whose currency stands beside it.
const MONEY: &str = "cost_per_hour";

/// RFC 4180 with a head of column keys; unknown is empty, and money has its currency beside it.
pub(super) fn csv(cx: &Context<'_>, noun: &dyn Noun, rows: &[RowId]) -> String {
    let mut text = String::new();
    let lanes = lanes(noun, cx.fleet);
    let keys = lanes.iter().flat_map(|lane| [Some(lane.key()), (lane.column.key == MONEY).then(|| "currency".to_owned())]).flatten();
    push_record(&mut text, keys.chain(["age_s".to_owned(), "stale".to_owned()]));
    for row in rows {
        let age = noun.age(cx, *row);
        let currency = noun.extra(cx, *row).into_iter().find(|(key, _)| *key == "currency").map(|(_, value)| field(&value));
        let beside = |lane: &Lane| (lane.column.key == MONEY).then(|| currency.clone().unwrap_or_default());
        let values = lanes.iter().flat_map(|lane| [Some(field(&noun.value(cx, *row, lane.place))), beside(lane)]).flatten();
        let age_s = age.seconds.map(|s| s.to_string()).unwrap_or_default();
        push_record(&mut text, values.chain([age_s, age.stale.to_string()]));
    }
    text
}

fn push_record(text: &mut String, fields: impl Iterator<Item = String>) {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            text.push(',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            let _ = write!(text, "\"{}\"", field.replace('"', "\"\""));
        } else {
            text.push_str(&field);
        }
    }
    text.push_str("\r\n");
}

fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(words) => clean(words).into_owned(),
        Value::Array(list) => list.iter().map(field).collect::<Vec<_>>().join(" "),
        Value::Object(map) => map.iter().map(|(key, value)| format!("{}={}", clean(key), field(value))).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// The document of `-o json`.
pub(super) fn document(cx: &Context<'_>, noun: &dyn Noun, rows: &[RowId], faults: &[(Fault, Option<Stamp>)]) -> String {
    let items: Vec<Value> = rows.iter().map(|row| tables::item(cx, noun, *row)).collect();
    let faults: Vec<Value> = faults
        .iter()
        .map(|(fault, since)| {
            json!({
                "endpoint": fault.endpoint,
                "kind": fault.kind,
                "cause": fault.cause.get(cx.lang),
                "hint": fault.hint.get(cx.lang),
                "since": since.map(Stamp::rfc3339),
            })
        })
        .collect();
    pretty(&json!({ "noun": noun.name(), "at": cx.now.rfc3339(), "items": items, "faults": faults }))
}

/// Pretty JSON and a newline. What could move a cursor stands as `\uXXXX`, so that the document is the same
/// data and harmless on a terminal.
pub(super) fn pretty(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, Harmless::default());
    // Values have no keys that are not strings, and a Vec takes everything.
    let written = value.serialize(&mut writer);
    debug_assert!(written.is_ok());
    bytes.push(b'\n');
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The usual pretty formatter, with hostile characters escaped.
#[derive(Default)]
struct Harmless(serde_json::ser::PrettyFormatter<'static>);

impl serde_json::ser::Formatter for Harmless {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.chars().any(is_hostile) {
            return out.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            let mut units = [0u16; 2];
            if is_hostile(c) {
                c.encode_utf16(&mut units).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
            } else {
                write!(out, "{c}")?;
            }
        }
        Ok(())
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
