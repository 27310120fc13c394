//! What a person does at the terminal, read by one thread and told apart byte by byte.

mod decode;
mod key;
mod reader;

pub(in crate::tui) use key::{Code, Key, Mods};

pub(in crate::tui) use decode::Decoder;
pub(in crate::tui) use reader::Reader;

/// Longest pasted text that is kept, in bytes; the rest of a longer one is dropped.
const PASTE_MAX: usize = 64 * 1024;

/// One thing that happened at the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Stroke {
    Key(Key),
    /// Text that came between the marks of bracketed paste, as it came.
    Paste(String),
    Mouse(Mouse),
    /// The terminal got the focus of the window system, or lost it.
    Focus(Focus),
    /// The terminal is gone: nothing can be read any more.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Focus {
    Gained,
    Lost,
}

/// A press or a turn of the wheel at a cell; 0,0 is the upper left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) struct Mouse {
    pub effect: MouseDeed,
    pub column: u16,
    pub row: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum MouseDeed {
    Press,
    WheelUp,
    WheelDown,
}
