//! Parses Apigee's condition language ("Conditions reference"): `not` binds tighter than `and`, `and` tighter
//! than `or`; `not` before a bare comparison negates the whole comparison; a missing or a surplus closing
//! parenthesis and a literal on the left are tolerated with a remark, since bundles with them run on Apigee.

use std::fmt;
use std::ops::Range;

use crate::condition::{Condition, Operand, Operator};
use crate::condition_lexer::{Token, TokenKind, tokens};

/// What parsing a condition gave.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedCondition {
    /// The condition, or why there is none.
    pub condition: Result<Condition, ConditionError>,
    /// What was odd about the text though it could be understood.
    pub tolerated: Vec<ConditionError>,
}

/// What is wrong with a condition, and where in its text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ConditionError {
    /// What is wrong.
    pub kind: ConditionErrorKind,
    /// Byte offsets in the condition's text; empty at the end of the text.
    pub range: Range<usize>,
}

/// What can be wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionErrorKind {
    /// The text ends where a value was expected.
    EndsEarly,
    /// A literal on the left of a comparison (tolerated).
    LiteralOnLeft,
    /// `not` between a value and an operator other than the four that may be negated there.
    NegatedOperator(Operator),
    /// The right side of a pattern operator is a variable (tolerated).
    PatternIsVariable(Operator),
    /// A single `&` or `|`.
    SingleSymbol(char),
    /// Braces in a variable's name, as in a message template, which a condition does not evaluate (tolerated).
    TemplateBraces,
    /// The text is longer than a condition may be.
    TooLong,
    /// Parentheses and negations are nested deeper than a condition may be.
    TooDeep,
    /// A parenthesis is not closed (tolerated).
    UnclosedParenthesis,
    /// A quoted text does not end.
    UnclosedQuote(char),
    /// Something stands where a value, an operator or the end was expected.
    Unexpected {
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// A closing parenthesis without an opening one (tolerated).
    UnopenedParenthesis,
}

impl fmt::Display for ConditionErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsEarly => {
                formatter.write_str("the condition ends where a variable or value is expected")
            }
            Self::LiteralOnLeft => formatter
                .write_str("the left side of a comparison is a literal; a variable is expected there"),
            Self::NegatedOperator(operator) => {
                write!(formatter, "`not` cannot stand before `{operator}`; put it before the comparison")
            }
            Self::PatternIsVariable(operator) => {
                write!(formatter, "`{operator}` needs a pattern in double quotes")
            }
            Self::SingleSymbol(symbol) => {
                write!(formatter, "a single `{symbol}` is no operator; write `{symbol}{symbol}`")
            }
            Self::TemplateBraces => {
                formatter.write_str("a condition names variables without braces; this one never resolves")
            }
            Self::TooLong => write!(formatter, "the condition is longer than {LENGTH_MAX_BYTES} bytes"),
            Self::TooDeep => write!(formatter, "the condition is nested deeper than {DEPTH_MAX} levels"),
            Self::UnclosedParenthesis => formatter.write_str("this parenthesis is not closed"),
            Self::UnclosedQuote(quote) => write!(formatter, "the text after this {quote} does not end"),
            Self::Unexpected { found, expected } => {
                write!(formatter, "`{found}` stands where {expected} is expected")
            }
            Self::UnopenedParenthesis => formatter.write_str("this parenthesis closes nothing"),
        }
    }
}

/// Parses a condition. Nothing but white space gives the condition that is always true.
pub fn parse_condition(text: &str) -> ParsedCondition {
    let mut tolerated = Vec::new();
    let condition = parse(text, &mut tolerated);
    ParsedCondition { condition, tolerated }
}

/// Whether a bare word would be read as a variable: neither a keyword, a number nor a literal.
pub(crate) fn is_variable_word(word: &str) -> bool {
    matches!(
        tokens(word).as_deref(),
        Ok([Token { kind: TokenKind::Operand(Operand::Variable(name)), .. }]) if name == word
    )
}

fn parse(text: &str, tolerated: &mut Vec<ConditionError>) -> Result<Condition, ConditionError> {
    if text.len() > LENGTH_MAX_BYTES {
        return Err(ConditionError { kind: ConditionErrorKind::TooLong, range: 0..0 });
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Condition::And(Vec::new()));
    }
    let mut parser = Parser { text, tokens: &tokens, next: 0, depth: 0, tolerated };
    parser.whole()
}

/// A cursor over the tokens of one condition.
struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    next: usize,
    depth: usize,
    tolerated: &'a mut Vec<ConditionError>,
}

