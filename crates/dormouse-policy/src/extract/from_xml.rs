//! Values from XML by XPath (Apigee: "ExtractVariables policy", `XMLPayload`).

use super::{Cast, cast};
use dormouse_bundle::{Element, Problem};
use dormouse_flow::{Value, Variable};
use dormouse_text::xml::XmlDocument;
use dormouse_text::xpath::{XPath, XPathError};

/// `XMLPayload/Variable`
pub(crate) struct FromXml {
    /// The variable that gets the value.
    pub(crate) target: Variable,
    path: XPath,
    cast: Cast,
}

impl FromXml {
    /// Compiles the variables of a payload.
    pub(crate) fn compile_all(payload: &Element, prefix: &str, problems: &mut Vec<Problem>) -> Vec<Self> {
        let namespaces = namespaces(payload, problems);
        let mut found = Vec::new();
        let mut count = 0;
        for variable in payload.elements_named("Variable") {
            count += 1;
            match Self::compile(variable, prefix, &namespaces) {
                Ok(compiled) => found.push(compiled),
                Err(problem) => problems.push(problem),
            }
        }
        if count == 0 {
            let message = "XMLPayload has no Variable (Apigee: NoXPathsToEvaluate)";
            problems.push(Problem::error("no-xpath", message).at(payload.name_span.clone()));
        }
        found
    }

    fn compile(element: &Element, prefix: &str, namespaces: &[(String, String)]) -> Result<Self, Problem> {
        let problem = |code, message: &str| Problem::error(code, message).at(element.span.clone());
        let name = element.attribute_value("name").map(str::trim).unwrap_or_default();
        if name.is_empty() {
            return Err(problem("missing-name", "this Variable has no name (Apigee: MissingName)"));
        }
        let Some(cast) = Cast::parse(element.attribute_value("type")) else {
            let message = "the type is boolean, double, float, integer, long, nodeset or string";
            return Err(problem("unknown-type", message));
        };
        let Some(path) = element.element_text("XPath").filter(|path| !path.as_str().is_empty()) else {
            let message = "this Variable has no XPath (Apigee: EmptyXPathExpression)";
            return Err(problem("empty-xpath", message));
        };
        let compiled = XPath::compile(path.as_str(), namespaces.to_vec()).map_err(|error| {
            let message = format!("invalid XPath: {error} (Apigee: InvalidXPath)");
            Problem::error("invalid-xpath", message).at(path.span())
        })?;
        Ok(Self { target: Variable::parse(&format!("{prefix}{name}")), path: compiled, cast })
    }

    /// The value: null when no node is found, `None` when it is not of the type.
    ///
    /// # Errors
    /// [`XPathError`] when the expression cannot be evaluated.
    pub(crate) fn value(&self, document: &XmlDocument<'_>) -> Result<Option<Value>, XPathError> {
        let found = self.path.find(document)?;
        if found.is_empty() {
            return Ok(Some(Value::Null));
        }
        Ok(match self.cast {
            Cast::Nodeset => Some(found.xml().into()),
            other => cast(&found.text(), other),
        })
    }
}

/// The prefixes that `Namespaces` declares.
pub(crate) fn namespaces(parent: &Element, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let elements = parent.elements_named("Namespaces").flat_map(|all| all.elements_named("Namespace"));
    for element in elements {
        let prefix = element.attribute_value("prefix").map(str::trim).unwrap_or_default();
        let text = element.text().trimmed();
        let mut refuse = |code, message: &str| {
            problems.push(Problem::error(code, message).at(element.span.clone()));
        };
        if !prefix.is_empty() && text.as_str().is_empty() {
            refuse("empty-namespace", "this prefix has no URI (Apigee: NonEmptyPrefixMappedToEmptyURI)");
        } else if found.iter().any(|(own, _)| own == prefix) {
            refuse("duplicate-prefix", "this prefix is declared twice (Apigee: DuplicatePrefix)");
        } else {
            found.push((prefix.to_owned(), text.as_str().to_owned()));
        }
    }
    found
}
