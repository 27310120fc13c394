//! Output that goes on: logs of containers, an inspection, a run's steps. Follows, stops, and finds words.
//!
//! ```text
//!  logs web (12 containers, 3 hosts)   following   /timeout  3 of 41     dropped 0
//!  14:01:58 yf-web-02/web-3  request 8812 in 12 ms
//!  14:01:59 tc-web-04/web-7  upstream timeout after 5 s
//! ```

use std::cell::Cell;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::encode::Cursor;
use super::super::input::{Code, Key, Mouse, MouseDeed};
use super::super::theme::Role;
use super::super::widgets::input::Entry;
use super::{Cover, Deed, Desk, Layer};
use crate::engine::{Tail, TailLine, TailText};
use crate::model::clock::Stamp;
use crate::model::text::{Lang, Text, cut_middle, width};

/// Most columns of a line's source.
const SOURCE_MAX: u16 = 28;

/// A box over a tail.
#[derive(Debug)]
pub(in crate::tui) struct LogBox {
    title: String,
    source: Source,
    /// The first line shown while not following.
    top: Cell<usize>,
    page: Cell<usize>,
    following: bool,
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
    Still(Arc<TailText>),
}

/// Whether the newest line is kept in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Follow {
    Newest,
    FromTop,
}

impl LogBox {
    pub(in crate::tui) fn new(title: String, follow: Follow) -> Self {
        Self {
            title,
            source: Source::Awaited,
            top: Cell::new(0),
            page: Cell::new(1),
            following: follow == Follow::Newest,
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
            Source::Still(text) => Arc::clone(text),
        }
    }

    fn scroll(&mut self, lines: isize) {
        let count = self.text().lines;
        let last = count.saturating_sub(self.page.get());
        let top = if self.following { last } else { self.top.get() };
        let next = top.saturating_add_signed(lines).min(last);
        self.following = lines > 0 && next == last && count > 0;
        self.top.set(next);
    }

