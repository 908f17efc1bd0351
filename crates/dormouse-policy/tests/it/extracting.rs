//! ExtractVariables and AssertCondition: what they set, and each fault.

use crate::support::{End, Ran, World};
use dormouse_bundle::Level;
use dormouse_flow::{Message, Value};

fn request(content_type: &str, body: &str) -> Message {
    let mut request = Message::request("POST", "/orders/7/items?code=DBN88271&q=a&q=b");
    request.set_content_type(content_type).expect("valid");
    request.headers_mut().set("Authorization", "Basic YTpi").expect("valid");
    request.set_body(body.to_owned());
    request
}

fn extract(request: Message, elements: &str) -> Ran {
    World::new().run(request, &format!("<ExtractVariables name='P'>{elements}</ExtractVariables>"))
}

/// The texts of variables after a policy that passes; `-` for one that is not set.
#[track_caller]
fn check(request: Message, elements: &str, names: &[&str], expected: &[&str]) {
    let ran = extract(request, elements);
    assert_eq!(ran.end, End::Continue, "{elements}");
    let text = |name: &&str| {
        let value = ran.transaction.get(name);
        ran.transaction.text_of(value).map_or_else(|| "-".to_owned(), |text| text.to_string())
    };
    assert_eq!(names.iter().map(text).collect::<Vec<_>>(), expected, "{elements}");
}

#[track_caller]
fn check_fault(request: Message, elements: &str, name: &str, text: &str) {
    let code = format!("steps.extractvariables.{name}");
    let expected = End::Fault { status: 500, code, text: text.to_owned() };
    assert_eq!(extract(request, elements).end, expected, "{elements}");
}

fn json(body: &str) -> Message {
    request("application/json; charset=utf-8", body)
}

fn json_variable(attributes: &str, path: &str) -> String {
    format!(
        "<JSONPayload><Variable name='v' {attributes}><JSONPath>{path}</JSONPath></Variable></JSONPayload>"
    )
}

#[test]
fn paths_parameters_headers_and_forms() {
    let paths = "<VariablePrefix>u</VariablePrefix><URIPath><Pattern>/orders/**</Pattern>\
                 <Pattern ignoreCase='true'>/ORDERS/{id}/{what}</Pattern><Pattern>/{a}/**</Pattern></URIPath>";
    let problems = World::new().compile(&format!("<ExtractVariables name='P'>{paths}</ExtractVariables>")).1;
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["pattern-without-variable"]);
    let paths = paths.replace("<Pattern>/orders/**</Pattern>", "");
    check(json("{}"), &paths, &["u.id", "u.what", "u.a"], &["7", "items", "-"]);
    let query = "<QueryParam name='code'><Pattern>DBN{dbncode}</Pattern></QueryParam>\
                 <QueryParam name='q.2'><Pattern>{second}</Pattern></QueryParam>\
                 <QueryParam name='none'><Pattern>{none}</Pattern></QueryParam>";
    check(json("{}"), query, &["dbncode", "second", "none"], &["88271", "b", "-"]);
    let header = "<Header name='authorization'><Pattern ignoreCase='true'>basic {c}</Pattern></Header>";
    check(json("{}"), header, &["c"], &["YTpi"]);
    let form = "<FormParam name='greeting'><Pattern>hello {user}</Pattern></FormParam>";
    let body = request("application/x-www-form-urlencoded", "greeting=hello+Ada");
    check(body, form, &["user"], &["Ada"]);
    let variable =
        "<Variable name='request.content'><Pattern>a{request.queryparam.made}c</Pattern></Variable>";
    check(request("text/plain", "abc"), variable, &["request.queryparam.made"], &["b"]);
}

