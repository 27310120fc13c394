//! THE SCREEN. Panes over the engine's facts; its one loop is here, what comes before it in `entry`.

mod canvas;
mod clipboard;
mod console;
mod encode;
mod entry;
mod export;
mod frame;
mod glyphs;
mod headless;
mod input;
mod keymap;
mod last_screen;
mod layers;
mod listing;
mod memory;
mod outside;
mod palette;
mod panes;
mod plain;
pub mod reference;
mod settings;
mod signals;
mod terminal;
#[cfg(test)]
mod testing;
mod theme;
mod verb;
mod verbs;
mod widgets;
mod worker;

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::engine::{Answer, Busy, Engine, Tail, TailText};
use crate::model::clock::Clock;
use crate::model::condition::Awaited;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;
use console::{Console, ConsoleRequest, Station};
use encode::Shown;
use input::Stroke;
use outside::Watcher;
use signals::{SignalEffect, own_limit};
use terminal::Terminal;
use worker::{Sheet, Worker};

pub use entry::Entry;
pub use headless::{Headless, Scene};
pub use keymap::Remap;
pub use settings::{Alarm, Ended, Keep, Kept, Kiosk, Place, ScreenIdentity, Settings, Until, config_faults};
pub use terminal::{Ability, Colours, MouseUse, Wrapper, restore, restore_on_panic};

/// How long a stop may take to reach all threads.
const STOP_TAKES: Duration = Duration::from_millis(50);

/// Runs the console on this terminal until the person leaves, a signal comes, or the terminal goes.
/// The terminal is given back on every way out. Where it was taken earlier, `entry` is how.
///
/// # Errors
/// Usage: stdin or stdout is no terminal, or one that cannot be drawn on. Limit: no thread or no signal handler.
pub async fn run(engine: Engine, settings: Settings, clock: Clock, entry: Option<Entry>) -> Result<Ended, Fault> {
    let mut fleet = engine.fleet();
    let mut live = engine.live();
    let station = Station {
        mode: engine.mode(),
        owner: Arc::clone(engine.owner()),
        fleet: Arc::clone(&fleet.borrow_and_update()),
        live: Arc::clone(&live.borrow_and_update()),
        at: clock.now(),
    };
    let kiosk = settings.kiosk.clone();
    let mut until = settings.until.as_ref().map(|until| until.told.clone());
    let console = Console::new(settings, station);
    // The picture of the last run, or an empty frame, before anything else is begun.
    let Entry { mut reader, mut signals, mut stage, mut terminal, typed } = match entry {
        Some(mut entry) => {
            entry.stage.console = console;
            entry
        }
        None => Entry::new(console)?,
    };
    for stroke in typed {
        stage.console.take_stroke(stroke, Instant::now());
    }
    let (worker, mut sheets) = Worker::start().map_err(|e| own_limit(&e))?;
    let (give_said, mut said) = mpsc::channel(8);
    let mut opening: Option<oneshot::Receiver<Tail>> = None;
    let mut tail: Option<watch::Receiver<Arc<TailText>>> = None;
    let mut answers = FuturesUnordered::new();
    let mut watcher = Watcher::new(kiosk, Instant::now());
    let ended = loop {
        let mut hands = Hands { engine: &engine, worker: &worker, said: &give_said, opening: &mut opening, answers: &mut answers };
        match stage.carry_out(&mut hands) {
            Some(Leave::For(ended)) => break ended,
            Some(Leave::Stop) => {
                terminal.give_back();
                // Where no shell waits for us this does nothing, and we go on at once.
                let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
                // The signal may take a moment to stop every thread; until then the terminal stays with the shell.
                std::thread::sleep(STOP_TAKES);
                terminal.take()?;
                stage.resize();
            }
            None => {}
        }
        if terminal.is_broken() {
            break Ended::Closed;
        }
        if terminal.is_idle() {
            stage.paint(&terminal);
        }
        if let Some(command) = watcher.visible(&stage.console, Instant::now()) {
            // Busy: what is visible is said again with the next change.
            let _busy = engine.send(command);
        }
        let wake = Instant::now() + stage.console.quiet_for().min(watcher.quiet_for(Instant::now()));
        tokio::select! {
            batch = reader.next() => {
                let mut strokes = batch;
                while let Some(more) = reader.try_next() {
                    strokes.extend(more);
                }
                if strokes.contains(&Stroke::Closed) {
                    break Ended::Closed;
                }
                watcher.touched(Instant::now());
                stage.console.tick(clock.now(), Instant::now());
                for stroke in strokes {
                    stage.console.take_stroke(stroke, Instant::now());
                }
            }
            Ok(()) = fleet.changed() => {
                let new = Arc::clone(&fleet.borrow_and_update());
                watcher.look(&new, &mut stage.console);
                worker.retire(stage.console.take_fleet(new, clock.now()));
            }
            Ok(()) = live.changed() => {
                let new = Arc::clone(&live.borrow_and_update());
                worker.retire(stage.console.take_live(new, clock.now()));
            }
            Ok(()) = sheets.changed() => take_sheet(&mut stage.console, &mut sheets),
            opened = opened(&mut opening) => {
                opening = None;
                if let Some(opened) = opened {
                    tail = Some(opened.text.clone());
                    stage.console.take_tail(opened);
                }
            }
            () = tail_changed(&mut tail) => {}
            Some((number, answer)) = answers.next() => stage.console.take_answer(number, answer),
            Some(text) = said.recv() => stage.console.say(text),
            () = terminal.written() => {}
            told = awaited(&mut until) => match told {
                Awaited::Waiting(text) => stage.console.awaits = Some(text),
                Awaited::Over(_) => break Ended::Over,
            },
            () = terminal::panicked() => break Ended::Panicked,
            told = signals.next() => match told {
                SignalEffect::End(number) => break Ended::Signal(number),
                SignalEffect::Size => stage.resize(),
                SignalEffect::Continued => {
                    terminal.take()?;
                    stage.resize();
                }
            },
            () = sleep_until(wake) => {
                stage.console.tick(clock.now(), Instant::now());
                watcher.turn(&mut stage.console, Instant::now());
            }
        }
    };
    drop(reader);
    terminal.give_back();
    stage.keep(&worker);
    Ok(ended)
}

