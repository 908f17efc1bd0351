//! All bundles of a run as one program: who issues refresh tokens, who redeems them, and which of that can happen.

use super::logic::satisfiable;
use super::occurrence::{MissingCall, Occurrence};
use super::state::{Fact, State};
use super::unit::{Typed, Unit, grant_variable};
use super::walk::{called_flow, walk};
use crate::parallel::map;
use crate::settings::Settings;
use dormouse_bundle::{Bundle, ConditionSource, Grant, OAuthPolicy, Span};
use std::collections::{BTreeMap, BTreeSet};

/// A set of bundles and what is known about it.
pub(crate) struct Program<'a> {
    pub(crate) units: &'a [Unit<'a>],
    pub(crate) settings: &'a Settings,
    pub(crate) occurrences: Vec<Occurrence<'a>>,
    missing_calls: Vec<MissingCall<'a>>,
    exhausted: bool,
    /// Numbers of occurrences that can issue or import a refresh token.
    issuers: BTreeSet<usize>,
    /// Numbers of occurrences at which a refresh token can be redeemed.
    redeemers: BTreeSet<usize>,
    /// Numbers of occurrences that redeem, if only they could be reached.
    blocked: BTreeSet<usize>,
}

/// Why it is not certain that nobody redeems.
pub(crate) struct Doubt {
    pub(crate) message: String,
    pub(crate) span: Span,
}

/// Makes bundles ready for analysis, in parallel.
pub(crate) fn units(bundles: &[Bundle]) -> Vec<Unit<'_>> {
    map(bundles, Unit::new)
}

