//! The chunked transfer coding of RFC 9112 7.1, read as it arrives.

/// Where the reader stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// In the digits of a size; how many there were.
    #[default]
    Start,
    Size {
        size: u64,
        digits: u8,
    },
    /// In an extension, which says nothing to us, or before the line's end.
    SizeEnd(u64),
    Data(u64),
    /// The line end after a chunk.
    DataEnd,
    /// In the lines after the last chunk; true at the beginning of one.
    Trailer {
        fresh: bool,
    },
    Over,
}

#[derive(Debug, Default)]
pub(super) struct Chunks(State);

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// So many are framing.
    Skip(usize),
    /// So many are the body's.
    Data(usize),
    End,
}

impl Chunks {
    pub(super) fn is_over(&self) -> bool {
        self.0 == State::Over
    }

    /// Looks at bytes (not empty). The error is what is wrong with them.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<Piece, String> {
        if let State::Data(left) = self.0 {
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            let left = left - take as u64;
            self.0 = if left == 0 { State::DataEnd } else { State::Data(left) };
            return Ok(Piece::Data(take));
        }
        for (at, byte) in bytes.iter().enumerate() {
            self.0 = step(self.0, *byte)?;
            match self.0 {
                State::Data(_) => return Ok(Piece::Skip(at + 1)),
                State::Over => return Ok(Piece::End),
                _ => {}
            }
        }
        Ok(Piece::Skip(bytes.len()))
    }
}

fn step(state: State, byte: u8) -> Result<State, String> {
    let digit = char::from(byte).to_digit(16);
    match (state, byte) {
        (State::Start, _) => {
            let size = digit.ok_or_else(|| format!("a chunk begins with byte {byte:#04x}"))?;
            Ok(State::Size { size: size.into(), digits: 1 })
        }
        (State::Size { size, digits }, _) if digit.is_some() => {
            if digits >= 15 {
                return Err("a chunk of more than 2^60 bytes".to_owned());
            }
            Ok(State::Size { size: size * 16 + u64::from(digit.unwrap_or_default()), digits: digits + 1 })
        }
        (State::Size { size, .. } | State::SizeEnd(size), b'\n') => {
            Ok(if size == 0 { State::Trailer { fresh: true } } else { State::Data(size) })
        }
        (State::Size { size, .. }, b'\r' | b';' | b' ' | b'\t') | (State::SizeEnd(size), _) => Ok(State::SizeEnd(size)),
        (State::Size { .. }, _) => Err(format!("byte {byte:#04x} in a chunk's size")),
        (State::DataEnd, b'\r') => Ok(State::DataEnd),
        (State::DataEnd, b'\n') => Ok(State::Start),
        (State::DataEnd, _) => Err("a chunk is longer than it said".to_owned()),
        (State::Trailer { fresh: true }, b'\n') | (State::Over, _) => Ok(State::Over),
        (State::Trailer { fresh }, b'\r') => Ok(State::Trailer { fresh }),
        (State::Trailer { .. }, b'\n') => Ok(State::Trailer { fresh: true }),
        (State::Trailer { .. }, _) => Ok(State::Trailer { fresh: false }),
        // Data is taken whole, before this is asked.
        (State::Data(left), _) => Ok(State::Data(left)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(parts: &[&[u8]]) -> Result<(Vec<u8>, bool), String> {
        let (mut chunks, mut out) = (Chunks::default(), Vec::new());
        for part in parts {
            let mut rest: &[u8] = part;
            while !rest.is_empty() {
                match chunks.next(rest)? {
                    Piece::Skip(used) => rest = &rest[used..],
                    Piece::Data(length) => {
                        out.extend_from_slice(&rest[..length]);
                        rest = &rest[length..];
                    }
                    Piece::End => return Ok((out, true)),
                }
            }
        }
        Ok((out, chunks.is_over()))
    }

    #[test]
    fn extensions_and_trailers_are_passed_over() {
        let text: &[u8] = b"3;x=\"y\"\r\nabc\r\nA\n0123456789\n0\r\nX-Trailer: 1\r\n\r\n";
        assert_eq!(decode(&[text]), Ok((b"abc0123456789".to_vec(), true)));
        assert_eq!(decode(&[b"3\r\nab"]), Ok((b"ab".to_vec(), false)), "cut");
    }

    #[test]
    fn what_is_no_chunk_is_said() {
        for text in [&b"<html>"[..], b"\r\n", b"3x\r\n", b"2\r\nabc\r\n", b"1111111111111111\r\n", b"-1\r\n"] {
            assert!(decode(&[text]).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(body in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..20), 0..5), size in 1usize..7) {
            let mut wire = Vec::new();
            for chunk in &body {
                wire.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
            let parts: Vec<&[u8]> = wire.chunks(size).collect();
            prop_assert_eq!(decode(&parts), Ok((body.concat(), true)));
        }
    }
}
