//! The state of the screen and what happens to it: strokes, facts and sheets go in, requests come out. Nothing here waits or draws.

mod act;
mod does;
mod mouse;
mod open;
mod replication;
mod strokes;
mod tabs;
mod travel;

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use self::travel::ReturnPoint;
use super::canvas::{Charset, Look};
use super::glyphs::{ASCII, UNICODE};
use super::input::Stroke;
use super::keymap::Keymap;
use super::last_screen::LastScreen;
use super::layers::{Layer, LayerContext};
use super::listing::{Listing, Moment};
use super::panes::PANES;
use super::settings::{Place, Settings};
use super::verb::VerbPlace;
use super::worker::{Ask, Sheet, Urgency};
use crate::engine::{Command, Mode, Tail, TailAsk};
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::fleet::Fleet;
use crate::model::live::Live;
use crate::model::plan::RunId;
use crate::model::run::Owner;
use crate::model::text::{Lang, Text};
use crate::tables::Scope;
use crate::tables::row_cache::Folding;

pub(super) use act::Followed;

/// How long a line to the person stays.
const SAID_FOR: Duration = Duration::from_secs(5);

/// How long the bar rests before its row is described at the right: a held key moves cheaply.
const DESCRIBE_AFTER: Duration = Duration::from_millis(80);

/// Something slow for the worker; what it says when it is done.
pub(super) type Chore = Box<dyn FnOnce() -> Text + Send>;

/// What the console wants of the loop around it.
pub(super) enum ConsoleRequest {
    Send(Command),
    /// A command whose answer comes back under this number.
    Await(u64, Command),
    Tail(TailAsk),
    Ask(Box<Ask>),
    /// Lets a sheet go off the drawing thread.
    Retire(Arc<Sheet>),
    /// Bytes straight to the terminal: the clipboard, the bell.
    Tell(Vec<u8>),
    Chore(Chore),
    /// Paint everything anew.
    Repaint,
    /// Stop, as Ctrl-Z does.
    Stop,
    Quit,
}

/// Everything that the screen knows.
#[derive(Debug)]
pub(super) struct Console {
    pub(super) moment: Moment,
    pub(super) mode: Mode,
    pub(super) owner: Arc<Owner>,
    pub(super) look: Look,
    pub(super) keymap: Keymap,
    pub(super) settings: Settings,
    /// For each pane the tables one went through, the last one shown.
    pub(super) trails: Vec<Vec<Listing>>,
    pub(super) pane: usize,
    /// Tabs that one went away from: the pane, and the table as it was left.
    left: Vec<(usize, Listing)>,
    /// Where one was before.
    last: Option<(usize, Vec<Listing>)>,
    /// Where a line of attention led, while Esc still leads back to it.
    return_point: Option<ReturnPoint>,
    pub(super) layers: Vec<Box<dyn Layer>>,
    pub(super) followed: Followed,
    pub(super) said: Option<(Text, Instant)>,
    /// How it stands with what is waited for.
    pub(super) awaits: Option<Text>,
    /// The last screen of an earlier run, shown until there is anything newer.
    pub(super) frozen: Option<LastScreen>,
    /// Where the names of the panes stand on the second line: pane, from, to.
    pub(super) tabs: RefCell<Vec<(usize, u16, u16)>>,
    pub(super) now: Instant,
    requests: Vec<ConsoleRequest>,
    /// Typed ahead of the rows that were asked for.
    held: VecDeque<Stroke>,
    asked_at: Instant,
    stroke_at: Instant,
    generation: u64,
    /// A large tree was folded, once.
    folded: bool,
    /// Abandoned runs that were offered already.
    offered: BTreeSet<RunId>,
}

impl std::fmt::Debug for ConsoleRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Send(command) => write!(f, "Send({command:?})"),
            Self::Await(number, command) => write!(f, "Await({number}, {command:?})"),
            Self::Tail(ask) => write!(f, "Tail({ask:?})"),
            Self::Ask(_) => f.write_str("Ask"),
            Self::Retire(_) => f.write_str("Retire"),
            Self::Tell(_) => f.write_str("Tell"),
            Self::Chore(_) => f.write_str("Chore"),
            Self::Repaint => f.write_str("Repaint"),
            Self::Stop => f.write_str("Stop"),
            Self::Quit => f.write_str("Quit"),
        }
    }
}