impl<'a> Program<'a> {
    /// Walks all bundles, in parallel, and finds who issues and who redeems.
    pub(crate) fn new(units: &'a [Unit<'a>], settings: &'a Settings) -> Self {
        let called = called_flows(units);
        let numbers: Vec<usize> = (0..units.len()).collect();
        let mut program = Self {
            units,
            settings,
            occurrences: Vec::new(),
            missing_calls: Vec::new(),
            exhausted: false,
            issuers: BTreeSet::new(),
            redeemers: BTreeSet::new(),
            blocked: BTreeSet::new(),
        };
        for mut found in map(&numbers, |number| walk(units, *number, called.contains(number))) {
            program.exhausted |= found.exhausted;
            program.occurrences.append(&mut found.occurrences);
            program.missing_calls.append(&mut found.missing_calls);
        }
        let all: Vec<usize> = (0..program.occurrences.len()).collect();
        let roles = map(&all, |number| program.role(*number));
        for (number, role) in all.into_iter().zip(roles) {
            match role {
                Role::Issues => program.issuers.insert(number),
                Role::Redeems => program.redeemers.insert(number),
                Role::CannotRedeem => program.blocked.insert(number),
                Role::Neither => continue,
            };
        }
        program
    }

    /// The policy of an occurrence.
    pub(crate) fn typed(&self, occurrence: &Occurrence<'_>) -> Option<&'a Typed<'a>> {
        self.units.get(occurrence.unit)?.policies.get(occurrence.policy)
    }

    /// The occurrences of policies of a bundle that can issue or import a refresh token.
    pub(crate) fn issuers(&self, unit: usize) -> impl Iterator<Item = &Occurrence<'a>> {
        self.of_unit(&self.issuers, unit)
    }

    /// The attached refresh policies of a bundle that no refresh request can reach.
    pub(crate) fn blocked(&self, unit: usize) -> impl Iterator<Item = &Occurrence<'a>> {
        self.of_unit(&self.blocked, unit)
    }

    /// The attached refresh policies of a bundle that can be reached.
    pub(crate) fn redeemers(&self, unit: usize) -> impl Iterator<Item = &Occurrence<'a>> {
        self.of_unit(&self.redeemers, unit)
    }

    /// The policies of a bundle that some flow can reach, each once with the occurrences at which it can run.
    pub(crate) fn reachable(&self, unit: usize) -> Vec<(&'a Typed<'a>, Vec<&Occurrence<'a>>)> {
        let own = self.occurrences.iter().filter(|occurrence| occurrence.unit == unit);
        let mut policies: BTreeMap<usize, Vec<&Occurrence<'a>>> = BTreeMap::new();
        for occurrence in own.filter(|occurrence| occurrence.ways.iter().any(State::is_possible)) {
            policies.entry(occurrence.policy).or_default().push(occurrence);
        }
        let typed = |policy| self.units.get(unit).and_then(|unit| unit.policies.get(policy));
        policies.into_iter().filter_map(|(policy, all)| Some((typed(policy)?, all))).collect()
    }

    /// Whether a refresh token can be issued at an occurrence.
    pub(crate) fn is_issuer(&self, occurrence: &Occurrence<'_>) -> bool {
        self.issuers
            .iter()
            .filter_map(|number| self.occurrences.get(*number))
            .any(|it| std::ptr::eq(it, occurrence))
    }

    /// Whether tokens with refresh tokens leave a policy at one of these occurrences: issued first, or by a refresh.
    pub(crate) fn yields_refresh_token(&self, typed: &Typed<'_>, occurrences: &[&Occurrence<'_>]) -> bool {
        typed.redeems() || occurrences.iter().any(|occurrence| self.is_issuer(occurrence))
    }

    /// Whether anything among the bundles issues refresh tokens.
    pub(crate) fn has_issuer(&self) -> bool {
        !self.issuers.is_empty()
    }

    /// Whether refresh tokens can be redeemed, here or where the settings say.
    pub(crate) fn has_redeemer(&self) -> bool {
        !self.redeemers.is_empty() || !self.settings.redeemed_by.is_empty()
    }

    /// Whether any refresh policy is attached, reachable or not.
    pub(crate) fn has_attached_redeemer(&self) -> bool {
        self.has_redeemer() || !self.blocked.is_empty()
    }

    /// The grants of an issuing policy that can happen at an occurrence and yield refresh tokens.
    pub(crate) fn refresh_grants(&self, occurrence: &Occurrence<'_>) -> Vec<Grant> {
        let Some(policy) = self.typed(occurrence).and_then(Typed::oauth_v2) else { return Vec::new() };
        let variable = grant_variable(policy);
        let grants = policy.grants().into_iter().filter(|grant| grant.yields_refresh_token());
        grants.filter(|grant| is_possible(occurrence, variable, grant.as_str())).collect()
    }

    /// Why a refresh request cannot reach an occurrence: the fewest facts that exclude it.
    pub(crate) fn obstacles(&self, occurrence: &Occurrence<'_>) -> Vec<Fact> {
        let policy = self.typed(occurrence).and_then(Typed::oauth_v2);
        let (Some(way), Some(policy)) = (occurrence.ways.first(), policy) else { return Vec::new() };
        let wanted = way.equals(grant_variable(policy), "refresh_token");
        let mut facts: Vec<&Fact> = way.facts().iter().collect();
        let mut at = 0;
        while at < facts.len() {
            let left = facts.iter().enumerate().filter(|(number, _)| *number != at);
            if satisfiable(left.map(|(_, fact)| &*fact.formula).chain([&wanted])) {
                at += 1;
            } else {
                facts.remove(at);
            }
        }
        facts.into_iter().cloned().collect()
    }

    /// Why a redeemer may be hidden from us: a shared flow for refreshing that is not among the bundles, a file
    /// that could not be read, a bundle too large.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        let hidden_call = self.missing_calls.iter().find_map(|call| self.call_doubt(call));
        hidden_call.or_else(|| self.units.iter().find_map(unreadable_redeemer)).or_else(|| {
            let file =
                self.units.iter().find_map(|unit| unit.bundle.files.first()).filter(|_| self.exhausted)?;
            let message = "a bundle is too large to be followed to its end".to_owned();
            Some(Doubt { message, span: Span::whole_file(file) })
        })
    }

    fn call_doubt(&self, call: &MissingCall<'a>) -> Option<Doubt> {
        let policy = self.units.get(call.unit)?.policies.get(call.policy)?.policy;
        let shared_flow = policy.element.element_text("SharedFlowBundle")?;
        let condition = call.flow.condition.map_or("", |condition: &ConditionSource| condition.text.as_str());
        let hints = [shared_flow.as_str(), &policy.name, call.flow.name, condition];
        hints.iter().any(|hint| hint.to_ascii_lowercase().contains("refresh")).then(|| Doubt {
            message: format!(
                "the shared flow `{}`, which may redeem them, is not among the bundles",
                shared_flow.as_str()
            ),
            span: shared_flow.span(),
        })
    }

    fn of_unit<'b>(
        &'b self,
        numbers: &'b BTreeSet<usize>,
        unit: usize,
    ) -> impl Iterator<Item = &'b Occurrence<'a>> {
        let occurrences = numbers.iter().filter_map(|number| self.occurrences.get(*number));
        occurrences.filter(move |occurrence| occurrence.unit == unit)
    }

    fn role(&self, number: usize) -> Role {
        let Some(occurrence) = self.occurrences.get(number) else { return Role::Neither };
        let Some((typed, policy)) = self.typed(occurrence).and_then(|it| Some((it, it.oauth_v2()?))) else {
            return Role::Neither;
        };
        let refreshes = is_possible(occurrence, grant_variable(policy), "refresh_token");
        if typed.redeems() {
            return if refreshes { Role::Redeems } else { Role::CannotRedeem };
        }
        let without_operation = policy.operation_inferred && policy.operation.value.generates_token();
        let other_grant =
            || Grant::ALL.iter().any(|grant| is_possible(occurrence, grant_variable(policy), grant.as_str()));
        if without_operation && refreshes && !other_grant() {
            return Role::Redeems;
        }
        let imports = policy.external_refresh_token.is_some() && !occurrence.ways.is_empty();
        if typed.can_issue_refresh_token() && (imports || !self.refresh_grants(occurrence).is_empty()) {
            return Role::Issues;
        }
        Role::Neither
    }
}

