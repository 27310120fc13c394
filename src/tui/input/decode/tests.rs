//! The decoder against what terminals really send, whole and in pieces.

use proptest::prelude::*;

use super::*;

fn all(bytes: &[u8]) -> Vec<Stroke> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.feed(bytes, &mut out);
    decoder.settle(&mut out);
    out
}

fn key(code: Code) -> Stroke {
    Stroke::Key(Key::plain(code))
}

#[test]
fn sequences_of_common_terminals() {
    for (bytes, code) in [
        (&b"\x1b[A"[..], Code::Up),
        (b"\x1bOB", Code::Down),
        (b"\x1b[5~", Code::PageUp),
        (b"\x1b[H", Code::Home),
        (b"\x1b[8~", Code::End),
        (b"\x1b[Z", Code::BackTab),
        (b"\x1bOP", Code::F(1)),
        (b"\x1b[[A", Code::F(1)),
        (b"\x1b[15~", Code::F(5)),
        (b"\x1b[24~", Code::F(12)),
        (b"\x7f", Code::Backspace),
        (b"\x1b", Code::Esc),
        ("土".as_bytes(), Code::Char('土')),
    ] {
        assert_eq!(all(bytes), vec![key(code)], "{bytes:?}");
    }
    assert_eq!(all(b"\x1b[1;5C"), vec![Stroke::Key(Key { code: Code::Right, mods: Mods { ctrl: true, alt: false, shift: false } })]);
    assert_eq!(all(b"\x13"), vec![Stroke::Key(Key::ctrl('s'))]);
    assert_eq!(all(b"\x1bx"), vec![Stroke::Key(alt(Key::char('x')))]);
    assert_eq!(all(b"\x1b\x1b"), vec![key(Code::Esc), key(Code::Esc)]);
    assert_eq!(all(b"\x1b[I\x1b[O"), vec![Stroke::Focus(Focus::Gained), Stroke::Focus(Focus::Lost)]);
}

#[test]
fn a_split_sequence_is_one_key_and_a_lone_escape_waits_to_be_settled() {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.feed(b"\x1b", &mut out);
    assert_eq!((out.len(), decoder.unfinished()), (0, Some(Unfinished::Escape)));
    decoder.feed(b"[", &mut out);
    assert_eq!((out.len(), decoder.unfinished()), (0, Some(Unfinished::Sequence)));
    decoder.feed(b"A", &mut out);
    assert_eq!((out.as_slice(), decoder.unfinished()), (&[key(Code::Up)][..], None));
    decoder.feed(b"\x1b", &mut out);
    decoder.settle(&mut out);
    assert_eq!(out, vec![key(Code::Up), key(Code::Esc)]);
}

#[test]
fn the_mouse_of_sgr_and_of_old() {
    let press = |column, row| Stroke::Mouse(Mouse { effect: MouseDeed::Press, column, row });
    assert_eq!(all(b"\x1b[<0;10;5M\x1b[<0;10;5m"), vec![press(9, 4)]);
    assert_eq!(all(b"\x1b[<65;1;1M"), vec![Stroke::Mouse(Mouse { effect: MouseDeed::WheelDown, column: 0, row: 0 })]);
    assert_eq!(all(b"\x1b[M !!"), vec![press(0, 0)]);
    assert_eq!(all(b"\x1b[<2;10;5M"), vec![]);
}

#[test]
fn a_paste_is_never_keys() {
    let text = "yes\r\x1b[A土";
    let bytes = format!("\x1b[200~{text}\x1b[201~q");
    assert_eq!(all(bytes.as_bytes()), vec![Stroke::Paste(text.to_owned()), Stroke::Key(Key::char('q'))]);
    // Byte by byte the same.
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    for byte in bytes.as_bytes() {
        decoder.feed(&[*byte], &mut out);
    }
    assert_eq!(out, vec![Stroke::Paste(text.to_owned()), Stroke::Key(Key::char('q'))]);
    // Without an end it ends when the reader gives up, and is bounded.
    let mut endless = b"\x1b[200~".to_vec();
    endless.resize(PASTE_MAX * 2, b'x');
    assert_eq!(all(&endless), vec![Stroke::Paste("x".repeat(PASTE_MAX))]);
}

#[test]
fn garbage_is_swallowed_and_what_follows_is_read() {
    for garbage in [&b"\x1b[999q"[..], b"\x1bOx", b"\xff\xfe", b"\x1b[<1;2M", b"\x1b[1;\x01"] {
        let mut bytes = garbage.to_vec();
        bytes.extend_from_slice(b"\x1b[Bj");
        let got = all(&bytes);
        assert!(got.ends_with(&[key(Code::Down), key(Code::Char('j'))]), "{garbage:?} {got:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_mean_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
        let whole = all(&bytes);
        let cut = cut.min(bytes.len());
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.feed(&bytes[..cut], &mut out);
        decoder.feed(&bytes[cut..], &mut out);
        decoder.settle(&mut out);
        prop_assert_eq!(whole, out);
        prop_assert!(decoder.unfinished().is_none());
    }
}
