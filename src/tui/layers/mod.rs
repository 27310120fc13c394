//! What lies over a pane for a while: lines to type in, boxes to read, dialogs to answer.

pub(super) mod abandoned;
pub(super) mod command_line;
pub(super) mod confirm;
pub(super) mod filter_line;
pub(super) mod help;
pub(super) mod log;
pub(super) mod menu;
pub(super) mod reading;
pub(super) mod runs;

use std::fmt::Debug;
use std::sync::Arc;

use ratatui::layout::Rect;
use tokio::time::Instant;

use super::canvas::Canvas;
use super::encode::Cursor;
use super::input::{Key, Mouse};
use super::keymap::Keymap;
use super::listing::Moment;
use super::verb::{Verb, VerbPlace};
use crate::engine::{Command, Mode, Tail, TailAsk};
use crate::model::plan::Plan;
use crate::model::text::Text;
use crate::tables::RowKey;

/// What a layer wants done. The console does it after the key.
#[derive(Debug)]
pub(super) enum LayerEffect {
    /// The layer itself goes.
    Close,
    Open(Box<dyn Layer>),
    Verb(&'static Verb),
    /// The filter line, so far.
    Narrow(String),
    /// A `:` line, to be carried out.
    Line(String),
    Send(Command),
    /// A plan that a person agreed to, and the rows that it was made for.
    Run {
        plan: Arc<Plan>,
        rows: Vec<RowKey>,
    },
    /// Output wanted by the layer on top.
    Tail(TailAsk),
    Copy(String),
    Say(Text),
}

/// What a layer may look at, and where it puts its requests.
#[derive(Debug)]
pub(super) struct LayerContext<'a> {
    pub moment: &'a Moment,
    pub mode: Mode,
    pub keymap: &'a Keymap,
    /// Whose verbs are valid.
    pub place: VerbPlace,
    pub now: Instant,
    pub effects: Vec<LayerEffect>,
}

/// How a layer lies over the pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    /// A box over the body, or a line at the foot.
    Over,
    /// The whole body: what is under it need not be drawn.
    Body,
}

/// One layer. Keys go to the topmost only.
pub(super) trait Layer: Debug {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>);

    /// Pasted text is not keys: what does not take it ignores it.
    fn paste(&mut self, text: &str, cx: &mut LayerContext<'_>) {
        let _ = (text, cx);
    }

    fn mouse(&mut self, mouse: Mouse, cx: &mut LayerContext<'_>) {
        let _ = (mouse, cx);
    }

    /// Output that was wanted arrives.
    fn take_tail(&mut self, tail: Tail) {
        drop(tail);
    }

    fn cover(&self) -> Cover {
        Cover::Over
    }

    /// True where keys narrow the table under it.
    fn narrows(&self) -> bool {
        false
    }

    /// Draws into the whole screen, of which `body` is the room between head and foot.
    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, cx: &LayerContext<'_>) -> Cursor;

    /// Keys and what they do, for the foot.
    fn hints(&self) -> Vec<(&'static str, Text)>;
}
