//! Lines that scroll, with words in them found: describe, why, help.

use std::cell::Cell;

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::input::{Code, Key};
use super::super::theme::Role;
use super::describe::Said;
use crate::model::text::width;

/// Labels wider than this are cut.
const LABEL_MAX: u16 = 30;

/// Where a pile of lines is scrolled to.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Scroll {
    top: Cell<usize>,
    page: Cell<usize>,
}

impl Scroll {
    /// Takes a key of scrolling; false for any other.
    pub(in crate::tui) fn key(&self, key: &Key) -> bool {
        let page = self.page.get().max(1);
        let top = self.top.get();
        self.top.set(match key.code {
            Code::Down | Code::Char('j') if !key.mods.ctrl => top.saturating_add(1),
            Code::Up | Code::Char('k') if !key.mods.ctrl => top.saturating_sub(1),
            Code::PageDown | Code::Char(' ') => top.saturating_add(page),
            Code::PageUp => top.saturating_sub(page),
            Code::Home | Code::Char('g') => 0,
            Code::End | Code::Char('G') => usize::MAX,
            _ => return false,
        });
        true
    }

    /// The first line to show of so many, kept within them.
    pub(in crate::tui) fn settle(&self, lines: usize, page: usize) -> usize {
        self.page.set(page);
        let top = self.top.get().min(lines.saturating_sub(page));
        self.top.set(top);
        top
    }
}

/// Draws label and words of each line, words folded over as many rows as they need.
pub(in crate::tui) fn draw(canvas: &mut Canvas<'_>, area: Rect, lines: &[Said], scroll: &Scroll) {
    if area.width < 8 || area.height == 0 {
        return;
    }
    let widest = lines.iter().map(|l| u16::try_from(width(&l.label)).unwrap_or(LABEL_MAX)).max().unwrap_or(0);
    let label = widest.min(LABEL_MAX).min(area.width / 2);
    let gap = if label == 0 { 0 } else { 2 };
    let room = area.width - label - gap;
    let folded: Vec<(&str, String, &Said)> = lines
        .iter()
        .flat_map(|line| {
            fold(&line.words, usize::from(room))
                .into_iter()
                .enumerate()
                .map(move |(at, words)| (if at == 0 { line.label.as_str() } else { "" }, words, line))
        })
        .collect();
    let page = usize::from(area.height);
    let top = scroll.settle(folded.len(), page);
    let dim = canvas.style(Role::Dim);
    for (at, (name, words, line)) in folded.iter().skip(top).take(page).enumerate() {
        let y = area.y + u16::try_from(at).unwrap_or(0);
        canvas.put_cut(area.x, y, label, name, dim);
        let style = canvas.look.theme.tone(line.tone);
        canvas.put(area.x + label + gap, y, room, words, style);
    }
    let below = folded.len().saturating_sub(top + page);
    if below > 0 {
        let words = format!("{} {below}", canvas.look.glyphs.down);
        canvas.put_right(area.right(), area.bottom() - 1, area.width, &words, dim);
    }
}

/// Words over rows of `room` columns, broken at spaces where there are any.
pub(in crate::tui) fn fold(words: &str, room: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0;
    for part in parts(words) {
        let wide = width(part);
        if used > 0 && used + width(part.trim_end()) > room {
            rows.push(String::new());
            used = 0;
        }
        if wide <= room {
            if let Some(row) = rows.last_mut() {
                row.push_str(part);
            }
            used += wide;
            continue;
        }
        for c in part.chars() {
            let wide = width(c.encode_utf8(&mut [0; 4]));
            if used + wide > room {
                rows.push(String::new());
                used = 0;
            }
            if let Some(row) = rows.last_mut() {
                row.push(c);
            }
            used += wide;
        }
    }
    rows
}

/// Where a line may be broken: after a space, and on either side of a wide character, of which Chinese has no spaces between.
/// What closes (`）`, `，`) stays with what stands before it.
fn parts(words: &str) -> impl Iterator<Item = &str> {
    let mut rest = words;
    std::iter::from_fn(move || {
        let mut before: Option<char> = None;
        let end = rest.char_indices().find_map(|(at, c)| {
            let here =
                before.replace(c).is_some_and(|b| b == ' ' || ((is_wide(b) || is_wide(c)) && !CLOSING.contains(c) && !OPENING.contains(b)));
            here.then_some(at)
        });
        let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

/// What does not begin a row, and what does not end one.
const CLOSING: &str = "，。、；：？！）】》”’ ";
const OPENING: &str = "（【《“‘";

fn is_wide(c: char) -> bool {
    width(c.encode_utf8(&mut [0; 4])) > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_at_spaces_and_long_ones_anywhere() {
        assert_eq!(fold("check the network of tc", 11), ["check the ", "network of ", "tc"]);
        assert_eq!(fold("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(fold("土城数据中心", 5), ["土城", "数据", "中心"]);
        assert_eq!(fold("", 5), [""]);
        // Chinese fills the row, and no row begins with what closes.
        assert_eq!(fold("缩略图：2 个异常退出（137）（tc-web-05）", 16), ["缩略图：2 个异常", "退出（137）", "（tc-web-05）"]);
        assert_eq!(fold("土城，永丰", 4), ["土", "城，", "永丰"]);
    }

    #[test]
    fn scrolling_stays_within_the_lines() {
        let scroll = Scroll::default();
        assert_eq!(scroll.settle(10, 4), 0);
        assert!(scroll.key(&Key::char('G')));
        assert_eq!(scroll.settle(10, 4), 6);
        assert!(scroll.key(&Key::plain(Code::PageUp)));
        assert_eq!(scroll.settle(10, 4), 2);
        assert!(!scroll.key(&Key::char('z')));
    }
}
