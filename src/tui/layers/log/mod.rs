//! Output that goes on: logs of containers, an inspection, a run's steps. Follows, stops, and finds words.
//!
//! ```text
//!  logs web (12 containers, 3 hosts)   following   /timeout  3 of 41     dropped 0
//!  14:01:58 yf-web-02/web-3  request 8812 in 12 ms
//!  14:01:59 tc-web-04/web-7  upstream timeout after 5 s
//! ```

mod row;

use std::cell::Cell;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::encode::Cursor;
use super::super::input::{Code, Key, Mouse, MouseDeed};
use super::super::theme::Role;
use super::super::widgets::input::Entry;
use super::super::widgets::pager::fold;
use super::{Cover, Layer, LayerContext, LayerEffect};
use crate::engine::{Tail, TailLine, TailText};
use crate::model::text::{Lang, Text, cut_middle, width};
use row::{Margin, draw_words};

/// Most columns of a line's source; on narrow terminals a quarter of them.
const SOURCE_MAX: u16 = 28;

/// A box over a tail.
#[derive(Debug)]
pub(in crate::tui) struct LogBox {
    title: String,
    source: Source,
    /// The first line shown while not following.
    top: Cell<usize>,
    page: Cell<usize>,
    /// The first line shown while following.
    last: Cell<usize>,
    kind: Follow,
    following: bool,
    long: Long,
    only: Only,
    /// The line that was found last.
    found: Option<usize>,
    /// Columns scrolled to the right.
    aside: usize,
    search: String,
    typing: Option<Entry>,
}

/// Where the text comes from.
#[derive(Debug)]
enum Source {
    /// Asked for, not there yet.
    Awaited,
    Tail(Tail),
    /// A text that does not change; only tests have one.
    #[cfg(test)]
    Headless(Arc<TailText>),
}

/// Whether the newest line is kept in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Follow {
    Newest,
    FromTop,
}

/// What becomes of lines that are longer than the screen is wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Long {
    Cut,
    Folded,
}

/// Which lines are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    All,
    Found,
}

impl LogBox {
    pub(in crate::tui) fn new(title: String, follow: Follow) -> Self {
        Self {
            title,
            source: Source::Awaited,
            top: Cell::new(0),
            page: Cell::new(1),
            last: Cell::new(0),
            kind: follow,
            following: follow == Follow::Newest,
            long: Long::Cut,
            only: Only::All,
            found: None,
            aside: 0,
            search: String::new(),
            typing: None,
        }
    }

    fn text(&self) -> Arc<TailText> {
        match &self.source {
            Source::Awaited => Arc::default(),
            Source::Tail(tail) => Arc::clone(&tail.text.borrow()),
            #[cfg(test)]
            Source::Headless(text) => Arc::clone(text),
        }
    }

    fn scroll(&mut self, lines: isize) {
        let last = self.last.get();
        let top = if self.following { last } else { self.top.get() };
        let next = top.saturating_add_signed(lines).min(last);
        self.following = lines > 0 && next == last && self.text().lines > 0;
        self.top.set(next);
    }

    fn has_word(&self, line: &TailLine) -> bool {
        !self.search.is_empty() && line.text.to_lowercase().contains(&self.search.to_lowercase())
    }

    /// The lines that are to be looked at.
    fn seen<'t>(&self, text: &'t TailText) -> Vec<&'t TailLine> {
        let all = self.only == Only::All || self.search.is_empty();
        lines(text).filter(|line| all || self.has_word(line)).collect()
    }

    /// Shows only what has the word, or all again, and keeps to the newest.
    fn turn_only(&mut self) {
        self.only = if self.only == Only::All { Only::Found } else { Only::All };
        self.found = None;
        self.following = self.kind == Follow::Newest;
        self.top.set(0);
    }

    /// Goes to the next line, or the one before, that has the word.
    fn seek(&mut self, direction: Seek) {
        if self.search.is_empty() {
            return;
        }
        let text = self.text();
        let hits = self.hits(&text);
        let from = self.found.unwrap_or_else(|| if self.following { usize::MAX } else { self.top.get() });
        let next = match direction {
            Seek::Next => hits.iter().find(|at| **at > from).or(hits.first()),
            Seek::Before => hits.iter().rev().find(|at| **at < from).or(hits.last()),
        };
        if let Some(at) = next {
            self.following = false;
            self.found = Some(*at);
            // Already in sight: the picture stands still.
            let top = self.top.get().min(self.last.get());
            if !(top..top + self.page.get()).contains(at) {
                self.top.set(at.saturating_sub(self.page.get() / 3));
            }
        }
    }

    /// Places of the lines that have the word, among those that are seen.
    fn hits(&self, text: &TailText) -> Vec<usize> {
        self.seen(text).iter().enumerate().filter(|(_, line)| self.has_word(line)).map(|(at, _)| at).collect()
    }
}

