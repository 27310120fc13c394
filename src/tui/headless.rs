//! The console without a terminal: keys in, pictures out, for the page that shows it and for measurements.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::Instant;

use super::console::{Console, ConsoleRequest, Station};
use super::encode::Shown;
use super::frame;
use super::input::{Key, Stroke};
use super::settings::Settings;
use super::worker::lay_out;
use crate::engine::Mode;
use crate::model::clock::Stamp;
use crate::model::fleet::Fleet;
use crate::model::live::Live;
use crate::model::run::Owner;
use crate::tables::row_cache::RowCache;

/// What is looked at, by whom.
#[derive(Clone, Debug)]
pub struct Scene {
    pub mode: Mode,
    pub owner: Arc<Owner>,
    pub fleet: Arc<Fleet>,
    pub live: Arc<Live>,
    pub at: Stamp,
}

/// A console that nobody watches. What its worker thread would do is done at once.
#[derive(Debug)]
pub struct Headless {
    console: Console,
    next: Buffer,
    shown: Shown,
    now: Instant,
    row_cache: RowCache,
}

impl Headless {
    /// A console on a terminal of so many columns and rows.
    #[must_use]
    pub fn new(settings: Settings, scene: Scene, columns: u16, rows: u16) -> Self {
        let Scene { mode, owner, fleet, live, at } = scene;
        let shown = Shown::new(settings.ability.sync());
        let console = Console::new(settings, Station { mode, owner, fleet, live, at });
        let next = Buffer::empty(Rect::new(0, 0, columns, rows));
        let mut still = Self { console, next, shown, now: Instant::now(), row_cache: RowCache::default() };
        still.settle();
        still
    }

    /// Types keys as the config writes them, blanks between: `5 / w e b enter`. What the console wants of an engine is dropped.
    ///
    /// # Errors
    /// The word that is no key, and why.
    pub fn press(&mut self, keys: &str) -> Result<(), String> {
        for word in keys.split_whitespace() {
            let key = Key::parse(word).map_err(|why| format!("{word}: {why}"))?;
            self.now += std::time::Duration::from_secs(1);
            self.console.take_stroke(Stroke::Key(key), self.now);
            self.settle();
        }
        Ok(())
    }

    /// A newer Fleet, as the engine publishes it.
    pub fn take_fleet(&mut self, fleet: Arc<Fleet>, at: Stamp) {
        self.console.take_fleet(fleet, at);
        self.settle();
    }

    /// Time passes and nobody does anything: what waits for the bar to rest is shown.
    pub fn rest(&mut self) {
        self.now += std::time::Duration::from_secs(1);
        let at = self.console.moment.now;
        self.console.tick(at, self.now);
        self.settle();
    }

    /// The whole picture.
    #[must_use]
    pub fn picture(&self) -> Buffer {
        let mut buffer = Buffer::empty(self.next.area);
        frame::draw(&self.console, &mut buffer);
        buffer
    }

    /// The bytes that a terminal is sent to show what is new since the last call.
    pub fn frame(&mut self) -> Vec<u8> {
        let cursor = frame::draw(&self.console, &mut self.next);
        let area = self.next.area;
        let bytes = self.shown.turn_into(&mut self.next, cursor);
        if self.next.area != area {
            self.next.resize(area);
        }
        bytes
    }

    fn settle(&mut self) {
        for request in self.console.take_requests() {
            if let ConsoleRequest::Ask(ask) = request
                && let Some(sheet) = lay_out(&ask, &mut self.row_cache, || false)
            {
                self.console.take_sheet(Arc::new(sheet));
            }
        }
    }
}
