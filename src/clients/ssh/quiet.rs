//! Takes away what a login shell writes before the engine's first answer: start-up files that greet everybody.

use std::sync::{Arc, Mutex, PoisonError};

use crate::clients::cause::short;

/// An answer of an engine begins so.
const BEGINNING: &[u8] = b"HTTP/1.";
/// More noise than this is taken for the answer, which then says by itself that it is none (bytes).
const MOST: usize = 64 << 10;

/// What was taken away, for the words of a fault.
#[derive(Clone, Debug, Default)]
pub(super) struct Noise(Arc<Mutex<Vec<u8>>>);

impl Noise {
    /// On one line; empty where there was none.
    pub(super) fn words(&self) -> String {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        short(&String::from_utf8_lossy(&heard[..heard.len().min(2048)]))
    }
}

/// A stream that has not answered yet.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    held: Vec<u8>,
    noise: Noise,
}

impl Quiet {
    pub(super) fn new(noise: Noise) -> Self {
        Self { held: Vec::new(), noise }
    }

    /// Takes the next bytes. `Some`: the answer has begun, and these are its first ones.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.held.extend_from_slice(bytes);
        if let Some(at) = memchr::memmem::find(&self.held, BEGINNING) {
            let answer = self.held.split_off(at);
            self.keep();
            return Some(answer);
        }
        (self.held.len() > MOST).then(|| self.end())
    }

    /// The stream has ended, or is no answer: all that is held.
    pub(super) fn end(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        self.noise.0.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&held);
        held
    }

    fn keep(&mut self) {
        if !self.held.is_empty() {
            tracing::debug!(bytes = self.held.len(), "a login shell writes to its standard output");
            self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(pieces: &[&[u8]]) -> (Vec<u8>, String) {
        let noise = Noise::default();
        let mut quiet = Quiet::new(noise.clone());
        let answer = pieces.iter().find_map(|piece| quiet.take(piece)).unwrap_or_else(|| quiet.end());
        (answer, noise.words())
    }

    #[test]
    fn an_answer_without_noise_is_whole() {
        assert_eq!(heard(&[b"HTTP/1.1 200 OK\r\n"]), (b"HTTP/1.1 200 OK\r\n".to_vec(), String::new()));
    }

    #[test]
    fn a_greeting_before_it_is_taken_away() {
        assert_eq!(heard(&[b"Welcome to h1\nHTTP/1.1 200 OK\r\n"]), (b"HTTP/1.1 200 OK\r\n".to_vec(), "Welcome to h1".into()));
        assert_eq!(heard(&[b"no line end HTTP/1.0 404"]), (b"HTTP/1.0 404".to_vec(), "no line end".into()));
    }

    #[test]
    fn the_beginning_may_come_in_pieces() {
        assert_eq!(heard(&[b"hello\nHT", b"TP", b"/1.1 200 OK"]), (b"HTTP/1.1 200 OK".to_vec(), "hello".into()));
        assert_eq!(heard(&[b"H", b"T", b"T", b"P", b"/", b"1", b".", b"1"]).0, b"HTTP/1.".to_vec());
    }

    #[test]
    fn control_characters_of_it_are_in_no_words() {
        let (_, words) = heard(&[b"\x1b[2J\x1b]0;title\x07hi\nHTTP/1.1 200"]);
        assert!(words.contains("hi") && !words.contains('\x1b'), "{words}");
    }

    #[test]
    fn what_never_answers_is_given_on_as_it_came() {
        assert_eq!(heard(&[b"This account is ", b"not available."]).1, "This account is not available.");
        let much = vec![b'x'; MOST + 1];
        assert_eq!(heard(&[&much]).0.len(), MOST + 1);
    }
}
