//! Who uses what a token policy leaves in flow variables: a search through everything that a set of bundles says and
//! that could be read.

use crate::analysis::effects::script_texts;
use crate::analysis::occurrence::{After, Occurrence};
use crate::analysis::program::Program;
use crate::analysis::unit::Unit;
use crate::suppress::comments;
use dormouse_bundle::Span;

/// What is known about the uses of a variable.
pub(crate) enum Uses {
    /// Nobody reads it.
    None,
    /// Somebody does, or may.
    Some,
    /// A script, named here, could not be read.
    Unknown(Span),
}

/// Whether any policy, condition or script reads a member of `oauthv2accesstoken.<policy>`.
pub(crate) fn uses_of(program: &Program<'_>, unit: usize, policy: &str, member: &str) -> Uses {
    let full = format!("{policy}.{member}");
    let mut unknown = None;
    let is_shared = program.units.get(unit).is_some_and(Unit::is_shared_flow);
    for (number, other) in program.units.iter().enumerate() {
        // Variables live as long as a request, which other bundles see only through shared flows.
        if number != unit && !is_shared && !other.is_shared_flow() {
            continue;
        }
        if other.bundle.files.iter().any(|file| mentions(&file.text, &full)) {
            return Uses::Some;
        }
        let scripts =
            other.bundle.resources.iter().filter(|resource| SCRIPT_KINDS.contains(&resource.kind.as_str()));
        let mut scripts = scripts.filter_map(|script| std::str::from_utf8(&script.bytes).ok());
        // A script can build the name from parts.
        if scripts.any(|text| text.contains(member)) {
            return Uses::Some;
        }
        unknown = unknown.or_else(|| unreadable_script(program, number));
    }
    unknown.map_or(Uses::None, Uses::Unknown)
}

/// The first attached policy of a bundle that runs code which could not be read.
pub(crate) fn unreadable_script(program: &Program<'_>, unit: usize) -> Option<Span> {
    let unit: &Unit<'_> = program.units.get(unit)?;
    let attached = unit
        .policies
        .iter()
        .zip(&unit.attached)
        .filter(|(typed, attached)| **attached && typed.policy.enabled);
    let mut policies = attached.map(|(typed, _)| typed.policy);
    let hidden = policies.find(|policy| match policy.kind.as_str() {
        "JavaCallout" | "ExternalCallout" => true,
        "Javascript" | "Script" | "XSL" => script_texts(unit, policy).is_none(),
        _ => false,
    })?;
    Some(hidden.span())
}

/// Whether a later step certainly replaces the whole response before anything looks at it.
pub(crate) fn is_replaced(program: &Program<'_>, occurrence: &Occurrence<'_>) -> bool {
    for after in &occurrence.after {
        if !after.conditional && replaces_response(program, after) {
            return true;
        }
        if may_read_body(program, after) {
            return false;
        }
    }
    false
}

fn replaces_response(program: &Program<'_>, after: &After) -> bool {
    let policy = program.units.get(after.unit).and_then(|unit| unit.policies.get(after.policy));
    let Some(policy) = policy.map(|typed| typed.policy).filter(|policy| policy.kind == "AssignMessage")
    else {
        return false;
    };
    let root = &policy.element;
    let to = root.element("AssignTo");
    let name = to.map(|to| to.text().trimmed().as_str().to_owned()).unwrap_or_default();
    let kind = to.and_then(|to| to.attribute_value("type"));
    let is_response = match (name.as_str(), kind) {
        ("response", _) | ("", Some("response")) => true,
        ("" | "message", None) => !after.in_request,
        _ => false,
    };
    let sets_body = root.elements_named("Set").any(|set| set.element("Payload").is_some());
    is_response && sets_body && !may_read_body(program, after)
}

/// Whether a step may read the body of the response that stands when it runs.
fn may_read_body(program: &Program<'_>, after: &After) -> bool {
    let policy = program.units.get(after.unit).and_then(|unit| unit.policies.get(after.policy));
    let Some(policy) = policy.map(|typed| typed.policy) else { return true };
    match policy.kind.as_str() {
        "AssignMessage" | "RaiseFault" | "KeyValueMapOperations" | "PopulateCache" | "MessageLogging" => {
            let text = policy.element.inner_source();
            BODY_VARIABLES.iter().any(|variable| text.contains(variable)) || text.contains("<Copy")
        }
        kind => !BODY_IGNORED.contains(&kind),
    }
}

/// Whether an XML text names a variable and not a longer one, outside comments.
fn mentions(text: &str, variable: &str) -> bool {
    let is_part = |next: char| next.is_alphanumeric() || next == '_';
    let mut found = text.match_indices(variable).filter(|(at, _)| {
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        let after = text.get(at + variable.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(|it| is_part(it) || it == '-') && !after.is_some_and(is_part)
    });
    let Some((first, _)) = found.next() else { return false };
    let comments = comments(text);
    let is_read = |at: usize| !comments.iter().any(|comment| comment.contains(&at));
    is_read(first) || found.any(|(at, _)| is_read(at))
}

const BODY_VARIABLES: [&str; 5] =
    ["response.content", "message.content", "response.formparam", "message.formparam", "jsonPath("];
/// Policies that never look at a body.
const BODY_IGNORED: [&str; 13] = [
    "AccessControl",
    "AccessEntity",
    "BasicAuthentication",
    "CORS",
    "GetOAuthV2Info",
    "InvalidateCache",
    "LookupCache",
    "OAuthV2",
    "Quota",
    "SetOAuthV2Info",
    "SpikeArrest",
    "StatisticsCollector",
    "VerifyAPIKey",
];
const SCRIPT_KINDS: [&str; 5] = ["js", "jsc", "py", "xsl", "node"];

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn only_whole_names_count() {
        assert!(mentions("{oauthv2accesstoken.T.refresh_token}", "T.refresh_token"));
        assert!(!mentions("{oauthv2accesstoken.T.refresh_token_status}", "T.refresh_token"));
        assert!(!mentions("{oauthv2accesstoken.My-T.refresh_token}", "T.refresh_token"));
        assert!(!mentions("<a><!-- {oauthv2accesstoken.T.refresh_token} --></a>", "T.refresh_token"));
        assert!(!mentions("{oauthv2accesstoken.XT.refresh_token}", "T.refresh_token"));
    }
}
