//! What is read from a bundle, however it is laid out.

use dormouse_bundle::{BundleKind, BundleSource, RouteTarget, TargetConnection, load};

use crate::fixture::{Fixture, check, proxy};

const ENDPOINT: &str = "<ProxyEndpoint name=\"default\"/>\n";

#[test]
fn a_bundle_is_found_by_its_directory_or_the_one_around_it() {
    let fixture = Fixture::new(&format!("//- /p/apiproxy/proxies/default.xml\n{ENDPOINT}"));
    for inside in ["p", "p/apiproxy", "p/", "p/apiproxy/"] {
        let (bundles, problems) = fixture.load(inside);
        assert_eq!((bundles.len(), problems.len()), (1, 0), "{inside}");
        assert_eq!((bundles[0].name.as_str(), bundles[0].revision.as_str()), ("p", "1"));
        let file = &bundles[0].files[0].path;
        assert!(file.ends_with("/p/apiproxy/proxies/default.xml") && !file.contains("//"), "{file}");
    }
}

#[test]
fn both_kinds_in_one_directory_are_two_bundles() {
    let files = format!(
        "//- /apiproxy/proxies/default.xml\n{ENDPOINT}//- /apiproxy/p.xml\n<APIProxy name='p' revision='7'/>\n\
         //- /sharedflowbundle/s.xml\n<SharedFlowBundle name='s'/>\n\
         //- /sharedflowbundle/sharedflows/default.xml\n<SharedFlow name='default'/>\n"
    );
    let fixture = Fixture::new(&files);
    let (bundles, problems) = fixture.load("");
    assert_eq!(problems, []);
    let found: Vec<_> = bundles.iter().map(|it| (it.kind, it.name.as_str(), it.revision.as_str())).collect();
    assert_eq!(found, [(BundleKind::Proxy, "p", "7"), (BundleKind::SharedFlow, "s", "1")]);
    let (only, _) = fixture.load("sharedflowbundle");
    assert_eq!(only.iter().map(|it| it.kind).collect::<Vec<_>>(), [BundleKind::SharedFlow]);
}

#[test]
fn the_given_name_counts_more_than_the_manifest() {
    let fixture = Fixture::new(&format!(
        "//- /apiproxy/a.xml\n<APIProxy name='a'/>\n//- /apiproxy/proxies/x.xml\n{ENDPOINT}"
    ));
    let source = BundleSource { name: Some("b".to_owned()), path: fixture.path().to_path_buf() };
    assert_eq!(load(&source).0[0].name, "b");
}

#[test]
fn a_placeholder_is_no_name() {
    let fixture = Fixture::new(&format!(
        "//- /p/apiproxy/a.xml\n<APIProxy name='{{{{ name }}}}'/>\n//- /p/apiproxy/proxies/x.xml\n{ENDPOINT}"
    ));
    let (bundles, problems) = fixture.load("p");
    assert_eq!(bundles[0].name, "p");
    let expected = "warning bundle-name p/apiproxy/a.xml:1:17 the manifest's name cannot be one; the bundle is called `p` instead";
    assert_eq!(fixture.shown(&problems), [expected]);
}

#[test]
fn nothing_there_is_one_problem() {
    let fixture = Fixture::new("//- /x/readme.md\nhello\n");
    let (bundles, problems) = fixture.load("x");
    assert!(bundles.is_empty());
    assert_eq!(
        fixture.shown(&problems),
        ["error no-bundle - x holds neither apiproxy/ nor sharedflowbundle/"]
    );
    let (bundles, problems) = fixture.load("absent");
    assert!(bundles.is_empty());
    assert_eq!(problems[0].code, "unreadable");
}

#[test]
fn a_broken_file_costs_only_itself() {
    let files = proxy(
        "<Step><Name>good</Name></Step><Step><Name>bad</Name></Step>",
        "//- /apiproxy/policies/bad.xml\n<AssignMessage name='bad'>\n<Set>\n</AssignMessage>\n\
         //- /apiproxy/policies/good.xml\n<AssignMessage name='good'/>\n",
    );
    let expected = "error xml-malformed apiproxy/policies/bad.xml:3:1 not well-formed XML: expected 'Set' tag, not 'AssignMessage'";
    check(&files, &[expected]);
}

