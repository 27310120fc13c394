//! Decoding of logs, however the bytes arrive.

use super::*;

fn frame(stream: u8, text: &str) -> Vec<u8> {
    let mut out = vec![stream, 0, 0, 0];
    out.extend(u32::try_from(text.len()).expect("length").to_be_bytes());
    out.extend(text.as_bytes());
    out
}

fn decode(framing: Framing, times: Times, bytes: &[u8], size: usize) -> Vec<LogLine> {
    let mut decoder = Decoder::new(framing, times);
    let mut out = Vec::new();
    for chunk in bytes.chunks(size) {
        let mut pending = Bytes::copy_from_slice(chunk);
        while let Some(line) = decoder.decode(&mut pending).expect("decodes") {
            out.push(line);
        }
    }
    while let Some(line) = decoder.finish() {
        out.push(line);
    }
    out
}

#[test]
fn frames_are_decoded_at_every_split() {
    let mut bytes = frame(1, "2026-11-23T03:32:21.123456789Z one\n");
    bytes.extend(frame(2, "2026-11-23T03:32:22Z two"));
    bytes.extend(frame(1, "2026-11-23T03:32:23Z three\n2026-11-23T03:32:24Z four\n"));
    // The rest of a long line carries a time of its own, which belongs to nobody.
    bytes.extend(frame(2, "2026-11-23T03:32:25.5Z  and a half\n"));
    for size in 1..=bytes.len() {
        let lines = decode(Framing::Framed, Times::Each, &bytes, size);
        let base = 1_795_404_700_000;
        let shown: Vec<_> = lines.iter().map(|l| (l.stream, &*l.text, l.at.map(|at| at.0 - base))).collect();
        let wanted = [
            (LogSource::Stdout, "one", Some(41_123)),
            (LogSource::Stdout, "three", Some(43_000)),
            (LogSource::Stdout, "four", Some(44_000)),
            (LogSource::Stderr, "two and a half", Some(42_000)),
        ];
        assert_eq!(shown, wanted, "size {size}");
    }
}

#[test]
fn a_terminal_is_raw_even_where_it_looks_like_a_frame() {
    let lines = decode(Framing::Raw, Times::None, b"\x01\x00\x00\x00\x00\x00\x00\x02ab\r\nnext\r\n", 3);
    assert_eq!(lines.iter().map(|l| l.stream).collect::<Vec<_>>(), [LogSource::Console; 2]);
    assert_eq!(lines[1].text, "next");
}

#[test]
fn a_line_of_many_frames_is_cut_once() {
    let mut bytes = Vec::new();
    for _ in 0..40 {
        bytes.extend(frame(1, &"x".repeat(1000)));
    }
    bytes.extend(frame(1, "end\nnext\n"));
    let lines = decode(Framing::Framed, Times::None, &bytes, 4096);
    assert_eq!(lines.iter().map(|l| (l.text.len(), l.truncated)).collect::<Vec<_>>(), [(MOST_LINE, true), (4, false)]);
}

#[test]
fn garbage_and_the_engines_own_error_are_told() {
    let mut decoder = Decoder::new(Framing::Framed, Times::None);
    let why = decoder.decode(&mut Bytes::from_static(b"<html>no</html>")).expect_err("garbage");
    assert!(why.contains("does not begin with a frame"), "{why}");
    let mut decoder = Decoder::new(Framing::Framed, Times::None);
    let why = decoder.decode(&mut Bytes::from(frame(3, "error grabbing logs: disk"))).expect_err("error");
    assert!(why.contains("error grabbing logs: disk"), "{why}");
}

#[test]
fn times_are_asked_for_in_seconds_with_a_fraction() {
    assert_eq!(seconds("since", Stamp(1_795_404_741_123)), "&since=1795404741.123000000");
}
