//! A content digest in 32 bytes.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A content address. SHA-256, which is nearly all of them, takes 32 bytes; anything else is kept as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Digest {
    Sha256([u8; 32]),
    /// `sha512:..`, or one that cannot be read; washed.
    Other(Box<str>),
}

impl Digest {
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix("sha256:").and_then(unhex) {
            Some(bytes) => Self::Sha256(bytes),
            None => Self::Other(super::super::text::clean(text).into()),
        }
    }

    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self::Sha256(sha2::Sha256::digest(bytes).into())
    }

    /// The first hexadecimal digits, enough to tell two apart on a screen.
    #[must_use]
    pub fn short(&self) -> String {
        let full = self.to_string();
        let digits = full.split_once(':').map_or(full.as_str(), |(_, digits)| digits);
        digits.chars().take(12).collect()
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sha256(bytes) => {
                f.write_str("sha256:")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl From<&str> for Digest {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Arc::<str>::deserialize(from).map(|text| Self::parse(&text))
    }
}

fn unhex(digits: &str) -> Option<[u8; 32]> {
    let digits = digits.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0u8; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(out)
}

/// Lower case only, as the specification wants: an upper-case digest is another string to a registry.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_and_written_back() {
        let text = "sha256:d641ca64d1d57bce5e5ab9e7ffaf92bf9dd6faefe9142e242477a4c1550c6ea7";
        assert!(matches!(Digest::parse(text), Digest::Sha256(_)));
        assert_eq!(Digest::parse(text).to_string(), text);
        assert_eq!(Digest::parse(text).short(), "d641ca64d1d5");
        for odd in ["sha512:00", "sha256:D641", "", "sha256:zz"] {
            assert_eq!(Digest::parse(odd), Digest::Other(odd.into()));
        }
        assert_eq!(Digest::of(b"{}").to_string(), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        assert_eq!(std::mem::size_of::<Digest>(), 40);
    }
}
