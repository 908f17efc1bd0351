//! Functions that look into documents: `jsonPath`.

use super::functions::{Arguments, Input, Prepared};
use dormouse_text::json::Json;
use dormouse_text::json_path::JsonPath;

/// Compiles a literal path.
pub(super) fn prepare_json_path(arguments: &Arguments) -> Result<Prepared, String> {
    let Some(path) = arguments.literal(0) else { return Ok(Prepared::Nothing) };
    let path = JsonPath::compile(path).map_err(|error| error.to_string())?;
    Ok(Prepared::JsonPath(Box::new(path)))
}

/// `jsonPath(path,document[,wantArray])`: of an array its first item, unless the whole is wanted; nothing when the path
/// leads nowhere.
pub(super) fn json_path(input: &Input<'_>) -> Result<String, String> {
    let compiled;
    let path = if let Prepared::JsonPath(path) = input.prepared {
        path
    } else {
        compiled = JsonPath::compile(input.text(0)).map_err(|error| error.to_string())?;
        &compiled
    };
    let document = Json::parse(input.text(1)).map_err(|error| format!("the document is no JSON: {error}"))?;
    let found = path.find(&document).map_err(|error| error.to_string())?;
    Ok(match found {
        None | Some(Json::Null) => String::new(),
        Some(Json::Array(items)) if items.is_empty() => String::new(),
        Some(Json::Array(items)) if !input.text(2).eq_ignore_ascii_case("true") => {
            items.into_iter().next().map(|first| first.text()).unwrap_or_default()
        }
        Some(value) => value.text(),
    })
}
