//! The segments of a path.

use super::filter::Filter;

/// One segment.
#[derive(Clone)]
pub(super) enum Token {
    /// `[?(…)]`
    Filter(Box<Filter>),
    /// `[3]`, or from the end with a negative number.
    Index(i64),
    /// `[0,2]`
    Indices(Vec<i64>),
    /// `.name`, `['name']`
    Name(String),
    /// `['a','b']`
    Names(Vec<String>),
    /// `..`: what follows is looked for everywhere.
    Scan,
    /// `[from:to]`
    Slice(Option<i64>, Option<i64>),
    /// `*`
    Wildcard,
}

/// Whether a path of these segments names at most one value. Several names at the end make one object.
pub(super) fn are_definite(tokens: &[Token]) -> bool {
    let Some((last, before)) = tokens.split_last() else { return true };
    before.iter().all(is_single) && (is_single(last) || matches!(last, Token::Names(_)))
}

fn is_single(token: &Token) -> bool {
    matches!(token, Token::Index(_) | Token::Name(_))
}
