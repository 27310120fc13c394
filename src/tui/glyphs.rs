//! The signs that carry meaning, in Unicode and in ASCII.

use crate::tables::Mark;

/// One set of signs; every field is one column wide.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Glyphs {
    pub good: &'static str,
    pub warn: &'static str,
    pub bad: &'static str,
    pub unknown: &'static str,
    pub changing: &'static str,
    pub absent: &'static str,
    pub selected: &'static str,
    pub marked: &'static str,
    pub crumb: &'static str,
    pub open: &'static str,
    pub closed: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub line: &'static str,
    pub side: &'static str,
    /// Upper left, upper right, lower left, lower right.
    pub corners: [&'static str; 4],
    /// Heads of arrows, where a line leaves a box or a trunk, and the line of what is switched off.
    pub arrow_left: &'static str,
    pub arrow_right: &'static str,
    pub tee_down: &'static str,
    pub tee_right: &'static str,
    pub broken: &'static str,
    pub ellipsis: &'static str,
    pub enter: &'static str,
    pub dot: &'static str,
    pub spinner: &'static [&'static str],
}

pub(super) static UNICODE: Glyphs = Glyphs {
    good: "●",
    warn: "▲",
    bad: "✖",
    unknown: "◌",
    changing: "◐",
    absent: "◇",
    selected: "▌",
    marked: "✓",
    crumb: "›",
    open: "▾",
    closed: "▸",
    up: "↑",
    down: "↓",
    line: "─",
    side: "│",
    corners: ["┌", "┐", "└", "┘"],
    arrow_left: "◀",
    arrow_right: "▶",
    tee_down: "┬",
    tee_right: "├",
    broken: "╌",
    ellipsis: "…",
    enter: "⏎",
    dot: "·",
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"],
};

pub(super) static ASCII: Glyphs = Glyphs {
    good: "*",
    warn: "!",
    bad: "X",
    unknown: "?",
    changing: "~",
    absent: "o",
    selected: ">",
    marked: "+",
    crumb: ">",
    open: "v",
    closed: ">",
    up: "^",
    down: "v",
    line: "-",
    side: "|",
    corners: ["+", "+", "+", "+"],
    arrow_left: "<",
    arrow_right: ">",
    tee_down: "+",
    tee_right: "+",
    broken: ".",
    ellipsis: "~",
    enter: "Enter",
    dot: ".",
    spinner: &["|", "/", "-", "\\"],
};

impl Glyphs {
    pub(super) fn mark(&self, mark: Mark) -> &'static str {
        match mark {
            Mark::Bad => self.bad,
            Mark::Warn => self.warn,
            Mark::Absent => self.absent,
            Mark::Changing => self.changing,
            Mark::Unknown => self.unknown,
            Mark::Good => self.good,
            Mark::None => " ",
        }
    }
}

/// What stands for a character that an ASCII terminal cannot show.
pub(super) fn ascii_of(grapheme: &str) -> &'static str {
    match grapheme {
        "…" | "◐" => "~",
        "›" | "→" | "▸" | "≥" => ">",
        "←" | "↔" => "<",
        "●" => "*",
        "▲" => "!",
        "✖" => "X",
        "◇" => "o",
        "↑" => "^",
        "↓" => "v",
        "─" | "—" | "–" | "∞" => "-",
        "│" => "|",
        "·" | "•" => ".",
        "×" => "x",
        "█" | "▇" | "▆" | "▅" => "#",
        "▄" | "▃" | "▂" | "▁" => "_",
        _ => "?",
    }
}
