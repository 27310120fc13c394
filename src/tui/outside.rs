//! What the screen does towards the outside without being asked: what is visible, the wall display's turning, the alarm.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Rect;
use tokio::time::Instant;

use super::clipboard::osc9;
use super::console::{Console, ConsoleRequest};
use super::frame;
use super::last_screen::{LastScreen, Setting};
use super::memory;
use super::panes::PANES;
use super::settings::{Alarm, Kept, Kiosk};
use super::terminal::MouseUse;
use super::widgets::table;
use crate::engine::{Command, Mode};
use crate::model::fleet::Fleet;
use crate::model::host::ContainerId;
use crate::model::text::Text;
use crate::tables::container_at;

/// What is visible is said at most this often.
const VISIBLE_EVERY: Duration = Duration::from_millis(200);
/// How long a wall display rests after somebody touched it.
const TOUCHED_REST: Duration = Duration::from_mins(1);
/// Long enough to mean never.
const NEVER: Duration = Duration::from_hours(1);

type Rows = Vec<(Arc<str>, ContainerId)>;

/// Remembers what was said and when.
#[derive(Debug)]
pub(super) struct Watcher {
    said: Rows,
    said_at: Option<Instant>,
    kiosk: Option<Kiosk>,
    turn_at: Instant,
    faults: Option<u32>,
    /// The pane before the overview broke in.
    turned_from: usize,
}

impl Watcher {
    pub(super) fn new(kiosk: Option<Kiosk>, now: Instant) -> Self {
        let turn_at = now + kiosk.as_ref().map_or(NEVER, |k| k.every);
        Self { said: Vec::new(), said_at: None, kiosk, turn_at, faults: None, turned_from: 0 }
    }

    /// The containers on the screen, when they are others than were said: the engine asks for their figures first.
    pub(super) fn visible(&mut self, console: &Console, now: Instant) -> Option<Command> {
        if self.said_at.is_some_and(|at| now.duration_since(at) < VISIBLE_EVERY) {
            return None;
        }
        let listing = console.listing();
        let rows: Rows = if listing.noun.name() == "containers" && console.layers.is_empty() {
            let seen = table::visible(listing).filter_map(|(sheet, row)| container_at(&sheet.fleet, row));
            seen.map(|(host, container)| (Arc::clone(host.name()), container.id)).collect()
        } else {
            Vec::new()
        };
        if rows == self.said {
            return None;
        }
        self.said.clone_from(&rows);
        self.said_at = Some(now);
        Some(Command::Visible { rows })
    }

    /// A new fault rings, and brings a wall display to the overview.
    pub(super) fn look(&mut self, fleet: &Fleet, console: &mut Console) {
        let faults = fleet.derived.faults;
        let before = self.faults.replace(faults);
        let Some(kiosk) = &self.kiosk else { return };
        if before.is_none_or(|before| faults <= before) {
            return;
        }
        console.show_digit('1');
        let mut bytes = Vec::new();
        if kiosk.alarm != Alarm::None {
            bytes.push(7);
        }
        if kiosk.alarm == Alarm::Notify {
            let worst = fleet.derived.attention.first().map(|a| a.text.clone());
            let text = worst.unwrap_or_else(|| Text::made(format!("{faults} faults"), format!("{faults} 个故障")));
            bytes.extend(osc9(text.get(console.look.lang)));
        }
        if !bytes.is_empty() {
            console.request(ConsoleRequest::Tell(bytes));
        }
    }

    /// Somebody is there: the display rests.
    pub(super) fn touched(&mut self, now: Instant) {
        if self.kiosk.is_some() {
            self.turn_at = now + TOUCHED_REST;
        }
    }

    /// Turns to the next pane when it is time; while there are faults every other turn is the overview.
    pub(super) fn turn(&mut self, console: &mut Console, now: Instant) {
        let Some(kiosk) = &self.kiosk else { return };
        if now < self.turn_at {
            return;
        }
        self.turn_at = now + kiosk.every;
        if !console.layers.is_empty() {
            return;
        }
        let pages = pages(kiosk);
        let overview = PANES.iter().position(|p| p.digit() == '1').unwrap_or(0);
        let has_faults = console.moment.fleet.derived.faults > 0;
        if has_faults && console.pane != overview {
            self.turned_from = console.pane;
            return console.show_pane(overview);
        }
        let from = if has_faults { self.turned_from } else { console.pane };
        let at = pages.iter().position(|page| *page == from).map_or(0, |at| at + 1);
        let next = (0..pages.len()).map(|away| pages[(at + away) % pages.len()]).find(|page| !(has_faults && *page == overview));
        console.show_pane(next.unwrap_or(overview));
    }

    /// How long until there is something to do here.
    pub(super) fn quiet_for(&self, now: Instant) -> Duration {
        let visible = self.said_at.map_or(NEVER, |at| {
            let rest = VISIBLE_EVERY.saturating_sub(now.duration_since(at));
            if rest.is_zero() { NEVER } else { rest }
        });
        let turn = if self.kiosk.is_some() { self.turn_at.saturating_duration_since(now) } else { NEVER };
        visible.min(turn)
    }
}

/// The pages that a wall shows, in their turn; names that are no page are left out.
fn pages(kiosk: &Kiosk) -> Vec<usize> {
    let named: Vec<usize> = kiosk.panes.iter().filter_map(|name| PANES.iter().position(|p| p.name() == &**name)).collect();
    if named.is_empty() { (0..PANES.len()).collect() } else { named }
}

/// What the next start wants back.
pub(super) fn kept(console: &Console, screen: Rect) -> Kept {
    let is_root = console.trails[console.pane].len() == 1;
    let first_screen = match (&console.frozen, is_root) {
        // Left before anything newer came: the old picture is still the best there is.
        (Some(frozen), _) => frozen.blob(),
        (None, true) => {
            let rows = frame::body_rows(console, screen);
            LastScreen::of(PANES[console.pane].name(), console.moment.now, &console.settings.about, setting(console), rows).blob()
        }
        (None, false) => Vec::new(),
    };
    Kept { first_screen, memory: memory::text_of(console) }
}

fn setting(console: &Console) -> Setting {
    let environment = frame::environment(&console.moment.fleet);
    let settings = &console.settings;
    Setting {
        lang: console.look.lang,
        theme: settings.theme_name(environment.as_ref().map(|(name, _)| &**name)).to_owned(),
        zone: console.moment.zone.iana_name().map(str::to_owned),
        mouse: settings.mouse == MouseUse::On,
        read_only: console.mode == Mode::ReadOnly,
        environment,
    }
}
