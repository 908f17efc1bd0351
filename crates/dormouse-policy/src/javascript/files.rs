//! The files of a script in the order in which they run, and where their errors are.

use crate::compile_context::CompileContext;
use dormouse_bundle::{Policy, Position, Problem, SourceFile, SourceText, Span};
use dormouse_script::{ScriptSource, SyntaxError};
use std::sync::Arc;

/// `IncludeURL`s, then `ResourceURL` or `Source`.
pub(crate) struct Files(Vec<ScriptFile>);

struct ScriptFile {
    source: ScriptSource,
    place: Place,
}

/// Where the text stands.
enum Place {
    /// In a file of its own.
    Resource(Arc<SourceFile>),
    /// In the policy.
    Inline(SourceText),
}

impl Files {
    /// The files that a policy names. `None` when it names none, or one that is missing, which was diagnosed when the
    /// bundle was read.
    pub(crate) fn of(
        policy: &Policy,
        context: &CompileContext<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let element = &policy.element;
        let mut files = Vec::new();
        for include in element.elements_named("IncludeURL") {
            files.push(resource(include.text().trimmed().as_str(), context)?);
        }
        let url = element.element_text("ResourceURL").filter(|url| !url.as_str().is_empty());
        match (url, element.element("Source")) {
            (Some(url), _) => files.push(resource(url.as_str(), context)?),
            (None, Some(source)) => files.push(inline(policy, source.text())),
            (None, None) => {
                let message = format!("the policy {} has no script", policy.name);
                let problem = Problem::error("script-missing", message).at(policy.span());
                problems.push(problem.help("name a file in ResourceURL, or write the script in Source"));
                return None;
            }
        }
        problems.extend(files.iter().filter_map(ScriptFile::unsupported));
        Some(Self(files))
    }

    pub(crate) fn sources(&self) -> Vec<ScriptSource> {
        self.0.iter().map(|file| file.source.clone()).collect()
    }

    /// A syntax error with its place in the bundle.
    pub(crate) fn problem(&self, error: &SyntaxError) -> Problem {
        let problem =
            Problem::error("script-syntax", format!("the script cannot be read: {}", error.message));
        let file = self.0.get(error.file);
        let span = file.map(|file| file.span(Position { line: error.line, column: error.column }));
        let problem = match span {
            Some(span) => problem.at(span),
            None => problem,
        };
        problem.help(SYNTAX_HELP)
    }
}

impl ScriptFile {
    fn span(&self, position: Position) -> Span {
        match &self.place {
            Place::Resource(file) => {
                let start = file.offset(position);
                let rest = file.text.get(start..).and_then(|rest| rest.chars().next());
                Span::new(file, start..start + rest.map_or(0, char::len_utf8))
            }
            Place::Inline(text) => {
                let start = SourceFile::new("", text.as_str()).offset(position);
                text.span_of(start..start)
            }
        }
    }

    /// What loads and fails only when it is reached: Java, and XML as a type of the language.
    fn unsupported(&self) -> Option<Problem> {
        let text = &self.source.text;
        let (at, word) = UNSUPPORTED.iter().find_map(|word| Some((text.find(word)?, *word)))?;
        let message =
            format!("`{word}` is not supported in scripts: where the script reaches it, the policy fails");
        let span = match &self.place {
            Place::Resource(file) => Span::new(file, at..at + word.len()),
            Place::Inline(text) => text.span_of(at..at + word.len()),
        };
        Some(Problem::warning("script-unsupported", message).at(span))
    }
}

fn resource(url: &str, context: &CompileContext<'_>) -> Option<ScriptFile> {
    let (_, name) = url.split_once("://")?;
    let found = ["jsc", "js"].iter().find_map(|kind| context.bundle.resource(kind, name))?;
    let text = String::from_utf8_lossy(&found.bytes);
    let file = SourceFile::new(found.path.as_str(), text.trim_start_matches('\u{feff}'));
    let source = ScriptSource { name: name.into(), text: file.text.as_str().into() };
    Some(ScriptFile { source, place: Place::Resource(file) })
}

fn inline(policy: &Policy, text: SourceText) -> ScriptFile {
    let source = ScriptSource { name: policy.name.as_str().into(), text: text.as_str().into() };
    ScriptFile { source, place: Place::Inline(text) }
}

/// Beginnings of what needs Rhino itself.
const UNSUPPORTED: [&str; 6] =
    ["importPackage(", "importClass(", "JavaImporter(", "new XML(", ".asXML", "Packages."];
const SYNTAX_HELP: &str = "scripts are ECMAScript, with Rhino's `for each`, `catch (e if …)` and expression closures; E4X is not supported";
