//! The terminal: taken, written to by a thread of its own, and always given back as it was.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::sync::{Notify, mpsc};

use super::encode::Sync;
use crate::model::fault::{Fault, FaultKind};
use crate::model::text::Text;

/// How long a terminal that takes no bytes may delay our going.
const LEAVE_WAIT: Duration = Duration::from_millis(500);

/// What to give back: the line discipline and the bytes that undo our modes. Also what the panic hook uses.
static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);

/// Rung by the panic hook.
static PANICKED: Notify = Notify::const_new();

#[derive(Debug)]
struct Taken {
    was: Termios,
    undo: Vec<u8>,
}

/// What the terminal can do, from the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ability {
    /// `TERM`, empty where it is not set.
    pub term: String,
    /// False under `LANG=C`: everything is drawn in ASCII.
    pub unicode: bool,
    pub colours: Colours,
    /// Inside tmux or screen, which want clipboard sequences wrapped.
    pub wrapped_by: Option<Wrapper>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    None,
    Sixteen,
    Indexed,
    True,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    Tmux,
    Screen,
}

impl Ability {
    /// Reads what `lookup` gives for TERM, COLORTERM, `NO_COLOR`, `LC_ALL`, `LC_CTYPE`, LANG, TMUX and STY.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| lookup(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default().to_ascii_lowercase();
        let unicode = locale.contains("utf-8") || locale.contains("utf8");
        let colours = if set("NO_COLOR").is_some() || term.starts_with("vt1") || term.starts_with("vt2") || term.contains("mono") {
            Colours::None
        } else if set("COLORTERM").is_some_and(|c| c.contains("truecolor") || c.contains("24bit")) || term.contains("direct") {
            Colours::True
        } else if term.contains("256") || term.starts_with("alacritty") || term.contains("kitty") || term.starts_with("foot") {
            Colours::Indexed
        } else {
            Colours::Sixteen
        };
        let wrapped_by = if set("TMUX").is_some() {
            Some(Wrapper::Tmux)
        } else if set("STY").is_some() {
            Some(Wrapper::Screen)
        } else {
            None
        };
        Self { term, unicode, colours, wrapped_by }
    }

    /// Whether the console can be drawn on this process's terminal.
    ///
    /// # Errors
    /// Usage: there is no terminal, or one that cannot move its cursor.
    pub fn check(&self) -> Result<(), Fault> {
        if !isatty(std::io::stdin()) || !isatty(std::io::stdout()) {
            return Err(no_terminal(Text::new("stdin or stdout is not a terminal", "标准输入或输出不是终端")));
        }
        if self.term.is_empty() || self.term == "dumb" || self.term == "unknown" {
            let shown = if self.term.is_empty() { "unset" } else { &self.term };
            return Err(no_terminal(Text::made(
                format!("TERM is {shown}: such a terminal cannot be drawn on"),
                format!("TERM 为 {shown}：这种终端无法作图"),
            )));
        }
        Ok(())
    }

    /// Terminals that are known to choke on nothing in an unknown private mode.
    pub(super) fn sync(&self) -> Sync {
        let known = ["xterm", "tmux", "screen", "alacritty", "foot", "kitty", "wezterm", "rxvt", "ghostty", "contour"];
        if known.iter().any(|k| self.term.contains(k)) { Sync::Harmless } else { Sync::Never }
    }

    fn has_private_modes(&self) -> bool {
        self.sync() == Sync::Harmless
    }
}

/// Whether the mouse is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MouseUse {
    #[default]
    On,
    Off,
}

/// The terminal while it is ours. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Terminal {
    frames: Option<mpsc::Sender<Vec<u8>>>,
    state: Arc<State>,
    enter: Vec<u8>,
    undo: Vec<u8>,
}

#[derive(Debug)]
struct State {
    /// 0 idle, 1 writing, 2 broken.
    writing: AtomicU8,
    done: Notify,
}

const IDLE: u8 = 0;
const WRITING: u8 = 1;
const BROKEN: u8 = 2;

