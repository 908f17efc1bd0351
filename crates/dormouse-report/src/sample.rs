//! Reports for the tests of the formats: a small one that shows every part, and one with text that no format may let
//! through as it is.

use dormouse_bundle::{Level, SourceFile, Span};
use std::sync::Arc;

use crate::excerpt::Colour;
use crate::finding::{Edit, Finding, Fix, Related, RuleInfo};
use crate::report::Report;

/// Three findings in one of two bundles, one of them without a place, and a bundle that could not be read.
pub(crate) fn with_report<T>(use_it: impl FnOnce(&Report<'_>) -> T) -> T {
    let text = "<OAuthV2 name=\"Token\">\n  <Operation>GenerateAccessToken</Operation>\n  <RefreshTokenExpiresIn>-1</RefreshTokenExpiresIn>\n</OAuthV2>\n";
    let file = SourceFile::new("./api/oauth/apiproxy/policies/Token.xml", text);
    let flows =
        SourceFile::new("./api/oauth/apiproxy/proxies/default.xml", "<ProxyEndpoint>\n  <PreFlow/>\n");
    let at = |file: &Arc<SourceFile>, marked: &str| {
        let start = file.text.find(marked).expect("the text");
        Span::new(file, start..start + marked.len())
    };
    let lifetime = at(&file, "-1");
    let findings = [
        Finding {
            related: vec![Related {
                span: at(&flows, "<PreFlow/>"),
                message: "it is attached here".to_owned(),
            }],
            help: Some("attach a RefreshAccessToken policy".to_owned()),
            ..finding(
                &REFRESH_NEVER_REDEEMED,
                "oauth",
                "nobody redeems the refresh tokens that `Token` issues",
            )
        }
        .at(at(&file, "<OAuthV2 name=\"Token\">\n  <Operation>")),
        Finding {
            fixes: vec![
                Fix {
                    title: "set it to 30 days".to_owned(),
                    safe: false,
                    edits: vec![Edit {
                        file: lifetime.file.clone(),
                        range: lifetime.range.clone(),
                        replacement: "2592000000".to_owned(),
                    }],
                },
                Fix { title: "leave it".to_owned(), safe: true, edits: Vec::new() },
            ],
            ..finding(&REFRESH_TTL_LONG, "oauth", "refresh tokens never expire")
        }
        .at(lifetime),
        finding(&OPERATION_MISSING, "", "cannot read b.zip: it is cut off"),
    ];
    let bundles = ["clean".to_owned(), "oauth".to_owned()];
    use_it(&Report {
        findings: &findings,
        rules: &[&REFRESH_TTL_LONG, &REFRESH_NEVER_REDEEMED],
        bundles: &bundles,
        suppressed: 2,
        deny: Level::Error,
        version: "1.2.3",
        colour: Colour::Never,
    })
}

/// One finding that consists of hostile text only.
pub(crate) fn with_nasty_report<T>(use_it: impl FnOnce(&Report<'_>) -> T) -> T {
    let nasty = format!("{NASTY}\u{1b}[2J\u{0}\u{7f}\u{85}\r\n::warning file=x::y\n");
    let file = SourceFile::new(format!("a,b:c/{nasty}.xml"), nasty.clone());
    let span = Span::new(&file, 1..4);
    let finding = Finding {
        help: Some(nasty.clone()),
        fixes: vec![Fix {
            title: nasty.clone(),
            safe: true,
            edits: vec![Edit { file: file.clone(), range: 0..1, replacement: nasty.clone() }],
        }],
        related: vec![Related { span: span.clone(), message: nasty.clone() }],
        ..finding(&REFRESH_TTL_LONG, &nasty, &nasty)
    };
    use_it(&Report {
        findings: &[finding.at(span)],
        rules: &[],
        bundles: std::slice::from_ref(&nasty),
        suppressed: 0,
        deny: Level::Info,
        version: "1.2.3",
        colour: Colour::Never,
    })
}

fn finding(rule: &'static RuleInfo, bundle: &str, message: &str) -> Finding {
    Finding {
        rule,
        level: rule.level,
        bundle: bundle.to_owned(),
        span: None,
        message: message.to_owned(),
        help: None,
        fixes: Vec::new(),
        related: Vec::new(),
    }
}

impl Finding {
    fn at(self, span: Span) -> Self {
        Self { span: Some(span), ..self }
    }
}

/// Markup of all the formats.
pub(crate) const NASTY: &str = "<script>\"'&]]>%0A%,:{{ x }}é𝄞";

static REFRESH_NEVER_REDEEMED: RuleInfo = RuleInfo {
    code: "OAU001",
    name: "refresh-never-redeemed",
    level: Level::Error,
    summary: "refresh tokens are issued that nobody redeems",
    what: "A policy issues refresh tokens & no policy redeems them.",
    why: "Each is kept until it expires.",
    bad: "<OAuthV2>\n  <Operation>GenerateAccessToken</Operation>\n</OAuthV2>",
    good: "<OAuthV2>\n  <Operation>RefreshAccessToken</Operation>\n</OAuthV2>",
    when_to_suppress: "When another gateway redeems them.",
    link: "https://example.com/antipattern",
};

static REFRESH_TTL_LONG: RuleInfo = RuleInfo {
    code: "OAU007",
    name: "refresh-ttl-long",
    level: Level::Warning,
    summary: "refresh tokens live for long",
    what: "",
    why: "",
    bad: "",
    good: "",
    when_to_suppress: "",
    link: "https://example.com/lifetime",
};

static OPERATION_MISSING: RuleInfo = RuleInfo {
    code: "OAU016",
    name: "operation-missing-or-invalid",
    level: Level::Info,
    summary: "the policy cannot be deployed",
    what: "",
    why: "",
    bad: "",
    good: "",
    when_to_suppress: "",
    link: "",
};
