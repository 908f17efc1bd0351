//! Lifetimes of tokens, and which policies give them.

use dormouse_bundle::{Element, OAuthV2};

/// Whether the policy issues access tokens, first or by a refresh.
pub(crate) fn issues_access_token(policy: &OAuthV2) -> bool {
    let operation = policy.operation.value;
    operation.generates_token() || operation.is_implicit() || operation.refreshes()
}

/// Whether a policy has a lifetime of that name, right or wrong. An empty element says nothing.
pub(crate) fn is_written(policy: &Element, name: &str) -> bool {
    policy.element(name).is_some_and(|element| {
        !element.is_empty() || element.attribute_value("ref").is_some_and(|name| !name.trim().is_empty())
    })
}

/// A lifetime in the largest unit that gives a whole number.
pub(crate) fn words(ms: u64) -> String {
    let units =
        [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000), ("millisecond", 1)];
    let fitting = units.into_iter().find(|(_, unit)| ms >= *unit && ms.is_multiple_of(*unit));
    let (name, count) = fitting.map_or(("millisecond", ms), |(name, unit)| (name, ms / unit));
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn the_largest_unit_is_taken() {
        assert_eq!(words(17_280_000_000), "200 days");
        assert_eq!(words(3_600_000), "1 hour");
        assert_eq!(words(5_400_000), "90 minutes");
        assert_eq!(words(3_600), "3600 milliseconds");
        assert_eq!(words(0), "0 milliseconds");
    }
}
