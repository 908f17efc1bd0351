//! Names and keys of entities, checked once when they come in (the alphabets of Apigee's management API).

use dormouse_token::{Entropy, Secret, random};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;
use uuid::Uuid;

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("is empty; give it 1 to {limit} characters")]
    Empty {
        /// Most characters allowed.
        limit: usize,
    },
    /// More characters than allowed.
    #[error("has {length} bytes; at most {limit} are allowed")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Most bytes allowed.
        limit: usize,
    },
    /// A character outside the alphabet.
    #[error("contains {character:?}; allowed are {alphabet}")]
    Character {
        /// The first offender.
        character: char,
        /// What is allowed, in words.
        alphabet: &'static str,
    },
}

/// Which characters a kind of name is made of.
struct Alphabet {
    allows: fn(char) -> bool,
    words: &'static str,
    length_max: usize,
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $alphabet:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text from outside.
            ///
            /// # Errors
            /// [`NameError`] when it is empty, too long or has a character outside the alphabet.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                $alphabet.check(text).map(|()| Self(text.into()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

checked_text!(
    /// Name of an app, API product or environment: `[A-Za-z0-9._ @$%-]{1,255}`.
    Name,
    NAME
);
checked_text!(
    /// A developer's e-mail address: as [`Name`], and also `+` and `'`.
    Email,
    EMAIL
);
checked_text!(
    /// Consumer key of a credential, which is the OAuth `client_id`: 1 to 255 printable ASCII characters.
    ConsumerKey,
    KEY
);
checked_text!(
    /// Id of a developer or app; Apigee draws UUIDs. Printable ASCII.
    EntityId,
    KEY
);
checked_text!(
    /// Name of a key value map, target server or user: any text without controls, at most 256 bytes.
    PlainName,
    PLAIN
);

impl EntityId {
    /// The usual text of a UUID.
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid.to_string().into())
    }
}

impl ConsumerKey {
    /// A fresh key of 48 letters and digits.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(alphanumeric::<KEY_LENGTH>(entropy).into())
    }
}

/// A fresh consumer secret of 64 letters and digits.
pub fn generate_secret(entropy: &dyn Entropy) -> Secret {
    Secret::new(alphanumeric::<SECRET_LENGTH>(entropy))
}

/// Letters and digits, each equally likely: of six random bits, the two values beyond the alphabet are dropped.
fn alphanumeric<const LENGTH: usize>(entropy: &dyn Entropy) -> String {
    let mut text = String::with_capacity(LENGTH);
    while text.len() < LENGTH {
        let drawn = random::<LENGTH>(entropy);
        let letters = drawn.iter().filter_map(|byte| LETTERS.chars().nth(usize::from(byte >> 2)));
        text.extend(letters.take(LENGTH - text.len()));
    }
    text
}

impl Alphabet {
    fn check(&self, text: &str) -> Result<(), NameError> {
        if text.is_empty() {
            return Err(NameError::Empty { limit: self.length_max });
        }
        if text.len() > self.length_max {
            return Err(NameError::TooLong { length: text.len(), limit: self.length_max });
        }
        match text.chars().find(|character| !(self.allows)(*character)) {
            None => Ok(()),
            Some(character) => Err(NameError::Character { character, alphabet: self.words }),
        }
    }
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._ @$%-".contains(character)
}

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// As long as Apigee's generated keys and secrets.
const KEY_LENGTH: usize = 48;
const SECRET_LENGTH: usize = 64;
const NAME: Alphabet =
    Alphabet { allows: is_name_character, words: "letters, digits, blank and . _ @ $ % -", length_max: 255 };
const EMAIL: Alphabet = Alphabet {
    allows: |character| is_name_character(character) || character == '+' || character == '\'',
    words: "letters, digits, blank and . _ @ $ % - + '",
    length_max: 255,
};
const KEY: Alphabet = Alphabet {
    allows: |character| matches!(character, ' '..='~'),
    words: "the printable ASCII characters",
    length_max: 255,
};
const PLAIN: Alphabet = Alphabet {
    allows: |character| !character.is_control(),
    words: "all characters but controls",
    length_max: 256,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T>(parse: fn(&str) -> Result<T, NameError>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(parse(text).is_ok(), "{text:?} must be accepted");
        }
        for text in bad {
            assert!(parse(text).is_err(), "{text:?} must be refused");
        }
    }

    #[test]
    fn each_name_has_its_alphabet() {
        let long = "x".repeat(256);
        check(
            Name::parse,
            &["a", "My App_1.0 @$%-", &"x".repeat(255)],
            &["", "a/b", "a+b", "ä", "a\n", "a'b", &long],
        );
        check(Email::parse, &["o'neil+test@example.com"], &["", "a<b", "a\u{0}"]);
        check(ConsumerKey::parse, &["aB3~!/ \"'", "k"], &["", "k\t", "schlüssel", "\u{7f}", &long]);
        check(PlainName::parse, &["a/b", "schlüssel", &long], &["", "a\u{85}", "x\r", &"x".repeat(257)]);
    }

    #[test]
    fn generated_texts_are_fresh_and_of_full_length() {
        let entropy = dormouse_token::SeededEntropy::new(3);
        let (first, second) = (ConsumerKey::generate(&entropy), ConsumerKey::generate(&entropy));
        assert_ne!(first, second);
        assert!(
            first.as_str().len() == 48 && first.as_str().chars().all(|letter| letter.is_ascii_alphanumeric())
        );
        assert_eq!(generate_secret(&entropy).expose().len(), 64);
    }

    #[test]
    fn the_offender_is_named() {
        let error = Name::parse("a/b").map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(error, Err("contains '/'; allowed are letters, digits, blank and . _ @ $ % -".to_owned()));
    }
}