#[test]
fn json_payloads() {
    let body = r#"{"a":{"b":[1,2.50,"x"]},"t":true,"n":null,"list":[{"k":1},{"k":2}]}"#;
    for (attributes, path, expected) in [
        ("", "$.a.b[2]", "x"),
        ("", "$.a.b[0]", "1"),
        ("", "$.a", r#"{"b":[1,2.5,"x"]}"#),
        ("", "$.a.b", r#"[1,2.5,"x"]"#),
        ("", "$.list[*].k", "[1,2]"),
        ("", "$.list[?(@.k == '{request.queryparam.wanted}')].k", "[]"),
        ("type='boolean'", "$.t", "true"),
        ("type='integer'", "$.a.b[0]", "1"),
        ("", "$.n", "-"),
        ("", "$.missing.deeper", "-"),
        ("", "$.list.length()", "2"),
    ] {
        check(json(body), &json_variable(attributes, path), &["v"], &[expected]);
    }
    let typed = extract(json(body), &json_variable("type='integer'", "$.a.b[0]"));
    assert_eq!(typed.transaction.get("v"), Value::Int(1));
    check(request("text/plain", body), &json_variable("", "$.t"), &["v"], &["-"]);
    let source = format!("<Source>request.content</Source>{}", json_variable("", "$.t"));
    check(request("text/plain", body), &source, &["v"], &["true"]);
    let clear = format!("<Source clearPayload='true'>request</Source>{}", json_variable("", "$.t"));
    check(json(body), &clear, &["v", "request.content"], &["true", ""]);
}

fn xml_variable(attributes: &str, path: &str) -> String {
    format!(
        "<XMLPayload><Namespaces><Namespace prefix='s'>urn:s</Namespace></Namespaces>\
         <Variable name='v' {attributes}><XPath>{path}</XPath></Variable></XMLPayload>"
    )
}

#[test]
fn xml_payloads() {
    let body = "<s:a xmlns:s='urn:s'><b k='1'>2.5</b><b>x</b><t>true</t><e/></s:a>";
    for (attributes, path, expected) in [
        ("", "/s:a/b", "2.5"),
        ("", "//b[2]", "x"),
        ("", "//b/@k", "1"),
        ("type='nodeset'", "//b", "<b k='1'>2.5</b><b>x</b>"),
        ("type='boolean'", "//t", "true"),
        ("type='integer'", "count(//b)", "2"),
        ("type='double'", "//b", "2.5"),
        ("", "//e", ""),
        ("", "/a", "-"),
        ("", "//missing", "-"),
    ] {
        let elements = xml_variable(attributes, path);
        check(request("text/xml; charset=utf-8", body), &elements, &["v"], &[expected]);
        check(request("application/soap+xml", body), &elements, &["v"], &[expected]);
    }
    check(request("text/plain", body), &xml_variable("", "//t"), &["v"], &["-"]);
    let source = format!("<Source>request.content</Source>{}", xml_variable("", "//t"));
    check(request("text/plain", body), &source, &["v"], &["true"]);
}

#[test]
fn hostile_xml_fails() {
    let failed = "Failed to execute the ExtractVariables: P";
    let bomb = "<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]><a>&c;</a>";
    let external = "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>";
    let deep = "<a>".repeat(100_000);
    let wide = format!("<a {}/>", "b='' ".repeat(100_000));
    for body in ["", "<a>", "nonsense", bomb, external, &deep, &wide] {
        check_fault(request("text/xml", body), &xml_variable("", "//a"), "ExecutionFailed", failed);
    }
    let many = format!("<a>{}</a>", "<b>1</b>".repeat(50_000));
    check_fault(request("text/xml", &many), &xml_variable("", "//b[. = //b]"), "ExecutionFailed", failed);
    let text = "Unable to cast value of v in ExtractVariables: P";
    let cast = xml_variable("type='integer'", "/a");
    check_fault(request("text/xml", "<a>x</a>"), &cast, "UnableToCast", text);
}

#[test]
fn faults() {
    let variable = json_variable("", "$.a");
    let failed = "Failed to execute the ExtractVariables: P";
    for body in ["", "{", "nonsense", &"[".repeat(100_000)] {
        check_fault(json(body), &variable, "ExecutionFailed", failed);
    }
    let source = format!("<Source>response</Source>{variable}");
    let text = "response message is not available for ExtractVariable: P";
    check_fault(json("{}"), &source, "SourceMessageNotAvailable", text);
    let open = json_variable("", "$.a[{request.queryparam.code}]");
    check_fault(json("{}"), &open, "InvalidJSONPath", "Invalid JSON path $.a[DBN88271] in policy P.");
    let cast = json_variable("type='integer'", "$.a");
    let text = "Unable to cast value of v in ExtractVariables: P";
    check_fault(json(r#"{"a":"x"}"#), &cast, "UnableToCast", text);
    let fixed = variable.replace("name='v'", "name='organization.name'");
    let text = "Variable organization.name is immutable in ExtractVariables: P";
    check_fault(json(r#"{"a":"x"}"#), &fixed, "ImmutableVariable", text);
    let missing = variable.replace("name='v'", "name='response.content'");
    let text = "Failed to set variable response.content from ExtractVariables: P";
    check_fault(json(r#"{"a":"x"}"#), &missing, "SetVariableFailed", text);
}

#[test]
fn what_is_refused_when_a_bundle_is_loaded() {
    for (elements, code) in [
        ("", "nothing-to-extract"),
        ("<QueryParam><Pattern>{a}</Pattern></QueryParam>", "missing-name"),
        ("<QueryParam name='a'><Pattern>b</Pattern></QueryParam>", "pattern-without-variable"),
        ("<JSONPayload><Variable name='a'/></JSONPayload>", "empty-json-path"),
        ("<JSONPayload><Variable><JSONPath>$</JSONPath></Variable></JSONPayload>", "missing-name"),
        (&json_variable("", "$.a["), "invalid-json-path"),
        (&json_variable("type='date'", "$.a"), "unknown-type"),
        ("<XMLPayload/>", "no-xpath"),
        ("<XMLPayload><Variable name='a'/></XMLPayload>", "empty-xpath"),
        ("<XMLPayload><Variable><XPath>/a</XPath></Variable></XMLPayload>", "missing-name"),
        (&xml_variable("", "/x:a"), "invalid-xpath"),
        (&xml_variable("", "/a").replace("urn:s", ""), "empty-namespace"),
        (&xml_variable("type='date'", "/a"), "unknown-type"),
    ] {
        let (_, problems) =
            World::new().compile(&format!("<ExtractVariables name='P'>{elements}</ExtractVariables>"));
        let errors: Vec<_> = problems
            .iter()
            .filter(|problem| problem.level == Level::Error)
            .map(|problem| problem.code)
            .collect();
        assert_eq!(errors, [code], "{elements}");
    }
}

#[test]
fn a_condition_becomes_a_variable() {
    for (condition, expected) in [
        ("request.queryparam.code = \"DBN88271\"", true),
        ("request.queryparam.code = \"x\"", false),
        ("missing = null and request.verb = \"POST\"", true),
    ] {
        let policy =
            format!("<AssertCondition name='P'><Condition>{condition}</Condition></AssertCondition>");
        let ran = World::new().run(json("{}"), &policy);
        let truth = ran.transaction.get("assertcondition.P.truthValue");
        assert_eq!((ran.end, truth), (End::Continue, Value::Bool(expected)), "{condition}");
    }
    for condition in ["", "a ="] {
        let policy =
            format!("<AssertCondition name='P'><Condition>{condition}</Condition></AssertCondition>");
        let problems = World::new().compile(&policy).1;
        assert!(problems.iter().any(|problem| problem.level == Level::Error), "{condition}");
    }
}

#[test]
fn a_condition_that_gives_up_is_a_fault() {
    let condition = "request.content ~~ \"(a+)+(?=b)c\\1\"";
    let policy = format!("<AssertCondition name='P'><Condition>{condition}</Condition></AssertCondition>");
    let ran = World::new().run(request("text/plain", &"a".repeat(100_000)), &policy);
    let End::Fault { status, code, .. } = ran.end else { panic!("no fault") };
    assert_eq!((status, code.as_str()), (500, "steps.assertcondition.ConditionEvaluationFailed"));
}

#[test]
fn json_beyond_its_limits_is_refused() {
    let policy = "<JSONThreatProtection name='P'><ObjectEntryNameLength>3</ObjectEntryNameLength>\
                  <ContainerDepth>-1</ContainerDepth><Source>request</Source></JSONThreatProtection>";
    let run = |message, policy: &str| World::new().run(message, policy).end;
    assert_eq!(run(json("[[{\"abc\":1}]]"), policy), End::Continue);
    assert_eq!(run(request("text/plain", "{\"long name\":1}"), policy), End::Continue);
    let fault = |name: &str, text: &str| End::Fault {
        status: 500,
        code: format!("steps.jsonthreatprotection.{name}"),
        text: format!("JSONThreatProtection[P]: {text}"),
    };
    let reason =
        "Execution failed. reason: JSONThreatProtection[P]: Exceeded object entry name length at line 2";
    assert_eq!(run(json("{\n\"abcd\":1}"), policy), fault("ExecutionFailed", reason));
    let absent = policy.replace(">request<", ">response<");
    assert_eq!(run(json("{}"), &absent), fault("SourceUnavailable", "Source response is not available"));
    let text = policy.replace(">request<", ">request.verb<");
    let expected = fault("NonMessageVariable", "Variable request.verb does not resolve to a Message");
    assert_eq!(run(json("{}"), &text), expected);
}

#[test]
fn xml_beyond_its_limits_is_refused() {
    let policy = "<XMLThreatProtection name='P'><Source>request</Source><NameLimits><Element>3</Element></NameLimits>\
                  <StructureLimits><NodeDepth>2</NodeDepth><ChildCount includeText='false'>1</ChildCount></StructureLimits>\
                  <ValueLimits><Text>-1</Text></ValueLimits></XMLThreatProtection>";
    let run = |message, policy: &str| World::new().run(message, policy).end;
    let xml = |body: &str| request("text/xml", body);
    assert_eq!(run(xml("<abc>text<b/>text</abc>"), policy), End::Continue);
    assert_eq!(run(request("text/plain", "<abcd/>"), policy), End::Continue);
    let fault = |name: &str, text: &str| End::Fault {
        status: 500,
        code: format!("steps.xmlthreatprotection.{name}"),
        text: format!("XMLThreatProtection[P]: {text}"),
    };
    for (body, reason) in [
        ("<a>\n<abcd/></a>", "element name length exceeded at line 2"),
        ("<a><b/><b/></a>", "child count exceeded at line 1"),
        ("<a><b><c/></b></a>", "node depth exceeded at line 1"),
        (&"<a>".repeat(100_000), "elements are nested deeper than 256 levels"),
        ("<!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>", "document type definitions are not allowed"),
    ] {
        let text = format!("Execution failed. reason: XMLThreatProtection[P]: {reason}");
        assert_eq!(run(xml(body), policy), fault("ExecutionFailed", &text), "{body:.40}");
    }
    let text = "Invalid XML Payload. reason: the document is not well-formed at line 1";
    assert_eq!(run(xml("<a></b>"), policy), fault("InvalidXMLPayload", text));
    let absent = policy.replace(">request<", ">response<");
    assert_eq!(run(xml("<a/>"), &absent), fault("SourceUnavailable", "Source response is not available"));
    let expected = fault("NonMessageVariable", "Variable request.verb does not resolve to a Message");
    assert_eq!(run(xml("<a/>"), &policy.replace(">request<", ">request.verb<")), expected);
    let invalid = policy.replace(">3<", ">many<");
    assert!(World::new().compile(&invalid).1.iter().any(|problem| problem.code == "invalid-limit"));
}

fn protect(elements: &str) -> String {
    format!(
        "<RegularExpressionProtection name='P'><Source>request</Source>{elements}</RegularExpressionProtection>"
    )
}

#[test]
fn patterns_are_found_in_every_part() {
    let run = |message, elements: &str| World::new().run(message, &protect(elements)).end;
    let threat = |pattern: &str, input: &str| End::Fault {
        status: 500,
        code: "steps.regexprotection.ThreatDetected".into(),
        text: format!("Regular Expression Threat Detected in P: regex: {pattern} input: {input}"),
    };
    let elements = "<URIPath><Pattern>item[x-z]</Pattern></URIPath><QueryParam name='code'><Pattern>88</Pattern></QueryParam>";
    assert_eq!(run(json("{}"), elements), threat("88", "DBN88271"));
    assert_eq!(
        run(json("{}"), "<URIPath><Pattern>/items$</Pattern></URIPath>"),
        threat("/items$", "/orders/7/items")
    );
    assert_eq!(
        run(json("{}"), "<Header name='authorization'><Pattern>YTp</Pattern></Header>"),
        threat("YTp", "Basic YTpi")
    );
    let sql = "(?i)drop\\s*table";
    let body = "<JSONPayload><JSONPath><Expression>$.q[*]</Expression><Pattern>(?i)drop\\s*table</Pattern></JSONPath></JSONPayload>";
    assert_eq!(run(json("{\"q\":[\"a\",\"DROP TABLE x\"]}"), body), threat(sql, "DROP TABLE x"));
    assert_eq!(run(json("{\"q\":[\"drop\"]}"), body), End::Continue);
    let body = "<XMLPayload><Namespaces><Namespace prefix='s'>urn:s</Namespace></Namespaces>\
                <XPath><Expression>//s:q</Expression><Type>string</Type><Pattern>(?i)drop\\s*table</Pattern></XPath></XMLPayload>";
    let xml = "<a xmlns='urn:s'><q>x</q><q>drop table</q></a>";
    assert_eq!(run(request("text/xml", xml), body), threat(sql, "drop table"));
    assert_eq!(run(request("text/plain", xml), body), End::Continue);
    let form = "<FormParam name='a'><Pattern>&lt;script</Pattern></FormParam>";
    let posted = request("application/x-www-form-urlencoded", "a=%3Cscript");
    assert_eq!(run(posted, form), threat("<script", "<script"));
}

#[test]
fn what_cannot_be_searched_is_a_fault() {
    let check = |message, elements: &str, name: &str, text: &str| {
        let code = format!("steps.regexprotection.{name}");
        let expected = End::Fault { status: 500, code, text: text.to_owned() };
        assert_eq!(World::new().run(message, &protect(elements)).end, expected, "{elements}");
    };
    let variable = "<Variable name='missing'><Pattern>a</Pattern></Variable>";
    let text = "RegularExpressionProtection P failed to resolve variable missing";
    check(json("{}"), variable, "VariableResolutionFailed", text);
    let ignored = format!("<IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>{variable}");
    assert_eq!(World::new().run(json("{}"), &protect(&ignored)).end, End::Continue);
    let path = "<XMLPayload><XPath><Expression>/a</Expression><Pattern>a</Pattern></XPath></XMLPayload>";
    let text = "Failed to execute the RegularExpressionProtection StepDefinition P. Reason: \
                the document is not well-formed at line 1";
    check(request("text/xml", "<a></b>"), path, "ExecutionFailed", text);
    let run = |source: &str| {
        let policy = protect("<URIPath><Pattern>a</Pattern></URIPath>").replace(">request<", source);
        World::new().run(json("{}"), &policy).end
    };
    let fault = |name: &str, text: &str| {
        let code = format!("steps.regexprotection.{name}");
        End::Fault { status: 500, code, text: text.to_owned() }
    };
    let text = "response message is not available for RegularExpressionProtection P";
    assert_eq!(run(">response<"), fault("SourceMessageNotAvailable", text));
    let text = "Variable request.verb does not resolve to a Message";
    assert_eq!(run(">request.verb<"), fault("NonMessageVariable", text));
    for (elements, code) in [
        ("", "nothing-to-enforce"),
        ("<URIPath/>", "no-pattern"),
        ("<URIPath><Pattern>(</Pattern></URIPath>", "invalid-pattern"),
        ("<Header><Pattern>a</Pattern></Header>", "missing-name"),
    ] {
        let problems = World::new().compile(&protect(elements)).1;
        assert!(problems.iter().any(|problem| problem.code == code), "{elements}");
    }
}

#[test]
fn xml_becomes_json() {
    let xml = "<a xmlns:p='urn:p' k='v'><b>1</b><b>x</b><p:c/></a>";
    let run = |elements: &str| {
        let policy = format!("<XMLToJSON name='P'><Source>request</Source>{elements}</XMLToJSON>");
        World::new().run(request("application/xml", xml), &policy)
    };
    for (elements, expected) in [
        ("<Options/>", r#"{"a":{"k":"v","b":[1,"x"],"c":{}}}"#),
        ("<Format>xml.com</Format>", r#"{"a":{"@k":"v","b":["1","x"],"c":null}}"#),
        ("<Format>yahoo</Format>", r#"{"a":{"k":"v","b":[1,"x"],"c":{}}}"#),
        ("<Format>google</Format>", r#"{"a":{"k":"v","b":[{"$t":"1"},{"$t":"x"}],"p$c":{}}}"#),
        (
            "<Format>badgerFish</Format>",
            r#"{"a":{"@xmlns":{"p":"urn:p"},"@k":"v","b":[{"$":"1"},{"$":"x"}],"p:c":{}}}"#,
        ),
        (
            "<Options><OutputPrefix>(</OutputPrefix><OutputSuffix>)</OutputSuffix>\
             <TreatAsArray><Path>a/c</Path></TreatAsArray></Options>",
            r#"({"a":{"k":"v","b":[1,"x"],"c":[{}]}})"#,
        ),
    ] {
        let ran = run(elements);
        assert_eq!(ran.end, End::Continue, "{elements}");
        assert_eq!(ran.transaction.request().content(), expected, "{elements}");
        let content_type = ran.transaction.request().content_type();
        assert_eq!(content_type.as_deref(), Some("application/json"), "{elements}");
    }
    let other = run("<Options/><OutputVariable>made</OutputVariable>");
    assert_eq!(other.transaction.request().content(), xml);
    assert_eq!(other.transaction.get("made.header.content-type"), Value::from("application/json"));
    let policy = "<XMLToJSON name='P'><Options/></XMLToJSON>";
    let skipped = World::new().run(request("text/plain", xml), policy);
    assert_eq!(skipped.transaction.request().content(), xml);
    let text = "<XMLToJSON name='P'><Options/><Source>request.content</Source>\
                <OutputVariable>made</OutputVariable></XMLToJSON>";
    let made = World::new().run(request("text/plain", "<a>x</a>"), text).transaction.get("made");
    assert_eq!(made, Value::from(r#"{"a":"x"}"#));
}

#[test]
fn xml_that_cannot_become_json() {
    let check = |elements: &str, name: &str, text: &str| {
        let policy = format!("<XMLToJSON name='P'><Options/>{elements}</XMLToJSON>");
        let code = format!("steps.xml2json.{name}");
        let expected = End::Fault { status: 500, code, text: format!("XMLToJSON[P]: {text}") };
        assert_eq!(World::new().run(request("text/xml", "<a></b>"), &policy).end, expected, "{elements}");
    };
    check("<Source>response</Source>", "SourceUnavailable", "Source response is not available");
    let text = "Execution failed due to reason: the document is not well-formed at line 1";
    check("", "ExecutionFailed", text);
    let text = "Invalid source type, use Message or String type variable for source";
    check("<Source>client.port</Source>", "InvalidSourceType", text);
    let text = "Output variable is not available.";
    check("<Source>request.verb</Source>", "OutputVariableIsNotAvailable", text);
    for (elements, code) in [
        ("", "no-format"),
        ("<Options/><Format>yahoo</Format>", "options-and-format"),
        ("<Format>other</Format>", "unknown-format"),
        ("<Options><StripLevels>-1</StripLevels></Options>", "invalid-limit"),
    ] {
        let problems = World::new().compile(&format!("<XMLToJSON name='P'>{elements}</XMLToJSON>")).1;
        assert!(problems.iter().any(|problem| problem.code == code), "{elements}");
    }
}