/// What the engine is, as far as the screen says it.
#[derive(Clone, Debug)]
pub(super) struct Station {
    pub mode: Mode,
    pub owner: Arc<Owner>,
    pub fleet: Arc<Fleet>,
    pub live: Arc<Live>,
    pub at: Stamp,
}

impl Console {
    pub(super) fn new(settings: Settings, station: Station) -> Self {
        let lang = settings.lang;
        let (keymap, faults) = Keymap::new(&settings.keys);
        let charset = if settings.ability.unicode { Charset::Unicode } else { Charset::Ascii };
        let glyphs = if settings.ability.unicode { &UNICODE } else { &ASCII };
        let (theme, theme_fault) = settings.theme_for(None);
        let fleet = super::plain::shown_in(charset, station.fleet);
        let moment = Moment { fleet, live: station.live, now: station.at, lang, zone: settings.zone.clone() };
        let trails = PANES.iter().map(|pane| vec![Listing::new(pane.noun(), Scope::default(), None)]).collect();
        let frozen = settings.first_screen.as_deref().and_then(LastScreen::read).filter(|f| f.about == settings.about);
        let told = settings.faults.clone();
        let mut console = Self {
            moment,
            mode: station.mode,
            owner: station.owner,
            look: Look { theme, glyphs, lang, charset },
            keymap,
            trails,
            pane: 0,
            left: Vec::new(),
            last: None,
            return_point: None,
            layers: Vec::new(),
            followed: Followed::default(),
            said: None,
            awaits: None,
            frozen,
            tabs: RefCell::default(),
            now: Instant::now(),
            requests: Vec::new(),
            held: VecDeque::new(),
            asked_at: Instant::now(),
            stroke_at: Instant::now(),
            generation: 0,
            folded: false,
            offered: BTreeSet::new(),
            settings,
        };
        if let Some(memory) = console.settings.memory.take() {
            super::memory::recall(&mut console, &memory);
        }
        for fault in faults.iter().chain(&theme_fault).chain(&told) {
            console.say_fault(fault);
        }
        console.dress();
        console.fold_large();
        console.offer_abandoned();
        for pane in 0..PANES.len() {
            let generation = console.next_generation();
            if let Some(listing) = console.trails[pane].last_mut() {
                listing.generation = generation;
            }
        }
        console.ask(Urgency::Person);
        console
    }

    /// What is wanted since the last call.
    pub(super) fn take_requests(&mut self) -> Vec<ConsoleRequest> {
        std::mem::take(&mut self.requests)
    }

    pub(super) fn request(&mut self, request: ConsoleRequest) {
        self.requests.push(request);
    }

    pub(super) fn listing(&self) -> &Listing {
        let trail = &self.trails[self.pane];
        // A trail is never empty: Esc stops at its first table.
        &trail[trail.len() - 1]
    }

    pub(super) fn listing_mut(&mut self) -> &mut Listing {
        let trail = &mut self.trails[self.pane];
        let last = trail.len() - 1;
        &mut trail[last]
    }