#[derive(Clone, Copy)]
enum Seek {
    Next,
    Before,
}

fn lines(text: &TailText) -> impl Iterator<Item = &TailLine> {
    text.chunks.iter().flat_map(|chunk| chunk.iter())
}

impl Layer for LogBox {
    fn key(&mut self, key: &Key, cx: &mut LayerContext<'_>) {
        if let Some(entry) = &mut self.typing {
            match key.code {
                Code::Enter => {
                    entry.text().clone_into(&mut self.search);
                    self.typing = None;
                    self.seek(Seek::Before);
                }
                Code::Esc => {
                    self.typing = None;
                    self.search.clear();
                    (self.found, self.only) = (None, Only::All);
                }
                _ => {
                    entry.key(key);
                    entry.text().clone_into(&mut self.search);
                    self.found = None;
                }
            }
            return;
        }
        let page = isize::try_from(self.page.get()).unwrap_or(1);
        match key.code {
            Code::Esc | Code::Char('q') => cx.effects.push(LayerEffect::Close),
            Code::Char('/') => self.typing = Some(Entry::default()),
            Code::Char('f') if self.following => {
                self.top.set(self.last.get());
                self.following = false;
            }
            Code::Char('w') => self.long = if self.long == Long::Cut { Long::Folded } else { Long::Cut },
            Code::Char('o') => self.turn_only(),
            Code::Char('n') => self.seek(Seek::Next),
            Code::Char('N') => self.seek(Seek::Before),
            Code::Char('j') | Code::Down => self.scroll(1),
            Code::Char('k') | Code::Up => self.scroll(-1),
            Code::PageDown | Code::Char(' ') => self.scroll(page),
            Code::PageUp => self.scroll(-page),
            Code::Char('g') | Code::Home => self.scroll(isize::MIN),
            Code::Char('f' | 'G') | Code::End => self.following = true,
            Code::Right => self.aside = (self.aside + 16).min(16_384),
            Code::Left => self.aside = self.aside.saturating_sub(16),
            Code::Char('c') => {
                let text = self.text();
                let all: Vec<String> = lines(&text).map(|l| l.text.to_string()).collect();
                cx.effects.push(LayerEffect::Copy(all.join("\n")));
            }
            _ => {}
        }
    }

    fn paste(&mut self, text: &str, _: &mut LayerContext<'_>) {
        if let Some(entry) = &mut self.typing {
            entry.paste(text);
            entry.text().clone_into(&mut self.search);
        }
    }

    fn mouse(&mut self, mouse: Mouse, _: &mut LayerContext<'_>) {
        match mouse.effect {
            MouseDeed::WheelUp => self.scroll(-3),
            MouseDeed::WheelDown => self.scroll(3),
            MouseDeed::Press => {}
        }
    }

    fn take_tail(&mut self, tail: Tail) {
        self.source = Source::Tail(tail);
    }

