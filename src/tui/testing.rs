//! What the tests of this floor share: a small fleet and a small noun made by hand.

use std::sync::Arc;

use serde_json::Value;

use crate::model::clock::Stamp;
use crate::model::endpoint::Address;
use crate::model::fleet::Fleet;
use crate::model::host::HostSpec;
use crate::model::idc::Idc;
use crate::model::live::Live;
use crate::model::report::{Report, Site};
use crate::model::text::Text;
use crate::tables::{Align, Cell, Column, Context, Cut, Mark, Noun, RowId, RowKey, Scope, SortKey, Tone};

pub(super) const NOW: Stamp = Stamp(1_795_407_600_000);

pub(super) fn host_spec(name: &str, idc: &str) -> Arc<HostSpec> {
    Arc::new(HostSpec {
        name: name.into(),
        idc: idc.into(),
        cluster: None,
        pool: None,
        class: None,
        address: Address::Unix("/x".into()),
        login: None,
        labels: Arc::default(),
    })
}

/// A fleet with hosts of these names, sorted by name.
pub(super) fn context_of(names: &[&str]) -> (Fleet, Live) {
    let mut fleet = Fleet { at: NOW, ..Fleet::default() };
    let idc = Idc { name: "yf".into(), title: "永丰".into(), environment: "prod".into(), parent: None };
    let hosts = names.iter().map(|n| host_spec(n, "yf")).collect();
    fleet.apply(Report::Site(Box::new(Site { idcs: vec![Arc::new(idc)], hosts, ..Site::default() })));
    (fleet, Live::default())
}

/// Hosts by name and length of name.
#[derive(Debug)]
pub(super) struct Words;

static COLUMNS: [Column; 2] = [
    Column {
        key: "name",
        title: Text::new("NAME", "名称"),
        align: Align::Left,
        min: 8,
        max: 24,
        cut: Cut::Late,
        wide: false,
        drop_priority: 0,
        spread: false,
    },
    Column {
        key: "length",
        title: Text::new("LENGTH", "长度"),
        align: Align::Right,
        min: 6,
        max: 6,
        cut: Cut::Never,
        wide: false,
        drop_priority: 1,
        spread: false,
    },
];

impl Noun for Words {
    fn name(&self) -> &'static str {
        "words"
    }
    fn title(&self) -> Text {
        Text::new("Words", "词")
    }
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }
    fn rows(&self, fleet: &Fleet, scope: &Scope) -> Vec<RowId> {
        let wanted = |i: &usize| scope.host.as_ref().is_none_or(|h| fleet.hosts[*i].name() == h);
        (0..fleet.hosts.len()).filter(wanted).map(|i| RowId { a: u32::try_from(i).expect("small"), ..RowId::default() }).collect()
    }
    fn key(&self, fleet: &Fleet, row: RowId) -> RowKey {
        Arc::clone(fleet.hosts[row.a as usize].name())
    }
    fn mark(&self, _: &Context<'_>, _: RowId) -> Mark {
        Mark::Good
    }
    fn cell(&self, cx: &Context<'_>, row: RowId, column: usize) -> Cell {
        let name = cx.fleet.hosts[row.a as usize].name();
        if column == 0 { Cell::new(&**name, Tone::Name) } else { Cell::plain(name.chars().count().to_string()) }
    }
    fn say(&self, cx: &Context<'_>, row: RowId, column: usize, out: &mut String) {
        out.push_str(&self.cell(cx, row, column).text);
    }
    fn value(&self, cx: &Context<'_>, row: RowId, column: usize) -> Value {
        Value::from(self.cell(cx, row, column).text)
    }
    fn sort_key(&self, cx: &Context<'_>, row: RowId, column: usize) -> SortKey {
        let cell = self.cell(cx, row, column);
        if column == 0 { SortKey::Words(cell.text.to_lowercase()) } else { SortKey::Number(cell.text.parse().expect("number")) }
    }
    fn haystack(&self, cx: &Context<'_>, row: RowId, out: &mut String) {
        out.push_str(&self.cell(cx, row, 0).text);
    }
    fn staleness(&self, _: &Context<'_>, _: RowId) -> Option<(Option<Stamp>, Text)> {
        None
    }
}

/// Lends a desk over an empty fleet.
pub(super) fn desk_of<T>(work: impl FnOnce(&mut super::layers::LayerContext<'_>) -> T) -> T {
    let (fleet, live) = context_of(&["h"]);
    let moment = super::listing::Moment {
        fleet: Arc::new(fleet),
        live: Arc::new(live),
        now: NOW,
        lang: crate::model::text::Lang::En,
        zone: jiff::tz::TimeZone::UTC,
    };
    let keymap = super::keymap::Keymap::default();
    let mut desk = super::layers::LayerContext {
        moment: &moment,
        mode: crate::engine::Mode::Writing,
        keymap: &keymap,
        place: super::verb::VerbPlace::default(),
        now: tokio::time::Instant::now(),
        effects: Vec::new(),
    };
    work(&mut desk)
}
