//! Whole screens as a person sees them, at the jump box's size and on a wide terminal, in both languages.

mod projects;
mod replication;
mod tabs;

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::canvas::tests::rows_of;
use super::super::console::{Console, ConsoleRequest, Station};
use super::super::input::{Key, Stroke};
use super::super::settings::Settings;
use super::super::terminal::Ability;
use super::super::worker::lay_out;
use crate::engine::Mode;
use crate::model::fixture::NOW;
use crate::model::fleet::Fleet;
use crate::model::live::Live;
use crate::model::run::Owner;
use crate::model::text::Lang;
use crate::tables::fixture::published;
use crate::tables::row_cache::RowCache;

pub(in crate::tui) fn console(fleet: Fleet, mode: Mode, lang: Lang) -> Console {
    let ability = Ability::from_environment(|name| match name {
        "TERM" => Some("xterm-256color".to_owned()),
        "LANG" => Some("zh_CN.UTF-8".to_owned()),
        _ => None,
    });
    let owner = Owner { who: "ops".into(), machine: "jump1".into(), pid: 7, started: NOW };
    let settings = Settings { zone: TimeZone::UTC, ..Settings::new(lang, ability) };
    let station = Station { mode, owner: Arc::new(owner), fleet: Arc::new(fleet), live: Arc::new(Live::default()), at: NOW };
    let mut console = Console::new(settings, station);
    settle(&mut console);
    console
}

/// Does what the worker would do; the other requests.
pub(in crate::tui) fn settle(console: &mut Console) -> Vec<ConsoleRequest> {
    let mut others = Vec::new();
    for request in console.take_requests() {
        match request {
            ConsoleRequest::Ask(ask) => {
                console.take_sheet(Arc::new(lay_out(&ask, &mut RowCache::default(), || false).expect("no newer question")));
            }
            other => others.push(other),
        }
    }
    others
}

pub(in crate::tui) fn press(console: &mut Console, keys: &str) -> Vec<ConsoleRequest> {
    let mut requests = Vec::new();
    for key in keys.split_whitespace() {
        let key = Key::parse(key).expect(key);
        let now = console.now + std::time::Duration::from_secs(1);
        console.take_stroke(Stroke::Key(key), now);
        requests.extend(settle(console));
    }
    requests
}

/// Time passes and nobody does anything.
pub(in crate::tui) fn rest(console: &mut Console) {
    let now = console.now + std::time::Duration::from_secs(1);
    console.tick(NOW, now);
}

pub(in crate::tui) fn screen(console: &Console, columns: u16, rows: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    super::draw(console, &mut buffer);
    rows_of(&buffer).join("\n")
}

#[test]
fn overview_on_the_jump_box() {
    let console = console(published(), Mode::Writing, Lang::En);
    insta::assert_snapshot!(screen(&console, 80, 24));
}

#[test]
fn hosts_on_the_jump_box() {
    let mut console = console(published(), Mode::Writing, Lang::En);
    press(&mut console, "4 j j j");
    insta::assert_snapshot!(screen(&console, 80, 24));
}

#[test]
fn hosts_on_a_wide_terminal_in_chinese() {
    let mut console = console(published(), Mode::Writing, Lang::Zh);
    press(&mut console, "4 j j j j");
    rest(&mut console);
    insta::assert_snapshot!(screen(&console, 200, 60));
}

#[test]
fn containers_marked_and_filtered_in_chinese() {
    let mut console = console(published(), Mode::Writing, Lang::Zh);
    press(&mut console, "5 / w e b enter space space");
    insta::assert_snapshot!(screen(&console, 80, 24));
}

#[test]
fn containers_on_a_wide_terminal() {
    let mut console = console(published(), Mode::Writing, Lang::En);
    press(&mut console, "5 j");
    rest(&mut console);
    insta::assert_snapshot!(screen(&console, 200, 60));
}

#[test]
fn a_plan_on_the_jump_box() {
    let mut console = console(published(), Mode::Writing, Lang::En);
    press(&mut console, "5 * R");
    insta::assert_snapshot!(screen(&console, 80, 24));
}

#[test]
fn activity_help_and_menu() {
    let mut console = console(published(), Mode::ReadOnly, Lang::En);
    press(&mut console, "6");
    insta::assert_snapshot!("activity", screen(&console, 80, 24));
    press(&mut console, "5 x");
    insta::assert_snapshot!("menu", screen(&console, 80, 24));
    press(&mut console, "esc ?");
    insta::assert_snapshot!("help", screen(&console, 80, 24));
    press(&mut console, "esc w");
    insta::assert_snapshot!("why", screen(&console, 80, 24));
}

#[test]
fn too_small_says_so_and_keys_still_work() {
    let mut console = console(published(), Mode::Writing, Lang::En);
    assert!(screen(&console, 72, 20).contains("needs 80x24, is 72x20"));
    press(&mut console, "5");
    assert!(screen(&console, 80, 24).contains("[5 Containers]"));
}

/// The bytes that turn one screen into the next on a terminal of 200x50.
fn cost_of(console: &mut Console, shown: &mut super::super::encode::Shown, keys: &str) -> usize {
    press(console, keys);
    let mut next = Buffer::empty(Rect::new(0, 0, 200, 50));
    let cursor = super::draw(console, &mut next);
    shown.turn_into(&mut next, cursor).len()
}

#[test]
fn moves_are_cheap_and_standing_still_is_free() {
    use super::super::encode::{Shown, Sync};
    use crate::model::fixture::{container, fleet, online};
    use crate::model::host::ContainerState;
    let mut fleet = fleet();
    let many = (100..400).map(|n| container(n, &format!("web-{n}"), Some("web"), ContainerState::Running)).collect();
    online(&mut fleet, "yf-web-01", NOW, many);
    let mut console = console(crate::tables::fixture::publish(fleet), Mode::Writing, Lang::En);
    let mut shown = Shown::new(Sync::Harmless);
    cost_of(&mut console, &mut shown, "5");
    let step = cost_of(&mut console, &mut shown, "j");
    let page = cost_of(&mut console, &mut shown, "pgdn");
    let still = cost_of(&mut console, &mut shown, "f5");
    assert!(step <= 500, "one row: {step} bytes");
    assert!(page <= 6_000, "one page: {page} bytes");
    assert_eq!(still, 0);
    // When the bar rests its row is described.
    rest(&mut console);
    assert!(cost_of(&mut console, &mut shown, "f5") > 0);
    assert!(screen(&console, 200, 50).contains(&format!(
        "CONTAINER  {}",
        console.listing().row().map(|(s, r)| s.noun.cell(&console.context_of(s), r, 1).text).expect("a row")
    )));
}
