//! What a rule is, and how rules make findings.

use crate::analysis::program::Program;
use crate::analysis::unit::Typed;
use dormouse_bundle::{Level, Span};
use dormouse_report::{Finding, Fix, Related, RuleInfo};

/// A rule: what people read about it, and how it looks at one bundle of a program.
pub struct Rule {
    /// Its documentation.
    pub info: RuleInfo,
    /// What it finds in the bundle of that number.
    pub(crate) check: fn(&'static RuleInfo, &Program<'_>, usize) -> Vec<Finding>,
}

/// A finding at its rule's level, without a bundle's name, which is added for all rules at once.
pub(crate) fn finding(rule: &'static RuleInfo, span: Span, message: impl Into<String>) -> Finding {
    Finding {
        rule,
        level: rule.level,
        bundle: String::new(),
        span: Some(span),
        message: message.into(),
        help: None,
        fixes: Vec::new(),
        related: Vec::new(),
    }
}

/// Finishing touches of a finding, to be chained.
pub(crate) trait Touch {
    fn level(self, level: Level) -> Self;
    fn help(self, help: impl Into<String>) -> Self;
    fn fix(self, fix: Option<Fix>) -> Self;
    fn related(self, span: Span, message: impl Into<String>) -> Self;
}

impl Touch for Finding {
    fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fixes.extend(fix);
        self
    }

    fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Related { span, message: message.into() });
        self
    }
}

/// Where complaints about a policy's operation point: the operation, or the policy's tag.
pub(crate) fn operation_span(typed: &Typed<'_>) -> Span {
    typed.oauth_v2().map_or_else(|| typed.policy.span(), |policy| policy.operation.span.clone())
}

/// How many rows a day are written for nothing, in words.
pub(crate) fn cost(program: &Program<'_>) -> String {
    let rate = program.settings.requests_per_second;
    let rows = grouped(rate.saturating_mul(SECONDS_PER_DAY));
    format!("{rate} token requests a second leave {rows} refresh tokens a day in the store")
}

/// A number with a comma before each group of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const SECONDS_PER_DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 864_000, 172_800_000].map(grouped),
            ["0", "999", "1,000", "864,000", "172,800,000"]
        );
    }
}
