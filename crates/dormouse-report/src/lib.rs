//! Shows problems: with an excerpt and a caret for people, as single lines for editors and logs, as JSON for
//! programs. The same problems always give the same bytes; colour is used only when asked for.

mod excerpt;
mod finding;
mod json;
mod lines;
mod visible;

pub use excerpt::{Colour, excerpts};
pub use finding::{Edit, Finding, Fix, Related, RuleInfo, fingerprints};
pub use json::json;
pub use lines::{lines, summary};
