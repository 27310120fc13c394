//! Words of a wire that may grow: the known ones are variants, any other is kept and shown as it came.

/// Declares an enum of wire words with an `Other` that keeps what was not known when this was written.
/// It is written and read by serde as the bare word.
macro_rules! open_words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vmeta])* $variant,)+
            /// As it came, washed.
            Other(std::sync::Arc<str>),
        }

        impl $name {
            /// Reads a word of the wire; one that is not known is washed and kept.
            #[must_use]
            pub fn parse(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Other($crate::model::text::clean(other).into()),
                }
            }

            /// The word as the wire writes it.
            #[must_use]
            pub fn word(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl Default for $name {
            /// The empty word: nothing was said.
            fn default() -> Self {
                Self::parse("")
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
                Ok(Self::parse(&word))
            }
        }
    };
}

pub(crate) use open_words;

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro makes nouns, which are public")]
mod tests {
    open_words! {
        /// A test's words.
        Light { Red = "red", Green = "green" }
    }

    #[test]
    fn known_words_are_variants_and_others_are_kept_washed() {
        assert_eq!(Light::parse("red"), Light::Red);
        assert_eq!(Light::parse("amber\x1b").word(), "amber\u{FFFD}");
        let all = [Light::Green, Light::parse("blue")];
        let json = serde_json::to_string(&all).expect("json");
        assert_eq!(json, r#"["green","blue"]"#);
        assert_eq!(serde_json::from_str::<[Light; 2]>(&json).expect("back"), all);
        assert_eq!(Light::default().word(), "");
    }
}
