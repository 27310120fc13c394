//! The terminal taken before anything is known: the picture of the last run stands there while the config is still read.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::console::{Console, Station};
use super::encode::Shown;
use super::input::{Key, Reader, Stroke};
use super::last_screen::LastScreen;
use super::settings::{Ended, Settings};
use super::signals::{SignalEffect, Signals, own_limit};
use super::terminal::{self, Terminal, restore_on_panic};
use super::{Buffer, Stage};
use crate::engine::Mode;
use crate::model::clock::Stamp;
use crate::model::fault::Fault;
use crate::model::run::Owner;
use crate::model::text::Text;

/// Strokes that are kept for the console; what comes after them stays with the terminal.
const TYPED_MAX: usize = 1024;
/// After so long the person is told what is waited for.
const TOLD_AFTER: Duration = Duration::from_millis(400);

/// The terminal while it is ours, what is typed on it, and what it shows. Dropping it gives the terminal back.
#[derive(Debug)]
pub struct Entry {
    // First: no thread reads the terminal any more when it is given back.
    pub(super) reader: Reader,
    pub(super) signals: Signals,
    pub(super) stage: Stage,
    pub(super) terminal: Terminal,
    /// Typed before there was anybody to take it, in order.
    pub(super) typed: Vec<Stroke>,
}

impl Entry {
    /// Takes the terminal and paints what this console shows.
    ///
    /// # Errors
    /// Usage: stdin or stdout is no terminal, or one that cannot be drawn on. Limit: no thread or no signal handler.
    pub(super) fn new(console: Console) -> Result<Self, Fault> {
        restore_on_panic();
        let signals = Signals::new()?;
        let settings = &console.settings;
        let terminal = Terminal::enter(&settings.ability, settings.mouse)?;
        let shown = Shown::new(settings.ability.sync());
        let mut stage = Stage { console, next: Buffer::default(), shown, tell: Vec::new() };
        stage.paint(&terminal);
        let reader = Reader::start(Terminal::input()?).map_err(|e| own_limit(&e))?;
        Ok(Self { reader, signals, stage, terminal, typed: Vec::new() })
    }

    /// Paints the picture of the last run while nothing else is known yet. `None` where there is none of exactly this config,
    /// or no terminal for it: who then goes the ordinary way finds out why.
    #[must_use]
    pub fn with_last_picture(settings: Settings, mode: Mode, owner: Owner, at: Stamp) -> Option<Self> {
        let frozen = LastScreen::read(settings.first_screen.as_deref()?).filter(|f| f.about == settings.about)?;
        // Until the config says otherwise, a picture of a console that could change nothing says so.
        let mode = if frozen.setting.read_only { Mode::ReadOnly } else { mode };
        let station = Station { mode, owner: Arc::new(owner), fleet: Arc::default(), live: Arc::default(), at };
        Self::new(Console::new(frozen.setting.over(settings), station)).ok()
    }

    /// Waits for something slow and keeps what is typed meanwhile.
    ///
    /// # Errors
    /// Why the console ended instead: a signal, Ctrl-C, the terminal or another thread.
    pub async fn during<T>(&mut self, slow: impl Future<Output = T>) -> Result<T, Ended> {
        let mut slow = pin!(slow);
        let told_at = Instant::now() + TOLD_AFTER;
        let mut is_told = false;
        loop {
            if self.terminal.is_broken() {
                return Err(Ended::Closed);
            }
            if self.terminal.is_idle() {
                self.stage.paint(&self.terminal);
            }
            tokio::select! {
                done = &mut slow => return Ok(done),
                batch = self.reader.next(), if self.typed.len() < TYPED_MAX => {
                    if batch.contains(&Stroke::Closed) {
                        return Err(Ended::Closed);
                    }
                    if batch.contains(&Stroke::Key(Key::ctrl('c'))) {
                        return Err(Ended::Quit);
                    }
                    self.typed.extend(batch);
                }
                () = self.terminal.written() => {}
                () = terminal::panicked() => return Err(Ended::Panicked),
                told = self.signals.next() => match told {
                    SignalEffect::End(number) => return Err(Ended::Signal(number)),
                    SignalEffect::Size => self.stage.resize(),
                    SignalEffect::Continued => {
                        if self.terminal.take().is_err() {
                            return Err(Ended::Closed);
                        }
                        self.stage.resize();
                    }
                },
                () = sleep_until(told_at), if !is_told => {
                    is_told = true;
                    self.stage.console.say(Text::new("reading the config ...", "正在读取配置……"));
                }
            }
        }
    }
}