impl Terminal {
    /// Takes the terminal on stdin and stdout: raw, alternate screen, cursor hidden, paste marked, mouse as asked.
    ///
    /// # Errors
    /// Usage: there is no terminal, or one that cannot move its cursor.
    pub(super) fn enter(ability: &Ability, mouse: MouseUse) -> Result<Self, Fault> {
        ability.check()?;
        let (enter, undo) = modes(ability, mouse);
        // Two: what takes the terminal, and the first frame.
        let (frames, take) = mpsc::channel(2);
        let state = Arc::new(State { writing: AtomicU8::new(IDLE), done: Notify::new() });
        let theirs = Arc::clone(&state);
        let thread = std::thread::Builder::new().name("tui-output".to_owned()).spawn(move || write_frames(take, &theirs));
        thread.map_err(|e| no_terminal(Text::raw(&e.to_string())))?;
        let mut terminal = Self { frames: Some(frames), state, enter, undo };
        terminal.take()?;
        Ok(terminal)
    }

    /// Takes the terminal again after [`Terminal::give_back`].
    ///
    /// # Errors
    /// When the terminal's modes cannot be read or set.
    pub(super) fn take(&mut self) -> Result<(), Fault> {
        let was = tcgetattr(std::io::stdin()).map_err(|e| no_terminal(Text::raw(&e.to_string())))?;
        let mut raw = was.clone();
        raw.make_raw();
        // Taken again without having been given back: what was found first is what is given back.
        TAKEN.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| Taken { was, undo: self.undo.clone() });
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw).map_err(|e| no_terminal(Text::raw(&e.to_string())))?;
        self.write(self.enter.clone());
        Ok(())
    }

    /// True when the frame before was taken by the terminal: only then is a new one drawn.
    pub(super) fn is_idle(&self) -> bool {
        self.state.writing.load(Ordering::Acquire) == IDLE
    }

    /// The terminal refused bytes for good.
    pub(super) fn is_broken(&self) -> bool {
        self.state.writing.load(Ordering::Acquire) == BROKEN
    }

    /// Waits until a frame was taken.
    pub(super) async fn written(&self) {
        self.state.done.notified().await;
    }

    /// Hands one frame to the writing thread; nothing is written for no bytes. Waits only when the one before is still going out.
    pub(super) fn write(&self, frame: Vec<u8>) {
        if frame.is_empty() || self.is_broken() {
            return;
        }
        if let Some(frames) = &self.frames {
            self.state.writing.store(WRITING, Ordering::Release);
            // Full means that the terminal has stopped taking bytes; the caller draws anew when it is idle.
            drop(frames.try_send(frame));
        }
    }

    /// Columns and rows; 80x24 where the terminal does not say.
    pub(super) fn size() -> (u16, u16) {
        let said = tcgetwinsize(std::io::stdout()).map_or((0, 0), |w| (w.ws_col, w.ws_row));
        if said.0 == 0 || said.1 == 0 { (80, 24) } else { said }
    }

    /// What keys are read from.
    ///
    /// # Errors
    /// When the descriptor cannot be copied.
    pub(super) fn input() -> Result<OwnedFd, Fault> {
        rustix::io::dup(std::io::stdin()).map_err(|e| no_terminal(Text::raw(&e.to_string())))
    }

    /// Gives the terminal back: for good, or until another program that takes it over is done.
    pub(super) fn give_back(&mut self) {
        let begun = tokio::time::Instant::now();
        while self.state.writing.load(Ordering::Acquire) == WRITING && begun.elapsed() < LEAVE_WAIT {
            std::thread::sleep(Duration::from_millis(1));
        }
        restore();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give_back();
        self.frames = None;
    }
}

/// Gives the terminal back if it is taken; what the panic hook and every way out call. Never waits longer than half a second.
pub fn restore() {
    let Some(taken) = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    let (said, heard) = std::sync::mpsc::sync_channel(1);
    // On a thread, so that a terminal which takes no bytes cannot hold us.
    let writer = std::thread::Builder::new().name("tui-restore".to_owned()).spawn(move || {
        drop(write_all(&taken.undo));
        let _ = said.send(());
    });
    if writer.is_ok() {
        let _ = heard.recv_timeout(LEAVE_WAIT);
    }
    let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &taken.was);
}

