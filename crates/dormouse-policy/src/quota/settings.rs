//! Small settings of a Quota policy: its type, what it does with a request, and what a request weighs (Apigee: "Quota
//! policy").

use crate::quota::limits::{QuotaFault, reference};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_flow::{QuotaKind, QuotaMode, Transaction, Variable};

/// The `type` attribute, with the `StartTime` that one of the types needs.
pub(crate) fn kind(policy: &Policy, problems: &mut Vec<Problem>) -> QuotaKind {
    let attribute = policy.element.attribute("type");
    let name = attribute.map(|attribute| attribute.value.as_str().trim().to_ascii_lowercase());
    let kind = match name.as_deref() {
        Some("calendar") => return calendar(policy, problems),
        Some("flexi") => QuotaKind::Flexi,
        Some("rollingwindow") => QuotaKind::RollingWindow,
        None | Some("" | "default") => QuotaKind::Aligned,
        Some(other) => {
            let message = format!(
                "invalid quota type {other} in quota policy {} (Apigee: InvalidQuotaType)",
                policy.name
            );
            let span = attribute.map_or_else(|| policy.span(), |attribute| attribute.value.span());
            let help = "use calendar, rollingwindow or flexi, or leave the type out";
            problems.push(Problem::error("invalid-quota-type", message).at(span).help(help));
            return QuotaKind::Aligned;
        }
    };
    if let Some(start_time) = policy.element.element("StartTime") {
        let help = "add type=\"calendar\", or take StartTime out";
        let problem = if kind == QuotaKind::Aligned {
            Problem::warning("start-time-not-supported", "StartTime has no effect without type=\"calendar\"")
        } else {
            let message = format!(
                "StartTime is for the quota type calendar only, in quota policy {} (Apigee: StartTimeNotSupported)",
                policy.name
            );
            Problem::error("start-time-not-supported", message)
        };
        problems.push(problem.at(start_time.span.clone()).help(help));
    }
    kind
}

/// Published bundles leave the start time out, and Apigee deploys them.
fn calendar(policy: &Policy, problems: &mut Vec<Problem>) -> QuotaKind {
    let help = "write it as yyyy-MM-dd HH:mm:ss, in GMT";
    let Some(start_time) = policy.element.element_text("StartTime").filter(|text| !text.as_str().is_empty())
    else {
        let message =
            "a calendar quota without StartTime begins with the clock's minute, hour, day, week or month";
        problems.push(Problem::warning("no-start-time", message).at(policy.span()).help(help));
        return QuotaKind::Aligned;
    };
    QuotaKind::calendar(start_time.as_str()).unwrap_or_else(|| {
        let message = format!(
            "invalid start time {} in quota policy {} (Apigee: InvalidStartTime)",
            start_time.as_str(),
            policy.name
        );
        problems.push(Problem::error("invalid-start-time", message).at(start_time.span()).help(help));
        QuotaKind::Aligned
    })
}

/// `CountOnly` and `EnforceOnly`.
pub(crate) fn mode(policy: &Policy, problems: &mut Vec<Problem>) -> QuotaMode {
    let is_true = |name| {
        policy.element.element_text(name).is_some_and(|text| text.as_str().eq_ignore_ascii_case("true"))
    };
    match (is_true("CountOnly"), is_true("EnforceOnly")) {
        (false, false) => QuotaMode::CountAndEnforce,
        (true, false) => QuotaMode::CountOnly,
        (false, true) => QuotaMode::EnforceOnly,
        (true, true) => {
            let message = "CountOnly and EnforceOnly exclude each other";
            let help = "use two policies with the same SharedName, one for each";
            problems.push(Problem::error("count-and-enforce-only", message).at(policy.span()).help(help));
            QuotaMode::CountAndEnforce
        }
    }
}

/// `MessageWeight`
pub(crate) struct Weight {
    reference: Option<Variable>,
    literal: u64,
}

impl Weight {
    pub(crate) fn compile(policy: &Policy, problems: &mut Vec<Problem>) -> Self {
        let element = policy.element.element("MessageWeight");
        let reference = element.and_then(|element| reference(element, "ref"));
        Self { reference, literal: element.and_then(|element| literal(element, problems)).unwrap_or(1) }
    }

    /// What this request weighs.
    ///
    /// # Errors
    /// The variable holds something else than a whole number that is not negative.
    pub(crate) fn resolve(&self, transaction: &Transaction) -> Result<u64, QuotaFault> {
        let Some(variable) = &self.reference else { return Ok(self.literal) };
        let value = transaction.read(variable);
        if value.is_null() {
            return Ok(self.literal);
        }
        let weight = value.as_i64().and_then(|weight| u64::try_from(weight).ok());
        weight.ok_or_else(|| QuotaFault::InvalidMessageWeight(transaction.text_of(value).unwrap_or_default()))
    }
}

fn literal(element: &Element, problems: &mut Vec<Problem>) -> Option<u64> {
    let text = element.text().trimmed();
    if text.as_str().is_empty() {
        return None;
    }
    let weight = text.as_str().parse().ok();
    if weight.is_none() {
        let message = format!("invalid message weight {} (Apigee: InvalidMessageWeight)", text.as_str());
        let problem = Problem::error("invalid-message-weight", message).at(text.span());
        problems.push(problem.help("write a whole number, or a variable in the attribute ref"));
    }
    weight
}