#[test]
fn everything_of_an_endpoint_is_read_in_any_order() {
    let files = "//- /apiproxy/proxies/default.xml
<ProxyEndpoint name='default'>
  <RouteRule name='url'><URL>http://a.example/</URL><Condition>a = 1</Condition></RouteRule>
  <RouteRule name='t'><Condition/><TargetEndpoint>t</TargetEndpoint></RouteRule>
  <RouteRule name='null'/>
  <PostFlow name='PostFlow'><Response><Step><Name>c</Name></Step></Response></PostFlow>
  <DefaultFaultRule name='d'><AlwaysEnforce>true</AlwaysEnforce><Step><Name>e</Name></Step></DefaultFaultRule>
  <FaultRules><FaultRule name='f'><Condition>(x is null)</Condition><Step><Name>g</Name></Step></FaultRule></FaultRules>
  <FaultRules/>
  <Flows>
    <Flow><Response><Step><Name>h</Name></Step></Response><Condition>b</Condition></Flow>
    <Flow name='two'/>
  </Flows>
  <PreFlow name=''>
    <Response/><Request><Step><Condition>
      q = 1
    </Condition><FaultRules/><Name> a </Name></Step><Step/></Request><Response><Policy><Name>b</Name></Policy></Response>
  </PreFlow>
  <PostClientFlow><Response><Step><Name>log</Name></Step></Response></PostClientFlow>
  <HTTPProxyConnection>
    <Properties/><Properties><Property name='p'> v </Property></Properties>
    <VirtualHost>secure</VirtualHost><BasePath> /a/*/b </BasePath>
  </HTTPProxyConnection>
</ProxyEndpoint>
//- /apiproxy/targets/t.xml
<TargetEndpoint name='t'><HTTPTargetConnection><LoadBalancer><Server name='s'><Weight>3</Weight></Server></LoadBalancer>
<Path>/x</Path></HTTPTargetConnection><EventFlow><Response><Step><Name>ev</Name></Step></Response></EventFlow></TargetEndpoint>
";
    let (bundles, problems) = Fixture::new(files).load("");
    assert_eq!(problems, []);
    let proxy = &bundles[0].proxies[0];
    assert_eq!(proxy.base_path.value, "/a/*/b");
    assert_eq!((proxy.properties[0].name.as_str(), proxy.properties[0].value.value.as_str()), ("p", "v"));
    assert_eq!(proxy.virtual_hosts[0].value, "secure");
    let names: Vec<&str> = bundles[0].steps().iter().map(|step| step.policy.value.as_str()).collect();
    assert_eq!(names, ["a", "b", "h", "c", "g", "e", "log", "ev"]);
    let first = &proxy.flows.pre_flow.request[0];
    assert_eq!(first.condition.as_ref().expect("a condition").text.as_str(), "q = 1");
    assert!(proxy.flows.default_fault_rule.as_ref().is_some_and(|rule| rule.always_enforce));
    assert!(proxy.route_rules[1].condition.is_none(), "an empty condition is none");
    let kinds: Vec<bool> = proxy.route_rules.iter().map(|rule| rule.target == RouteTarget::Null).collect();
    assert_eq!(kinds, [false, false, true]);
    assert_eq!(bundles[0].conditions().len(), 4);
    let Some(TargetConnection::Http(http)) = &bundles[0].targets[0].connection else {
        panic!("an HTTP connection")
    };
    let server = &http.load_balancer.as_ref().expect("a balancer").servers[0];
    assert_eq!((server.name.value.as_str(), server.weight, server.is_enabled), ("s", 3, true));
}

#[test]
fn resources_are_read_by_type_and_name() {
    let files = proxy(
        "",
        "//- /apiproxy/resources/jsc/a.js\nx\n//- /apiproxy/resources/jsc/lib/b.cjs\ny\n//- /apiproxy/resources/jsc/.DS_Store\nz\n",
    );
    let (bundles, _) = Fixture::new(&files).load("");
    assert_eq!(&*bundles[0].resource("jsc", "lib/b.cjs").expect("a resource").bytes, b"y\n");
    assert_eq!(bundles[0].resources.len(), 2);
}

