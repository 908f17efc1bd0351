//! CORS: answers preflight requests, and lets browsers read the responses to other origins' requests (Apigee: "CORS
//! policy"; Fetch standard, "CORS protocol").
//!
//! Variables: `cross_origin_resource_sharing.` followed by `allow.origin`, `allow.origins.list`, `allow.methods`,
//! `allow.headers`, `allow.credentials`, `expose.headers`, `max.age`, `preflight.accepted`, `request.origin`,
//! `request.method`, `request.headers`, `request.type`. Faults: `steps.cors.UnresolvedVariable`, status 500.

use crate::compile_context::CompileContext;
use crate::configuration::{refused, text_of, truth, warn_unknown};
use crate::message_actions::compile_template;
use crate::registry::{Compiled, PolicyKind};
use dormouse_bundle::{Element, Policy, Problem};
use dormouse_flow::{
    Executable, Fault, Host, ImmediatePolicy, Message, Outcome, Phase, ReplyHeaders, Template, TemplateError,
    Text, Transaction, Unresolved, Value,
};
use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN};

/// See [`crate::registry`].
pub(crate) const KIND: PolicyKind = PolicyKind {
    tag: "CORS",
    summary: "Answers preflight requests and lets browsers read responses.",
    failure_prefix: "cors",
    may_continue: true,
    compile,
};

struct Cors {
    name: Text,
    origins: Template,
    methods: Template,
    headers: Template,
    exposed: Option<Template>,
    max_age: Template,
    credentials: Option<Template>,
    answers_preflight: bool,
    unresolved: Unresolved,
}

/// What the templates say for one request.
struct Allowed {
    origins: Text,
    methods: Text,
    headers: Text,
    exposed: Text,
    max_age: Text,
    credentials: bool,
}

/// What a request asks for.
struct Asked {
    origin: Text,
    /// Of a preflight.
    method: Option<Text>,
    headers: Option<Text>,
}

fn compile(policy: &Policy, _: &CompileContext<'_>) -> Compiled {
    let mut problems = Vec::new();
    let element = &policy.element;
    warn_unknown(element, ELEMENTS, &mut problems);
    let Some(origins) = template(element, "AllowOrigins", &mut problems) else {
        let problem = refused("missing-origins", policy, "AllowOriginsRequired", "AllowOrigins is missing");
        problems.push(problem.help("write <AllowOrigins>{request.header.origin}</AllowOrigins>"));
        return (None, problems);
    };
    let mut or_default = |name: &str, default: &str| {
        template(element, name, &mut problems).unwrap_or_else(|| Template::literal(default))
    };
    let (methods, headers) =
        (or_default("AllowMethods", METHODS_DEFAULT), or_default("AllowHeaders", HEADERS_DEFAULT));
    let max_age = or_default("MaxAge", MAX_AGE_DEFAULT);
    let cors = Cors {
        name: policy.name.as_str().into(),
        origins,
        methods,
        headers,
        exposed: template(element, "ExposeHeaders", &mut problems),
        max_age,
        credentials: template(element, "AllowCredentials", &mut problems),
        answers_preflight: truth(element, "GeneratePreflightResponse", true),
        unresolved: if truth(element, "IgnoreUnresolvedVariables", true) {
            Unresolved::Empty
        } else {
            Unresolved::Error
        },
    };
    (Some(Executable::Immediate(Box::new(cors))), problems)
}

fn template(element: &Element, name: &str, problems: &mut Vec<Problem>) -> Option<Template> {
    text_of(element, name).map(|text| compile_template(&text, problems))
}

impl ImmediatePolicy for Cors {
    fn run(&self, transaction: &mut Transaction, _: &Host) -> Outcome {
        // Requests that no page of another origin makes have no Origin.
        let Some(asked) = Asked::of(transaction) else { return Outcome::Continue };
        match self.allowed(transaction) {
            Ok(allowed) => self.apply(transaction, &asked, &allowed),
            Err(error) => {
                let text = format!("CORS[{}]: {error}", self.name);
                Fault::step("steps.cors.UnresolvedVariable", text).into()
            }
        }
    }
}

impl Cors {
    fn allowed(&self, transaction: &Transaction) -> Result<Allowed, TemplateError> {
        let render = |template: &Template| template.render(transaction, self.unresolved);
        let optional = |template: &Option<Template>| template.as_ref().map(render).transpose();
        Ok(Allowed {
            origins: render(&self.origins)?,
            methods: render(&self.methods)?,
            headers: render(&self.headers)?,
            exposed: optional(&self.exposed)?.unwrap_or_default(),
            max_age: render(&self.max_age)?,
            credentials: optional(&self.credentials)?.is_some_and(|text| is_true(&text)),
        })
    }

