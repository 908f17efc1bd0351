//! Nothing that an outsider writes makes anything panic, hang or overflow, and what is read makes sense.

use dormouse_bundle::{Delimiters, Part, SourceFile, Template, diagnose, parse_condition, parse_xml};
use proptest::prelude::*;

use crate::fixture::Fixture;

/// Text made of the pieces that a grammar cares about, so that parsers get beyond their first error.
fn soup(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

const XML: &[&str] = &[
    "<a>",
    "</a>",
    "<b c='d'>",
    "</b>",
    "<e/>",
    "<e f=\"&lt;\n\">",
    "</e>",
    "text",
    "&amp;",
    "&#65;",
    "&#x;",
    "&x;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?p",
    "?>",
    "<!DOCTYPE a [",
    "]>",
    "é",
    "\r\n",
    "\r",
    "\t",
    "'",
    "\"",
    "<",
    ">",
];
const CONDITION: &[&str] = &[
    "a",
    " ",
    "b.c",
    "(",
    ")",
    "!",
    " not ",
    " and ",
    " or ",
    "&&",
    "||",
    "=",
    "==",
    "!=",
    ":=",
    "~",
    "~~",
    "~/",
    "/~",
    "=|",
    "<",
    ">=",
    "\"x\"",
    "'y z'",
    "\"",
    "'",
    "1",
    "-2.5f",
    "null",
    "true",
    " is ",
    " Matches ",
    " MatchesPath ",
    "é",
];
const TEMPLATE: &[&str] = &[
    "{", "}", "{a}", "a.b", ":", "(", ")", ",", "'", "[", "]", "{f(", "{x:", "$.y", "\n", "é", "\\", "@",
    "#", " ",
];

proptest! {
    #[test]
    fn any_bytes_are_xml_or_a_problem(text in any::<String>()) {
        let _ = parse_xml(&SourceFile::new("a.xml", text));
    }

    #[test]
    fn every_place_in_a_tree_is_in_the_file(text in soup(XML)) {
        let file = SourceFile::new("a.xml", format!("<r>{text}</r>"));
        match parse_xml(&file) {
            Ok(root) => for element in root.descendants() {
                prop_assert!(file.text[element.span.range.clone()].starts_with('<'));
                let name = &file.text[element.name_span.range.clone()];
                prop_assert_eq!(name.rsplit(':').next(), Some(element.name.as_str()));
                let own = element.text();
                for (at, character) in own.as_str().char_indices() {
                    let source = &file.text[own.span_of(at..at + character.len_utf8()).range];
                    let decoded = source.starts_with('&') || character == '\n' && source.starts_with('\r');
                    prop_assert!(decoded || source.starts_with(character), "{:?} {:?}", character, source);
                }
            },
            Err(problem) => {
                let range = problem.span.expect("a place").range;
                prop_assert!(file.text.get(range).is_some());
            }
        }
    }

    #[test]
    fn canonical_conditions_mean_themselves(text in soup(CONDITION)) {
        let parsed = parse_condition(&text);
        match parsed.condition {
            Ok(condition) => {
                let canonical = condition.to_string();
                let again = parse_condition(&canonical).condition;
                prop_assert_eq!(again.map(|it| it.to_string()), Ok(canonical), "{}", text);
            }
            Err(error) => prop_assert!(text.get(error.range).is_some()),
        }
        for odd in parsed.tolerated {
            prop_assert!(text.get(odd.range).is_some());
        }
    }

    #[test]
    fn any_text_is_a_condition_or_an_error(text in any::<String>()) {
        let _ = parse_condition(&text);
    }

    #[test]
    fn a_template_loses_no_text(text in soup(TEMPLATE), other in any::<bool>()) {
        let delimiters = if other { Delimiters { prefix: "@", suffix: "#" } } else { Delimiters::default() };
        let template = Template::parse_with(&text, delimiters);
        let written: String = template.parts.iter().map(|part| match part {
            Part::Literal(text) => text.clone(),
            Part::Variable { name, default: None } => format!("{}{name}{}", delimiters.prefix, delimiters.suffix),
            Part::Variable { name, default: Some(default) } => {
                format!("{}{name}:{default}{}", delimiters.prefix, delimiters.suffix)
            }
            Part::Function { source, .. } => source.clone(),
        }).collect();
        prop_assert_eq!(written, text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_an_archive_or_a_problem(bytes in prop::collection::vec(any::<u8>(), 0..400), signed in any::<bool>()) {
        let fixture = Fixture::new("//- /x\n\n");
        let start: &[u8] = if signed { b"PK\x03\x04" } else { b"" };
        let end: &[u8] = if signed { b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\x04\0\0\0\0\0" } else { b"" };
        std::fs::write(fixture.path().join("a.zip"), [start, &bytes, end].concat()).expect("a file");
        let (bundles, problems) = fixture.load("a.zip");
        prop_assert!(bundles.is_empty() && problems.len() == 1);
    }

    #[test]
    fn any_files_load(endpoint in soup(XML), policy in soup(XML), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let fixture = Fixture::new(&format!(
            "//- /apiproxy/proxies/a.xml\n<ProxyEndpoint name='a'>{endpoint}</ProxyEndpoint>\n\
             //- /apiproxy/policies/a.xml\n<OAuthV2 name='a'>{policy}</OAuthV2>\n"
        ));
        std::fs::write(fixture.path().join("apiproxy/policies/b.xml"), bytes).expect("a file");
        let (bundles, problems) = fixture.load("");
        let told = diagnose(&bundles).into_iter().chain(problems);
        for span in told.filter_map(|problem| problem.span) {
            prop_assert!(span.file.text.get(span.range).is_some());
        }
    }
}

#[test]
fn deep_and_wide_input_is_refused_in_time() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(parse_xml(&SourceFile::new("a.xml", deep)).is_err());
    let condition = format!("{}a{}", "(".repeat(20_000), ")".repeat(20_000));
    assert!(parse_condition(&condition).condition.is_err());
    for page in ["{a:", "{a(", "{a('", "{a(b,"] {
        assert_eq!(Template::parse(&page.repeat(20_000)).parts.len(), 1);
    }
    let entities = format!("<a>{}</a>", "&amp;".repeat(200_000));
    assert_eq!(
        parse_xml(&SourceFile::new("a.xml", entities)).expect("well-formed").text().as_str().len(),
        200_000
    );
}
