//! Scope: a set of scope tokens in the order in which they were granted (RFC 6749 §3.3).

use std::fmt;

/// Scope tokens without duplicates, in order. The empty scope is valid: Apigee issues tokens with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(Vec<Box<str>>);

impl Scope {
    /// Splits a list at blanks. Later duplicates are dropped. Any other text is a scope token: Apigee's products name
    /// their scopes freely. Where RFC 6749's alphabet is demanded, ask [`Scope::is_rfc6749`].
    pub fn parse(list: &str) -> Self {
        list.split_ascii_whitespace().map(Box::from).collect()
    }

    /// The scope tokens, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|token| &**token)
    }

    /// How many scope tokens there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no scope token was granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Exact, case-sensitive membership.
    pub fn contains(&self, token: &str) -> bool {
        self.iter().any(|own| own == token)
    }

    /// Whether every token of `self` is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|token| other.contains(token))
    }

    /// The tokens of `self` that are in `other`, in the order of `self`.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|token| other.contains(token)).cloned().collect())
    }

    /// The tokens of both, those of `self` first.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).map(Box::from).collect()
    }

    /// Whether each token keeps to the alphabet of RFC 6749 §3.3 (printable ASCII without `"` and `\`).
    pub fn is_rfc6749(&self) -> bool {
        let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        self.iter().all(|token| token.bytes().all(allowed))
    }
}

impl fmt::Display for Scope {
    /// Tokens separated by one blank: the form of the `scope` parameter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

impl FromIterator<Box<str>> for Scope {
    fn from_iter<I: IntoIterator<Item = Box<str>>>(tokens: I) -> Self {
        let mut scope = Self::default();
        for token in tokens {
            if !scope.contains(&token) {
                scope.0.push(token);
            }
        }
        scope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(actual: &Scope, expected: &str) {
        assert_eq!(actual.to_string(), expected);
    }

    #[test]
    fn parsing_folds_blanks_and_duplicates() {
        check(&Scope::parse("  read\twrite  read "), "read write");
        check(&Scope::parse(""), "");
        assert_eq!((Scope::parse("").len(), Scope::parse("a b a").len()), (0, 2));
    }

    #[test]
    fn set_operations_keep_the_left_order() {
        let (left, right) = (Scope::parse("c a b"), Scope::parse("a c d"));
        check(&left.intersection(&right), "c a");
        check(&left.union(&right), "c a b d");
        assert!(Scope::parse("b c").is_subset(&left));
        assert!(!right.is_subset(&left));
        assert!(Scope::default().is_subset(&right));
    }

    #[test]
    fn membership_is_case_sensitive() {
        assert!(!Scope::parse("Read").contains("read"));
    }

    #[test]
    fn alphabet_of_rfc_6749() {
        assert!(Scope::parse("urn:x/y.z !~").is_rfc6749());
        assert!(!Scope::parse("a\"b").is_rfc6749());
        assert!(!Scope::parse("a\\b").is_rfc6749());
        assert!(!Scope::parse("ä").is_rfc6749());
    }
}
