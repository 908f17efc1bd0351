//! Functions at the end of a path: `length()`, `min()`, `max()`, `avg()`, `stddev()`, `sum()`, `keys()`, `concat()`,
//! `append()`, `first()`, `last()`, `index()`.

use super::evaluate::Search;
use super::filter::Operand;
use super::{JsonPath, JsonPathError};
use crate::json::Json;

/// A call.
#[derive(Clone)]
pub(super) struct Function {
    pub(super) kind: Kind,
    pub(super) arguments: Vec<Operand>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Append,
    Average,
    Concat,
    First,
    Index,
    Keys,
    Last,
    Length,
    Max,
    Min,
    StandardDeviation,
    Sum,
}

impl Kind {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "append" => Self::Append,
            "avg" => Self::Average,
            "concat" => Self::Concat,
            "first" => Self::First,
            "index" => Self::Index,
            "keys" => Self::Keys,
            "last" => Self::Last,
            "length" | "size" => Self::Length,
            "max" => Self::Max,
            "min" => Self::Min,
            "stddev" => Self::StandardDeviation,
            "sum" => Self::Sum,
            _ => return None,
        })
    }
}

impl Function {
    /// The result for what the path before found; `None` when there is none, such as the least number of no numbers.
    pub(super) fn apply(
        &self,
        model: Json,
        current: &Json,
        search: &Search<'_>,
    ) -> Result<Option<Json>, JsonPathError> {
        let mut arguments = Vec::new();
        for argument in &self.arguments {
            let found = match argument {
                Operand::Literal(json) => Some(json.clone()),
                Operand::Current(path) => search.value(path, current)?,
                Operand::Root(path) => search.value(path, search.root())?,
                Operand::Pattern(_) => None,
            };
            arguments.extend(found);
        }
        Ok(self.result(model, arguments))
    }

    fn result(&self, model: Json, arguments: Vec<Json>) -> Option<Json> {
        match (self.kind, model) {
            (Kind::Length, Json::Array(items)) => count(items.len()),
            (Kind::Length, Json::Object(members)) => count(members.len()),
            (Kind::Keys, Json::Object(members)) => {
                Some(Json::Array(members.into_iter().map(|(name, _)| Json::String(name)).collect()))
            }
            (Kind::First, Json::Array(items)) => items.into_iter().next(),
            (Kind::Last, Json::Array(mut items)) => items.pop(),
            (Kind::Index, Json::Array(mut items)) => {
                let Some(Json::Integer(index)) = arguments.first() else { return None };
                let index = absolute(*index, items.len())?;
                (index < items.len()).then(|| items.swap_remove(index))
            }
            (Kind::Append, Json::Array(mut items)) => {
                items.extend(arguments);
                Some(Json::Array(items))
            }
            (Kind::Concat, model) => {
                let texts = flat(model).into_iter().chain(arguments.into_iter().flat_map(flat));
                let texts = texts.filter(|json| matches!(json, Json::String(_)));
                Some(Json::String(texts.map(|json| json.text()).collect()))
            }
            (kind, model) => {
                let all = flat(model).into_iter().chain(arguments.into_iter().flat_map(flat));
                let numbers: Vec<f64> = all.filter_map(|json| json.as_f64()).collect();
                aggregate(kind, &numbers).map(Json::Double)
            }
        }
    }
}

/// What a function makes of the path that it ends.
pub(super) fn model(path: &JsonPath, mut found: Vec<Json>) -> Option<Json> {
    if super::token::are_definite(&path.tokens) { found.pop() } else { Some(Json::Array(found)) }
}

/// An index from the start, for one that may count from the end.
pub(super) fn absolute(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { index.checked_add(length)? } else { index }).ok()
}

fn flat(json: Json) -> Vec<Json> {
    match json {
        Json::Array(items) => items,
        other => vec![other],
    }
}

fn count(number: usize) -> Option<Json> {
    i64::try_from(number).ok().map(Json::Integer)
}

#[expect(clippy::cast_precision_loss, reason = "there are never that many numbers")]
fn aggregate(kind: Kind, numbers: &[f64]) -> Option<f64> {
    if numbers.is_empty() {
        return None;
    }
    let (count, sum) = (numbers.len() as f64, numbers.iter().sum::<f64>());
    Some(match kind {
        Kind::Average => sum / count,
        Kind::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Kind::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        Kind::StandardDeviation => {
            let squares = numbers.iter().map(|number| number * number).sum::<f64>();
            (squares / count - sum * sum / count / count).sqrt()
        }
        Kind::Sum => sum,
        _ => return None,
    })
}