    /// Goes to the next line, or the one before, that has the word.
    fn seek(&mut self, direction: Seek) {
        if self.search.is_empty() {
            return;
        }
        let text = self.text();
        let needle = self.search.to_lowercase();
        let hits: Vec<usize> =
            lines(&text).enumerate().filter(|(_, l)| l.text.to_lowercase().contains(&needle)).map(|(at, _)| at).collect();
        let top = if self.following { text.lines.saturating_sub(self.page.get()) } else { self.top.get() };
        let next = match direction {
            Seek::Next => hits.iter().find(|at| **at > top).or(hits.first()),
            Seek::Before => hits.iter().rev().find(|at| **at < top).or(hits.last()),
        };
        if let Some(at) = next {
            self.following = false;
            self.top.set(*at);
        }
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
    fn key(&mut self, key: &Key, desk: &mut Desk<'_>) {
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
                }
                _ => {
                    entry.key(key);
                    entry.text().clone_into(&mut self.search);
                }
            }
            return;
        }
        let page = isize::try_from(self.page.get()).unwrap_or(1);
        match key.code {
            Code::Esc | Code::Char('q') => desk.deeds.push(Deed::Close),
            Code::Char('/') => self.typing = Some(Entry::default()),
            Code::Char('f') => self.following = !self.following,
            Code::Char('n') => self.seek(Seek::Next),
            Code::Char('N') => self.seek(Seek::Before),
            Code::Char('j') | Code::Down => self.scroll(1),
            Code::Char('k') | Code::Up => self.scroll(-1),
            Code::PageDown | Code::Char(' ') => self.scroll(page),
            Code::PageUp => self.scroll(-page),
            Code::Char('g') | Code::Home => self.scroll(isize::MIN),
            Code::Char('G') | Code::End => self.following = true,
            Code::Right => self.aside = (self.aside + 16).min(16_384),
            Code::Left => self.aside = self.aside.saturating_sub(16),
            Code::Char('c') => {
                let text = self.text();
                let all: Vec<String> = lines(&text).map(|l| l.text.to_string()).collect();
                desk.deeds.push(Deed::Copy(all.join("\n")));
            }
            _ => {}
        }
    }

    fn paste(&mut self, text: &str, _: &mut Desk<'_>) {
        if let Some(entry) = &mut self.typing {
            entry.paste(text);
            entry.text().clone_into(&mut self.search);
        }
    }

    fn mouse(&mut self, mouse: Mouse, _: &mut Desk<'_>) {
        match mouse.deed {
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

    fn draw(&self, canvas: &mut Canvas<'_>, body: Rect, desk: &Desk<'_>) -> Cursor {
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
        let last = text.lines.saturating_sub(page);
        let top = if self.following { last } else { self.top.get().min(last) };
        let shown: Vec<&TailLine> = lines(&text).skip(top).take(page).collect();
        let source = shown.iter().map(|l| u16::try_from(width(&l.source)).unwrap_or(SOURCE_MAX)).max().unwrap_or(0).min(SOURCE_MAX);
        for (line, y) in shown.iter().zip(area.y..) {
            self.draw_line(canvas, Rect::new(area.x, y, area.width, 1), line, source, &desk.moment.zone);
        }
        cursor
    }

    fn hints(&self) -> Vec<(&'static str, Text)> {
        vec![
            ("Esc", Text::new("back", "返回")),
            ("f", Text::new("follow", "跟随")),
            ("/", Text::new("find", "查找")),
            ("n N", Text::new("next, before", "下一个、上一个")),
            ("← →", Text::new("aside", "左右")),
            ("c", Text::new("copy", "复制")),
        ]
    }
}

impl LogBox {
    fn draw_head(&self, canvas: &mut Canvas<'_>, body: Rect, text: &TailText) -> Cursor {
        let en = canvas.look.lang == Lang::En;
        let state = match (&self.source, text.ended, self.following) {
            (Source::Awaited, ..) => {
                if en {
                    "waiting"
                } else {
                    "等待中"
                }
            }
            (_, true, _) => {
                if en {
                    "ended"
                } else {
                    "已结束"
                }
            }
            (_, _, true) => {
                if en {
                    "following"
                } else {
                    "跟随中"
                }
            }
            (_, _, false) => {
                if en {
                    "held"
                } else {
                    "已停住"
                }
            }
        };
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
        x += canvas.put(x, body.y, edge.saturating_sub(x), state, state_style) + 2;
        let accent = canvas.style(Role::Accent);
        if let Some(entry) = &self.typing {
            canvas.put(x, body.y, 1, "/", accent);
            return Some(entry.draw(canvas, (x + 1, body.y), edge.saturating_sub(x + 1), accent));
        }
        if !self.search.is_empty() {
            let needle = self.search.to_lowercase();
            let hits = lines(text).filter(|l| l.text.to_lowercase().contains(&needle)).count();
            let words = if en { format!("/{}  {hits} found", self.search) } else { format!("/{}  {hits} 处", self.search) };
            canvas.put(x, body.y, edge.saturating_sub(x), &words, accent);
        }
        None
    }

    fn draw_line(&self, canvas: &mut Canvas<'_>, area: Rect, line: &TailLine, source: u16, zone: &jiff::tz::TimeZone) {
        let dim = canvas.style(Role::Dim);
        let mut x = area.x + 1;
        if let Some(at) = line.at {
            x += canvas.put(x, area.y, 8, &clock_of(at, zone), dim) + 1;
        }
        if source > 0 {
            let name = canvas.style(Role::Name);
            canvas.put_cut(x, area.y, source, &line.source, name);
            x += source + 1;
        }
        let style = canvas.style(if line.is_error { Role::Warn } else { Role::Text });
        let found = canvas.style(Role::Match);
        let words: String = line.text.chars().skip(self.aside).collect();
        let room = area.right().saturating_sub(x);
        let needle = self.search.to_lowercase();
        let lower = words.to_lowercase();
        // Lowering may change lengths; then nothing is highlighted rather than the wrong words.
        if needle.is_empty() || lower.len() != words.len() {
            canvas.put(x, area.y, room, &words, style);
            return;
        }
        let (mut at, mut used) = (0, 0);
        while let Some(hit) = lower[at..].find(&needle) {
            let (from, to) = (at + hit, at + hit + needle.len());
            if !words.is_char_boundary(from) || !words.is_char_boundary(to) {
                break;
            }
            used += canvas.put(x + used, area.y, room.saturating_sub(used), &words[at..from], style);
            used += canvas.put(x + used, area.y, room.saturating_sub(used), &words[from..to], found);
            at = to;
        }
        canvas.put(x + used, area.y, room.saturating_sub(used), &words[at..], style);
    }
}

/// `14:01:58` in the person's zone.
fn clock_of(at: Stamp, zone: &jiff::tz::TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".to_owned(), |t| t.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::super::super::canvas::Charset;
    use super::super::super::canvas::tests::{look, rows_of};
    use super::super::super::testing::{NOW, desk_of};
    use super::*;

    fn text(count: usize) -> Arc<TailText> {
        let line = |n: usize| TailLine {
            at: Some(NOW),
            source: "h/web-1".into(),
            is_error: n % 2 == 1,
            text: format!("line {n} ok\u{1b}[2J {}", if n % 10 == 3 { "Timeout" } else { "" }).into(),
        };
        let chunks = (0..count).map(line).collect::<Vec<_>>().chunks(7).map(|c| Arc::new(c.to_vec())).collect();
        Arc::new(TailText { chunks, lines: count, dropped: 2, faults: Vec::new(), ended: false })
    }

    fn shown(log: &LogBox) -> Vec<String> {
        let look = look(Lang::En, Charset::Unicode);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 70, 6));
        desk_of(|desk| {
            log.draw(&mut Canvas { buffer: &mut buffer, look: &look }, Rect::new(0, 0, 70, 6), desk);
        });
        rows_of(&buffer)
    }

    #[test]
    fn it_follows_stops_when_scrolled_and_finds_words() {
        let mut log = LogBox::new("logs web".into(), Follow::Newest);
        log.source = Source::Still(text(100));
        let rows = shown(&log);
        assert!(rows[0].contains("following") && rows[0].ends_with("100 lines  dropped 2"), "{}", rows[0]);
        assert!(rows[5].contains("h/web-1 line 99 ok\u{FFFD}[2J"), "{}", rows[5]);
        desk_of(|desk| log.key(&Key::char('k'), desk));
        let rows = shown(&log);
        assert!(rows[0].contains("held") && rows[5].contains("line 98"), "{rows:?}");
        desk_of(|desk| {
            for c in "/timeout".chars() {
                log.key(&Key::char(c), desk);
            }
            log.key(&Key::plain(Code::Enter), desk);
        });
        let rows = shown(&log);
        assert!(rows[0].contains("/timeout  10 found"), "{}", rows[0]);
        assert!(rows[1].contains("Timeout"), "{rows:?}");
        desk_of(|desk| log.key(&Key::char('G'), desk));
        assert!(shown(&log)[5].contains("line 99"));
    }
}