#[test]
fn of_two_policies_of_a_name_the_one_in_the_file_of_that_name_counts() {
    let files = proxy(
        "<Step><Name>a</Name></Step>",
        "//- /apiproxy/policies/a - copy.xml\n<RaiseFault name='a'/>\n//- /apiproxy/policies/a.xml\n<AssignMessage name='a'/>\n",
    );
    let fixture = Fixture::new(&files);
    assert_eq!(fixture.load("").0[0].policy("a").expect("a policy").kind, "AssignMessage");
    let expected = "warning duplicate-policy apiproxy/policies/a - copy.xml:1:19 a second policy with the name of the one in apiproxy/policies/a.xml, which counts";
    check(&files, &[expected]);
}

#[test]
fn what_has_no_meaning_is_told_and_passed_over() {
    check(
        &proxy(
            "<Step><Name/><Condition>a</Condition></Step><Setp><Name>a</Name></Setp>",
            "//- /apiproxy/proxies/b.xml\n<TargetEndpoint name='b'/>\n",
        ),
        &[
            "error root-element apiproxy/proxies/b.xml:1:2 `TargetEndpoint` stands where a ProxyEndpoint is expected; the file is left out",
            "warning step-without-policy apiproxy/proxies/default.xml:1:50 this step names no policy and is left out",
            "warning unknown-element apiproxy/proxies/default.xml:1:94 `Setp` has no meaning in Request and is not read",
        ],
    );
}

#[test]
fn names_and_switches_of_policies() {
    let files = proxy(
        "<Step><Name>a</Name></Step>",
        "//- /apiproxy/policies/a.xml\n<AssignMessage enabled='maybe' continueOnError='true' name=''/>\n",
    );
    let (bundles, _) = Fixture::new(&files).load("");
    let policy = bundles[0].policy("a").expect("named after its file");
    assert!(policy.enabled && policy.continue_on_error);
    check(
        &files,
        &[
            "error name-missing apiproxy/policies/a.xml:1:2 the AssignMessage has no name; it is called `a` after its file",
            "warning attribute-value apiproxy/policies/a.xml:1:25 `enabled` is neither true nor false; it counts as true",
        ],
    );
}

#[cfg(unix)]
#[test]
fn links_may_not_lead_out_of_the_bundle() {
    let fixture = Fixture::new(&proxy(
        "",
        "//- /secret.xml\n<a/>\n//- /apiproxy/policies/a.xml\n<AssignMessage name='a'/>\n",
    ));
    let root = fixture.path();
    std::os::unix::fs::symlink("a.xml", root.join("apiproxy/policies/b.xml")).expect("a link");
    std::os::unix::fs::symlink("..", root.join("apiproxy/policies/loop")).expect("a link");
    let (bundles, problems) = fixture.load("");
    assert!(bundles.is_empty() && problems[0].code == "bundle-limit", "a loop ends: {problems:?}");
    std::fs::remove_file(root.join("apiproxy/policies/loop")).expect("removed");
    assert_eq!(fixture.load("").0[0].policies.len(), 2);
    let outside = Fixture::new("//- /x.xml\n<a/>\n");
    std::os::unix::fs::symlink(outside.path().join("x.xml"), root.join("apiproxy/policies/c.xml"))
        .expect("a link");
    let (bundles, problems) = fixture.load("");
    assert_eq!(bundles[0].policies.len(), 2, "the others still load");
    assert_eq!(
        fixture.shown(&problems),
        ["error symlink-outside - apiproxy/policies/c.xml is a symbolic link that leads out of the bundle"]
    );
}

#[test]
fn a_large_file_costs_only_itself() {
    let fixture = Fixture::new(&proxy("", "//- /apiproxy/policies/a.xml\n<AssignMessage name='a'/>\n"));
    std::fs::write(fixture.path().join("apiproxy/policies/b.xml"), vec![b' '; (1 << 20) + 1])
        .expect("a file");
    let (bundles, problems) = fixture.load("");
    assert_eq!(bundles[0].policies.len(), 1);
    let expected = "error file-too-large - apiproxy/policies/b.xml is larger than 1048576 bytes";
    assert_eq!(fixture.shown(&problems), [expected]);
}
