//! Functions that look into documents: `jsonPath`, `xpath`.

use super::functions::{Arguments, Input, Prepared};
use dormouse_text::json::Json;
use dormouse_text::json_path::JsonPath;
use dormouse_text::xml::XmlDocument;
use dormouse_text::xpath::{Found, XPath};
use std::sync::Arc;

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

/// Compiles a literal expression whose namespaces are literal too.
pub(super) fn prepare_xpath(arguments: &Arguments) -> Result<Prepared, String> {
    let Some(expression) = arguments.literal(0) else { return Ok(Prepared::Nothing) };
    let mut namespaces = Vec::new();
    for index in 3..arguments.len() {
        let Some(pair) = arguments.literal(index) else { return Ok(Prepared::Nothing) };
        namespaces.push(namespace(pair)?);
    }
    let compiled = XPath::compile(expression, namespaces).map_err(|error| error.to_string())?;
    Ok(Prepared::XPath(Arc::new(compiled)))
}

/// `xpath(expression,document[,type[,prefix:uri]…])`; nothing when no node is found.
pub(super) fn xpath(input: &Input<'_>) -> Result<String, String> {
    let compiled;
    let path = if let Prepared::XPath(path) = input.prepared {
        path
    } else {
        let pairs = input.arguments.iter().skip(3).flatten();
        let namespaces = pairs.map(|pair| namespace(pair)).collect::<Result<_, _>>()?;
        compiled = Arc::new(XPath::compile(input.text(0), namespaces).map_err(|error| error.to_string())?);
        &compiled
    };
    let document = XmlDocument::parse(input.text(1)).map_err(|error| error.to_string())?;
    let found = path.find(&document).map_err(|error| error.to_string())?;
    Ok(match input.text(2).to_ascii_lowercase().as_str() {
        "" | "nodeset" => found.xml(),
        "node" => match &found {
            Found::Nodes(nodes) => nodes.first().map(|node| node.xml.clone()).unwrap_or_default(),
            other => other.text(),
        },
        "number" => found.number_text(),
        "boolean" => found.truth().to_string(),
        "string" => found.text(),
        _ => return Err("the type is nodeset, node, number, boolean or string".to_owned()),
    })
}

/// `prefix:uri`
fn namespace(pair: &str) -> Result<(String, String), String> {
    let (prefix, uri) = pair.split_once(':').ok_or("a namespace is written 'prefix:uri'")?;
    Ok((prefix.trim().to_owned(), uri.trim().to_owned()))
}
