//! The engine's frames: eight bytes of head (stream, three zeros, length), then that many bytes of output.

use crate::model::clock::Stamp;

/// Where the reader stands.
#[derive(Debug)]
enum State {
    Head([u8; 8], usize),
    /// Before the text of a frame that goes on with a line: the engine repeats the time there.
    Stamp {
        at: usize,
        left: usize,
        seen: Vec<u8>,
    },
    Body {
        at: usize,
        left: usize,
    },
    /// The engine's own error, being read.
    Error {
        left: usize,
        words: Vec<u8>,
    },
}

/// Whether the engine puts a time in front of each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    Each,
    None,
}

#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    times: Times,
}

/// What the next bytes are. `at` is 0 for stdout and 1 for stderr.
#[derive(Debug)]
pub(super) enum Part {
    /// So many bytes were used up and gave nothing.
    Wait(usize),
    /// So many bytes are output. Tell [`Frames::took`] how many were taken.
    Data { at: usize, length: usize },
    /// So many bytes were used up, and these (a few) are output.
    Held { at: usize, used: usize, bytes: Vec<u8> },
}

/// Longest time that is looked for.
const STAMP: usize = 36;

impl Frames {
    pub(super) fn new(times: Times) -> Self {
        Self { state: State::Head([0; 8], 0), times }
    }

    /// Looks at pending bytes (not empty). `open` tells which lines are unfinished.
    pub(super) fn next(&mut self, pending: &[u8], open: [bool; 2]) -> Result<Part, String> {
        match &mut self.state {
            State::Head(head, have) => {
                let used = pending.len().min(8 - *have);
                head[*have..*have + used].copy_from_slice(&pending[..used]);
                *have += used;
                if *have == 8 {
                    let head = *head;
                    self.begin(head, open)?;
                }
                Ok(Part::Wait(used))
            }
            State::Stamp { at, left, seen } => {
                let room = STAMP.saturating_sub(seen.len()).min(*left).min(pending.len());
                let space = pending[..room].iter().position(|b| *b == b' ');
                let used = space.map_or(room, |s| s + 1);
                seen.extend_from_slice(&pending[..used]);
                *left -= used;
                if space.is_none() && *left > 0 && seen.len() < STAMP {
                    return Ok(Part::Wait(used));
                }
                let (at, left, bytes) = (*at, *left, std::mem::take(seen));
                self.state = body(at, left);
                let is_stamp = std::str::from_utf8(&bytes).is_ok_and(|s| Stamp::parse_rfc3339(s.trim_end()).is_some());
                Ok(if is_stamp { Part::Wait(used) } else { Part::Held { at, used, bytes } })
            }
            State::Body { at, left } => Ok(Part::Data { at: *at, length: pending.len().min(*left) }),
            State::Error { left, words } => {
                let used = pending.len().min(*left);
                let room = 600usize.saturating_sub(words.len()).min(used);
                words.extend_from_slice(&pending[..room]);
                *left -= used;
                if *left == 0 { Err(String::from_utf8_lossy(words).into_owned()) } else { Ok(Part::Wait(used)) }
            }
        }
    }

    /// So many bytes of a [`Part::Data`] were taken.
    pub(super) fn took(&mut self, used: usize) {
        if let State::Body { at, left } = self.state {
            self.state = body(at, left.saturating_sub(used));
        }
    }

    fn begin(&mut self, head: [u8; 8], open: [bool; 2]) -> Result<(), String> {
        let left = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let at = match head {
            [0 | 1, 0, 0, 0, ..] => 0,
            [2, 0, 0, 0, ..] => 1,
            [3, 0, 0, 0, ..] => {
                self.state = State::Error { left, words: Vec::new() };
                return if left == 0 { Err("the engine reports an error without words".to_owned()) } else { Ok(()) };
            }
            _ => return Err("it does not begin with a frame".to_owned()),
        };
        self.state =
            if self.times == Times::Each && open[at] && left > 0 { State::Stamp { at, left, seen: Vec::new() } } else { body(at, left) };
        Ok(())
    }
}

fn body(at: usize, left: usize) -> State {
    if left == 0 { State::Head([0; 8], 0) } else { State::Body { at, left } }
}