/// Puts [`restore`] in front of the panic hook that is set, so that a panic's words land on the ordinary screen.
/// The console ends then, whichever thread it was: it has no terminal any more.
pub fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |what| {
            let was_taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner).is_some();
            restore();
            before(what);
            if was_taken {
                PANICKED.notify_one();
            }
        }));
    });
}

/// Pends until something in this process panics while the terminal is ours.
pub(super) async fn panicked() {
    PANICKED.notified().await;
}

/// The bytes that enter and undo our modes.
fn modes(ability: &Ability, mouse: MouseUse) -> (Vec<u8>, Vec<u8>) {
    if !ability.has_private_modes() {
        return (b"\x1b[0m\x1b[2J\x1b[?25l".to_vec(), b"\x1b[0m\x1b[2J\x1b[H\x1b[?25h".to_vec());
    }
    let mut enter = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h".to_vec();
    let mut undo = b"\x1b[0m\x1b[?1004l\x1b[?2004l".to_vec();
    if mouse == MouseUse::On {
        enter.extend_from_slice(b"\x1b[?1000h\x1b[?1006h");
        undo.extend_from_slice(b"\x1b[?1006l\x1b[?1000l");
    }
    undo.extend_from_slice(b"\x1b[?25h\x1b[?1049l");
    (enter, undo)
}

fn write_frames(mut frames: mpsc::Receiver<Vec<u8>>, state: &State) {
    while let Some(frame) = frames.blocking_recv() {
        let outcome = write_all(&frame);
        state.writing.store(if outcome.is_ok() { IDLE } else { BROKEN }, Ordering::Release);
        state.done.notify_one();
        if outcome.is_err() {
            return;
        }
    }
}

/// One `write` a frame where the terminal takes it whole: past stdout's line buffer.
fn write_all(mut bytes: &[u8]) -> std::io::Result<()> {
    let mut lock = std::io::stdout().lock();
    lock.flush()?;
    while !bytes.is_empty() {
        match rustix::io::write(&lock, bytes) {
            Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => std::thread::sleep(Duration::from_millis(2)),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

fn no_terminal(cause: Text) -> Fault {
    let hint = Text::new(
        "use the line commands instead: wharf get hosts, wharf get containers, wharf doctor",
        "请改用命令行：wharf get hosts、wharf get containers、wharf doctor",
    );
    Fault::new("terminal", FaultKind::Usage, cause, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ability(pairs: &[(&str, &str)]) -> Ability {
        Ability::from_environment(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_says_what_can_be_drawn() {
        let jump = ability(&[("TERM", "xterm-256color"), ("LANG", "zh_CN.UTF-8")]);
        assert_eq!((jump.unicode, jump.colours, jump.sync()), (true, Colours::Indexed, Sync::Harmless));
        let plain = ability(&[("TERM", "linux"), ("LANG", "C")]);
        assert_eq!((plain.unicode, plain.colours, plain.sync()), (false, Colours::Sixteen, Sync::Never));
        assert_eq!(ability(&[("TERM", "vt100")]).colours, Colours::None);
        assert_eq!(ability(&[("TERM", "xterm"), ("NO_COLOR", "1"), ("COLORTERM", "truecolor")]).colours, Colours::None);
        assert!(!ability(&[("TERM", "xterm"), ("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]).unicode);
        assert_eq!(ability(&[("TERM", "screen"), ("TMUX", "/tmp/x")]).wrapped_by, Some(Wrapper::Tmux));
    }

    #[test]
    fn what_is_entered_is_undone() {
        let (enter, undo) = modes(&ability(&[("TERM", "xterm")]), MouseUse::On);
        let set = String::from_utf8(enter).expect("ascii");
        let unset = String::from_utf8(undo).expect("ascii");
        for mode in set.split('\x1b').filter(|s| s.ends_with('h')) {
            assert!(unset.contains(&mode.replace('h', "l")), "{mode} is not undone");
        }
        assert!(unset.contains("?25h"));
        assert!(!set.contains("?25h"));
    }
}
