//! The last screen of an earlier run: shown at once, marked as such, until there is anything newer.

use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};

use super::canvas::Canvas;
use super::frame::Care;
use super::glyphs::UNICODE;
use super::panes::PANES;
use super::settings::{ScreenIdentity, Settings};
use super::terminal::MouseUse;
use super::theme::Role;
use crate::model::clock::Stamp;
use crate::model::text::Lang;

/// Largest picture that is read, in bytes.
const LARGEST: usize = 256 * 1024;
/// Most rows kept.
const ROWS: usize = 200;

/// The body of the pane that was shown last, as words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastScreen {
    pub pane: String,
    pub at: Stamp,
    pub about: ScreenIdentity,
    pub setting: Setting,
    rows: Vec<String>,
}

/// What the frame around the rows was made from: as long as the config is the same, it is still so before the config is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setting {
    pub lang: Lang,
    pub theme: String,
    /// IANA's name; `None`: the machine's own.
    pub zone: Option<String>,
    pub mouse: bool,
    pub read_only: bool,
    /// The tag that stands in every frame.
    pub environment: Option<(String, Care)>,
}

impl Setting {
    /// Lays what was so in the last run over the settings of a console that has no config yet.
    pub(super) fn over(&self, mut settings: Settings) -> Settings {
        settings.lang = self.lang;
        settings.theme.clone_from(&self.theme);
        if let Some(zone) = self.zone.as_deref().and_then(|name| TimeZone::get(name).ok()) {
            settings.zone = zone;
        }
        settings.mouse = if self.mouse { MouseUse::On } else { MouseUse::Off };
        settings
    }
}

impl LastScreen {
    /// Reads what [`LastScreen::blob`] wrote; `None` for anything else.
    pub(super) fn read(blob: &[u8]) -> Option<Self> {
        if blob.len() > LARGEST {
            return None;
        }
        let frozen: Self = serde_json::from_slice(blob).ok()?;
        (frozen.rows.len() <= ROWS && PANES.iter().any(|p| p.name() == frozen.pane)).then_some(frozen)
    }

    /// Keeps rows as they were drawn. Marks of state become the mark of what is not confirmed: a state of long ago is no state.
    pub(super) fn of(pane: &str, at: Stamp, about: &ScreenIdentity, setting: Setting, rows: Vec<String>) -> Self {
        let signs = [UNICODE.good, UNICODE.warn, UNICODE.bad, UNICODE.changing, UNICODE.absent];
        let unmarked = |row: String| {
            let row = signs.iter().fold(row, |row, sign| row.replace(sign, UNICODE.unknown));
            row.replace([UNICODE.selected, UNICODE.marked].map(|s| s.chars().next().unwrap_or(' ')), " ")
        };
        let rows = rows.into_iter().take(ROWS).map(unmarked).collect();
        Self { pane: pane.to_owned(), at, about: about.clone(), setting, rows }
    }

    pub(super) fn blob(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Draws the rows dimmed.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let dim = canvas.style(Role::Dim);
        for (row, y) in self.rows.iter().zip(area.y..area.bottom()) {
            canvas.put(area.x, y, area.width, row, dim);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_without_its_states() {
        let of = |pane, rows| LastScreen::of(pane, Stamp(5), &ScreenIdentity::default(), Setting::default(), rows);
        let frozen = of("hosts", vec!["▌● yf-web-01  online".into(), "✓✖ tc-db-01".into()]);
        let back = LastScreen::read(&frozen.blob()).expect("a picture");
        assert_eq!(back, frozen);
        assert_eq!(back.rows, [" ◌ yf-web-01  online", " ◌ tc-db-01"]);
        assert_eq!(LastScreen::read(b"{}"), None);
        assert_eq!(LastScreen::read(&of("nowhere", Vec::new()).blob()), None);
        assert_eq!(LastScreen::read(&vec![b' '; LARGEST + 1]), None);
    }
}