    fn cover(&self) -> Cover {
        Cover::Body
    }

    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, cx: &LayerContext<'_>) -> Cursor {
        canvas.clear(body, canvas.style(Role::Text));
        if body.height < 3 {
            return None;
        }
        let text = self.text();
        let cursor = self.draw_head(canvas, body, &text);
        let mut area = Rect::new(body.x, body.y + 1, body.width, body.height - 1);
        for fault in text.faults.iter().take(3) {
            let words = format!("{} {}: {}", canvas.look.glyphs.bad, fault.endpoint, fault.cause.get(canvas.look.lang));
            let style = canvas.style(Role::Bad);
            canvas.put(area.x + 1, area.y, area.width.saturating_sub(1), &words, style);
            area = Rect::new(area.x, area.y + 1, area.width, area.height.saturating_sub(1));
        }
        let page = usize::from(area.height);
        self.page.set(page.max(1));
        let seen = self.seen(&text);
        let first = seen.len().saturating_sub(page);
        let top = if self.following { first } else { self.top.get().min(first) };
        let most = SOURCE_MAX.min(area.width / 4);
        let sources = seen[top..].iter().take(page).map(|l| u16::try_from(width(&l.source)).unwrap_or(most));
        let margin = Margin { source: sources.max().unwrap_or(0).min(most), zone: &cx.moment.zone };
        // Of folded lines fewer fit: as many of the newest as there is room for.
        let mut room = page;
        let fit = seen[first..].iter().rev().take_while(|line| {
            let high = self.rows_of(line, margin.room(area.width, line)).len();
            let fits = high <= room;
            room = room.saturating_sub(high);
            fits
        });
        let last = seen.len() - fit.count().max(1).min(seen.len());
        self.last.set(last);
        let top = if self.following { last } else { self.top.get().min(last) };
        let mut y = area.y;
        for (line, at) in seen[top..].iter().zip(top..) {
            let mark = match (self.found == Some(at), line.is_error) {
                (true, _) => canvas.look.glyphs.selected,
                // Without colours too it is seen what went to stderr.
                (false, true) => "!",
                (false, false) => "",
            };
            let style = canvas.style(if line.is_error { Role::Warn } else { Role::Text });
            canvas.put(area.x, y, 1, mark, style);
            let x = margin.draw(canvas, (area.x, y), line);
            let room = margin.room(area.width, line);
            for words in self.rows_of(line, room) {
                if y >= area.bottom() {
                    break;
                }
                draw_words(canvas, Rect::new(x, y, room, 1), (&words, &self.search), style);
                y += 1;
            }
            if y >= area.bottom() {
                break;
            }
        }
        cursor
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        let follow = (self.kind == Follow::Newest).then(|| ("f", Text::new("follow", "跟随")));
        let only = (!self.search.is_empty()).then(|| ("o", Text::new("only found", "仅看匹配")));
        let mut hints = vec![("Esc", Text::new("back", "返回"))];
        hints.extend(follow);
        hints.extend([("/", Text::new("find", "查找")), ("n N", Text::new("next, before", "下一个、上一个"))]);
        hints.extend(only);
        hints.extend([("w", Text::new("wrap", "折行")), ("← →", Text::new("aside", "左右")), ("c", Text::new("copy", "复制"))]);
        hints
    }
}

impl LogBox {
    fn draw_head(&self, canvas: &mut Canvas<'_>, body: Rect, text: &TailText) -> Cursor {
        let en = canvas.look.lang == Lang::En;
        let state = match (&self.source, text.ended, self.following) {
            (Source::Awaited, ..) => Text::new("waiting", "等待中"),
            // A text that stands still neither ends nor is held.
            _ if self.kind == Follow::FromTop => Text::new("", ""),
            (_, true, _) => Text::new("ended", "已结束"),
            (_, _, true) => Text::new("following", "跟随中"),
            (_, _, false) => Text::new("held", "已停住"),
        };
        let state = state.get(canvas.look.lang);
        let mut right = if en { format!("{} lines", text.lines) } else { format!("{} 行", text.lines) };
        if text.dropped > 0 {
            right = if en { format!("{right}  dropped {}", text.dropped) } else { format!("{right}  丢弃 {}", text.dropped) };
        }
        let dim = canvas.style(Role::Dim);
        let edge = canvas.put_right(body.right().saturating_sub(1), body.y, body.width / 2, &right, dim);
        let head = canvas.style(Role::Head);
        let room = edge.saturating_sub(body.x + 2);
        let title = cut_middle(&self.title, usize::from(room) / 2);
        let mut x = body.x + 1 + canvas.put(body.x + 1, body.y, room, &title, head) + 2;
        let state_style = canvas.style(if self.following && !text.ended { Role::Good } else { Role::Changing });
        let used = canvas.put(x, body.y, edge.saturating_sub(x), state, state_style);
        x += if used > 0 { used + 2 } else { 0 };
        let accent = canvas.style(Role::Accent);
        if let Some(entry) = &self.typing {
            canvas.put(x, body.y, 1, "/", accent);
            return Some(entry.draw(canvas, (x + 1, body.y), edge.saturating_sub(x + 1), accent));
        }
        if !self.search.is_empty() {
            let hits = self.hits(text);
            let all = hits.len();
            let found = self.found.map(|found| hits.partition_point(|at| *at <= found));
            let count = match (found, en) {
                (Some(nth), true) => format!("{nth} of {all}"),
                (Some(nth), false) => format!("{nth} / {all}"),
                (None, true) => format!("{all} found"),
                (None, false) => format!("{all} 处"),
            };
            let only = match (self.only, en) {
                (Only::All, _) => "",
                (Only::Found, true) => "  only",
                (Only::Found, false) => "  仅此",
            };
            let words = format!("/{}  {count}{only}", self.search);
            canvas.put(x, body.y, edge.saturating_sub(x + 2), &words, accent);
        }
        None
    }

    /// The words of a line as the rows that they are shown on.
    fn rows_of(&self, line: &TailLine, room: u16) -> Vec<String> {
        match self.long {
            Long::Cut => vec![line.text.chars().skip(self.aside).collect()],
            Long::Folded => fold(&line.text, usize::from(room.max(8))),
        }
    }
}

#[cfg(test)]
mod tests;