/// The state, the buffers it is drawn on, and what the terminal shows.
#[derive(Debug)]
struct Stage {
    console: Console,
    next: Buffer,
    shown: Shown,
    /// Bytes that go out with the next frame: the clipboard, the bell.
    tell: Vec<u8>,
}

/// How the terminal is left.
enum Leave {
    For(Ended),
    /// Until the shell lets us go on.
    Stop,
}

/// What the console's requests are carried out with.
struct Hands<'a> {
    engine: &'a Engine,
    worker: &'a Worker,
    said: &'a mpsc::Sender<Text>,
    opening: &'a mut Option<oneshot::Receiver<Tail>>,
    answers: &'a mut FuturesUnordered<Answering>,
}

impl Stage {
    /// Draws, and writes what differs from what is shown: nothing where nothing does.
    fn paint(&mut self, terminal: &Terminal) {
        if self.next.area.is_empty() {
            self.resize();
        }
        let cursor = frame::draw(&self.console, &mut self.next);
        let mut bytes = std::mem::take(&mut self.tell);
        let area = self.next.area;
        bytes.extend(self.shown.turn_into(&mut self.next, cursor));
        if self.next.area != area {
            self.next.resize(area);
        }
        terminal.write(bytes);
    }

    /// Takes the terminal's size, and whatever it shows for lost.
    fn resize(&mut self) {
        self.shown.forget();
        let (columns, rows) = Terminal::size();
        self.next.resize(Rect::new(0, 0, columns, rows));
    }

