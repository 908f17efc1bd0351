//! ResponseCache: answers a GET with a response that was given before (Apigee: "ResponseCache policy"). In a request flow
//! it looks up, in a response flow it puts away. Caches are in memory, of one node.

use crate::cache_settings::{Expiry, KeySource};
use crate::compile_context::{CompileContext, Platform, compile_condition};
use crate::configuration::{text_of, truth, warn_unknown, warn_without_effect};
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{ConditionSource, Level, Policy, Problem, parse_condition};
use dormouse_flow::{
    CacheKey, CachedValue, Condition, Executable, Fault, Found, Host, ImmediatePolicy, Message, Outcome,
    Phase, Text, Transaction, Value,
};
use dormouse_token::Timestamp;
use http::header::{
    ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CACHE_CONTROL, DATE, EXPIRES, HeaderName,
};
use std::time::Duration;

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "ResponseCache",
    summary: "Answers with a response that was given before.",
    failure_prefix: "responsecache",
    may_continue: true,
    compile,
};

struct ResponseCache {
    name: Text,
    key: KeySource,
    expiry: Expiry,
    skips_look_up: Option<Condition>,
    skips_population: Option<Condition>,
    uses_accept_headers: bool,
    uses_response_headers: bool,
    excludes_errors: bool,
    /// `responsecache.P.`
    prefix: Text,
    /// Where the request flow leaves the key for the response flow, which sees another request. No bundle can name it.
    remembered: Text,
}

fn compile(policy: &Policy, context: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let element = &policy.element;
    warn_unknown(element, ELEMENTS, &mut problems);
    let timeout = [("CacheLookupTimeoutInSeconds", "a look-up in memory does not wait")];
    warn_without_effect(element, &timeout, &mut problems);
    let compiled = ResponseCache {
        name: policy.name.as_str().into(),
        key: KeySource::compile(policy, &mut problems),
        expiry: Expiry::compile(policy, &mut problems),
        skips_look_up: condition(policy, "SkipCacheLookup", &mut problems),
        skips_population: condition(policy, "SkipCachePopulation", &mut problems),
        uses_accept_headers: truth(element, "UseAcceptHeader", false),
        uses_response_headers: truth(element, "UseResponseCacheHeaders", false),
        excludes_errors: truth(element, "ExcludeErrorResponse", context.platform == Platform::X),
        prefix: format!("responsecache.{}.", policy.name).into(),
        remembered: format!("responsecache.{}. key", policy.name).into(),
    };
    let is_broken = problems.iter().any(|problem| problem.level == Level::Error);
    ((!is_broken).then(|| Executable::Immediate(Box::new(compiled))), problems)
}

fn condition(policy: &Policy, name: &str, problems: &mut Vec<Problem>) -> Option<Condition> {
    let text = text_of(&policy.element, name)?;
    let parsed = parse_condition(text.as_str());
    if let Err(error) = &parsed.condition {
        let message = format!("{name} is no condition: {error}");
        problems.push(Problem::error("condition-syntax", message).at(text.span()));
    }
    let source = ConditionSource { text, parsed: parsed.condition, tolerated: parsed.tolerated };
    Some(compile_condition(&source, problems))
}

impl ImmediatePolicy for ResponseCache {
    fn run(&self, transaction: &mut Transaction, host: &Host) -> Outcome {
        match transaction.phase() {
            Phase::Request => self.look_up(transaction, host).unwrap_or_else(Outcome::from),
            Phase::Response => self.populate(transaction, host).into(),
            Phase::Error | Phase::PostClient => Outcome::Continue,
        }
    }
}

impl ResponseCache {
    fn look_up(&self, transaction: &mut Transaction, host: &Host) -> Result<Outcome, Fault> {
        let Some(key) = self.key_of_request(transaction) else {
            transaction.note(&self.remembered, false);
            return Ok(Outcome::Continue);
        };
        transaction
            .note(&self.remembered, Value::list(key.fragments.iter().map(|text| Value::from(text.clone()))));
        self.note(transaction, "cachename", key.cache.clone());
        self.note(transaction, "cachekey", key.joined());
        let found = if self.holds(self.skips_look_up.as_ref(), transaction)? {
            Found::Miss
        } else {
            host.node_state.caches.look_up(&key, host.clock.now())
        };
        self.note(transaction, "invalidentry", matches!(found, Found::Expired));
        let response = if let Found::Hit(entry) = found { entry.message() } else { None };
        self.note(transaction, "cachehit", response.is_some());
        let Some(response) = response else { return Ok(Outcome::Continue) };
        transaction.set_response(response);
        Ok(Outcome::SkipTo(self.name.clone()))
    }

    fn populate(&self, transaction: &mut Transaction, host: &Host) -> Result<(), Fault> {
        let is_hit = transaction.get(&format!("{}cachehit", self.prefix)).as_bool() == Some(true);
        let Some(key) = self.key_of_response(transaction).filter(|_| !is_hit) else { return Ok(()) };
        if self.holds(self.skips_population.as_ref(), transaction)? {
            return Ok(());
        }
        let Some(response) = transaction.response() else { return Ok(()) };
        if self.excludes_errors && !matches!(response.status(), Some(200..=205)) {
            return Ok(());
        }
        let now = host.clock.now();
        let Some(mut end) = self.expiry.ends_at(transaction, now) else { return Ok(()) };
        if self.uses_response_headers {
            match lifetime(response, now) {
                Lifetime::Unsaid => {}
                Lifetime::Forbidden => return Ok(()),
                Lifetime::Until(until) => end = end.min(until),
            }
        }
        let ambient = transaction.ambient();
        if let Some(value) = CachedValue::of(transaction, ambient.into())
            && end > now
            && host.node_state.caches.put(key, value, end).is_err()
        {
            // The response goes out all the same; only nobody else gets it from here.
            tracing::debug!(policy = &*self.name, "a response is too large for its cache");
        }
        Ok(())
    }

