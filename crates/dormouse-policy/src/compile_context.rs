//! What policies may know when they are compiled.

use dormouse_bundle::{Bundle, Problem, Span};
use dormouse_flow::{Condition, InvalidPattern, Text};
use dormouse_script::Scripts;
use std::collections::HashMap;
use std::sync::Arc;

/// The bundle that a policy belongs to, and where it will run.
pub struct CompileContext<'a> {
    /// The bundle.
    pub bundle: &'a Bundle,
    /// The resources of the bundle, for policies that choose one at run time.
    pub resources: Arc<Resources>,
    /// Whose defaults hold.
    pub platform: Platform,
    /// The threads on which scripts will run.
    pub scripts: Scripts,
}

/// Apigee's two products. They differ in defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Platform {
    /// Apigee X and hybrid.
    #[default]
    X,
    /// Apigee Edge.
    Edge,
}

/// The texts of a bundle's resources, by URL such as `jsc://a.js`.
#[derive(Default)]
pub struct Resources(HashMap<String, Text>);

impl<'a> CompileContext<'a> {
    /// The context of one bundle.
    pub fn new(bundle: &'a Bundle, platform: Platform) -> Self {
        Self { bundle, resources: Arc::new(Resources::of(bundle)), platform, scripts: Scripts::default() }
    }
}

impl Resources {
    fn of(bundle: &Bundle) -> Self {
        let text = |bytes: &[u8]| Text::from(String::from_utf8_lossy(bytes));
        let entry = |resource: &dormouse_bundle::Resource| {
            (format!("{}://{}", resource.kind, resource.name), text(&resource.bytes))
        };
        Self(bundle.resources.iter().map(entry).collect())
    }

    /// The text of a resource.
    pub fn text(&self, url: &str) -> Option<Text> {
        self.0.get(url).cloned()
    }
}

/// Compiles a condition that stands in a bundle. One that could not be parsed was reported when it was read; it never
/// holds.
pub fn compile_condition(
    source: &dormouse_bundle::ConditionSource,
    problems: &mut Vec<Problem>,
) -> Condition {
    let never = || dormouse_bundle::Condition::Or(Vec::new());
    let tree = source.parsed.clone().unwrap_or_else(|_| never());
    Condition::compile(&tree).unwrap_or_else(|invalid| {
        problems.push(invalid_pattern(&invalid, source.text.span_of(invalid.range.clone())));
        Condition::never()
    })
}

fn invalid_pattern(invalid: &InvalidPattern, span: Span) -> Problem {
    Problem::error("condition-pattern", invalid.to_string())
        .at(span)
        .help("write a regular expression as java.util.regex.Pattern takes it")
}
