//! Numbers and words in as few bytes as they need, for what is kept by the hundred thousand; nothing read is trusted.

/// Writes values one behind the other; a [`Reader`] takes them in the same order.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    pub fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push((value & 0x7f) as u8);
    }

    pub fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn words(&mut self, words: &str) {
        self.number(words.len() as u64);
        self.bytes(words.as_bytes());
    }

    /// 0 for none, else the value and one.
    pub fn maybe(&mut self, value: Option<u64>) {
        self.number(value.map_or(0, |value| value.saturating_add(1)));
    }

    pub fn maybe_signed(&mut self, value: Option<i64>) {
        self.maybe(value.map(|value| ((value << 1) ^ (value >> 63)).cast_unsigned()));
    }

    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Takes values in the order in which they were written. `None` at the first that cannot be there.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u64::from(first & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if first & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub fn signed(&mut self) -> Option<i64> {
        self.number().map(unfold)
    }

    /// A number of things that follow, each of at least a byte: never more than there is left.
    pub fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.0.len())
    }

    pub fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub fn words(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    #[allow(clippy::option_option, reason = "not there to be read, and read as none, are two things")]
    pub fn maybe(&mut self) -> Option<Option<u64>> {
        Some(self.number()?.checked_sub(1))
    }

    #[allow(clippy::option_option, reason = "not there to be read, and read as none, are two things")]
    pub fn maybe_signed(&mut self) -> Option<Option<i64>> {
        Some(self.maybe()?.map(unfold))
    }

    /// True where everything was taken.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

fn unfold(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went() {
        let mut writer = Writer::default();
        let numbers = [0, 1, 127, 128, 300, u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX, 1_795_406_400_000];
        for n in numbers {
            writer.number(n);
        }
        for n in signed {
            writer.signed(n);
        }
        writer.words("土城");
        writer.maybe(None);
        writer.maybe(Some(7));
        writer.maybe_signed(Some(-9));
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        assert!(numbers.iter().all(|n| reader.number() == Some(*n)));
        assert!(signed.iter().all(|n| reader.signed() == Some(*n)));
        assert_eq!((reader.words(), reader.maybe(), reader.maybe()), (Some("土城"), Some(None), Some(Some(7))));
        assert_eq!((reader.maybe_signed(), reader.is_at_end()), (Some(Some(-9)), true));
        assert_eq!(reader.number(), None);
    }

    #[test]
    fn what_is_cut_or_too_long_is_nothing() {
        assert_eq!(Reader::new(&[0xff; 10]).number(), None);
        assert_eq!(Reader::new(&[5, b'a']).words(), None);
        assert_eq!(Reader::new(&[2, 0xc3, 0x28]).words(), None);
        assert_eq!(Reader::new(&[0xff, 0xff, 0x03]).count(), None);
    }
}