    fn apply(&self, transaction: &mut Transaction, asked: &Asked, allowed: &Allowed) -> Outcome {
        let origin = allowed.origin(&asked.origin);
        note_all(transaction, asked, allowed, origin.as_ref());
        if let Some(origin) = origin {
            transaction.extension::<ReplyHeaders>().0 = allowed.reply_headers(origin);
        }
        if asked.method.is_none() || !self.answers_preflight || transaction.phase() != Phase::Request {
            return Outcome::Continue;
        }
        transaction.set_response(Message::response(200));
        Outcome::Respond
    }
}

impl Asked {
    fn of(transaction: &Transaction) -> Option<Self> {
        let request = transaction.request();
        let header = |name: &HeaderName| request.headers().first(name).map(|value| Text::from(&*value));
        let is_options = request.verb() == Some("OPTIONS");
        let method = header(&ACCESS_CONTROL_REQUEST_METHOD).filter(|_| is_options);
        Some(Self { origin: header(&ORIGIN)?, headers: header(&ACCESS_CONTROL_REQUEST_HEADERS), method })
    }
}

impl Allowed {
    /// The value of `Access-Control-Allow-Origin`; none for an origin that is not in the list.
    fn origin(&self, asked: &Text) -> Option<Text> {
        if listed(&self.origins).any(|origin| origin == "*") {
            return Some("*".into());
        }
        listed(&self.origins).any(|origin| origin == &**asked).then(|| asked.clone())
    }

    /// Whether a preflight's method and headers may be used.
    fn accepts(&self, asked: &Asked) -> bool {
        let permits =
            |list: &str, wanted: &str| listed(list).any(|own| own == "*" || own.eq_ignore_ascii_case(wanted));
        let headers = asked.headers.as_deref().unwrap_or_default();
        asked.method.as_ref().is_some_and(|method| permits(&self.methods, method))
            && listed(headers).all(|header| permits(&self.headers, header))
    }

    fn reply_headers(&self, origin: Text) -> Vec<(&'static str, Text)> {
        let max_age = if &*self.max_age == "-1" { Text::default() } else { self.max_age.clone() };
        let credentials = if self.credentials { "true".into() } else { Text::default() };
        let headers = [
            ("access-control-allow-origin", origin),
            ("access-control-allow-methods", self.methods.clone()),
            ("access-control-allow-headers", self.headers.clone()),
            ("access-control-expose-headers", self.exposed.clone()),
            ("access-control-max-age", max_age),
            ("access-control-allow-credentials", credentials),
        ];
        headers.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

fn note_all(transaction: &mut Transaction, asked: &Asked, allowed: &Allowed, origin: Option<&Text>) {
    let is_preflight = asked.method.is_some();
    let accepted = is_preflight.then(|| origin.is_some() && allowed.accepts(asked));
    let notes: [(&str, Value); 12] = [
        ("allow.credentials", allowed.credentials.into()),
        ("allow.headers", allowed.headers.clone().into()),
        ("allow.methods", allowed.methods.clone().into()),
        ("allow.origin", origin.cloned().into()),
        ("allow.origins.list", allowed.origins.clone().into()),
        ("expose.headers", allowed.exposed.clone().into()),
        ("max.age", allowed.max_age.clone().into()),
        ("preflight.accepted", accepted.into()),
        ("request.headers", asked.headers.clone().into()),
        ("request.method", asked.method.clone().into()),
        ("request.origin", asked.origin.clone().into()),
        ("request.type", if is_preflight { "PREFLIGHT" } else { "ACTUAL" }.into()),
    ];
    for (name, value) in notes {
        transaction.note(&format!("cross_origin_resource_sharing.{name}").into(), value);
    }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn is_true(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("true")
}

const ELEMENTS: &[&str] = &[
    "AllowCredentials",
    "AllowHeaders",
    "AllowMethods",
    "AllowOrigins",
    "ExposeHeaders",
    "GeneratePreflightResponse",
    "MaxAge",
];

const METHODS_DEFAULT: &str = "GET, POST, HEAD, OPTIONS";
const HEADERS_DEFAULT: &str = "Origin, Accept, X-Requested-With, Content-Type, Access-Control-Request-Method, \
    Access-Control-Request-Headers";
/// Seconds.
const MAX_AGE_DEFAULT: &str = "1800";