impl Parser<'_> {
    /// The whole text. A closing parenthesis too many is skipped, as if it were not there.
    fn whole(&mut self) -> Result<Condition, ConditionError> {
        let mut condition = self.disjunction(None)?;
        while let Some(token) = self.peek() {
            if token.kind != TokenKind::Close {
                return Err(self.unexpected("`and`, `or` or the end"));
            }
            let range = token.range.clone();
            self.tolerated.push(ConditionError { kind: ConditionErrorKind::UnopenedParenthesis, range });
            self.next += 1;
            condition = self.disjunction(Some(condition))?;
        }
        Ok(condition)
    }

    /// `conjunction { or conjunction }`, continuing after `first` if it is given.
    fn disjunction(&mut self, first: Option<Condition>) -> Result<Condition, ConditionError> {
        let mut parts = vec![self.conjunction(first)?];
        while self.eat(&TokenKind::Or) {
            parts.push(self.conjunction(None)?);
        }
        Ok(single_or(parts, Condition::Or))
    }

    /// `negation { and negation }`, continuing after `first` if it is given.
    fn conjunction(&mut self, first: Option<Condition>) -> Result<Condition, ConditionError> {
        let mut parts = vec![match first {
            Some(condition) => condition,
            None => self.negation()?,
        }];
        while self.eat(&TokenKind::And) {
            parts.push(self.negation()?);
        }
        Ok(single_or(parts, Condition::And))
    }

    /// `{ not } ( "(" disjunction ")" | comparison )`. All recursion passes here, hence the depth is counted
    /// here.
    fn negation(&mut self) -> Result<Condition, ConditionError> {
        let mut negations = 0;
        let start = self.here();
        while self.eat(&TokenKind::Not) {
            negations += 1;
        }
        self.depth += 1 + negations;
        if self.depth > DEPTH_MAX {
            return Err(ConditionError { kind: ConditionErrorKind::TooDeep, range: start });
        }
        let inner = if self.eat(&TokenKind::Open) { self.parenthesised()? } else { self.comparison()? };
        self.depth -= 1 + negations;
        Ok((0..negations).fold(inner, |condition, _| Condition::Not(Box::new(condition))))
    }

    /// The rest after an opening parenthesis.
    fn parenthesised(&mut self) -> Result<Condition, ConditionError> {
        let open = self.previous();
        let condition = self.disjunction(None)?;
        if !self.eat(&TokenKind::Close) {
            if self.peek().is_some() {
                return Err(self.unexpected("`and`, `or` or `)`"));
            }
            self.tolerated
                .push(ConditionError { kind: ConditionErrorKind::UnclosedParenthesis, range: open });
        }
        Ok(condition)
    }

    /// `operand [ [ not ] operator operand ]`
    fn comparison(&mut self) -> Result<Condition, ConditionError> {
        let start = self.here();
        let left = self.operand()?;
        let negated = self.eat(&TokenKind::Not);
        let operator = match self.peek() {
            Some(Token { kind: TokenKind::Operator(operator), .. }) => *operator,
            _ if negated => return Err(self.unexpected("an operator")),
            _ => return Ok(Condition::Truthy(left)),
        };
        if negated && !(operator.takes_pattern() || operator == Operator::StartsWith) {
            let kind = ConditionErrorKind::NegatedOperator(operator);
            return Err(ConditionError { kind, range: self.previous().start..self.here().end });
        }
        self.next += 1;
        if left.variable().is_none() {
            let kind = ConditionErrorKind::LiteralOnLeft;
            self.tolerated.push(ConditionError { kind, range: start.clone() });
        }
        let right = self.operand()?;
        if operator.takes_pattern() && right.variable().is_some() {
            let kind = ConditionErrorKind::PatternIsVariable(operator);
            self.tolerated.push(ConditionError { kind, range: self.previous() });
        }
        let comparison =
            Condition::Compare { left, operator, right, range: start.start..self.previous().end };
        Ok(if negated { Condition::Not(Box::new(comparison)) } else { comparison })
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        match self.peek() {
            Some(Token { kind: TokenKind::Operand(operand), .. }) => {
                let operand = operand.clone();
                self.next += 1;
                if operand.variable().is_some_and(|name| name.contains(['{', '}'])) {
                    let kind = ConditionErrorKind::TemplateBraces;
                    self.tolerated.push(ConditionError { kind, range: self.previous() });
                }
                Ok(operand)
            }
            _ => Err(self.unexpected("a variable or value")),
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn eat(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.next += usize::from(found);
        found
    }

    /// The next token's place; the end of the text if there is none.
    fn here(&self) -> Range<usize> {
        let end = self.text.trim_end().len();
        self.peek().map_or(end..end, |token| token.range.clone())
    }

    /// The place of the token before.
    fn previous(&self) -> Range<usize> {
        let token = self.next.checked_sub(1).and_then(|index| self.tokens.get(index));
        token.map_or(0..0, |token| token.range.clone())
    }

    fn unexpected(&self, expected: &'static str) -> ConditionError {
        let range = self.here();
        let kind = match self.peek() {
            Some(token) => {
                let found = self.text.get(token.range.clone()).unwrap_or_default();
                ConditionErrorKind::Unexpected { found: shorten(found), expected }
            }
            None => ConditionErrorKind::EndsEarly,
        };
        ConditionError { kind, range }
    }
}

fn single_or(mut parts: Vec<Condition>, list: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(popped) => {
            parts.push(popped);
            list(parts)
        }
        None => list(parts),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// No condition that a person wrote is anywhere near; it bounds the work and the size of a tree.
const LENGTH_MAX_BYTES: usize = 64 * 1024;
/// Bounds recursion here and in everything that walks a tree.
const DEPTH_MAX: usize = 100;
/// How much of an unexpected token a message quotes.
const SHOWN_CHARACTERS: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    /// The canonical text of a condition that has nothing odd about it.
    #[track_caller]
    fn check(text: &str, canonical: &str) {
        let parsed = parse_condition(text);
        assert_eq!(parsed.tolerated, [], "{text}");
        let condition = parsed.condition.expect(text);
        assert_eq!(condition.to_string(), canonical, "{text}");
        let again = parse_condition(canonical).condition.expect(canonical);
        assert_eq!(again.to_string(), canonical, "canonical text is stable");
    }

    /// A condition that cannot be understood: the message, and the text that it points at.
    #[track_caller]
    fn check_error(text: &str, message: &str, pointed_at: &str) {
        let error = parse_condition(text).condition.expect_err(text);
        assert_eq!((error.to_string().as_str(), &text[error.range]), (message, pointed_at));
    }

    /// A condition that is understood in spite of something odd.
    #[track_caller]
    fn check_tolerated(text: &str, canonical: &str, kind: &ConditionErrorKind) {
        let parsed = parse_condition(text);
        assert_eq!(parsed.condition.expect(text).to_string(), canonical);
        assert!(parsed.tolerated.iter().any(|error| error.kind == *kind), "{:?}", parsed.tolerated);
    }

    #[test]
    fn every_spelling_of_every_operator() {
        for (spellings, canonical) in [
            (&["=", "==", "Equals", "Is", "EQUALS", "is"][..], "="),
            (&["!=", "NotEquals", "IsNot", "isnot"], "!="),
            (&[":=", "EqualsCaseInsensitive"], ":="),
            (&[">", "GreaterThan"], ">"),
            (&[">=", "GreaterThanOrEquals"], ">="),
            (&["<", "LesserThan"], "<"),
            (&["<=", "LesserThanOrEquals"], "<="),
            (&["~~", "JavaRegex"], "JavaRegex"),
            (&["~", "Matches", "Like", "LIKE"], "Matches"),
            (&["~/", "/~", "MatchesPath", "LikePath"], "MatchesPath"),
            (&["=|", "StartsWith"], "StartsWith"),
        ] {
            for spelling in spellings {
                check(&format!("a {spelling} \"b\""), &format!("a {canonical} \"b\""));
            }
        }
    }

    #[test]
    fn symbols_need_no_space() {
        check("request.verb=\"GET\"", "request.verb = \"GET\"");
        check("response.status.code=307", "response.status.code = 307");
        check("failed=false", "failed = false");
        check("a:=\"b\"&&c", "a := \"b\" and c");
        check("(a>=1)||!b", "a >= 1 or not b");
        check("proxy.pathsuffix/~\"/x\"", "proxy.pathsuffix MatchesPath \"/x\"");
        check("a=b", "a = b");
    }

    #[test]
    fn precedence_is_not_then_and_then_or() {
        check("a or b and c", "a or b and c");
        check("(a or b) and c", "(a or b) and c");
        check("a AND b OR c And d", "a and b or c and d");
        check("((a and b)) or (c)", "a and b or c");
        check("not (a or b)", "not (a or b)");
        check("!a MatchesPath \"/x\"", "not a MatchesPath \"/x\"");
        check("Not a = 1 and b", "not a = 1 and b");
        check("!!a", "not not a");
        check("a and (b and c)", "a and (b and c)");
    }

    #[test]
    fn pattern_operators_may_be_negated_between_their_sides() {
        check("x Not MatchesPath \"/a\"", "not x MatchesPath \"/a\"");
        check("x ! ~ \"/a\"", "not x Matches \"/a\"");
        check("x !~ \"a\"", "not x Matches \"a\"");
        check("x not StartsWith \"a\"", "not x StartsWith \"a\"");
        check("x not JavaRegex \"a\"", "not x JavaRegex \"a\"");
        check_error(
            "x Not Equals 1",
            "`not` cannot stand before `=`; put it before the comparison",
            "Not Equals",
        );
        check_error("x ! = 1", "`not` cannot stand before `=`; put it before the comparison", "! =");
        check_error(
            "x not GreaterThan 1",
            "`not` cannot stand before `>`; put it before the comparison",
            "not GreaterThan",
        );
    }

    #[test]
    fn operands() {
        check("a is null", "a = null");
        check("a = TRUE", "a = true");
        check("a = -1.50f", "a = -1.50");
        check("a > 10L", "a > 10");
        check("'odd = name' = \"x\"", "'odd = name' = \"x\"");
        check("'and' = 1", "'and' = 1");
        check("a = \"it's (fine) && \\\"", "a = \"it's (fine) && \\\"");
        check("request.header.x-y_z.1 = \"\"", "request.header.x-y_z.1 = \"\"");
        check("a\n  =\n\t1", "a = 1");
        check("  \n ", "");
        check("isnt = 1", "isnt = 1");
    }

    #[test]
    fn numbers_keep_text_and_value() {
        let Ok(Condition::Compare { right: Operand::Number(number), .. }) =
            parse_condition("a = 99999999999999999999").condition
        else {
            panic!("a comparison with a number");
        };
        assert_eq!(number.text, "99999999999999999999");
        assert_eq!(number.value, crate::condition::NumberValue::Decimal(1e20));
    }

    #[test]
    fn errors_say_what_and_where() {
        check_error("a = ", "the condition ends where a variable or value is expected", "");
        check_error("a and", "the condition ends where a variable or value is expected", "");
        check_error("a = = b", "`=` stands where a variable or value is expected", "=");
        check_error("a b", "`b` stands where `and`, `or` or the end is expected", "b");
        check_error("(a b)", "`b` stands where `and`, `or` or `)` is expected", "b");
        check_error("a = \"x", "the text after this \" does not end", "\"x");
        check_error("a & b", "a single `&` is no operator; write `&&`", "&");
        check_error("a = b = c", "`=` stands where `and`, `or` or the end is expected", "=");
        check_error("()", "`)` stands where a variable or value is expected", ")");
    }

    #[test]
    fn what_runs_in_production_is_tolerated() {
        check_tolerated("(a = 1", "a = 1", &ConditionErrorKind::UnclosedParenthesis);
        check_tolerated("a = 1)", "a = 1", &ConditionErrorKind::UnopenedParenthesis);
        check_tolerated("(a or b)) and c", "(a or b) and c", &ConditionErrorKind::UnopenedParenthesis);
        check_tolerated("{a} = 1", "'{a}' = 1", &ConditionErrorKind::TemplateBraces);
        check_tolerated("1=1", "1 = 1", &ConditionErrorKind::LiteralOnLeft);
        check_tolerated("a ~ b", "a Matches b", &ConditionErrorKind::PatternIsVariable(Operator::Matches));
    }

    #[test]
    fn nesting_and_length_are_limited() {
        let deep = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
        check(&deep(DEPTH_MAX - 1), "a");
        let too_deep = parse_condition(&deep(20_000)).condition.expect_err("too deep");
        assert_eq!(too_deep.kind, ConditionErrorKind::TooDeep);
        let negations = parse_condition(&"!".repeat(20_000)).condition.expect_err("too deep");
        assert_eq!(negations.kind, ConditionErrorKind::TooDeep);
        let long = parse_condition(&"a and ".repeat(20_000)).condition.expect_err("too long");
        assert_eq!(long.kind, ConditionErrorKind::TooLong);
        let wide = format!("{}a", "a and ".repeat(5_000));
        assert!(parse_condition(&wide).condition.is_ok(), "width is no depth");
    }

    #[test]
    fn ranges_cover_the_comparison() {
        let text = "a and  b = \"c\" ";
        let Ok(Condition::And(parts)) = parse_condition(text).condition else { panic!("a conjunction") };
        let Some(Condition::Compare { range, .. }) = parts.get(1) else { panic!("a comparison") };
        assert_eq!(&text[range.clone()], "b = \"c\"");
    }

    #[test]
    fn variables_are_listed_in_order() {
        let parsed = parse_condition("a = b or not (c and d ~ \"e\") or f").condition.expect("valid");
        assert_eq!(parsed.variables(), ["a", "b", "c", "d", "f"]);
    }
}
