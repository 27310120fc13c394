//! What a table is to whoever shows it: named columns over the rows of one Fleet, as data.

use std::sync::Arc;

use serde_json::Value;

use super::scope::Scope;
use crate::model::clock::Stamp;
use crate::model::endpoint::Freshness;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::host::Host;
use crate::model::live::Live;
use crate::model::registry::Question;
use crate::model::run::Severity;
use crate::model::text::{Lang, Text};

/// A row's place in one Fleet: indices that mean something only to its noun, and only for that Fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// For trees the kind of row in the high byte; else 0.
    pub kind: u8,
    /// How deep it stands in a tree; 0 in lists.
    pub depth: u8,
    pub a: u32,
    pub b: u32,
    pub c: u32,
}

/// What a row is called in every Fleet: `host/container-id`, a host's name, `idc/cluster/pool`.
pub type RowKey = Arc<str>;

/// What cells are made from.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub fleet: &'a Fleet,
    pub live: &'a Live,
    pub now: Stamp,
    pub lang: Lang,
    /// In which clock times are shown: the config's `timezone`, else the machine's.
    pub zone: &'a jiff::tz::TimeZone,
}

/// The state marks of SCREENS 1; carried without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// `✖`
    Bad,
    /// `▲`
    Warn,
    /// `◇` wanted but absent
    Absent,
    /// `◐`
    Changing,
    /// `◌` unknown or stale
    Unknown,
    /// `●`
    Good,
    /// No state of its own.
    None,
}

impl From<Severity> for Mark {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Good => Self::Good,
            Severity::Changing => Self::Changing,
            Severity::Unknown => Self::Unknown,
            Severity::Warn => Self::Warn,
            Severity::Bad => Self::Bad,
        }
    }
}

/// A colour's meaning, not a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    #[default]
    Plain,
    /// The row's own name.
    Name,
    Dim,
    Good,
    Warn,
    Bad,
    Changing,
    /// `?` and stale values.
    Unknown,
    Accent,
}

/// What stands in a cell. `text` is one washed line; unknown is `?`, never 0 and never blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub tone: Tone,
}

impl Cell {
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }

    #[must_use]
    pub fn unknown() -> Self {
        Self::new("?", Tone::Unknown)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Whether words that have no room are cut in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Half a figure or half a time is a wrong one.
    Never,
    /// A little, before other columns fade away.
    Late,
    /// Down to the least width of the column: a list says something also when its end is not seen.
    Early,
}

/// A column as people and scripts know it.
#[derive(Clone, Debug)]
pub struct Column {
    /// The field of `-o json` and the name in `col:value` filters.
    pub key: &'static str,
    /// The head, short and in capitals in English.
    pub title: Text,
    pub align: Align,
    /// Fewest and most columns of the terminal that it takes.
    pub min: u16,
    pub max: u16,
    pub cut: Cut,
    /// Shown only from 160 columns, or with `-o wide`.
    pub wide: bool,
    /// Which column falls away first when it gets narrow: the highest number; 0 never.
    pub drop_priority: u8,
    /// A part a registry for people, one object `{registry: value}` for scripts.
    pub spread: bool,
}

impl Column {
    /// A column of words, at the left.
    #[must_use]
    pub const fn words(key: &'static str, en: &'static str, zh: &'static str) -> Self {
        Self {
            key,
            title: Text::new(en, zh),
            align: Align::Left,
            min: 4,
            max: 24,
            cut: Cut::Late,
            wide: false,
            drop_priority: 0,
            spread: false,
        }
    }

    /// A column of figures, at the right.
    #[must_use]
    pub const fn figure(key: &'static str, en: &'static str, zh: &'static str) -> Self {
        Self {
            key,
            title: Text::new(en, zh),
            align: Align::Right,
            min: 4,
            max: 10,
            cut: Cut::Never,
            wide: false,
            drop_priority: 0,
            spread: false,
        }
    }

    /// A column of moments: a time today, a day before.
    #[must_use]
    pub const fn moment(key: &'static str, en: &'static str, zh: &'static str) -> Self {
        Self::words(key, en, zh).width(8, 11).uncut()
    }

    #[must_use]
    pub const fn uncut(mut self) -> Self {
        self.cut = Cut::Never;
        self
    }

    /// A live figure: it changes without the Fleet, and is measured only while somebody wants it.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.key, "cpu" | "mem" | "net")
    }

    /// Fewest and most columns of the terminal.
    #[must_use]
    pub const fn width(mut self, min: u16, max: u16) -> Self {
        self.min = min;
        self.max = max;
        self
    }

    #[must_use]
    pub const fn cut_early(mut self) -> Self {
        self.cut = Cut::Early;
        self
    }

    #[must_use]
    pub const fn drop_priority(mut self, rank: u8) -> Self {
        self.drop_priority = rank;
        self
    }

    #[must_use]
    pub const fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// A part a registry; its parts fall away from the right, and what has fallen away is counted (`+2`).
    #[must_use]
    pub const fn spread(mut self) -> Self {
        self.spread = true;
        self
    }
}

