//! All rules. A new one is a file and a line here.

use crate::rule::Rule;
use crate::rules::{
    lnt001, lnt002, oau001, oau002a, oau002b, oau003, oau004, oau004b, oau005, oau006, oau007, oau008,
    oau009, oau010, oau011, oau012, oau013, oau014, oau015, oau016, oau017, oau018, oau023,
};

/// All rules, in the order of their codes.
pub const RULES: &[&Rule] = &[
    &lnt001::RULE,
    &lnt002::RULE,
    &oau001::RULE,
    &oau002a::RULE,
    &oau002b::RULE,
    &oau003::RULE,
    &oau004::RULE,
    &oau004b::RULE,
    &oau005::RULE,
    &oau006::RULE,
    &oau007::RULE,
    &oau008::RULE,
    &oau009::RULE,
    &oau010::RULE,
    &oau011::RULE,
    &oau012::RULE,
    &oau013::RULE,
    &oau014::RULE,
    &oau015::RULE,
    &oau016::RULE,
    &oau017::RULE,
    &oau018::RULE,
    &oau023::RULE,
];

#[cfg(test)]
mod tests {
    use super::RULES;

    #[test]
    fn codes_and_names_are_unique_and_in_order() {
        assert!(RULES.is_sorted_by(|one, other| one.info.code < other.info.code));
        for rule in RULES {
            let same = RULES.iter().filter(|other| other.info.name == rule.info.name).count();
            assert_eq!(same, 1, "{}", rule.info.name);
            assert!(
                rule.info
                    .name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
            );
        }
    }

    #[test]
    fn every_rule_is_documented() {
        for rule in RULES {
            let info = &rule.info;
            for text in [info.summary, info.what, info.why, info.bad, info.good, info.when_to_suppress] {
                assert!(!text.is_empty() && text.trim() == text, "{}: {text:?}", info.code);
            }
            assert!(info.link.starts_with("https://"), "{}", info.code);
            assert!(!info.summary.ends_with('.'), "{}", info.code);
        }
    }
}