    /// Does what the console wants; how it leaves the terminal where it wants that.
    fn carry_out(&mut self, hands: &mut Hands<'_>) -> Option<Leave> {
        for request in self.console.take_requests() {
            let busy = match request {
                ConsoleRequest::Send(command) => hands.engine.send(command).is_err(),
                ConsoleRequest::Await(number, command) => match hands.engine.ask(command) {
                    Ok(answer) => {
                        hands.answers.push(answering(number, answer));
                        false
                    }
                    Err(Busy) => true,
                },
                ConsoleRequest::Tail(ask) => match hands.engine.tail(ask) {
                    Ok(opening) => {
                        *hands.opening = Some(opening);
                        false
                    }
                    Err(_) => true,
                },
                ConsoleRequest::Ask(ask) => {
                    hands.worker.ask(*ask);
                    false
                }
                ConsoleRequest::Retire(sheet) => {
                    hands.worker.retire(sheet);
                    false
                }
                ConsoleRequest::Tell(bytes) => {
                    self.tell.extend(bytes);
                    false
                }
                ConsoleRequest::Chore(chore) => {
                    let said = hands.said.clone();
                    // Full means that eight answers wait to be read: this one may be lost.
                    !hands.worker.chore(move || drop(said.try_send(chore())))
                }
                ConsoleRequest::Repaint => {
                    self.shown.forget();
                    false
                }
                ConsoleRequest::Quit => return Some(Leave::For(Ended::Quit)),
                ConsoleRequest::Stop => return Some(Leave::Stop),
            };
            if busy {
                self.console.say(Text::new("busy: nothing was sent, try again", "正忙：未发送，请重试"));
            }
        }
        None
    }

    /// Hands what the next start wants back to who keeps it, off this thread.
    fn keep(self, worker: &Worker) {
        if let Some(keep) = self.console.settings.keep.clone() {
            let kept = outside::kept(&self.console, self.next.area);
            worker.chore(move || keep(kept));
        }
        if let Some(sheet) = self.console.listing().sheet.clone() {
            worker.retire(sheet);
        }
    }
}

/// A command's answer on its way, with the number it was sent under.
type Answering = Pin<Box<dyn Future<Output = (u64, Result<Answer, Fault>)>>>;

fn answering(number: u64, answer: oneshot::Receiver<Result<Answer, Fault>>) -> Answering {
    Box::pin(async move {
        let gone = |_| {
            let hint = Text::new("look at the runs (t) before you try again", "重试前请先查看执行记录（t）");
            Err(Fault::new("engine", FaultKind::Cancelled, Text::new("gave no answer", "没有应答"), hint))
        };
        (number, answer.await.unwrap_or_else(gone))
    })
}

fn take_sheet(console: &mut Console, sheets: &mut watch::Receiver<Option<Arc<Sheet>>>) {
    let sheet = sheets.borrow_and_update().clone();
    if let Some(sheet) = sheet {
        console.take_sheet(sheet);
    }
}

/// The tail that was asked for, when it comes; `None` when the engine would not.
async fn opened(opening: &mut Option<oneshot::Receiver<Tail>>) -> Option<Tail> {
    match opening {
        Some(receiver) => receiver.await.ok(),
        None => pending().await,
    }
}

/// Pends until the text changes; for ever once its tail is gone.
async fn tail_changed(tail: &mut Option<watch::Receiver<Arc<TailText>>>) {
    if let Some(text) = tail {
        if text.changed().await.is_ok() {
            text.borrow_and_update();
            return;
        }
        *tail = None;
    }
    pending::<()>().await;
}

/// What is told next about what is waited for; pends for ever where nothing is, or nobody tells.
async fn awaited(until: &mut Option<watch::Receiver<Awaited>>) -> Awaited {
    if let Some(told) = until {
        if told.changed().await.is_ok() {
            return told.borrow_and_update().clone();
        }
        *until = None;
    }
    pending().await
}