enum Role {
    CannotRedeem,
    Issues,
    Neither,
    Redeems,
}

/// Whether an occurrence can be reached while the grant type is the given one.
fn is_possible(occurrence: &Occurrence<'_>, variable: &str, grant: &str) -> bool {
    occurrence.ways.iter().any(|way| way.is_possible_with(&way.equals(variable, grant)))
}

/// The bundles whose shared flow some attached policy calls.
fn called_flows(units: &[Unit<'_>]) -> BTreeSet<usize> {
    let policies = units.iter().flat_map(|unit| unit.policies.iter().zip(&unit.attached));
    let calls = policies
        .filter(|(typed, attached)| **attached && typed.policy.enabled && typed.policy.kind == "FlowCallout");
    calls.filter_map(|(typed, _)| called_flow(units, typed.policy)).collect()
}

/// A policy file that could not be read and speaks of refreshing.
fn unreadable_redeemer(unit: &Unit<'_>) -> Option<Doubt> {
    let typed = unit.policies.iter().filter(|typed| !is_untyped(typed));
    let read: BTreeSet<&str> = typed.map(|it| it.policy.element.span.file.path.as_str()).collect();
    let mut policies = unit.bundle.files.iter().filter(|file| file.path.contains("/policies/"));
    let file = policies.find(|file| {
        !read.contains(file.path.as_str()) && REFRESH_OPERATIONS.iter().any(|name| file.text.contains(name))
    })?;
    let message = "a policy that may redeem them could not be read".to_owned();
    Some(Doubt { message, span: Span::whole_file(file) })
}

/// An OAuthV2 policy so wrong that nobody can know what it does.
fn is_untyped(typed: &Typed<'_>) -> bool {
    typed.policy.kind == "OAuthV2" && !matches!(typed.oauth, Some(OAuthPolicy::OAuthV2(_)))
}

const REFRESH_OPERATIONS: [&str; 2] = ["RefreshAccessToken", "RefreshJWTAccessToken"];
