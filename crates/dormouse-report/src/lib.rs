//! Shows problems and findings: with an excerpt and a caret for people, as single lines for editors and logs, and in
//! the file formats of other tools. The same findings always give the same bytes, wherever they are written; colour
//! is used only when asked for, and nothing that a bundle contains can end a line, a string or a tag.

mod excerpt;
mod finding;
mod format;
mod json;
mod lines;
mod path;
mod report;
mod rule_markdown;
#[cfg(test)]
mod sample;
mod shown_line;
mod visible;

pub use excerpt::{Colour, excerpts};
pub use finding::{Edit, Finding, Fix, Related, RuleInfo, fingerprints};
pub use format::{FORMATS, Format};
pub use json::json;
pub use lines::{lines, summary};
pub use report::Report;
pub use rule_markdown::rule_markdown;
pub use visible::visible;
