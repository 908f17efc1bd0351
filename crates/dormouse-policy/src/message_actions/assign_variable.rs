//! AssignVariable: sets a flow variable from a resource, a template, another variable, a literal or a property set, in
//! this order of precedence (Apigee: "AssignMessage policy", `AssignVariable`).

use super::ActionError;
use super::text::compile_template;
use crate::compile_context::{CompileContext, Resources};
use dormouse_bundle::{Element, Problem, SourceText};
use dormouse_flow::{Template, TemplateError, Text, Transaction, Unresolved, Value, Variable};
use std::sync::Arc;

/// A compiled AssignVariable.
pub(super) struct AssignVariable {
    variable: Variable,
    resource: Option<(Template, Arc<Resources>)>,
    template: Option<TemplateSource>,
    reference: Option<Variable>,
    literal: Option<Text>,
    property_set: Option<Template>,
}

/// A template that stands in the policy, or one that a variable holds, with the former as its default.
struct TemplateSource {
    reference: Option<Variable>,
    text: Option<Template>,
}

impl AssignVariable {
    /// `None` for one without a name, which sets nothing.
    pub(super) fn compile(
        element: &Element,
        context: &CompileContext<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let name = text_of(element, "Name");
        let Some(name) = name else {
            let message = "this AssignVariable names no variable and is left out";
            problems.push(Problem::warning("missing-name", message).at(element.name_span.clone()));
            return None;
        };
        if name.as_str().contains(char::is_whitespace) {
            let message = format!("{:?} is no variable name (Apigee: InvalidVariableName)", name.as_str());
            let problem = Problem::error("invalid-variable-name", message).at(name.span());
            problems.push(problem.help("names of variables have no blanks"));
        }
        let mut template = |name| text_of(element, name).map(|text| compile_template(&text, problems));
        let (resource, property_set) = (template("ResourceURL"), template("PropertySetRef"));
        Some(Self {
            variable: Variable::parse(name.as_str()),
            resource: resource.map(|url| (url, Arc::clone(&context.resources))),
            template: element
                .element("Template")
                .and_then(|element| TemplateSource::compile(element, problems)),
            reference: text_of(element, "Ref").map(|name| Variable::parse(name.as_str())),
            literal: element.element("Value").map(|element| element.text().as_str().into()),
            property_set,
        })
    }

    pub(super) fn run(
        &self,
        transaction: &mut Transaction,
        unresolved: Unresolved,
    ) -> Result<(), ActionError> {
        let value = self.value(transaction, unresolved)?;
        let name = self.variable.name();
        let failed = |error| ActionError::Variable { name: name.clone(), error };
        transaction.write(&self.variable, value).map_err(failed)
    }

    fn value(&self, transaction: &Transaction, unresolved: Unresolved) -> Result<Value, ActionError> {
        if let Some((url, resources)) = &self.resource {
            let url = url.render(transaction, unresolved)?;
            return resources.text(&url).map(Value::from).ok_or(ActionError::NoSuchResource(url));
        }
        if let Some(template) = &self.template
            && let Some(text) = template.render(transaction, unresolved)?
        {
            return Ok(text.into());
        }
        let referenced = self.reference.as_ref().map(|variable| (variable, transaction.read(variable)));
        if let Some((_, value)) = &referenced
            && !value.is_null()
        {
            return Ok(value.clone());
        }
        if let Some(literal) = &self.literal {
            return Ok(literal.clone().into());
        }
        if let Some(property) = &self.property_set {
            let property = property.render(transaction, unresolved)?;
            return Ok(transaction.get(&format!("propertyset.{property}")));
        }
        match (referenced, unresolved) {
            (Some((variable, _)), Unresolved::Error) => {
                Err(TemplateError::Unresolved(variable.name().clone()).into())
            }
            _ => Ok(Value::Null),
        }
    }
}

impl TemplateSource {
    fn compile(element: &Element, problems: &mut Vec<Problem>) -> Option<Self> {
        let reference = element.attribute_value("ref").map(str::trim).filter(|name| !name.is_empty());
        let text = element.text();
        let text = (!text.as_str().is_empty()).then(|| compile_template(&text, problems));
        let source = Self { reference: reference.map(Variable::parse), text };
        (source.reference.is_some() || source.text.is_some()).then_some(source)
    }

    fn render(&self, transaction: &Transaction, unresolved: Unresolved) -> Result<Option<Text>, ActionError> {
        let held = self.reference.as_ref().and_then(|variable| transaction.text(variable));
        if let Some(held) = held {
            let template = Template::compile(&dormouse_bundle::Template::parse(&held)).0;
            return Ok(Some(template.render(transaction, unresolved)?));
        }
        Ok(self.text.as_ref().map(|template| template.render(transaction, unresolved)).transpose()?)
    }
}

/// The trimmed text of a child; an empty one is as good as none.
fn text_of(element: &Element, name: &str) -> Option<SourceText> {
    element.element_text(name).filter(|text| !text.as_str().is_empty())
}