/// How rows compare: numbers before words, unknown always last.
#[derive(Clone, Debug, PartialEq)]
pub enum SortKey {
    Number(f64),
    /// Rows that sort by words should give them lower-cased.
    Words(String),
    Unknown,
}

/// How old what a row says is, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    /// Seconds since its endpoint last answered well; of sums the oldest; `None`: never, or not from an endpoint.
    pub seconds: Option<u64>,
    pub stale: bool,
}

/// Which way a column is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Least first.
    #[default]
    Up,
    /// Greatest first.
    Down,
}

/// What is known of a key without looking at the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLookup {
    Row(RowId),
    /// No row of this Fleet has the key.
    Absent,
    Scan,
}

/// A noun as rows and columns. One static value a noun; object-safe, so that panes hold `&'static dyn Noun`.
pub trait Noun: Sync + std::fmt::Debug {
    /// The plural of PRODUCT 6: `containers`.
    fn name(&self) -> &'static str;
    fn title(&self) -> Text;
    fn columns(&self) -> &'static [Column];
    /// What each registry has to be asked for these rows, and no more is asked for them; empty: no registry is asked.
    fn questions(&self) -> &'static [Question] {
        &[]
    }
    /// What columns that spread are spread over in this Fleet, from left to right.
    fn spread(&self, fleet: &Fleet) -> Vec<super::spread::Head> {
        let _ = fleet;
        Vec::new()
    }
    /// The rows in their natural order.
    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId>;
    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey;
    fn mark(&self, cx: &Context<'_>, row: RowId) -> Mark;
    /// `column` is a column's place here and below, or a part's (see [`super::spread`]).
    fn cell(&self, cx: &Context<'_>, row: RowId, column: usize) -> Cell;
    /// The same fact for scripts: integers for counts and bytes, decimal strings for money, `null` for unknown.
    fn value(&self, cx: &Context<'_>, row: RowId, column: usize) -> Value;
    fn sort_key(&self, cx: &Context<'_>, row: RowId, column: usize) -> SortKey;
    /// What a plain filter looks in: the words of the row, space between, appended to `out`.
    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String);
    /// What `column:words` filters look in: the fact as scripts know it and as people say it, appended to `out`.
    fn say(&self, cx: &Context<'_>, row: RowId, column: usize, out: &mut String) {
        out.push_str(&self.cell(cx, row, column).text);
        if let Value::String(words) = self.value(cx, row, column) {
            out.push(' ');
            out.push_str(&words);
        }
    }
    /// Since when the row is stale and why; `None` where it is fresh.
    fn staleness(&self, cx: &Context<'_>, row: RowId) -> Option<(Option<Stamp>, Text)>;
    /// True for trees, whose order must not be changed by sorting across parents.
    fn is_tree(&self) -> bool {
        false
    }
    /// True where a tree row has rows under it (whether open or closed).
    fn opens(&self, fleet: &Fleet, row: RowId) -> bool {
        let _ = (fleet, row);
        false
    }
    /// Fields for scripts beside the columns: the row's own name fields, full ids, labels.
    fn extra(&self, _cx: &Context<'_>, _row: RowId) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
    /// Of rows that are, or are on, one endpoint.
    fn freshness<'f>(&self, _fleet: &'f Fleet, _row: RowId) -> Option<&'f Freshness> {
        None
    }
    fn age(&self, _cx: &Context<'_>, _row: RowId) -> Age {
        Age { seconds: None, stale: false }
    }
    /// What refused or failed behind the `?` and the stale values of a row, with since when.
    fn causes(&self, cx: &Context<'_>, row: RowId) -> Vec<(std::sync::Arc<Fault>, Option<Stamp>)> {
        let _ = (cx, row);
        Vec::new()
    }
    /// What lies under the row, as the scope of another noun: the containers of this host, the hosts of this pool.
    fn under(&self, fleet: &Fleet, row: RowId) -> Scope {
        let _ = (fleet, row);
        Scope::default()
    }
    /// The last line of the table, one cell a column: sums over all rows.
    fn total(&self, _cx: &Context<'_>) -> Option<Vec<Cell>> {
        None
    }
    /// For lists that get long: the thing that the row's words, and its sort keys under columns that do not move, are made from
    /// (and from the IDCs and the language). Rows of one thing stand together and have its `a`; no other rows have that `a`.
    /// `None`: read the row anew each time.
    fn origin<'f>(&self, fleet: &'f Fleet, row: RowId) -> Option<&'f Arc<Host>> {
        let _ = (fleet, row);
        None
    }
    /// True where a column's sort keys change with the time or with live figures.
    fn is_volatile(&self, _column: usize) -> bool {
        true
    }
    /// The row of a key, where there is a quicker way than to look at all of them.
    fn row_of(&self, _fleet: &Fleet, _key: &str) -> KeyLookup {
        KeyLookup::Scan
    }
    /// The order that a person expects first, where it is not the natural one: a column and a direction.
    fn first_sort(&self) -> Option<(usize, Direction)> {
        None
    }
}