    /// Nothing for a request that has no business with the cache.
    fn key_of_request(&self, transaction: &Transaction) -> Option<CacheKey> {
        let request = transaction.request();
        if request.verb() != Some("GET") {
            return None;
        }
        let mut key = self.key.key(transaction);
        if self.uses_accept_headers {
            let accepted =
                ACCEPT_HEADERS.iter().map(|name| request.headers().joined(name).unwrap_or_default().into());
            key.fragments = key.fragments.iter().cloned().chain(accepted).collect();
        }
        Some(key)
    }

    fn key_of_response(&self, transaction: &Transaction) -> Option<CacheKey> {
        match transaction.get(&self.remembered) {
            Value::Null => self.key_of_request(transaction),
            Value::List(fragments) => {
                let texts =
                    fragments.iter().map(|text| transaction.text_of(text.clone()).unwrap_or_default());
                Some(CacheKey { fragments: texts.collect(), ..self.key.key(transaction) })
            }
            _ => None,
        }
    }

    fn holds(&self, condition: Option<&Condition>, transaction: &Transaction) -> Result<bool, Fault> {
        let holds = condition.map_or(Ok(false), |condition| condition.holds(transaction));
        holds.map_err(|error| {
            let text = format!("A condition of the policy {} cannot be evaluated: {error}", self.name);
            Fault::step("policies.responsecache.ConditionEvaluationFailed", text)
        })
    }

    fn note(&self, transaction: &mut Transaction, name: &str, value: impl Into<Value>) {
        transaction.note(&format!("{}{name}", self.prefix).into(), value);
    }
}

/// How long a response says that it may be kept (RFC 9111 §4.2.1, §5.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lifetime {
    Unsaid,
    Forbidden,
    Until(Timestamp),
}

fn lifetime(response: &Message, now: Timestamp) -> Lifetime {
    let directives: Vec<_> =
        response.headers().values(&CACHE_CONTROL).map(|text| text.to_ascii_lowercase()).collect();
    let has =
        |name: &str| directives.iter().any(|own| own.split('=').next().is_some_and(|own| own.trim() == name));
    if ["no-store", "no-cache", "private"].into_iter().any(has) {
        return Lifetime::Forbidden;
    }
    let seconds = |name: &str| {
        let mut values = directives.iter().filter_map(|own| own.strip_prefix(name)?.trim().strip_prefix('='));
        values.next().and_then(|value| value.trim().trim_matches('"').parse::<u64>().ok())
    };
    if let Some(seconds) = seconds("s-maxage").or_else(|| seconds("max-age")) {
        return Lifetime::Until(now.saturating_add(Duration::from_secs(seconds)));
    }
    let moment = |name: &HeaderName| {
        let moment = jiff::fmt::rfc2822::parse(&response.headers().first(name)?).ok()?;
        u64::try_from(moment.timestamp().as_millisecond()).ok()
    };
    match moment(&EXPIRES) {
        Some(expires) => {
            let kept_for =
                Timestamp::from_ms(expires).since(Timestamp::from_ms(moment(&DATE).unwrap_or(now.as_ms())));
            Lifetime::Until(now.saturating_add(kept_for))
        }
        // A date that cannot be read is in the past.
        None if response.headers().contains(&EXPIRES) => Lifetime::Until(now),
        None => Lifetime::Unsaid,
    }
}

const ACCEPT_HEADERS: &[HeaderName] = &[ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, ACCEPT_CHARSET];

const ELEMENTS: &[&str] = &[
    "CacheKey",
    "CacheLookupTimeoutInSeconds",
    "CacheResource",
    "ExcludeErrorResponse",
    "ExpirySettings",
    "Scope",
    "SkipCacheLookup",
    "SkipCachePopulation",
    "UseAcceptHeader",
    "UseResponseCacheHeaders",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&str, &str)], expected: Lifetime) {
        let mut response = Message::response(200);
        for (name, value) in headers {
            response.headers_mut().add(name, value).expect("a header");
        }
        assert_eq!(lifetime(&response, Timestamp::from_ms(1_000)), expected, "{headers:?}");
    }

    #[test]
    fn lifetimes_of_responses() {
        let until = |seconds: u64| Lifetime::Until(Timestamp::from_ms(1_000 + seconds * 1_000));
        check(&[], Lifetime::Unsaid);
        check(&[("Cache-Control", "public")], Lifetime::Unsaid);
        check(&[("Cache-Control", "Max-Age=60")], until(60));
        check(&[("Cache-Control", "max-age=60, s-maxage=\"5\"")], until(5));
        check(&[("Cache-Control", "max-age=60"), ("Cache-Control", "no-store")], Lifetime::Forbidden);
        check(&[("Cache-Control", "private=\"x\"")], Lifetime::Forbidden);
        check(&[("Cache-Control", "max-age=-1")], Lifetime::Unsaid);
        check(
            &[("Expires", "Thu, 01 Jan 1970 00:01:00 GMT"), ("Date", "Thu, 01 Jan 1970 00:00:30 GMT")],
            until(30),
        );
        check(&[("Expires", "Thu, 01 Jan 1970 00:00:03 GMT")], until(2));
        check(&[("Expires", "0")], until(0));
        check(&[("Expires", "0"), ("Cache-Control", "max-age=9")], until(9));
    }
}
