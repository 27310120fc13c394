//! The clipboard of the person's own terminal, through OSC 52, also from within tmux and screen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::terminal::Wrapper;

/// Longest text that is sent, in bytes: terminals take about 100 kB of base64.
const LONGEST: usize = 72_000;

/// Bytes of one piece inside screen's wrapping, which takes 768 at most.
const PIECE: usize = 240;

/// The sequence that puts text into the clipboard; `None` where it is too long.
pub(super) fn osc52(text: &str, wrapped_by: Option<Wrapper>) -> Option<Vec<u8>> {
    if text.len() > LONGEST {
        return None;
    }
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    Some(match wrapped_by {
        None => plain.into_bytes(),
        // Inside tmux every ESC is doubled.
        Some(Wrapper::Tmux) => format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes(),
        Some(Wrapper::Screen) => {
            let pieces = plain.as_bytes().chunks(PIECE);
            pieces.flat_map(|piece| [b"\x1bP".as_slice(), piece, b"\x1b\\"].concat()).collect()
        }
    })
}

/// A bell, and what the notification of OSC 9 says, washed.
pub(super) fn osc9(words: &str) -> Vec<u8> {
    format!("\x1b]9;{}\x07", crate::model::text::clean(words)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_for_what_it_passes_through() {
        assert_eq!(osc52("hi", None).as_deref(), Some(&b"\x1b]52;c;aGk=\x07"[..]));
        assert_eq!(osc52("hi", Some(Wrapper::Tmux)).as_deref(), Some(&b"\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\"[..]));
        let long = osc52(&"x".repeat(1000), Some(Wrapper::Screen)).expect("short enough");
        assert_eq!(long.windows(2).filter(|w| *w == b"\x1bP").count(), 6);
        assert_eq!(osc52(&"x".repeat(100_000), None), None);
    }

    #[test]
    fn a_notification_cannot_carry_a_sequence() {
        let bytes = osc9("a\x07\x1b[2J");
        assert!(bytes.starts_with(b"\x1b]9;") && !bytes[1..].contains(&0x1b));
    }
}
