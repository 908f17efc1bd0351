//! The search of a path in a document.

use super::filter::Filter;
use super::function::{absolute, model};
use super::token::{Token, are_definite};
use super::{JsonPath, JsonPathError};
use crate::json::Json;
use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

/// One search: its document and the steps that are left. Filters take theirs from the same account.
pub(super) struct Search<'d> {
    root: &'d Json,
    steps: Cell<usize>,
}

/// What was found so far, borrowed from the document where nothing had to be made.
type Found<'d> = Vec<Cow<'d, Json>>;

impl<'d> Search<'d> {
    pub(super) fn new(root: &'d Json) -> Self {
        Self { root, steps: Cell::new(STEPS_MAX) }
    }

    pub(super) fn root(&self) -> &'d Json {
        self.root
    }

    /// Counts one visit of a value.
    pub(super) fn step(&self) -> Result<(), JsonPathError> {
        self.steps.set(self.steps.get().checked_sub(1).ok_or(JsonPathError::TooManySteps)?);
        Ok(())
    }

    /// See [`JsonPath::find`].
    pub(super) fn value(&self, path: &JsonPath, start: &Json) -> Result<Option<Json>, JsonPathError> {
        let mut found = Vec::new();
        let leads_on = self.select(&path.tokens, start, &mut found)?;
        // An indefinite path leads nowhere as well when its definite beginning does.
        if !leads_on && !starts_indefinite(&path.tokens, start) {
            return Ok(None);
        }
        let mut results = Vec::with_capacity(found.len());
        for one in found {
            self.pay_for_copy(&one)?;
            results.push(one.into_owned());
        }
        match &path.function {
            Some(function) => match model(path, results) {
                Some(model) => function.apply(model, start, self),
                None => Ok(None),
            },
            None if are_definite(&path.tokens) => Ok(results.pop()),
            None => Ok(Some(Json::Array(results))),
        }
    }

    /// Results of `$..*` overlap, so that copying them can multiply a document.
    fn pay_for_copy(&self, json: &Json) -> Result<(), JsonPathError> {
        self.step()?;
        match json {
            Json::Array(items) => items.iter().try_for_each(|item| self.pay_for_copy(item)),
            Json::Object(members) => members.iter().try_for_each(|(_, value)| self.pay_for_copy(value)),
            Json::String(text) => {
                let left = self.steps.get().checked_sub(text.len() / BYTES_A_STEP);
                self.steps.set(left.ok_or(JsonPathError::TooManySteps)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Adds what the segments find from a value on, and says whether they led anywhere.
    fn select<'m>(
        &self,
        tokens: &[Token],
        at: &'m Json,
        found: &mut Found<'m>,
    ) -> Result<bool, JsonPathError> {
        self.step()?;
        let Some((token, rest)) = tokens.split_first() else {
            found.push(Cow::Borrowed(at));
            return Ok(true);
        };
        match (token, at) {
            (Token::Scan, _) => self.scan(rest, at, found),
            (Token::Filter(filter), _) => self.filter(filter, rest, at, found),
            (Token::Name(name), _) => self.select_one(rest, at.member(name), found),
            (Token::Names(names), Json::Object(_)) => self.names(names, rest, at, found),
            (Token::Index(index), Json::Array(items)) => {
                let item = absolute(*index, items.len()).and_then(|index| items.get(index));
                self.select_one(rest, item, found)
            }
            (Token::Indices(indices), Json::Array(items)) => {
                let picked = indices.iter().filter_map(|index| items.get(absolute(*index, items.len())?));
                self.select_each(rest, picked, found)
            }
            (Token::Slice(from, to), Json::Array(items)) => {
                let range = slice(*from, *to, items.len());
                self.select_each(rest, items.get(range).unwrap_or_default(), found)
            }
            (Token::Wildcard, Json::Array(items)) => self.select_each(rest, items, found),
            (Token::Wildcard, Json::Object(members)) => {
                self.select_each(rest, members.iter().map(|(_, value)| value), found)
            }
            _ => Ok(false),
        }
    }

    fn select_one<'m>(
        &self,
        rest: &[Token],
        next: Option<&'m Json>,
        found: &mut Found<'m>,
    ) -> Result<bool, JsonPathError> {
        next.map_or(Ok(false), |next| self.select(rest, next, found))
    }

    fn select_each<'m>(
        &self,
        rest: &[Token],
        items: impl IntoIterator<Item = &'m Json>,
        found: &mut Found<'m>,
    ) -> Result<bool, JsonPathError> {
        for item in items {
            self.select(rest, item, found)?;
        }
        Ok(true)
    }

    /// Several names at the end make one object; before the end each goes its own way.
    fn names<'m>(
        &self,
        names: &[String],
        rest: &[Token],
        at: &'m Json,
        found: &mut Found<'m>,
    ) -> Result<bool, JsonPathError> {
        let present = names.iter().filter_map(|name| Some((name, at.member(name)?)));
        if !rest.is_empty() {
            return self.select_each(rest, present.map(|(_, value)| value), found);
        }
        let mut members = Vec::new();
        for (name, value) in present {
            self.pay_for_copy(value)?;
            members.push((name.clone(), value.clone()));
        }
        let any = !members.is_empty();
        if any {
            found.push(Cow::Owned(Json::Object(members)));
        }
        Ok(any)
    }

    /// The value itself and everything in it, in the order of the document.
    fn scan<'m>(&self, rest: &[Token], at: &'m Json, found: &mut Found<'m>) -> Result<bool, JsonPathError> {
        // A filter looks at the items of arrays by itself, and would meet each of them twice.
        let skips = matches!(rest.first(), Some(Token::Filter(_))) && matches!(at, Json::Array(_));
        if !skips {
            self.select(rest, at, found)?;
        }
        match at {
            Json::Array(items) => items.iter().try_for_each(|item| self.scan(rest, item, found).map(drop))?,
            Json::Object(members) => {
                members.iter().try_for_each(|(_, value)| self.scan(rest, value, found).map(drop))?;
            }
            _ => {}
        }
        Ok(true)
    }

    /// Of an array the items that the condition holds for, of an object itself.
    fn filter<'m>(
        &self,
        filter: &Filter,
        rest: &[Token],
        at: &'m Json,
        found: &mut Found<'m>,
    ) -> Result<bool, JsonPathError> {
        match at {
            Json::Array(items) => {
                for item in items {
                    if filter.holds(item, self)? {
                        self.select(rest, item, found)?;
                    }
                }
                Ok(true)
            }
            Json::Object(_) => {
                if filter.holds(at, self)? {
                    self.select(rest, at, found)?;
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// Whether the definite beginning of an indefinite path exists; only then is "nothing" an empty list.
fn starts_indefinite(tokens: &[Token], start: &Json) -> bool {
    let mut at = start;
    for token in tokens {
        let next = match (token, at) {
            (Token::Name(name), _) => at.member(name),
            (Token::Index(index), Json::Array(items)) => {
                absolute(*index, items.len()).and_then(|index| items.get(index))
            }
            (Token::Index(_), _) => None,
            (Token::Names(_) | Token::Wildcard, Json::Object(_)) => return !are_definite(tokens),
            (Token::Scan, _) | (Token::Filter(_), Json::Object(_) | Json::Array(_)) => return true,
            (_, Json::Array(_)) => return !matches!(token, Token::Names(_)),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return false,
        }
    }
    false
}

fn slice(from: Option<i64>, to: Option<i64>, length: usize) -> Range<usize> {
    let bound = |bound: Option<i64>, default: usize| {
        bound.map_or(default, |bound| absolute(bound, length).unwrap_or(0).min(length))
    };
    let (from, to) = (bound(from, 0), bound(to, length));
    from..to.max(from)
}

/// Bounds the time and memory of a search.
const STEPS_MAX: usize = 2_000_000;
/// How many bytes of text are copied for one step.
const BYTES_A_STEP: usize = 64;
