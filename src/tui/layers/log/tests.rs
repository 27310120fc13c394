//! What a box over a tail shows, and what its keys do.

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
    desk_of(|cx| {
        log.draw(&mut Canvas { buffer: &mut buffer, look: &look }, Rect::new(0, 0, 70, 6), cx);
    });
    rows_of(&buffer)
}

#[test]
fn it_follows_stops_when_scrolled_and_finds_words() {
    let mut log = LogBox::new("logs web".into(), Follow::Newest);
    log.source = Source::Headless(text(100));
    let rows = shown(&log);
    assert!(rows[0].contains("following") && rows[0].ends_with("100 lines  dropped 2"), "{}", rows[0]);
    assert!(rows[5].contains("h/web-1 line 99 ok\u{FFFD}[2J"), "{}", rows[5]);
    desk_of(|cx| log.key(&Key::char('k'), cx));
    let rows = shown(&log);
    assert!(rows[0].contains("held") && rows[5].contains("line 98"), "{rows:?}");
    desk_of(|cx| {
        for c in "/timeout".chars() {
            log.key(&Key::char(c), cx);
        }
        log.key(&Key::plain(Code::Enter), cx);
    });
    let rows = shown(&log);
    assert!(rows[0].contains("/timeout  10 of 10"), "{}", rows[0]);
    assert!(rows.iter().any(|row| row.starts_with('▌') && row.contains("Timeout")), "{rows:?}");
    desk_of(|cx| log.key(&Key::char('N'), cx));
    assert!(shown(&log)[0].contains("9 of 10"), "{:?}", shown(&log));
    desk_of(|cx| log.key(&Key::char('G'), cx));
    assert!(shown(&log)[5].contains("line 99"));
}

#[test]
fn only_what_is_found_is_shown_where_that_is_wanted() {
    let mut log = LogBox::new("logs web".into(), Follow::Newest);
    log.source = Source::Headless(text(100));
    desk_of(|cx| {
        for c in "/timeout".chars() {
            log.key(&Key::char(c), cx);
        }
        log.key(&Key::plain(Code::Enter), cx);
        log.key(&Key::char('o'), cx);
    });
    let rows = shown(&log);
    assert!(rows[0].contains("only"), "{}", rows[0]);
    assert!(rows[1..].iter().all(|row| row.contains("Timeout")) && rows[5].contains("line 93"), "{rows:?}");
    desk_of(|cx| log.key(&Key::char('o'), cx));
    assert!(shown(&log)[5].contains("line 99"));
}

#[test]
fn long_lines_are_cut_with_a_sign_or_folded_and_the_newest_stays_in_sight() {
    let line =
        |n: usize| TailLine { at: Some(NOW), source: "".into(), is_error: n == 2, text: format!("{n} {}", "word ".repeat(30)).into() };
    let text = TailText { chunks: [Arc::new((0..3).map(line).collect::<Vec<_>>())].into(), lines: 3, ..TailText::default() };
    let mut log = LogBox::new("logs web".into(), Follow::Newest);
    log.source = Source::Headless(Arc::new(text));
    let rows = shown(&log);
    assert!(rows[1].contains(" 0 word") && rows[1].ends_with('…') && rows[3].contains(" 2 word"), "{rows:?}");
    assert!(rows[3].starts_with('!') && !rows[1].starts_with('!'), "stderr is marked without colours: {rows:?}");
    desk_of(|cx| log.key(&Key::char('w'), cx));
    let rows = shown(&log);
    assert!(rows[1].contains(" 2 word") && rows[2].trim_start().starts_with("word") && !rows[1].ends_with('…'), "{rows:?}");
}
