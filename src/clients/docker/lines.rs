//! Cuts a stream of bytes into lines of bounded length: the rest of a longer line is skipped, however long it is.

/// One line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) bytes: Vec<u8>,
    /// More came on this line and was skipped.
    pub(super) truncated: bool,
}

/// Holds at most one line of `most` bytes.
#[derive(Debug)]
pub(super) struct Lines {
    most: usize,
    held: Vec<u8>,
    skipping: bool,
}

impl Lines {
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: Vec::new(), skipping: false }
    }

    /// True in the middle of a line.
    pub(super) fn is_open(&self) -> bool {
        self.skipping || !self.held.is_empty()
    }

    /// Takes bytes up to the end of one line and returns that line, with what is left over of the bytes.
    /// A line that is over the bound comes as soon as the bound is reached.
    pub(super) fn push<'a>(&mut self, bytes: &'a [u8]) -> (Option<Cut>, &'a [u8]) {
        if self.skipping {
            let Some(end) = find(bytes) else { return (None, &[]) };
            self.skipping = false;
            return (None, &bytes[end + 1..]);
        }
        let end = find(bytes);
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = self.most - self.held.len();
        if part.len() > room {
            self.held.extend_from_slice(&part[..room]);
            self.skipping = true;
            return (Some(Cut { bytes: std::mem::take(&mut self.held), truncated: true }), &bytes[room..]);
        }
        self.held.extend_from_slice(part);
        match end {
            Some(end) => (Some(Cut { bytes: std::mem::take(&mut self.held), truncated: false }), &bytes[end + 1..]),
            None => (None, &[]),
        }
    }

    /// What is left at the end of the stream.
    pub(super) fn finish(&mut self) -> Option<Cut> {
        self.skipping = false;
        (!self.held.is_empty()).then(|| Cut { bytes: std::mem::take(&mut self.held), truncated: false })
    }
}

fn find(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| *b == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(most: usize, chunks: &[&[u8]]) -> Vec<Cut> {
        let mut lines = Lines::new(most);
        let mut out = Vec::new();
        for chunk in chunks {
            let mut rest: &[u8] = chunk;
            while !rest.is_empty() {
                let (cut, left) = lines.push(rest);
                out.extend(cut);
                rest = left;
            }
        }
        out.extend(lines.finish());
        out
    }

    #[test]
    fn a_line_over_the_bound_is_cut_and_the_next_one_is_whole() {
        let cuts = all(4, &[b"ab", b"cdef", b"gh\nxy\n\nend"]);
        let shown: Vec<_> = cuts.iter().map(|c| (String::from_utf8_lossy(&c.bytes).into_owned(), c.truncated)).collect();
        assert_eq!(shown, [("abcd".into(), true), ("xy".into(), false), (String::new(), false), ("end".into(), false)]);
    }

    #[test]
    fn an_endless_line_holds_no_memory() {
        let mut lines = Lines::new(16);
        let chunk = vec![b'x'; 1 << 20];
        for _ in 0..200 {
            let mut rest: &[u8] = &chunk;
            while !rest.is_empty() {
                rest = lines.push(rest).1;
            }
            assert!(lines.held.capacity() <= 32);
        }
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_the_bytes_arrive(text in "[a-c\n]{0,80}", size in 1usize..9) {
            let whole = all(5, &[text.as_bytes()]);
            let parts: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            prop_assert_eq!(all(5, &parts), whole);
        }
    }
}