    /// What a layer may look at.
    pub(super) fn layer_context(&self) -> LayerContext<'_> {
        LayerContext {
            moment: &self.moment,
            mode: self.mode,
            keymap: &self.keymap,
            place: self.verb_place(),
            now: self.now,
            effects: Vec::new(),
        }
    }

    /// Whose verbs are valid for the table shown: containers have theirs also when one came to them from a host.
    pub(super) fn verb_place(&self) -> VerbPlace {
        let noun = self.listing().noun.name();
        VerbPlace { pane: PANES.iter().position(|pane| pane.noun().name() == noun).unwrap_or(self.pane), noun }
    }

    /// New facts. The sheet shown stays as it is until the worker has laid out a new one.
    pub(super) fn take_fleet(&mut self, fleet: Arc<Fleet>, at: Stamp) -> Arc<Fleet> {
        self.moment.now = at;
        let places_changed = fleet.idcs != self.moment.fleet.idcs;
        let fleet = super::plain::shown_in(self.look.charset, fleet);
        let before = std::mem::replace(&mut self.moment.fleet, fleet);
        if places_changed {
            self.dress();
        }
        self.follow_runs();
        self.offer_abandoned();
        self.fold_large();
        self.ask(Urgency::Refresh);
        before
    }

    pub(super) fn take_live(&mut self, live: Arc<Live>, at: Stamp) -> Arc<Live> {
        self.moment.now = at;
        let before = std::mem::replace(&mut self.moment.live, live);
        // Rows sorted or filtered by a live figure change their order with it.
        if self.listing().follows_figures() {
            self.ask(Urgency::Refresh);
        }
        before
    }

    pub(super) fn take_sheet(&mut self, sheet: Arc<Sheet>) {
        // The old picture stays until there are rows, or it is known that there are none.
        let is_known =
            |fleet: &Fleet| fleet.revision > 0 && fleet.hosts.iter().all(|h| h.containers.is_some() || h.freshness.fault.is_some());
        if self.frozen.is_some() && (!sheet.rows.is_empty() || is_known(&sheet.fleet)) {
            self.frozen = None;
        }
        let old = match self.listing_mut().take(sheet) {
            Ok(old) => old,
            Err(late) => Some(late),
        };
        if let Some(old) = old {
            self.request(ConsoleRequest::Retire(old));
        }
        self.take_held();
    }

    pub(super) fn take_tail(&mut self, tail: Tail) {
        if let Some(layer) = self.layers.last_mut() {
            layer.take_tail(tail);
        }
    }

    /// The time has moved: lines go, ages and spinners turn.
    pub(super) fn tick(&mut self, at: Stamp, now: Instant) {
        self.now = now;
        self.moment.now = at;
        if self.said.as_ref().is_some_and(|(_, since)| now.duration_since(*since) >= SAID_FOR) {
            self.said = None;
        }
        self.take_held();
        if now.duration_since(self.stroke_at) >= DESCRIBE_AFTER {
            let listing = self.listing_mut();
            listing.described = listing.at;
        }
    }

    /// How long what is shown stays true if nothing else happens: a spinner turns, a line goes, an age or the clock steps.
    pub(super) fn quiet_for(&self) -> Duration {
        let to_minute = 60_000 - u64::try_from(self.moment.now.0.rem_euclid(60_000)).unwrap_or(0);
        let mut quiet = Duration::from_millis(to_minute + 5);
        let listing = self.listing();
        if listing.described != listing.at {
            quiet = quiet.min(DESCRIBE_AFTER);
        }
        if !self.held.is_empty() {
            quiet = quiet.min(strokes::ROWS_WAIT);
        }
        if self.followed.any_running(&self.moment.fleet) || self.said.is_some() {
            quiet = quiet.min(Duration::from_millis(500));
        }
        let derived = &self.moment.fleet.derived;
        if derived.faults > 0 || derived.total.up < derived.total.hosts {
            quiet = quiet.min(Duration::from_secs(5));
        }
        quiet
    }

    pub(super) fn say(&mut self, text: Text) {
        self.said = Some((text, self.now));
    }

    pub(super) fn say_fault(&mut self, fault: &Fault) {
        let one = |lang: Lang| format!("{}: {} ({})", fault.endpoint, fault.cause.get(lang), fault.hint.get(lang));
        self.say(Text::made(one(Lang::En), one(Lang::Zh)));
    }

    /// Asks the worker for the table shown.
    pub(super) fn ask(&mut self, urgency: Urgency) {
        let words = if self.layers.iter().any(|layer| layer.narrows()) { Folding::Wanted } else { Folding::Needless };
        let ask = self.listing().ask(&self.moment, urgency, words);
        self.request(ConsoleRequest::Ask(Box::new(ask)));
    }

    /// The question has changed: older answers are not shown any more.
    pub(super) fn ask_anew(&mut self) {
        let generation = self.next_generation();
        self.listing_mut().generation = generation;
        self.asked_at = self.now;
        self.ask(Urgency::Person);
    }

    pub(super) fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// Puts on the theme of the environment that is looked at.
    fn dress(&mut self) {
        let environment = super::frame::environment(&self.moment.fleet).map(|(name, _)| name);
        let (theme, fault) = self.settings.theme_for(environment.as_deref());
        self.look.theme = theme;
        if let Some(fault) = fault {
            self.say_fault(&fault);
        }
    }

    /// Nothing is known yet, not even the config: no verb is valid.
    pub(super) fn is_early(&self) -> bool {
        self.moment.fleet.revision == 0 && self.frozen.is_some()
    }

    pub(super) fn is_lab(&self) -> bool {
        self.settings.place == Place::Lab
    }
}

#[cfg(test)]
mod tests;
